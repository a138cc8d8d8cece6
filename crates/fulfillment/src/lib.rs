//! What each step of the lifecycle means.
//!
//! `statemachine.asl.json` says what comes after what; a module of [`steps`] says what one step
//! does, with the ports that it needs and no others; [`api`] holds the use cases of the front door,
//! and [`vault`](mod@vault) those of sealing for others.
//! Every step may run twice and may die anywhere: what it writes it writes in one fenced
//! transaction, and what it finds done it does not do again.

pub mod api;
mod asked;
pub mod auditing;
mod change;
pub mod checkpoints;
mod codes;
mod control;
mod error;
mod everybody;
pub mod fetch;
pub mod ledger;
pub mod masking;
mod papers;
pub mod receipts;
mod sanctions;
mod staged;
pub mod steps;
mod subject;
pub mod vault;

pub use change::{Actor, Amend, Draft, Scope, amend};
pub use error::{StepError, finished};
pub use papers::{Papers, Sealing, Subject};
pub use subject::{Pseudonymiser, pseudonyms_of};
