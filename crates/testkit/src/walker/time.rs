//! Virtual time: the clock a walk moves, and the timestamps it reads and writes.

use jiff::{SignedDuration, Timestamp};

use crate::clock::FakeClock;

/// The time of a walk. A walk never sleeps: it moves its clock.
///
/// Give a walk the [`FakeClock`] that the functions under test read, so that a thirty-day Wait is
/// thirty days later for them too.
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Makes it `at`. A walk never asks for a time that is past.
    fn advance_to(&self, at: Timestamp);
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        // A walk that looks at the time does not make it pass.
        self.peek()
    }

    fn advance_to(&self, at: Timestamp) {
        Self::advance_to(self, at);
    }
}

/// A clock for who has none: noon of 1 January 2026, in UTC. Any fixed moment does.
pub(super) fn some_clock() -> FakeClock {
    FakeClock::at(Timestamp::from_second(1_767_268_800).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// `at` plus `delay`, or the end of time.
pub(super) fn after(at: Timestamp, delay: SignedDuration) -> Timestamp {
    at.checked_add(delay).unwrap_or(Timestamp::MAX)
}

/// The way Step Functions writes an instant: UTC, milliseconds, `Z`.
pub(super) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Reads a timestamp as a Wait state does: RFC 3339 with an upper-case `T`, and an upper-case `Z`
/// or a numeric offset.
///
/// Source: Amazon States Language, "Timestamps". AWS refuses `2016-12-05 21:29:29Z` and
/// `2016-12-05T21:29:29` with `States.QueryEvaluationError`; both were recorded by `LocalStack`
/// (`test_wait_timestamp_jsonata`).
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (_, time) = text.split_once('T')?;
    let zoned = time.ends_with('Z') || time.contains(['+', '-']);
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"TZ:.+-".contains(&b));
    if zoned && plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(parse(text).map(iso).as_deref(), expect, "{text}");
    }

    #[test]
    fn reads_what_aws_reads() {
        check("2026-03-14T01:59:00Z", Some("2026-03-14T01:59:00.000Z"));
        check("2026-03-14T01:59:00.123456789Z", Some("2026-03-14T01:59:00.123Z"));
        check("2026-03-14T01:59:00+02:00", Some("2026-03-13T23:59:00.000Z"));
    }

    #[test]
    fn refuses_what_aws_refuses() {
        for text in [
            "2016-12-05 21:29:29Z",
            "2016-12-05T21:29:29",
            "2016-13-05T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "05-12-2016T21:29:29Z",
            "2016-12-05t21:29:29z",
            "2016-12-05T21:29:29+02:00[Europe/Paris]",
            "",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_walk_moves_the_fake_clock() {
        let clock = some_clock();
        assert_eq!(iso(Clock::now(&clock)), "2026-01-01T12:00:00.000Z");
        Clock::advance_to(&clock, after(clock.peek(), SignedDuration::from_hours(1)));
        assert_eq!(iso(Clock::now(&clock)), "2026-01-01T13:00:00.000Z");
    }
}
