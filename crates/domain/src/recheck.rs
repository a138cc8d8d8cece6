//! Reading the stores again after a request has ended: a person who was erased must stay so.
//!
//! When an erasure ends, what it looked for is kept, sealed under a key of its own, until the stores were read once
//! more. Nothing that is found then is erased by itself: the person may have come back by themselves, and to erase
//! a new customer is a wrong erasure. The request is reopened, and an officer says what it is.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{RequestId, StoreId};
use crate::request::PlanRef;
use crate::status::Status;

/// How often the stores are read, a day apart, before it is said that nothing proves what was not found.
pub const MOST_READINGS: u32 = 7;

/// How long after a reading that proved nothing the stores are read again.
pub const READ_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// How long one reading of all stores may take at the most, whatever keeps it from its end.
pub const LONGEST_READING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long after a page the owners are paged again, while nobody says what was found.
pub const PAGE_AGAIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How often they are paged. After as many weeks it is left as it is: what a person is known by is not kept without end.
pub const MOST_PAGES: u32 = 13;

/// Over how much more time than asked for what comes due is spread: a thirtieth of that, at most a day.
const SPREAD: (i32, SignedDuration) = (30, SignedDuration::from_hours(24));

/// When the stores of a request that ends are read again, or the salt of its receipt goes: never earlier than so long
/// after. Of those that end together each has its own moment within the spread, so that they do not come due together
/// either.
pub fn due_at(closed_at: Timestamp, after: SignedDuration, id: &RequestId) -> Timestamp {
    let (part, most) = SPREAD;
    let spread = u64::try_from((after / part).min(most).as_secs()).unwrap_or(0);
    // FNV-1a, 64 bits: of ids that differ in their last letters alone, too.
    let hash = id.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let share = i64::try_from(hash % spread.saturating_add(1)).unwrap_or(0);
    let after = after.saturating_add(SignedDuration::from_secs(share));
    closed_at.checked_add(after).unwrap_or(Timestamp::MAX)
}

/// How far a recheck is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The request is ending: what it looked for is being kept.
    Filing,
    /// The stores are to be read at its time, or are being read.
    Due,
    /// Something was found: an officer has to say what it is.
    Found,
    /// An officer said: erase it. The plan is to be made of what was kept.
    Again,
    /// It is being erased again.
    Erasing,
    /// The end: every store was read, found its control, and found nothing else.
    Clear,
    /// The end: nothing was found, and nothing proves that for some store.
    NotProven,
    /// The end: it is left as it is, because an officer said so, or because for weeks nobody said anything.
    Dismissed,
}

impl Stage {
    /// As it is written in the API and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Filing => "filing",
            Self::Due => "due",
            Self::Found => "found",
            Self::Again => "again",
            Self::Erasing => "erasing",
            Self::Clear => "clear",
            Self::NotProven => "not_proven",
            Self::Dismissed => "dismissed",
        }
    }

    /// Whether it is over.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Clear | Self::NotProven | Self::Dismissed)
    }
}

