//! How chains and tenants are read: which items are asked for, and what is made of those that are none of ours.

use std::sync::Arc;

use audit::{Block, Head};
use aws::dynamo::{AuditTable, RegistryTable};
use domain::event::EventKind;
use ports::{AuditLog, Class, Code, Tenants};
use serde_json::{Value, json};
use testkit::clock::FakeClock;
use testkit::contract_tests::fixtures::{event, now, pseudonyms, request, tenant};

use crate::canned::{Calls, answering};

fn ok(items: &[Value]) -> (u16, String) {
    (200, json!({ "Items": items }).to_string())
}

/// A block of the chain of `demo`, as it is stored.
fn block(head: &Head, numbers: std::ops::RangeInclusive<u32>) -> (Block, Value) {
    let tenant = tenant("demo");
    let mut request = request(&tenant, 1, &pseudonyms("listing", 1));
    let events: Vec<_> = numbers
        .map(|n| {
            request.events = n;
            event(&request, EventKind::Progressed)
        })
        .collect();
    let block = Block::after(head, &tenant, &events, |_| "GDPR Art. 17".to_owned()).expect("a block");
    let item = json!({"doc": {"S": serde_json::to_string(&block).expect("json")}});
    (block, item)
}

async fn audit(answers: Vec<(u16, String)>) -> (AuditTable, Calls) {
    let (client, calls) = answering(answers).await;
    (AuditTable::new(client, "audit"), calls)
}

/// Strongly consistent, in two calls: the block that has the entry, and those behind it.
#[tokio::test]
async fn blocks_are_asked_for_by_their_places() {
    let (first, item) = block(&Head::genesis(), 1..=3);
    let (second, next) = block(&first.head(), 4..=4);
    let (table, calls) = audit(vec![ok(&[item]), ok(&[next])]).await;
    let read = table.read(&tenant("demo"), 2, 5).await.expect("blocks");
    assert!(read == [first, second]);
    let all = calls.all();
    let range = |from: &str, to: &str| json!({":pk": {"S": "T#demo"}, ":a": {"S": from}, ":b": {"S": to}});
    let expect = [
        (range("SEQ#00000000000000000000", "SEQ#00000000000000000002"), false, 1),
        (range("SEQ#00000000000000000003", "SEQ#18446744073709551615"), true, 4),
    ];
    assert_eq!(all.len(), expect.len());
    for ((operation, body), (values, forward, limit)) in all.iter().zip(expect) {
        assert_eq!((operation.as_str(), &body["ExpressionAttributeValues"]), ("query", &values));
        assert_eq!(body["KeyConditionExpression"], "#pk = :pk AND #sk BETWEEN :a AND :b");
        assert_eq!((&body["ConsistentRead"], &body["ScanIndexForward"]), (&json!(true), &json!(forward)));
        assert_eq!(body["Limit"], limit);
    }
}

/// Whichever of the two has it. An entry of the audit is never passed over.
#[tokio::test]
async fn a_block_that_cannot_be_read_is_a_fault() {
    let (_, whole) = block(&Head::genesis(), 1..=1);
    let damaged = || ok(&[json!({"doc": {"S": "{\"marked\""}})]);
    for answers in [vec![damaged()], vec![ok(&[whole]), damaged()]] {
        let (table, _) = audit(answers).await;
        let fault = table.read(&tenant("demo"), 1, 5).await.expect_err("a fault");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::ControlUnavailable));
        assert!(!fault.to_string().contains("marked"), "{fault}");
    }
}

async fn registry(items: &[Value]) -> (RegistryTable, Calls) {
    let (client, calls) = answering(vec![ok(items)]).await;
    (RegistryTable::new(client, "registry", Arc::new(FakeClock::at(now()))), calls)
}

/// By the index, whose keys are the table's own: no writer has to think of it.
#[tokio::test]
async fn tenants_are_asked_for_by_their_kind() {
    let items = ["T#shop", "T#web"].map(|pk| json!({"pk": {"S": pk}}));
    let (table, calls) = registry(&items).await;
    let found = table.all(Some(&tenant("demo")), 2).await;
    assert_eq!(found, Ok(vec![tenant("shop"), tenant("web")]));
    let (operation, body) = &calls.all()[0];
    assert_eq!((operation.as_str(), &body["IndexName"]), ("query", &json!("by_kind")));
    assert_eq!(body["KeyConditionExpression"], "#pk = :pk AND #sk > :a");
    assert_eq!(body["ExpressionAttributeNames"], json!({"#pk": "sk", "#sk": "pk"}));
    assert_eq!(body["ExpressionAttributeValues"], json!({":pk": {"S": "TENANT"}, ":a": {"S": "T#demo"}}));
    assert_eq!((&body["Limit"], &body["ProjectionExpression"]), (&json!(2), &json!("pk")));
}

/// Whoever it was meant for would be left out in silence.
#[tokio::test]
async fn what_names_no_tenant_is_a_fault() {
    for pk in ["shop", "T#", "T#Not a tenant"] {
        let (table, _) = registry(&[json!({"pk": {"S": pk}})]).await;
        let fault = table.all(None, 2).await.expect_err("a fault");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::SettingsInvalid));
        assert_eq!((fault.operation, &*fault.detail), ("dynamodb:Query", "not-a-tenant"));
    }
}
