//! One test for each reason to refuse a change.

use domain::{Generation, Status};
use ports::{Class, Refused};

use super::{change, hold, new_request, remembered, subject, tenant, with_request};

#[tokio::test]
async fn another_generation_is_stale() {
    let (world, request) = with_request(vec![subject(1)]).await;
    let mut woken = change(&request);
    woken.request.generation = Generation(2);
    world.requests().commit(&woken).await.expect("woken");
    let mut late = change(&woken.request);
    late.expected = Generation::FIRST;
    assert_eq!(world.requests().commit(&late).await, Err(Refused::Stale));
    assert_eq!(world.request(&tenant(), &request.id), Some(woken.request));
}

#[tokio::test]
async fn another_writer_s_event_is_a_conflict() {
    let (world, request) = with_request(vec![subject(1)]).await;
    let first = change(&request);
    world.requests().commit(&first).await.expect("committed");
    let mut second = change(&request);
    second.event.why = Some("other".into());
    assert_eq!(world.requests().commit(&second).await, Err(Refused::Conflict));
    assert_eq!(world.events_of(&tenant(), &request.id).len(), 2);
    let mut unknown = change(&new_request(9, vec![]).request);
    unknown.request.status = Status::Accepted;
    assert_eq!(world.requests().commit(&unknown).await, Err(Refused::Conflict));
}

#[tokio::test]
async fn a_standing_hold_refuses_and_a_released_one_does_not() {
    let (world, request) = with_request(vec![subject(1)]).await;
    let (mut placed, event) = hold(1, subject(7));
    world.holds().place(&placed, &event).await.expect("placed");
    let mut guarded = change(&request);
    guarded.unless_held = vec![subject(6), subject(7)];
    assert_eq!(world.requests().commit(&guarded).await, Err(Refused::Held));
    placed.released_at = Some(event.at);
    let mut released = event.clone();
    released.n = 2;
    assert_eq!(world.holds().release(&placed, &released).await, Ok(true));
    assert_eq!(world.requests().commit(&guarded).await, Ok(()));
}

#[tokio::test]
async fn another_s_lock_refuses_all_of_the_change() {
    let (world, first) = with_request(vec![subject(1)]).await;
    let second = new_request(2, vec![subject(2)]);
    world.requests().create(&second).await.expect("created");
    let mut locks = change(&first);
    locks.lock = vec![subject(3)];
    world.requests().commit(&locks).await.expect("locked");

    let mut late = change(&second.request);
    late.lock = vec![subject(4), subject(3)];
    assert_eq!(world.requests().commit(&late).await, Err(Refused::Locked(subject(3))));
    let free = world.requests().lock_owner(&tenant(), &subject(4)).await;
    assert_eq!(free, Ok(None));

    let mut again = change(&locks.request);
    again.lock = vec![subject(3)];
    assert_eq!(world.requests().commit(&again).await, Ok(()), "its own lock");
}

#[tokio::test]
async fn waiting_ends_with_the_lock_and_the_oldest_request_is_first() {
    let (world, owner) = with_request(vec![subject(1)]).await;
    let requests = world.requests();
    let mut locks = change(&owner);
    locks.lock = vec![subject(3)];
    requests.commit(&locks).await.expect("locked");
    let mut waiters = Vec::new();
    for n in [5, 4] {
        let new = new_request(n, vec![subject(u8::try_from(n).expect("small"))]);
        requests.create(&new).await.expect("created");
        let mut waits = change(&new.request);
        waits.wait_for = Some(subject(3));
        requests.commit(&waits).await.expect("queued");
        waiters.push(waits.request);
    }
    let mut ids: Vec<_> = waiters.iter().map(|r| r.id.clone()).collect();
    ids.sort();
    assert_eq!(requests.waiters(&tenant(), &subject(3)).await, Ok(ids.clone()));

    let mut itself = change(&locks.request);
    itself.wait_for = Some(subject(3));
    assert_eq!(requests.commit(&itself).await, Err(Refused::Conflict));

    let mut unlocks = change(&locks.request);
    unlocks.unlock = vec![subject(3)];
    requests.commit(&unlocks).await.expect("unlocked");
    assert!(world.locks_of(&tenant(), &owner.id).is_empty());
    let mut late = change(&waiters[0]);
    late.wait_for = Some(subject(3));
    assert_eq!(requests.commit(&late).await, Err(Refused::Conflict));

    for _ in 0..2 {
        requests.stop_waiting(&tenant(), &[subject(3), subject(9)], &ids[0]).await.expect("out");
    }
    assert_eq!(requests.waiters(&tenant(), &subject(3)).await, Ok(vec![ids[1].clone()]));
}

