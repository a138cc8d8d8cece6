//! Cancelling, verifying, resuming.

use domain::Status;
use domain::access::Role;
use domain::event::{EnterAt, EventKind};
use domain::recheck::Stage;
use domain::request::Parked;
use jiff::SignedDuration;
use serde_json::json;

use super::*;

async fn cancel(front: &Front, id: &RequestId) -> Answer {
    front.ask(&caller(Role::Backend), "DELETE", &format!("/v1/requests/{id}")).await
}

async fn verify(front: &Front, id: &RequestId, body: &Value) -> Answer {
    front.post(&caller(Role::Officer), &format!("/v1/requests/{id}/verification"), body).await
}

async fn resume(front: &Front, id: &RequestId) -> Answer {
    front.ask(&caller(Role::Owner), "POST", &format!("/v1/requests/{id}/resume")).await
}

async fn unverified_request(front: &Front) -> RequestId {
    let who = caller(Role::Backend);
    id_of(&front.post_with(&who, "/v1/requests", "k", &unverified(PERSON)).await)
}

/// The kind and the wake of the last event, and who did it.
fn last_event(front: &Front, id: &RequestId) -> (EventKind, Option<EnterAt>, String) {
    let events = front.world.events_of(&tenant("demo"), id);
    let last = events.last().expect("an event");
    (last.kind, last.wake, last.who.clone())
}

#[tokio::test]
async fn cancelling_hands_the_request_to_a_new_execution_and_twice_is_once() {
    let front = front();
    let id = front.submit(PERSON).await;
    let before = front.request(&id).generation;
    let first = cancel(&front, &id).await;
    assert_eq!((first.status, &json_of(&first)["cancelling"]), (202, &json!(true)));
    let request = front.request(&id);
    assert!(request.cancel_requested);
    assert_eq!(request.generation, before.next());
    let (kind, wake, who) = last_event(&front, &id);
    assert_eq!((kind, wake), (EventKind::CancelRequested, Some(EnterAt::Plan)));
    assert!(who.starts_with("backend:"), "{who}");
    let second = cancel(&front, &id).await;
    assert_eq!((second.status, second.body), (202, first.body));
    assert_eq!(front.request(&id).events, request.events);
}

#[tokio::test]
async fn one_that_waits_for_its_verification_can_be_cancelled() {
    let front = front();
    let id = unverified_request(&front).await;
    assert_eq!(cancel(&front, &id).await.status, 202);
    let answer = verify(&front, &id, &verification()).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("being cancelled"), "{}", answer.body);
}

#[tokio::test]
async fn after_erasing_has_begun_and_after_the_end_it_is_too_late_to_cancel() {
    let front = front();
    let id = front.submit(PERSON).await;
    front.pin(&id).await;
    front
        .change(&id, |draft| {
            draft.request.status = Status::Checking;
            draft.request.erasing_begun = true;
        })
        .await;
    let answer = cancel(&front, &id).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("erasing has begun"), "{}", answer.body);
    for status in [Status::Confirming, Status::Fulfilled] {
        front.change(&id, |draft| draft.request.status = status).await;
    }
    let answer = cancel(&front, &id).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("ended as fulfilled"), "{}", answer.body);
    assert!(!front.request(&id).cancel_requested);
}

/// Who was found again, how far it is since, and what whoever wants that taken back is told: the company what can be done,
/// the person what becomes of their data.
#[tokio::test]
async fn whoever_wants_what_was_found_again_taken_back_is_told_what_is_so() {
    let reason = json!({"reason": "came-back-by-themselves"});
    let check = async |stage: Stage, stops: bool, company: &str, own: &str| {
        let front = front();
        let id = front.submit(PERSON).await;
        front.pin(&id).await;
        front.change(&id, scenes::found_again).await;
        let is_begun = stage == Stage::Erasing;
        let reached = |draft: &mut Draft| {
            draft.request.status = match (stops, is_begun) {
                (true, _) => Status::Parked,
                (false, false) => Status::Reopened,
                (false, true) => Status::Planning,
            };
            draft.request.not_begun_again = is_begun;
            draft.request.recheck.iter_mut().for_each(|recheck| recheck.stage = stage);
            draft.request.parked.take_if(|_| !stops);
        };
        front.change(&id, reached).await;
        let target = format!("/v1/requests/{id}");
        for (who, expect) in [(caller(Role::Officer), company), (person(&[PERSON]), own)] {
            let answer = front.ask(&who, "DELETE", &target).await;
            assert_eq!(answer.status, 409, "{stage:?}");
            assert!(answer.body.contains(expect), "{stage:?}: {}", answer.body);
            let is_theirs = answer.body.contains("/dismiss") || answer.body.contains("officer");
            assert!(expect == company || !is_theirs, "{stage:?}: {}", answer.body);
        }
        let answer = front.post(&caller(Role::Officer), &format!("{target}/dismiss"), &reason).await;
        let may_be_left = stage == Stage::Found || stops;
        assert_eq!(answer.status, if may_be_left { 202 } else { 409 }, "{stage:?}: {}", answer.body);
        assert!(may_be_left || answer.body.contains(company), "{stage:?}: {}", answer.body);
    };
    let own = "is to be erased as well";
    check(Stage::Found, true, "/dismiss` leaves them as they are", "is being looked at").await;
    check(Stage::Again, true, "could not be carried out; `POST /v1/requests/{id}/dismiss`", own).await;
    check(Stage::Again, false, "the stores are being read for that", own).await;
    check(Stage::Erasing, false, "nothing of it is begun yet", own).await;
}

