//! Counts of records.

use serde::{Deserialize, Serialize};

/// How many records of one person were found in a store, and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Kept, with the person in them replaced.
    pub anonymised: u64,
    /// Read whole, for an export.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub collected: u64,
    /// Deleted.
    pub erased: u64,
    /// Found while planning.
    pub located: u64,
    /// Still naming the person when the store was read again; `None` until it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residue: Option<u64>,
    /// Kept as they are, for a stated legal reason.
    pub retained: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Tally {
    /// The records that were dealt with, in whatever way.
    pub fn settled(&self) -> u64 {
        self.erased + self.anonymised + self.retained
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.located += other.located;
        self.collected += other.collected;
        self.erased += other.erased;
        self.anonymised += other.anonymised;
        self.retained += other.retained;
        self.residue = match (self.residue, other.residue) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0) + b.unwrap_or(0)),
        };
    }
}
