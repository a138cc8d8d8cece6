//! Our own state: requests, tasks, events, locks, holds, and what starts executions.

use std::sync::Arc;

use async_trait::async_trait;
use contract::settings::{Issuer, Settings};
use contract::step::Start;
use domain::catalog::Catalog;
use domain::event::Event;
use domain::hold::Hold;
use domain::request::RequestType;
use domain::{Generation, HoldId, Pseudonym, Request, RequestId, Status, Task, TenantId};
use jiff::Timestamp;

use crate::fault::Fault;

/// One change of a request: its new state, its event and its tasks, committed together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The request after the change. `events` counts the new event.
    pub request: Request,
    /// The generation that the stored request must have. Another one: [`Refused::Stale`].
    pub expected: Generation,
    /// The event: number `request.events`. Another writer was first: [`Refused::Conflict`].
    pub event: Event,
    /// The tasks that change with it.
    pub tasks: Vec<Task>,
    /// The statement of a receipt, as JSON, kept with the event that has its hash. Holds no personal data.
    pub statement: Option<String>,
    /// Identities to lock. One of them belongs to another request: [`Refused::Locked`].
    pub lock: Vec<Pseudonym>,
    /// Release these locks. (When the request ends, the markers that it is open go with the change.)
    pub unlock: Vec<Pseudonym>,
    /// Queue behind the request that holds this lock. Nobody holds it any more: [`Refused::Conflict`].
    pub wait_for: Option<Pseudonym>,
    /// Identities on which no hold may stand. One does: [`Refused::Held`].
    pub unless_held: Vec<Pseudonym>,
}

/// Why a change was not committed. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The request has moved on to another generation: this execution may change nothing.
    #[error("another execution has taken over")]
    Stale,
    /// Another writer was first: read again and decide again.
    #[error("another writer was first")]
    Conflict,
    /// A hold stands on an identity.
    #[error("a legal hold stands")]
    Held,
    /// Another request holds the lock of this identity.
    #[error("another request for the same person is being worked on")]
    Locked(Pseudonym),
    /// An open request of the same type for the same person.
    #[error("an open request is there already")]
    Open(RequestId),
    /// The idempotency key was used already.
    #[error("the idempotency key was used already")]
    Remembered,
    /// The store of our own state failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The answer that an idempotency key gives again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The key, by pseudonym.
    pub key: Pseudonym,
    /// The body, by pseudonym.
    pub body: Pseudonym,
    /// The HTTP status.
    pub status: u16,
    /// The answer's body. Holds no personal data.
    pub answer: String,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

/// A request to be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// The request, with `events` 1.
    pub request: Request,
    /// Its first event.
    pub event: Event,
    /// What its idempotency key will answer.
    pub remember: Option<Remembered>,
    /// Open requests that it names more identities than: their markers become its own.
    pub beyond: Vec<RequestId>,
}

/// A page of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The requests, newest first.
    pub requests: Vec<Request>,
    /// Where the next page begins: opaque, without personal data.
    pub next: Option<String>,
}

/// For whom requests are looked for that are past their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    /// Those that somebody waits for: not ended, or ended and not announced.
    Open,
    /// Those that are at rest ([`Request::is_at_rest`]): to be read again, or to lose the salt of their receipt.
    AtRest,
}

impl Overdue {
    /// Among which a request is.
    pub fn of(request: &Request) -> Self {
        if request.is_at_rest() { Self::AtRest } else { Self::Open }
    }
}

/// The `requests` table.
#[async_trait]
pub trait Requests: Send + Sync {
    /// Takes a request in. One that it does not go beyond is open for one of its identities:
    /// [`Refused::Open`]. Its key was used: [`Refused::Remembered`].
    async fn create(&self, new: &NewRequest) -> Result<(), Refused>;

    /// Remembers an answer that made no request. Once remembered it stays.
    async fn remember(&self, tenant: &TenantId, answer: &Remembered) -> Result<(), Refused>;

