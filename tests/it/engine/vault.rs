//! Sealing for services: through the real function, tables and key service.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, As, call, places};

/// What is sealed, and the same in base64.
const PLAIN: &str = "sealed on a journey";
const ENCODED: &str = "c2VhbGVkIG9uIGEgam91cm5leQ==";
/// Somebody whom no store knows.
const PERSON: &str = "vault.journey@example.org";
/// Somebody for whom nothing was ever sealed.
const STRANGER: &str = "vault.stranger@example.org";

async fn post(who: As, operation: &str, body: Value) -> Answer {
    call(who, Method::POST, &format!("/v1/vault/{operation}"), None, Some(body)).await
}

/// With a person's own key, or the tenant's.
fn with(mut body: Value, person: Option<&str>) -> Value {
    if let Some(email) = person {
        body["subject"] = json!({"type": "email", "value": email});
    }
    body
}

fn sealing(person: Option<&str>) -> Value {
    with(json!({"context": "journeys/1", "plaintext": ENCODED}), person)
}

async fn seal(who: As, person: Option<&str>) -> Value {
    let answer = post(who, "encrypt", sealing(person)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

async fn open(who: As, context: &str, sealed: &Value, person: Option<&str>) -> Answer {
    post(who, "decrypt", with(json!({"context": context, "sealed": sealed["sealed"]}), person)).await
}

async fn opens(who: As, sealed: &Value, person: Option<&str>) {
    let answer = open(who, "journeys/1", sealed, person).await;
    assert_eq!((answer.status, &answer.body["plaintext"]), (200, &json!(ENCODED)), "{:?}", answer.body);
}

async fn status() -> Vec<Value> {
    let answer = call(As::Auditor, Method::GET, "/v1/vault/status", None, None).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body["items"].as_array().expect("keys").clone()
}

async fn version(purpose: &str) -> u64 {
    let keys = status().await;
    let key = keys.iter().find(|key| key["purpose"] == purpose).expect("the key");
    key["version"].as_u64().expect("a version")
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn sealed_rotated_and_opened_by_nobody_else() {
    let before = seal(As::Backend, None).await;
    assert_eq!(before["key"]["purpose"], "fields");
    opens(As::Backend, &before, None).await;
    for (who, context, person, status) in [
        (As::Backend, "journeys/2", None, 400),
        (As::Backend, "journeys/1", Some(STRANGER), 410),
        (As::OtherTenant, "journeys/1", None, 400),
        (As::Auditor, "journeys/1", None, 403),
        (As::Admin, "journeys/1", None, 403),
        (As::Nobody, "journeys/1", None, 401),
    ] {
        let answer = open(who, context, &before, person).await;
        assert_eq!(answer.status, status, "{who:?} {context}: {:?}", answer.body);
        assert_eq!(answer.body.get("plaintext"), None);
    }
    let seen = version("fields").await;
    let rotated = post(As::Admin, "rotate", json!({"purpose": "fields"})).await;
    assert_eq!((rotated.status, &rotated.body["version"]), (200, &json!(seen + 1)), "{:?}", rotated.body);
    assert_eq!(version("fields").await, seen + 1);
    let after = seal(As::Backend, None).await;
    opens(As::Backend, &before, None).await;
    opens(As::Backend, &after, None).await;
    assert_eq!(post(As::Backend, "rotate", json!({"purpose": "fields"})).await.status, 403);
    assert_eq!(places(PLAIN), Vec::<String>::new(), "it is nowhere in the clear");
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn sealed_for_a_person_whose_keys_key_is_rotated() {
    // The other company has a store that is erased by destroying keys.
    let theirs = As::OtherTenant;
    let before = seal(theirs, Some(PERSON)).await;
    assert_eq!(before["key"]["purpose"], "subject");
    opens(theirs, &before, Some(PERSON)).await;
    let without = open(theirs, "journeys/1", &before, None).await;
    assert_eq!((without.status, without.body.get("plaintext")), (400, None), "{:?}", without.body);
    let rotated = post(As::OtherAdmin, "rotate", json!({"purpose": "subjects"})).await;
    assert_eq!(rotated.status, 200, "{:?}", rotated.body);
    assert!(rotated.body["to_rewrap"].as_u64().is_some_and(|left| left > 0), "{:?}", rotated.body);
    let after = seal(theirs, Some(PERSON)).await;
    assert_eq!(after["key"], before["key"], "a person's own key stays");
    opens(theirs, &before, Some(PERSON)).await;
    opens(theirs, &after, Some(PERSON)).await;
    assert_eq!(places(PERSON), Vec::<String>::new(), "nobody is named where their key is");
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn not_sealed_for_a_person_whose_key_nothing_would_destroy() {
    let refused = post(As::Backend, "encrypt", sealing(Some(PERSON))).await;
    assert_eq!(
        (refused.status, &refused.body["errors"][0]["at"]),
        (400, &json!("/subject")),
        "{:?}",
        refused.body
    );
}
