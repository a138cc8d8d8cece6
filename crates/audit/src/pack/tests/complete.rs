//! What a log must have to show all of a period.

use super::*;

fn lacks(metrics: &Metrics) -> Vec<Lack> {
    assert_eq!(metrics.complete, metrics.log.lacks(quarter()).is_empty());
    metrics.log.lacks(quarter())
}

/// A log of these instants, from this place on, of which each is a request of its own.
fn of(first: u64, instants: &[&str]) -> Metrics {
    let mut counting = Counting::new("demo".parse().expect("a tenant"), quarter());
    for ((seq, n), when) in (first..).zip(1_u32..).zip(instants) {
        let about = About::Request(RequestId::new(at(when), u128::from(n)));
        counting.take(seq, &event(about, 1, at(when), EventKind::Accepted, &[]));
    }
    counting.finish().expect("figures")
}

#[test]
fn a_log_begins_a_year_before_and_ends_a_day_after_the_period() {
    fn check(first: u64, from: &str, to: &str, lacks: &[Lack], as_of: &str) {
        let metrics = of(first, &[from, "2026-11-11T00:00:00Z", to]);
        assert_eq!(
            (super::complete::lacks(&metrics), metrics.as_of),
            (lacks.to_vec(), at(as_of)),
            "{from} {to}"
        );
        assert_eq!((metrics.log.first_at, metrics.log.last_at), (at(from), at(to)));
    }
    let (end, day) = ("2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z");
    check(9, "2025-09-30T00:00:00Z", day, &[], end);
    check(9, "2025-09-30T00:00:01Z", day, &[Lack::Beginning], end);
    // Whoever packs chooses where the log begins: from shortly before the period nothing is known of what was open.
    check(9, "2026-09-30T23:49:00Z", day, &[Lack::Beginning], end);
    // The first entry ever, though it is in the period.
    check(1, "2026-10-01T00:00:00Z", day, &[], end);
    // What was late to be chained comes after the first entries that are later than the period.
    check(1, "2026-09-01T00:00:00Z", "2027-01-01T00:15:00Z", &[Lack::End], end);
    check(1, "2026-09-01T00:00:00Z", "2027-01-01T23:59:59Z", &[Lack::End], end);
    check(1, "2026-09-01T00:00:00Z", "2026-12-28T00:00:00Z", &[Lack::End], "2026-12-28T00:00:00Z");
    check(
        9,
        "2026-10-01T00:00:00Z",
        "2026-12-28T00:00:00Z",
        &[Lack::Beginning, Lack::End],
        "2026-12-28T00:00:00Z",
    );
}

/// An entry that was chained late may be the last one.
#[test]
fn the_log_goes_up_to_its_latest_entry() {
    let metrics = of(1, &["2026-10-01T00:00:00Z", "2027-01-03T00:00:00Z", "2026-12-30T00:00:00Z"]);
    assert_eq!((lacks(&metrics), metrics.log.last_at), (vec![], at("2027-01-03T00:00:00Z")));
}

/// A request's events, of these numbers and instants in the order of the log.
fn numbered(first: u64, made: &str, events: &[(u32, &str)]) -> Metrics {
    let mut counting = Counting::new("demo".parse().expect("a tenant"), quarter());
    let about = About::Request(RequestId::new(at(made), 7));
    for (seq, (n, when)) in (first + 1..).zip(events) {
        if seq == first + 1 {
            let begun = event(
                About::Store("shop".parse().expect("a store")),
                1,
                at("2025-01-01T00:00:00Z"),
                EventKind::StoreRestored,
                &[],
            );
            counting.take(first, &begun);
        }
        counting.take(seq, &event(about.clone(), *n, at(when), EventKind::Progressed, &[]));
    }
    let after = event(
        About::Store("shop".parse().expect("a store")),
        2,
        at("2027-02-01T00:00:00Z"),
        EventKind::StoreRestored,
        &[],
    );
    counting.take(99, &after);
    counting.finish().expect("figures")
}

