//! A call that hears a slow source, and answers long after the call that was made in its place.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::sanction::Question;
use contract::settings::SanctionSource;
use contract::step::{CheckRun, Decision, Phase, Run};
use domain::hold::Verdict;
use fulfillment::StepError;
use fulfillment::steps::check_sanctions;
use futures::FutureExt;
use futures::channel::oneshot::{Receiver, Sender, channel};
use ports::{Fault, Sanctions};

use super::lives::{has_contacts, keep_the_crm};
use super::*;

/// A source that has nothing against it, and says so late.
struct Slow(Mutex<Option<Receiver<()>>>);

#[async_trait]
impl Sanctions for Slow {
    async fn ask(&self, _: &Settings, _: &SanctionSource, _: &Question) -> Result<Verdict, Fault> {
        let waits = self.0.lock().expect("not poisoned").take();
        waits.expect("asked once").await.expect("it answers");
        Ok(Verdict::Clear)
    }
}

type Call = Pin<Box<dyn Future<Output = Result<Decision, StepError>> + Send>>;

/// A call of the check after the wait that hears the slow source, and who lets the source answer.
fn slow_check(stage: &Stage, id: &RequestId) -> (Sender<()>, Call) {
    let w = &stage.world;
    let (answer, waits) = channel();
    let ports = check_sanctions::Ports {
        requests: w.requests(),
        holds: w.holds(),
        sanctions: Arc::new(Slow(Mutex::new(Some(waits)))),
        tenants: w.tenants(),
        keyring: w.keyring(),
        staging: w.staging(),
        catalogs: w.catalogs(),
        clock: w.clock(),
        entropy: w.entropy(),
    };
    let run = Run {
        tenant: stage.tenant.clone(),
        request_id: id.clone(),
        generation: stage.request(id).generation,
    };
    let input = CheckRun { run, phase: Phase::AfterWait };
    let mut call: Call = Box::pin(async move { check_sanctions::run(&ports, &input).await });
    assert!(call.as_mut().now_or_never().is_none(), "it waits for the source");
    (answer, call)
}

/// From now on: the check after the wait is called twice, and the call that began first hears last, when the stores
/// are confirmed. Whether it has.
fn overlap(stage: &Stage, id: &RequestId) -> Arc<Mutex<Option<bool>>> {
    let (id, done) = (id.clone(), Arc::new(Mutex::new(None)));
    let (told, mut late) = (done.clone(), None);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let request = stage.request(&id);
        let waited = request.cooling_off_until.is_some_and(|until| until <= stage.world.clock().now());
        let mut told = told.lock().expect("not poisoned");
        match function {
            "CheckSanctionsFunctionArn" if waited && told.is_none() => {
                late = Some(slow_check(stage, &id));
                *told = Some(false);
            }
            "CloseRequestFunctionArn" => {
                let Some((answer, call)) = late.take() else { return };
                answer.send(()).expect("it waits");
                at_once(call).expect("nobody was in its way");
                *told = Some(true);
            }
            _ => {}
        }
    }));
    done
}

async fn ends_with_the_crm_kept(stage: &Stage, id: &RequestId, has_ended: Arc<Mutex<Option<bool>>>) {
    let request = stage.play_to_the_end(id).await;
    assert_eq!(*has_ended.lock().expect("not poisoned"), Some(true), "the late call came to its end");
    assert!(has_contacts(stage), "it was kept");
    assert_eq!((request.status, request.retentions.len()), (Status::PartiallyFulfilled, 1));
}

/// G4: what the call in its place heard, and the stores were erased by, stands.
#[tokio::test]
async fn a_late_answer_takes_nothing_back_once_erasing_has_begun() {
    let stage = company();
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
