//! The key service is away, or the answer of a call is lost: nothing is sealed in another way.

use ports::Class;
use testkit::inject::{Plan, When};

use super::*;

const WHENS: [When; 3] = [When::Before, When::Midway, When::After];

fn calls() -> [Call; 4] {
    let backend = caller(Role::Backend);
    let body = |body: Value| body.to_string();
    [
        call(&backend, "POST", "encrypt", body(sealing("c", "plain"))),
        call(&backend, "POST", "encrypt", body(for_person(sealing("c", "plain"), PERSON))),
        call(&caller(Role::Admin), "POST", "rotate", body(json!({"purpose": "fields"}))),
        call(&caller(Role::Auditor), "GET", "status", ""),
    ]
}

#[tokio::test]
async fn while_the_key_service_is_away_nothing_is_sealed_and_nothing_opened() {
    let front = front();
    let kept = front.seal("c", b"plain", Some(PERSON)).await;
    let opening = for_person(opening("c", &kept.sealed), PERSON).to_string();
    let opening = call(&caller(Role::Backend), "POST", "decrypt", opening);
    for (class, expect) in
        [(Class::Transient, Some("1")), (Class::Throttled, Some("5")), (Class::Permanent, None)]
    {
        front.world.injector().arm(Plan::outage("keyring.").class(class));
        for call in calls().iter().chain([&opening]) {
            let answer = front.send(call).await;
            assert_eq!(answer.status, 503, "{}", call.resource);
            assert_eq!(json_of(&answer).as_object().map(serde_json::Map::len), Some(4), "{}", answer.body);
            let after = answer.headers.iter().find(|(name, _)| *name == "retry-after");
            assert_eq!(after.map(|(_, seconds)| seconds.as_str()), expect);
            assert!(answer.body.contains("key-unavailable"), "{}", answer.body);
            let fault = answer.fault.map(|fault| fault.to_string()).unwrap_or_default();
            for secret in [STANDARD.encode("plain").as_str(), "plain", PERSON] {
                assert!(!answer.body.contains(secret) && !fault.contains(secret), "{fault}");
            }
        }
        front.world.injector().disarm();
    }
    assert_eq!(opened(&front.send(&opening).await), b"plain");
}

#[tokio::test]
async fn a_call_that_failed_anywhere_is_made_good_by_sending_it_again() {
    for which in 0..4 {
        let reference = front();
        reference.send(&calls()[which]).await;
        let total = reference.world.injector().total();
        assert!(total > 0);
        for n in 0..total {
            for when in WHENS {
                let front = front();
                front.world.injector().arm(Plan::call(n).when(when));
                let first = front.send(&calls()[which]).await;
                assert_eq!((first.status, retried(&first)), (503, true), "{n} {when:?}");
                let again = front.send(&calls()[which]).await;
                assert_eq!(again.status, 200, "{n} {when:?}: {}", again.body);
                if which < 2 {
                    let sealed = json_of(&again)["sealed"].as_str().map(|text| STANDARD.decode(text));
                    let sealed = sealed.expect("a text").expect("base64");
                    let person = (which == 1).then_some(PERSON);
                    assert_eq!(opened(&front.open("c", &sealed, person).await), b"plain");
                    assert_eq!(json_of(&again)["key"]["version"], 1, "an attempt does not rotate");
                }
            }
        }
    }
}

/// Whoever is not sure looks first, and rotates only if it was not done.
#[tokio::test]
async fn a_rotation_whose_answer_was_lost_is_told_as_unknown_and_seen_in_the_status() {
    let front = front();
    front.rotate("fields").await;
    front.world.injector().arm(Plan::outage("keyring.rotate").when(When::After));
    let lost = front.rotate("fields").await;
    front.world.injector().disarm();
    assert_eq!(lost.status, 503);
    assert!(lost.body.contains("/v1/vault/status"), "{}", lost.body);
    assert_eq!(front.status("demo").await[0]["version"], 2);
}

#[tokio::test]
async fn a_tenant_without_settings_is_ours_to_mend() {
    let front = front();
    let answer = front.encrypt("new", &sealing("c", "p")).await;
    assert_eq!((answer.status, retried(&answer)), (503, false));
    assert!(answer.body.contains("settings-invalid"), "{}", answer.body);
    assert!(front.world.keys().is_empty());
}
