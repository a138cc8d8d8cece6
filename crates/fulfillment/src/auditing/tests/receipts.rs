//! Receipts that there are, of this log and of an earlier one, and those that there are not.

use domain::RequestId;
use domain::access::Role;
use serde_json::Value;

use super::{door, signed};
use crate::api::Answer;
use crate::api::tests::{call, caller, front, plain_front, tenant};
use crate::auditing::{Ports, answer};

/// What the API says of one that cannot be issued.
pub(super) async fn never() -> Answer {
    let front = plain_front();
    let id = front.closed("one@example.com", "{\"true\":1}", "{\"false\":1}").await;
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
    let id = front.closed("one@example.com", "{\"true\":1}", "{\"false\":1}").await;
    let door = door(&front);
    for query in ["", "?entry=3"] {
        assert_eq!(code(&get(&door, &id, query).await), (404, None), "{query}: it is not signed yet");
    }
    signed(&front).await;
    let never = (404, Some("statement-altered".to_owned()));
    for query in ["", "?entry=3"] {
        let answer = get(&door, &id, query).await;
        assert_eq!(code(&answer), never, "{query}: {}", answer.body);
        assert!(answer.body.contains("until 2026-04-06"), "{}", answer.body);
    }
    // It has no closing there; nor has any other request.
    for query in ["?entry=2", "?entry=4", "?entry=99"] {
        assert_eq!(code(&get(&door, &id, query).await), (404, None), "{query}");
    }
    let other = front.closed("two@example.com", "{}", "{}").await;
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
    let id = front.closed("one@example.com", "{}", "{}").await;
    signed(&front).await;
    let renamed = Ports { log_name: "lacuna.example/2".to_owned(), ..door(&front) };
    assert_eq!(get(&door(&front), &id, "?entry=3").await.status, 200);
    assert_eq!(get(&renamed, &id, "?entry=3").await.status, 404);
    assert_eq!(get(&renamed, &id, "").await.body, get(&door(&front), &id, "?entry=3").await.body);
}

/// Since an earlier end the person was found again: its receipt, which says that nothing was left, is that of its entry alone.
#[tokio::test]
async fn the_receipt_of_an_earlier_end_is_not_that_of_this_one() {
    let front = front();
    let earlier = "{\"closed_at\":\"2026-01-01T00:00:00Z\"}";
    let id = front.closed("one@example.com", earlier, earlier).await;
    signed(&front).await;
    let door = door(&front);
    assert_eq!(get(&door, &id, "?entry=3").await.status, 200);
    assert_eq!(code(&get(&door, &id, "").await), (404, None));
}

/// The table of requests came back from a backup without this one. The log has its closing, and what proves it is there.
#[tokio::test]
async fn who_reads_the_log_has_the_receipts_of_its_entries_though_the_request_is_lost() {
    let front = front();
    let id = front.closed("one@example.com", "{}", "{}").await;
    signed(&front).await;
    let other = front.closed("two@example.com", "{\"true\":1}", "{\"false\":1}").await;
    signed(&front).await;
    let without = Ports { requests: plain_front().world.requests(), ..door(&front) };
    assert_eq!(get(&without, &id, "?entry=3").await.status, 200);
    assert_eq!(code(&get(&without, &other, "?entry=6").await), (404, Some("statement-altered".to_owned())));
    assert_eq!(get(&without, &id, "").await.status, 404);
}
