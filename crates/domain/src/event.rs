//! What happened, in the words that the audit keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{Generation, HoldId, PackId, RequestId, StoreId, TenantId};
use crate::status::Status;
use crate::tally::Tally;

/// The states at which an execution may begin. The names are the state machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EnterAt {
    /// From the beginning, or from wherever the request says it is.
    Plan,
    /// Only the closing is left.
    CloseRequest,
    /// Only the announcement is left.
    AnnounceOutcome,
    /// It has ended, and its stores are read again.
    Recheck,
}

impl EnterAt {
    /// The state's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "Plan",
            Self::CloseRequest => "CloseRequest",
            Self::AnnounceOutcome => "AnnounceOutcome",
            Self::Recheck => "Recheck",
        }
    }
}

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The kinds of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind { $($(#[$doc])* #[serde(rename = $text)] $name,)* }

        impl EventKind {
            /// As it is written in the audit and in timelines.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

event_kinds! {
    /// A request was taken in.
    Accepted = "request.accepted",
    /// How the person was verified was added.
    Verified = "request.verified",
    /// Planning began.
    Planning = "request.planning",
    /// A store was searched.
    Located = "store.located",
    /// The plan is complete and pinned.
    Planned = "request.planned",
    /// Another request holds one of the identities.
    Waiting = "request.waiting",
    /// The person's records are being read.
    Collecting = "request.collecting",
    /// A store was read.
    Collected = "store.collected",
    /// A package is begun: what was read is being put together.
    Packaging = "export.packaging",
    /// The packages are there.
    Packaged = "export.packaged",
    /// The person can fetch them, still or again.
    Ready = "export.ready",
    /// Somebody could not be told that they are there; it is tried again.
    ExportNotAnnounced = "export.not_announced",
    /// It was told that they are there.
    ExportAnnounced = "export.announced",
    /// Somebody may fetch one: a link was given out.
    Downloaded = "export.downloaded",
    /// Somebody did fetch one, by the bucket's own record.
    Fetched = "export.fetched",
    /// A download token was made.
    TokenMade = "export.token_made",
    /// A wrong download token was given.
    TokenRefused = "export.token_refused",
    /// Somebody read from where it was fetched.
    VisitsRead = "export.visits_read",
    /// The packages are gone, and the key of the export.
    ExportDestroyed = "export.destroyed",
    /// The sanction sources are being asked.
    Checking = "request.checking",
    /// The sanction sources were asked, and what they said.
    Checked = "request.checked",
    /// A source or a hold said: not now.
    Held = "request.held",
    /// A source said no.
    Denied = "request.denied",
    /// The cooling-off began.
    CoolingOff = "request.cooling_off",
    /// The person was hidden in a store.
    Suppressed = "store.suppressed",
    /// The person was shown again in a store.
    Restored = "store.restored",
    /// Erasing a store began.
    Erasing = "store.erasing",
    /// A store was dealt with.
    Erased = "store.erased",
    /// A store was read again.
    Confirmed = "store.confirmed",
    /// Everything is done; what was destroyed has to be gone from every cache before it is said.
    Settling = "request.settling",
    /// A step gave a store up.
    Failed = "store.failed",
    /// A store's work goes on in another invocation.
    Progressed = "store.progressed",
    /// Somebody withdrew the request.
    CancelRequested = "request.cancel_requested",
    /// Nobody was found, and in some stores the control was not found either.
    Unproven = "request.unproven",
    /// An officer accepted that.
    RiskAccepted = "request.risk_accepted",
    /// Residue was found: the plan is made again.
    ResidueFound = "request.residue_found",
    /// Stopped, with a cause.
    Parked = "request.parked",
    /// Set going again.
    Resumed = "request.resumed",
    /// Ended.
    Closed = "request.closed",
    /// The outcome was told.
    Announced = "request.announced",
    /// A store was read again after the end.
    StoreRechecked = "store.rechecked",
    /// The stores are read again later: another request erases the person just now.
    RecheckPutOff = "recheck.put_off",
    /// The stores were read again, and what that came to.
    Rechecked = "request.rechecked",
    /// The person was found again.
    Reopened = "request.reopened",
    /// The owners of the stores in question were paged.
    OwnersPaged = "request.owners_paged",
    /// An officer said that what was found stays.
    Dismissed = "request.dismissed",
    /// What was found is erased again: an officer wants it.
    ErasedAgain = "request.erased_again",
    /// What was kept to read again by is gone, and its key.
    RecheckDestroyed = "recheck.destroyed",
    /// The salt of its receipts is gone: nobody can show any more whose they are, or guess.
    SaltDestroyed = "receipt.salt_destroyed",
    /// A legal hold was placed.
    HoldPlaced = "hold.placed",
    /// A legal hold was released.
    HoldReleased = "hold.released",
    /// A store was restored from a backup: it is refused for traffic.
    StoreRestored = "ledger.restored",
    /// The ledger is being replayed into a store.
    ReplayBegun = "ledger.replay_begun",
    /// A replay is over.
    ReplayEnded = "ledger.replay_ended",
    /// An evidence pack was made: which, of which period, and by whom.
    Packed = "audit.packed",
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A request.
    Request(RequestId),
    /// A hold.
    Hold(HoldId),
    /// A store, and the backup that it was restored from.
    Store(StoreId),
    /// An evidence pack.
    Pack(PackId),
}

/// One event. Holds no personal data.
///
/// The fields stand in the order of their names, and those that say nothing are left out: what is written is canonical
/// as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What it is about.
    pub about: About,
    /// When.
    pub at: Timestamp,
    /// Codes, ids, hashes and instants that explain it. Never an identity.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, String>,
    /// The execution that did it.
    pub generation: Generation,
    /// What happened.
    pub kind: EventKind,
    /// Its number there, from 1 without a gap.
    pub n: u32,
    /// The status after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The store in question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// Counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<Tally>,
    /// Whose.
    pub tenant: TenantId,
    /// Set when the event starts an execution: where it enters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake: Option<EnterAt>,
    /// Who did it: `step:plan`, or a role and the pseudonym of who held it.
    pub who: String,
    /// A reason code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
