//! Computing the figures, from entries of the log and nothing else. Whoever makes a pack and whoever checks one call this.

use std::collections::{BTreeMap, HashMap};

use domain::clock::Jurisdiction;
use domain::event::{About, Event, EventKind};
use domain::request::RequestType;
use domain::{Period, RequestId, Status, TenantId};
use jiff::{SignedDuration, Timestamp};

use super::FORMAT;
use super::metrics::{ALL, Answered, Extent, Holds, Metrics, Replays, Requests, Row, UNKNOWN};
use super::numbers::Numbers;

/// How long before the period the log has to begin, if not with its first entry: what was received so long before it and is
/// still open is in the figures.
pub const BEFORE: SignedDuration = SignedDuration::from_hours(366 * 24);

/// How far the log has to go on after the period: so long an event may take to be chained.
pub const AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What a closing says of how often the request was opened again before it.
const REOPENED: &str = "reopened";

/// What was asked, under which law.
type Key = (&'static str, &'static str);

/// Counts entries as they come. It holds some hundred bytes for each request, and nothing for each entry.
#[derive(Debug)]
pub struct Counting {
    tenant: TenantId,
    period: Period,
    extent: Option<Extent>,
    holds: Holds,
    ended_again: u64,
    replays: Replays,
    rows: BTreeMap<Key, Tallies>,
    seen: HashMap<RequestId, Seen>,
}

/// What is known of a request.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is counted by itself")]
struct Seen {
    /// Its events that are in the log, those after the period too: what is missing between may be of the period.
    numbers: Numbers,
    /// The least number of an event that is a day later than the log's beginning: those after it are in no earlier part.
    from: Option<u32>,
    /// The greatest number of its events before the end of the period; 0 if there is none. An event that is chained late does
    /// not count for where it is.
    n: u32,
    /// Whether anything happened in the period.
    within: bool,
    /// What it was taken in as, if the log has that.
    taken: Option<Taken>,
    own: bool,
    /// Whether it has ended, and was not opened again since.
    ended: bool,
    /// Whether it ever ended.
    has_ended: bool,
    /// The package can be fetched, and it was told.
    told: bool,
    held: bool,
    parked: bool,
    reopened: bool,
}

#[derive(Debug, Clone, Copy)]
struct Taken {
    key: Key,
    due_by: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Tallies {
    received: u64,
    fulfilled: u64,
    partially_fulfilled: u64,
    no_match: u64,
    denied: u64,
    denied_for: BTreeMap<String, u64>,
    cancelled: u64,
    never_verified: u64,
    late: u64,
    open: u64,
    overdue: u64,
    /// How long each answer took, in seconds.
    took: Vec<u64>,
}

impl Counting {
    /// Of a tenant's period, before the first entry.
    pub fn new(tenant: TenantId, period: Period) -> Self {
        Self {
            tenant,
            period,
            extent: None,
            holds: Holds::default(),
            ended_again: 0,
            replays: Replays::default(),
            rows: BTreeMap::new(),
            seen: HashMap::new(),
        }
    }

    /// Takes the next entry: its place and its event.
    pub fn take(&mut self, seq: u64, event: &Event) {
        let at = event.at;
        let extent = self.extent.get_or_insert(Extent {
            first: seq,
            first_at: at,
            last: seq,
            last_at: at,
            missing: 0,
        });
        (extent.last, extent.last_at) = (seq, extent.last_at.max(at));
        let settled = extent.settled_at();
        let within = self.period.has(at);
        match &event.about {
            About::Request(id) => {
                let seen = self.seen.entry(id.clone()).or_default();
                seen.numbers.see(event.n);
                if at >= settled {
                    seen.from = Some(seen.from.map_or(event.n, |from| from.min(event.n)));
                }
                if at < self.period.end() {
                    self.request(id, event, within);
                }
            }
            About::Hold(_) if within => match event.kind {
                EventKind::HoldPlaced => self.holds.placed += 1,
                EventKind::HoldReleased => self.holds.released += 1,
                _ => {}
            },
            About::Hold(_) | About::Store(_) | About::Pack(_) => {}
        }
    }

