//! A call that hears a slow source, and answers long after the call that was made in its place.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::sanction::Question;
use contract::settings::SanctionSource;
use contract::step::{Caught, CheckRun, Phase, StoreRun};
use domain::hold::Verdict;
use fulfillment::steps::{check_sanctions, close_request, erase_store, pin_plan, record_failure};
use futures::channel::oneshot::{Receiver, Sender, channel};
use ports::{Fault, Sanctions, Stores};
use testkit::clock::{CountedBudget, UnlimitedBudget};

use super::judging::found_again;
use super::lives::keep_the_crm;
use super::*;
use crate::saga::stage::slow::{Late, Slow, slow_load};

/// A source that says this, late.
struct Says {
    waits: Mutex<Option<Receiver<()>>>,
    verdict: Verdict,
}

impl Says {
    fn new(verdict: Verdict) -> (Sender<()>, Arc<Self>) {
        let (go_on, waits) = channel();
        (go_on, Arc::new(Self { waits: Mutex::new(Some(waits)), verdict }))
    }
}

#[async_trait]
impl Sanctions for Says {
    async fn ask(&self, _: &Settings, _: &SanctionSource, _: &Question) -> Result<Verdict, Fault> {
        let waits = self.waits.lock().expect("not poisoned").take();
        waits.expect("asked once").await.expect("it answers");
        Ok(self.verdict.clone())
    }
}

/// A call of the check after the wait.
fn late_check(stage: &Stage, id: &RequestId, says: Verdict) -> Option<Late> {
    let w = &stage.world;
    let input = CheckRun { run: stage.run_of(id), phase: Phase::AfterWait };
    let (go_on, sanctions) = Says::new(says);
    let ports = check_sanctions::Ports {
        requests: w.requests(),
        holds: w.holds(),
        sanctions,
        tenants: w.tenants(),
        keyring: w.keyring(),
        staging: w.staging(),
        catalogs: w.catalogs(),
        clock: w.clock(),
        entropy: w.entropy(),
    };
    Late::begun(go_on, async move { check_sanctions::run(&ports, &input).await })
}

/// A call of the step that erases the first wave in the CRM, with a source and stores, one of which waits.
fn late_wave(
    stage: &Stage,
    id: &RequestId,
    slow: impl Fn() -> (Sender<()>, Arc<dyn Sanctions>, Arc<dyn Stores>),
) -> Option<Late> {
    let w = &stage.world;
    (0..5).find_map(|wave| {
        let input = StoreRun { run: stage.run_of(id), store: store("crm"), wave: Some(wave) };
        let (go_on, sanctions, stores) = slow();
        let ports = erase_store::Ports {
            requests: w.requests(),
            holds: w.holds(),
            sanctions,
            tenants: w.tenants(),
            keyring: w.keyring(),
            staging: w.staging(),
            catalogs: w.catalogs(),
            stores,
            clock: w.clock(),
            entropy: w.entropy(),
        };
        Late::begun(go_on, async move { erase_store::run(&ports, &input, &CountedBudget::new(0)).await })
    })
}

/// One that begins the wave when it has heard the source.
fn late_beginning(stage: &Stage, id: &RequestId, says: &Verdict) -> Option<Late> {
    late_wave(stage, id, || {
        let (go_on, sanctions) = Says::new(says.clone());
        (go_on, sanctions, stage.world.stores())
    })
}

/// One that has begun it, and waits for the store. There it has time for one page.
fn late_erasure(stage: &Stage, id: &RequestId) -> Option<Late> {
    late_wave(stage, id, || {
        let (go_on, stores) = Slow::new(stage.world.stores());
        (go_on, stage.world.sanctions(), stores)
    })
}

/// A call that has put together what a round has brought, and waits before it says so.
fn late_plan(stage: &Stage, id: &RequestId) -> Option<Late> {
    let (w, run) = (&stage.world, stage.run_of(id));
    let (go_on, requests) = slow_load(w.requests(), 2);
    let ports = pin_plan::Ports {
        requests,
        keyring: w.keyring(),
        staging: w.staging(),
        catalogs: w.catalogs(),
        clock: w.clock(),
        entropy: w.entropy(),
    };
    Late::begun(go_on, async move { pin_plan::run(&ports, &run).await })
}

/// From now on: the check after the wait is called twice, and the call that began first hears last, when the stores
/// are confirmed. Whether it has.
fn overlap(stage: &Stage, id: &RequestId) -> Arc<Mutex<Option<bool>>> {
    let (id, done) = (id.clone(), Arc::new(Mutex::new(None)));
    let (told, mut late) = (done.clone(), None);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let mut told = told.lock().expect("not poisoned");
        match function {
            "CheckSanctionsFunctionArn" if has_waited(stage, &id) && told.is_none() => {
                late = late_check(stage, &id, Verdict::Clear);
                *told = Some(false);
            }
            "CloseRequestFunctionArn" => {
                let Some(late) = late.take() else { return };
                late.ends().expect("nobody was in its way");
                *told = Some(true);
            }
            _ => {}
        }
    }));
    done
}

