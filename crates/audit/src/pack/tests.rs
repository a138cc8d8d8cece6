use domain::event::{About, Event, EventKind};
use domain::{Generation, HoldId, Period, RequestId, Status, StoreId};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

use super::*;
use crate::receipt::Unissuable;

mod complete;
mod reopened;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn id(n: u32) -> RequestId {
    RequestId::new(Timestamp::UNIX_EPOCH, u128::from(n))
}

fn quarter() -> Period {
    "2026-Q4".parse().expect("a period")
}

fn event(about: About, n: u32, at: Timestamp, kind: EventKind, detail: &[(&str, String)]) -> Event {
    Event {
        tenant: "demo".parse().expect("a tenant"),
        about,
        n,
        at,
        kind,
        who: "step:test".into(),
        generation: Generation::FIRST,
        status: None,
        store: None::<StoreId>,
        tally: None,
        why: None,
        detail: detail.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        wake: None,
    }
}

/// A request's life, as events.
#[derive(Debug)]
struct Life {
    id: u32,
    kind: &'static str,
    law: &'static str,
    received_at: Timestamp,
    due_by: Timestamp,
    /// When it ends, and how.
    end: Option<(Timestamp, Status)>,
    answered_at: Option<Timestamp>,
    more: Vec<(&'static str, &'static str)>,
}

impl Life {
    fn new(id: u32, kind: &'static str, law: &'static str, received: &str, due: &str) -> Self {
        let (received_at, due_by) = (at(received), at(due));
        Self { id, kind, law, received_at, due_by, end: None, answered_at: None, more: vec![] }
    }

    fn ends(self, when: &str, status: Status) -> Self {
        Self { end: Some((at(when), status)), ..self }
    }

    fn told(self, when: &str) -> Self {
        Self { answered_at: Some(at(when)), ..self }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.more.push((name, value));
        self
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let own = [
            ("type", self.kind.to_owned()),
            ("jurisdiction", self.law.to_owned()),
            ("due_by", self.due_by.to_string()),
        ];
        own.into_iter().chain(self.more.iter().map(|(name, value)| (*name, (*value).to_owned()))).collect()
    }

    fn events(&self) -> Vec<Event> {
        let about = || About::Request(id(self.id));
        let open = |event: Event| Event { status: Some(Status::Planning), ..event };
        let mut details = self.details();
        let mut events = vec![open(event(about(), 1, self.received_at, EventKind::Accepted, &details))];
        if let Some(told) = self.answered_at {
            events.push(open(event(about(), 2, told, EventKind::ExportAnnounced, &[])));
            if self.kind != "erasure" {
                details.push(("answered_at", told.to_string()));
            }
        }
        if let Some((when, status)) = self.end {
            details.push(("received_at", self.received_at.to_string()));
            details.push((crate::receipt::DETAIL, "ab".repeat(32)));
            let n = u32::try_from(events.len() + 1).expect("few");
            let closed = event(about(), n, when, EventKind::Closed, &details);
            events.push(Event { status: Some(status), ..closed });
        }
        events
    }
}

/// The figures of events in the order of their instants, which begin with the entry of this place.
fn counted(first: u64, mut events: Vec<Event>) -> Metrics {
    events.sort_by_key(|event| event.at);
    let mut counting = Counting::new("demo".parse().expect("a tenant"), quarter());
    for (seq, event) in (first..).zip(&events) {
        counting.take(seq, event);
    }
    counting.finish().expect("figures")
}

/// A pack that somebody keeps is checked by later versions: they have to write the same, or to say that it is not theirs.
#[test]
fn what_is_written_of_the_same_figures_changes_with_the_format_alone() {
    let until = |end: &str| by_hand().into_iter().filter(|event| event.at < at(end)).collect::<Vec<_>>();
    let late = || by_hand().into_iter().filter(|event| event.at > at("2026-10-02T00:00:00Z")).collect();
    let whole = counted(1, by_hand());
    let gap = Metrics { complete: false, log: Extent { missing: 2, ..whole.log }, ..whole.clone() };
    let shown = [
        whole,
        counted(1, until("2026-12-01T00:00:00Z")),
        counted(1, until("2027-01-01T12:00:00Z")),
        counted(7, late()),
        gap,
    ];
    let lacks: Vec<_> = shown.iter().flat_map(|metrics| metrics.log.lacks(quarter())).collect();
    assert_eq!(lacks, [Lack::End, Lack::End, Lack::Beginning, Lack::Events], "each is on a page");
    let missing = Unissuable::ALL.into_iter().zip([1, 2]).collect();
    let each = [Receipts { issued: 5, ..Receipts::default() }, Receipts { issued: 0, missing }];
    let mut all = Vec::new();
    for (metrics, receipts) in
        shown.iter().flat_map(|metrics| each.iter().map(move |receipts| (metrics, receipts)))
    {
        // The page that checks files is not compared.
        let compared = derived(metrics, receipts).into_iter().filter(|(name, _)| *name != VERIFIER);
        all.extend(compared.flat_map(|(_, bytes)| sha256(&bytes)));
    }
    let written = (FORMAT, hex::encode(sha256(&all)));
    let known = ("lacuna/2", "a629d850dd68a8ec292bb2e908130dfa8bdcc66dfb84796ac12a13d4a6854200".to_owned());
    assert_eq!(written, known, "if a pack with another number was ever given out, raise FORMAT");
}

