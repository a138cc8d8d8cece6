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

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use audit::{Block, Head, MOST_ENTRIES, verify_chain};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::TenantId;
use domain::event::Event;
use ports::{AuditLog, Class, Code, Fault};

use super::condition::Condition;
use super::fault;
use super::items::{self, Item, NewItem, n, s, text};
use super::keys::{self, Key};
use super::table::{Range, Search, Table};
use super::transaction::{Cancelled, Transaction};

/// Keys of one `BatchGetItem`.
const MOST_KEYS: usize = 100;
/// How often keys that DynamoDB did not get to are asked for again. Waits of 20 ms, doubled each
/// time: 0.6 s in all.
const ATTEMPTS: u32 = 6;
const BATCH: &str = "dynamodb:BatchGetItem";

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
        let mut found = BTreeSet::new();
        let mut wanted: Vec<Item> = marks.iter().map(Key::attributes).collect();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
            }
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .projection_expression("pk")
                .build()
                .map_err(|_| self.fault(Class::Permanent, BATCH, "incomplete request"))?;
            let call = self.table.client.batch_get_item().request_items(&self.table.name, keys);
            let answer = match call.send().await {
                Ok(answer) => answer,
                Err(error) => return Err(fault::dynamodb(BATCH, &self.table.name, &error)),
            };
            let tables: HashMap<String, Vec<Item>> = answer.responses.unwrap_or_default();
            for item in tables.into_values().flatten() {
                found.extend(text(&item, "pk").map(str::to_owned));
            }
            let left = answer.unprocessed_keys.unwrap_or_default();
            wanted = left.into_values().flat_map(|left| left.keys).collect();
            if wanted.is_empty() {
                return Ok(found);
            }
        }
        Err(self.fault(Class::Throttled, BATCH, "UnprocessedKeys"))
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

    /// Blocks are found by their first entry: the one that `from` is in is the last that begins before it or
    /// with it. Between the two queries the chain can only grow at its end.
    async fn read(&self, tenant: &TenantId, from: u64, most: usize) -> Result<Vec<Block>, Fault> {
        let search = |first, last| {
            let range = Range::Between(keys::block_sort(first), keys::block_sort(last));
            Search::new(keys::chain_partition(tenant), range).only("doc")
        };
        let decode = |item: &Item| items::decode::<Block>(&self.table.name, item);
        let before = self.table.search(&search(0, from).descending(), Some(most.min(1))).await?;
        let mut blocks: Vec<Block> = before.iter().map(decode).collect::<Result<_, _>>()?;
        blocks.retain(|block| block.head().seq >= from);
        let Some(next) = from.checked_add(1) else {
            return Ok(blocks);
        };
        let later = self.table.search(&search(next, u64::MAX), Some(most - blocks.len())).await?;
        for item in &later {
            blocks.push(decode(item)?);
        }
        Ok(blocks)
    }
}
