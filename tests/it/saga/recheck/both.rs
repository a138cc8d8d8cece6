//! Two requests that erased one person, who is found again for both: one goes after the other, and nobody has to say so.

use domain::hold::Verdict;
use testkit::inject::When;
use testkit::walker::Next;

use super::*;
use crate::saga::exports;
use crate::saga::faults::assert_clean;

/// Two erasures of one person, found again by both when they had ended.
async fn both_found(stage: &Stage) -> [RequestId; 2] {
    // The second one ends long before the first is read again.
    set(stage, Some("P90D"));
    let first = erased(stage).await;
    come_back(stage);
    let second = erased(stage).await;
    shop::contact(&stage.world, &stage.tenant, 78, PERSON, "Back Again");
    for id in [&first, &second] {
        let request = when_due(stage, id).await;
        assert_eq!((request.status, reached(&request)), (Status::Parked, Some(Reached::Found)));
    }
    [first, second]
}

/// It waits behind the other, as any request does, and is not parked.
fn assert_waits(stage: &Stage, id: &RequestId) {
    let request = stage.request(id);
    assert_eq!(request.status, Status::Waiting, "{:?}", request.parked);
    assert!(request.waits_for.is_some() && request.locks.is_empty());
}

async fn assert_both_ended(stage: &Stage, both: &[RequestId; 2]) {
    for id in both {
        let request = stage.request(id);
        assert_eq!((request.status, request.reopened), (Status::Fulfilled, 1), "{:?}", request.parked);
        assert!(request.announced, "nobody had to wake it");
        let events = stage.world.events_of(&stage.tenant, id);
        assert!(!events.iter().any(|event| event.why.as_deref() == Some("identity-contested")));
    }
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON));
    for id in both {
        let request = when_due(stage, id).await;
        assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Clear)));
    }
    for id in both {
        assert_clean(stage, id);
    }
}

/// The first has everything locked, and is held before it begins: nothing of its second time is begun.
#[tokio::test]
async fn a_second_reopened_request_waits_for_the_first_though_it_is_held() {
    let stage = company();
    let both = both_found(&stage).await;
    let review_at = stage.world.clock().now() + SignedDuration::from_hours(24 * 90);
    stage.world.answer_next("legal-desk", Ok(Verdict::Hold { reason: "litigation".into(), review_at }));
    assert_eq!(ask(&stage, &both[0], Role::Officer, "erase").await, 202);
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (was_seen, ids) = (seen.clone(), both.clone());
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        assert_eq!(stage.request(&ids[0]).status, Status::Held);
        assert_eq!(at_once(ask(stage, &ids[1], Role::Officer, "erase")), 202);
        at_once(stage.play());
        assert_waits(stage, &ids[1]);
        was_seen.store(true, std::sync::atomic::Ordering::SeqCst);
        Next::GoOn
    }));
    stage.play().await;
    assert!(seen.load(std::sync::atomic::Ordering::SeqCst));
    assert_both_ended(&stage, &both).await;
}

/// The first one has begun its second time.
#[tokio::test]
async fn a_second_reopened_request_waits_for_the_first_while_it_erases() {
    let stage = company();
    let both = both_found(&stage).await;
    let (ids, mut met) = (both.clone(), false);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "ConfirmStoreFunctionArn" && !met {
            met = true;
            assert_eq!(at_once(ask(stage, &ids[1], Role::Officer, "erase")), 202);
            at_once(stage.play());
            assert_waits(stage, &ids[1]);
        }
    }));
    assert_eq!(ask(&stage, &both[0], Role::Officer, "erase").await, 202);
    stage.play().await;
    assert_both_ended(&stage, &both).await;
    assert_eq!(count(&stage, &both[1], EventKind::Waiting), 1);
}

