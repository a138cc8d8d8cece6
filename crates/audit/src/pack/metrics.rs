//! The figures of a period: what 11 CCR 7102(a) has businesses publish, and what GDPR Art. 5(2) has controllers be able to show.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::{Period, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::count::{AFTER, BEFORE};

/// The type, or the jurisdiction, of a row over all of them.
pub const ALL: &str = "all";

/// The type, or the jurisdiction, of requests whose entries do not say it.
pub const UNKNOWN: &str = "unknown";

/// The figures. Counts, and nobody's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Up to when the figures are: the end of the period, or the last entry's instant if the log does not go beyond it.
    pub as_of: Timestamp,
    /// Whether the log shows all of the period: [`Extent::lacks`] finds nothing.
    pub complete: bool,
    /// The first instant of the period.
    pub from: Timestamp,
    /// Legal holds.
    pub holds: Holds,
    /// What the figures were computed from.
    pub log: Extent,
    /// The format: [`FORMAT`](super::FORMAT).
    pub metrics: String,
    /// The period.
    pub period: Period,
    /// Requests that Lacuna made itself, to erase again whom a backup had brought back. They are in no row; what happened to
    /// them on their way is in `requests`.
    pub replays: Replays,
    /// What happened to requests on their way, whatever they asked.
    pub requests: Requests,
    /// The figures by type and jurisdiction; then those of each type, then of all.
    pub rows: Vec<Row>,
    /// Whose.
    pub tenant: TenantId,
    /// The first instant after the period.
    pub to: Timestamp,
}

/// Legal holds in the period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holds {
    /// How many were placed.
    pub placed: u64,
    /// How many were released.
    pub released: u64,
}

/// Which entries the figures were computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// The first entry's place. A request that was received before it, and about which nothing happened since, is not
    /// known here.
    pub first: u64,
    /// Its instant.
    pub first_at: Timestamp,
    /// The last entry's place.
    pub last: u64,
    /// The latest instant of any of them: an entry that is chained late may be the last.
    pub last_at: Timestamp,
    /// Events of requests that are not among them, though later ones of the same requests are: those that may be of the
    /// period, and none that may be in an earlier part of the log.
    pub missing: u64,
}

/// Why a log does not show all of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// It does not begin with its first entry, nor [`BEFORE`] the period.
    Beginning,
    /// It does not go on until [`AFTER`] the period: what happened in it may be chained later.
    End,
    /// Events are missing in between.
    Events,
}

impl Lack {
    /// A word for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Beginning => "beginning",
            Self::End => "end",
            Self::Events => "events",
        }
    }
}

impl Extent {
    /// What these entries lack to show all of a period.
    pub fn lacks(&self, period: Period) -> Vec<Lack> {
        let begins =
            self.first == 1 || period.start().checked_sub(BEFORE).is_ok_and(|at| self.first_at <= at);
        let ends = period.end().checked_add(AFTER).is_ok_and(|at| self.last_at >= at);
        let lacks = [(Lack::Beginning, !begins), (Lack::End, !ends), (Lack::Events, self.missing > 0)];
        lacks.into_iter().filter_map(|(lack, is)| is.then_some(lack)).collect()
    }

    /// From when on every event is in this part of the log, and in none before it, however long it took to be chained.
    pub(super) fn settled_at(&self) -> Timestamp {
        self.first_at.checked_add(AFTER).unwrap_or(Timestamp::MAX)
    }
}

/// Requests of Lacuna's own, in the period. One that was held, parked or opened again is among [`Requests`] too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replays {
    /// How many ended.
    pub ended: u64,
    /// How many were made.
    pub received: u64,
}

/// What happened to requests on their way, in the period, Lacuna's own among them: each is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// How many ends there were of requests that had ended before, and were opened again. They are in no row.
    pub ended_again: u64,
    /// How many were held, by a legal hold or a source that objected.
    pub held: u64,
    /// How many were received before the log begins, and are open: nothing says what they ask.
    pub older_open: u64,
    /// How many had ended, were opened again, and are open. They are in no row.
    pub open_again: u64,
    /// How many were parked: they needed time or somebody.
    pub parked: u64,
    /// How many were opened again after their end.
    pub reopened: u64,
}

