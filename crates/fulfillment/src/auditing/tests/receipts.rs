//! Receipts that there are, of this log and of an earlier one, and those that there are not.

use audit::receipt::{DETAIL, sha256_of};
use domain::RequestId;
use domain::Status;
use domain::event::EventKind;
use serde_json::Value;

use super::{chained, door, signed};
use crate::api::Answer;
use crate::api::tests::{Front, call, caller, front, plain_front, tenant};
use crate::auditing::{Ports, answer};
use domain::access::Role;

/// Takes a request in and closes it; of what was meant this is kept.
async fn closed(front: &Front, meant: &str, kept: &str) -> RequestId {
    let id = front.submit("one@example.com").await;
    front.change(&id, |draft| draft.request.status = Status::Planning).await;
    let now = front.world.fake_clock().peek();
    front
        .change(&id, |draft| {
            draft.kind = EventKind::Closed;
            draft.request.status = Status::NoMatch;
            draft.request.closed_at = Some(now);
            draft.detail = [(DETAIL.to_owned(), sha256_of(meant.as_bytes()))].into();
            draft.statement = Some(kept.to_owned());
        })
        .await;
    chained(front).await;
    id
}

/// What the API says of one that cannot be issued.
pub(super) async fn never() -> Answer {
    let front = plain_front();
    let id = closed(&front, "{\"true\":1}", "{\"false\":1}").await;
    signed(&front).await;
    get(&door(&front), &id, "").await
}

async fn get(door: &Ports, id: &RequestId, query: &str) -> Answer {
    let call = call(&caller(Role::Auditor), "GET", &format!("/v1/requests/{id}/receipt{query}"));
    answer(door, &call).await
}

fn code(answer: &Answer) -> (u16, Option<String>) {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    (answer.status, body["code"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn a_receipt_that_cannot_be_issued_is_told_apart_from_one_that_is_to_come() {
    let front = front();
    let id = closed(&front, "{\"true\":1}", "{\"false\":1}").await;
    let door = door(&front);
    for query in ["", "?entry=3"] {
        assert_eq!(code(&get(&door, &id, query).await), (404, None), "{query}: it is not signed yet");
    }
    signed(&front).await;
    let never = (404, Some("statement-altered".to_owned()));
    for query in ["", "?entry=3"] {
        let answer = get(&door, &id, query).await;
        assert_eq!(code(&answer), never, "{query}: {}", answer.body);
        assert!(answer.body.contains("until 1970-02-05"), "{}", answer.body);
    }
    // It has no closing there; nor has any other request.
    for query in ["?entry=2", "?entry=4", "?entry=99"] {
        assert_eq!(code(&get(&door, &id, query).await), (404, None), "{query}");
    }
    let other = closed(&front, "{}", "{}").await;
    signed(&front).await;
    assert_eq!(code(&get(&door, &other, "?entry=3").await), (404, None));
    assert_eq!(get(&door, &other, "").await.status, 200);
    // Once the statement is what it was, there is a receipt.
    let n = front.request(&id).events;
    front.world.overwrite_statement(&tenant("demo"), &id, n, "{\"true\":1}").expect("one was there");
    signed(&front).await;
    for query in ["", "?entry=3"] {
        assert_eq!(get(&door, &id, query).await.status, 200, "{query}");
    }
}

/// The log goes on under another name. What was issued under the earlier one proves nothing of an entry of this one, and is what
/// the person has until then.
#[tokio::test]
async fn the_receipt_of_an_entry_is_that_of_its_own_log() {
    let front = front();
    let id = closed(&front, "{}", "{}").await;
    signed(&front).await;
    let renamed = Ports { log_name: "lacuna.example/2".to_owned(), ..door(&front) };
    assert_eq!(get(&door(&front), &id, "?entry=3").await.status, 200);
    assert_eq!(get(&renamed, &id, "?entry=3").await.status, 404);
    assert_eq!(get(&renamed, &id, "").await.body, get(&door(&front), &id, "?entry=3").await.body);
}
