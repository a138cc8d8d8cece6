//! Nobody says what was found, or what they said cannot be carried out: what a person is known by is not kept without end.

use domain::recheck::MOST_PAGES;

use super::judging::found_again;
use super::*;

/// Lets weeks go by, until nothing is left to do.
async fn until_it_is_left(stage: &Stage, id: &RequestId) {
    for _ in 0..500 {
        if stage.request(id).progress_by.is_none() {
            return;
        }
        when_due(stage, id).await;
    }
    panic!("it is kept without end: {:?}", stage.request(id));
}

fn assert_left(stage: &Stage, id: &RequestId) {
    let request = stage.request(id);
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Dismissed)));
    assert_eq!((request.progress_by, request.parked), (None, None));
    assert!(!is_left(stage, id));
    let events = stage.world.events_of(&stage.tenant, id);
    let dismissed = events.iter().find(|event| event.kind == EventKind::Dismissed).expect("an event");
    assert_eq!((dismissed.who.as_str(), dismissed.why.as_deref()), ("step:recheck", Some("not-judged")));
    let last = SignedDuration::from_hours(i64::from(MOST_PAGES) * 7 * 24);
    let reopened = events.iter().find(|event| event.kind == EventKind::Reopened).expect("an event");
    let took = dismissed.at.duration_since(reopened.at);
    assert!(took >= last && took < last + SignedDuration::from_hours(25), "{took}");
}

#[tokio::test]
async fn while_nobody_says_what_was_found_the_owners_are_paged_each_week_and_in_the_end_it_is_left() {
    let stage = company();
    let id = found_again(&stage).await;
    let before = shop::everything(&stage.world, &stage.tenant);
    let began = stage.world.clock().now();
    for week in 1..MOST_PAGES {
        assert_eq!(stage.world.paged().len(), week as usize);
        let request = when_due(&stage, &id).await;
        assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("person-found-again"));
        let days = stage.world.clock().now().duration_since(began).as_hours() / 24;
        assert_eq!(days, i64::from(week) * 7);
    }
    until_it_is_left(&stage, &id).await;
    assert_left(&stage, &id);
    let mut ids: Vec<String> = stage.world.paged().into_iter().map(|page| page.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), MOST_PAGES as usize, "each is another page");
    assert!(shop::everything(&stage.world, &stage.tenant) == before);
}

/// The paper is lost when an officer has said that it is to go.
async fn cannot_be_erased_again(stage: &Stage) -> RequestId {
    let id = found_again(stage).await;
    for key in stage.world.staged() {
        stage.world.staging().delete_all(&key).await.expect("gone");
    }
    assert_eq!(ask(stage, &id, Role::Officer, "erase").await, 202);
    assert_eq!(ask(stage, &id, Role::Officer, "dismiss").await, 409, "it is being carried out");
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, reached(&request)), (Status::Parked, Some(Reached::Again)));
    assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("plan-unreadable"));
    id
}

#[tokio::test]
async fn what_cannot_be_erased_again_is_tried_when_somebody_says_so_and_can_be_dismissed() {
    let stage = company();
    let id = cannot_be_erased_again(&stage).await;
    for role in [Role::Officer, Role::Owner] {
        assert_eq!(ask(&stage, &id, role, "resume").await, 202, "the officer's word is given");
        stage.play().await;
        assert_eq!(stage.request(&id).status, Status::Parked);
    }
    assert_eq!(ask(&stage, &id, Role::Owner, "dismiss").await, 403);
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 202);
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Dismissed)));
    assert_eq!((request.progress_by, &request.parked), (salt_until(&request), &None));
    assert!(!is_left(&stage, &id));
}

#[tokio::test]
async fn what_cannot_be_erased_again_is_tried_for_some_weeks_and_then_left() {
    let stage = company();
    let id = cannot_be_erased_again(&stage).await;
    until_it_is_left(&stage, &id).await;
    assert_left(&stage, &id);
}
