//! What DynamoDB answers under load, or when an older item is not returned.

use std::sync::Arc;

use aws::dynamo::{AuditTable, HoldsTable, RequestsTable};
use domain::event::EventKind;
use domain::{Request, Status};
use ports::{AuditLog, Class, Fault, Holds, Refused, Requests};
use serde_json::json;
use testkit::clock::FakeClock;
use testkit::contract_tests::fixtures::{
    change, event, hold, hold_event, now, pseudonym, pseudonyms, request, tenant,
};

use crate::canned::{Calls, answering};

type Answer = (u16, String);

fn ok(body: &serde_json::Value) -> Answer {
    (200, body.to_string())
}

fn nothing() -> Answer {
    ok(&json!({}))
}

fn stored(request: &Request) -> Answer {
    let doc = serde_json::to_string(request).expect("json");
    ok(&json!({"Item": {"doc": {"S": doc}}}))
}

fn cancelled(codes: &[&str]) -> Answer {
    let reasons: Vec<_> = codes.iter().map(|code| json!({"Code": code})).collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "a message that quotes a key",
        "CancellationReasons": reasons,
    });
    (400, body.to_string())
}

fn first() -> Request {
    request(&tenant("canned"), 1, &pseudonyms("canned", 1))
}

fn clock() -> Arc<FakeClock> {
    Arc::new(FakeClock::at(now()))
}

async fn requests(answers: Vec<Answer>) -> (RequestsTable, Calls) {
    let (client, calls) = answering(answers).await;
    (RequestsTable::new(client, "requests", "holds", clock()), calls)
}

async fn check_commit(answers: Vec<Answer>, expect: Refused) {
    let (table, _) = requests(answers).await;
    let refused = table.commit(&change(&first(), Status::Planning)).await;
    assert_eq!(refused, Err(expect));
}

#[tokio::test]
async fn a_conflict_between_transactions_is_a_conflict() {
    let conflict = cancelled(&["None", "TransactionConflict"]);
    let answers = vec![conflict, nothing(), stored(&first())];
    check_commit(answers, Refused::Conflict).await;
}

#[tokio::test]
async fn a_failed_condition_without_its_item_is_looked_up() {
    let failed = cancelled(&["ConditionalCheckFailed", "None"]);
    let mut woken = first();
    woken.generation = woken.generation.next();
    let answers = vec![failed.clone(), nothing(), stored(&woken)];
    check_commit(answers, Refused::Stale).await;
    let mut gone_on = first();
    gone_on.events = 2;
    let answers = vec![failed.clone(), nothing(), stored(&gone_on)];
    check_commit(answers, Refused::Conflict).await;
    // It moved between the transaction and the reading.
    let answers = vec![failed, nothing(), stored(&first())];
    check_commit(answers, Refused::Conflict).await;
}

#[tokio::test]
async fn an_open_marker_without_its_item_is_looked_up() {
    let failed = cancelled(&["None", "None", "ConditionalCheckFailed"]);
    let new = testkit::contract_tests::fixtures::new_request(&first());
    let other = request(&tenant("canned"), 2, &[]).id;
    let owner = ok(&json!({"Item": {"owner": {"S": other.as_str()}}}));
    let (table, _) = requests(vec![failed.clone(), nothing(), owner]).await;
    assert_eq!(table.create(&new).await, Err(Refused::Open(other)));
    let (table, _) = requests(vec![failed, nothing(), nothing()]).await;
    assert_eq!(table.create(&new).await, Err(Refused::Conflict), "it closed");
}

#[tokio::test]
async fn a_throttled_transaction_is_a_throttled_fault_that_quotes_nothing() {
    let (table, _) = requests(vec![cancelled(&["None", "ThrottlingError"])]).await;
    let refused = table.commit(&change(&first(), Status::Planning)).await;
    let expect = Fault {
        class: Class::Throttled,
        code: ports::Code::ControlUnavailable,
        operation: "dynamodb:TransactWriteItems",
        target: "requests".to_owned(),
        detail: "ThrottlingError".to_owned(),
    };
    assert_eq!(refused, Err(Refused::Fault(expect)));
}

#[tokio::test]
async fn errors_are_sorted_by_what_to_do_about_them() {
    for (status, kind, expect) in [
        (400, "ProvisionedThroughputExceededException", Class::Throttled),
        (400, "AccessDeniedException", Class::Permanent),
        (500, "InternalServerError", Class::Transient),
        (503, "Unheard", Class::Transient),
    ] {
        let body = json!({"__type": kind, "message": "a message that quotes a key"});
        let (table, _) = requests(vec![(status, body.to_string())]).await;
        let loaded = table.load(&tenant("canned"), &first().id).await;
        let fault = loaded.expect_err("a fault");
        assert_eq!((fault.class, fault.detail.as_str()), (expect, kind));
    }
    let (table, _) = requests(vec![]).await;
    let loaded = table.load(&tenant("canned"), &first().id).await;
    assert_eq!(loaded.expect_err("nobody there").class, Class::Transient);
}

