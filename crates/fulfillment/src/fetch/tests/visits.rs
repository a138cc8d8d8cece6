//! From where packages were fetched.

use super::*;
use testkit::inject::{Plan, Point};

async fn items(door: &Door, id: &RequestId) -> Value {
    let answer = door.downloads(&caller(Role::Officer), id).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    json_of(&answer)["items"].clone()
}

#[tokio::test]
async fn an_officer_reads_from_where_packages_were_fetched_for_thirty_days() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let code = door.code(&id).await;
    door.fetch(&person(&[PERSON]), &id).await;
    door.advance(SignedDuration::from_hours(1));
    door.enter(&id, &code).await;
    let first =
        json!({"link": 1, "at": "2026-03-02T09:00:00Z", "address": "203.0.113.7", "client": "curl/8.5.0"});
    let second =
        json!({"link": 2, "at": "2026-03-02T10:00:00Z", "address": "198.51.100.9", "client": "curl/8.5.0"});
    assert_eq!(items(&door, &id).await, json!([first, second]));
    door.advance(SignedDuration::from_hours(30 * 24 - 1));
    assert_eq!(items(&door, &id).await, json!([second]), "thirty days");
    door.advance(SignedDuration::from_hours(1));
    assert_eq!(items(&door, &id).await, json!([]));
}

#[tokio::test]
async fn what_is_kept_is_sealed_and_for_one_link_of_one_request() {
    let door = door();
    let (id, other) = (door.ready(PERSON, 1).await, door.ready("b@example.com", 1).await);
    door.fetch(&person(&[PERSON]), &id).await;
    let now = door.ports.clock.now();
    let kept = door.ports.visits.kept(&tenant("demo"), &id, now).await.expect("visits");
    let (number, sealed) = kept.into_iter().next().expect("a visit");
    for plain in ["203.0.113.7", "curl"] {
        assert!(!sealed.windows(plain.len()).any(|window| window == plain.as_bytes()));
    }
    // Put beside another request, it does not open.
    let until = now.checked_add(OPEN_FOR).expect("later");
    door.ports.visits.keep(&tenant("demo"), &other, number, sealed, until).await.expect("kept");
    assert_eq!(door.downloads(&caller(Role::Officer), &other).await.status, 503);
}

#[tokio::test]
async fn that_somebody_read_it_is_in_the_audit_before_it_is_answered() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let progress_by = door.front.request(&id).progress_by;
    door.front.world.injector().arm(Plan::nth(Point::VisitsKept, 0));
    assert_eq!(door.downloads(&caller(Role::Officer), &id).await.status, 503);
    assert_eq!(door.events(&id, EventKind::VisitsRead).len(), 1);
    door.front.world.injector().arm(Plan::nth(Point::RequestsCommit, 0));
    let answer = door.downloads(&caller(Role::Admin), &id).await;
    assert_eq!((answer.status, answer.body.contains("items")), (503, false));
    assert_eq!(door.downloads(&caller(Role::Admin), &id).await.status, 200);
    let events = door.events(&id, EventKind::VisitsRead);
    assert!(events.len() == 2 && events[1].who.starts_with("admin:"), "{events:?}");
    assert_eq!(door.front.request(&id).progress_by, progress_by);
}

#[tokio::test]
async fn it_is_read_of_ended_requests_too_and_of_no_other_tenants() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    door.fetch(&person(&[PERSON]), &id).await;
    door.front.change(&id, |draft| draft.request.status = Status::Fulfilled).await;
    assert_eq!(items(&door, &id).await.as_array().map(Vec::len), Some(1));
    assert_eq!(door.front.request(&id).status, Status::Fulfilled);
    let there = Principal { tenant: tenant("other"), ..caller(Role::Officer) };
    assert_eq!(door.downloads(&there, &id).await.status, 404);
    for role in [Role::Backend, Role::Subject, Role::Owner, Role::Auditor] {
        assert_eq!(door.downloads(&Principal { role, ..person(&[PERSON]) }, &id).await.status, 403);
    }
}

#[tokio::test]
async fn what_a_client_says_is_kept_only_so_far() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let wordy = Visitor { address: Personal::new("::1"), client: Personal::new("ü".repeat(10_000)) };
    let call = call(&person(&[PERSON]), "GET", &format!("/v1/requests/{id}/export"));
    assert_eq!(answer(&door.ports, &call, &wordy).await.status, 303);
    let client = items(&door, &id).await[0]["client"].as_str().expect("a text").chars().count();
    assert_eq!(client, 512);
}