fn row<'a>(metrics: &'a Metrics, kind: &str, law: &str) -> &'a Row {
    let mut rows = metrics.rows.iter();
    rows.find(|row| row.kind == kind && row.jurisdiction == law).expect("a row")
}

/// Counted by hand: what is said in each line's comment is what the figures have to be.
fn by_hand() -> Vec<Event> {
    let lives = [
        // Received in September, fulfilled in October after 10 days: ended, not received.
        Life::new(1, "erasure", "EU", "2026-09-25T00:00:00Z", "2026-10-26T23:59:59Z")
            .ends("2026-10-05T00:00:00Z", Status::Fulfilled),
        // 20 days, in part.
        Life::new(2, "erasure", "EU", "2026-10-01T00:00:00Z", "2026-11-02T23:59:59Z")
            .ends("2026-10-21T00:00:00Z", Status::PartiallyFulfilled),
        // 60 days: late.
        Life::new(3, "erasure", "US-CA", "2026-10-02T00:00:00Z", "2026-11-16T23:59:59Z")
            .ends("2026-12-01T00:00:00Z", Status::Fulfilled),
        // Denied after a day.
        Life::new(4, "erasure", "EU", "2026-10-03T00:00:00Z", "2026-11-03T23:59:59Z")
            .with("denied", "fraud-inquiry")
            .ends("2026-10-04T00:00:00Z", Status::Denied),
        // Never verified: cancelled, and no answer.
        Life::new(5, "access", "EU", "2026-10-03T00:00:00Z", "2026-11-03T23:59:59Z")
            .with("never_verified", "true")
            .ends("2026-12-27T00:00:00Z", Status::Cancelled),
        // Told after 5 days, closed after 8, beyond the term: answered in 5, not late.
        Life::new(6, "access", "US-CA", "2026-10-10T00:00:00Z", "2026-10-16T23:59:59Z")
            .told("2026-10-15T00:00:00Z")
            .ends("2026-10-18T00:00:00Z", Status::Fulfilled),
        // Open and overdue.
        Life::new(7, "erasure", "EU", "2026-11-01T00:00:00Z", "2026-12-01T23:59:59Z"),
        // Open and not overdue at the end of the period, though it ends after it.
        Life::new(8, "erasure", "EU", "2026-12-30T00:00:00Z", "2027-02-01T23:59:59Z")
            .ends("2027-01-01T00:00:00Z", Status::Fulfilled),
        // Answered, not ended: not open.
        Life::new(9, "portability", "UK", "2026-12-20T00:00:00Z", "2026-12-25T23:59:59Z")
            .told("2026-12-24T00:00:00Z"),
        // Its export comes first: that is no answer to an erasure.
        Life::new(10, "erasure", "UK", "2026-12-20T00:00:00Z", "2027-01-20T23:59:59Z")
            .told("2026-12-24T00:00:00Z"),
        // Lacuna's own, after a restored backup: in no row.
        Life::new(11, "erasure", "EU", "2026-11-11T00:00:00Z", "2026-12-11T23:59:59Z")
            .with("erased_before_by", "req_1")
            .ends("2026-11-12T00:00:00Z", Status::Fulfilled),
        // Received after the period.
        Life::new(12, "access", "EU", "2027-01-02T00:00:00Z", "2027-02-02T23:59:59Z"),
    ];
    let mut events: Vec<Event> = lives.iter().flat_map(Life::events).collect();
    let hold = |n, when: &str, kind| {
        let id = HoldId::new(Timestamp::UNIX_EPOCH, 1);
        event(About::Hold(id), n, at(when), kind, &[("identity_type", "email".to_owned())])
    };
    events.push(hold(1, "2026-09-30T00:00:00Z", EventKind::HoldPlaced));
    events.push(hold(2, "2026-10-02T00:00:00Z", EventKind::HoldReleased));
    // Held twice: one request. Parked before the period: not counted.
    for (n, when, kind) in [
        (2, "2026-11-02T00:00:00Z", EventKind::Held),
        (3, "2026-11-03T00:00:00Z", EventKind::Held),
        (4, "2026-11-04T00:00:00Z", EventKind::Parked),
    ] {
        let event = event(About::Request(id(7)), n, at(when), kind, &[]);
        events.push(Event { status: Some(Status::Held), ..event });
    }
    events
}

