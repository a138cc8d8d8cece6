//! A request is made and nobody hears of it: the answer of the table is lost, and by the time that
//! it is asked again the world has moved on.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::access::Role;
use domain::event::Event;
use domain::request::RequestType;
use domain::{Pseudonym, Status};
use jiff::Timestamp;
use ports::control::{Listing, Remembered};
use ports::{Change, Class, Code, Fault, KeyScope, NewRequest, Overdue, Refused, Requests};

use super::*;

/// What a call of `create` does.
enum Create {
    /// What it should, and its answer is lost.
    Lost,
    /// Nothing, because another call for the person comes first; and its answer is lost.
    Overtaken,
    /// Nothing: the request is there and is not as it was made.
    Conflict,
    /// What it should.
    Done,
}

/// A table whose `create` does these, one after another.
struct Unsure {
    inner: Arc<dyn Requests>,
    world: World,
    turns: Mutex<VecDeque<Create>>,
}

#[async_trait]
impl Requests for Unsure {
    async fn create(&self, new: &NewRequest) -> Result<(), Refused> {
        let turn = self.turns.lock().expect("a lock").pop_front();
        let lost = Fault::new(Class::Transient, Code::ControlUnavailable, "create", "requests", "lost");
        match turn {
            Some(Create::Lost) => {
                self.inner.create(new).await?;
                Err(lost.into())
            }
            Some(Create::Overtaken) => {
                let who = caller(Role::Backend);
                let rival = with_key(&who, "/v1/requests", "rival", &submission(PERSON));
                Box::pin(answer(&ports_of(&self.world), &rival)).await;
                Err(lost.into())
            }
            Some(Create::Conflict) => Err(Refused::Conflict),
            Some(Create::Done) | None => self.inner.create(new).await,
        }
    }

    async fn remember(&self, tenant: &TenantId, answer: &Remembered) -> Result<(), Refused> {
        self.inner.remember(tenant, answer).await
    }

    async fn remembered(
        &self,
        tenant: &TenantId,
        key: &Pseudonym,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Fault> {
        self.inner.remembered(tenant, key, now).await
    }

    async fn load(&self, tenant: &TenantId, id: &RequestId) -> Result<Option<Request>, Fault> {
        self.inner.load(tenant, id).await
    }

    async fn tasks(&self, tenant: &TenantId, id: &RequestId) -> Result<Vec<Task>, Fault> {
        self.inner.tasks(tenant, id).await
    }

    async fn events(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<Event>, Fault> {
        self.inner.events(tenant, id, after, limit).await
    }

    async fn statement(&self, tenant: &TenantId, id: &RequestId, n: u32) -> Result<Option<String>, Fault> {
        self.inner.statement(tenant, id, n).await
    }

    async fn commit(&self, change: &Change) -> Result<(), Refused> {
        self.inner.commit(change).await
    }

    async fn lock_owner(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Option<RequestId>, Fault> {
        self.inner.lock_owner(tenant, subject).await
    }

    async fn waiters(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Vec<RequestId>, Fault> {
        self.inner.waiters(tenant, subject).await
    }

    async fn stop_waiting(
        &self,
        tenant: &TenantId,
        subjects: &[Pseudonym],
        id: &RequestId,
    ) -> Result<(), Fault> {
        self.inner.stop_waiting(tenant, subjects, id).await
    }

    async fn open_requests(
        &self,
        tenant: &TenantId,
        kind: RequestType,
        subject: &[Pseudonym],
    ) -> Result<Vec<RequestId>, Fault> {
        self.inner.open_requests(tenant, kind, subject).await
    }

    async fn list(
        &self,
        tenant: &TenantId,
        status: Option<Status>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Listing, Fault> {
        self.inner.list(tenant, status, cursor, limit).await
    }

    async fn overdue(
        &self,
        which: Overdue,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, RequestId)>, Fault> {
        self.inner.overdue(which, now, limit).await
    }
}

/// Submits while `create` does these; the front and the answer.
async fn submitted(turns: impl IntoIterator<Item = Create>) -> (Front, Answer) {
    let mut front = front();
    front.ports.requests = Arc::new(Unsure {
        inner: front.world.requests(),
        world: front.world.clone(),
        turns: Mutex::new(turns.into_iter().collect()),
    });
    let who = caller(Role::Backend);
    let answer = front.post_with(&who, "/v1/requests", "k", &submission(PERSON)).await;
    (front, answer)
}

fn is_whole(front: &Front, id: &RequestId) {
    assert!(front.world.keys().contains(&KeyScope::Plan(tenant("demo"), id.clone())));
    assert!(front.world.staged().contains(&front.request(id).subject_object));
}

#[tokio::test]
async fn a_request_that_was_made_and_has_moved_on_is_still_ours() {
    let (front, answer) = submitted([Create::Lost, Create::Conflict]).await;
    assert_eq!(answer.status, 202);
    is_whole(&front, &id_of(&answer));
    assert!(front.world.destroyed_keys().is_empty());
}

#[tokio::test]
async fn papers_of_an_attempt_that_may_still_arrive_are_not_thrown_away() {
    let (front, answer) = submitted([Create::Overtaken, Create::Done]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    is_whole(&front, &id_of(&answer));
    assert!(front.world.destroyed_keys().is_empty());
    assert_eq!(front.world.staged().len(), 2, "one of them is nobody's, and is deleted by its age");
}

#[tokio::test]
async fn a_table_that_is_always_overtaken_says_so_and_leaves_nothing() {
    let (front, answer) = submitted((0..9).map(|_| Create::Conflict)).await;
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains(&("retry-after", "5".into())));
    assert!(front.world.staged().is_empty());
    assert_eq!(front.world.destroyed_keys().len(), 5);
}
