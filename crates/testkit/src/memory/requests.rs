//! The `requests` table.

use async_trait::async_trait;
use domain::event::Event;
use domain::request::RequestType;
use domain::{Pseudonym, Request, RequestId, Status, Task, TenantId};
use jiff::Timestamp;
use ports::control::{Listing, Remembered};
use ports::{Change, Fault, NewRequest, Overdue, Refused, Requests};

use super::World;
use crate::inject::Point;

#[async_trait]
impl Requests for World {
    async fn create(&self, new: &NewRequest) -> Result<(), Refused> {
        let target = new.request.tenant.as_str();
        let now = self.fake_clock().peek();
        self.injector().pass(Point::RequestsCreate, target, || self.control().create(new, now))
    }

    async fn remember(&self, tenant: &TenantId, answer: &Remembered) -> Result<(), Refused> {
        let now = self.fake_clock().peek();
        self.injector()
            .pass(Point::RequestsRemember, tenant.as_str(), || self.control().remember(tenant, answer, now))
    }

    async fn remembered(
        &self,
        tenant: &TenantId,
        key: &Pseudonym,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Fault> {
        self.injector().pass(Point::RequestsRemembered, tenant.as_str(), || {
            let control = self.control();
            let found = control.remembered.get(&(tenant.clone(), key.clone()));
            Ok(found.filter(|r| r.expires_at > now).cloned())
        })
    }

    async fn load(&self, tenant: &TenantId, id: &RequestId) -> Result<Option<Request>, Fault> {
        self.injector().pass(Point::RequestsLoad, tenant.as_str(), || Ok(self.request(tenant, id)))
    }

    async fn tasks(&self, tenant: &TenantId, id: &RequestId) -> Result<Vec<Task>, Fault> {
        self.injector().pass(Point::RequestsTasks, tenant.as_str(), || Ok(self.tasks_of(tenant, id)))
    }

    async fn events(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<Event>, Fault> {
        self.injector().pass(Point::RequestsEvents, tenant.as_str(), || {
            let events = self.events_of(tenant, id).into_iter();
            Ok(events.filter(|e| e.n > after).take(limit).collect())
        })
    }

    async fn statement(&self, tenant: &TenantId, id: &RequestId, n: u32) -> Result<Option<String>, Fault> {
        self.injector().pass(Point::RequestsStatement, tenant.as_str(), || {
            let control = self.control();
            let stored = control.requests.get(&(tenant.clone(), id.clone()));
            Ok(stored.and_then(|stored| stored.statements.get(&n).cloned()))
        })
    }

    async fn commit(&self, change: &Change) -> Result<(), Refused> {
        let target = change.request.tenant.as_str();
        let now = self.fake_clock().peek();
        self.injector().pass(Point::RequestsCommit, target, || self.control().commit(change, now))
    }

    async fn lock_owner(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Option<RequestId>, Fault> {
        self.injector().pass(Point::RequestsLockOwner, tenant.as_str(), || {
            let control = self.control();
            Ok(control.locks.get(&(tenant.clone(), subject.clone())).cloned())
        })
    }

    async fn waiters(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Vec<RequestId>, Fault> {
        self.injector().pass(Point::RequestsWaiters, tenant.as_str(), || {
            let control = self.control();
            let queue = control.waiting.get(&(tenant.clone(), subject.clone()));
            // Ids sort by the time of the request.
            Ok(queue.into_iter().flatten().cloned().collect())
        })
    }

    async fn stop_waiting(
        &self,
        tenant: &TenantId,
        subjects: &[Pseudonym],
        id: &RequestId,
    ) -> Result<(), Fault> {
        self.injector().pass_many(Point::RequestsStopWaiting, tenant.as_str(), subjects.len(), |upto| {
            let mut control = self.control();
            for subject in subjects.iter().take(upto) {
                let key = (tenant.clone(), subject.clone());
                if let Some(queue) = control.waiting.get_mut(&key) {
                    queue.remove(id);
                    if queue.is_empty() {
                        control.waiting.remove(&key);
                    }
                }
            }
            Ok(())
        })
    }

    async fn open_requests(
        &self,
        tenant: &TenantId,
        kind: RequestType,
        subject: &[Pseudonym],
    ) -> Result<Vec<RequestId>, Fault> {
        self.injector().pass(Point::RequestsOpenRequests, tenant.as_str(), || {
            let control = self.control();
            let mut open: Vec<RequestId> = Vec::new();
            for subject in subject {
                let owner = control.open.get(&(tenant.clone(), kind.as_str(), subject.clone()));
                if let Some(owner) = owner.filter(|owner| !open.contains(owner)) {
                    open.push(owner.clone());
                }
            }
            Ok(open)
        })
    }

    async fn list(
        &self,
        tenant: &TenantId,
        status: Option<Status>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Listing, Fault> {
        self.injector().pass(Point::RequestsList, tenant.as_str(), || {
            let control = self.control();
            let newest = control.requests.values().rev().map(|s| &s.request);
            let limit = limit.max(1);
            let mut requests: Vec<Request> = newest
                .filter(|r| r.tenant == *tenant && status.is_none_or(|s| r.status == s))
                .filter(|r| cursor.is_none_or(|cursor| r.id.as_str() < cursor))
                .take(limit + 1)
                .cloned()
                .collect();
            let more = requests.len() > limit;
            requests.truncate(limit);
            let last = requests.last().filter(|_| more);
            let next = last.map(|r| r.id.to_string());
            Ok(Listing { requests, next })
        })
    }

    async fn overdue(
        &self,
        which: Overdue,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, RequestId)>, Fault> {
        self.injector().pass(Point::RequestsOverdue, "all", || {
            let control = self.control();
            let mut overdue: Vec<_> = control
                .requests
                .values()
                .filter(|s| Overdue::of(&s.request) == which)
                .filter_map(|s| Some((s.request.progress_by?, &s.request)))
                .filter(|(by, _)| *by <= now)
                .collect();
            overdue.sort_by_key(|(by, request)| (*by, request.id.clone()));
            let ids = overdue.into_iter().take(limit);
            Ok(ids.map(|(_, r)| (r.tenant.clone(), r.id.clone())).collect())
        })
    }
}

impl World {
    /// Writes another statement in the place of one, as somebody can who may write the table; the one that was there.
    pub fn overwrite_statement(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        n: u32,
        text: &str,
    ) -> Option<String> {
        let mut control = self.control();
        let stored = control.requests.get_mut(&(tenant.clone(), id.clone()))?;
        stored.statements.insert(n, text.to_owned())
    }

    /// A request as it is stored.
    pub fn request(&self, tenant: &TenantId, id: &RequestId) -> Option<Request> {
        let control = self.control();
        let stored = control.requests.get(&(tenant.clone(), id.clone()));
        stored.map(|s| s.request.clone())
    }

    /// Every request of every tenant.
    pub fn all_requests(&self) -> Vec<Request> {
        let control = self.control();
        control.requests.values().map(|s| s.request.clone()).collect()
    }

    /// A request's tasks as they are stored.
    pub fn tasks_of(&self, tenant: &TenantId, id: &RequestId) -> Vec<Task> {
        let control = self.control();
        let stored = control.requests.get(&(tenant.clone(), id.clone()));
        stored.map_or_else(Vec::new, |s| s.tasks.values().cloned().collect())
    }

    /// A request's events, from the first.
    pub fn events_of(&self, tenant: &TenantId, id: &RequestId) -> Vec<Event> {
        let control = self.control();
        let stored = control.requests.get(&(tenant.clone(), id.clone()));
        stored.map_or_else(Vec::new, |s| s.events.clone())
    }

    /// The locks that a request holds: none after it was closed.
    pub fn locks_of(&self, tenant: &TenantId, id: &RequestId) -> Vec<Pseudonym> {
        let control = self.control();
        let own = control.locks.iter().filter(|((t, _), owner)| t == tenant && *owner == id);
        own.map(|((_, subject), _)| subject.clone()).collect()
    }

    /// The identities for which a request is marked open: none after it was closed.
    pub fn open_markers_of(&self, tenant: &TenantId, id: &RequestId) -> Vec<Pseudonym> {
        let control = self.control();
        let own = control.open.iter().filter(|((t, ..), owner)| t == tenant && *owner == id);
        own.map(|((.., subject), _)| subject.clone()).collect()
    }
}
