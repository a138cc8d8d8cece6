//! How items look: indexes, the stream's filters and the time-to-live read these attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Status;
use domain::event::EnterAt;
use ports::{Class, Code, Holds, Requests};
use testkit::contract_tests::fixtures::{
    after, change, hold, hold_event, new_request, pseudonym, pseudonyms, remembered, request, tenant,
};

use crate::engine::{Engine, engine};

fn text<'a>(item: &'a HashMap<String, AttributeValue>, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn number<'a>(item: &'a HashMap<String, AttributeValue>, name: &str) -> Option<&'a str> {
    item.get(name)?.as_n().ok().map(String::as_str)
}

async fn item(engine: &Engine, pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    let item = engine.item(&engine.names.requests, pk, sk).await;
    item.expect("an item")
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn a_request_carries_what_its_indexes_need() {
    let engine = engine().await;
    let tenant = tenant("item-request");
    let mut first = request(&tenant, 7, &pseudonyms("item-request", 1));
    first.progress_by = Some(after(90));
    let table = engine.requests();
    assert_eq!(table.create(&new_request(&first)).await, Ok(()));
    let pk = format!("T#{tenant}#R#{}", first.id);
    let found = item(&engine, &pk, "REQ").await;
    let received = format!("2026-03-02T09:00:07.000000000Z#{}", first.id);
    assert_eq!(number(&found, "generation"), Some("1"));
    assert_eq!(number(&found, "events"), Some("1"));
    assert_eq!(text(&found, "status"), Some("accepted"));
    assert_eq!(text(&found, "gsi1pk"), Some("T#item-request"));
    assert_eq!(text(&found, "gsi1sk"), Some(received.as_str()));
    assert_eq!(text(&found, "gsi2pk"), Some("T#item-request#S#accepted"));
    assert_eq!(text(&found, "gsi2sk"), Some(received.as_str()));
    let shard = text(&found, "gsi3pk").and_then(|pk| pk.strip_prefix("PROGRESS#"));
    assert!(shard.is_some_and(|shard| ("0".."8").contains(&shard)), "{shard:?}");
    let by = text(&found, "gsi3sk").expect("a time");
    assert!(by.starts_with("2026-03-02T09:01:30.000000000Z#"), "{by}");

    let mut ended = change(&first, Status::Cancelled);
    ended.request.progress_by = None;
    assert_eq!(table.commit(&ended).await, Ok(()));
    let found = item(&engine, &pk, "REQ").await;
    assert_eq!(text(&found, "gsi2pk"), Some("T#item-request#S#cancelled"));
    assert_eq!(number(&found, "events"), Some("2"));
    assert!(!found.contains_key("gsi3pk") && !found.contains_key("gsi3sk"));
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn an_event_carries_what_the_streams_readers_need() {
    let engine = engine().await;
    let tenant = tenant("item-event");
    let first = request(&tenant, 7, &pseudonyms("item-event", 1));
    let table = engine.requests();
    assert_eq!(table.create(&new_request(&first)).await, Ok(()));
    let pk = format!("T#{tenant}#R#{}", first.id);
    let found = item(&engine, &pk, "EVENT#00000001").await;
    assert!(!found.contains_key("relay") && !found.contains_key("enter_at"));

    let mut woken = change(&first, Status::Planning);
    woken.request.generation = first.generation.next();
    woken.event.generation = first.generation.next();
    woken.event.wake = Some(EnterAt::Plan);
    assert_eq!(table.commit(&woken).await, Ok(()));
    let found = item(&engine, &pk, "EVENT#00000002").await;
    assert_eq!(text(&found, "relay"), Some("wake"));
    assert_eq!(text(&found, "enter_at"), Some("Plan"));
    assert_eq!(text(&found, "tenant"), Some("item-event"));
    assert_eq!(text(&found, "request_id"), Some(first.id.as_str()));
    assert_eq!(number(&found, "generation"), Some("2"));
    let list = text(&found, "gsi4pk").expect("a list");
    assert!(list.starts_with("EVENTS#2026-03-02T09:00#"), "{list}");
    let place = format!("{pk}#EVENT#00000002");
    assert_eq!(text(&found, "gsi4sk"), Some(place.as_str()));
    let doc = text(&found, "doc").expect("a document");
    let event: domain::event::Event = serde_json::from_str(doc).expect("an event");
    assert_eq!(event, woken.event);

    let held = hold(&tenant, 1, &pseudonym("item-event"));
    let placed = engine.holds().place(&held, &hold_event(&held)).await;
    assert_eq!(placed, Ok(()));
    let pk = format!("T#{tenant}#H#{}", held.id);
    let found = item(&engine, &pk, "EVENT#00000001").await;
    assert_eq!(text(&found, "hold_id"), Some(held.id.as_str()));
    assert_eq!(text(&found, "tenant"), Some("item-event"));
    assert!(!found.contains_key("relay") && !found.contains_key("request_id"));
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn an_answer_expires_in_whole_seconds_after_it_is_forgotten() {
    let engine = engine().await;
    let tenant = tenant("item-answer");
    let answer = remembered("key", "body", 60);
    let table = engine.requests();
    assert_eq!(table.remember(&tenant, &answer).await, Ok(()));
    let pk = format!("T#{tenant}#IDEM#{}", answer.key);
    let found = item(&engine, &pk, "IDEM").await;
    let seconds: i64 = number(&found, "expires_at").and_then(|n| n.parse().ok()).expect("seconds");
    assert!(seconds > answer.expires_at.as_second());
    assert!(seconds <= answer.expires_at.as_second() + 1);
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn a_malformed_cursor_is_refused() {
    let engine = engine().await;
    let tenant = tenant("item-cursor");
    for cursor in ["", "%", "VCNvdGhlcg", "REQ"] {
        let listed = engine.requests().list(&tenant, None, Some(cursor), 3).await;
        let fault = listed.expect_err("a fault");
        let what = (fault.class, fault.code, fault.detail.as_str());
        let expect = (Class::Permanent, Code::ControlUnavailable, "cursor");
        assert_eq!(what, expect, "{cursor}");
        let listed = engine.holds().list(&tenant, Some(cursor), 3).await;
        assert_eq!(listed.expect_err("a fault").detail, "cursor", "{cursor}");
    }
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn a_missing_table_is_a_permanent_fault_that_quotes_nothing() {
    let engine = engine().await;
    let client = engine.dynamodb.clone();
    let table = aws::dynamo::RequestsTable::new(client, "not-there", "not-there", engine.clock.clone());
    let tenant = tenant("item-missing");
    let first = request(&tenant, 1, &pseudonyms("item-missing", 1));
    let fault = table.load(&tenant, &first.id).await.expect_err("a fault");
    assert_eq!(
        fault.to_string(),
        "control-unavailable: dynamodb:GetItem on not-there: ResourceNotFoundException"
    );
    assert_eq!(fault.class, Class::Permanent);
    let refused = table.create(&new_request(&first)).await;
    let refused = refused.expect_err("a fault").to_string();
    assert!(!refused.contains(first.id.as_str()), "{refused}");
}