    fn request(&mut self, id: &RequestId, event: &Event, within: bool) {
        let seen = self.seen.entry(id.clone()).or_default();
        let is_end = event.status.is_some_and(Status::is_end);
        if event.n > seen.n {
            (seen.n, seen.ended) = (event.n, is_end);
        }
        seen.within |= within;
        // The log may begin after its end.
        let is_again = matches!(event.kind, EventKind::Reopened | EventKind::ErasedAgain);
        seen.has_ended |= is_end || is_again;
        match event.kind {
            EventKind::Accepted => {
                let taken = Taken { key: key_of(event), due_by: instant(event, "due_by") };
                seen.taken = Some(taken);
                seen.own = is_own(event);
                if within && seen.own {
                    self.replays.received += 1;
                } else if within {
                    self.rows.entry(taken.key).or_default().received += 1;
                }
            }
            EventKind::ExportAnnounced => seen.told = true,
            EventKind::Held if within => seen.held = true,
            EventKind::Parked if within => seen.parked = true,
            EventKind::Reopened if within => seen.reopened = true,
            // The person was answered when it ended first.
            EventKind::Closed if within && event.detail.contains_key(REOPENED) => self.ended_again += 1,
            EventKind::Closed if within && is_own(event) => self.replays.ended += 1,
            EventKind::Closed if within => self.rows.entry(key_of(event)).or_default().end(event),
            _ => {}
        }
    }

