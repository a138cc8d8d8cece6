//! What is done in one store for one request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{Generation, StoreId};
use crate::tally::Tally;

/// What a step does in a store, in the order in which it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Find the person's records.
    Locate,
    /// Read them whole, for the person.
    Collect,
    /// Hide the person.
    Suppress,
    /// Show the person again.
    Restore,
    /// Erase, anonymise or retain.
    Erase,
    /// Read again.
    Confirm,
    /// Read again after the end.
    Recheck,
}

impl Operation {
    /// As it is written in keys and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Locate => "locate",
            Self::Collect => "collect",
            Self::Suppress => "suppress",
            Self::Restore => "restore",
            Self::Erase => "erase",
            Self::Confirm => "confirm",
            Self::Recheck => "recheck",
        }
    }
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Begun; `cursor` says how far.
    Running,
    /// Finished for what the plan names so far.
    Done,
    /// Given up after its retries; `failure` says why.
    Failed,
}

/// Why a task was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's name: `Lacuna.Transient`, `Lambda.Unknown`, `States.Timeout`.
    pub error: String,
    /// What happened, for the operator. Never an identity.
    pub detail: String,
    /// Whether it may mend by itself.
    pub transient: bool,
}

/// Pages that one execution wrote. An execution that was superseded writes to a batch of its own,
/// which nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The execution's generation.
    pub generation: Generation,
    /// How many pages it wrote.
    pub pages: u32,
}

/// The control person of a store was found, with the very connection whose other searches found nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlSeen {
    /// When it was found first by the reading that this is about: nothing of it is older.
    pub at: Timestamp,
    /// In how many ways: one for each field that was searched. None, where nothing had to be.
    pub ways: u32,
}

/// One operation in one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The operation.
    pub op: Operation,
    /// The store.
    pub store: StoreId,
    /// How far it is.
    pub status: TaskStatus,
    /// The planning pass it belongs to; for [`Operation::Recheck`], which reading.
    pub pass: u32,
    /// The locating round (for [`Operation::Locate`]) or the wave that was settled last.
    pub round: u32,
    /// For [`Operation::Erase`]: whether the store was begun, with everyone's consent.
    #[serde(default)]
    pub begun: bool,
    /// How many of the plan's pages are settled.
    pub pages: u32,
    /// For [`Operation::Locate`]: the pages of its round, by the executions that wrote them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<Batch>,
    /// Counts so far.
    pub tally: Tally,
    /// The counts of erasing by collection.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub collections: BTreeMap<String, Tally>,
    /// For [`Operation::Erase`], where keys are destroyed: since when, at the latest, nobody can open what
    /// they sealed. It is there before the first one goes. Nothing is called erased before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_from: Option<Timestamp>,
    /// For [`Operation::Locate`] and [`Operation::Confirm`]: the store's control person was found by each of its
    /// searches. Without it, that nobody else was found counts for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlSeen>,
    /// The first search, as `collection.field`, by which the control was looked for and not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_missing: Option<String>,
    /// For [`Operation::Locate`] and [`Operation::Confirm`]: what the reading asked the store that is done, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Where to go on, sealed: a store's own cursor can contain keys.
    pub cursor: Option<String>,
    /// Why it was given up.
    pub failure: Option<Failure>,
    /// When it last changed; for [`Operation::Confirm`], unless it failed, when that reading began.
    pub at: Timestamp,
}

impl Task {
    /// A task that has just begun.
    pub fn new(op: Operation, store: StoreId, pass: u32, at: Timestamp) -> Self {
        Self {
            op,
            store,
            status: TaskStatus::Running,
            pass,
            round: 0,
            begun: false,
            pages: 0,
            batches: Vec::new(),
            tally: Tally::default(),
            collections: BTreeMap::new(),
            true_from: None,
            control: None,
            control_missing: None,
            asked: None,
            cursor: None,
            failure: None,
            at,
        }
    }
}
