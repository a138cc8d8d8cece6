//! Committed events on their way into the audit: as the stream delivers them, and as they are listed
//! for whoever looks for those that it never delivered.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use domain::event::Event;
use jiff::{SignedDuration, Timestamp};

use crate::fault::{Code, Fault};

/// In how many lists the events of one minute are kept, so that no single one carries every write.
pub const EVENT_LISTS: u32 = 8;

/// Where an event stands in the `requests` table. Ids and a number: no personal data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// Whose events: a request's or a hold's.
    pub pk: String,
    /// Which of them.
    pub sk: String,
}

/// An event as the stream delivers it: in a batch, at least once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where it stands.
    pub key: EventKey,
    /// Its place in the stream: what a failure is reported by.
    pub sequence: String,
    /// How often it was put into the stream again.
    pub redriven: u32,
    /// The event; `None` if the item does not read as one, or stands where another event belongs.
    pub event: Option<Event>,
}

/// An event that can never be chained, as somebody is told of it: never the item itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it stands.
    pub key: EventKey,
    /// Its place in the stream.
    pub sequence: String,
    /// Why: which page explains it.
    pub code: Code,
}

/// The audit's dead-letter queue.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Puts a letter into it. Readers may see it twice.
    async fn put(&self, letter: &DeadLetter) -> Result<(), Fault>;
}

/// A minute of UTC: what events are listed by. Prints, and reads, as `2026-03-02T09:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(i64);

impl Minute {
    /// The minute that an instant is in.
    pub fn of(at: Timestamp) -> Self {
        Self(at.as_second().div_euclid(60))
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// So many minutes before it.
    #[must_use]
    pub fn before(self, minutes: i64) -> Self {
        Self(self.0.saturating_sub(minutes))
    }

    /// How long after another it begins; negative if it begins earlier.
    pub fn since(self, other: Self) -> SignedDuration {
        SignedDuration::from_secs(self.0.saturating_sub(other.0).saturating_mul(60))
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = Timestamp::from_second(self.0.saturating_mul(60)).unwrap_or(Timestamp::UNIX_EPOCH);
        write!(f, "{}", start.strftime("%Y-%m-%dT%H:%M"))
    }
}

/// The text is not a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a minute")]
pub struct NotAMinute;

impl FromStr for Minute {
    type Err = NotAMinute;

    fn from_str(text: &str) -> Result<Self, NotAMinute> {
        let start: Timestamp = format!("{text}:00Z").parse().map_err(|_| NotAMinute)?;
        Ok(Self::of(start))
    }
}

/// All committed events, of every tenant, by the minute in which they were committed.
#[async_trait]
pub trait EventLists: Send + Sync {
    /// The events of a minute in one of its [`EVENT_LISTS`] lists, after `after` in its order, at most
    /// `limit`. What was committed just now may be missing: a list lags behind by moments.
    async fn listed(
        &self,
        minute: Minute,
        list: u32,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Vec<EventKey>, Fault>;

    /// Puts an event that is listed in `from` into the stream again, and lists it in `to` instead. How
    /// often that was done to it by now; `None` if it is not listed in `from` any more.
    async fn redrive(&self, key: &EventKey, from: Minute, to: Minute) -> Result<Option<u32>, Fault>;

    /// The first minute that nobody has looked through yet, as it was kept.
    async fn swept_to(&self) -> Result<Option<Minute>, Fault>;

    /// Keeps it. A minute before the one that is kept changes nothing.
    async fn keep_swept_to(&self, minute: Minute) -> Result<(), Fault>;
}

/// What the audit table says of single events. It only reads.
#[async_trait]
pub trait AuditMarks: Send + Sync {
    /// Those of the events that no entry has yet, in their order, strongly consistent. A key that is no
    /// event's is among them: it can have none.
    async fn unmarked(&self, events: &[EventKey]) -> Result<Vec<EventKey>, Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_reads_as_it_prints_and_sorts_as_time_does() {
        let at: Timestamp = "2026-03-02T09:59:59.9Z".parse().expect("an instant");
        let minute = Minute::of(at);
        assert_eq!(minute.to_string(), "2026-03-02T09:59");
        assert_eq!(minute.to_string().parse(), Ok(minute));
        assert_eq!(minute.next().to_string(), "2026-03-02T10:00");
        assert_eq!(minute.next().since(minute), SignedDuration::from_mins(1));
        assert_eq!(minute.before(5).since(minute), SignedDuration::from_mins(-5));
        for wrong in ["", "2026-03-02", "2026-03-02T09:59Z", "2026-13-02T09:59"] {
            assert_eq!(wrong.parse::<Minute>(), Err(NotAMinute), "{wrong}");
        }
    }
}