#[test]
fn the_figures_of_a_small_log_are_those_counted_by_hand() {
    let metrics = counted(1, by_hand());
    assert!(metrics.complete);
    let eu = row(&metrics, "erasure", "EU");
    assert_eq!((eu.received, eu.fulfilled, eu.partially_fulfilled), (4, 1, 1));
    assert_eq!((eu.denied, eu.cancelled, eu.late, eu.open, eu.overdue), (1, 0, 0, 2, 1));
    assert_eq!(eu.denied_for, [("fraud-inquiry".to_owned(), 1)].into());
    let took = |row: &Row| {
        let Answered { count, mean_days, median_days, slowest_days } = row.answered.clone();
        (count, [median_days, mean_days, slowest_days].map(Option::unwrap_or_default))
    };
    assert_eq!(took(eu), (3, ["10.00", "10.33", "20.00"].map(str::to_owned)));
    let california = row(&metrics, "erasure", "US-CA");
    assert_eq!((california.received, california.fulfilled, california.late), (1, 1, 1));
    let access = row(&metrics, "access", ALL);
    assert_eq!((access.received, access.fulfilled, access.late, access.open), (2, 1, 0, 0));
    assert_eq!((access.cancelled, access.never_verified), (1, 1));
    assert_eq!(took(access), (1, ["5.00", "5.00", "5.00"].map(str::to_owned)));
    assert_eq!(row(&metrics, "portability", "UK").open, 0);
    assert_eq!(row(&metrics, "erasure", "UK").open, 1);
    let all = row(&metrics, ALL, ALL);
    assert_eq!((all.received, all.open, all.overdue, all.late), (9, 3, 1, 1));
    assert_eq!(took(all), (5, ["10.00", "19.20", "60.00"].map(str::to_owned)));
    assert_eq!(metrics.holds, Holds { placed: 0, released: 1 });
    assert_eq!(metrics.replays, Replays { ended: 1, received: 1 });
    assert_eq!(metrics.requests, Requests { held: 1, parked: 1, ..Requests::default() });
}

#[test]
fn what_was_received_before_the_log_begins_is_open_and_unknown() {
    let events = by_hand().into_iter().filter(|event| event.at >= at("2026-11-02T00:00:00Z")).collect();
    let metrics = counted(50, events);
    assert_eq!(metrics.requests.older_open, 1, "the one that is held");
    assert_eq!(row(&metrics, "erasure", "US-CA").fulfilled, 1, "an end says itself what it ends");
    assert_eq!(row(&metrics, "erasure", "EU").overdue, 0);
}

/// What was delivered again is chained where it came.
#[test]
fn an_event_that_comes_late_opens_nothing_again() {
    let life = Life::new(1, "erasure", "EU", "2026-10-01T00:00:00Z", "2026-11-02T23:59:59Z")
        .ends("2026-10-21T00:00:00Z", Status::Fulfilled);
    let mut counting = Counting::new("demo".parse().expect("a tenant"), quarter());
    let [accepted, closed] = &life.events()[..] else { panic!("two events") };
    for (seq, event) in [(1, closed), (2, accepted)] {
        counting.take(seq, event);
    }
    let metrics = counting.finish().expect("figures");
    let all = row(&metrics, ALL, ALL);
    assert_eq!((all.received, all.fulfilled, all.open), (1, 1, 0));
}

#[test]
fn what_is_written_is_canonical_and_says_the_same_in_every_form() {
    let metrics = counted(1, by_hand());
    let json = String::from_utf8(metrics.json()).expect("text");
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json, crate::canonical(&value) + "\n");
    assert_eq!(serde_json::from_str::<Metrics>(&json).expect("figures"), metrics);
    let lines: Vec<Vec<String>> =
        metrics.csv().lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    assert!(lines.iter().all(|line| line.len() == 17), "{lines:?}");
    assert_eq!(lines.len(), metrics.rows.len() + 1);
    assert_eq!(lines[1][..5], ["access", "EU", "1", "0", "0"]);
    let receipts = Receipts { issued: 6, missing: [(Unissuable::StatementAltered, 1)].into() };
    let page = page(&metrics, &receipts);
    assert!(!page.contains("{period}") && !page.contains("{state}"));
    for part in
        ["2026-Q4", "fraud-inquiry", "Portability", "60.00", "shows the whole period", "Of 1 of 7 ends"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("https:"));
}

