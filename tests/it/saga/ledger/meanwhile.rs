//! A store that is restored while an erasure has read it again, and has not ended.

use std::sync::{Arc, Mutex};

use domain::event::EventKind;
use domain::ledger::ReplayStatus;
use domain::{Operation, RequestId};
use testkit::inject::{Plan, When};

use super::super::shop::{self, NAME, PERSON};
use super::super::stage::{Manner, at_once};
use super::*;

/// An erasure during whose closing the CRM is restored from a backup from before.
struct Scene {
    stage: Stage,
    id: RequestId,
    backup: Vec<Contents>,
    taken_at: Timestamp,
    /// The number of the first call after it was restored, and of the first one after the closing that met it.
    closing: Arc<Mutex<(u64, u64)>>,
}

/// The CRM is restored before the closing is called for the `nth` time; `then` follows at once.
async fn scene(manner: Manner, nth: u32, then: impl Fn(&Stage) + Send + 'static) -> Scene {
    let stage = Stage { manner, ..Stage::new(1) };
    let (backup, taken_at) = (shop::everything(&stage.world, &stage.tenant), stage.world.clock().now());
    stage.world.fake_clock().advance(SignedDuration::from_hours(24));
    let id = stage.submit(PERSON).await;
    stage.world.injector().reset();
    let closing = Arc::new(Mutex::new((0, 0)));
    let (noted, restored, mut closings) = (closing.clone(), backup.clone(), 0);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let is_closing = function == "CloseRequestFunctionArn";
        closings += u32::from(is_closing);
        let mut noted = noted.lock().expect("not poisoned");
        if is_closing && closings == nth && noted.0 == 0 {
            assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON), "it was erased, and read again");
            stage.world.fake_clock().advance(SignedDuration::from_secs(1));
            put_back(stage, "crm", &restored);
            at_once(declare(stage, "crm", taken_at));
            then(stage);
            noted.0 = stage.world.injector().total();
        } else if !is_closing && noted.0 > 0 && noted.1 == 0 {
            noted.1 = stage.world.injector().total();
        }
    }));
    Scene { stage, id, backup, taken_at, closing }
}

/// It ends as if nothing had been: nobody is there again, and the CRM was read after it was restored.
async fn assert_erased(scene: &Scene, what: &str) {
    let Scene { stage, id, .. } = scene;
    let request = stage.play_to_the_end(id).await;
    assert_eq!(request.status, Status::Fulfilled, "{what}");
    assert!(scene.closing.lock().expect("not poisoned").0 > 0, "{what}: it was restored");
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON), "{what}");
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME), "{what}");
    let restored_at = standing(stage, "crm").await.restored_at.expect("it was said");
    let tasks = stage.world.tasks_of(&stage.tenant, id);
    let confirm = tasks.iter().find(|t| t.op == Operation::Confirm && t.store.as_str() == "crm");
    assert!(confirm.is_some_and(|task| task.at >= restored_at), "{what}: {confirm:?}");
    // A backup that is made of the restored store has the person: they were erased after it.
    let entries = stage.world.ledger_entries();
    assert!(entries.iter().all(|entry| entry.erased_at >= restored_at), "{what}");
    let events = stage.world.events_of(&stage.tenant, id);
    assert!(events.iter().any(|event| event.kind == EventKind::ResidueFound), "{what}");
    stage.world.verify_audit(&stage.tenant).expect("the chain is whole");
}

/// The replay is over before the request is, and so its ledger did not know the person: the request itself does.
#[tokio::test]
async fn a_confirmation_older_than_the_restored_store_is_not_believed() {
    let scene = scene(Manner::default(), 1, |stage| {
        let begun = at_once(begin(stage, "crm", false));
        while at_once(bring_on(stage, &UnlimitedBudget)) == Ok(1) {
            stage.world.fake_clock().advance(SignedDuration::from_secs(1));
        }
        let done = at_once(replay(stage, &begun));
        assert_eq!((done.status, done.found), (ReplayStatus::Done, 0));
        assert!(at_once(standing(stage, "crm")).fit_for_traffic);
    })
    .await;
    assert_erased(&scene, "the replay knew nobody").await;
}

/// As it was erased, as it was restored, as it was erased again: and no more often.
#[tokio::test]
async fn a_restore_wants_one_reading_more() {
    let scene = scene(Manner::default(), 1, |_| {}).await;
    assert_erased(&scene, "before it closes").await;
    let events = scene.stage.world.events_of(&scene.stage.tenant, &scene.id);
    let readings = |store: &str| {
        let own = events.iter().filter(|event| event.kind == EventKind::Confirmed);
        own.filter(|event| event.store.as_ref().is_some_and(|one| one.as_str() == store)).count()
    };
    assert_eq!(STORES.map(readings), [2, 2, 3]);
    let taken_back = events.iter().filter(|event| event.detail.contains_key("restored_at"));
    assert_eq!(taken_back.map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Progressed]);
}

/// The ledger is written in pieces, and the store is restored between any two of them: it has all of the person.
#[tokio::test]
async fn a_restore_while_the_ledger_is_written_leaves_no_gap_in_it() {
    let manner = Manner { pages: Some(1), ..Manner::default() };
    for nth in 1.. {
        let scene = scene(manner, nth, |_| {}).await;
        scene.stage.play_to_the_end(&scene.id).await;
        if scene.closing.lock().expect("not poisoned").0 == 0 {
            assert!(nth > 4, "it was closed in {} calls", nth - 1);
            break;
        }
        assert_erased(&scene, &format!("closing {nth}")).await;
        let left = texts(&scene.stage, &scene.stage.tenant);
        scene.stage.world.fake_clock().advance(SignedDuration::from_hours(1));
        for store in STORES {
            put_back(&scene.stage, store, &scene.backup);
            declare(&scene.stage, store, scene.taken_at + SignedDuration::from_secs(1)).await;
            let done = to_the_end(&scene.stage, &begin(&scene.stage, store, false).await).await;
            assert_eq!((done.status, done.requests), (ReplayStatus::Done, 1), "closing {nth}, {store}");
        }
        assert_eq!(texts(&scene.stage, &scene.stage.tenant), left, "closing {nth}");
    }
}

/// G3: the closing that meets a restored store dies at any of its calls.
#[tokio::test]
async fn a_closing_that_dies_while_it_takes_a_confirmation_back_goes_on() {
    let plain = scene(Manner::default(), 1, |_| {}).await;
    assert_erased(&plain, "without a fault").await;
    let (from, to) = *plain.closing.lock().expect("not poisoned");
    let calls = plain.stage.world.injector().trace();
    let calls: Vec<_> = calls.into_iter().filter(|call| (from..to).contains(&call.n)).collect();
    assert!(calls.len() > 8, "{}", calls.len());
    for when in [When::Before, When::After] {
        for call in calls.iter().filter(|call| when == When::Before || call.point.writes()) {
            let scene = scene(Manner::default(), 1, |_| {}).await;
            scene.stage.world.injector().arm(Plan::call(call.n).when(when).crash());
            assert_erased(&scene, &format!("{when:?} call {}, {}", call.n, call.point.name())).await;
            assert_eq!(scene.stage.world.injector().struck(), 1);
        }
    }
}
