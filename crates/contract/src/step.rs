//! What the state machine hands to a step and gets back: ids, counts and outcomes. A payload is a
//! few hundred bytes and never holds personal data.

use domain::event::EnterAt;
use domain::{Generation, RequestId, StoreId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which request, and by which execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Whose.
    pub tenant: TenantId,
    /// The request.
    pub request_id: RequestId,
    /// The execution's generation: the fencing token of all that the step writes.
    pub generation: Generation,
}

/// The input of an execution, and the message on the `intake` queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Which request.
    #[serde(flatten)]
    pub run: Run,
    /// Where it enters.
    pub enter_at: EnterAt,
}

/// A step in one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRun {
    /// Which request.
    #[serde(flatten)]
    pub run: Run,
    /// The store.
    pub store: StoreId,
    /// For erasing: the wave.
    pub wave: Option<u32>,
}

/// How a step in one store ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreRan {
    /// Its time was up and its cursor is saved: it must be called again.
    pub more: bool,
}

/// What the request needs next. The state machine chooses the state by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The stores named are to be searched.
    Locate,
    /// The plan is pinned: the records in the stores named are to be read for the person.
    Collect,
    /// The packages are there, and nobody was told.
    Ready,
    /// The person can fetch them until `until`.
    Download,
    /// They are to be destroyed.
    Expire,
    /// The plan is pinned; the cooling-off has not passed.
    BeforeWait,
    /// The plan is pinned; the cooling-off has passed.
    AfterWait,
    /// No source objects: hide the person in the stores named, and wait until `until`.
    CoolOff,
    /// No source objects, and the wait is over: erase the waves, then read the stores named again.
    Erase,
    /// A source objects for now, until `until`.
    Held,
    /// It will not be erased; the stores named are to be restored.
    Restore,
    /// It is ready to be closed.
    Close,
    /// It is closed.
    Closed,
    /// The plan is to be made again: residue was found, or a hold came in between.
    Again,
    /// Everything is done, and becomes true by itself at `until`: nothing is said before.
    Settle,
    /// Something failed; the request must be parked.
    Failed,
    /// Nothing to do now: it waits for another request, or has ended.
    Rest,
}

impl Outcome {
    /// Every outcome, for the test that compares them with the state machine's choices.
    pub const ALL: [Self; 17] = [
        Self::Locate,
        Self::Collect,
        Self::Ready,
        Self::Download,
        Self::Expire,
        Self::BeforeWait,
        Self::AfterWait,
        Self::CoolOff,
        Self::Erase,
        Self::Held,
        Self::Restore,
        Self::Close,
        Self::Closed,
        Self::Again,
        Self::Settle,
        Self::Failed,
        Self::Rest,
    ];
}

/// The stores of one wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaveStores {
    /// Its number.
    pub wave: u32,
    /// The stores in it.
    pub stores: Vec<StoreId>,
}

/// What `plan`, `pin-plan`, `check-sanctions` and `close-request` return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What comes next.
    pub outcome: Outcome,
    /// The stores that it concerns.
    pub stores: Vec<StoreId>,
    /// The waves of erasing, in order.
    pub waves: Vec<WaveStores>,
    /// Until when to wait, in whole seconds.
    pub until: Option<Timestamp>,
}

impl Decision {
    /// An outcome that concerns no store.
    pub fn plain(outcome: Outcome) -> Self {
        Self { outcome, stores: Vec::new(), waves: Vec::new(), until: None }
    }

    /// An outcome that concerns these stores.
    pub fn stores(outcome: Outcome, stores: Vec<StoreId>) -> Self {
        Self { outcome, stores, waves: Vec::new(), until: None }
    }
}

/// When the sanction sources are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the cooling-off.
    BeforeWait,
    /// After it, before the first store.
    AfterWait,
}

/// The input of `check-sanctions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRun {
    /// Which request.
    #[serde(flatten)]
    pub run: Run,
    /// When in the lifecycle.
    pub phase: Phase,
}

/// What `announce` tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// How the request ended.
    #[default]
    Outcome,
    /// That its packages are there.
    Export,
}

/// The input of `announce`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnounceRun {
    /// Which request.
    #[serde(flatten)]
    pub run: Run,
    /// What to tell.
    #[serde(default)]
    pub what: What,
}

/// The input of `sweep`: from the state machine one request whose packages' time is over, from the
/// schedule whatever it says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Sweep {
    /// One request.
    Export(Run),
    /// Everything that is overdue.
    Overdue(serde::de::IgnoredAny),
}

/// What was caught: the input of `record-failure` and `park-request`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caught {
    /// Which request.
    #[serde(flatten)]
    pub run: Run,
    /// The state in which it happened.
    pub state: String,
    /// The store, for `record-failure`.
    pub store: Option<StoreId>,
    /// The error's name.
    pub error: String,
    /// The error's cause, as Step Functions gives it: for a Lambda a JSON text.
    pub cause: Option<String>,
}

/// The input of `park-request`: from the state machine what was caught, from the rule on executions
/// that ended without telling their names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Park {
    /// From the state machine.
    Caught(Caught),
    /// A `Step Functions Execution Status Change` of `EventBridge`.
    Lost {
        /// What it says.
        detail: LostExecution,
    },
}

/// An execution that failed, timed out or was aborted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LostExecution {
    /// Its name: tenant, request and generation. (Its input is left out of the event where the state
    /// machine is encrypted under a key of the account's own.)
    pub name: String,
    /// `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
}
