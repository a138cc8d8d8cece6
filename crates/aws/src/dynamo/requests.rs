//! The `requests` table.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | a request | `T#<tenant>#R#<request>` | `REQ` |
//! | its tasks | the same | `TASK#<op>#<store>` |
//! | its events | the same | `EVENT#<n>` |
//! | a lock | `T#<tenant>#LOCK#<pseudonym>` | `LOCK` |
//! | who waits for it | the same | `WAIT#<request>` |
//! | an open request's marker | `T#<tenant>#OPEN#<type>#<pseudonym>` | `OPEN` |
//! | an idempotency key's answer | `T#<tenant>#IDEM#<pseudonym>` | `IDEM` |
//! | a hold's events | `T#<tenant>#H#<hold>` | `EVENT#<n>` |
//! | up to where the audit was swept | `SWEEP#AUDIT` | `SWEPT` |
//!
//! Indexes: `by_tenant` and `by_status` list requests, newest first; `by_progress`, in eight
//! shards for those that are at rest and eight for the others, finds those that are past their time (one that an earlier
//! build wrote is among the others until it is written again). A request without `progress_by` is not in it. `by_time`
//! lists all events by the minute of their commit, in eight lists each.

mod answers;
mod commit;
mod create;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use domain::event::Event;
use domain::request::RequestType;
use domain::{Pseudonym, Request, RequestId, Status, Task, TenantId};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use ports::control::{Change, Listing, NewRequest, Remembered};
use ports::{Clock, Fault, Overdue, Refused, Requests};

use super::cursor;
use super::items::{self, Item, text};
use super::keys::{self, Key};
use super::table::{Range, Search, Table};

/// Reads of one request's or one person's items that are under way at once.
const AT_ONCE: usize = 8;

/// The `requests` table; commits look at the guards of the `holds` table as well.
pub struct RequestsTable {
    table: Table,
    holds: String,
    clock: Arc<dyn Clock>,
}

impl RequestsTable {
    /// The tables by name. The clock says when an idempotency key may be used anew, and in which minute
    /// an event is committed.
    pub fn new(
        client: Client,
        requests: impl Into<String>,
        holds: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { table: Table::new(client, requests), holds: holds.into(), clock }
    }

    async fn get(&self, tenant: &TenantId, id: &RequestId) -> Result<Option<Request>, Fault> {
        let item = self.table.get(&keys::request(tenant, id)).await?;
        item.map(|item| self.decode(&item)).transpose()
    }

    fn decode<T: serde::de::DeserializeOwned>(&self, item: &Item) -> Result<T, Fault> {
        items::decode(&self.table.name, item)
    }

    /// Whether exactly this event was committed: the sign that a change went through though its
    /// answer was lost.
    async fn has_event(&self, event: &Event) -> Result<bool, Fault> {
        let item = self.table.get(&keys::event(event)).await?;
        let stored: Option<Event> = item.map(|item| self.decode(&item)).transpose()?;
        Ok(stored.as_ref() == Some(event))
    }

    /// The `owner` of a lock or a marker.
    async fn owner(&self, key: &Key) -> Result<Option<RequestId>, Fault> {
        match self.table.get(key).await? {
            None => Ok(None),
            Some(item) => self.owner_of(&item).map(Some),
        }
    }

    fn owner_of(&self, item: &Item) -> Result<RequestId, Fault> {
        text(item, "owner")
            .and_then(|owner| owner.parse().ok())
            .ok_or_else(|| items::unreadable(&self.table.name))
    }
}

#[async_trait]
impl Requests for RequestsTable {
    async fn create(&self, new: &NewRequest) -> Result<(), Refused> {
        self.put_new(new).await
    }

    async fn remember(&self, tenant: &TenantId, answer: &Remembered) -> Result<(), Refused> {
        self.put_answer(tenant, answer).await
    }

