//! Two officers accept that what some stores did not find is unproven.

use domain::access::Role;
use domain::event::EnterAt;
use domain::{Status, StoreId};
use serde_json::json;

use super::scenes::unproven;
use super::*;

fn officer(name: &str) -> Principal {
    Principal { sub: Personal::new(name), ..caller(Role::Officer) }
}

/// A request that is parked because its CRM is unproven.
async fn parked() -> (Front, RequestId, String) {
    let front = front();
    let id = front.submit(PERSON).await;
    front.change(&id, unproven).await;
    let path = format!("/v1/requests/{id}/acceptances");
    (front, id, path)
}

fn body() -> Value {
    json!({"risk": "unproven", "reason": "store-retired"})
}

#[tokio::test]
async fn the_second_of_two_officers_sets_the_request_going() {
    let (front, id, path) = parked().await;
    let before = front.request(&id);
    let first = front.post(&officer("one"), &path, &body()).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let after = front.request(&id);
    let stays = |request: &Request| (request.status, request.generation, request.progress_by);
    assert_eq!(
        stays(&after),
        stays(&before),
        "it waits for another officer, and is swept when it would have been"
    );
    let view = json_of(&front.post(&officer("two"), &path, &body()).await);
    assert_eq!(view["status"], "planning");
    assert_eq!(view["accepted_risks"].as_array().map(Vec::len), Some(2), "{view}");
    let request = front.request(&id);
    assert_eq!(request.generation, before.generation.next());
    assert_eq!(request.not_accepted(&request.unproven), []);
    let events = front.world.events_of(&tenant("demo"), &id);
    let accepted: Vec<_> = events.iter().filter(|e| e.kind == EventKind::RiskAccepted).collect();
    assert_eq!(accepted.iter().map(|e| e.wake).collect::<Vec<_>>(), [None, Some(EnterAt::Plan)]);
    for event in accepted {
        assert_eq!((event.why.as_deref(), event.detail["stores"].as_str()), (Some("store-retired"), "crm"));
        assert!(event.who.starts_with("officer:"), "{}", event.who);
    }
}

#[tokio::test]
async fn one_officer_is_not_two() {
    let (front, id, path) = parked().await;
    assert_eq!(front.post(&officer("one"), &path, &body()).await.status, 202);
    let before = front.request(&id);
    let again = front.post(&officer("one"), &path, &body()).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("a second officer, who is somebody else"), "{}", again.body);
    assert_eq!(front.request(&id), before);
}

/// What was accepted for one store is accepted again when another one is unproven as well.
#[tokio::test]
async fn an_acceptance_counts_for_the_stores_that_it_was_given_for() {
    let (front, id, path) = parked().await;
    assert_eq!(front.post(&officer("one"), &path, &body()).await.status, 202);
    let both: Vec<StoreId> = ["crm", "shop"].map(|store| store.parse().expect("a store")).into();
    front.change(&id, |draft| draft.request.unproven.clone_from(&both)).await;
    assert_eq!(json_of(&front.post(&officer("two"), &path, &body()).await)["status"], "parked");
    let request = front.request(&id);
    assert_eq!(request.not_accepted(&both), both[1..]);
    assert_eq!(json_of(&front.post(&officer("one"), &path, &body()).await)["status"], "planning");
    assert_eq!(front.request(&id).accepted_risks.len(), 2, "each officer once");
}

#[tokio::test]
async fn there_is_nothing_to_accept_unless_a_store_is_unproven() {
    let front = front();
    let id = front.submit(PERSON).await;
    let path = format!("/v1/requests/{id}/acceptances");
    let refused = async || front.post(&officer("one"), &path, &body()).await.status;
    assert_eq!(refused().await, 409);
    front.change(&id, super::scenes::parked).await;
    assert_eq!(refused().await, 409);
    assert_eq!(front.request(&id).status, Status::Parked);
    assert_eq!(front.request(&id).accepted_risks, []);
}

#[tokio::test]
async fn what_is_accepted_and_why_is_a_code() {
    let (front, _, path) = parked().await;
    for wrong in [
        json!({"risk": "residue", "reason": "store-retired"}),
        json!({"risk": "unproven", "reason": "Because I say so."}),
        json!({"risk": "unproven"}),
    ] {
        assert_eq!(front.post(&officer("one"), &path, &wrong).await.status, 400, "{wrong}");
    }
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Officer) {
        assert_eq!(front.post(&caller(role), &path, &body()).await.status, 403, "{role:?}");
    }
}

/// The person is told what is unproven, and not which officers took it on themselves.
#[tokio::test]
async fn the_person_does_not_see_who_accepted() {
    let (front, id, path) = parked().await;
    front.post(&officer("one"), &path, &body()).await;
    let view = json_of(&front.ask(&person(&[PERSON]), "GET", &format!("/v1/requests/{id}")).await);
    assert_eq!(view["unproven"], json!(["crm"]));
    assert_eq!(view.get("accepted_risks"), None, "{view}");
}

/// Nobody asks for the person whom every search must find.
#[tokio::test]
async fn a_control_person_is_nobody_to_submit_a_request_for() {
    let front = front();
    for (kind, value) in
        [("email", "control@lacuna.invalid"), ("email", "Control@Lacuna.invalid"), ("customer_id", "990001")]
    {
        let mut wanted = submission(PERSON);
        wanted["subject"]["identities"] =
            json!([{"type": "email", "value": PERSON}, {"type": kind, "value": value}]);
        let answer = front.post_with(&caller(Role::Backend), "/v1/requests", value, &wanted).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(json_of(&answer)["errors"][0]["at"], "/subject/identities/1/value");
        assert!(!answer.body.contains(value), "{}", answer.body);
    }
    let token = person(&["control@lacuna.invalid"]);
    let wanted = json!({"type": "erasure", "jurisdiction": "EU"});
    assert_eq!(front.post_with(&token, "/v1/requests", "t", &wanted).await.status, 403);
    assert_eq!(front.world.all_requests(), []);
}
