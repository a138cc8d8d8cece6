//! Taking requests in.

use domain::access::Role;
use domain::event::{EnterAt, EventKind};
use domain::{Generation, Status};
use ports::KeyScope;
use serde_json::json;

use super::*;
use crate::papers::Papers;

async fn submit_as(front: &Front, who: &Principal, key: &str, body: &Value) -> Answer {
    front.post_with(who, "/v1/requests", key, body).await
}

#[tokio::test]
async fn a_verified_request_is_accepted_and_starts() {
    let front = front();
    let answer = submit_as(&front, &caller(Role::Backend), "k-1", &submission(PERSON)).await;
    assert_eq!(answer.status, 202);
    let id = id_of(&answer);
    let request = front.request(&id);
    assert_eq!(
        (request.status, request.generation, request.events),
        (Status::Accepted, Generation::FIRST, 1)
    );
    assert_eq!(request.progress_by.map(|at| at.to_string()).as_deref(), Some("2026-03-02T09:15:00Z"));
    assert_eq!(request.catalog_version, front.ports.catalogs.current());
    assert_eq!(request.verification.as_ref().map(|v| v.method.as_str()), Some("session"));
    let events = front.world.events_of(&tenant("demo"), &id);
    assert_eq!((events[0].kind, events[0].n, events[0].wake), (EventKind::Accepted, 1, Some(EnterAt::Plan)));
    assert!(events[0].who.starts_with("backend:"), "{}", events[0].who);
    let body = json_of(&answer);
    assert_eq!(body["status_url"], format!("/v1/requests/{id}"));
    assert_eq!(body["due_by"], "2026-04-02T23:59:59Z");
    assert!(body.get("duplicate").is_none());
}

#[tokio::test]
async fn what_was_given_is_sealed_under_the_requests_own_key() {
    let front = front();
    let body = json!({
        "type": "erasure",
        "subject": {"identities": [
            {"type": "email", "value": " Ana.Silva@Example.com "},
            {"type": "email", "value": PERSON},
            {"type": "customer_id", "value": "7"},
        ]},
        "jurisdiction": "UK",
    });
    let id = id_of(&submit_as(&front, &caller(Role::Backend), "k", &body).await);
    let request = front.request(&id);
    assert_eq!(request.subject.len(), 2, "the same identity twice is one");
    assert!(front.world.keys().contains(&KeyScope::Plan(tenant("demo"), id.clone())));
    let papers = Papers {
        keyring: &*front.ports.keyring,
        staging: &*front.ports.staging,
        entropy: &*front.ports.entropy,
    };
    let run = contract::step::Run { tenant: tenant("demo"), request_id: id, generation: Generation::FIRST };
    let given =
        papers.open(&run).await.expect("papers").subject(&request).await.expect("a subject").identities;
    // Who it is counts once; how it was written is kept, to be looked for too.
    let written = identity("email", "Ana.Silva@Example.com");
    assert_eq!(given, [identity("customer_id", "7"), identity("email", PERSON), written]);
}

#[tokio::test]
async fn without_verification_a_request_waits_for_it() {
    let front = front();
    let id = id_of(&submit_as(&front, &caller(Role::Admin), "k", &unverified(PERSON)).await);
    let request = front.request(&id);
    assert_eq!(request.status, Status::AwaitingVerification);
    let until = request.progress_by.expect("an end").duration_since(request.received_at);
    assert_eq!(until, jiff::SignedDuration::from_hours(85 * 24));
    assert_eq!(front.world.events_of(&tenant("demo"), &id)[0].wake, None);
}

#[tokio::test]
async fn a_subject_is_whom_the_token_names() {
    let front = front();
    let me = person(&[PERSON]);
    let answer = submit_as(&front, &me, "k", &json!({"type": "erasure", "jurisdiction": "EU"})).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let request = front.request(&id_of(&answer));
    assert_eq!(request.status, Status::Accepted);
    assert_eq!(request.verification.as_ref().map(|v| v.method.as_str()), Some("token"));
    let by_backend = submit_as(&front, &caller(Role::Backend), "k", &submission(PERSON)).await;
    assert_eq!(id_of(&by_backend), request.id, "the same person");
}

