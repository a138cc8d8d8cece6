//! A data subject request and what it may become.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Jurisdiction;
use crate::event::EnterAt;
use crate::ids::{Generation, Pseudonym, RequestId, StoreId, TenantId};

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestType {
    /// Erase what is held about the person (GDPR Art. 17, Cal. Civ. Code 1798.105).
    Erasure,
}

impl RequestType {
    /// As it is written in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Erasure => "erasure",
        }
    }
}

/// Where a request is in its lifecycle.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Taken in; its lifecycle is about to start.
    Accepted,
    /// Nobody has said yet how the person was verified.
    AwaitingVerification,
    /// Another request holds one of the person's identities.
    Waiting,
    /// The person's records are being located.
    Planning,
    /// The sanction sources are being asked.
    Checking,
    /// A sanction source or a legal hold says: not now.
    Held,
    /// The wait before erasing, during which everything can be undone.
    CoolingOff,
    /// The same wait, with the person hidden from the stores that can hide.
    Suppressed,
    /// Records are being erased: from here on it cannot be undone.
    Erasing,
    /// The stores are being read again.
    Confirming,
    /// Stopped because something needs time or a human; `parked` says what.
    Parked,
    /// Closed once, and opened again because something of the person was found.
    Reopened,
    /// End: nothing of the person is left but what law obliges to keep.
    Fulfilled,
    /// End: something was kept because a sanction source said so.
    PartiallyFulfilled,
    /// End: no store knows the person.
    NoMatch,
    /// End: a sanction source said no.
    Denied,
    /// End: withdrawn before erasing began.
    Cancelled,
}

impl Status {
    /// Every status, in the order of the lifecycle.
    pub const ALL: [Self; 17] = [
        Self::Accepted,
        Self::AwaitingVerification,
        Self::Waiting,
        Self::Planning,
        Self::Checking,
        Self::Held,
        Self::CoolingOff,
        Self::Suppressed,
        Self::Erasing,
        Self::Confirming,
        Self::Parked,
        Self::Reopened,
        Self::Fulfilled,
        Self::PartiallyFulfilled,
        Self::NoMatch,
        Self::Denied,
        Self::Cancelled,
    ];