#[tokio::test]
async fn one_person_has_one_open_request_of_a_type() {
    let (world, first) = with_request(vec![subject(1), subject(2)]).await;
    let requests = world.requests();
    let second = new_request(2, vec![subject(3), subject(2)]);
    assert_eq!(requests.create(&second).await, Err(Refused::Open(first.id.clone())));
    let open = requests.open_requests(&tenant(), first.kind, &[subject(3), subject(2)]).await;
    assert_eq!(open, Ok(vec![first.id.clone()]));

    let mut locks = change(&first);
    locks.lock = vec![subject(1)];
    requests.commit(&locks).await.expect("locked");
    let mut closes = change(&locks.request);
    closes.unlock = vec![subject(1)];
    closes.request.status = Status::Cancelled;
    requests.commit(&closes).await.expect("closed");
    assert!(world.open_markers_of(&tenant(), &first.id).is_empty());
    assert_eq!(requests.create(&second).await, Ok(()));
}

#[tokio::test]
async fn a_request_that_ends_without_locks_is_not_open_any_more() {
    let (world, request) = with_request(vec![subject(1)]).await;
    let mut ends = change(&request);
    ends.request.status = Status::Cancelled;
    world.requests().commit(&ends).await.expect("cancelled");
    assert!(world.open_markers_of(&tenant(), &request.id).is_empty());
}

#[tokio::test]
async fn a_used_key_is_remembered_until_it_expires() {
    let (world, _) = with_request(vec![subject(1)]).await;
    let requests = world.requests();
    let answer = remembered(1, "first");
    requests.remember(&tenant(), &answer).await.expect("kept");
    assert_eq!(requests.remember(&tenant(), &remembered(1, "other")).await, Err(Refused::Remembered));
    // The key goes before the open request: its answer says which request that is.
    let mut new = new_request(2, vec![subject(1)]);
    new.remember = Some(remembered(1, "other"));
    assert_eq!(requests.create(&new).await, Err(Refused::Remembered));

    let now = world.clock().now();
    let kept = requests.remembered(&tenant(), &answer.key, now).await;
    assert_eq!(kept, Ok(Some(answer.clone())));
    world.fake_clock().advance_to(answer.expires_at);
    let late = requests.remembered(&tenant(), &answer.key, answer.expires_at).await;
    assert_eq!(late, Ok(None));
    let mut fresh = remembered(1, "other");
    fresh.expires_at += jiff::SignedDuration::from_hours(24);
    assert_eq!(requests.remember(&tenant(), &fresh).await, Ok(()));
}

#[tokio::test]
async fn what_contradicts_itself_is_a_permanent_fault() {
    let (world, request) = with_request(vec![subject(1)]).await;
    let permanent = |answer: Result<(), Refused>| matches!(answer, Err(Refused::Fault(fault)) if fault.class == Class::Permanent);
    let mut illegal = change(&request);
    illegal.request.status = Status::Fulfilled;
    assert!(permanent(world.requests().commit(&illegal).await));
    let mut miscounted = change(&request);
    miscounted.event.n = 7;
    assert!(permanent(world.requests().commit(&miscounted).await));
    let mut doubled = change(&request);
    doubled.lock = vec![subject(3)];
    doubled.unlock = vec![subject(3)];
    assert!(permanent(world.requests().commit(&doubled).await));
    let mut too_large = change(&request);
    too_large.lock = (0..60).map(subject).collect();
    too_large.unless_held = too_large.lock.clone();
    assert!(permanent(world.requests().commit(&too_large).await));
    assert_eq!(world.stream().history().len(), 1);
}
