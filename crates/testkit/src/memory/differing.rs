//! A table of requests in which some calls go otherwise than they should: an answer is lost, or comes late.

use std::sync::Arc;

use async_trait::async_trait;
use domain::event::Event;
use domain::request::RequestType;
use domain::{Pseudonym, Request, RequestId, Status, Task, TenantId};
use jiff::Timestamp;
use ports::control::{Listing, Remembered};
use ports::{Change, Fault, NewRequest, Overdue, Refused, Requests};

/// What goes otherwise: each of these calls is handed the table itself, and by default asks it.
#[async_trait]
pub trait Differs: Send + Sync {
    /// Takes a request in.
    async fn create(&self, table: &dyn Requests, new: &NewRequest) -> Result<(), Refused> {
        table.create(new).await
    }

    /// Reads a request.
    async fn load(
        &self,
        table: &dyn Requests,
        tenant: &TenantId,
        id: &RequestId,
    ) -> Result<Option<Request>, Fault> {
        table.load(tenant, id).await
    }

    /// Says who waits for a lock.
    async fn waiters(
        &self,
        table: &dyn Requests,
        tenant: &TenantId,
        subject: &Pseudonym,
    ) -> Result<Vec<RequestId>, Fault> {
        table.waiters(tenant, subject).await
    }
}

/// A table in which that goes otherwise, and nothing else does.
pub struct Differing<D> {
    /// The table itself.
    pub table: Arc<dyn Requests>,
    /// What goes otherwise.
    pub differs: D,
}

#[async_trait]
impl<D: Differs> Requests for Differing<D> {
    async fn create(&self, new: &NewRequest) -> Result<(), Refused> {
        self.differs.create(&*self.table, new).await
    }

    async fn remember(&self, tenant: &TenantId, answer: &Remembered) -> Result<(), Refused> {
        self.table.remember(tenant, answer).await
    }

    async fn remembered(
        &self,
        tenant: &TenantId,
        key: &Pseudonym,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Fault> {
        self.table.remembered(tenant, key, now).await
    }

    async fn load(&self, tenant: &TenantId, id: &RequestId) -> Result<Option<Request>, Fault> {
        self.differs.load(&*self.table, tenant, id).await
    }

    async fn tasks(&self, tenant: &TenantId, id: &RequestId) -> Result<Vec<Task>, Fault> {
        self.table.tasks(tenant, id).await
    }

    async fn events(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<Event>, Fault> {
        self.table.events(tenant, id, after, limit).await
    }

    async fn statement(&self, tenant: &TenantId, id: &RequestId, n: u32) -> Result<Option<String>, Fault> {
        self.table.statement(tenant, id, n).await
    }

    async fn commit(&self, change: &Change) -> Result<(), Refused> {
        self.table.commit(change).await
    }

    async fn lock_owner(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Option<RequestId>, Fault> {
        self.table.lock_owner(tenant, subject).await
    }

    async fn waiters(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Vec<RequestId>, Fault> {
        self.differs.waiters(&*self.table, tenant, subject).await
    }

    async fn stop_waiting(
        &self,
        tenant: &TenantId,
        subjects: &[Pseudonym],
        id: &RequestId,
    ) -> Result<(), Fault> {
        self.table.stop_waiting(tenant, subjects, id).await
    }

    async fn open_requests(
        &self,
        tenant: &TenantId,
        kind: RequestType,
        subject: &[Pseudonym],
    ) -> Result<Vec<RequestId>, Fault> {
        self.table.open_requests(tenant, kind, subject).await
    }

    async fn list(
        &self,
        tenant: &TenantId,
        status: Option<Status>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Listing, Fault> {
        self.table.list(tenant, status, cursor, limit).await
    }

    async fn overdue(
        &self,
        which: Overdue,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, RequestId)>, Fault> {
        self.table.overdue(which, now, limit).await
    }
}
