//! One journey for each outcome.

use domain::event::About;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{
    As, audit_entries, call, erasure, figures, fresh_key, hidden, in_days, now, places, sanction, show,
    submit, wait_for, webhooks,
};

/// The demonstration's customer.
const LUIS: &str = "luisg@embraer.com.br";
/// The employee who looks after him.
const JANE: &str = "jane@chinookcorp.com";

fn residues(request: &Value) -> Vec<u64> {
    let stores = request["stores"].as_array().expect("stores");
    stores.iter().map(|s| s["residue"].as_u64().unwrap_or(u64::MAX)).collect()
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn fulfilled_and_found_nowhere_any_more() {
    sanction(None);
    let before = figures();
    assert!(!places(LUIS).is_empty(), "the seeder planted him");
    let id = submit(LUIS).await;
    let request = wait_for(&id, &["fulfilled"]).await;
    assert_eq!(residues(&request), [0, 0, 0], "{request:#}");
    assert_eq!(request["proof"], "control");
    let shop = &request["stores"][1];
    assert_eq!(
        (&shop["store"], &shop["erased"], &shop["anonymised"], &shop["retained"]),
        (&json!("shop"), &json!(1), &json!(7), &json!(38))
    );
    assert_eq!(places(LUIS), Vec::<String>::new());
    assert!(!places(JANE).is_empty(), "employees are other people");
    assert_eq!(figures(), before, "customers and revenue are what they were");
    let answer = call(As::Backend, Method::DELETE, &format!("/v1/requests/{id}"), None, None).await;
    assert_eq!(answer.status, 409, "it is too late to withdraw");
    assert_announced(&id).await;
    assert_chained(&id).await;
}

async fn assert_announced(id: &str) {
    for _ in 0..50 {
        let arrived = webhooks().into_iter().find(|(_, body)| body.contains(id));
        let Some((headers, body)) = arrived else {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            continue;
        };
        let header = headers.as_object().expect("headers").iter();
        let signature =
            header.clone().find(|(name, _)| name.eq_ignore_ascii_case(contract::outcome::SIGNATURE_HEADER));
        let signature = signature.and_then(|(_, value)| value.as_str()).expect("a signature").to_owned();
        let t =
            signature.trim_start_matches("t=").split(',').next().expect("a time").parse().expect("seconds");
        let key = vault::sha256_hex(b"webhook of demo");
        let at = jiff::Timestamp::from_second(t).expect("a time");
        assert_eq!(contract::outcome::sign(key.as_bytes(), at, body.as_bytes()), signature);
        return;
    }
    panic!("the webhook was not called for {id}");
}

/// G5: every event of the request is in the audit once, and the chain is whole.
async fn assert_chained(id: &str) {
    let path = format!("/v1/requests/{id}/timeline?limit=100");
    let timeline = call(As::Auditor, Method::GET, &path, None, None).await.body;
    let events = timeline["items"].as_array().expect("events").len();
    assert!(events > 20, "{timeline:#}");
    for _ in 0..50 {
        let entries = audit_entries("demo").await;
        audit::verify_chain(1, audit::GENESIS, &entries).expect("the chain is whole");
        let own = entries.iter().filter(|e| matches!(&e.event.about, About::Request(r) if r.as_str() == id));
        let mut numbers: Vec<u32> = own.map(|e| e.event.n).collect();
        numbers.sort_unstable();
        if numbers.len() >= events {
            assert!(numbers.iter().zip(1..).all(|(n, expected)| *n == expected), "{numbers:?}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("not every event of {id} was chained");
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn held_during_the_wait_then_released() {
    sanction(None);
    let email = "leonekohler@surfeu.de";
    let id = submit(email).await;
    wait_for(&id, &["cooling_off", "suppressed"]).await;
    let hold = json!({
        "identity": {"type": "email", "value": email}, "reason": "litigation", "review_at": in_days(30),
    });
    let placed = call(As::Officer, Method::POST, "/v1/holds", Some(&fresh_key("hold")), Some(hold)).await;
    assert_eq!(placed.status, 201, "{:?}", placed.body);
    assert_eq!(placed.body["too_late_for"], json!([]), "nothing was erased yet");
    wait_for(&id, &["held"]).await;
    // Longer than the cooling-off: the hold wins.
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    assert_eq!(show(&id).await["status"], "held");
    assert!(!places(email).is_empty());
    let listed = call(As::Auditor, Method::GET, "/v1/holds", None, None).await.body;
    assert!(listed["items"].to_string().contains(placed.body["hold_id"].as_str().expect("an id")));
    let path = format!("/v1/holds/{}", placed.body["hold_id"].as_str().expect("an id"));
    assert_eq!(call(As::Officer, Method::DELETE, &path, None, None).await.status, 204);
    let request = wait_for(&id, &["fulfilled"]).await;
    assert_eq!(residues(&request), [0, 0, 0]);
    assert_eq!(places(email), Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn denied_and_shown_again() {
    let email = "ftremblay@gmail.com";
    let before = figures();
    sanction(None);
    assert_eq!(hidden(email), (0, 0));
    let id = submit(email).await;
    wait_for(&id, &["suppressed"]).await;
    // The source is asked again after the wait, and says no.
    sanction(Some(json!({"verdict": "deny", "reason": "fraud-investigation"})));
    assert_eq!(hidden(email), (1, 1), "nobody sees him while it is decided");
    let request = wait_for(&id, &["denied"]).await;
    sanction(None);
    assert_eq!(request["denied"], "fraud-investigation");
    assert_eq!(hidden(email), (0, 0), "he is shown again");
    assert!(!places(email).is_empty());
    assert_eq!(figures(), before);
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn cancelled_during_the_wait() {
    sanction(None);
    let email = "bjorn.hansen@yahoo.no";
    let found = places(email).len();
    let id = submit(email).await;
    wait_for(&id, &["suppressed"]).await;
    assert_eq!(hidden(email), (1, 1));
    let answer = call(As::Backend, Method::DELETE, &format!("/v1/requests/{id}"), None, None).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let request = wait_for(&id, &["cancelled"]).await;
    for store in request["stores"].as_array().expect("stores") {
        assert_eq!((&store["erased"], &store["anonymised"]), (&json!(0), &json!(0)), "{store}");
    }
    assert_eq!(places(email).len(), found, "he is where he was");
    assert_eq!(hidden(email), (0, 0), "and everybody sees him");
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn parked_with_a_cause_then_resumed() {
    let email = "frantisekw@jetbrains.com";
    sanction(Some(json!({"verdict": "perhaps"})));
    let id = submit(email).await;
    let request = wait_for(&id, &["parked"]).await;
    let parked = &request["parked"];
    assert_eq!(parked["code"], "sanction-unreadable", "{parked:#}");
    assert_eq!(parked["state"], "CheckSanctionsBeforeWait");
    assert!(parked["next"].as_str().is_some_and(|next| next.contains("resume")), "{parked:#}");
    sanction(None);
    let answer = call(As::Officer, Method::POST, &format!("/v1/requests/{id}/resume"), None, None).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let request = wait_for(&id, &["fulfilled"]).await;
    assert_eq!(residues(&request), [0, 0, 0]);
    assert_eq!(places(email), Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn nobody_found_is_not_a_success_and_verification_is_waited_for() {
    sanction(None);
    let key = fresh_key("unknown");
    let body = erasure("nobody@example.com", false);
    let answer = call(As::Backend, Method::POST, "/v1/requests", Some(&key), Some(body.clone())).await;
    assert_eq!((answer.status, &answer.body["status"]), (202, &json!("awaiting_verification")));
    let id = answer.body["request_id"].as_str().expect("an id").to_owned();
    let again = call(As::Backend, Method::POST, "/v1/requests", Some(&key), Some(body)).await;
    assert_eq!((again.status, &again.body), (202, &answer.body), "the same key and body: the same answer");
    let other = erasure("somebody@example.com", false);
    let reused = call(As::Backend, Method::POST, "/v1/requests", Some(&key), Some(other)).await;
    assert_eq!(reused.status, 409);
    let twice = erasure("nobody@example.com", false);
    let double =
        call(As::Backend, Method::POST, "/v1/requests", Some(&fresh_key("double")), Some(twice)).await;
    assert_eq!((double.status, &double.body["duplicate"]), (200, &json!(true)));
    assert_eq!(double.body["request_id"], json!(id));
    let verified = json!({"method": "document", "at": now(), "reference": "case-1"});
    let path = format!("/v1/requests/{id}/verification");
    let answer = call(As::Backend, Method::POST, &path, None, Some(verified)).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    wait_for(&id, &["no_match"]).await;
}

/// G7: what is another's is not there.
#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn another_tenant_and_another_person_see_nothing() {
    sanction(None);
    let id = submit("stranger@example.org").await;
    let path = format!("/v1/requests/{id}");
    for (who, status) in [(As::OtherTenant, 404), (As::Subject, 404), (As::Nobody, 401), (As::Auditor, 200)] {
        assert_eq!(call(who, Method::GET, &path, None, None).await.status, status, "{who:?}");
    }
    assert_eq!(call(As::Auditor, Method::DELETE, &path, None, None).await.status, 403);
    let others = call(As::OtherTenant, Method::GET, "/v1/requests", None, None).await;
    assert_eq!((others.status, others.body["items"].as_array().map(Vec::len)), (200, Some(0)));
    let malformed =
        call(As::Backend, Method::POST, "/v1/requests", Some("k"), Some(json!({"type": "erasure"}))).await;
    assert_eq!(malformed.status, 400, "{:?}", malformed.body);
    wait_for(&id, &["no_match"]).await;
}
