//! Who lets an export go first decides by the request at hand, and not by what was read before anybody was asked.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::step::{Outcome, Run};
use domain::event::{EnterAt, EventKind};
use domain::{Pseudonym, RequestId, Status, TenantId};
use fulfillment::steps::plan;
use futures::FutureExt;
use futures::channel::oneshot::{Receiver, channel};
use ports::{Fault, Requests};
use testkit::memory::{Differing, Differs};

use super::super::shop::PERSON;
use super::super::stage::{Stage, at_once};
use super::access;

/// It takes time to say who waits for a lock.
struct Slow(Mutex<Option<Receiver<()>>>);

#[async_trait]
impl Differs for Slow {
    async fn waiters(
        &self,
        table: &dyn Requests,
        tenant: &TenantId,
        subject: &Pseudonym,
    ) -> Result<Vec<RequestId>, Fault> {
        let waits = self.0.lock().expect("not poisoned").take();
        if let Some(waits) = waits {
            waits.await.expect("it answers");
        }
        table.waiters(tenant, subject).await
    }
}

fn ports(stage: &Stage, waits: Receiver<()>) -> plan::Ports {
    let w = &stage.world;
    plan::Ports {
        requests: Arc::new(Differing { table: w.requests(), differs: Slow(Mutex::new(Some(waits))) }),
        keyring: w.keyring(),
        staging: w.staging(),
        catalogs: w.catalogs(),
        clock: w.clock(),
        entropy: w.entropy(),
    }
}

/// A call of the plan looks who waits while nothing is begun, and hears of an export when a store is.
#[tokio::test]
async fn an_erasure_that_began_while_it_looked_who_waits_gives_way_to_nobody() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let (theirs, mut late, mut before) = (id.clone(), None, None);
    let ended = Arc::new(Mutex::new(None));
    let told = ended.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let request = stage.request(&theirs);
        let waited = request.cooling_off_until.is_some_and(|until| until <= stage.world.clock().now());
        match function {
            "CheckSanctionsFunctionArn" if waited && before.is_none() => {
                let (answer, waits) = channel();
                let ports = ports(stage, waits);
                let run = Run {
                    tenant: stage.tenant.clone(),
                    request_id: theirs.clone(),
                    generation: request.generation,
                };
                let mut call = Box::pin(async move { plan::run(&ports, &run).await });
                assert!(call.as_mut().now_or_never().is_none(), "it waits for who waits");
                (late, before) = (Some((answer, call)), Some(request));
            }
            "ConfirmStoreFunctionArn" => {
                let Some((answer, call)) = late.take() else { return };
                let export = at_once(access(stage, PERSON));
                at_once(stage.play());
                assert_eq!(stage.request(&export).status, Status::Waiting);
                let request = stage.request(&theirs);
                assert!(request.has_begun() && !request.locks.is_empty());
                answer.send(()).expect("it waits");
                let decision = at_once(call).expect("it goes on");
                assert_eq!(stage.request(&theirs), request, "nothing is let go of");
                *told.lock().expect("not poisoned") = Some(decision.outcome);
            }
            _ => {}
        }
    }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    let outcome = *ended.lock().expect("not poisoned");
    assert_eq!(outcome, Some(Outcome::Again), "planning looks where it stands, and does not rest");
}

/// While the records to be erased are located, which may take hours, the locks are those of the first pass: an export that is
/// asked for then is let go first, and the erasure comes to its end after it.
#[tokio::test]
async fn an_erasure_that_gave_way_while_it_located_is_planned_anew() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let theirs = id.clone();
    let asked = Arc::new(Mutex::new(None));
    let told = asked.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let request = stage.request(&theirs);
        let is_located_for_erasing = function == "LocateStoreFunctionArn" && !request.locks.is_empty();
        if is_located_for_erasing && told.lock().expect("not poisoned").is_none() {
            let export = at_once(access(stage, PERSON));
            *told.lock().expect("not poisoned") = Some(export);
            at_once(stage.play());
        }
    }));
    let ended = stage.play_to_the_end(&id).await;
    assert_eq!(ended.status, Status::Fulfilled);
    let export = asked.lock().expect("not poisoned").clone().expect("it was asked for meanwhile");
    let events = stage.world.events_of(&stage.tenant, &id);
    assert!(events.iter().any(|event| event.detail.contains_key("gives_way")), "it gave way");
    assert_eq!(stage.play_to_the_end(&export).await.status, Status::Fulfilled);
}

/// The same once the pass after a residue was pinned, and nothing was begun: a source wanted everything kept.
#[tokio::test]
async fn an_erasure_that_gave_way_after_a_residue_is_planned_anew() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let theirs = id.clone();
    let asked = Arc::new(Mutex::new(None));
    let (told, mut looked) = (asked.clone(), 0);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let request = stage.request(&theirs);
        let waited = request.cooling_off_until.is_some_and(|until| until <= stage.world.clock().now());
        if function != "CheckSanctionsFunctionArn" || !waited || request.locks.is_empty() {
            return;
        }
        looked += 1;
        match looked {
            // As the stores' confirmation does that finds somebody: the next call plans another pass.
            1 => at_once(stage.write(&theirs, EventKind::ResidueFound, |mut draft| {
                draft.request.residue_rounds = 1;
                draft.wake(EnterAt::Plan)
            })),
            2 => {
                *told.lock().expect("not poisoned") = Some(at_once(access(stage, PERSON)));
                at_once(stage.play());
            }
            _ => {}
        }
    }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    let export = asked.lock().expect("not poisoned").clone().expect("it was asked for meanwhile");
    let events = stage.world.events_of(&stage.tenant, &id);
    assert!(events.iter().any(|event| event.detail.contains_key("gives_way")), "it gave way");
    assert_eq!(stage.play_to_the_end(&export).await.status, Status::Fulfilled);
}