    /// What an idempotency key answered, strongly consistent; `None` if unused or expired.
    async fn remembered(
        &self,
        tenant: &TenantId,
        key: &Pseudonym,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Fault>;

    /// A request, strongly consistent.
    async fn load(&self, tenant: &TenantId, id: &RequestId) -> Result<Option<Request>, Fault>;

    /// All its tasks, strongly consistent.
    async fn tasks(&self, tenant: &TenantId, id: &RequestId) -> Result<Vec<Task>, Fault>;

    /// Its events after number `after`, at most `limit`, in order.
    async fn events(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<Event>, Fault>;

    /// The statement that was kept with an event of this number.
    async fn statement(&self, tenant: &TenantId, id: &RequestId, n: u32) -> Result<Option<String>, Fault>;

    /// Commits a change.
    async fn commit(&self, change: &Change) -> Result<(), Refused>;

    /// The request that holds an identity's lock.
    async fn lock_owner(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Option<RequestId>, Fault>;

    /// The requests that wait for an identity's lock, oldest first.
    async fn waiters(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Vec<RequestId>, Fault>;

    /// Takes a request out of the queues that it waits in. Doing it twice is fine.
    async fn stop_waiting(
        &self,
        tenant: &TenantId,
        subjects: &[Pseudonym],
        id: &RequestId,
    ) -> Result<(), Fault>;

    /// The open requests of a type for any of these identities, in the order of the identities, each
    /// once.
    async fn open_requests(
        &self,
        tenant: &TenantId,
        kind: RequestType,
        subject: &[Pseudonym],
    ) -> Result<Vec<RequestId>, Fault>;

    /// Requests of a tenant, newest first.
    async fn list(
        &self,
        tenant: &TenantId,
        status: Option<Status>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Listing, Fault>;

    /// Requests of this kind of all tenants whose `progress_by` has passed, longest first.
    async fn overdue(
        &self,
        which: Overdue,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, RequestId)>, Fault>;
}

/// The `holds` table.
#[async_trait]
pub trait Holds: Send + Sync {
    /// Places a hold, with its event, in one transaction. A change that is `unless_held` on the
    /// same identity commits either before it or not at all.
    async fn place(&self, hold: &Hold, event: &Event) -> Result<(), Fault>;

    /// Writes down the stores that it came too late for.
    async fn note_too_late(&self, hold: &Hold) -> Result<(), Fault>;

    /// Releases a hold, with its event, in one transaction; `false` if it was released already.
    async fn release(&self, hold: &Hold, event: &Event) -> Result<bool, Fault>;

    /// A hold.
    async fn get(&self, tenant: &TenantId, id: &HoldId) -> Result<Option<Hold>, Fault>;

    /// The holds that stand on any of these identities, strongly consistent.
    async fn standing(&self, tenant: &TenantId, subjects: &[Pseudonym]) -> Result<Vec<Hold>, Fault>;

    /// A tenant's holds, newest first, and where the next page begins.
    async fn list(
        &self,
        tenant: &TenantId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Hold>, Option<String>), Fault>;
}

/// Published catalogs.
#[async_trait]
pub trait Catalogs: Send + Sync {
    /// The version in force where a tenant has none of its own.
    fn current(&self) -> String;

    /// A version, checked. Never changes, so it may be kept.
    async fn get(&self, tenant: &TenantId, version: &str) -> Result<Arc<Catalog>, Fault>;
}

/// Tenants, of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// They, in order.
    pub tenants: Vec<TenantId>,
    /// Items among them that should be a tenant's and name none: somebody must mend them, and until then whoever they
    /// were meant for is left out.
    pub unreadable: usize,
}

/// The `registry` table.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// A tenant's settings; `None` if there is no such tenant.
    async fn settings(&self, tenant: &TenantId) -> Result<Option<Arc<Settings>>, Fault>;

    /// An issuer of tokens.
    async fn issuer(&self, issuer: &str) -> Result<Option<Arc<Issuer>>, Fault>;

    /// At most `most` tenants that sort after `after`, in order; fewer only if there are no more. One that was set up
    /// or removed just now may be missing or be there still.
    async fn all(&self, after: Option<&TenantId>, most: usize) -> Result<Listed, Fault>;
}

/// The state machine.
#[async_trait]
pub trait Executions: Send + Sync {
    /// Starts an execution by name; fine if one of that name is or was there.
    async fn start(&self, name: &str, start: &Start) -> Result<(), Fault>;

    /// Stops an execution by name; `false` if there never was one.
    async fn stop(&self, name: &str) -> Result<bool, Fault>;
}

/// The `intake` queue.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Asks for an execution. The tenant is the message group, so that no tenant waits for another.
    async fn send(&self, start: &Start) -> Result<(), Fault>;
}