#[test]
fn a_receipts_name_is_read_as_it_is_written() {
    let name = receipt_name(&id(7), 12);
    assert_eq!(parse_receipt_name(&name), Some((id(7), 12)));
    assert_eq!(parse_no_receipt_name(&name), None);
    assert_eq!(parse_no_receipt_name(&no_receipt_name(&id(7), 12)), Some((id(7), 12)));
    for wrong in [
        format!("/{name}"),
        name.replace("-12", "-012"),
        name.replace("-12", "-+12"),
        name.replace("receipts/", "receipts/../receipts/"),
        name.to_uppercase(),
        "receipts/.json".to_owned(),
        no_receipt_name(&id(7), 12),
        name + ".json",
    ] {
        assert_eq!(parse_receipt_name(&wrong), None, "{wrong}");
    }
}

const KINDS: [&str; 3] = ["erasure", "access", "portability"];
const LAWS: [&str; 3] = ["EU", "UK", "US-CA"];
const ENDS: [Status; 5] =
    [Status::Fulfilled, Status::PartiallyFulfilled, Status::NoMatch, Status::Denied, Status::Cancelled];

/// A life that begins up to 60 days before the period and may end up to 60 days after it.
fn life() -> impl Strategy<Value = Life> {
    let hours = 0..24 * 212_i64;
    (0..3_usize, 0..3_usize, hours, 1..60_i64, proptest::option::of((1..24 * 70_i64, 0..5_usize))).prop_map(
        |(kind, law, begun, term, end)| {
            let hour = SignedDuration::from_hours;
            let received_at = quarter().start() - hour(24 * 60) + hour(begun);
            Life {
                id: 0,
                kind: KINDS[kind],
                law: LAWS[law],
                received_at,
                due_by: received_at + hour(24 * term),
                end: end.map(|(after, how)| (received_at + hour(after), ENDS[how])),
                answered_at: None,
                more: vec![],
            }
        },
    )
}

proptest! {
    /// Counted life by life, without a word of how the log is gone through.
    #[test]
    fn the_figures_are_those_of_a_recount(lives in proptest::collection::vec(life(), 1..40)) {
        let period = quarter();
        let lives: Vec<Life> = (1..).zip(lives).map(|(id, life)| Life { id, ..life }).collect();
        // Something before the period and something after it, so that the log shows all of it.
        let ends = [at("2026-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z")];
        let store = || About::Store("shop".parse().expect("a store"));
        let around = ends.map(|at| event(store(), 1, at, EventKind::StoreRestored, &[]));
        let events = lives.iter().flat_map(Life::events).chain(around).collect();
        let metrics = counted(1, events);
        prop_assert!(metrics.complete);
        let mut rows = BTreeMap::new();
        for life in &lives {
            let own = rows.entry((life.kind, life.law)).or_insert_with(Vec::new);
            own.push(life);
        }
        let mut expected = 0;
        for ((kind, law), lives) in rows {
            let count = |is: &dyn Fn(&Life) -> bool| lives.iter().filter(|life| is(life)).count() as u64;
            let ended = |life: &Life, how: Status| life.end.is_some_and(|(at, s)| s == how && period.has(at));
            let answered = |life: &Life| ENDS[..4].iter().any(|how| ended(life, *how));
            let open = |life: &Life| life.received_at < period.end() && life.end.is_none_or(|(at, _)| at >= period.end());
            let counts = [
                count(&|life| period.has(life.received_at)),
                count(&|life| ended(life, Status::Fulfilled)),
                count(&|life| ended(life, Status::PartiallyFulfilled)),
                count(&|life| ended(life, Status::NoMatch)),
                count(&|life| ended(life, Status::Denied)),
                count(&|life| ended(life, Status::Cancelled)),
                count(&|life| answered(life) && life.end.is_some_and(|(at, _)| at > life.due_by)),
                count(&|life| open(life)),
                count(&|life| open(life) && life.due_by < period.end()),
                count(&answered),
            ];
            if counts == [0; 10] {
                continue;
            }
            expected += 1;
            let row = row(&metrics, kind, law);
            let found = [
                row.received, row.fulfilled, row.partially_fulfilled, row.no_match, row.denied, row.cancelled,
                row.late, row.open, row.overdue, row.answered.count,
            ];
            prop_assert_eq!(found, counts, "{} {}", kind, law);
            let took = lives.iter().filter(|life| answered(life));
            let took = took.filter_map(|life| Some(life.end?.0.duration_since(life.received_at).as_secs().unsigned_abs()));
            prop_assert_eq!(&row.answered, &Answered::of(took.collect()));
        }
        let base = metrics.rows.iter().filter(|row| row.kind != ALL && row.jurisdiction != ALL);
        prop_assert_eq!(base.count(), expected);
    }
}
