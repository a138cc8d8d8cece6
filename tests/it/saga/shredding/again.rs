//! Whoever is erased again has keys anew: what a source wants kept of them is judged by the second time, not by the first.

use domain::access::Role;
use domain::request::Retention;

use super::keeping::stage_of;
use super::*;
use crate::saga::recheck::{ask, erased, set, when_due};

/// Somebody has sealed something for the person weeks after their key was destroyed, and an officer wants it gone; the
/// request, and when its first wait was over.
async fn found_again(stage: &Stage) -> (RequestId, Timestamp) {
    set(stage, Some("P30D"));
    append(stage, "1", "paid").await;
    let id = erased(stage).await;
    append(stage, "1", "paid again").await;
    let request = when_due(stage, &id).await;
    assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("person-found-again"));
    (id, request.cooling_off_until.expect("it waited"))
}

fn keep_until(stage: &Stage, until: Timestamp) {
    let retention = Retention {
        source: "legal-desk".into(),
        stores: vec!["ledger".parse().expect("a store")],
        categories: vec![],
        reason: "warranty".into(),
        until: Some(until),
    };
    stage.world.answer_always("legal-desk", Ok(Verdict::Retain(retention)));
}

fn retained(stage: &Stage, id: &RequestId, store: &str) -> u64 {
    tally(stage, id, Operation::Erase, store).retained
}

/// It ran out between the two times: it ran when the first wait was over, and keeps nothing of the second.
#[tokio::test]
async fn what_was_to_be_kept_until_before_the_second_time_keeps_no_key() {
    let stage = stage_of(true);
    let (id, waited) = found_again(&stage).await;
    keep_until(&stage, waited.checked_add(SignedDuration::from_hours(24)).expect("in time"));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    assert_eq!(stage.play_to_the_end(&id).await.reopened, 1);
    assert!(!has_key(&stage, "customer_id", "1").await, "nothing keeps it any more");
    assert_eq!((retained(&stage, &id, "archive"), retained(&stage, &id, "ledger")), (0, 0));
}

/// It runs out while the second time is under way, between two stores: both are kept, as in a first one.
#[tokio::test]
async fn what_runs_out_between_two_stores_of_the_second_time_keeps_both() {
    let stage = stage_of(true);
    let (id, _) = found_again(&stage).await;
    let (seen, mut first, mut passed) = (id.clone(), true, false);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "EraseStoreFunctionArn" && first {
            first = false;
            let now = stage.world.fake_clock().peek();
            keep_until(stage, now.checked_add(SignedDuration::from_mins(5)).expect("in time"));
        } else if !passed && retained(stage, &seen, "archive") == 1 {
            passed = true;
            stage.world.fake_clock().advance(SignedDuration::from_mins(6));
        }
    }));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::PartiallyFulfilled);
    assert_eq!((retained(&stage, &id, "archive"), retained(&stage, &id, "ledger")), (1, 1));
    assert!(has_key(&stage, "customer_id", "1").await, "what was called kept can be read");
}
