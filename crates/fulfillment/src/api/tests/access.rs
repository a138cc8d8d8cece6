//! Who may do what, and who sees what.

use domain::access::Role;
use serde_json::json;

use super::*;
use crate::api::Endpoint;

/// A call of an operation that is good in every other way.
async fn try_it(front: &Front, who: &Principal, endpoint: Endpoint) -> u16 {
    let route = ROUTES.iter().find(|route| route.endpoint == endpoint).expect("a route");
    let own = front.submit(PERSON).await;
    let id = if route.resource.starts_with("/v1/holds") {
        let hold = front.post(&caller(Role::Officer), "/v1/holds", &hold(PERSON)).await;
        json_of(&hold)["hold_id"].as_str().expect("an id").to_owned()
    } else {
        own.to_string()
    };
    let target = route.resource.replace("{id}", &id);
    let body = match endpoint {
        Endpoint::SubmitRequest if who.role == Role::Subject => {
            json!({"type": "erasure", "jurisdiction": "EU"})
        }
        Endpoint::SubmitRequest => submission("another@example.com"),
        Endpoint::VerifyRequest => verification(),
        Endpoint::PlaceHold => hold(PERSON),
        _ => json!(null),
    };
    let call = Call { method: route.method.into(), ..with_key(who, &target, "k", &body) };
    front.send(&call).await.status
}

#[tokio::test]
async fn each_role_may_do_what_the_rules_say_and_nothing_else() {
    for role in Role::ALL {
        for route in ROUTES {
            let who = if role == Role::Subject { person(&[PERSON]) } else { caller(role) };
            let status = try_it(&front(), &who, route.endpoint).await;
            let refused = status == 403;
            assert_eq!(
                refused,
                !role.may(route.endpoint.action()),
                "{role:?} {:?}: {status}",
                route.endpoint
            );
        }
    }
}

#[tokio::test]
async fn a_refused_role_learns_which_roles_may() {
    let answer = front().post(&caller(Role::Auditor), "/v1/holds", &hold(PERSON)).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("officer, admin"), "{}", answer.body);
}

#[tokio::test]
async fn what_does_not_exist_and_what_is_not_yours_are_the_same_404() {
    let front = front();
    let id = front.submit(PERSON).await;
    let made_up = "req_01kjq7h2g0b5d5n5d5n5d5n5d5";
    let foreign = |role| Principal { tenant: tenant("other"), ..caller(role) };
    for (method, end) in [("GET", ""), ("GET", "/timeline"), ("DELETE", "")] {
        let nothing =
            front.ask(&caller(Role::Backend), method, &format!("/v1/requests/{made_up}{end}")).await;
        assert_eq!(nothing.status, 404);
        for (who, id) in [
            (foreign(Role::Backend), id.to_string()),
            (foreign(Role::Admin), id.to_string()),
            (person(&["somebody.else@example.com"]), id.to_string()),
            (Principal { tenant: tenant("other"), ..person(&[PERSON]) }, id.to_string()),
            (person(&[PERSON]), made_up.to_owned()),
            (caller(Role::Backend), "not-an-id".to_owned()),
            (caller(Role::Backend), id.to_string().to_uppercase()),
        ] {
            let answer = front.ask(&who, method, &format!("/v1/requests/{id}{end}")).await;
            assert_eq!(answer, nothing, "{method} {end} {:?}", who.role);
        }
    }
    assert!(!front.request(&id).cancel_requested);
}

#[tokio::test]
async fn holds_of_another_tenant_are_not_there() {
    let front = front();
    let placed = front.post(&caller(Role::Officer), "/v1/holds", &hold(PERSON)).await;
    let id = json_of(&placed)["hold_id"].as_str().expect("an id").to_owned();
    let there = Principal { tenant: tenant("other"), ..caller(Role::Officer) };
    assert_eq!(front.ask(&there, "DELETE", &format!("/v1/holds/{id}")).await.status, 404);
    assert_eq!(front.ask(&there, "DELETE", "/v1/holds/not-an-id").await.status, 404);
    let list = front.ask(&there, "GET", "/v1/holds").await;
    assert_eq!(json_of(&list)["items"], json!([]));
    let list = front.ask(&caller(Role::Auditor), "GET", "/v1/holds").await;
    assert_eq!(json_of(&list)["items"][0].get("released_at"), None, "it stands");
}

#[tokio::test]
async fn a_hold_in_one_tenant_holds_nothing_in_another() {
    let front = front();
    let id = front.submit(PERSON).await;
    front.pin(&id).await;
    let before = front.request(&id).generation;
    let there = Principal { tenant: tenant("other"), ..caller(Role::Officer) };
    let placed = front.post(&there, "/v1/holds", &hold(PERSON)).await;
    assert_eq!((placed.status, front.request(&id).generation), (201, before));
}

#[tokio::test]
async fn a_person_sees_and_cancels_their_own() {
    let front = front();
    let id = front.submit(PERSON).await;
    let me = person(&["an.older.address@example.com", PERSON]);
    assert_eq!(front.ask(&me, "GET", &format!("/v1/requests/{id}")).await.status, 200);
    assert_eq!(front.ask(&me, "GET", &format!("/v1/requests/{id}/timeline")).await.status, 200);
    assert_eq!(front.ask(&me, "DELETE", &format!("/v1/requests/{id}")).await.status, 202);
    assert!(front.request(&id).cancel_requested);
}
