//! What the lifecycle needs from the world, as small traits, and how the world fails.

pub mod control;
pub mod fault;
pub mod outside;
pub mod sealed;
pub mod stores;
pub mod time;

pub use control::{Catalogs, Change, Executions, Holds, Intake, NewRequest, Refused, Requests, Tenants};
pub use fault::{Class, Code, Fault};
pub use outside::{Announcer, AuditLog, Sanctions};
pub use sealed::{KeyAdmin, KeyScope, KeyState, Keyring, MOST_COUNTED, Staging};
pub use stores::{Connector, Stores, Suppressor};
pub use time::{Budget, Clock, Entropy};
