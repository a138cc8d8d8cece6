//! Bytes and capacity units, as DynamoDB counts them ("DynamoDB item sizes and formats", "Read and write
//! operations" of its developer guide), and how many events a second a tenant's chain takes.

use std::fmt;

use audit::Block;
use aws_sdk_dynamodb::types::AttributeValue;
use ports::Fault;

use super::audit_log::{block_item, mark_item};
use super::items::Item;
use super::keys;

/// Bytes of an item at the most.
pub(super) const MOST_BYTES: usize = 400 * 1024;
/// Write units that a partition takes in a second, and read units.
const PARTITION_WRITES: u64 = 1_000;
const PARTITION_READS: u64 = 3_000;
/// What is written in a transaction costs twice: it is prepared, and committed.
const TRANSACTION: u64 = 2;

/// The size of an item: names and values.
pub(super) fn item_bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        // Two digits a byte, and one more.
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(all) => 3 + all.iter().map(|one| 1 + value_bytes(one)).sum::<usize>(),
        AttributeValue::M(all) => {
            3 + all.iter().map(|(name, one)| 1 + name.len() + value_bytes(one)).sum::<usize>()
        }
        AttributeValue::Ss(all) => all.iter().map(String::len).sum(),
        AttributeValue::Ns(all) => all.iter().map(|one| one.len().div_ceil(2) + 1).sum(),
        AttributeValue::Bs(all) => all.iter().map(|one| one.as_ref().len()).sum(),
        _ => 1,
    }
}

fn writes(bytes: usize) -> u64 {
    TRANSACTION * (bytes.div_ceil(1024).max(1) as u64)
}

fn reads(bytes: usize) -> u64 {
    bytes.div_ceil(4096).max(1) as u64
}

/// How many events of one tenant DynamoDB lets into the audit, counted from a block as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// Entries of the block.
    pub entries: u64,
    /// The bytes of its item.
    pub bytes: usize,
    /// Write units of it, all of them on one partition.
    pub block_writes: u64,
    /// Write units of the marks, each on a partition of its own: what they cost, not what they limit.
    pub mark_writes: u64,
    /// Partitions that a tenant's blocks are spread over.
    pub partitions: u64,
    /// Read units, on each of them, of asking for the head.
    pub head_reads: u64,
    /// Read units of asking for the marks, each on a partition of its own.
    pub mark_reads: u64,
    /// Events a second that the partitions take.
    pub events_per_second: u64,
}

impl fmt::Display for Ceiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events/s per tenant in blocks of {} ({} bytes, {} write units, on {} partitions of {PARTITION_WRITES}); \
             {} more write units for marks; reads of {} units on each partition, and {} for marks",
            self.events_per_second,
            self.entries,
            self.bytes,
            self.block_writes,
            self.partitions,
            self.mark_writes,
            self.head_reads,
            self.mark_reads,
        )
    }
}

/// The ceiling where blocks are like this one. A tenant's chain is limited by its own partitions alone:
/// marks are spread as events are. What a table takes in all grows with its use.
pub fn ceiling(block: &Block) -> Result<Ceiling, Fault> {
    let bytes = item_bytes(&block_item(&keys::block(&block.tenant, block.first_seq()), block)?);
    let mark = |entry: &audit::Entry| {
        let key = keys::marker(&block.tenant, &entry.event);
        item_bytes(&mark_item(&key, entry))
    };
    let (entries, partitions) = (block.entries.len() as u64, u64::from(keys::CHAIN_PARTITIONS));
    let (block_writes, head_reads) = (writes(bytes), reads(bytes));
    let by_writes = partitions * PARTITION_WRITES * entries / block_writes;
    let by_reads = PARTITION_READS * entries / head_reads;
    Ok(Ceiling {
        entries,
        bytes,
        block_writes,
        mark_writes: block.entries.iter().map(|entry| writes(mark(entry))).sum(),
        partitions,
        head_reads,
        mark_reads: entries,
        events_per_second: by_writes.min(by_reads),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::items::{n, s};
    use aws_sdk_dynamodb::primitives::Blob;

    #[test]
    fn an_item_is_its_names_and_its_values() {
        fn check(value: AttributeValue, expect: usize) {
            assert_eq!(item_bytes(&Item::from([("ab".to_owned(), value)])), 2 + expect);
        }
        check(s("é"), 2);
        check(n(&7), 2);
        check(n(&1_234), 3);
        check(AttributeValue::B(Blob::new([0; 9])), 9);
        check(AttributeValue::Bool(true), 1);
        check(AttributeValue::L(vec![s("a"), s("b")]), 7);
        assert_eq!((writes(1024), writes(1025), writes(0)), (2, 4, 2));
        assert_eq!((reads(4096), reads(4097)), (1, 2));
    }
}
