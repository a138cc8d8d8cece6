//! The `holds` table.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | a hold | `T#<tenant>#SUBJECT#<pseudonym>` | `HOLD#<hold>` |
//! | how many stand on the identity | the same | `GUARD` |
//! | the hold again, by its id | `T#<tenant>#HOLDS` | `<hold>` |
//!
//! The guard's `active` changes in the transaction that places or releases a hold, and a change that
//! is `unless_held` checks it in its own: DynamoDB puts the two in an order. The two copies of a
//! hold are always written together, so either may be read.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use domain::event::Event;
use domain::hold::Hold;
use domain::{HoldId, Pseudonym, TenantId};
use futures::{StreamExt, TryStreamExt, stream};
use ports::{Class, Clock, Code, Fault, Holds};

use super::condition::Condition;
use super::cursor;
use super::items::{self, Item, NewItem, n, text};
use super::keys;
use super::table::{Range, Search, Table};
use super::transaction::{Cancelled, Transaction};

const OPERATION: &str = "dynamodb:TransactWriteItems";
/// How often a write is tried when other transactions are at its items. Waits of 10 ms, doubled
/// each time: 2.6 s in all.
const ATTEMPTS: u32 = 8;
/// Partitions that are searched at once.
const AT_ONCE: usize = 8;

/// The `holds` table; the events go to the `requests` table.
pub struct HoldsTable {
    table: Table,
    requests: Table,
    clock: Arc<dyn Clock>,
}

/// What an action is for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Hold,
    Guard,
    Event,
}

impl HoldsTable {
    /// The tables by name. The clock says in which minute an event is committed.
    pub fn new(
        client: Client,
        holds: impl Into<String>,
        requests: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { table: Table::new(client.clone(), holds), requests: Table::new(client, requests), clock }
    }

    /// Both copies; the first on a condition.
    fn put_hold(
        &self,
        transaction: &mut Transaction<Part>,
        hold: &Hold,
        condition: Condition,
    ) -> Result<(), Fault> {
        for (key, condition) in [
            (keys::hold(&hold.tenant, &hold.subject, &hold.id), Some(condition)),
            (keys::hold_pointer(&hold.tenant, &hold.id), None),
        ] {
            let item = NewItem::new(&key).doc(hold)?.build();
            transaction.put(Part::Hold, &self.table.name, key, item, condition);
        }
        Ok(())
    }

    fn put_event(&self, transaction: &mut Transaction<Part>, event: &Event) -> Result<(), Fault> {
        let (key, item) = (keys::event(event), items::event(event, self.clock.now())?);
        let absent = Some(Condition::absent());
        transaction.put(Part::Event, &self.requests.name, key, item, absent);
        Ok(())
    }

    /// `None` if it was written; else the parts whose conditions failed.
    async fn send(&self, transaction: Transaction<Part>) -> Result<Option<Vec<Part>>, Fault> {
        let sent = transaction.send(&self.table.client, &self.table.name);
        match sent.await {
            Ok(()) => Ok(None),
            Err(Cancelled::Fault(fault)) => Err(fault),
            Err(Cancelled::Refused(failed)) => Ok(Some(failed.into_iter().map(|(part, _)| part).collect())),
        }
    }

    async fn stored(&self, hold: &Hold) -> Result<Option<(Hold, String)>, Fault> {
        let key = keys::hold(&hold.tenant, &hold.subject, &hold.id);
        let Some(item) = self.table.get(&key).await? else {
            return Ok(None);
        };
        let doc = text(&item, "doc").unwrap_or_default().to_owned();
        Ok(Some((self.decode(&item)?, doc)))
    }

    async fn has_event(&self, event: &Event) -> Result<bool, Fault> {
        let Some(item) = self.requests.get(&keys::event(event)).await? else {
            return Ok(false);
        };
        let stored: Event = items::decode(&self.requests.name, &item)?;
        Ok(&stored == event)
    }

    fn decode(&self, item: &Item) -> Result<Hold, Fault> {
        items::decode(&self.table.name, item)
    }

    fn mistake(&self, detail: &str) -> Fault {
        Fault::new(Class::Permanent, Code::ControlUnavailable, OPERATION, &self.table.name, detail)
    }

    fn contended(&self) -> Fault {
        Fault::new(
            Class::Transient,
            Code::ControlUnavailable,
            OPERATION,
            &self.table.name,
            "TransactionConflict",
        )
    }
}

async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(10 << attempt.min(ATTEMPTS))).await;
}

/// The stores of both, each once.
fn with_too_late_of(mut hold: Hold, other: &Hold) -> Hold {
    for store in &other.too_late_for {
        if !hold.too_late_for.contains(store) {
            hold.too_late_for.push(store.clone());
        }
    }
    hold
}