fn has_waited(stage: &Stage, id: &RequestId) -> bool {
    stage.request(id).cooling_off_until.is_some_and(|until| until <= stage.world.clock().now())
}

async fn ends_with_the_crm_kept(stage: &Stage, id: &RequestId, has_ended: Arc<Mutex<Option<bool>>>) {
    let request = stage.play_to_the_end(id).await;
    assert_eq!(*has_ended.lock().expect("not poisoned"), Some(true), "the late call came to its end");
    assert!(shop::mentions(&stage.world, &stage.tenant, "Back Again"), "it was kept");
    assert_eq!((request.status, request.retentions.len()), (Status::PartiallyFulfilled, 1));
}

/// Somebody whom the CRM alone knows.
const IN_THE_CRM: &str = "only-in-the-crm@example.com";

/// G4: what the call in its place heard, and the stores were erased by, stands.
#[tokio::test]
async fn a_late_answer_takes_nothing_back_once_erasing_has_begun() {
    let stage = company();
    come_back(&stage);
    let id = stage.submit(PERSON).await;
    stage.world.answer_always("legal-desk", Ok(keep_the_crm()));
    let has_ended = overlap(&stage, &id);
    ends_with_the_crm_kept(&stage, &id, has_ended).await;
}

/// The same, of the second time.
#[tokio::test]
async fn a_late_answer_takes_nothing_back_once_the_second_time_has_begun() {
    let stage = company();
    let id = erased(&stage).await;
    come_back(&stage);
    shop::invoice(&stage.world, &stage.tenant, 1, 4_242, "Back Again");
    assert_eq!(when_due(&stage, &id).await.status, Status::Parked);
    stage.world.answer_always("legal-desk", Ok(keep_the_crm()));
    let has_ended = overlap(&stage, &id);
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    ends_with_the_crm_kept(&stage, &id, has_ended).await;
}

/// The same where nothing is changed at all: the one store that knows the person is passed over.
#[tokio::test]
async fn a_late_answer_takes_nothing_back_where_everything_was_passed_over() {
    let stage = company();
    shop::contact_of(&stage.world, &stage.tenant, "C0500", 500, IN_THE_CRM, "Back Again");
    let id = stage.submit(IN_THE_CRM).await;
    stage.world.answer_always("legal-desk", Ok(keep_the_crm()));
    let has_ended = overlap(&stage, &id);
    ends_with_the_crm_kept(&stage, &id, has_ended).await;
    assert!(!stage.request(&id).erasing_begun, "nothing was changed");
}

/// And of the second time.
#[tokio::test]
async fn a_late_answer_takes_nothing_back_where_everything_was_passed_over_the_second_time() {
    let stage = company();
    let id = found_again(&stage).await;
    stage.world.answer_always("legal-desk", Ok(keep_the_crm()));
    let has_ended = overlap(&stage, &id);
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    ends_with_the_crm_kept(&stage, &id, has_ended).await;
    assert!(!stage.request(&id).has_begun(), "nothing was changed");
}

/// And where the second plan finds nobody, so that no store is begun: who comes back before the CRM is confirmed is passed
/// over there.
#[tokio::test]
async fn a_late_answer_takes_nothing_back_where_there_was_nothing_to_begin() {
    let stage = company();
    let id = found_again(&stage).await;
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    crm.remove("contacts", |row| row["email"].expose() == PERSON);
    stage.world.answer_always("legal-desk", Ok(keep_the_crm()));
    let has_ended = overlap(&stage, &id);
    let mut then = stage.meanwhile.lock().expect("not poisoned").take().expect("it overlaps");
    let mut came_back = false;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "CheckSanctionsFunctionArn" && !std::mem::replace(&mut came_back, true) {
            come_back(stage);
        }
        then(stage, function);
    }));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    ends_with_the_crm_kept(&stage, &id, has_ended).await;
    assert!(!stage.request(&id).has_begun(), "there was nothing to begin");
}

