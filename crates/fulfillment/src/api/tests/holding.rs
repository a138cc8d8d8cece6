//! Holds, and the requests that they concern.

use domain::Status;
use domain::access::Role;
use domain::event::{EnterAt, EventKind};
use jiff::SignedDuration;
use serde_json::json;

use super::*;

async fn place(front: &Front, body: &Value) -> Answer {
    front.post(&caller(Role::Officer), "/v1/holds", body).await
}

async fn release(front: &Front, id: &str) -> Answer {
    front.ask(&caller(Role::Officer), "DELETE", &format!("/v1/holds/{id}")).await
}

fn hold_id(answer: &Answer) -> String {
    json_of(answer)["hold_id"].as_str().expect("an id").to_owned()
}

async fn pinned(front: &Front) -> RequestId {
    let id = front.submit(PERSON).await;
    front.pin(&id).await;
    id
}

#[tokio::test]
async fn a_hold_is_placed_with_its_event_and_wakes_the_request() {
    let front = front();
    let id = pinned(&front).await;
    let before = front.request(&id).generation;
    front.world.stream().drain();
    let answer = place(&front, &hold(" ANA.Silva@example.com ")).await;
    assert_eq!((answer.status, &json_of(&answer)["too_late_for"]), (201, &json!([])));
    assert!(!answer.body.contains("silva"), "the hold does not name the person");
    let events = front.world.stream().drain();
    assert_eq!((events[0].kind, events[0].n), (EventKind::HoldPlaced, 1));
    assert_eq!(events[0].why.as_deref(), Some("litigation"));
    assert!(events[0].who.starts_with("officer:"), "{}", events[0].who);
    assert_eq!((events[1].kind, events[1].wake), (EventKind::Resumed, Some(EnterAt::Plan)));
    assert_eq!(events[1].detail.get("hold"), Some(&hold_id(&answer)));
    assert_eq!(front.request(&id).generation, before.next());
}

#[tokio::test]
async fn it_says_which_stores_it_came_too_late_for() {
    let front = front();
    let id = pinned(&front).await;
    front
        .change(&id, |draft| {
            draft.tasks.extend([
                task(Operation::Locate, "crm", Tally::default()),
                task(Operation::Erase, "shop", Tally::default()),
            ]);
        })
        .await;
    let answer = place(&front, &hold(PERSON)).await;
    assert_eq!(json_of(&answer)["too_late_for"], json!(["shop"]));
    let list = front.ask(&caller(Role::Auditor), "GET", "/v1/holds").await;
    assert_eq!(json_of(&list)["items"][0]["too_late_for"], json!(["shop"]));
}

/// With a person's key goes what it sealed in a store that was not begun.
#[tokio::test]
async fn it_came_too_late_for_every_store_whose_keys_are_gone() {
    let front = front();
    let id = pinned(&front).await;
    front
        .change(&id, |draft| {
            draft.request.shredded = ["archive", "ledger"].map(|s| s.parse().expect("a store")).into();
            draft.tasks.push(task(Operation::Erase, "archive", Tally::default()));
        })
        .await;
    let answer = place(&front, &hold(PERSON)).await;
    assert_eq!(json_of(&answer)["too_late_for"], json!(["archive", "ledger"]));
}

#[tokio::test]
async fn a_hold_leaves_alone_what_has_ended_and_who_is_not_held() {
    let front = front();
    let other = front.submit("b@example.com").await;
    front.pin(&other).await;
    let ended = pinned(&front).await;
    for status in [Status::Checking, Status::Denied] {
        front.change(&ended, |draft| draft.request.status = status).await;
    }
    let before = (front.request(&other).events, front.request(&ended).events);
    assert_eq!(place(&front, &hold(PERSON)).await.status, 201);
    assert_eq!((front.request(&other).events, front.request(&ended).events), before);
}

#[tokio::test]
async fn what_a_hold_must_be() {
    let front = front();
    for (field, wrong, expect) in [
        ("reason", json!("Mr Example said so"), "/reason"),
        ("review_at", json!("2026-03-02T09:00:00Z"), "/review_at"),
        ("review_at", json!("2036-03-20T00:00:00Z"), "/review_at"),
        ("review_at", json!("one day"), "/review_at"),
        ("identity", json!({"type": "email", "value": "x"}), "/identity/value"),
        ("identity", json!({"type": "phone", "value": "x"}), "/identity/type"),
        ("identity", json!(PERSON), "/identity"),
    ] {
        let mut body = hold(PERSON);
        body[field] = wrong;
        let answer = place(&front, &body).await;
        assert_eq!((answer.status, places(&answer)), (400, vec![expect.to_owned()]), "{}", answer.body);
    }
    let listed = json_of(&front.ask(&caller(Role::Officer), "GET", "/v1/holds").await);
    assert_eq!(listed, json!({"items": []}));
}

