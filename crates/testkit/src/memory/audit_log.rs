//! The audit table: blocks, and a marker for each event.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use audit::{Block, ChainError, Entry, GENESIS, Head, MOST_ENTRIES, verify_chain};
use domain::TenantId;
use domain::event::Event;
use ports::{AuditLog, AuditMarks, Class, Code, EventKey, Fault};

use super::{World, lock};
use crate::inject::Point;

/// Bytes of a block at the most: 400 KB is the limit of an item, and there is more in it.
const MOST_BYTES: usize = 399 * 1024;

/// Every tenant's chain.
#[derive(Default)]
pub(super) struct Chains {
    blocks: BTreeMap<(TenantId, u64), Block>,
    markers: BTreeSet<(TenantId, String)>,
}

impl Chains {
    fn of<'a>(&'a self, tenant: &'a TenantId) -> impl DoubleEndedIterator<Item = &'a Block> {
        let from = (tenant.clone(), 0);
        let to = (tenant.clone(), u64::MAX);
        self.blocks.range(from..=to).map(|(_, block)| block)
    }

    fn marker(tenant: &TenantId, event: &Event) -> (TenantId, String) {
        (tenant.clone(), Entry::event_key(event))
    }

    /// All of the block or nothing of it.
    fn append(&mut self, block: &Block) -> Result<bool, Fault> {
        let wrong = |detail| {
            let operation = Point::AuditLogAppend.name();
            let tenant = block.tenant.as_str();
            Err(Fault::new(Class::Permanent, Code::EventUnchainable, operation, tenant, detail))
        };
        if block.entries.is_empty() || block.entries.len() > MOST_ENTRIES {
            return wrong("a block has 1 to 99 entries");
        }
        let prev = block.entries.first().map_or(GENESIS, |e| &e.prev_hash);
        let own = block.entries.iter().all(|e| e.event.tenant == block.tenant);
        if !own || verify_chain(block.first_seq(), prev, &block.entries).is_err() {
            return wrong("the block is not a chain of the tenant's events");
        }
        let markers: BTreeSet<_> =
            block.entries.iter().map(|entry| Self::marker(&block.tenant, &entry.event)).collect();
        if markers.len() != block.entries.len() {
            return wrong("one event is in the block twice");
        }
        if serde_json::to_vec(block).is_ok_and(|doc| doc.len() > MOST_BYTES) {
            return wrong("larger than an item may be");
        }
        let place = (block.tenant.clone(), block.first_seq());
        if self.blocks.contains_key(&place) || !self.markers.is_disjoint(&markers) {
            return Ok(false);
        }
        self.blocks.insert(place, block.clone());
        self.markers.extend(markers);
        Ok(true)
    }
}

#[async_trait]
impl AuditLog for World {
    async fn head(&self, tenant: &TenantId) -> Result<Head, Fault> {
        self.injector().pass(Point::AuditLogHead, tenant.as_str(), || {
            let chains = lock(&self.inner.audit);
            let last = chains.of(tenant).next_back();
            Ok(last.map_or_else(Head::genesis, Block::head))
        })
    }

    /// An event that is given twice is answered once.
    async fn unchained(&self, tenant: &TenantId, events: &[Event]) -> Result<Vec<Event>, Fault> {
        self.injector().pass(Point::AuditLogUnchained, tenant.as_str(), || {
            let chains = lock(&self.inner.audit);
            let mut seen = BTreeSet::new();
            let free = |e: &&Event| {
                let marker = Chains::marker(tenant, e);
                !chains.markers.contains(&marker) && seen.insert(marker)
            };
            Ok(events.iter().filter(free).cloned().collect())
        })
    }

    async fn append(&self, block: &Block) -> Result<bool, Fault> {
        let target = block.tenant.as_str();
        self.injector().pass(Point::AuditLogAppend, target, || lock(&self.inner.audit).append(block))
    }

    async fn read(&self, tenant: &TenantId, from: u64, most: usize) -> Result<Vec<Block>, Fault> {
        self.injector().pass(Point::AuditLogRead, tenant.as_str(), || {
            let chains = lock(&self.inner.audit);
            let wanted = chains.of(tenant).filter(|block| block.head().seq >= from);
            Ok(wanted.take(most).cloned().collect())
        })
    }
}

#[async_trait]
impl AuditMarks for World {
    async fn unmarked(&self, events: &[EventKey]) -> Result<Vec<EventKey>, Fault> {
        self.injector().pass(Point::AuditMarksUnmarked, "all", || {
            let chains = lock(&self.inner.audit);
            let free =
                |key: &&EventKey| marker_at(key).is_none_or(|marker| !chains.markers.contains(&marker));
            Ok(events.iter().filter(free).cloned().collect())
        })
    }
}

/// The marker of the event that stands there.
fn marker_at(key: &EventKey) -> Option<(TenantId, String)> {
    let (tenant, about) = key.pk.strip_prefix("T#")?.split_once('#')?;
    let (_, id) = about.split_once('#')?;
    let n: u32 = key.sk.strip_prefix("EVENT#")?.parse().ok()?;
    Some((tenant.parse().ok()?, format!("{id}#{n}")))
}

impl World {
    /// A tenant's entries, from the first.
    pub fn audit_entries(&self, tenant: &TenantId) -> Vec<Entry> {
        let chains = lock(&self.inner.audit);
        let blocks = chains.of(tenant);
        blocks.flat_map(|b| b.entries.iter().cloned()).collect()
    }

    /// Checks a tenant's chain from its beginning; the last hash if it is whole.
    pub fn verify_audit(&self, tenant: &TenantId) -> Result<String, ChainError> {
        verify_chain(1, GENESIS, &self.audit_entries(tenant))
    }
}
