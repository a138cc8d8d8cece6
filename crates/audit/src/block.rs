//! Blocks: how entries are written, many in one transaction.

use domain::TenantId;
use domain::event::Event;
use serde::{Deserialize, Serialize};

use crate::entry::{Entry, GENESIS};

/// Entries of one block at the most: with a marker each they and the block are the 100 actions
/// that a DynamoDB transaction may have.
pub const MOST_ENTRIES: usize = 99;

/// The end of a tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The last entry's place; 0 before the first.
    pub seq: u64,
    /// The last entry's hash; [`GENESIS`] before the first.
    pub hash: String,
}

impl Head {
    /// The head of a chain without entries.
    pub fn genesis() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }
}

/// Entries that are written together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Whose.
    pub tenant: TenantId,
    /// The entries, in the order of the chain. Never empty.
    pub entries: Vec<Entry>,
}

impl Block {
    /// Chains the first [`MOST_ENTRIES`] of the events after `head`; `None` without events.
    /// `legal_basis` says what each event rests on.
    pub fn after(
        head: &Head,
        tenant: &TenantId,
        events: &[Event],
        legal_basis: impl Fn(&Event) -> String,
    ) -> Option<Self> {
        let mut entries: Vec<Entry> = Vec::new();
        for event in events.iter().take(MOST_ENTRIES) {
            let (seq, prev) = entries.last().map_or((head.seq, &head.hash), |e| (e.seq, &e.hash));
            entries.push(Entry::chain(seq + 1, prev, event.clone(), &legal_basis(event)));
        }
        (!entries.is_empty()).then(|| Self { tenant: tenant.clone(), entries })
    }

    /// The place of its first entry: its own place in the table.
    pub fn first_seq(&self) -> u64 {
        self.entries.first().map_or(0, |e| e.seq)
    }

    /// The head that it leaves.
    pub fn head(&self) -> Head {
        self.entries.last().map_or_else(Head::genesis, |e| Head { seq: e.seq, hash: e.hash.clone() })
    }
}
