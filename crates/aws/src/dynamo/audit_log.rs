//! The `audit` table.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | a block | `T#<tenant>` | `SEQ#<its first entry's number>` |
//! | the mark of a chained event | `E#<tenant>#<event>` | `MARK` |
//!
//! A block and the marks of its events are one transaction of puts that each want nothing to be
//! there: a block cannot be replaced, no two can follow the same head, and no event is chained
//! twice. Nothing here updates or deletes, and the table's own policy refuses both.

use std::collections::BTreeSet;

use async_trait::async_trait;
use audit::{Block, Head, MOST_ENTRIES, verify_chain};
use aws_sdk_dynamodb::Client;
use domain::TenantId;
use domain::event::Event;
use ports::{AuditLog, Class, Code, Fault};

use super::condition::Condition;
use super::items::{self, NewItem, n, s, text};
use super::keys::{self, Key};
use super::table::{MOST_KEYS, Range, Search, Table};
use super::transaction::{Cancelled, Transaction};

/// The `audit` table.
pub struct AuditTable {
    table: Table,
}

impl AuditTable {
    /// The table by name.
    pub fn new(client: Client, audit: impl Into<String>) -> Self {
        Self { table: Table::new(client, audit) }
    }

    /// The partition keys of those marks that are there. At most [`MOST_KEYS`] of them.
    async fn marked(&self, marks: &[Key]) -> Result<BTreeSet<String>, Fault> {
        let found = self.table.get_many(marks, Some("pk")).await?;
        Ok(found.iter().filter_map(|item| text(item, "pk")).map(str::to_owned).collect())
    }

    fn fault(&self, class: Class, operation: &'static str, detail: &str) -> Fault {
        Fault::new(class, Code::ControlUnavailable, operation, &self.table.name, detail)
    }

    /// The last defence against a block that no reader could verify: it could never be taken back.
    fn check(&self, block: &Block) -> Result<(), Fault> {
        let first = block.entries.first();
        let prev = first.map(|entry| entry.prev_hash.as_str());
        let whole = prev.is_some_and(|prev| {
            verify_chain(block.first_seq(), prev, &block.entries).is_ok()
                && block.first_seq() > 0
                && block.entries.len() <= MOST_ENTRIES
                && block.entries.iter().all(|e| e.event.tenant == block.tenant)
        });
        whole.then_some(()).ok_or_else(|| {
            let detail = "the block is not a chain of the tenant's events";
            self.fault(Class::Permanent, "dynamodb:TransactWriteItems", detail)
        })
    }
}

#[async_trait]
impl AuditLog for AuditTable {
    async fn head(&self, tenant: &TenantId) -> Result<Head, Fault> {
        let range = Range::Prefix(keys::BLOCKS.to_owned());
        let search =
            Search::new(keys::chain_partition(tenant), range).descending().only("last_seq, head_hash");
        let found = self.table.search(&search, Some(1)).await?;
        let Some(item) = found.first() else {
            return Ok(Head::genesis());
        };
        let seq = item.get("last_seq").and_then(|v| v.as_n().ok());
        let seq = seq.and_then(|seq| seq.parse().ok());
        match (seq, text(item, "head_hash")) {
            (Some(seq), Some(hash)) => Ok(Head { seq, hash: hash.to_owned() }),
            _ => Err(items::unreadable(&self.table.name)),
        }
    }

    /// An event that is given twice is answered once.
    async fn unchained(&self, tenant: &TenantId, events: &[Event]) -> Result<Vec<Event>, Fault> {
        let mut seen = BTreeSet::new();
        let events: Vec<(Key, &Event)> = events
            .iter()
            .map(|event| (keys::marker(tenant, event), event))
            .filter(|(key, _)| seen.insert(key.clone()))
            .collect();
        let mut unchained = Vec::new();
        for events in events.chunks(MOST_KEYS) {
            let marks: Vec<Key> = events.iter().map(|(key, _)| key.clone()).collect();
            let marked = self.marked(&marks).await?;
            let left = events.iter().filter(|(key, _)| !marked.contains(&key.pk));
            unchained.extend(left.map(|(_, event)| (*event).clone()));
        }
        Ok(unchained)
    }

    async fn append(&self, block: &Block) -> Result<bool, Fault> {
        self.check(block)?;
        let (table, head) = (&self.table.name, block.head());
        let absent = || Some(Condition::absent());
        let mut transaction = Transaction::new();
        let key = keys::block(&block.tenant, block.first_seq());
        let item =
            NewItem::new(&key).doc(block)?.with("last_seq", n(&head.seq)).with("head_hash", s(head.hash));
        transaction.put((), table, key, item.build(), absent());
        for entry in &block.entries {
            let key = keys::marker(&block.tenant, &entry.event);
            let item = NewItem::new(&key).with("seq", n(&entry.seq)).build();
            transaction.put((), table, key, item, absent());
        }
        match transaction.send(&self.table.client, table).await {
            Ok(()) => Ok(true),
            Err(Cancelled::Refused(_)) => Ok(false),
            Err(Cancelled::Fault(fault)) => Err(fault),
        }
    }
}