    /// As it is written in the API and the index keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AwaitingVerification => "awaiting_verification",
            Self::Waiting => "waiting",
            Self::Planning => "planning",
            Self::Checking => "checking",
            Self::Held => "held",
            Self::CoolingOff => "cooling_off",
            Self::Suppressed => "suppressed",
            Self::Erasing => "erasing",
            Self::Confirming => "confirming",
            Self::Parked => "parked",
            Self::Reopened => "reopened",
            Self::Fulfilled => "fulfilled",
            Self::PartiallyFulfilled => "partially_fulfilled",
            Self::NoMatch => "no_match",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads what [`Status::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Nothing more will happen by itself.
    pub fn is_end(self) -> bool {
        use Status::{Cancelled, Denied, Fulfilled, NoMatch, PartiallyFulfilled};
        matches!(self, Fulfilled | PartiallyFulfilled | NoMatch | Denied | Cancelled)
    }

    /// The transition table: the statuses that may follow this one. Staying is always allowed.
    #[allow(clippy::match_same_arms, reason = "a row a status, also where two rows are alike")]
    pub fn next(self) -> &'static [Self] {
        use Status::{
            Accepted, AwaitingVerification, Cancelled, Checking, Confirming, CoolingOff, Denied, Erasing,
            Fulfilled, Held, NoMatch, Parked, PartiallyFulfilled, Planning, Reopened, Suppressed, Waiting,
        };
        match self {
            Accepted => &[Planning, Parked, Cancelled],
            AwaitingVerification => &[Accepted, Parked, Cancelled],
            Waiting => &[Planning, Parked, Cancelled],
            Planning => &[Waiting, Checking, Parked, NoMatch, Denied, Cancelled, PartiallyFulfilled],
            Checking => &[
                Held,
                CoolingOff,
                Erasing,
                Confirming,
                Planning,
                Parked,
                Denied,
                Cancelled,
                PartiallyFulfilled,
            ],
            Held => &[Planning, Checking, Parked, Denied, Cancelled, PartiallyFulfilled],
            CoolingOff => &[Suppressed, Planning, Checking, Parked, Denied, Cancelled],
            Suppressed => &[CoolingOff, Planning, Checking, Parked, Denied, Cancelled],
            Erasing => &[Held, Confirming, Planning, Checking, Parked, PartiallyFulfilled],
            Confirming => &[Planning, Checking, Parked, Fulfilled, PartiallyFulfilled],
            Parked => &[
                Waiting,
                Planning,
                Checking,
                Confirming,
                Fulfilled,
                PartiallyFulfilled,
                NoMatch,
                Denied,
                Cancelled,
            ],
            Reopened => &[Planning, Parked],
            Fulfilled | PartiallyFulfilled => &[Reopened],
            NoMatch | Denied | Cancelled => &[],
        }
    }

    /// Whether the table allows `to` after this status.
    pub fn may_become(self, to: Self) -> bool {
        self == to || self.next().contains(&to)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change that the transition table lacks: a bug, never a user's mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// What it is.
    pub from: Status,
    /// What it was to become.
    pub to: Status,
}

/// How the person was verified by whoever submitted the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// `token` (the person's own verified claims), or what the backend did: `session`, `email`, ...
    pub method: String,
    /// When.
    pub at: Timestamp,
    /// The backend's own record of it, by a keyed hash: the reference could name the person.
    pub reference: Pseudonym,
}

/// Something that a sanction source wants kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// The source that said so.
    pub source: String,
    /// The stores it concerns; empty means those of `categories`.
    #[serde(default)]
    pub stores: Vec<StoreId>,
    /// The data categories it concerns.
    #[serde(default)]
    pub categories: Vec<String>,
    /// A reason code.
    pub reason: String,
    /// Until when, if the source knows.
    pub until: Option<Timestamp>,
}

/// Why a request stopped, and how it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Where it re-enters when it is resumed.
    pub enter_at: EnterAt,
    /// The state in which it stopped.
    pub state: String,
    /// The store in question, if there is one.
    pub store: Option<StoreId>,
    /// The operator's code, with a page under `docs/errors/`.
    pub code: String,
    /// What happened, for the operator. Ids only, never an identity.
    pub detail: String,
    /// Whether it may mend by itself: then the sweeper tries again.
    pub transient: bool,
}

/// The sealed plan that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRef {
    /// Its object key.
    pub object: String,
    /// SHA-256 of the sealed bytes, in hex.
    pub sha256: String,
}

/// A request. Holds no personal data: the person is in the sealed plan, and here by pseudonym only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Whose request it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: RequestId,
    /// What is asked.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// Where it is.
    pub status: Status,
    /// The law whose clock runs.
    pub jurisdiction: Jurisdiction,
    /// When it was taken in.
    pub received_at: Timestamp,
    /// The last moment of the legal term.
    pub due_by: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// The execution that may write.
    pub generation: Generation,
    /// How many events it has: the number of the last one.
    pub events: u32,
    /// When the sweeper looks after it, if nothing else happened. `None`: nobody will.
    pub progress_by: Option<Timestamp>,
    /// How the person was verified.
    pub verification: Option<Verification>,
    /// The identities that were given, by pseudonym.
    pub subject: Vec<Pseudonym>,
    /// The identity keys that are locked for it, by pseudonym.
    #[serde(default)]
    pub locks: Vec<Pseudonym>,
    /// The object that holds the sealed identities that were given.
    pub subject_object: String,
    /// The catalog it was planned with.
    pub catalog_version: String,
    /// The plan in force.
    pub plan: Option<PlanRef>,
    /// When the cooling-off ends; set once, by the first clear answer.
    pub cooling_off_until: Option<Timestamp>,
    /// What sanction sources want kept.
    #[serde(default)]
    pub retentions: Vec<Retention>,
    /// Whether a store was begun: from then on it cannot be cancelled.
    #[serde(default)]
    pub erasing_begun: bool,
    /// Somebody withdrew it.
    #[serde(default)]
    pub cancel_requested: bool,
    /// A sanction source denied it: the reason code.
    pub denied: Option<String>,
    /// Until when somebody objects, while it is held.
    #[serde(default)]
    pub held_until: Option<Timestamp>,
    /// The lock that it queues behind, while it waits.
    #[serde(default)]
    pub waits_for: Option<Pseudonym>,
    /// The planning pass under way or last made.
    #[serde(default)]
    pub pass: u32,
    /// How often residue was found after erasing.
    #[serde(default)]
    pub residue_rounds: u32,
    /// How often it was parked for something transient since it last made progress.
    #[serde(default)]
    pub attempts: u32,
    /// Why it stopped, while it is parked.
    pub parked: Option<Parked>,
    /// Whether the outcome was announced.
    #[serde(default)]
    pub announced: bool,
}

impl Request {
    /// Moves it to another status, if the table allows.
    pub fn become_status(&mut self, to: Status) -> Result<(), IllegalTransition> {
        if !self.status.may_become(to) {
            return Err(IllegalTransition { from: self.status, to });
        }
        self.status = to;
        if to != Status::Parked {
            self.parked = None;
        }
        if to != Status::Held {
            self.held_until = None;
        }
        if to != Status::Waiting {
            self.waits_for = None;
        }
        Ok(())
    }

    /// Whether it can still be withdrawn.
    pub fn can_cancel(&self) -> bool {
        !self.erasing_begun && !self.status.is_end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_status_reads_back_and_is_reachable() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
            let entry = matches!(status, Status::Accepted | Status::AwaitingVerification);
            assert!(entry || Status::ALL.iter().any(|from| from.next().contains(&status)), "{status}");
        }
    }

    #[test]
    fn every_open_status_can_be_parked_and_can_end() {
        for status in Status::ALL.into_iter().filter(|s| !s.is_end() && *s != Status::Parked) {
            assert!(status.may_become(Status::Parked), "{status} cannot be parked");
        }
        for status in Status::ALL {
            let mut reached = vec![status];
            let mut at = 0;
            while let Some(from) = reached.get(at).copied() {
                for to in from.next() {
                    if !reached.contains(to) {
                        reached.push(*to);
                    }
                }
                at += 1;
            }
            assert!(reached.iter().any(|s| s.is_end()), "{status} never ends");
        }
    }

    proptest! {
        /// Once erasing has begun no walk through the table ends as if nothing had happened.
        #[test]
        fn after_erasing_there_is_no_cancelled_without_parking(steps in proptest::collection::vec(0usize..9, 0..40)) {
            let mut status = Status::Erasing;
            for step in steps {
                let next: Vec<_> = status.next().iter().copied()
                    .filter(|s| !matches!(s, Status::Parked | Status::Planning | Status::Checking | Status::Held)).collect();
                let Some(to) = next.get(step % next.len().max(1)) else { break };
                status = *to;
                prop_assert!(!matches!(status, Status::Cancelled | Status::Denied | Status::NoMatch));
                if status.is_end() { break }
            }
        }
    }
}
