//! The audit's chain.

use audit::{Block, Entry, GENESIS, Head, MOST_ENTRIES, verify_chain};
use domain::event::{Event, EventKind};
use domain::{Request, TenantId};
use ports::{Class, Code};

use super::Deployment;
use super::fixtures::{event, pseudonyms, request, tenant};

fn events(tenant: &TenantId, numbers: std::ops::RangeInclusive<u32>) -> Vec<Event> {
    let mut request: Request = request(tenant, 1, &pseudonyms("audit", 1));
    let event = |n| {
        request.events = n;
        event(&request, EventKind::Progressed)
    };
    numbers.map(event).collect()
}

fn block(head: &Head, tenant: &TenantId, events: &[Event]) -> Block {
    let basis = |_: &Event| "GDPR Art. 17".to_owned();
    Block::after(head, tenant, events, basis).expect("a block")
}

async fn head(d: &Deployment, tenant: &TenantId) -> Head {
    d.audit_log.head(tenant).await.expect("a head")
}

/// For each tenant.
pub async fn a_chain_begins_with_genesis_and_grows(d: &Deployment) {
    let (mine, other) = (tenant("chain"), tenant("chain-other"));
    assert_eq!(head(d, &mine).await, Head::genesis());
    let first = block(&Head::genesis(), &mine, &events(&mine, 1..=3));
    assert_eq!(d.audit_log.append(&first).await, Ok(true));
    assert_eq!(head(d, &mine).await, first.head());
    let second = block(&first.head(), &mine, &events(&mine, 4..=4));
    assert_eq!(d.audit_log.append(&second).await, Ok(true));
    assert_eq!(head(d, &mine).await, second.head());
    assert_eq!(second.head().seq, 4);
    assert_eq!(head(d, &other).await, Head::genesis());
    let mut head_so_far = second.head();
    // Places are numbers, not texts: the eleventh comes after the second.
    for n in 5..=12 {
        let next = block(&head_so_far, &mine, &events(&mine, n..=n));
        assert_eq!(d.audit_log.append(&next).await, Ok(true));
        head_so_far = next.head();
        assert_eq!(head(d, &mine).await, head_so_far);
    }
}

/// However often it is delivered.
pub async fn an_event_is_chained_once(d: &Deployment) {
    let (mine, other) = (tenant("chain-once"), tenant("chain-once-other"));
    let all = events(&mine, 1..=5);
    let unchained = d.audit_log.unchained(&mine, &all).await;
    assert_eq!(unchained, Ok(all.clone()));
    let first = block(&Head::genesis(), &mine, &all[1..3]);
    assert_eq!(d.audit_log.append(&first).await, Ok(true));
    assert_eq!(d.audit_log.append(&first).await, Ok(false), "a redelivery");
    let left = vec![all[0].clone(), all[3].clone(), all[4].clone()];
    let unchained = d.audit_log.unchained(&mine, &all).await;
    assert_eq!(unchained, Ok(left.clone()));
    let twice = [left.clone(), left.clone()].concat();
    let unchained = d.audit_log.unchained(&mine, &twice).await;
    assert_eq!(unchained, Ok(left.clone()), "each is answered once");

    let again = block(&first.head(), &mine, &all[2..4]);
    assert_eq!(d.audit_log.append(&again).await, Ok(false));
    assert_eq!(head(d, &mine).await, first.head());
    let unchained = d.audit_log.unchained(&mine, &all).await;
    assert_eq!(unchained, Ok(left), "nothing of the refused block is there");

    let others = events(&other, 1..=5);
    let unchained = d.audit_log.unchained(&other, &others).await;
    assert_eq!(unchained, Ok(others));
}

/// By the first who comes.
pub async fn a_place_in_the_chain_is_taken_once(d: &Deployment) {
    let tenant = tenant("chain-place");
    let first = block(&Head::genesis(), &tenant, &events(&tenant, 1..=2));
    let second = block(&Head::genesis(), &tenant, &events(&tenant, 3..=4));
    assert_eq!(d.audit_log.append(&first).await, Ok(true));
    assert_eq!(d.audit_log.append(&second).await, Ok(false));
    let rest = events(&tenant, 3..=4);
    let unchained = d.audit_log.unchained(&tenant, &rest).await;
    assert_eq!(unchained, Ok(rest.clone()));
    let second = block(&head(d, &tenant).await, &tenant, &rest);
    assert_eq!(d.audit_log.append(&second).await, Ok(true));
}

/// With a mark for each of its events it fills a transaction.
pub async fn the_largest_block_fits(d: &Deployment) {
    let tenant = tenant("chain-large");
    let all = events(&tenant, 1..=150);
    let first = block(&Head::genesis(), &tenant, &all);
    assert_eq!(first.entries.len(), MOST_ENTRIES);
    assert_eq!(d.audit_log.append(&first).await, Ok(true));
    let left = d.audit_log.unchained(&tenant, &all).await;
    assert_eq!(left.as_deref(), Ok(&all[MOST_ENTRIES..]));
}

/// More than one call can ask for.
pub async fn marks_are_found_however_many(d: &Deployment) {
    let tenant = tenant("chain-many");
    let all = events(&tenant, 1..=250);
    assert_eq!(d.audit_log.unchained(&tenant, &all).await, Ok(all.clone()));
    let some = block(&Head::genesis(), &tenant, &all[180..220]);
    assert_eq!(d.audit_log.append(&some).await, Ok(true));
    let expect = [&all[..180], &all[220..]].concat();
    let left = d.audit_log.unchained(&tenant, &all).await;
    assert_eq!(left, Ok(expect));
    assert_eq!(d.audit_log.unchained(&tenant, &[]).await, Ok(vec![]));
}

