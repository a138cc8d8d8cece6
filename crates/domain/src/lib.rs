//! The vocabulary and the rules of data subject requests.
//!
//! Nothing here reads a clock, the environment, a file or the network: time, ids and randomness
//! are arguments. What a request may become is in [`request`], what a store must declare is in
//! [`catalog`], when an answer is due is in [`clock`], and personal data has one type, [`Personal`].

pub mod access;
pub mod catalog;
pub mod clock;
pub mod event;
pub mod export;
pub mod hold;
pub mod identity;
pub mod ids;
pub mod ledger;
pub mod period;
pub mod pii;
pub mod plan;
pub mod recheck;
pub mod request;
pub mod status;
pub mod tally;
pub mod task;

pub use identity::{Identity, IdentityType};
pub use ids::{Generation, HoldId, PackId, Pseudonym, ReplayId, RequestId, StoreId, TenantId};
pub use period::Period;
pub use pii::Personal;
pub use request::Request;
pub use status::Status;
pub use tally::Tally;
pub use task::{Operation, Task, TaskStatus};
