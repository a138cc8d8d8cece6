//! How chains and tenants are read: which items are asked for, and what is made of those that are none of ours.

use std::sync::Arc;

use audit::{Block, Head};
use aws::dynamo::{AuditTable, RegistryTable};
use domain::event::EventKind;
use ports::{AuditLog, Class, Code, Listed, Tenants};
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

/// As many answers as a tenant's chain has partitions, of which one has something.
fn among_others(answer: (u16, String)) -> Vec<(u16, String)> {
    [vec![answer], vec![ok(&[]); 3]].concat()
}

/// Strongly consistent, in two calls for each partition: the block that has the entry, and those behind it.
#[tokio::test]
async fn blocks_are_asked_for_by_their_places() {
    let (first, item) = block(&Head::genesis(), 1..=3);
    let (second, next) = block(&first.head(), 4..=4);
    let (table, calls) = audit([among_others(ok(&[item])), among_others(ok(&[next]))].concat()).await;
    let read = table.read(&tenant("demo"), 2, 5).await.expect("blocks");
    assert!(read == [first, second]);
    let all = calls.all();
    let expect = [
        ("SEQ#00000000000000000000", "SEQ#00000000000000000002", false, 1),
        ("SEQ#00000000000000000003", "SEQ#18446744073709551615", true, 4),
    ];
    assert_eq!(all.len(), 8);
    for (calls, (from, to, forward, limit)) in all.chunks(4).zip(expect) {
        let mut partitions = Vec::new();
        for (operation, body) in calls {
            let values = &body["ExpressionAttributeValues"];
            partitions.push(values[":pk"]["S"].as_str().expect("a partition"));
            assert_eq!(
                (operation.as_str(), &values[":a"]["S"], &values[":b"]["S"]),
                ("query", &json!(from), &json!(to))
            );
            assert_eq!(body["KeyConditionExpression"], "#pk = :pk AND #sk BETWEEN :a AND :b");
            assert_eq!((&body["ConsistentRead"], &body["ScanIndexForward"]), (&json!(true), &json!(forward)));
            assert_eq!(body["Limit"], limit);
        }
        partitions.sort_unstable();
        assert_eq!(partitions, ["T#demo", "T#demo#1", "T#demo#2", "T#demo#3"]);
    }
}

/// Whichever of the two has it. An entry of the audit is never passed over.
#[tokio::test]
async fn a_block_that_cannot_be_read_is_a_fault() {
    let (_, whole) = block(&Head::genesis(), 1..=1);
    let damaged = || ok(&[json!({"doc": {"S": "{\"marked\""}})]);
    for answers in [among_others(damaged()), [among_others(ok(&[whole])), among_others(damaged())].concat()] {
        let (table, _) = audit(answers).await;
        let fault = table.read(&tenant("demo"), 1, 5).await.expect_err("a fault");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::ControlUnavailable));
        assert!(!fault.to_string().contains("marked"), "{fault}");
    }
}

async fn registry(pages: &[&[&str]]) -> (RegistryTable, Calls) {
    let page = |page: &&[&str]| ok(&page.iter().map(|pk| json!({"pk": {"S": pk}})).collect::<Vec<_>>());
    let (client, calls) = answering(pages.iter().map(page).collect()).await;
    (RegistryTable::new(client, "registry", Arc::new(FakeClock::at(now()))), calls)
}

/// By the index, whose keys are the table's own: no writer has to think of it.
#[tokio::test]
async fn tenants_are_asked_for_by_their_kind() {
    let (table, calls) = registry(&[&["T#shop", "T#web"]]).await;
    let found = table.all(Some(&tenant("demo")), 2).await;
    assert_eq!(found, Ok(Listed { tenants: vec![tenant("shop"), tenant("web")], unreadable: 0 }));
    let (operation, body) = &calls.all()[0];
    assert_eq!((operation.as_str(), &body["IndexName"]), ("query", &json!("by_kind")));
    assert_eq!(body["KeyConditionExpression"], "#pk = :pk AND #sk > :a");
    assert_eq!(body["ExpressionAttributeNames"], json!({"#pk": "sk", "#sk": "pk"}));
    assert_eq!(body["ExpressionAttributeValues"], json!({":pk": {"S": "TENANT"}, ":a": {"S": "T#demo"}}));
    assert_eq!((&body["Limit"], &body["ProjectionExpression"]), (&json!(2), &json!("pk")));
}

/// It is counted, so that somebody is told; the tenants around it are all there.
#[tokio::test]
async fn what_names_no_tenant_keeps_nobody_else_from_being_found() {
    let (table, calls) = registry(&[&["shop", "T#"], &["T#Not a tenant", "T#shop"], &["T#web"]]).await;
    let found = table.all(None, 2).await;
    assert_eq!(found, Ok(Listed { tenants: vec![tenant("shop"), tenant("web")], unreadable: 3 }));
    let after = calls.all().into_iter().map(|(_, body)| body["ExpressionAttributeValues"][":a"]["S"].clone());
    assert_eq!(after.collect::<Vec<_>>(), [json!(null), json!("T#"), json!("T#shop")]);
}