    async fn remembered(
        &self,
        tenant: &TenantId,
        key: &Pseudonym,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Fault> {
        self.get_answer(tenant, key, now).await
    }

    async fn load(&self, tenant: &TenantId, id: &RequestId) -> Result<Option<Request>, Fault> {
        self.get(tenant, id).await
    }

    async fn tasks(&self, tenant: &TenantId, id: &RequestId) -> Result<Vec<Task>, Fault> {
        let partition = keys::request_partition(tenant, id);
        let search = Search::new(partition, Range::Prefix(keys::TASKS.to_owned()));
        let found = self.table.search(&search, None).await?;
        found.iter().map(|item| self.decode(item)).collect()
    }

    async fn statement(&self, tenant: &TenantId, id: &RequestId, n: u32) -> Result<Option<String>, Fault> {
        let item = self.table.get(&keys::statement(tenant, id, n)).await?;
        Ok(item.and_then(|item| text(&item, "doc").map(str::to_owned)))
    }

    async fn events(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<Event>, Fault> {
        let Some(first) = after.checked_add(1) else {
            return Ok(Vec::new());
        };
        // `~` sorts after every digit.
        let last = format!("{}~", keys::EVENTS);
        let range = Range::Between(keys::event_sort(first), last);
        let search = Search::new(keys::request_partition(tenant, id), range);
        let found = self.table.search(&search, Some(limit)).await?;
        found.iter().map(|item| self.decode(item)).collect()
    }

    async fn commit(&self, change: &Change) -> Result<(), Refused> {
        self.put_change(change).await
    }

    async fn lock_owner(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Option<RequestId>, Fault> {
        self.owner(&keys::lock(tenant, subject)).await
    }

    /// A holder that reads them after it has let the lock go misses nobody: to queue is a
    /// transaction in which the lock must still be held. Ids sort by the time of the request.
    async fn waiters(&self, tenant: &TenantId, subject: &Pseudonym) -> Result<Vec<RequestId>, Fault> {
        let partition = keys::lock_partition(tenant, subject);
        let search = Search::new(partition, Range::Prefix(keys::WAITERS.to_owned()));
        let found = self.table.search(&search, None).await?;
        found.iter().map(|item| self.owner_of(item)).collect()
    }

    async fn stop_waiting(
        &self,
        tenant: &TenantId,
        subjects: &[Pseudonym],
        id: &RequestId,
    ) -> Result<(), Fault> {
        let keys: Vec<Key> = subjects.iter().map(|subject| keys::waiter(tenant, subject, id)).collect();
        stream::iter(keys)
            .map(|key| async move { self.table.delete(&key).await })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn open_requests(
        &self,
        tenant: &TenantId,
        kind: RequestType,
        subject: &[Pseudonym],
    ) -> Result<Vec<RequestId>, Fault> {
        let markers: Vec<Key> = subject.iter().map(|one| keys::open(tenant, kind, one)).collect();
        let owners: Vec<Option<RequestId>> = stream::iter(markers)
            .map(|marker| async move { self.owner(&marker).await })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut open = Vec::new();
        for owner in owners.into_iter().flatten() {
            if !open.contains(&owner) {
                open.push(owner);
            }
        }
        Ok(open)
    }

    async fn list(
        &self,
        tenant: &TenantId,
        status: Option<Status>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Listing, Fault> {
        let range = match cursor {
            None => Range::All,
            Some(cursor) => Range::Before(cursor::request(&self.table.name, cursor)?),
        };
        let search = match status {
            None => Search::new(keys::by_tenant(tenant), range).index("by_tenant", "gsi1pk", "gsi1sk"),
            Some(status) => {
                Search::new(keys::by_status(tenant, status), range).index("by_status", "gsi2pk", "gsi2sk")
            }
        };
        // One more than asked for says whether there is a next page.
        let limit = limit.max(1);
        let found = self.table.search(&search.descending(), Some(limit.saturating_add(1))).await?;
        let mut requests: Vec<Request> =
            found.iter().map(|item| self.decode(item)).collect::<Result<_, _>>()?;
        let more = requests.len() > limit;
        requests.truncate(limit);
        let last = requests.last().filter(|_| more);
        let next = last.map(|r| cursor::encode(&keys::received(r.received_at, &r.id)));
        Ok(Listing { requests, next })
    }

    async fn overdue(
        &self,
        which: Overdue,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TenantId, RequestId)>, Fault> {
        let until = keys::progress_until(now);
        let searches: Vec<Search> = (0..keys::SHARDS)
            .map(|shard| {
                Search::new(keys::by_progress(which, shard), Range::Before(until.clone())).index(
                    "by_progress",
                    "gsi3pk",
                    "gsi3sk",
                )
            })
            .collect();
        let shards: Vec<Vec<Item>> = stream::iter(searches)
            .map(|search| async move { self.table.search(&search, Some(limit)).await })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut found: Vec<(&str, &Item)> =
            shards.iter().flatten().map(|item| (text(item, "gsi3sk").unwrap_or_default(), item)).collect();
        found.sort_unstable_by_key(|(sort, _)| *sort);
        found
            .into_iter()
            .take(limit)
            .map(|(_, item)| {
                text(item, "pk")
                    .and_then(keys::parse_request_partition)
                    .ok_or_else(|| items::unreadable(&self.table.name))
            })
            .collect()
    }
}