#[tokio::test]
async fn a_subject_cannot_say_who_they_are_nor_how_they_were_verified() {
    let front = front();
    let answer = submit_as(&front, &person(&[PERSON]), "k", &submission("somebody.else@example.com")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(places(&answer), ["/subject", "/verification"]);
    assert!(answer.body.contains("leave this out"));
    assert!(front.world.all_requests().is_empty());
}

#[tokio::test]
async fn a_token_without_an_identity_that_the_catalog_knows_asks_for_nothing() {
    let front = front();
    let ask = json!({"type": "erasure", "jurisdiction": "EU"});
    let nobody = Principal { identities: vec![identity("phone", "+49 30 1234")], ..person(&[]) };
    assert_eq!(submit_as(&front, &nobody, "k", &ask).await.status, 403);
    let both =
        Principal { identities: vec![identity("phone", "+49 30 1234"), identity("email", PERSON)], ..nobody };
    let answer = submit_as(&front, &both, "k", &ask).await;
    assert_eq!(front.request(&id_of(&answer)).subject.len(), 1);
}

#[tokio::test]
async fn the_same_key_and_body_are_the_same_answer_and_another_body_is_refused() {
    let front = front();
    let who = caller(Role::Backend);
    let first = submit_as(&front, &who, "k-1", &submission(PERSON)).await;
    front.change(&id_of(&first), |draft| draft.request.status = Status::Planning).await;
    // A day later its verification would be too old, and the request has moved on.
    front.world.fake_clock().advance(jiff::SignedDuration::from_hours(30));
    let mut spaced = with_key(&who, "/v1/requests", "k-1", &submission(PERSON));
    spaced.body = serde_json::to_vec_pretty(&submission(PERSON)).expect("JSON");
    for again in [submit_as(&front, &who, "k-1", &submission(PERSON)).await, front.send(&spaced).await] {
        assert_eq!((again.status, &again.body), (first.status, &first.body));
    }
    let other = submit_as(&front, &who, "k-1", &submission("b@example.com")).await;
    assert_eq!(other.status, 409);
    assert_eq!(json_of(&other)["type"], "urn:lacuna:problem:idempotency-key-reused");
    assert_eq!(front.world.all_requests().len(), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_week_and_the_open_request_is_found_instead() {
    let front = front();
    let who = caller(Role::Backend);
    let first = submit_as(&front, &who, "k", &unverified(PERSON)).await;
    front.world.fake_clock().advance(jiff::SignedDuration::from_hours(7 * 24));
    let again = submit_as(&front, &who, "k", &unverified(PERSON)).await;
    assert_eq!((again.status, id_of(&again)), (200, id_of(&first)));
}

#[tokio::test]
async fn a_key_is_one_callers_own() {
    let front = front();
    let ask = json!({"type": "erasure", "jurisdiction": "EU"});
    let a = submit_as(&front, &person(&["a@example.com"]), "1", &ask).await;
    let b = submit_as(&front, &person(&["b@example.com"]), "1", &ask).await;
    assert_eq!((a.status, b.status), (202, 202));
    assert_ne!(id_of(&a), id_of(&b));
}

/// Asks for the person, by their address and by a number that only they have.
fn wider() -> serde_json::Value {
    let mut body = submission(PERSON);
    let more = json!({"type": "customer_id", "value": "7"});
    body["subject"]["identities"].as_array_mut().expect("a list").push(more);
    body
}

#[tokio::test]
async fn an_open_request_for_the_same_person_is_answered_instead_of_a_second() {
    let front = front();
    let who = caller(Role::Backend);
    let first = id_of(&submit_as(&front, &who, "k-1", &wider()).await);
    let narrower = submission(PERSON);
    let second = submit_as(&front, &who, "k-2", &narrower).await;
    assert_eq!((second.status, id_of(&second)), (200, first.clone()));
    assert_eq!(json_of(&second)["duplicate"], true);
    // The key remembers that answer, even after the request has moved on.
    front.change(&first, |draft| draft.request.status = Status::Planning).await;
    let again = submit_as(&front, &who, "k-2", &narrower).await;
    assert_eq!((again.status, again.body), (200, second.body));
    assert_eq!(front.world.all_requests().len(), 1);
    assert_eq!(front.world.staged().len(), 1);
}

#[tokio::test]
async fn an_identity_that_no_open_request_looks_for_is_not_lost_in_a_duplicate() {
    let front = front();
    let who = caller(Role::Backend);
    let first = id_of(&submit_as(&front, &who, "k-1", &submission(PERSON)).await);
    let second = submit_as(&front, &who, "k-2", &wider()).await;
    assert_eq!(second.status, 202);
    assert_ne!(id_of(&second), first);
    assert_eq!(front.request(&id_of(&second)).subject.len(), 2);
    // From here on the wider one is the person's.
    let third = submit_as(&front, &who, "k-3", &submission(PERSON)).await;
    assert_eq!((third.status, id_of(&third)), (200, id_of(&second)));
    let again = submit_as(&front, &who, "k-4", &wider()).await;
    assert_eq!((again.status, id_of(&again)), (200, id_of(&second)));
}

#[tokio::test]
async fn who_is_verified_does_not_wait_for_a_wider_request_that_is_not() {
    let front = front();
    let who = caller(Role::Backend);
    let mut unverified = wider();
    unverified.as_object_mut().expect("an object").remove("verification");
    let first = id_of(&submit_as(&front, &who, "k-1", &unverified).await);
    let second = submit_as(&front, &who, "k-2", &submission(PERSON)).await;
    assert_eq!((second.status, json_of(&second)["status"].as_str()), (202, Some("accepted")));
    assert_ne!(id_of(&second), first);
    // Whoever verifies all of it verifies that request.
    let third = submit_as(&front, &caller(Role::Backend), "k-3", &wider()).await;
    assert_eq!((third.status, id_of(&third)), (200, first));
    assert_eq!(json_of(&third)["status"], "accepted");
}

#[tokio::test]
async fn a_request_that_is_being_withdrawn_is_nobodys_answer() {
    let front = front();
    let who = caller(Role::Backend);
    for give_up in [(|draft| draft.request.cancel_requested = true) as fn(&mut crate::Draft), |draft| {
        draft.request.denied = Some("fraud".to_owned());
    }] {
        let person = format!("{}@example.com", front.world.all_requests().len());
        let first = id_of(&submit_as(&front, &who, &format!("{person}-1"), &submission(&person)).await);
        front.change(&first, give_up).await;
        let second = submit_as(&front, &who, &format!("{person}-2"), &submission(&person)).await;
        assert_eq!(second.status, 202);
        assert_ne!(id_of(&second), first);
    }
}

#[tokio::test]
async fn what_an_open_request_has_found_and_locked_counts_as_looked_for() {
    let front = front();
    let who = caller(Role::Backend);
    let first = id_of(&submit_as(&front, &who, "k-1", &submission(PERSON)).await);
    let mut number = wider();
    number["subject"]["identities"].as_array_mut().expect("a list").remove(0);
    let number = front.request(&id_of(&submit_as(&front, &who, "k-2", &number).await)).subject;
    front.change(&first, |draft| draft.request.locks.clone_from(&number)).await;
    let second = submit_as(&front, &who, "k-3", &wider()).await;
    assert_eq!((second.status, id_of(&second)), (200, first));
}

#[tokio::test]
async fn a_persons_own_token_verifies_the_request_that_a_backend_left_unverified() {
    let front = front();
    let id = id_of(&submit_as(&front, &caller(Role::Backend), "k", &unverified(PERSON)).await);
    let ask = json!({"type": "erasure", "jurisdiction": "EU"});
    let answer = submit_as(&front, &person(&[PERSON]), "k", &ask).await;
    assert_eq!((answer.status, id_of(&answer)), (200, id.clone()));
    assert_eq!(json_of(&answer)["status"], "accepted");
    let events = front.world.events_of(&tenant("demo"), &id);
    assert_eq!((events[1].kind, events[1].wake), (EventKind::Verified, Some(EnterAt::Plan)));
}

#[tokio::test]
async fn a_persons_token_does_not_verify_what_it_does_not_name() {
    let front = front();
    let mut body = unverified(PERSON);
    let more = json!({"type": "email", "value": "another@example.com"});
    body["subject"]["identities"].as_array_mut().expect("a list").push(more);
    let id = id_of(&submit_as(&front, &caller(Role::Backend), "k", &body).await);
    let ask = json!({"type": "erasure", "jurisdiction": "EU"});
    let answer = submit_as(&front, &person(&[PERSON]), "k", &ask).await;
    assert_eq!((answer.status, json_of(&answer)["status"].as_str()), (202, Some("accepted")), "their own");
    assert_ne!(id_of(&answer), id);
    assert_eq!(front.request(&id).status, Status::AwaitingVerification);
}

#[tokio::test]
async fn the_tenants_own_catalog_comes_before_the_deployments() {
    let front = front();
    let own = front.ports.catalogs.current();
    front.world.put_settings(Settings { catalog_version: Some(own.clone()), ..settings("demo") });
    front.world.set_current("a-later-one");
    let id = front.submit(PERSON).await;
    assert_eq!(front.request(&id).catalog_version, own);
}

#[tokio::test]
async fn a_tenant_that_is_not_set_up_is_our_problem() {
    let front = front();
    let who = Principal { tenant: tenant("new"), ..caller(Role::Backend) };
    let answer = submit_as(&front, &who, "k", &submission(PERSON)).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("settings-invalid"));
    assert!(answer.fault.is_some());
    assert!(answer.headers.iter().all(|(name, _)| *name != "retry-after"));
}

#[tokio::test]
async fn tenants_do_not_see_each_others_people() {
    let front = front();
    let here = front.submit(PERSON).await;
    let there = Principal { tenant: tenant("other"), ..caller(Role::Backend) };
    let answer = submit_as(&front, &there, PERSON, &submission(PERSON)).await;
    assert_eq!(answer.status, 202, "neither a duplicate nor a key that was used");
    assert_ne!(id_of(&answer), here);
}
