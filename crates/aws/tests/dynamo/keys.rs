//! Keys: what is kept, for how long it is kept unwrapped, and what it is bound to.

use std::sync::Arc;

use aws::dynamo::KeysTable;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::RequestId;
use jiff::SignedDuration;
use ports::{Class, Code, KeyAdmin, KeyScope, Keyring};
use serde_json::json;
use testkit::clock::FakeClock;
use testkit::contract_tests::fixtures::{now, tenant};

use crate::canned::{Calls, answering_both};
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

/// A key that was wrapped under an earlier root key is wrapped anew by KMS, and leaves it never.
#[tokio::test]
async fn an_earlier_root_key_is_left_behind() {
    let earlier = json!({"Items": [{"pk": {"S": "T#demo"}, "sk": {"S": "PSEUDONYMS"}}]});
    let nothing = json!({"Items": []});
    let item = json!({"Item": {"pk": {"S": "T#demo"}, "sk": {"S": "PSEUDONYMS"},
        "wrapped": {"B": "b2xk"}, "root": {"S": "arn:earlier"}}});
    let anew = json!({"CiphertextBlob": "bmV3", "KeyId": "arn:root", "SourceKeyId": "arn:earlier"});
    let mut answers = vec![ok(&earlier), ok(&item), ok(&anew), ok(&json!({}))];
    // Two ranges in each of eight shards, and the rotating keys.
    answers.extend(std::iter::repeat_n(ok(&nothing), 16));
    let (keys, calls) = keys_table(answers).await;
    assert_eq!(keys.rewrap(10).await, Ok(1));
    let all = calls.all();
    let of = |name: &str| {
        let found = all.iter().find(|(operation, _)| operation == name);
        found.map(|(_, body)| body.clone()).expect(name)
    };
    let asked = of("reencrypt");
    for context in ["SourceEncryptionContext", "DestinationEncryptionContext"] {
        assert_eq!(asked[context], json!({"tenant": "demo", "purpose": "pseudonyms"}));
    }
    assert_eq!((&asked["CiphertextBlob"], &asked["DestinationKeyId"]), (&json!("b2xk"), &json!("arn:root")));
    let put = of("putitem");
    assert_eq!(
        (&put["Item"]["wrapped"]["B"], &put["Item"]["root"]["S"]),
        (&json!("bmV3"), &json!("arn:root"))
    );
    assert_eq!(put["ConditionExpression"], "#wrapped = :wrapped", "whoever was first stands");
    assert!(!all.iter().any(|(operation, _)| operation == "decrypt"));
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
