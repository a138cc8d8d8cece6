//! A call that hears a slow source, and answers long after the call that was made in its place.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::sanction::Question;
use contract::settings::SanctionSource;
use contract::step::{CheckRun, Phase, Run, StoreRun};
use domain::hold::Verdict;
use fulfillment::StepError;
use fulfillment::steps::{check_sanctions, erase_store};
use futures::FutureExt;
use futures::channel::oneshot::{Receiver, Sender, channel};
use ports::{Fault, Sanctions};
use testkit::clock::UnlimitedBudget;

use super::judging::found_again;
use super::lives::keep_the_crm;
use super::*;

/// A source that answers late.
struct Slow {
    waits: Mutex<Option<Receiver<()>>>,
    says: Verdict,
}

#[async_trait]
impl Sanctions for Slow {
    async fn ask(&self, _: &Settings, _: &SanctionSource, _: &Question) -> Result<Verdict, Fault> {
        let waits = self.waits.lock().expect("not poisoned").take();
        waits.expect("asked once").await.expect("it answers");
        Ok(self.says.clone())
    }
}

/// A call that hears the slow source, and who lets the source answer.
struct Late {
    answer: Sender<()>,
    call: Pin<Box<dyn Future<Output = Result<(), StepError>> + Send>>,
}

impl Late {
    /// `None` if the call does not ask the source.
    fn begun(
        says: Verdict,
        call: impl FnOnce(Slow) -> Pin<Box<dyn Future<Output = Result<(), StepError>> + Send>>,
    ) -> Option<Self> {
        let (answer, waits) = channel();
        let mut call = call(Slow { waits: Mutex::new(Some(waits)), says });
        call.as_mut().now_or_never().is_none().then_some(Self { answer, call })
    }

    fn ends(self) -> Result<(), StepError> {
        self.answer.send(()).expect("it waits");
        at_once(self.call)
    }
}

fn run_of(stage: &Stage, id: &RequestId) -> Run {
    let generation = stage.request(id).generation;
    Run { tenant: stage.tenant.clone(), request_id: id.clone(), generation }
}

/// A call of the check after the wait.
fn late_check(stage: &Stage, id: &RequestId, says: Verdict) -> Option<Late> {
    let w = &stage.world;
    let input = CheckRun { run: run_of(stage, id), phase: Phase::AfterWait };
    Late::begun(says, |source| {
        let ports = check_sanctions::Ports {
            requests: w.requests(),
            holds: w.holds(),
            sanctions: Arc::new(source),
            tenants: w.tenants(),
            keyring: w.keyring(),
            staging: w.staging(),
            catalogs: w.catalogs(),
            clock: w.clock(),
            entropy: w.entropy(),
        };
        Box::pin(async move { check_sanctions::run(&ports, &input).await.map(|_| ()) })
    })
}

/// A call that begins the first wave in the CRM.
fn late_erasure(stage: &Stage, id: &RequestId, says: &Verdict) -> Option<Late> {
    let w = &stage.world;
    (0..5).find_map(|wave| {
        let input = StoreRun { run: run_of(stage, id), store: store("crm"), wave: Some(wave) };
        Late::begun(says.clone(), |source| {
            let ports = erase_store::Ports {
                requests: w.requests(),
                holds: w.holds(),
                sanctions: Arc::new(source),
                tenants: w.tenants(),
                keyring: w.keyring(),
                staging: w.staging(),
                catalogs: w.catalogs(),
                stores: w.stores(),
                clock: w.clock(),
                entropy: w.entropy(),
            };
            let ran = async move { erase_store::run(&ports, &input, &UnlimitedBudget).await.map(|_| ()) };
            Box::pin(ran)
        })
    })
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

/// A call that is made when this step is, and hears its source after the end: nothing is written into what has ended.
async fn after_the_end(step: &'static str, begin: fn(&Stage, &RequestId) -> Option<Late>) {
    let stage = company();
    let id = stage.submit(PERSON).await;
    let late = Arc::new(Mutex::new(None));
    let (called, theirs) = (late.clone(), id.clone());
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let mut called = called.lock().expect("not poisoned");
        if function == step && called.is_none() && has_waited(stage, &theirs) {
            *called = begin(stage, &theirs);
        }
    }));
    let ended = stage.play_to_the_end(&id).await;
    assert_eq!(ended.status, Status::Fulfilled);
    let late = late.lock().expect("not poisoned").take().expect("it was begun");
    assert!(late.ends().is_ok(), "{step}");
    assert_eq!(stage.request(&id), ended, "{step}");
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
    after_the_end("EraseStoreFunctionArn", |stage, id| late_erasure(stage, id, &deny())).await;
    after_the_end("EraseStoreFunctionArn", |stage, id| late_erasure(stage, id, &hold())).await;
}
