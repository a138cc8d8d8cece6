//! When an answer is due.
//!
//! | jurisdiction | term | source |
//! |---|---|---|
//! | `EU` | one month, ending with the day of the same number; the last day of a shorter month; on a Saturday or Sunday the next Monday | GDPR Art. 12(3); Regulation 1182/71 Art. 3(2)(c), 3(4) |
//! | `UK` | one month, as above | UK GDPR Art. 12(3), 12A |
//! | `US-CA` | 45 calendar days | Cal. Civ. Code 1798.130(a)(2) |
//!
//! A term ends with the last second of its last day, in UTC. Public holidays are not known here,
//! so a due date is never later than the law allows.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// The law whose clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub enum Jurisdiction {
    /// The European Union.
    #[serde(rename = "EU")]
    Eu,
    /// The United Kingdom.
    #[serde(rename = "UK")]
    Uk,
    /// California.
    #[serde(rename = "US-CA")]
    UsCa,
}

impl Jurisdiction {
    /// As it is written in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eu => "EU",
            Self::Uk => "UK",
            Self::UsCa => "US-CA",
        }
    }

    /// What obliges to answer: the audit's `legal_basis`.
    pub fn basis(self) -> &'static str {
        match self {
            Self::Eu => "GDPR Art. 17",
            Self::Uk => "UK GDPR Art. 17",
            Self::UsCa => "Cal. Civ. Code 1798.105",
        }
    }
}

/// The last second in which an answer to a request received then is in time.
///
/// A date that cannot be computed (past the year 9999) is answered with the time of receipt: due
/// at once, never too late.
pub fn due_by(jurisdiction: Jurisdiction, received_at: Timestamp) -> Timestamp {
    let received = received_at.to_zoned(TimeZone::UTC).date();
    let last = match jurisdiction {
        Jurisdiction::Eu | Jurisdiction::Uk => {
            received.checked_add(Span::new().months(1)).map(next_working_day)
        }
        Jurisdiction::UsCa => received.checked_add(Span::new().days(45)),
    };
    last.ok()
        .and_then(|day| day.at(23, 59, 59, 0).to_zoned(TimeZone::UTC).ok())
        .map_or(received_at, |end| end.timestamp())
}

fn next_working_day(day: Date) -> Date {
    let later = match day.weekday() {
        Weekday::Saturday => 2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    day.checked_add(Span::new().days(later)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(jurisdiction: Jurisdiction, received: &str, expect: &str) {
        let received: Timestamp = received.parse().expect("a timestamp");
        assert_eq!(due_by(jurisdiction, received).to_string(), expect, "{received}");
    }

    #[test]
    fn a_month_ends_with_the_day_of_the_same_number() {
        check(Jurisdiction::Eu, "2026-11-04T09:00:00Z", "2026-12-04T23:59:59Z");
        check(Jurisdiction::Uk, "2026-11-04T23:59:59Z", "2026-12-04T23:59:59Z");
    }

    #[test]
    fn a_shorter_month_ends_the_term_on_its_last_day() {
        check(Jurisdiction::Eu, "2028-01-31T00:00:00Z", "2028-02-29T23:59:59Z");
        check(Jurisdiction::Eu, "2026-01-30T00:00:00Z", "2026-03-02T23:59:59Z"); // 28 Feb 2026 is a Saturday
    }

    #[test]
    fn a_weekend_moves_the_end_to_monday() {
        check(Jurisdiction::Eu, "2026-11-05T00:00:00Z", "2026-12-07T23:59:59Z"); // 5 Dec is a Saturday
        check(Jurisdiction::Eu, "2026-11-06T00:00:00Z", "2026-12-07T23:59:59Z"); // 6 Dec is a Sunday
    }

    #[test]
    fn california_counts_calendar_days() {
        check(Jurisdiction::UsCa, "2026-01-01T12:00:00Z", "2026-02-15T23:59:59Z");
    }
}