/// Two erased again, of which the second queues while the first is confirmed, and dies after a call; the calls of that.
async fn queueing(dies: Option<u64>) -> (Stage, [RequestId; 2], std::ops::Range<u64>) {
    let stage = company();
    let both = both_found(&stage).await;
    stage.world.injector().reset();
    let calls = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (ids, met) = (both.clone(), calls.clone());
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let mut met = met.lock().expect("not poisoned");
        if function == "ConfirmStoreFunctionArn" && met.is_none() {
            assert_eq!(at_once(ask(stage, &ids[1], Role::Officer, "erase")), 202);
            let from = stage.world.injector().total();
            if let Some(n) = dies {
                stage.world.injector().arm(Plan::call(n).when(When::After).crash());
            }
            at_once(stage.play());
            *met = Some(from..stage.world.injector().total());
        }
    }));
    assert_eq!(ask(&stage, &both[0], Role::Officer, "erase").await, 202);
    for id in &both {
        stage.play_to_the_end(id).await;
    }
    let calls = calls.lock().expect("not poisoned").take().expect("it queued");
    (stage, both, calls)
}

/// G3: after every call that writes.
#[tokio::test]
async fn two_second_times_of_one_person_end_whoever_dies_while_one_queues() {
    let (stage, both, range) = queueing(None).await;
    assert_both_ended(&stage, &both).await;
    let calls = stage.world.injector().trace();
    let calls = calls.iter().filter(|call| range.contains(&call.n) && call.point.writes());
    let calls: Vec<u64> = calls.map(|call| call.n).collect();
    assert!(calls.len() > 20, "{} calls only: does it still queue?", calls.len());
    for n in calls {
        let (stage, both, _) = queueing(Some(n)).await;
        assert_both_ended(&stage, &both).await;
    }
}

/// What is there when its turn comes is erased, and not what was there when it queued.
#[tokio::test]
async fn what_waited_looks_again_when_its_turn_comes() {
    let stage = company();
    let both = both_found(&stage).await;
    let (ids, mut met) = (both.clone(), false);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "ConfirmStoreFunctionArn" && !met {
            met = true;
            assert_eq!(at_once(ask(stage, &ids[1], Role::Officer, "erase")), 202);
            at_once(stage.play());
        }
        // The first one has ended by now, and read the CRM: this is for the second to find.
        if function == "CloseRequestFunctionArn" && !stage.request(&ids[0]).status.is_end() {
            shop::contact_of(&stage.world, &stage.tenant, "C0079", 79, PERSON, "Back Again");
        }
    }));
    assert_eq!(ask(&stage, &both[0], Role::Officer, "erase").await, 202);
    stage.play().await;
    assert_both_ended(&stage, &both).await;
    let request = stage.request(&both[1]);
    assert_eq!(
        request.residue_rounds, 0,
        "by one pass: those that it made while it waited count for nothing"
    );
}

/// G2: whoever came back and asks for their data gets it before a second erasure that has not begun.
#[tokio::test]
async fn an_export_goes_before_a_second_erasure_that_is_held() {
    let stage = exports::writing_letters().await;
    set(&stage, Some("P30D"));
    let id = erased(&stage).await;
    come_back(&stage);
    assert_eq!(when_due(&stage, &id).await.status, Status::Parked);
    let review_at = stage.world.clock().now() + SignedDuration::from_hours(24 * 90);
    stage.world.answer_next("legal-desk", Ok(Verdict::Hold { reason: "litigation".into(), review_at }));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let export = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (made, theirs) = (export.clone(), id.clone());
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        assert_eq!(stage.request(&theirs).status, Status::Held);
        let access = at_once(exports::access(stage, PERSON));
        at_once(exports::until_ready(stage, &access));
        assert!(shop::mentions(&stage.world, &stage.tenant, PERSON), "nothing was erased yet");
        *made.lock().expect("not poisoned") = Some(access);
        Next::Stop
    }));
    stage.play().await;
    let access = export.lock().expect("not poisoned").take().expect("it was ready");
    assert_eq!(stage.play_to_the_end(&access).await.status, Status::Fulfilled);
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON));
}
