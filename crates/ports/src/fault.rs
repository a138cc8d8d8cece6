//! How the world fails.
//!
//! A [`Fault`]'s class says what to do about it, and its code which page under `docs/errors/`
//! explains it. Its text holds ids and error codes only: drivers quote keys and values in their
//! messages, so an adapter reduces a driver's error to its code and never passes the message on.

use std::fmt;

/// What to do about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// It may mend by itself: try again, with back-off.
    Transient,
    /// Too much at once: try again, more slowly.
    Throttled,
    /// Trying again does not help: somebody must mend something.
    Permanent,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Transient, Self::Throttled, Self::Permanent];

    /// The Lambda error type, and so the `ErrorEquals` of the state machine.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::Transient => "Lacuna.Transient",
            Self::Throttled => "Lacuna.Throttled",
            Self::Permanent => "Lacuna.Permanent",
        }
    }

    /// Whether the sweeper may try again by itself.
    pub fn mends_itself(self) -> bool {
        self != Self::Permanent
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What went wrong, for operators. Each has a page: `docs/errors/<code>.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it is written in answers, in logs and in the page's name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// A store does not answer.
    StoreUnavailable = "store-unavailable",
    /// A store says: slower.
    StoreThrottled = "store-throttled",
    /// A store refuses: credentials, missing table, missing index.
    StoreRefused = "store-refused",
    /// A store's records do not look as the catalog says.
    CatalogMismatch = "catalog-mismatch",
    /// A record is larger than what can be shown.
    RecordTooLarge = "record-too-large",
    /// A store has not yet what the request asks it to have.
    StoreBehind = "store-behind",
    /// The catalog that a request was planned with cannot be read.
    CatalogUnreadable = "catalog-unreadable",
    /// A tenant's settings are missing or wrong.
    SettingsInvalid = "settings-invalid",
    /// The sealed plan, or a page of it, cannot be opened.
    PlanUnreadable = "plan-unreadable",
    /// The key service does not answer, or refuses.
    KeyUnavailable = "key-unavailable",
    /// The key that the erasure ledger's marks are made with is gone, or is another one.
    LedgerKeyLost = "ledger-key-lost",
    /// A sanction source does not answer.
    SanctionUnavailable = "sanction-unavailable",
    /// A sanction source answers something else than a verdict.
    SanctionUnreadable = "sanction-unreadable",
    /// The outcome could not be announced.
    AnnouncementFailed = "announcement-failed",
    /// More identities than one person plausibly has.
    TooManyIdentities = "too-many-identities",
    /// Another request holds an identity of a person who is half erased.
    IdentityContested = "identity-contested",
    /// References that do not come to an end.
    TooManyRounds = "too-many-rounds",
    /// Records of the person are still there after erasing.
    ResidueRemains = "residue-remains",
    /// What a store did not find counts for nothing: it did not find its control either.
    StoreUnproven = "store-unproven",
    /// Records of the person were found again after the request had ended.
    PersonFoundAgain = "person-found-again",
    /// The owners of stores could not be paged.
    PagingFailed = "paging-failed",
    /// Lines of a log could not be written to its masked copy.
    LogsNotCopied = "logs-not-copied",
    /// A step gave a store up.
    StoreFailed = "store-failed",
    /// The control plane (tables, queues, state machine) does not answer.
    ControlUnavailable = "control-unavailable",
    /// The audit is not what was signed.
    AuditBroken = "audit-broken",
    /// A step ended in a way that it should not: it crashed, ran out of time, or is wrong.
    StepFailed = "step-failed",
    /// An execution ended without telling.
    ExecutionLost = "execution-lost",
    /// A committed event does not read, or stands where another belongs.
    EventUnreadable = "event-unreadable",
    /// No entry of the audit can hold an event.
    EventUnchainable = "event-unchainable",
}

/// One failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What to do about it.
    pub class: Class,
    /// What it is.
    pub code: Code,
    /// What was being done: `dynamodb:Query`, `POST`.
    pub operation: &'static str,
    /// On what: a store's id, a table's name. Never a record.
    pub target: String,
    /// The outside's own error code, or what was unexpected. Never a message that quotes data.
    pub detail: String,
}

impl Fault {
    /// A fault.
    pub fn new(
        class: Class,
        code: Code,
        operation: &'static str,
        target: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { class, code, operation, target: target.into(), detail: detail.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} on {}: {}", self.code.as_str(), self.operation, self.target, self.detail)
    }
}

impl std::error::Error for Fault {}