fn weeks(since: Timestamp, count: u32) -> Timestamp {
    let by = PAGE_AGAIN.checked_mul(i32::try_from(count).unwrap_or(i32::MAX));
    by.and_then(|by| since.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// The reading of a request's stores after its end. Holds no personal data: what is looked for is in the paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// How far it is.
    pub stage: Stage,
    /// When the stores are read, or were read last.
    pub at: Timestamp,
    /// How the request had ended.
    pub ended: Status,
    /// What is looked for, sealed; `None` before it is kept, and once it is gone and its key is destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<PlanRef>,
    /// The number of the present reading of all stores; never used twice by a request.
    pub reading: u32,
    /// The version of the catalog by which the present reading is compared with what was shown, once it has begun: what was
    /// read by one catalog is nothing to another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_by: Option<String>,
    /// The stores that the paper looks in.
    #[serde(default)]
    pub stores: Vec<StoreId>,
    /// For when it is said what is kept: what was kept when the stores were confirmed counts as kept, also where the time
    /// for that is over by now.
    #[serde(default)]
    pub terms_at: Option<Timestamp>,
    /// How many readings since the request ended proved nothing.
    #[serde(default)]
    pub unproven: u32,
    /// Whether the owners of stores of which nothing was proven are still to be paged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpaged: bool,
    /// How many records were found in which stores: what is shown to whoever has to say what they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub found: BTreeMap<StoreId, u64>,
    /// Since when somebody is asked that, or their word is being carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// How often the owners were paged for it.
    #[serde(default)]
    pub paged: u32,
    /// While it is filed: SHA-256 of the plan that it is made of, in hex.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// While it is filed: how many pages were written.
    #[serde(default)]
    pub pages: u32,
}

impl Recheck {
    /// Something was found: from now on somebody is asked what it is.
    pub fn ask(&mut self, found: BTreeMap<StoreId, u64>, now: Timestamp) {
        self.stage = Stage::Found;
        (self.found, self.since, self.paged) = (found, Some(now), 0);
    }

    /// All stores are to be read from the beginning, now.
    pub fn read_anew(&mut self, now: Timestamp) {
        self.reading = self.reading.saturating_add(1);
        self.at = now;
        self.compared_by = None;
    }

    /// Whether there is more in any store than was shown to whoever said what it is.
    pub fn is_more_than_shown(&self, there: &BTreeMap<StoreId, u64>) -> bool {
        there.iter().any(|(store, records)| *records > self.found.get(store).copied().unwrap_or(0))
    }

    /// When the owners are paged the next time, while nobody says what was found; or, after the last time, when it is left
    /// as it is.
    pub fn page_at(&self) -> Timestamp {
        self.weeks(self.paged.min(MOST_PAGES))
    }

    /// When it is left as it is, if until then nobody says what was found, or it could not be carried out.
    pub fn judged_by(&self) -> Timestamp {
        self.weeks(MOST_PAGES)
    }

    fn weeks(&self, count: u32) -> Timestamp {
        weeks(self.since.unwrap_or(self.at), count)
    }

    /// When it ends without a reading, if until then the request's outcome could not be announced: nothing is read before
    /// that.
    pub fn lapses_at(&self) -> Timestamp {
        weeks(self.at, MOST_PAGES)
    }

    /// Whether the request may still be opened again by it.
    pub fn may_reopen(&self) -> bool {
        matches!(self.stage, Stage::Due | Stage::Found | Stage::Again)
    }

    /// Whether the step that reads again has something to do, though perhaps not yet.
    pub fn is_open(&self) -> bool {
        match self.stage {
            Stage::Due | Stage::Found | Stage::Again => self.may_reopen(),
            // Until its key is destroyed, and whoever is to know was told.
            Stage::Clear | Stage::NotProven | Stage::Dismissed => self.paper.is_some() || self.unpaged,
            Stage::Filing | Stage::Erasing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day's erasures that all end in one hour come due over a day.
    #[test]
    fn what_ends_together_does_not_come_due_together_and_nothing_comes_early() {
        let closed_at = Timestamp::UNIX_EPOCH;
        let check = |after: SignedDuration, spread: i64| {
            let mut hours: BTreeMap<i64, u32> = BTreeMap::new();
            for n in 0..2_400 {
                let late =
                    due_at(closed_at, after, &RequestId::new(closed_at, n)).duration_since(closed_at) - after;
                assert!(!late.is_negative() && late.as_secs() <= spread, "{late:?}");
                *hours.entry(late.as_hours()).or_default() += 1;
            }
            hours
        };
        let hours = check(SignedDuration::from_hours(30 * 24), 86_400);
        assert_eq!(hours.len(), 24);
        assert!(hours.values().all(|count| (50..200).contains(count)), "{hours:?}");
        check(SignedDuration::from_hours(366 * 24), 86_400);
        check(SignedDuration::from_hours(1), 120);
        check(SignedDuration::ZERO, 0);
    }
}
