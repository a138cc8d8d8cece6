//! What the lifecycle needs from the world, as small traits, and how the world fails.

pub mod control;
pub mod events;
pub mod evidence;
pub mod fault;
pub mod ledger;
pub mod logs;
pub mod outside;
pub mod packages;
pub mod packs;
pub mod sealed;
pub mod stores;
pub mod stream;
pub mod time;

pub use control::{
    Catalogs, Change, Executions, Holds, Intake, Listed, NewRequest, Overdue, Refused, Requests, Tenants,
};
pub use events::{AuditMarks, DeadLetter, DeadLetters, Delivered, EVENT_LISTS, EventKey, EventLists, Minute};
pub use evidence::{Evidence, MOST_EVIDENCE, MOST_NOTE, Notary, Put};
pub use fault::{Class, Code, Fault};
pub use ledger::{Ledger, MOST_MARKS, Turn};
pub use logs::{BYTES_BESIDE, LONGEST_LINE, LONGEST_SPAN, LogCopies, LogLine, MOST_BYTES, MOST_LINES};
pub use outside::{Announcer, AuditLog, Pager, Sanctions};
pub use packages::{
    Letter, Link, Links, MOST_VISITS, Mailer, Packages, PublicKey, Signature, Signer, Visits,
};
pub use packs::Packs;
pub use sealed::{
    Begin, FAULTS_IN_A_ROW, KeyAdmin, KeyScope, KeyState, KeyStatus, Keyring, MOST_COUNTED, Rewrapped,
    RotatingKeys, Staging,
};
pub use stores::{Collector, Connector, Contents, Planter, Stores, Suppressor, Walker};
pub use stream::{Chunks, Upload};
pub use time::{Budget, Clock, Entropy};
