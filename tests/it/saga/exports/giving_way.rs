//! Who lets an export go first decides by the request at hand, and not by what was read before anybody was asked.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::step::{Outcome, Run};
use domain::event::Event;
use domain::request::RequestType;
use domain::{Pseudonym, Request, RequestId, Status, Task, TenantId};
use fulfillment::steps::plan;
use futures::FutureExt;
use futures::channel::oneshot::{Receiver, channel};
use jiff::Timestamp;
use ports::control::{Listing, Remembered};
use ports::{Change, Fault, NewRequest, Overdue, Refused, Requests};

use super::super::shop::PERSON;
use super::super::stage::{Stage, at_once};
use super::access;

/// Requests of which it takes time to say who waits for a lock.
struct Slow {
    waits: Mutex<Option<Receiver<()>>>,
    requests: Arc<dyn Requests>,
}

#[async_trait]
impl Requests for Slow {
    async fn create(&self, new: &NewRequest) -> Result<(), Refused> {
        self.requests.create(new).await
    }

    async fn remember(&self, tenant: &TenantId, answer: &Remembered) -> Result<(), Refused> {
        self.requests.remember(tenant, answer).await
    }

    async fn remembered(
        &self,
        tenant: &TenantId,
        key: &Pseudonym,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Fault> {
        self.requests.remembered(tenant, key, now).await
    }

    async fn load(&self, tenant: &TenantId, id: &RequestId) -> Result<Option<Request>, Fault> {
        self.requests.load(tenant, id).await
    }

    async fn tasks(&self, tenant: &TenantId, id: &RequestId) -> Result<Vec<Task>, Fault> {
        self.requests.tasks(tenant, id).await
    }

    async fn events(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<Event>, Fault> {
        self.requests.events(tenant, id, after, limit).await
    }

    async fn statement(&self, tenant: &TenantId, id: &RequestId, n: u32) -> Result<Option<String>, Fault> {
        self.requests.statement(tenant, id, n).await
    }

    async fn commit(&self, change: &Change) -> Result<(), Refused> {
        self.requests.commit(change).await
    }

    async fn lock_owner(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Option<RequestId>, Fault> {
        self.requests.lock_owner(tenant, subject).await
    }

    async fn waiters(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Vec<RequestId>, Fault> {
        let waits = self.waits.lock().expect("not poisoned").take();
        if let Some(waits) = waits {
            waits.await.expect("it answers");
        }
        self.requests.waiters(tenant, subject).await
    }

    async fn stop_waiting(
        &self,
        tenant: &TenantId,
        subjects: &[Pseudonym],
        id: &RequestId,
    ) -> Result<(), Fault> {
        self.requests.stop_waiting(tenant, subjects, id).await
    }

    async fn open_requests(
        &self,
        tenant: &TenantId,
        kind: RequestType,
        subject: &[Pseudonym],
    ) -> Result<Vec<RequestId>, Fault> {
        self.requests.open_requests(tenant, kind, subject).await
    }

    async fn list(
        &self,
        tenant: &TenantId,
        status: Option<Status>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Listing, Fault> {
        self.requests.list(tenant, status, cursor, limit).await
    }

    async fn overdue(
        &self,
        which: Overdue,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, RequestId)>, Fault> {
        self.requests.overdue(which, now, limit).await
    }
}

fn ports(stage: &Stage, waits: Receiver<()>) -> plan::Ports {
    let w = &stage.world;
    plan::Ports {
        requests: Arc::new(Slow { waits: Mutex::new(Some(waits)), requests: w.requests() }),
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
    assert_eq!(outcome, Some(Outcome::AfterWait), "it came to its end, and did not rest");
}
