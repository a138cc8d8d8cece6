//! Where a request is, and what may follow.

use serde::{Deserialize, Serialize};

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
    /// The person's records are being read.
    Collecting,
    /// What was read is being put together.
    Packaging,
    /// The person can fetch it.
    Ready,
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
    /// End: something was kept because a sanction source said so, or two officers accepted that a store is unproven.
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
    pub const ALL: [Self; 20] = [
        Self::Accepted,
        Self::AwaitingVerification,
        Self::Waiting,
        Self::Planning,
        Self::Collecting,
        Self::Packaging,
        Self::Ready,
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
            Self::Collecting => "collecting",
            Self::Packaging => "packaging",
            Self::Ready => "ready",
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
            Accepted, AwaitingVerification, Cancelled, Checking, Collecting, Confirming, CoolingOff, Denied,
            Erasing, Fulfilled, Held, NoMatch, Packaging, Parked, PartiallyFulfilled, Planning, Ready,
            Reopened, Suppressed, Waiting,
        };
        match self {
            Accepted => &[Planning, Parked, Cancelled],
            AwaitingVerification => &[Accepted, Parked, Cancelled],
            Waiting => &[Planning, Parked, Cancelled],
            Planning => &[
                Waiting,
                Collecting,
                Packaging,
                Ready,
                Checking,
                Parked,
                NoMatch,
                Denied,
                Cancelled,
                PartiallyFulfilled,
            ],
            Collecting => &[Packaging, Planning, Parked, Cancelled],
            Packaging => &[Collecting, Ready, Planning, Parked, Cancelled],
            // An erasure goes on from here; for the others it is the last.
            Ready => {
                &[Waiting, Planning, Checking, Parked, Fulfilled, PartiallyFulfilled, NoMatch, Cancelled]
            }
            Checking => &[
                // It lets an export go first, as those below do.
                Waiting,
                Held,
                CoolingOff,
                Erasing,
                Confirming,
                Planning,
                Parked,
                Denied,
                Cancelled,
                // Woken after everything was erased and read again, and asked about once more.
                Fulfilled,
                PartiallyFulfilled,
            ],
            Held => &[Waiting, Planning, Checking, Parked, Denied, Cancelled, PartiallyFulfilled],
            CoolingOff => &[Waiting, Suppressed, Planning, Checking, Parked, Denied, Cancelled],
            Suppressed => &[Waiting, CoolingOff, Planning, Checking, Parked, Denied, Cancelled],
            // Denied or withdrawn only if what was begun so far keeps everything.
            Erasing => &[Held, Confirming, Planning, Checking, Parked, Denied, Cancelled, PartiallyFulfilled],
            Confirming => &[Planning, Checking, Parked, Denied, Cancelled, Fulfilled, PartiallyFulfilled],
            Parked => &[
                Waiting,
                Planning,
                Checking,
                Confirming,
                // Somebody looks after what was found again.
                Reopened,
                Fulfilled,
                PartiallyFulfilled,
                NoMatch,
                Denied,
                Cancelled,
            ],
            // Erased again; or left as it is, and ended as it had.
            Reopened => &[Planning, Parked, Fulfilled, PartiallyFulfilled],
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
