//! Periods that are reported on: a year, a quarter or a month, in UTC.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::ids::IdError;

/// A period, written `2026`, `2026-Q4` or `2026-11`. It begins with its first day, in UTC, and ends before the first day
/// after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    year: i16,
    part: Part,
}

/// Which part of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Year,
    /// From 1 to 4.
    Quarter(i8),
    /// From 1 to 12.
    Month(i8),
}

impl Period {
    /// The first instant that is in it.
    pub fn start(self) -> Timestamp {
        first(self.year, self.months().0)
    }

    /// The first instant that is after it.
    pub fn end(self) -> Timestamp {
        let (first_month, months) = self.months();
        let next = first_month + months;
        if next > 12 { first(self.year + 1, next - 12) } else { first(self.year, next) }
    }

    /// Whether an instant is in it.
    pub fn has(self, at: Timestamp) -> bool {
        (self.start()..self.end()).contains(&at)
    }

    /// Its first month, and how many it has.
    fn months(self) -> (i8, i8) {
        match self.part {
            Part::Year => (1, 12),
            Part::Quarter(quarter) => (3 * quarter - 2, 3),
            Part::Month(month) => (month, 1),
        }
    }
}

/// The first instant of a month.
fn first(year: i16, month: i8) -> Timestamp {
    let day: Date = date(year, month, 1);
    // Years are from 2000 to 2999: each of their days has a first instant.
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |day| day.timestamp())
}

impl FromStr for Period {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error =
            IdError { kind: "period", rule: "a year, a quarter or a month: 2026, 2026-Q4 or 2026-11" };
        let digits = |text: &str, most: usize| text.len() == most && text.bytes().all(|b| b.is_ascii_digit());
        let (year, part) = match text.split_once('-') {
            None => (text, Some(Part::Year)),
            Some((year, part)) => (
                year,
                match part.strip_prefix('Q') {
                    Some(quarter) if digits(quarter, 1) => {
                        quarter.parse().ok().filter(|q| (1..=4).contains(q)).map(Part::Quarter)
                    }
                    None if digits(part, 2) => {
                        part.parse().ok().filter(|m| (1..=12).contains(m)).map(Part::Month)
                    }
                    _ => None,
                },
            ),
        };
        let year = Some(year).filter(|year| digits(year, 4) && year.starts_with('2'));
        match (year.and_then(|year| year.parse().ok()), part) {
            (Some(year), Some(part)) => Ok(Self { year, part }),
            _ => Err(error),
        }
    }
}

impl TryFrom<String> for Period {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, part } = self;
        match part {
            Part::Year => write!(f, "{year}"),
            Part::Quarter(quarter) => write!(f, "{year}-Q{quarter}"),
            Part::Month(month) => write!(f, "{year}-{month:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_begins_with_its_first_day_and_ends_before_the_next() {
        fn check(text: &str, start: &str, end: &str) {
            let period: Period = text.parse().expect("a period");
            assert_eq!(period.to_string(), text);
            let bounds = (period.start().to_string(), period.end().to_string());
            assert_eq!(bounds, (format!("{start}T00:00:00Z"), format!("{end}T00:00:00Z")), "{text}");
            assert!(period.has(period.start()) && !period.has(period.end()), "{text}");
        }
        check("2026", "2026-01-01", "2027-01-01");
        check("2026-Q1", "2026-01-01", "2026-04-01");
        check("2026-Q4", "2026-10-01", "2027-01-01");
        check("2026-02", "2026-02-01", "2026-03-01");
        check("2026-12", "2026-12-01", "2027-01-01");
        check("2999-Q4", "2999-10-01", "3000-01-01");
    }

    #[test]
    fn what_is_no_period_is_none() {
        let wrong = "|26|2026-|2026-Q|2026-Q0|2026-Q5|2026-q4|2026-Q04|2026-0|2026-00|2026-13|2026-1|2026-11-01|1999|+026|2026 ";
        for text in wrong.split('|') {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
