//! A request that is opened again after its end.

use super::*;

/// An erasure that ended on its 20th day, in time. On its 50th the person is found again, and on its 52nd it ends once more.
fn erased_again() -> Vec<Event> {
    let life = Life::new(21, "erasure", "EU", "2026-10-02T00:00:00Z", "2026-11-02T23:59:59Z")
        .ends("2026-10-22T00:00:00Z", Status::Fulfilled);
    let mut events = life.events();
    let mut again = events[1].clone();
    for (n, when, kind, status) in [
        (3, "2026-11-21T00:00:00Z", EventKind::Reopened, Status::Reopened),
        (4, "2026-11-22T00:00:00Z", EventKind::ErasedAgain, Status::Planning),
    ] {
        let event = event(About::Request(id(21)), n, at(when), kind, &[]);
        events.push(Event { status: Some(status), ..event });
    }
    (again.n, again.at) = (5, at("2026-11-23T00:00:00Z"));
    again.detail.insert("reopened".to_owned(), "1".to_owned());
    events.push(again);
    events
}

fn all(metrics: &Metrics) -> [u64; 6] {
    let all = row(metrics, ALL, ALL);
    [all.received, all.fulfilled, all.late, all.open, all.overdue, all.answered.count]
}

#[test]
fn a_request_that_is_erased_again_is_one_request_and_was_answered_the_first_time() {
    let metrics = counted(1, erased_again());
    assert_eq!(all(&metrics), [1, 1, 0, 0, 0, 1]);
    assert_eq!(row(&metrics, ALL, ALL).answered.slowest_days.as_deref(), Some("20.00"));
    assert_eq!(metrics.requests, Requests { ended_again: 1, reopened: 1, ..Requests::default() });
    let page = page(&metrics, &Receipts::default());
    assert!(page.contains("(the tables above have the first end alone)</td><td>1</td>"));
}

#[test]
fn while_it_is_open_again_it_is_neither_open_nor_overdue() {
    for events in [3, 4] {
        let metrics = counted(1, erased_again().into_iter().take(events).collect());
        assert_eq!(all(&metrics), [1, 1, 0, 0, 0, 1], "{events}");
        let expect = Requests { open_again: 1, reopened: 1, ..Requests::default() };
        assert_eq!(metrics.requests, expect, "{events}");
        // It is in the tables, under its end.
        let page = page(&metrics, &Receipts::default());
        assert!(page.contains("(the tables above have their end, and do not call them open)</td><td>1</td>"));
    }
}

/// The log may begin after its first end, at either of the events that say so.
#[test]
fn where_its_first_end_is_not_in_the_log_it_is_not_counted_as_open() {
    for from in [2, 3] {
        let metrics = counted(99, erased_again().into_iter().skip(from).take(4 - from).collect());
        assert_eq!((metrics.requests.older_open, metrics.requests.open_again), (0, 1), "{from}");
        let metrics = counted(99, erased_again().into_iter().skip(from).collect());
        assert_eq!((all(&metrics), metrics.requests.ended_again), ([0; 6], 1), "{from}");
    }
}

/// An officer said that what was found stays.
#[test]
fn what_was_dismissed_is_over() {
    let mut events: Vec<Event> = erased_again().into_iter().take(3).collect();
    let dismissed = event(About::Request(id(21)), 4, at("2026-11-22T00:00:00Z"), EventKind::Rechecked, &[]);
    events.push(Event { status: Some(Status::Fulfilled), ..dismissed });
    let metrics = counted(1, events);
    assert_eq!(metrics.requests, Requests { reopened: 1, ..Requests::default() });
}

/// What Lacuna erased again after a backup was restored, found once more: no end of its own figures either.
#[test]
fn a_second_end_of_a_replay_is_no_second_replay() {
    let own = |mut event: Event| {
        if event.kind == EventKind::Accepted || event.kind == EventKind::Closed {
            event.detail.insert("erased_before_by".to_owned(), "req_1".to_owned());
        }
        event
    };
    let metrics = counted(1, erased_again().into_iter().map(own).collect());
    assert_eq!((metrics.replays, metrics.requests.ended_again), (Replays { ended: 1, received: 1 }, 1));
    assert_eq!(all(&metrics), [0; 6]);
}

/// It is in no row. What stopped it is counted beside the rows like that of every request, and the page says so.
#[test]
fn a_replay_that_was_held_is_among_those_that_were_held() {
    let replay = Life::new(11, "erasure", "EU", "2026-11-11T00:00:00Z", "2026-12-11T23:59:59Z")
        .with("erased_before_by", "req_1");
    let mut events = replay.events();
    for (n, kind, status) in [(2, EventKind::Held, Status::Held), (3, EventKind::Parked, Status::Parked)] {
        let event = event(About::Request(id(11)), n, at("2026-11-12T00:00:00Z"), kind, &[]);
        events.push(Event { status: Some(status), ..event });
    }
    let metrics = counted(1, events);
    assert_eq!((all(&metrics), metrics.replays), ([0; 6], Replays { ended: 0, received: 1 }));
    assert_eq!(metrics.requests, Requests { held: 1, parked: 1, ..Requests::default() });
    let page = page(&metrics, &Receipts::default());
    assert!(!page.contains("in no other figure"), "it is in that of what was held");
    let replays =
        "Erasures made again after a backup was restored (in none of the tables above)</td><td>1</td>";
    assert!(page.contains(replays) && page.contains("also an erasure that was made again after a backup"));
}
