//! G3: a replay may be cut off anywhere, and every part of it may be done twice.

use domain::ledger::ReplayStatus;
use testkit::clock::CountedBudget;
use testkit::inject::{Plan, Point, When};

use super::super::shop::{self, PERSON};
use super::*;

/// A restored CRM, and a replay into it that nothing was done of.
async fn scene() -> (Stage, ReplayView, Vec<String>) {
    let (stage, backup, taken_at) = erased().await;
    let left = texts(&stage, &stage.tenant);
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    (stage, begun, left)
}

async fn assert_replayed(stage: &Stage, begun: &ReplayView, left: &[String], what: &str) {
    let done = to_the_end(stage, begun).await;
    assert_eq!((done.status, done.found, done.requests), (ReplayStatus::Done, 7, 1), "{what}: {done:?}");
    assert_eq!(texts(stage, &stage.tenant), left, "{what}");
    assert_eq!(made(stage).await.len(), 1, "{what}");
    assert!(standing(stage, "crm").await.fit_for_traffic, "{what}");
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON), "{what}");
    stage.world.verify_audit(&stage.tenant).expect("the chain is whole");
}

/// The numbers of the calls that the step itself makes, in a run without faults.
async fn calls() -> Vec<(u64, Point)> {
    let (stage, begun, _) = scene().await;
    stage.world.injector().reset();
    let mut own = Vec::new();
    while replay(&stage, &begun).await.status == ReplayStatus::Running {
        let from = stage.world.injector().total();
        bring_on(&stage, &UnlimitedBudget).await.expect("fine");
        let trace = stage.world.injector().trace();
        own.extend(trace.iter().filter(|call| call.n >= from).map(|call| (call.n, call.point)));
        stage.play().await;
        stage.world.fake_clock().advance(SignedDuration::from_mins(1));
        stage.sweep().await;
    }
    own
}

async fn with_a_death_at_every_call(when: When) {
    let calls = calls().await;
    assert!(calls.len() > 50, "{}", calls.len());
    for (n, point) in calls.into_iter().filter(|(_, point)| when == When::Before || point.writes()) {
        let (stage, begun, left) = scene().await;
        stage.world.injector().reset();
        stage.world.injector().arm(Plan::call(n).when(when).crash());
        assert_replayed(&stage, &begun, &left, &format!("{when:?} call {n}, {}", point.name())).await;
        assert_eq!(stage.world.injector().struck(), 1);
    }
}

#[tokio::test]
async fn a_replay_that_dies_before_any_call_goes_on() {
    with_a_death_at_every_call(When::Before).await;
}

#[tokio::test]
async fn a_replay_that_dies_after_any_write_goes_on() {
    with_a_death_at_every_call(When::After).await;
}

#[tokio::test]
async fn a_replay_goes_on_after_every_page() {
    let (stage, begun, left) = scene().await;
    for _ in 0..300 {
        bring_on(&stage, &CountedBudget::new(1)).await.expect("fine");
        if replay(&stage, &begun).await.status != ReplayStatus::Running {
            break;
        }
        stage.play().await;
        stage.world.fake_clock().advance(SignedDuration::from_mins(1));
        stage.sweep().await;
    }
    assert_replayed(&stage, &begun, &left, "one page a call").await;
}

/// Two calls at the same time: one of them goes on.
#[tokio::test]
async fn a_page_that_is_handled_twice_counts_once() {
    let (stage, begun, left) = scene().await;
    let budget = UnlimitedBudget;
    let both = futures::future::join(bring_on(&stage, &budget), bring_on(&stage, &budget)).await;
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_replayed(&stage, &begun, &left, "two at once").await;
}
