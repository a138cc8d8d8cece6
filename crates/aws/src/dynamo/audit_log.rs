//! The `audit` table.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | a block | `T#<tenant>`, or `T#<tenant>#<1 to 3>` | `SEQ#<its first entry's number>` |
//! | the mark of a chained event | `E#<tenant>#<event>` | `MARK` |
//!
//! A block and the marks of its events are one transaction of puts that each want nothing to be
//! there: a block cannot be replaced, no two can follow the same head, and no event is chained
//! twice. Nothing here updates or deletes, and the table's own policy refuses both.
//!
//! A tenant's blocks are spread over four partitions, since one of them takes 1,000 write units a second
//! ([`super::ceiling`] counts what that comes to). Which one follows from the number of the block's first
//! entry. The head is the greatest of the four partitions' last blocks: they are not read at the same
//! instant, so what is found may be past by then, but every block that was there is followed by one whose
//! place is known, and whoever is late finds it taken.

use std::collections::BTreeSet;

use async_trait::async_trait;
use audit::{Block, Entry, Head, MOST_ENTRIES, verify_chain};
use aws_sdk_dynamodb::Client;
use domain::TenantId;
use domain::event::Event;
use futures::future::try_join_all;
use ports::{AuditLog, AuditMarks, Class, Code, EventKey, Fault};

use super::condition::Condition;
use super::items::{self, Item, NewItem, n, s, text};
use super::keys::{self, Key};
use super::table::{MOST_KEYS, Range, Search, Table};
use super::transaction::{Cancelled, Transaction};
use super::units::{MOST_BYTES, item_bytes};

const TRANSACTION: &str = "dynamodb:TransactWriteItems";
/// What DynamoDB answers to a write that is wrong in itself, whoever sends it and whenever.
const OF_THE_BLOCK: [&str; 3] = ["ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded"];

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

    /// Where the last block of a partition ends.
    async fn end_of(&self, partition: String) -> Result<Option<Head>, Fault> {
        let range = Range::Prefix(keys::BLOCKS.to_owned());
        let search = Search::new(partition, range).descending().only("last_seq, head_hash");
        let found = self.table.search(&search, Some(1)).await?;
        let Some(item) = found.first() else {
            return Ok(None);
        };
        let seq = item.get("last_seq").and_then(|v| v.as_n().ok());
        let seq = seq.and_then(|seq| seq.parse().ok());
        match (seq, text(item, "head_hash")) {
            (Some(seq), Some(hash)) => Ok(Some(Head { seq, hash: hash.to_owned() })),
            _ => Err(items::unreadable(&self.table.name)),
        }
    }

    /// The block itself is refused, and always will be.
    fn unchainable(&self, detail: &str) -> Fault {
        Fault::new(Class::Permanent, Code::EventUnchainable, TRANSACTION, &self.table.name, detail)
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
        let mut events = BTreeSet::new();
        let once = block.entries.iter().all(|entry| events.insert(Entry::event_key(&entry.event)));
        match (whole, once) {
            (false, _) => Err(self.unchainable("the block is not a chain of the tenant's events")),
            (_, false) => Err(self.unchainable("one event is in the block twice")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl AuditLog for AuditTable {
    async fn head(&self, tenant: &TenantId) -> Result<Head, Fault> {
        let ends = keys::chain_partitions(tenant).map(|partition| self.end_of(partition));
        let ends = try_join_all(ends).await?;
        let last = ends.into_iter().flatten().max_by_key(|end| end.seq);
        Ok(last.unwrap_or_else(Head::genesis))
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
        let table = &self.table.name;
        let absent = || Some(Condition::absent());
        let mut transaction = Transaction::new();
        let key = keys::block(&block.tenant, block.first_seq());
        let item = block_item(&key, block)?;
        if item_bytes(&item) > MOST_BYTES {
            return Err(self.unchainable("larger than an item may be"));
        }
        transaction.put((), table, key, item, absent());
        for entry in &block.entries {
            let key = keys::marker(&block.tenant, &entry.event);
            transaction.put((), table, key.clone(), mark_item(&key, entry), absent());
        }
        match transaction.send(&self.table.client, table).await {
            Ok(()) => Ok(true),
            Err(Cancelled::Refused(_)) => Ok(false),
            Err(Cancelled::Fault(fault)) if OF_THE_BLOCK.contains(&fault.detail.as_str()) => {
                Err(self.unchainable(&fault.detail))
            }
            Err(Cancelled::Fault(fault)) => Err(fault),
        }
    }

    /// Blocks are found by their first entry: the one that `from` is in is the last that begins before it or
    /// with it. Between the two queries the chain can only grow at its end.
    async fn read(&self, tenant: &TenantId, from: u64, most: usize) -> Result<Vec<Block>, Fault> {
        let decode = |item: &Item| items::decode::<Block>(&self.table.name, item);
        let search = |partition, first, last| {
            let range = Range::Between(keys::block_sort(first), keys::block_sort(last));
            Search::new(partition, range).only("doc")
        };
        let before = keys::chain_partitions(tenant).map(async |partition| {
            self.table.search(&search(partition, 0, from).descending(), Some(most.min(1))).await
        });
        let before = try_join_all(before).await?;
        let mut blocks: Vec<Block> = before.iter().flatten().map(decode).collect::<Result<_, _>>()?;
        // Each partition has one that begins before; the last of them may reach as far as `from`.
        blocks.retain(|block| block.head().seq >= from);
        let Some(next) = from.checked_add(1) else {
            return Ok(blocks);
        };
        let left = most - blocks.len().min(most);
        let later = keys::chain_partitions(tenant)
            .map(async |partition| self.table.search(&search(partition, next, u64::MAX), Some(left)).await);
        for item in try_join_all(later).await?.iter().flatten() {
            blocks.push(decode(item)?);
        }
        // Each partition gave its first ones, so the first of all are among them.
        blocks.sort_by_key(Block::first_seq);
        blocks.truncate(most);
        Ok(blocks)
    }
}

#[async_trait]
impl AuditMarks for AuditTable {
    async fn unmarked(&self, events: &[EventKey]) -> Result<Vec<EventKey>, Fault> {
        let events: Vec<(Option<Key>, &EventKey)> =
            events.iter().map(|event| (keys::marker_at(event), event)).collect();
        let mut unmarked = Vec::new();
        for events in events.chunks(MOST_KEYS) {
            let marks: BTreeSet<Key> = events.iter().filter_map(|(mark, _)| mark.clone()).collect();
            let marks: Vec<Key> = marks.into_iter().collect();
            let marked = if marks.is_empty() { BTreeSet::new() } else { self.marked(&marks).await? };
            let is_marked = |mark: &Option<Key>| mark.as_ref().is_some_and(|mark| marked.contains(&mark.pk));
            let left = events.iter().filter(|(mark, _)| !is_marked(mark));
            unmarked.extend(left.map(|(_, event)| (*event).clone()));
        }
        Ok(unmarked)
    }
}

/// A block as it is stored.
pub(super) fn block_item(key: &Key, block: &Block) -> Result<Item, Fault> {
    let head = block.head();
    let item = NewItem::new(key).doc(block)?.with("last_seq", n(&head.seq));
    Ok(item.with("head_hash", s(head.hash)).build())
}

/// The mark of an entry's event as it is stored.
pub(super) fn mark_item(key: &Key, entry: &Entry) -> Item {
    NewItem::new(key).with("seq", n(&entry.seq)).build()
}
