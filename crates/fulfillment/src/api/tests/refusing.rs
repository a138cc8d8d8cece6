//! Input that is refused, and where it is wrong.

use domain::access::Role;
use serde_json::json;

use super::*;

async fn submit(body: impl Into<Vec<u8>>) -> Answer {
    let front = front();
    let call =
        Call { body: body.into(), ..with_key(&caller(Role::Backend), "/v1/requests", "k", &json!(null)) };
    let answer = front.send(&call).await;
    assert!(front.world.all_requests().is_empty(), "nothing is taken in");
    assert!(front.world.staged().is_empty(), "nothing is left");
    answer
}

/// Changes a good submission at a pointer, and expects to be told of these places.
async fn check(pointer: &str, wrong: Value, expect: &[&str]) {
    let mut body = submission(PERSON);
    *body.pointer_mut(pointer).expect("a place") = wrong;
    let answer = submit(body.to_string()).await;
    assert_eq!(answer.status, 400, "{pointer}");
    assert_eq!(places(&answer), expect, "{pointer}: {}", answer.body);
    assert!(answer.headers.contains(&("content-type", "application/problem+json".into())));
}

#[tokio::test]
async fn a_wrong_field_is_named_by_where_it_is() {
    check("/type", json!("rectification"), &["/type"]).await;
    check("/type", json!({"erasure": null}), &["/type"]).await;
    check("/jurisdiction", json!("XX"), &["/jurisdiction"]).await;
    check("/subject", json!(null), &["/subject"]).await;
    check("/subject", json!([[]]), &["/subject"]).await;
    check("/subject/identities", json!("me"), &["/subject/identities"]).await;
    check("/subject/identities", json!([]), &["/subject/identities"]).await;
    check("/subject/identities/0", json!(["email", PERSON]), &["/subject/identities/0"]).await;
    check("/subject/identities/0/value", json!(7), &["/subject/identities/0/value"]).await;
    check("/subject/identities/0/value", json!("no-at-sign"), &["/subject/identities/0/value"]).await;
    check("/subject/identities/0/value", json!("  "), &["/subject/identities/0/value"]).await;
    check("/subject/identities/0/type", json!("shoe_size"), &["/subject/identities/0/type"]).await;
    check("/subject/identities/0/type", json!("Not A Type"), &["/subject/identities/0/type"]).await;
    check("/verification/at", json!("yesterday"), &["/verification/at"]).await;
    check("/verification/method", json!("They came by."), &["/verification/method"]).await;
    check("/verification/method", json!("token"), &["/verification/method"]).await;
    check("/verification/reference", json!(" "), &["/verification/reference"]).await;
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let body = json!({
        "type": "erase",
        "subject": {"identities": [{"type": "email"}, {"value": "7", "also": 1}]},
        "verification": {},
        "extra": true,
    });
    let expect = [
        "",
        "/type",
        "/jurisdiction",
        "/subject/identities/0/value",
        "/subject/identities/1",
        "/subject/identities/1/type",
        "/verification/method",
        "/verification/at",
        "/verification/reference",
    ];
    assert_eq!(places(&submit(body.to_string()).await), expect);
}

#[tokio::test]
async fn an_identity_type_must_be_one_that_the_catalog_finds_people_by() {
    let mut body = submission(PERSON);
    body["subject"]["identities"][0] = json!({"type": "employee_id", "value": "3"});
    let answer = submit(body.to_string()).await;
    assert_eq!(places(&answer), ["/subject/identities/0/type"]);
    assert!(answer.body.contains("one of customer_id, email"), "{}", answer.body);
}

#[tokio::test]
async fn at_most_ten_identities_are_one_person() {
    let mut body = submission(PERSON);
    let identities: Vec<Value> =
        (0..11).map(|n| json!({"type": "customer_id", "value": n.to_string()})).collect();
    body["subject"]["identities"] = json!(identities);
    assert_eq!(places(&submit(body.to_string()).await), ["/subject/identities"]);
}

