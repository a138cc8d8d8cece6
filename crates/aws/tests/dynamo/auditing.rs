//! What the audit and its sweeper make of DynamoDB's answers.

use std::sync::Arc;

use audit::{Block, Head};
use aws::dynamo::{AuditTable, EventListsTable, HoldsTable, RequestsTable};
use domain::Status;
use domain::event::{Event, EventKind};
use ports::{AuditLog, AuditMarks, Class, Code, EventKey, EventLists, Holds, Minute, Requests};
use serde_json::{Value, json};
use testkit::clock::FakeClock;
use testkit::contract_tests::fixtures::{
    after, change, event, hold, hold_event, new_request, now, pseudonym, pseudonyms, request, tenant,
};

use crate::canned::{answering, answering_each};

fn ok(body: &Value) -> (u16, String) {
    (200, body.to_string())
}

fn refused(exception: &str) -> (u16, String) {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{exception}");
    (400, json!({"__type": kind, "message": "a message that quotes a key"}).to_string())
}

fn cancelled(code: &str) -> (u16, String) {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": [{"Code": code}, {"Code": "None"}],
    });
    (400, body.to_string())
}

fn first_block() -> Block {
    let one = event(&request(&tenant("canned"), 1, &pseudonyms("canned", 1)), EventKind::Accepted);
    let basis = |_: &Event| "GDPR Art. 17".to_owned();
    Block::after(&Head::genesis(), &tenant("canned"), &[one], basis).expect("a block")
}

/// A refusal of the block is the block's; a role that is wrong is not.
#[tokio::test]
async fn what_is_refused_for_good_is_told_from_who_is_refused() {
    let check = async |answer: (u16, String), expect: (Class, Code)| {
        let (client, _) = answering(vec![answer]).await;
        let fault = AuditTable::new(client, "audit").append(&first_block()).await.expect_err("a fault");
        assert_eq!((fault.class, fault.code), expect);
        assert!(!fault.to_string().contains("quotes"));
    };
    check(refused("ValidationException"), (Class::Permanent, Code::EventUnchainable)).await;
    check(cancelled("ValidationError"), (Class::Permanent, Code::EventUnchainable)).await;
    check(refused("AccessDeniedException"), (Class::Permanent, Code::ControlUnavailable)).await;
    check(refused("ResourceNotFoundException"), (Class::Permanent, Code::ControlUnavailable)).await;
    check(cancelled("ThrottlingError"), (Class::Throttled, Code::ControlUnavailable)).await;
}

#[tokio::test]
async fn the_head_is_the_greatest_of_all_partitions() {
    let (client, _, calls) = answering_each(|(_, body)| {
        let partition = body["ExpressionAttributeValues"][":pk"]["S"].as_str().expect("a partition");
        let seq = match partition {
            "T#demo" => "99",
            "T#demo#2" => "300",
            "T#demo#3" => "201",
            // Nothing there yet.
            _ => return ok(&json!({"Items": []})),
        };
        ok(&json!({"Items": [{"last_seq": {"N": seq}, "head_hash": {"S": format!("hash-{seq}")}}]}))
    })
    .await;
    let head = AuditTable::new(client, "audit").head(&tenant("demo")).await;
    assert_eq!(head, Ok(Head { seq: 300, hash: "hash-300".into() }));
    let all = calls.all();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|(_, body)| body["ScanIndexForward"] == false && body["Limit"] == 1));
}

/// Not of what it tells: a change may be decided long before it is committed.
#[tokio::test]
async fn an_event_is_listed_by_the_minute_of_its_commit() {
    let (client, calls) = answering(vec![ok(&json!({})); 3]).await;
    let clock = Arc::new(FakeClock::at(after(7 * 60)));
    let requests = RequestsTable::new(client.clone(), "requests", "holds", clock.clone());
    let holds = HoldsTable::new(client, "holds", "requests", clock);
    let tenant = tenant("canned");
    let first = request(&tenant, 1, &pseudonyms("canned", 1));
    assert_eq!(requests.create(&new_request(&first)).await, Ok(()));
    assert_eq!(requests.commit(&change(&first, Status::Planning)).await, Ok(()));
    let held = hold(&tenant, 1, &pseudonym("canned"));
    assert_eq!(holds.place(&held, &hold_event(&held)).await, Ok(()));
    for (_, body) in calls.all() {
        let actions = body["TransactItems"].as_array().expect("actions");
        let items = actions.iter().map(|action| &action["Put"]["Item"]);
        let mut events =
            items.filter(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("EVENT#")));
        let event = events.next().expect("an event");
        let text = |name: &str| event[name]["S"].as_str().expect("a text").to_owned();
        assert!(text("gsi4pk").starts_with("EVENTS#2026-03-02T09:07#"), "{}", text("gsi4pk"));
        assert_eq!(text("gsi4sk"), format!("{}#{}", text("pk"), text("sk")));
    }
}

fn key() -> EventKey {
    EventKey { pk: "T#demo#R#req_1".into(), sk: "EVENT#00000002".into() }
}

