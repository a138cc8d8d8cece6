//! Which checkpoints have what happened in a time.
//!
//! Entries stand in the order in which they were chained, and an event can be chained long after it happened. So what is
//! before a checkpoint is found by the greatest instant before it, which only grows; and what came late is marked.

use audit::Entry;
use jiff::{SignedDuration, Timestamp};
use ports::Fault;
use serde::{Deserialize, Serialize};

use super::{Checkpoints, Standing};

/// By how much an event may be chained after a later one without being late.
pub const SLACK: SignedDuration = SignedDuration::from_mins(10);

/// Checkpoints with late entries that are looked at for one export at the most.
const MOST_LATE: usize = 50;

/// When the entries of a checkpoint happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// The least instant of the entries since the checkpoint before.
    pub earliest: Timestamp,
    /// The greatest instant of all entries, from the first one on.
    pub latest: Timestamp,
    /// Whether one of the entries since the checkpoint before is late: chained after one that is later by [`SLACK`].
    pub late: bool,
    /// The size of the last checkpoint before this one that has late entries; 0 if none has.
    pub late_before: u64,
}

impl Times {
    /// The times of a checkpoint that has these entries more than the one before it.
    pub fn over(before: Option<&Standing>, entries: &[Entry]) -> Self {
        let mut latest = before.map_or(Timestamp::MIN, |before| before.times.latest);
        let (mut earliest, mut late) = (Timestamp::MAX, false);
        for at in entries.iter().map(|entry| entry.event.at) {
            late |= at.checked_add(SLACK).is_ok_and(|at| at <= latest);
            latest = latest.max(at);
            earliest = earliest.min(at);
        }
        Self { earliest, latest, late, late_before: before.map_or(0, Standing::late_to) }
    }
}

impl Standing {
    /// The size of the last checkpoint that has late entries, this one or one before it; 0 if none has.
    pub fn late_to(&self) -> u64 {
        if self.times.late { self.size } else { self.times.late_before }
    }
}

impl Checkpoints<'_> {
    /// The size of the first checkpoint up to which something happened at an instant or later: whatever stands before the
    /// one before it is earlier. None if that is so of the last one.
    pub async fn reaching(&self, at: Timestamp, last: &Standing) -> Result<Option<u64>, Fault> {
        if last.times.latest < at {
            return Ok(None);
        }
        let (mut low, mut high, mut found) = (0, last.size, last.size);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.after(middle).await? {
                Some(size) if size < found => {
                    if self.ground(size).await?.times.latest >= at {
                        (found, high) = (size, middle);
                    } else {
                        low = size;
                    }
                }
                _ => high = middle,
            }
        }
        Ok(Some(found))
    }

    /// The size of a checkpoint after which nothing stands that happened until an instant, of what is signed; none if what is
    /// signed does not reach that far. It is the first one, unless very many have late entries.
    pub async fn all_until(&self, at: Timestamp, last: &Standing) -> Result<Option<u64>, Fault> {
        let beyond = at.checked_add(SLACK).unwrap_or(Timestamp::MAX);
        let Some(reaching) = self.reaching(beyond, last).await? else { return Ok(None) };
        // Whatever comes after it and is not later than the instant, is late.
        let mut late = last.late_to();
        for _ in 0..MOST_LATE {
            if late <= reaching {
                return Ok(Some(reaching));
            }
            let times = self.ground(late).await?.times;
            if times.earliest <= at {
                return Ok(Some(late));
            }
            late = times.late_before;
        }
        Ok(Some(late.max(reaching)))
    }

    /// The size of the checkpoint before one.
    pub async fn begins(&self, size: u64) -> Result<u64, Fault> {
        self.ground(size).await.map(|ground| ground.base)
    }
}