#[tokio::test]
async fn cancelling_what_was_cancelled_is_fine() {
    let front = front();
    let id = front.submit(PERSON).await;
    cancel(&front, &id).await;
    front.change(&id, |draft| draft.request.status = Status::Cancelled).await;
    let answer = cancel(&front, &id).await;
    assert_eq!((answer.status, &json_of(&answer)["status"]), (202, &json!("cancelled")));
    assert!(json_of(&answer).get("cancelling").is_none(), "it is over");
}

#[tokio::test]
async fn a_verification_starts_the_request_and_the_same_again_changes_nothing() {
    let front = front();
    let id = unverified_request(&front).await;
    let answer = verify(&front, &id, &verification()).await;
    assert_eq!((answer.status, &json_of(&answer)["status"]), (202, &json!("accepted")));
    let request = front.request(&id);
    assert_eq!(request.verification.as_ref().map(|v| v.method.as_str()), Some("session"));
    assert!(request.progress_by.is_some());
    let (kind, wake, who) = last_event(&front, &id);
    assert_eq!((kind, wake), (EventKind::Verified, Some(EnterAt::Plan)));
    assert!(who.starts_with("officer:"), "{who}");
    // A repetition that comes late is still the same.
    front.world.fake_clock().advance(SignedDuration::from_hours(48));
    assert_eq!(verify(&front, &id, &verification()).await.status, 202);
    assert_eq!(front.request(&id).events, request.events);
}

#[tokio::test]
async fn another_verification_comes_too_late() {
    let front = front();
    let id = unverified_request(&front).await;
    verify(&front, &id, &verification()).await;
    let mut other = verification();
    other["reference"] = json!("another");
    let answer = verify(&front, &id, &other).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("already"), "{}", answer.body);
    other["at"] = json!("2026-02-01T00:00:00Z");
    let answer = verify(&front, &id, &other).await;
    assert_eq!((answer.status, places(&answer)), (400, vec!["/at".to_owned()]));
}

#[tokio::test]
async fn resuming_enters_where_the_request_was_parked_and_begins_the_waits_anew() {
    let front = front();
    let id = front.submit(PERSON).await;
    front
        .change(&id, |draft| {
            draft.request.status = Status::Parked;
            draft.request.attempts = 7;
            draft.request.progress_by = None;
            draft.request.parked = Some(Parked {
                enter_at: EnterAt::CloseRequest,
                state: "CloseRequest".into(),
                store: None,
                code: "key-unavailable".into(),
                detail: "Lacuna.Permanent: key-unavailable".into(),
                transient: false,
            });
        })
        .await;
    let before = front.request(&id).generation;
    let answer = resume(&front, &id).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert!(json_of(&answer).get("parked").is_none(), "it is tried again");
    let request = front.request(&id);
    assert_eq!((request.generation, request.attempts), (before.next(), 0));
    let (kind, wake, who) = last_event(&front, &id);
    assert_eq!((kind, wake), (EventKind::Resumed, Some(EnterAt::CloseRequest)));
    assert!(who.starts_with("owner:"), "{who}");
}

#[tokio::test]
async fn what_is_not_parked_says_what_it_does_instead() {
    let front = front();
    let id = unverified_request(&front).await;
    for (status, expect) in [
        (Status::AwaitingVerification, "/verification"),
        (Status::Accepted, "about to start"),
        (Status::Planning, "being located"),
        (Status::Checking, "being asked"),
        (Status::Held, "not now"),
        (Status::Checking, "being asked"),
        (Status::CoolingOff, "cooling_off_until"),
        (Status::Cancelled, "ended as cancelled"),
    ] {
        front.change(&id, |draft| draft.request.status = status).await;
        let events = front.request(&id).events;
        let answer = resume(&front, &id).await;
        assert_eq!(answer.status, 409);
        assert!(answer.body.contains(expect), "{status}: {}", answer.body);
        assert_eq!(front.request(&id).events, events);
    }
}