#[tokio::test]
async fn a_verification_is_of_today_and_not_of_tomorrow() {
    let front = front();
    let who = caller(Role::Backend);
    let send = async |at: &str| {
        let mut body = submission(PERSON);
        body["verification"]["at"] = json!(at);
        front.post_with(&who, "/v1/requests", at, &body).await
    };
    for wrong in ["2026-03-02T09:05:01Z", "2026-03-01T08:59:59Z"] {
        assert_eq!(places(&send(wrong).await), ["/verification/at"], "{wrong}");
    }
    for good in ["2026-03-02T09:05:00Z", "2026-03-01T09:00:00Z"] {
        assert!(send(good).await.status < 300, "{good}");
    }
}

#[tokio::test]
async fn what_is_not_json_is_pointed_at_by_line_and_column() {
    for (body, expect) in [
        ("{\n  \"type\": oops\n}", "line 2, column"),
        ("", "line 1, column"),
        ("{\"type\":\"erasure\"} {}", "line 1, column"),
    ] {
        let answer = submit(body).await;
        assert_eq!((answer.status, places(&answer)), (400, vec![String::new()]), "{body}");
        assert!(answer.body.contains(expect), "{}", answer.body);
    }
    assert_eq!(submit(&b"{\"type\":\"\xff\"}"[..]).await.status, 400);
    assert_eq!(submit(vec![b'['; 60_000]).await.status, 400, "deep nesting is refused, not followed");
}

#[tokio::test]
async fn a_field_that_is_there_twice_is_refused() {
    let good = submission(PERSON).to_string();
    let twice = good.replacen('{', "{\"type\":\"erasure\",", 1);
    let answer = submit(twice).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("twice"), "{}", answer.body);
}

#[tokio::test]
async fn a_body_has_64_kib_at_the_most() {
    let mut body = submission(PERSON).to_string().into_bytes();
    body.resize(64 << 10, b' ');
    let front = front();
    let who = caller(Role::Backend);
    let sized = |body| Call { body, ..with_key(&who, "/v1/requests", "k", &json!(null)) };
    assert_eq!(front.send(&sized(body.clone())).await.status, 202);
    body.push(b' ');
    assert_eq!(front.send(&sized(body)).await.status, 413);
}

#[tokio::test]
async fn an_idempotency_key_is_1_to_255_visible_characters() {
    let front = front();
    let who = caller(Role::Backend);
    let missing = front.post(&who, "/v1/requests", &submission(PERSON)).await;
    assert_eq!(places(&missing), ["header:Idempotency-Key"]);
    for wrong in ["", "a b", "caf\u{e9}", "tab\t", &"k".repeat(256)] {
        let answer = front.post_with(&who, "/v1/requests", wrong, &submission(PERSON)).await;
        assert_eq!(places(&answer), ["header:Idempotency-Key"], "{wrong:?}");
    }
    let longest = front.post_with(&who, "/v1/requests", &"k".repeat(255), &submission(PERSON)).await;
    assert_eq!(longest.status, 202);
}

#[tokio::test]
async fn a_query_has_known_parameters_with_known_values() {
    let front = front();
    let who = caller(Role::Auditor);
    for (target, place) in [
        ("/v1/requests?limit=0", "query:limit"),
        ("/v1/requests?limit=101", "query:limit"),
        ("/v1/requests?limit=many", "query:limit"),
        ("/v1/requests?status=done", "query:status"),
        ("/v1/requests?cursor=made-up", "query:cursor"),
        ("/v1/requests?state=held", "query"),
        ("/v1/holds?status=held", "query"),
        ("/v1/holds?cursor=bm9wZQ", "query:cursor"),
    ] {
        let answer = front.ask(&who, "GET", target).await;
        assert_eq!((answer.status, places(&answer)), (400, vec![place.to_owned()]), "{target}");
    }
    let answer = front.ask(&who, "GET", "/v1/requests?status=done").await;
    for status in domain::Status::ALL {
        assert!(answer.body.contains(status.as_str()), "{status}");
    }
}

#[tokio::test]
async fn what_is_not_routed_is_not_found_and_another_method_is_told() {
    let front = front();
    let who = caller(Role::Admin);
    assert_eq!(front.ask(&who, "GET", "/v1/nothing").await.status, 404);
    let answer = front.ask(&who, "PUT", "/v1/requests/x").await;
    assert_eq!(answer.status, 405);
    assert!(answer.headers.contains(&("allow", "GET, DELETE".into())), "{:?}", answer.headers);
}