/// Calls that are made when this step is, and go on after the end: nothing is written into what has ended, and nobody who
/// comes later waits for it.
async fn after_the_end(step: &'static str, begin: fn(&Stage, &RequestId) -> Option<Late>) {
    let stage = company();
    let id = stage.submit(PERSON).await;
    let late = Arc::new(Mutex::new(Vec::new()));
    let (called, theirs) = (late.clone(), id.clone());
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == step && has_waited(stage, &theirs) {
            called.lock().expect("not poisoned").extend(begin(stage, &theirs));
        }
    }));
    let ended = stage.play_to_the_end(&id).await;
    assert_eq!(ended.status, Status::Fulfilled);
    let late = std::mem::take(&mut *late.lock().expect("not poisoned"));
    assert!(!late.is_empty(), "{step}: it was begun");
    for late in late {
        let ended_as = late.ends();
        assert!(ended_as.is_ok(), "{step}: {ended_as:?}");
    }
    assert_eq!(stage.request(&id), ended, "{step}");
    assert!(stage.world.locks_of(&stage.tenant, &id).is_empty(), "{step}");
    *stage.meanwhile.lock().expect("not poisoned") = None;
    let next = stage.submit(PERSON).await;
    assert_eq!(stage.play_to_the_end(&next).await.status, Status::NoMatch, "{step}");
}

fn deny() -> Verdict {
    Verdict::Deny { reason: "too-late".into() }
}

fn hold() -> Verdict {
    Verdict::Hold { reason: "too-late".into(), review_at: Timestamp::MAX }
}

#[tokio::test]
async fn an_objection_that_comes_after_the_end_is_not_written_into_it() {
    after_the_end("CheckSanctionsFunctionArn", |stage, id| late_check(stage, id, deny())).await;
    after_the_end("CheckSanctionsFunctionArn", |stage, id| late_check(stage, id, hold())).await;
    after_the_end("CheckSanctionsFunctionArn", |stage, id| late_check(stage, id, Verdict::Clear)).await;
    after_the_end("EraseStoreFunctionArn", |stage, id| late_beginning(stage, id, &deny())).await;
    after_the_end("EraseStoreFunctionArn", |stage, id| late_beginning(stage, id, &hold())).await;
}

#[tokio::test]
async fn a_store_is_not_begun_nor_written_down_after_the_end() {
    after_the_end("EraseStoreFunctionArn", |stage, id| late_beginning(stage, id, &Verdict::Clear)).await;
    after_the_end("EraseStoreFunctionArn", late_erasure).await;
}

#[tokio::test]
async fn a_plan_that_is_late_locks_nobody_for_what_has_ended() {
    after_the_end("PinPlanFunctionArn", late_plan).await;
}

#[tokio::test]
async fn a_failure_that_is_told_after_the_end_is_not_written_into_it() {
    let stage = company();
    let id = erased(&stage).await;
    let (ended, tasks) = (stage.request(&id), stage.world.tasks_of(&stage.tenant, &id));
    let ports = record_failure::Ports { requests: stage.world.requests(), clock: stage.world.clock() };
    for state in ["LocateStore", "SuppressStore", "EraseStore", "ConfirmStore"] {
        let caught = Caught {
            run: stage.run_of(&id),
            state: state.into(),
            store: Some(store("crm")),
            error: "Lacuna.Transient".into(),
            cause: None,
        };
        record_failure::run(&ports, &caught).await.expect("there is nothing to say");
        assert_eq!(stage.request(&id), ended, "{state}");
        assert_eq!(stage.world.tasks_of(&stage.tenant, &id), tasks, "{state}");
    }
}

/// What an earlier build let happen: a request that has ended has the person's locks, and another one waits for them.
#[tokio::test]
async fn an_ended_request_lets_go_of_the_locks_that_it_has() {
    let stage = company();
    let id = erased(&stage).await;
    stage
        .write(&id, EventKind::Planned, |mut draft| {
            draft.lock.clone_from(&draft.request.locks);
            draft
        })
        .await;
    let next = stage.submit(PERSON).await;
    stage.play().await;
    assert_eq!(stage.request(&next).status, Status::Waiting);
    let ports = close_request::Ports {
        requests: stage.world.requests(),
        keyring: stage.world.keyring(),
        staging: stage.world.staging(),
        catalogs: stage.world.catalogs(),
        ledger: stage.world.ledger(),
        tenants: stage.world.tenants(),
        clock: stage.world.clock(),
        entropy: stage.world.entropy(),
    };
    for _ in 0..2 {
        close_request::run(&ports, &stage.run_of(&id), &UnlimitedBudget).await.expect("it has ended");
        assert!(stage.world.locks_of(&stage.tenant, &id).is_empty());
    }
    let let_go = stage.world.events_of(&stage.tenant, &id).into_iter();
    assert_eq!(let_go.filter(|event| event.detail.contains_key("locks_released")).count(), 1, "once");
    stage.play().await;
    assert_eq!(stage.request(&next).status, Status::NoMatch, "it was woken");
}
