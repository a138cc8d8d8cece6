//! Keys: what is kept, for how long it is kept unwrapped, and what it is bound to.

use std::collections::HashMap;
use std::sync::Arc;

use aws::dynamo::KeysTable;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::RequestId;
use jiff::SignedDuration;
use ports::{Class, Code, KeyAdmin, KeyScope, Keyring};
use serde_json::json;
use testkit::clock::FakeClock;
use testkit::contract_tests::fixtures::{now, pseudonym, tenant};

use crate::canned::{Calls, answering_both, answering_each};
use crate::engine::engine;

fn ok(body: &serde_json::Value) -> (u16, String) {
    (200, body.to_string())
}

/// The table and the key service, giving prepared answers.
async fn keys_table(answers: Vec<(u16, String)>) -> (KeysTable, Calls) {
    let (dynamodb, kms, calls) = answering_both(answers).await;
    let system = (Arc::new(FakeClock::at(now())), Arc::new(aws::SystemEntropy));
    (KeysTable::new(dynamodb, kms, "keys", "arn:root", (system.0, system.1)), calls)
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn a_wrapped_key_opens_for_its_tenant_and_purpose_only() {
    let engine = engine().await;
    let keyring = engine.keyring();
    let (mine, other) = (tenant("wrapped"), tenant("wrapped-other"));
    let id = RequestId::new(now(), 1);
    let scope = KeyScope::Plan(mine.clone(), id.clone());
    keyring.obtain(&scope).await.expect("a key");
    let pk = format!("T#{mine}#R#{id}");
    let item = engine.item(&engine.names.keys, &pk, "PLAN").await;
    let item = item.expect("an item");
    let mut names: Vec<&String> = item.keys().collect();
    names.sort();
    assert_eq!(names, ["pk", "root", "sk", "work_pk", "work_sk", "wrapped"]);

    let elsewhere = [
        (format!("T#{other}#R#{id}"), "PLAN", KeyScope::Plan(other, id)),
        (format!("T#{mine}"), "PSEUDONYMS", KeyScope::Pseudonyms(mine)),
    ];
    for (pk, sk, scope) in elsewhere {
        let mut moved = item.clone();
        moved.insert("pk".to_owned(), AttributeValue::S(pk));
        moved.insert("sk".to_owned(), AttributeValue::S(sk.to_owned()));
        let call = engine.dynamodb.put_item().table_name(&engine.names.keys);
        call.set_item(Some(moved)).send().await.expect("put");
        let fault = keyring.open(&scope).await.expect_err("a fault");
        let what = (fault.class, fault.code, fault.operation);
        let expect = (Class::Permanent, Code::KeyUnavailable, "kms:Decrypt");
        assert_eq!(what, expect, "{fault}");
    }
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn only_a_tenants_key_is_kept_unwrapped_and_only_for_minutes() {
    let engine = engine().await;
    let (here, elsewhere) = (engine.keyring(), engine.keyring());
    let tenant = tenant("unwrapped");
    let pseudonyms = KeyScope::Pseudonyms(tenant.clone());
    let plan = KeyScope::Plan(tenant, RequestId::new(now(), 1));
    for scope in [&pseudonyms, &plan] {
        here.obtain(scope).await.expect("a key");
        assert_eq!(elsewhere.destroy(scope).await, Ok(()));
    }
    let opened = here.open(&plan).await.expect("an answer");
    assert!(opened.is_none(), "a request's key is gone at once");
    engine.clock.advance(SignedDuration::from_secs(299));
    let opened = here.open(&pseudonyms).await.expect("an answer");
    assert!(opened.is_some());
    engine.clock.advance(SignedDuration::from_secs(1));
    let opened = here.open(&pseudonyms).await.expect("an answer");
    assert!(opened.is_none(), "a tenant's after five minutes");
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn another_process_goes_on_with_the_version_it_knows_for_minutes() {
    let engine = engine().await;
    let (here, elsewhere) = (engine.keyring(), engine.keyring());
    let scope = KeyScope::Fields(tenant("rotated-elsewhere"));
    assert_eq!(here.obtain(&scope).await.expect("a key").version(), 1);
    elsewhere.rotate(&scope, 1, SignedDuration::from_hours(24)).await.expect("rotated");
    engine.clock.advance(SignedDuration::from_secs(299));
    assert_eq!(here.obtain(&scope).await.expect("a key").version(), 1);
    engine.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(here.obtain(&scope).await.expect("a key").version(), 2);
}

/// Whatever else is asked for in between, and by whichever way: no key lives longer unwrapped.
#[tokio::test]
async fn a_rotating_key_is_unwrapped_again_after_five_minutes() {
    type Ask = fn(u64) -> bool;
    let ways: [(&str, Ask); 4] = [
        ("the present one", |_| true),
        ("by its version", |_| false),
        ("by its version, then the present one", |second| second >= 299),
        ("in turns", |second| second % 2 == 0),
    ];
    for (name, is_for_the_present) in ways {
        let clock = Arc::new(FakeClock::at(now()));
        let (dynamodb, kms, calls) = answering_each(|(operation, body)| {
            let head = body["Key"]["sk"]["S"] == "KEY#fields";
            ok(&match operation.as_str() {
                "getitem" if head => json!({"Item": {"version": {"N": "1"},
                    "made_at": {"S": now().to_string()}, "rotate_by": {"S": now().to_string()}}}),
                "getitem" => json!({"Item": {"wrapped": {"B": "b2xk"}, "root": {"S": "arn:root"}}}),
                _ => json!({"Plaintext": STANDARD.encode([7; 32]), "KeyId": "arn:root"}),
            })
        })
        .await;
        let system = (clock.clone(), Arc::new(aws::SystemEntropy));
        let keys = KeysTable::new(dynamodb, kms, "keys", "arn:root", (system.0, system.1));
        let scope = KeyScope::Fields(tenant("demo"));
        let (mut unwrapped_at, mut unwrapped) = (0, 0);
        for second in 0..=1_000 {
            let key = if is_for_the_present(second) {
                keys.open(&scope).await
            } else {
                keys.open_version(&scope, 1).await
            };
            assert!(key.expect("an answer").is_some());
            let so_far = calls.operations().iter().filter(|operation| *operation == "decrypt").count();
            if so_far > unwrapped {
                (unwrapped, unwrapped_at) = (so_far, second);
            }
            assert!(second - unwrapped_at < 300, "{name}: since {unwrapped_at}, at {second}");
            clock.advance(SignedDuration::from_secs(1));
        }
        assert_eq!(unwrapped, 4, "{name}: nor is the key service asked more often");
    }
}

/// A key that does not open is there, and goes like any other.
#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn a_damaged_key_of_a_person_can_be_destroyed() {
    let engine = engine().await;
    let keyring = engine.keyring();
    let damages: [fn(&mut HashMap<String, AttributeValue>); 5] = [
        |item| drop(item.insert("sealed".into(), AttributeValue::B(Blob::new([7; 200])))),
        |item| drop(item.insert("sealed".into(), AttributeValue::S("text".into()))),
        |item| drop(item.remove("sealed")),
        |item| drop(item.insert("version".into(), AttributeValue::S("one".into()))),
        |item| drop(item.remove("version")),
    ];
    for (n, damage) in damages.into_iter().enumerate() {
        let (tenant, subject) = (tenant("damaged"), pseudonym(&format!("damaged-{n}")));
        let scope = KeyScope::Subject(tenant.clone(), subject.clone());
        let before = keyring.obtain(&scope).await.expect("a key").version();
        let pk = format!("T#{tenant}#S#{subject}");
        let mut item = engine.item(&engine.names.keys, &pk, "SUBJECT").await.expect("an item");
        damage(&mut item);
        let call = engine.dynamodb.put_item().table_name(&engine.names.keys);
        call.set_item(Some(item)).send().await.expect("put");
        let fault = keyring.open(&scope).await.expect_err("a fault");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::KeyUnavailable), "{n}");
        assert_eq!(keyring.exists(&scope).await, Ok(true), "{n}");
        for _ in 0..2 {
            assert_eq!(keyring.destroy(&scope).await, Ok(()), "{n}");
            assert_eq!(keyring.exists(&scope).await, Ok(false), "{n}");
            assert!(keyring.open(&scope).await.expect("an answer").is_none(), "{n}");
        }
        let next = keyring.obtain(&scope).await.expect("a key");
        assert!(next.version() > before, "{n}: what was sealed before is told as destroyed");
    }
}

/// While KMS is away, or says slower, nothing is sealed and nothing is opened in another way.
#[tokio::test]
async fn a_key_service_that_is_away_is_a_fault_and_never_a_way_around() {
    for (status, kind, class) in [
        (400, "ThrottlingException", Class::Throttled),
        (500, "KMSInternalException", Class::Transient),
        (400, "DisabledException", Class::Permanent),
        (400, "AccessDeniedException", Class::Permanent),
    ] {
        let away = (status, json!({"__type": kind, "message": "about a key"}).to_string());
        let wrapped =
            json!({"Item": {"pk": {"S": "T#demo"}, "sk": {"S": "PSEUDONYMS"}, "wrapped": {"B": "b2xk"}}});
        for answers in [vec![ok(&json!({})), away.clone()], vec![ok(&wrapped), away]] {
            let (keys, _) = keys_table(answers).await;
            let fault = keys.obtain(&KeyScope::Pseudonyms(tenant("demo"))).await.expect_err("a fault");
            assert_eq!((fault.class, fault.code), (class, Code::KeyUnavailable), "{kind}");
            assert!(!fault.to_string().contains("about a key"));
        }
    }
}