#[tokio::test]
async fn a_second_hold_is_a_second_hold_and_the_same_key_is_the_same_hold() {
    let front = front();
    let who = caller(Role::Officer);
    let send = async |key: &str, body: &Value| front.post_with(&who, "/v1/holds", key, body).await;
    let first = send("k", &hold(PERSON)).await;
    front.world.fake_clock().advance(SignedDuration::from_mins(1));
    let again = send("k", &hold(PERSON)).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_ne!(hold_id(&send("l", &hold(PERSON)).await), hold_id(&first));
    assert_ne!(hold_id(&place(&front, &hold(PERSON)).await), hold_id(&first));
    assert_eq!(send("k", &hold("b@example.com")).await.status, 409);
    let listed = json_of(&front.ask(&who, "GET", "/v1/holds").await);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_released_hold_that_is_sent_again_is_not_placed_again() {
    let front = front();
    let who = caller(Role::Officer);
    let first = front.post_with(&who, "/v1/holds", "k", &hold(PERSON)).await;
    release(&front, &hold_id(&first)).await;
    let id = pinned(&front).await;
    let before = front.request(&id).events;
    let again = front.post_with(&who, "/v1/holds", "k", &hold(PERSON)).await;
    assert!(json_of(&again)["released_at"].is_string(), "{}", again.body);
    assert_eq!(front.request(&id).events, before);
}

#[tokio::test]
async fn releasing_wakes_what_is_held_and_twice_is_fine() {
    let front = front();
    let id = pinned(&front).await;
    let hold = hold_id(&place(&front, &hold(PERSON)).await);
    for status in [Status::Checking, Status::Held] {
        front.change(&id, |draft| draft.request.status = status).await;
    }
    let before = front.request(&id).generation;
    front.world.stream().drain();
    let answer = release(&front, &hold).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let events = front.world.stream().drain();
    assert_eq!((events[0].kind, events[0].n), (EventKind::HoldReleased, 2));
    assert_eq!((events[1].kind, events[1].wake), (EventKind::Resumed, Some(EnterAt::Plan)));
    assert_eq!(front.request(&id).generation, before.next());
    // A release whose wake was lost is made good by the next.
    assert_eq!(release(&front, &hold).await.status, 204);
    let events = front.world.stream().drain();
    assert_eq!(events.iter().map(|e| e.kind).collect::<Vec<_>>(), [EventKind::Resumed]);
}

#[tokio::test]
async fn releasing_wakes_what_may_be_about_to_be_held_and_leaves_the_rest_alone() {
    for (status, wakes) in [
        (Status::Planning, false),
        (Status::Checking, true),
        (Status::CoolingOff, false),
        (Status::Erasing, false),
        (Status::Parked, false),
    ] {
        let front = front();
        let id = pinned(&front).await;
        let hold = hold_id(&place(&front, &hold(PERSON)).await);
        if status != Status::Planning {
            front.change(&id, |draft| draft.request.status = Status::Checking).await;
            front.change(&id, |draft| draft.request.status = status).await;
        }
        let before = front.request(&id).generation;
        release(&front, &hold).await;
        assert_eq!(front.request(&id).generation != before, wakes, "{status}");
    }
}

#[tokio::test]
async fn holds_are_listed_page_by_page_newest_first() {
    let front = front();
    let mut placed = Vec::new();
    for n in 0..5 {
        placed.push(hold_id(&place(&front, &hold(&format!("p{n}@example.com"))).await));
        front.world.fake_clock().advance(SignedDuration::from_secs(1));
    }
    placed.reverse();
    let (mut listed, mut next) = (Vec::new(), String::new());
    loop {
        let page =
            json_of(&front.ask(&caller(Role::Admin), "GET", &format!("/v1/holds?limit=2{next}")).await);
        let items = page["items"].as_array().expect("a list").clone();
        listed.extend(items.iter().map(|i| i["hold_id"].as_str().expect("an id").to_owned()));
        match page.get("cursor") {
            Some(cursor) => next = format!("&cursor={}", cursor.as_str().expect("a cursor")),
            None => break,
        }
    }
    assert_eq!(listed, placed);
}