#[async_trait]
impl Holds for HoldsTable {
    async fn place(&self, hold: &Hold, event: &Event) -> Result<(), Fault> {
        for attempt in 0..ATTEMPTS {
            let mut transaction = Transaction::new();
            self.put_hold(&mut transaction, hold, Condition::absent())?;
            let more = Condition::new("").name("#active", "active").value(":one", n(&1));
            let key = keys::guard(&hold.tenant, &hold.subject);
            let add = "ADD #active :one";
            transaction.update(Part::Guard, &self.table.name, key, add, &more);
            self.put_event(&mut transaction, event)?;
            let Some(failed) = self.send(transaction).await? else {
                return Ok(());
            };
            // It stands already, with this very event: placed by a call whose answer was lost.
            if self.has_event(event).await? && self.stored(hold).await?.is_some() {
                return Ok(());
            }
            if !failed.is_empty() {
                return Err(self.mistake("another hold has this id"));
            }
            pause(attempt).await;
        }
        Err(self.contended())
    }

    async fn note_too_late(&self, hold: &Hold) -> Result<(), Fault> {
        for attempt in 0..ATTEMPTS {
            let Some((stored, doc)) = self.stored(hold).await? else {
                return Err(self.mistake("no such hold"));
            };
            // Only this list is the caller's to change: the hold may have been released since.
            let noted = with_too_late_of(stored.clone(), hold);
            if noted == stored {
                return Ok(());
            }
            let mut transaction = Transaction::new();
            self.put_hold(&mut transaction, &noted, Condition::unchanged(&doc))?;
            if self.send(transaction).await?.is_none() {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(self.contended())
    }

    async fn release(&self, hold: &Hold, event: &Event) -> Result<bool, Fault> {
        if hold.released_at.is_none() {
            return Err(self.mistake("a release without its time"));
        }
        let mut wrong = false;
        for attempt in 0..ATTEMPTS {
            let Some((stored, doc)) = self.stored(hold).await? else {
                return Err(self.mistake("no such hold"));
            };
            if stored.released_at.is_some() {
                // With this very event it was this release, and its answer was lost.
                return self.has_event(event).await;
            }
            if wrong {
                return Err(self.mistake("the event is not the hold's next, or the guard is wrong"));
            }
            let mut transaction = Transaction::new();
            let released = with_too_late_of(hold.clone(), &stored);
            self.put_hold(&mut transaction, &released, Condition::unchanged(&doc))?;
            let less = Condition::new("#active > :zero")
                .name("#active", "active")
                .value(":zero", n(&0))
                .value(":less", n(&-1));
            let key = keys::guard(&hold.tenant, &hold.subject);
            let add = "ADD #active :less";
            transaction.update(Part::Guard, &self.table.name, key, add, &less);
            self.put_event(&mut transaction, event)?;
            let Some(failed) = self.send(transaction).await? else {
                return Ok(true);
            };
            wrong = failed.iter().any(|part| *part != Part::Hold);
            pause(attempt).await;
        }
        Err(self.contended())
    }

    async fn get(&self, tenant: &TenantId, id: &HoldId) -> Result<Option<Hold>, Fault> {
        let item = self.table.get(&keys::hold_pointer(tenant, id)).await?;
        item.map(|item| self.decode(&item)).transpose()
    }

    async fn standing(&self, tenant: &TenantId, subjects: &[Pseudonym]) -> Result<Vec<Hold>, Fault> {
        let mut subjects = subjects.to_vec();
        subjects.sort();
        subjects.dedup();
        let searches: Vec<Search> = subjects
            .iter()
            .map(|subject| {
                let partition = keys::subject_partition(tenant, subject);
                Search::new(partition, Range::Prefix(keys::HOLDS.to_owned()))
            })
            .collect();
        let found: Vec<Vec<Item>> = stream::iter(searches)
            .map(|search| async move { self.table.search(&search, None).await })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let holds: Result<Vec<Hold>, Fault> = found.iter().flatten().map(|item| self.decode(item)).collect();
        let mut holds = holds?;
        holds.retain(|hold| hold.released_at.is_none());
        Ok(holds)
    }

    async fn list(
        &self,
        tenant: &TenantId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Hold>, Option<String>), Fault> {
        let range = match cursor {
            None => Range::All,
            Some(cursor) => Range::Before(cursor::hold(&self.table.name, cursor)?),
        };
        // One more than asked for says whether there is a next page.
        let limit = limit.max(1);
        let search = Search::new(keys::holds_partition(tenant), range).descending();
        let found = self.table.search(&search, Some(limit.saturating_add(1))).await?;
        let mut holds: Vec<Hold> = found.iter().map(|item| self.decode(item)).collect::<Result<_, _>>()?;
        let more = holds.len() > limit;
        holds.truncate(limit);
        let next = holds.last().filter(|_| more).map(|hold| cursor::encode(hold.id.as_str()));
        Ok((holds, next))
    }
}