#[tokio::test]
async fn redriving_moves_an_event_from_where_it_was_found() {
    let (from, to) = (Minute::of(now()), Minute::of(now()).next());
    let updated = ok(&json!({"Attributes": {"redriven": {"N": "3"}, "gsi4pk": {"S": "x"}}}));
    let answers = vec![
        updated,
        refused("ConditionalCheckFailedException"),
        refused("ThrottlingException"),
        ok(&json!({"Attributes": {}})),
    ];
    let (client, calls) = answering(answers).await;
    let lists = EventListsTable::new(client, "requests");
    assert_eq!(lists.redrive(&key(), from, to).await, Ok(Some(3)));
    assert_eq!(lists.redrive(&key(), from, to).await, Ok(None));
    let class = lists.redrive(&key(), from, to).await.map_err(|fault| fault.class);
    assert_eq!(class, Err(Class::Throttled));
    let class = lists.redrive(&key(), from, to).await.map_err(|fault| fault.class);
    assert_eq!(class, Err(Class::Permanent));
    let (operation, body) = calls.all().remove(0);
    assert_eq!(operation, "updateitem");
    assert_eq!(body["Key"], json!({"pk": {"S": key().pk}, "sk": {"S": key().sk}}));
    assert_eq!(body["ConditionExpression"], "#list = :from");
    assert_eq!(body["UpdateExpression"], "SET #list = :to ADD #redriven :one");
    let values = &body["ExpressionAttributeValues"];
    let place = |value: &str| values[value]["S"].as_str().expect("a text").to_owned();
    let (from, to) = (place(":from"), place(":to"));
    assert!(from.starts_with("EVENTS#2026-03-02T09:00#"), "{from}");
    assert_eq!(from.replace("09:00", "09:01"), to, "the same list of another minute");
}

#[tokio::test]
async fn a_list_is_read_from_the_index_page_by_page() {
    let item = |n: u32| json!({"pk": {"S": key().pk}, "sk": {"S": format!("EVENT#{n:08}")}});
    let answers =
        vec![ok(&json!({"Items": [item(1), item(2)]})), ok(&json!({"Items": [{"pk": {"S": "p"}}]}))];
    let (client, calls) = answering(answers).await;
    let lists = EventListsTable::new(client, "requests");
    let found = lists.listed(Minute::of(now()), 7, Some(&key()), 2).await.expect("a page");
    assert_eq!(found.len(), 2);
    assert_eq!(found[1], key());
    let broken = lists.listed(Minute::of(now()), 7, None, 2).await;
    assert_eq!(broken.expect_err("a fault").detail, "unreadable-item");
    let (_, body) = calls.all().remove(0);
    assert_eq!(body["IndexName"], "by_time");
    let values =
        json!({":pk": {"S": "EVENTS#2026-03-02T09:00#7"}, ":a": {"S": format!("{}#{}", key().pk, key().sk)}});
    assert_eq!(body["ExpressionAttributeValues"], values);
}

#[tokio::test]
async fn what_was_swept_is_kept_as_a_minute() {
    let minute = Minute::of(now());
    let answers = vec![
        ok(&json!({})),
        ok(&json!({"Item": {"swept_to": {"S": "2026-03-02T09:00"}}})),
        ok(&json!({"Item": {"swept_to": {"S": "soon"}}})),
        ok(&json!({})),
        refused("ConditionalCheckFailedException"),
        refused("InternalServerError"),
    ];
    let (client, calls) = answering(answers).await;
    let lists = EventListsTable::new(client, "requests");
    assert_eq!(lists.swept_to().await, Ok(None));
    assert_eq!(lists.swept_to().await, Ok(Some(minute)));
    assert_eq!(lists.swept_to().await.map_err(|fault| fault.detail), Err("unreadable-item".to_owned()));
    assert_eq!(lists.keep_swept_to(minute).await, Ok(()));
    assert_eq!(lists.keep_swept_to(minute).await, Ok(()), "another run was further");
    assert!(lists.keep_swept_to(minute).await.is_err());
    let (_, body) = calls.all().remove(3);
    assert_eq!(body["ConditionExpression"], "attribute_not_exists(pk) OR #swept_to < :swept_to");
    assert_eq!(body["Item"]["swept_to"]["S"], "2026-03-02T09:00");
    assert_eq!(calls.all()[0].1["ConsistentRead"], true);
}

/// Two keys of one event, and keys that no event can have.
#[tokio::test]
async fn marks_are_asked_for_once_each() {
    let found = json!({"Responses": {"audit": [{"pk": {"S": "E#demo#req_1#2"}}]}, "UnprocessedKeys": {}});
    let (client, calls) = answering(vec![ok(&found)]).await;
    let marks = AuditTable::new(client, "audit");
    let strange = EventKey { pk: "T#demo".into(), sk: "EVENT#00000002".into() };
    let left = marks.unmarked(&[key(), key(), strange.clone()]).await;
    assert_eq!(left, Ok(vec![strange.clone()]));
    assert_eq!(marks.unmarked(std::slice::from_ref(&strange)).await, Ok(vec![strange]));
    let all = calls.all();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].1["RequestItems"]["audit"]["Keys"].as_array().map(Vec::len), Some(1));
}