#[tokio::test]
async fn a_hold_is_placed_though_others_are_at_its_guard() {
    let hold = hold(&tenant("canned"), 1, &pseudonym("canned"));
    let event = hold_event(&hold);
    let conflict = cancelled(&["None", "None", "TransactionConflict", "None"]);
    let answers = vec![conflict.clone(), nothing(), conflict.clone(), nothing(), nothing()];
    let (client, calls) = answering(answers).await;
    let table = HoldsTable::new(client, "holds", "requests", clock());
    assert_eq!(table.place(&hold, &event).await, Ok(()));
    let writes = calls.operations();
    let writes = writes.iter().filter(|o| *o == "transactwriteitems");
    assert_eq!(writes.count(), 3);

    let always = vec![[conflict, nothing()]; 20].concat();
    let (client, _) = answering(always).await;
    let table = HoldsTable::new(client, "holds", "requests", clock());
    let fault = table.place(&hold, &event).await.expect_err("a fault");
    assert_eq!(fault.class, Class::Transient);
}

#[tokio::test]
async fn marks_that_were_not_looked_for_are_asked_for_again() {
    let tenant = tenant("canned");
    let mut request = first();
    let events: Vec<_> = (1..=3)
        .map(|n| {
            request.events = n;
            event(&request, EventKind::Progressed)
        })
        .collect();
    let pk = |n: u32| format!("E#{tenant}#{}#{n}", request.id);
    let key = |n: u32| json!({"pk": {"S": pk(n)}, "sk": {"S": "MARK"}});
    let found = |n: u32| json!({"audit": [{"pk": {"S": pk(n)}}]});
    let left = |n: &[u32]| {
        let keys: Vec<_> = n.iter().map(|n| key(*n)).collect();
        json!({"audit": {"Keys": keys, "ConsistentRead": true}})
    };
    let answers = vec![
        ok(&json!({"Responses": found(1), "UnprocessedKeys": left(&[2, 3])})),
        ok(&json!({"Responses": {}, "UnprocessedKeys": left(&[3])})),
        ok(&json!({"Responses": found(3), "UnprocessedKeys": {}})),
    ];
    let (client, calls) = answering(answers).await;
    let table = AuditTable::new(client, "audit");
    let unchained = table.unchained(&tenant, &events).await;
    assert_eq!(unchained, Ok(vec![events[1].clone()]));
    let asked: Vec<usize> = calls
        .all()
        .iter()
        .map(|(_, body)| {
            assert_eq!(body["RequestItems"]["audit"]["ConsistentRead"], true);
            body["RequestItems"]["audit"]["Keys"].as_array().map_or(0, Vec::len)
        })
        .collect();
    assert_eq!(asked, [3, 2, 1]);

    let never = ok(&json!({"Responses": {}, "UnprocessedKeys": left(&[1])}));
    let (client, _) = answering(vec![never; 20]).await;
    let table = AuditTable::new(client, "audit");
    let fault = table.unchained(&tenant, &events).await;
    assert_eq!(fault.expect_err("a fault").class, Class::Throttled);
}

#[tokio::test]
async fn what_decisions_rest_on_is_read_consistently() {
    let (table, calls) = requests(vec![nothing(); 9]).await;
    let (tenant, id, subject) = (tenant("canned"), first().id, pseudonym("canned"));
    assert_eq!(table.load(&tenant, &id).await, Ok(None));
    assert_eq!(table.tasks(&tenant, &id).await, Ok(vec![]));
    assert_eq!(table.events(&tenant, &id, 0, 9).await, Ok(vec![]));
    assert_eq!(table.remembered(&tenant, &subject, now()).await, Ok(None));
    assert_eq!(table.lock_owner(&tenant, &subject).await, Ok(None));
    assert_eq!(table.waiters(&tenant, &subject).await, Ok(vec![]));
    let subjects = [subject];
    let open = table.open_requests(&tenant, first().kind, &subjects).await;
    assert_eq!(open, Ok(vec![]));
    let (client, more) = answering(vec![nothing(); 6]).await;
    let holds = HoldsTable::new(client.clone(), "holds", "requests", clock());
    assert_eq!(holds.standing(&tenant, &subjects).await, Ok(vec![]));
    let chain = AuditTable::new(client, "audit");
    assert_eq!(chain.head(&tenant).await, Ok(audit::Head::genesis()));
    let all = [calls.all(), more.all()].concat();
    // The head is asked for in each partition of the chain.
    assert_eq!(all.len(), 12);
    for (operation, body) in all {
        assert_eq!(body["ConsistentRead"], true, "{operation}");
    }
}