/// What `write-audit` does with a batch; the blocks that went in.
async fn write(d: &Deployment, tenant: &TenantId, batch: &[Event]) -> Vec<Block> {
    let mut written = Vec::new();
    loop {
        let head = head(d, tenant).await;
        let left = d.audit_log.unchained(tenant, batch).await.expect("events");
        if left.is_empty() {
            return written;
        }
        let next = block(&head, tenant, &left[..left.len().min(10)]);
        if d.audit_log.append(&next).await.expect("an answer") {
            written.push(next);
        }
    }
}

/// Batches that overlap, as redelivered ones do.
pub async fn two_writers_make_one_chain(d: &Deployment) {
    let tenant = tenant("chain-race");
    let all = events(&tenant, 1..=120);
    let (one, other) = futures::join!(write(d, &tenant, &all[..80]), write(d, &tenant, &all[40..]));
    let mut blocks = [one, other].concat();
    blocks.sort_by_key(Block::first_seq);
    let entries: Vec<&Entry> = blocks.iter().flat_map(|block| &block.entries).collect();
    assert_eq!(entries.len(), all.len());
    let last = verify_chain(1, GENESIS, entries.iter().copied());
    let end = head(d, &tenant).await;
    assert_eq!((last, end.seq), (Ok(end.hash), 120));
    let mut numbers: Vec<u32> = entries.iter().map(|entry| entry.event.n).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=120).collect::<Vec<_>>());
}

/// From the block on that has the entry, and no more than were asked for.
pub async fn blocks_are_read_from_any_entry_on(d: &Deployment) {
    let (mine, other) = (tenant("chain-read"), tenant("chain-read-other"));
    let read = async |from, most| d.audit_log.read(&mine, from, most).await.expect("blocks");
    assert_eq!(read(1, 10).await, []);
    let mut blocks: Vec<Block> = Vec::new();
    // Of one, ten and ninety-nine entries, so that numbers of one, two and three digits begin one.
    let mut last = Head::genesis();
    for numbers in [1..=1, 2..=11, 12..=12, 13..=111, 112..=113] {
        let next = block(&last, &mine, &events(&mine, numbers));
        assert_eq!(d.audit_log.append(&next).await, Ok(true));
        last = next.head();
        blocks.push(next);
    }
    let others = block(&Head::genesis(), &other, &events(&other, 1..=3));
    assert_eq!(d.audit_log.append(&others).await, Ok(true));
    for (from, first) in
        [(0, 0), (1, 0), (2, 1), (7, 1), (11, 1), (12, 2), (13, 3), (111, 3), (112, 4), (113, 4)]
    {
        for most in 0..=6 {
            let expect: Vec<Block> = blocks[first..].iter().take(most).cloned().collect();
            assert!(read(from, most).await == expect, "{most} from {from}");
        }
    }
    for beyond in [114, 200, u64::MAX] {
        assert_eq!(read(beyond, 6).await, [], "{beyond}");
    }
}

/// It could never be taken back.
pub async fn a_block_that_is_no_chain_is_refused(d: &Deployment) {
    let (mine, other) = (tenant("chain-wrong"), tenant("chain-wrong-other"));
    let good = block(&Head::genesis(), &mine, &events(&mine, 1..=3));
    let mut empty = good.clone();
    empty.entries.clear();
    let mut altered = good.clone();
    altered.entries[1].legal_basis.clear();
    let mut swapped = good.clone();
    swapped.entries.swap(0, 2);
    let mut foreign = good.clone();
    foreign.tenant = other.clone();
    let first = events(&mine, 1..=1);
    let doubled = block(&Head::genesis(), &mine, &[first.clone(), first].concat());
    for wrong in [empty, altered, swapped, foreign, doubled] {
        let answer = d.audit_log.append(&wrong).await;
        let what = answer.map_err(|fault| (fault.class, fault.code));
        assert_eq!(what, Err((Class::Permanent, Code::EventUnchainable)));
    }
    assert_eq!(head(d, &mine).await, Head::genesis());
    assert_eq!(head(d, &other).await, Head::genesis());
    assert_eq!(d.audit_log.append(&good).await, Ok(true));
}

/// Whatever else is in it: smaller ones go in.
pub async fn a_block_that_is_too_large_is_refused(d: &Deployment) {
    let tenant = tenant("chain-too-large");
    let mut all = events(&tenant, 1..=3);
    for event in &mut all {
        event.detail.insert("much".into(), "0".repeat(150 * 1024));
    }
    let large = block(&Head::genesis(), &tenant, &all);
    let answer = d.audit_log.append(&large).await;
    assert_eq!(answer.map_err(|fault| fault.code), Err(Code::EventUnchainable));
    assert_eq!(head(d, &tenant).await, Head::genesis());
    let small = block(&Head::genesis(), &tenant, &all[..2]);
    assert_eq!(d.audit_log.append(&small).await, Ok(true));
    assert_eq!(head(d, &tenant).await, small.head());
}

/// Wherever each of them is kept, the last one is found.
pub async fn small_blocks_make_one_chain_too(d: &Deployment) {
    let tenant = tenant("chain-small");
    let mut end = Head::genesis();
    for event in events(&tenant, 1..=40) {
        let next = block(&end, &tenant, &[event]);
        assert_eq!(d.audit_log.append(&next).await, Ok(true));
        assert_eq!(d.audit_log.append(&next).await, Ok(false));
        end = next.head();
        assert_eq!(head(d, &tenant).await, end);
    }
}
