//! Keys: what is kept, for how long it is kept unwrapped, and what it is bound to.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::RequestId;
use jiff::SignedDuration;
use ports::{Class, Code, KeyScope, Keyring};
use testkit::contract_tests::fixtures::{now, tenant};

use crate::engine::engine;

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
    assert_eq!(names, ["pk", "sk", "wrapped"]);

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