    /// After the last entry: the figures. `None` if there was no entry at all.
    pub fn finish(mut self) -> Option<Metrics> {
        let mut log = self.extent?;
        let as_of = log.last_at.min(self.period.end());
        let mut requests = Requests { ended_again: self.ended_again, ..Requests::default() };
        for (id, seen) in &self.seen {
            log.missing += seen.missing(id, &log, self.period);
            if seen.n == 0 {
                continue;
            }
            requests.held += u64::from(seen.held);
            requests.parked += u64::from(seen.parked);
            requests.reopened += u64::from(seen.reopened);
            requests.open_again += u64::from(seen.has_ended && !seen.ended);
            if seen.has_ended || seen.own {
                continue;
            }
            match seen.taken {
                None => requests.older_open += 1,
                // The package is the answer, unless it comes before an erasure.
                Some(Taken { key: (kind, _), .. }) if seen.told && kind != RequestType::Erasure.as_str() => {}
                Some(Taken { key, due_by }) => {
                    let row = self.rows.entry(key).or_default();
                    row.open += 1;
                    row.overdue += u64::from(due_by.is_some_and(|due_by| due_by < as_of));
                }
            }
        }
        Some(Metrics {
            as_of,
            complete: log.lacks(self.period).is_empty(),
            from: self.period.start(),
            holds: self.holds,
            log,
            metrics: FORMAT.to_owned(),
            period: self.period,
            replays: self.replays,
            requests,
            rows: rows(&self.rows),
            tenant: self.tenant,
            to: self.period.end(),
        })
    }
}

impl Seen {
    /// How many of its events the log should have, and has not, that may be of the period: those before its last one of that
    /// time, and those between that and the first one of later. What is missing after that is later too.
    fn missing(&self, id: &RequestId, log: &Extent, period: Period) -> u64 {
        let all = log.first == 1 || id.made_at() >= log.settled_at();
        let Some(from) = (if all { Some(1) } else { self.from }) else { return 0 };
        let is_later = self.n == 0 && id.made_at() >= period.end();
        // What was over before the period is in no figure of it, if it was not opened again since.
        let is_over = self.has_ended && !self.within;
        let from = if is_over { from.max(self.n.saturating_add(1)) } else { from };
        let to = self.numbers.after(self.n).unwrap_or(self.n);
        if is_later { 0 } else { self.numbers.missing(from, to) }
    }
}

/// Each row, then the sums.
fn rows(counted: &BTreeMap<Key, Tallies>) -> Vec<Row> {
    let mut rows: Vec<Row> =
        counted.iter().map(|((kind, law), tallies)| row(kind, law, &[tallies])).collect();
    for kind in RequestType::ALL.map(RequestType::as_str) {
        let own: Vec<&Tallies> = counted.iter().filter(|((k, _), _)| *k == kind).map(|(_, t)| t).collect();
        if !own.is_empty() {
            rows.push(row(kind, ALL, &own));
        }
    }
    rows.push(row(ALL, ALL, &counted.values().collect::<Vec<_>>()));
    rows
}

fn row(kind: &str, law: &str, of: &[&Tallies]) -> Row {
    let sum = |count: fn(&Tallies) -> u64| of.iter().map(|tallies| count(tallies)).sum();
    let mut denied_for = BTreeMap::new();
    for (reason, count) in of.iter().flat_map(|tallies| &tallies.denied_for) {
        *denied_for.entry(reason.clone()).or_default() += count;
    }
    Row {
        answered: Answered::of(of.iter().flat_map(|tallies| &tallies.took).copied().collect()),
        cancelled: sum(|t| t.cancelled),
        denied: sum(|t| t.denied),
        denied_for,
        fulfilled: sum(|t| t.fulfilled),
        jurisdiction: law.to_owned(),
        late: sum(|t| t.late),
        never_verified: sum(|t| t.never_verified),
        no_match: sum(|t| t.no_match),
        open: sum(|t| t.open),
        overdue: sum(|t| t.overdue),
        partially_fulfilled: sum(|t| t.partially_fulfilled),
        received: sum(|t| t.received),
        kind: kind.to_owned(),
    }
}

impl Tallies {
    /// Counts an end by what its own event says: the request may have been taken in before the log begins.
    fn end(&mut self, event: &Event) {
        let answered = match event.status {
            Some(Status::Fulfilled) => &mut self.fulfilled,
            Some(Status::PartiallyFulfilled) => &mut self.partially_fulfilled,
            Some(Status::NoMatch) => &mut self.no_match,
            Some(Status::Denied) => {
                let reason = event.detail.get("denied").filter(|reason| is_code(reason));
                let reason = reason.map_or(UNKNOWN, String::as_str).to_owned();
                *self.denied_for.entry(reason).or_default() += 1;
                &mut self.denied
            }
            _ => {
                self.cancelled += 1;
                self.never_verified += u64::from(event.detail.contains_key("never_verified"));
                return;
            }
        };
        *answered += 1;
        let answered_at = instant(event, "answered_at").unwrap_or(event.at);
        let due_by = instant(event, "due_by");
        self.late += u64::from(due_by.is_some_and(|due_by| answered_at > due_by));
        if let Some(received_at) = instant(event, "received_at") {
            let took = answered_at.duration_since(received_at).as_secs();
            self.took.push(u64::try_from(took).unwrap_or(0));
        }
    }
}

fn key_of(event: &Event) -> Key {
    let said = |name: &str| event.detail.get(name).map(String::as_str);
    let kind = RequestType::ALL.map(RequestType::as_str).into_iter().find(|kind| said("type") == Some(kind));
    let laws = [Jurisdiction::Eu, Jurisdiction::Uk, Jurisdiction::UsCa].map(Jurisdiction::as_str);
    let law = laws.into_iter().find(|law| said("jurisdiction") == Some(law));
    (kind.unwrap_or(UNKNOWN), law.unwrap_or(UNKNOWN))
}

/// Whether Lacuna made the request itself.
fn is_own(event: &Event) -> bool {
    event.detail.contains_key("erased_before_by")
}

fn instant(event: &Event, name: &str) -> Option<Timestamp> {
    event.detail.get(name)?.parse().ok()
}

/// A reason code, as sanction sources may give: it is in a table and on a page.
fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}
