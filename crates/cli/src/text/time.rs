//! Instants in UTC, with how long is left.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::count;

const HALF_AN_HOUR: SignedDuration = SignedDuration::from_mins(30);

/// `2026-12-04 23:59 UTC`.
pub fn instant(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `2026-12-04 23:59:59 UTC`, where minutes are too coarse.
pub fn exact(at: Timestamp) -> String {
    format!("{} UTC", second(at))
}

/// `2026-12-04 23:59:59`, for columns that say UTC in their title.
pub fn second(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-12-04`.
pub fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

/// `23:59:59`.
pub fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string()
}

/// A length in at most two units, rounded down: `5 s`, `4 min 10 s`, `3 h 20 min`, `2 d 3 h`,
/// `30 days`.
pub fn length(length: SignedDuration) -> String {
    let seconds = length.as_secs().unsigned_abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |much: u64, unit: &str, little: u64, small: &str| match little {
        0 => format!("{much} {unit}"),
        _ => format!("{much} {unit} {little} {small}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => two(minutes, "min", seconds % 60, "s"),
        3_600..86_400 => two(hours, "h", minutes % 60, "min"),
        86_400..259_200 => two(days, "d", hours % 24, "h"),
        _ => format!("{days} days"),
    }
}

/// How long is left until then: `5 s left`; `None` if it is over. A second that has begun counts:
/// `0 s left` would say that it is over.
pub fn left(now: Timestamp, until: Timestamp) -> Option<String> {
    let left = until.duration_since(now);
    let begun = SignedDuration::from_nanos(999_999_999);
    left.is_positive().then(|| format!("{} left", length(left.saturating_add(begun))))
}

/// A deadline with how long is left, or for how long it is over.
pub fn deadline(now: Timestamp, by: Timestamp) -> String {
    format!("{} ({})", instant(by), rest(now, by))
}

/// The same with its day alone.
pub fn due_day(now: Timestamp, by: Timestamp) -> String {
    format!("{} ({})", day(by), rest(now, by))
}

fn rest(now: Timestamp, by: Timestamp) -> String {
    let over = || format!("overdue by {}", length(now.duration_since(by)));
    left(now, by).unwrap_or_else(over)
}

/// A moment with how long ago it was, or in how long it will be.
pub fn moment(now: Timestamp, at: Timestamp) -> String {
    let ago = now.duration_since(at);
    // What was set to 30 days a moment ago is not `in 29 days`. Deadlines are rounded down: see `left`.
    let far = ago.abs() >= SignedDuration::from_hours(72) - HALF_AN_HOUR;
    let ahead = if far { ago.abs() + HALF_AN_HOUR } else { ago.abs() };
    let apart = match (length(ago), ago.is_negative()) {
        (_, true) => format!("in {}", length(ahead)),
        (_, false) if ago.as_secs() == 0 => "now".to_owned(),
        (apart, false) => format!("{apart} ago"),
    };
    format!("{} ({apart})", instant(at))
}

/// An ISO 8601 duration in words: `P10Y` is `10 years`. As it is, where it is none.
pub fn term(text: &str) -> String {
    let Ok(span) = text.parse::<Span>() else {
        return text.to_owned();
    };
    let parts = [
        (i64::from(span.get_years()), "year"),
        (i64::from(span.get_months()), "month"),
        (i64::from(span.get_weeks()), "week"),
        (i64::from(span.get_days()), "day"),
        (i64::from(span.get_hours()), "hour"),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, noun)| count(n.unsigned_abs(), noun)).collect();
    if parts.is_empty() { text.to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_at_most_two_units() {
        fn check(seconds: i64, expect: &str) {
            assert_eq!(length(SignedDuration::from_secs(seconds)), expect);
        }
        check(0, "0 s");
        check(5, "5 s");
        check(60, "1 min");
        check(250, "4 min 10 s");
        check(12_000, "3 h 20 min");
        check(86_400 * 2 + 3_600 * 3, "2 d 3 h");
        check(86_400 * 30 + 7, "30 days");
        check(-5, "5 s");
    }

    #[test]
    fn a_deadline_says_how_long_is_left_or_over() {
        fn check(by: &str, expect: &str) {
            let now: Timestamp = "2026-11-04T09:00:00.5Z".parse().expect("a time");
            assert_eq!(deadline(now, by.parse().expect("a time")), expect);
        }
        check("2026-11-04T09:00:05Z", "2026-11-04 09:00 UTC (5 s left)");
        check("2026-12-04T23:59:59Z", "2026-12-04 23:59 UTC (30 days left)");
        check("2026-11-03T09:00:00Z", "2026-11-03 09:00 UTC (overdue by 1 d)");
    }

    #[test]
    fn a_moment_says_how_far_it_is() {
        fn check(at: &str, expect: &str) {
            let now: Timestamp = "2026-11-04T09:00:05Z".parse().expect("a time");
            assert_eq!(moment(now, at.parse().expect("a time")), expect);
        }
        check("2026-12-04T09:00:00Z", "2026-12-04 09:00 UTC (in 30 days)");
        check("2026-12-04T08:00:00Z", "2026-12-04 08:00 UTC (in 29 days)");
        check("2026-11-07T09:00:00Z", "2026-11-07 09:00 UTC (in 3 days)");
        check("2026-11-05T11:00:05Z", "2026-11-05 11:00 UTC (in 1 d 2 h)");
        check("2026-11-04T09:00:05Z", "2026-11-04 09:00 UTC (now)");
        check("2026-10-05T09:00:30Z", "2026-10-05 09:00 UTC (29 days ago)");
    }

    #[test]
    fn a_term_is_said_in_words() {
        fn check(text: &str, expect: &str) {
            assert_eq!(term(text), expect);
        }
        check("P10Y", "10 years");
        check("P1Y6M", "1 year 6 months");
        check("P1D", "1 day");
        check("for ever", "for ever");
        check("PT0S", "PT0S");
    }
}