/// The figures of a type and a jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// How long the answers took that were given.
    pub answered: Answered,
    /// Ended: withdrawn, or never verified.
    pub cancelled: u64,
    /// Ended: a sanction source said no.
    pub denied: u64,
    /// The same, by its reason code.
    pub denied_for: BTreeMap<String, u64>,
    /// Ended: complied with in whole.
    pub fulfilled: u64,
    /// The law: `EU`, `UK`, `US-CA`, or [`ALL`].
    pub jurisdiction: String,
    /// Of those that ended, not cancelled: answered after the legal term.
    pub late: u64,
    /// Of the cancelled: nobody ever said how the person was verified.
    pub never_verified: u64,
    /// Ended: no store knows the person.
    pub no_match: u64,
    /// Neither ended nor answered at the end, of those that were received since the log begins.
    pub open: u64,
    /// Of these, those whose legal term was over.
    pub overdue: u64,
    /// Ended: complied with in part.
    pub partially_fulfilled: u64,
    /// Received.
    pub received: u64,
    /// What was asked: `erasure`, `access`, `portability`, or [`ALL`].
    #[serde(rename = "type")]
    pub kind: String,
}

/// How long answers took, from receipt to the answer: the end of an erasure; of an access, the moment from which the person
/// could fetch the package. Cancelled requests have no answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// How many.
    pub count: u64,
    /// The mean, in days with two decimals; none if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_days: Option<String>,
    /// The median, likewise; of an even number, the mean of the two in the middle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_days: Option<String>,
    /// The slowest, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest_days: Option<String>,
}

impl Answered {
    /// Of answers that took so many seconds.
    pub(super) fn of(mut seconds: Vec<u64>) -> Self {
        seconds.sort_unstable();
        let count = seconds.len() as u64;
        let Some(slowest) = seconds.last() else { return Self::default() };
        let sum: u128 = seconds.iter().map(|each| u128::from(*each)).sum();
        let at = |at: usize| u128::from(seconds.get(at).copied().unwrap_or_default());
        let (upper, lower) = (at(seconds.len() / 2), at((seconds.len() - 1) / 2));
        Self {
            count,
            mean_days: Some(days(sum, u128::from(count))),
            median_days: Some(days(upper + lower, 2)),
            slowest_days: Some(days(u128::from(*slowest), 1)),
        }
    }
}

/// So many seconds by so many, in days with two decimals, rounded half up.
fn days(seconds: u128, by: u128) -> String {
    let day = 86_400 * by;
    let hundredths = (seconds * 200 + day) / (2 * day);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

impl Metrics {
    /// Canonical JSON, on one line.
    pub fn json(&self) -> Vec<u8> {
        // Plain fields and texts as keys: it cannot fail.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The rows as a table (RFC 4180). No value begins with what a spreadsheet would take for a formula, and none has a comma.
    pub fn csv(&self) -> String {
        let mut csv = "type,jurisdiction,received,fulfilled,partially_fulfilled,no_match,denied,cancelled,never_verified,late,\
                       open,overdue,answered,mean_days,median_days,slowest_days,denied_for\r\n"
            .to_owned();
        for row in &self.rows {
            let Row { answered, cancelled, denied, fulfilled, jurisdiction, kind, .. } = row;
            let Row { late, never_verified, no_match, open, overdue, partially_fulfilled, received, .. } =
                row;
            let days = |days: &Option<String>| days.clone().unwrap_or_default();
            let reasons: Vec<String> =
                row.denied_for.iter().map(|(reason, count)| format!("{count}:{reason}")).collect();
            // Writing into a text cannot fail.
            let _ = write!(
                csv,
                "{kind},{jurisdiction},{received},{fulfilled},{partially_fulfilled},{no_match},{denied},{cancelled},\
                 {never_verified},{late},{open},{overdue},{},{},{},{},{}\r\n",
                answered.count,
                days(&answered.mean_days),
                days(&answered.median_days),
                days(&answered.slowest_days),
                reasons.join(" "),
            );
        }
        csv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_rounded_half_up_and_the_middle_of_two_is_their_mean() {
        fn check(seconds: &[u64], mean: &str, median: &str, slowest: &str) {
            let found = Answered::of(seconds.to_vec());
            let texts =
                [found.mean_days, found.median_days, found.slowest_days].map(Option::unwrap_or_default);
            assert_eq!(
                (found.count, texts),
                (seconds.len() as u64, [mean, median, slowest].map(str::to_owned))
            );
        }
        check(&[], "", "", "");
        check(&[0], "0.00", "0.00", "0.00");
        check(&[431], "0.00", "0.00", "0.00");
        check(&[432], "0.01", "0.01", "0.01");
        check(&[86_400, 3 * 86_400], "2.00", "2.00", "3.00");
        check(&[90 * 86_400, 86_400, 2 * 86_400], "31.00", "2.00", "90.00");
        check(&[86_400, 86_400, 86_400, 2 * 86_400, 2 * 86_400, 9 * 86_400], "2.67", "1.50", "9.00");
    }
}
