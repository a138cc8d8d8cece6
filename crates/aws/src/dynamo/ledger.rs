//! The `ledger` table.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | a mark | `T#<tenant>#M#<store>#<mark>` | `MARK` |
//! | how a store stands | `T#<tenant>#STORES` | `<store>` |
//! | that it has a standing | `STORES` | `<tenant>#<store>` |
//! | a replay | `T#<tenant>#REPLAY#<replay>` | `REPLAY` |
//! | whom it found | the same | `FOUND#<walk>#<request before>` |
//! | that it runs | `RUNNING` | `<begun at>#<tenant>#<replay>` |
//!
//! A mark is put on the condition that no later erasure's is there: writing it again, late and in whatever order,
//! changes nothing. What changes of a store and of a replay is one transaction with its event, which goes to the
//! `requests` table like any other.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use domain::ledger::{Entry, Found, Replay, ReplayStatus, Standing};
use domain::{Pseudonym, ReplayId, StoreId, TenantId};
use futures::future::try_join_all;
use ports::{Class, Clock, Code, Fault, Ledger, MOST_MARKS, Turn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::condition::Condition;
use super::fault;
use super::items::{self, Item, NewItem, s, text};
use super::keys::{self, Key};
use super::table::{Range, Search, Table};
use super::transaction::{Cancelled, Transaction};

const PUT: &str = "dynamodb:PutItem";
/// Marks that are written at once.
const AT_ONCE: usize = 16;

/// The `ledger` table; the events go to the `requests` table.
pub struct LedgerTable {
    table: Table,
    requests: Table,
    clock: Arc<dyn Clock>,
}

impl LedgerTable {
    /// The tables by name. The clock says in which minute an event is committed.
    pub fn new(
        client: Client,
        ledger: impl Into<String>,
        requests: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { table: Table::new(client.clone(), ledger), requests: Table::new(client, requests), clock }
    }

    async fn put(&self, entry: &Entry) -> Result<(), Fault> {
        let key = keys::mark(&entry.tenant, &entry.store, &entry.mark);
        let at = s(keys::instant(entry.erased_at));
        let item = NewItem::new(&key).doc(entry)?.with("erased_at", at.clone()).build();
        let unless_later = Condition::new("attribute_not_exists(pk) OR #erased_at <= :at")
            .name("#erased_at", "erased_at")
            .value(":at", at);
        // If the mark of a later erasure is there it stays.
        self.table.put_if(item, &unless_later).await.map(drop)
    }

    async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Fault> {
        let item = self.table.get(key).await?;
        item.map(|item| self.decode(&item)).transpose()
    }

    fn decode<T: DeserializeOwned>(&self, item: &Item) -> Result<T, Fault> {
        items::decode(&self.table.name, item)
    }

    /// Puts what changes of a turn, if what is there is still what was read: it is compared by its text, which an earlier
    /// version of this program may have written. `false` if it is not.
    async fn change<T: Serialize + DeserializeOwned + PartialEq>(
        &self,
        transaction: &mut Transaction<()>,
        key: Key,
        read: Option<&T>,
        next: &T,
    ) -> Result<bool, Fault> {
        let there = self.table.get(&key).await?;
        let condition = match (read, &there) {
            (None, None) => Condition::absent(),
            (Some(read), Some(item)) if &self.decode::<T>(item)? == read => {
                Condition::unchanged(text(item, "doc").unwrap_or_default())
            }
            _ => return Ok(false),
        };
        let item = NewItem::new(&key).doc(next)?.build();
        transaction.put((), &self.table.name, key, item, Some(condition));
        Ok(true)
    }

    fn mistake(&self, detail: &str) -> Fault {
        Fault::new(Class::Permanent, Code::ControlUnavailable, "ledger", &self.table.name, detail)
    }
}

#[async_trait]
impl Ledger for LedgerTable {
    async fn write(&self, entries: &[Entry]) -> Result<(), Fault> {
        for some in entries.chunks(AT_ONCE) {
            let mut writing = Vec::with_capacity(some.len());
            for entry in some {
                writing.push(self.put(entry));
            }
            try_join_all(writing).await?;
        }
        Ok(())
    }

    async fn find(
        &self,
        tenant: &TenantId,
        store: &StoreId,
        marks: &[Pseudonym],
    ) -> Result<Vec<Entry>, Fault> {
        if marks.len() > MOST_MARKS {
            return Err(self.mistake("too many marks"));
        }
        let mut wanted: Vec<Key> = marks.iter().map(|mark| keys::mark(tenant, store, mark)).collect();
        wanted.sort();
        wanted.dedup();
        let found = self.table.get_many(&wanted, None).await?;
        found.iter().map(|item| self.decode(item)).collect()
    }

    async fn standing(&self, tenant: &TenantId, store: &StoreId) -> Result<Option<Standing>, Fault> {
        self.read(&keys::standing(tenant, store)).await
    }

    async fn standings(&self, tenant: &TenantId) -> Result<Vec<Standing>, Fault> {
        // As many as a catalog has stores.
        let search = Search::new(keys::standings_partition(tenant), Range::All);
        let found = self.table.search(&search, None).await?;
        found.iter().map(|item| self.decode(item)).collect()
    }

    async fn replay(&self, tenant: &TenantId, id: &ReplayId) -> Result<Option<Replay>, Fault> {
        self.read(&keys::replay(tenant, id)).await
    }

    async fn take(&self, turn: &Turn) -> Result<bool, Fault> {
        let mut transaction = Transaction::new();
        if let Some((read, next)) = &turn.standing {
            let key = keys::standing(&next.tenant, &next.store);
            if !self.change(&mut transaction, key, read.as_ref(), next).await? {
                return Ok(false);
            }
            if read.is_none() {
                let listed = keys::listed_store(&next.tenant, &next.store);
                transaction.put((), &self.table.name, listed.clone(), NewItem::new(&listed).build(), None);
            }
        }
        if let Some((read, next)) = &turn.replay {
            let key = keys::replay(&next.tenant, &next.id);
            if !self.change(&mut transaction, key, read.as_ref(), next).await? {
                return Ok(false);
            }
            let runs = |replay: &Replay| replay.status == ReplayStatus::Running;
            let running = keys::running(next);
            if runs(next) && !read.as_ref().is_some_and(runs) {
                transaction.put((), &self.table.name, running.clone(), NewItem::new(&running).build(), None);
            }
            if !runs(next) {
                // Whether it is there or not.
                let any = Condition::new("attribute_exists(pk) OR attribute_not_exists(pk)");
                transaction.delete((), &self.table.name, running, &any);
            }
        }
        if let Some(event) = &turn.event {
            let (key, item) = (keys::event(event), items::event(event, self.clock.now())?);
            transaction.put((), &self.requests.name, key, item, Some(Condition::absent()));
        }
        match transaction.send(&self.table.client, &self.table.name).await {
            Ok(()) => Ok(true),
            Err(Cancelled::Refused(_)) => Ok(false),
            Err(Cancelled::Fault(fault)) => Err(fault),
        }
    }

    async fn running(&self, most: usize) -> Result<Vec<(TenantId, ReplayId)>, Fault> {
        let search = Search::new(keys::RUNNING.to_owned(), Range::All);
        let found = self.table.search(&search, Some(most)).await?;
        Ok(found.iter().filter_map(|item| keys::parse_running(text(item, "sk")?)).collect())
    }

    async fn note(&self, tenant: &TenantId, id: &ReplayId, found: &Found) -> Result<(), Fault> {
        let item = NewItem::new(&keys::found(tenant, id, found)).doc(found)?.build();
        let call = self.table.client.put_item().table_name(&self.table.name).set_item(Some(item));
        let put = call.send().await.map(drop);
        put.map_err(|error| fault::dynamodb(PUT, &self.table.name, &error))
    }

    async fn found(
        &self,
        tenant: &TenantId,
        id: &ReplayId,
        after: Option<&Found>,
        most: usize,
    ) -> Result<Vec<Found>, Fault> {
        // What follows all of these is the replay itself, and no person.
        let last = format!("{}~", keys::FOUND);
        let first =
            after.map_or_else(|| keys::FOUND.to_owned(), |found| format!("{}~", keys::found_sort(found)));
        let search = Search::new(keys::replay_partition(tenant, id), Range::Between(first, last));
        let found = self.table.search(&search, Some(most)).await?;
        found.iter().map(|item| self.decode(item)).collect()
    }

    async fn stores(
        &self,
        after: Option<&(TenantId, StoreId)>,
        most: usize,
    ) -> Result<Vec<(TenantId, StoreId)>, Fault> {
        let range =
            after.map_or(Range::All, |(tenant, store)| Range::After(keys::listed_store(tenant, store).sk));
        let search = Search::new(keys::STORES.to_owned(), range);
        let found = self.table.search(&search, Some(most)).await?;
        Ok(found.iter().filter_map(|item| keys::parse_listed_store(text(item, "sk")?)).collect())
    }
}
