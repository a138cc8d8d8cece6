//! Who may do what, and that no tenant reaches another's data.

use super::*;
use crate::vault::{Endpoint, ROUTES};

#[tokio::test]
async fn each_role_may_do_what_the_rules_say_and_nothing_else() {
    for role in Role::ALL {
        for route in ROUTES {
            let front = front();
            let kept = front.seal("c", b"p", None).await;
            let body = match route.endpoint {
                Endpoint::EncryptData => sealing("c", "p"),
                Endpoint::DecryptData => opening("c", &kept.sealed),
                Endpoint::RotateKey => json!({"purpose": "fields"}),
                Endpoint::ListKeys => json!(null),
            };
            let operation = route.resource.rsplit('/').next().expect("a name");
            let answer = front.send(&call(&caller(role), route.method, operation, body.to_string())).await;
            let expect = if role.may(route.endpoint.action()) { 200 } else { 403 };
            assert_eq!(answer.status, expect, "{role:?} {:?}", route.endpoint);
        }
    }
}

#[test]
fn every_route_is_there_once_and_all_have_their_own_names() {
    let names: std::collections::BTreeSet<_> = ROUTES.iter().map(|route| route.endpoint.as_str()).collect();
    let places: std::collections::BTreeSet<_> = ROUTES.iter().map(|r| (r.method, r.resource)).collect();
    assert_eq!((names.len(), places.len()), (ROUTES.len(), ROUTES.len()));
}

#[tokio::test]
async fn what_is_not_routed_is_not_found_and_another_method_is_told() {
    let front = front();
    assert_eq!(front.post(&caller(Role::Admin), "keys", &json!({})).await.status, 404);
    let answer = front.send(&call(&caller(Role::Admin), "GET", "encrypt", "")).await;
    assert_eq!(answer.status, 405);
    assert!(answer.headers.contains(&("allow", "POST".into())), "{:?}", answer.headers);
}

#[tokio::test]
async fn another_tenant_opens_nothing_with_or_without_keys_of_its_own() {
    let front = front();
    let first = front.seal("c", b"mine", None).await;
    front.rotate("fields").await;
    let second = front.seal("c", b"mine", None).await;
    let person = front.seal("c", b"mine", Some(PERSON)).await;
    let try_it = async |body: Value| refused(&front.decrypt("other", &body).await);
    // It has no key yet.
    assert_eq!(try_it(opening("c", &first.sealed)).await, (400, "sealed-data/key-version".into()));
    let own = front.encrypt("other", &sealing("c", "theirs")).await;
    assert_eq!(own.status, 200);
    // It has a key of the same version, and none of the second.
    assert_eq!(try_it(opening("c", &first.sealed)).await, (400, "sealed-data/other-key".into()));
    assert_eq!(try_it(opening("c", &second.sealed)).await, (400, "sealed-data/key-version".into()));
    // The same person is another one to it.
    let asked = for_person(opening("c", &person.sealed), PERSON);
    assert_eq!(try_it(asked.clone()).await.0, 410);
    assert_eq!(front.encrypt("other", &for_person(sealing("c", "theirs"), PERSON)).await.status, 200);
    assert_eq!(try_it(asked).await, (400, "sealed-data/other-key".into()));
}

#[tokio::test]
async fn keys_of_another_tenant_are_not_listed_and_not_rotated() {
    let front = front();
    front.seal("c", b"p", Some(PERSON)).await;
    assert_eq!(front.status("other").await, json!([]));
    let rotated = front.post(&of("other", Role::Admin), "rotate", &json!({"purpose": "subjects"})).await;
    assert_eq!(json_of(&rotated)["version"], 1, "its first");
    assert_eq!(front.status("demo").await[0]["version"], 1);
}