#[test]
fn events_that_are_missing_between_others_are_counted() {
    fn check(first: u64, made: &str, events: &[(u32, &str)], missing: u64) {
        let metrics = numbered(first, made, events);
        assert_eq!(metrics.log.missing, missing, "{events:?}");
        assert_eq!(lacks(&metrics), if missing == 0 { vec![] } else { vec![Lack::Events] });
        let page = page(&metrics, &Receipts::default());
        assert_eq!(page.contains("Unfinished"), missing > 0, "the page says it");
    }
    let (made, october, november) = ("2026-10-01T00:00:00Z", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z");
    check(1, made, &[(1, october), (2, october), (3, november)], 0);
    check(1, made, &[(1, october), (3, november)], 1);
    check(9, made, &[(1, october), (5, november)], 3);
    // In whatever order they were chained.
    check(9, made, &[(3, november), (1, october), (2, october)], 0);
    // Its beginning too, if the request was made since the log begins.
    check(9, made, &[(2, october), (3, november)], 1);
    check(1, "2020-01-01T00:00:00Z", &[(2, october)], 1);
    // Otherwise that may be in an earlier part.
    check(9, "2024-12-30T00:00:00Z", &[(7, october), (8, november)], 0);
    check(9, "2024-12-30T00:00:00Z", &[(7, october), (9, november)], 1);
    // So may one that was chained before the log begins while an earlier one was late. After a day that is over.
    check(
        9,
        "2024-12-30T00:00:00Z",
        &[(7, "2025-01-01T00:00:05Z"), (9, "2025-01-03T00:00:00Z"), (10, november)],
        0,
    );
    check(
        9,
        "2024-12-30T00:00:00Z",
        &[(7, "2025-01-03T00:00:05Z"), (9, "2025-01-04T00:00:00Z"), (10, november)],
        1,
    );
    // What comes after the period is in the log as far as it happens to be there. What is missing after that is after the
    // period too.
    let (eve, next, later) = ("2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2027-01-01T09:00:00Z");
    check(1, made, &[(1, october), (2, next), (5, later)], 0);
    check(1, made, &[(1, october), (2, next), (3, eve), (4, next)], 0);
    // What is missing before it may be of the period.
    check(1, made, &[(1, october), (5, next)], 3);
    check(9, made, &[(1, october), (2, eve), (4, later), (6, later)], 1);
    // So may all of a request that was made before the period's end, and of which nothing of that time is there.
    check(1, made, &[(3, next), (4, later)], 2);
    check(9, made, &[(2, later)], 1);
    check(9, eve, &[(2, next)], 1);
    check(9, eve, &[(1, next), (2, later)], 0);
    check(9, next, &[(3, later)], 0);
    // Whether it is in an earlier part cannot be told of what was made before the log begins.
    check(9, "2024-12-30T00:00:00Z", &[(7, next)], 0);
    check(9, "2024-12-30T00:00:00Z", &[(7, october), (9, next)], 1);
}

/// It is in no figure of this period.
#[test]
fn what_is_missing_of_a_request_that_was_over_before_does_not_count() {
    let old = || {
        let old = Life::new(80, "erasure", "EU", "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z")
            .ends("2026-07-09T00:00:00Z", Status::Fulfilled);
        old.events().into_iter().map(|event| Event { n: event.n * 3, ..event })
    };
    let mut events = by_hand();
    events.extend(old());
    assert_eq!(counted(1, events.clone()).log.missing, 0);
    // Unless it was opened again, perhaps in the period: what is missing between its end and that may be of it.
    let again = event(About::Request(id(80)), 9, at("2027-01-01T00:00:00Z"), EventKind::Planned, &[]);
    events.push(Event { status: Some(Status::Planning), ..again });
    assert_eq!(counted(1, events).log.missing, 2);
}
