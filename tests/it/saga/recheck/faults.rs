//! G3: reading again ends the same whatever fails, and wherever it dies.

use testkit::inject::When;

use super::*;
use crate::saga::faults::{assert_clean, is_another};

/// An erasure, its recheck, and if the person comes back, what follows that, until nothing is left to do.
async fn to_the_very_end(stage: &Stage, comes_back: bool) -> RequestId {
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    if comes_back {
        come_back(stage);
    }
    for _ in 0..200 {
        stage.play().await;
        let request = stage.request(&id);
        let code = request.parked.as_ref().map(|parked| parked.code.as_str());
        if code == Some("person-found-again") {
            // The answer may be lost, and then it is said again.
            ask(stage, &id, Role::Officer, "erase").await;
            stage.world.injector().revive();
        } else if request.progress_by.is_some() {
            stage.sweep_when_due(&id).await;
        } else {
            return id;
        }
    }
    panic!("it never ends: {:?}", stage.request(&id));
}

/// What must be the same however it was reached.
fn ending(stage: &Stage, id: &RequestId) -> (Status, Option<Reached>, u32, Vec<StoreId>) {
    let request = stage.request(id);
    let mut paged: Vec<StoreId> = stage.world.paged().into_iter().map(|page| page.store).collect();
    paged.sort();
    paged.dedup();
    (request.status, reached(&request), request.reopened, paged)
}

async fn clean(comes_back: bool) -> (Status, Option<Reached>, u32, Vec<StoreId>) {
    let stage = company();
    let id = to_the_very_end(&stage, comes_back).await;
    assert_clean(&stage, &id);
    let expect = ending(&stage, &id);
    assert_eq!(
        (expect.0, expect.1, expect.2),
        (Status::Fulfilled, Some(Reached::Clear), u32::from(comes_back))
    );
    assert_eq!(expect.3.len(), usize::from(comes_back));
    expect
}

/// One fault at each call from the moment on at which the request is closed for the first time.
async fn with_a_fault_at_every_call(comes_back: bool, when: When, crash: bool) {
    let expect = clean(comes_back).await;
    let stage = company();
    let from = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(u64::MAX));
    let begins = from.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "CloseRequestFunctionArn" {
            begins.fetch_min(stage.world.injector().total(), std::sync::atomic::Ordering::SeqCst);
        }
    }));
    stage.world.injector().reset();
    to_the_very_end(&stage, comes_back).await;
    let from = from.load(std::sync::atomic::Ordering::SeqCst);
    let calls = stage.world.injector().trace();
    let calls: Vec<u64> =
        calls.iter().filter(|call| call.n >= from && is_another(call, when)).map(|call| call.n).collect();
    assert!(calls.len() > 20, "{} calls only: does it still do anything?", calls.len());
    for n in calls {
        let stage = company();
        stage.world.injector().reset();
        let plan = Plan::call(n).when(when);
        stage.world.injector().arm(if crash { plan.crash() } else { plan });
        let id = to_the_very_end(&stage, comes_back).await;
        assert_eq!(ending(&stage, &id), expect, "a fault {when:?} call {n} leads to another end");
        assert_clean(&stage, &id);
    }
}

#[tokio::test]
async fn a_fault_before_any_call_of_a_recheck_changes_nothing_in_the_end() {
    with_a_fault_at_every_call(false, When::Before, false).await;
}

#[tokio::test]
async fn a_process_that_dies_after_any_call_of_a_recheck_changes_nothing_in_the_end() {
    with_a_fault_at_every_call(false, When::After, true).await;
}

#[tokio::test]
async fn a_process_that_dies_after_any_call_while_somebody_is_erased_again_changes_nothing_in_the_end() {
    with_a_fault_at_every_call(true, When::After, true).await;
}

#[tokio::test]
async fn every_step_may_run_twice_and_be_called_again_after_every_page() {
    for comes_back in [false, true] {
        let expect = clean(comes_back).await;
        for (pages, twice) in [(None, true), (Some(0), false), (Some(1), true)] {
            let mut stage = company();
            with_many_contacts(&stage);
            (stage.manner.pages, stage.manner.twice) = (pages, twice);
            let id = to_the_very_end(&stage, comes_back).await;
            assert_eq!(ending(&stage, &id), expect, "{pages:?} {twice}");
            assert_eq!(filings(&stage, &id) > 0, pages.is_some(), "{pages:?}");
            assert_clean(&stage, &id);
        }
    }
}
