//! Every event of the lifecycle is in the audit, once, whatever the stream loses; and how many of them
//! the audit takes in a second.

use audit::{Block, Entry, GENESIS, Head, MOST_ENTRIES, verify_chain};
use aws::dynamo::{Ceiling, ceiling};
use domain::event::Event;
use jiff::SignedDuration;

use super::exports;
use super::shop::PERSON;
use super::stage::Stage;

/// What the design aims for.
const AIM: u64 = 1_000;

/// The keys of the events that were committed, and of those that have an entry, sorted.
fn committed_and_chained(stage: &Stage) -> (Vec<String>, Vec<String>) {
    let sorted = |events: Vec<Event>| {
        let mut keys: Vec<String> = events.iter().map(Entry::event_key).collect();
        keys.sort_unstable();
        keys
    };
    let entries = stage.world.audit_entries(&stage.tenant);
    let chained = entries.into_iter().map(|entry| entry.event).collect();
    (sorted(stage.world.stream().history()), sorted(chained))
}

/// A third of a request's events, and a hold's, never reach the audit by themselves.
#[tokio::test]
async fn what_the_stream_loses_is_chained_once_by_the_sweeper() {
    let mut stage = Stage::new(1);
    stage.manner.unheard = Some(3);
    let lists = stage.world.event_lists();
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    stage.world.stream().drain();
    stage.deliver().await;
    let (committed, chained) = committed_and_chained(&stage);
    assert!(chained.len() < committed.len() - 3, "{} of {}", chained.len(), committed.len());

    // The sweeper was away for the whole month, and its run is bounded.
    stage.world.fake_clock().advance(SignedDuration::from_mins(7));
    let first = stage.request(&id).received_at;
    lists.keep_swept_to(ports::Minute::of(first)).await.expect("kept");
    let executions = stage.world.all_executions().len();
    for run in 0.. {
        assert!(run < 60, "the sweeper never comes to the present");
        let swept = stage.sweep_audit().await;
        assert_eq!((swept.failed, swept.unchained), (None, 0));
        stage.deliver().await;
        if swept.behind == Some(0) {
            break;
        }
    }
    let (committed, chained) = committed_and_chained(&stage);
    assert_eq!(chained, committed);
    assert!(stage.world.verify_audit(&stage.tenant).is_ok());
    assert_eq!(stage.world.all_executions().len(), executions, "what is re-driven starts nothing");

    stage.world.fake_clock().advance(SignedDuration::from_mins(7));
    assert_eq!(stage.sweep_audit().await.redriven, 0);
}

/// The same events, chained in blocks of another size.
fn blocks(entries: &[Entry], size: usize) -> Vec<Block> {
    let (mut head, mut blocks) = (Head::genesis(), Vec::new());
    for chunk in entries.chunks(size) {
        let events: Vec<Event> = chunk.iter().map(|entry| entry.event.clone()).collect();
        let tenant = &chunk[0].event.tenant;
        let block = Block::after(&head, tenant, &events, |_| "GDPR Art. 17(3)".to_owned());
        let block = block.expect("a block");
        head = block.head();
        blocks.push(block);
    }
    let all = blocks.iter().flat_map(|block| &block.entries);
    assert!(verify_chain(1, GENESIS, all).is_ok());
    blocks
}

/// Of what erasures and exports really write: a full block, and each event alone.
#[tokio::test]
async fn a_tenants_chain_takes_more_events_a_second_than_are_aimed_for() {
    let stage = exports::writing_letters().await;
    let mut entries = Vec::new();
    while entries.len() < MOST_ENTRIES {
        let id = exports::both(&stage).await;
        stage.play_to_the_end(&id).await;
        entries = stage.world.audit_entries(&stage.tenant);
    }
    let lowest = |size: usize| -> Ceiling {
        let all = blocks(&entries, size);
        let whole = all.iter().filter(|block| block.entries.len() == size);
        let ceilings = whole.map(|block| ceiling(block).expect("an item"));
        ceilings.min_by_key(|ceiling| ceiling.events_per_second).expect("a block")
    };
    for size in [MOST_ENTRIES, 10, 1] {
        let ceiling = lowest(size);
        println!("{ceiling}");
        assert!(ceiling.events_per_second >= AIM * 3 / 2, "{ceiling}");
        assert_eq!(ceiling.mark_writes, 2 * ceiling.entries);
    }
    // One partition alone would not do: that is what the others are for.
    let full = lowest(MOST_ENTRIES);
    assert!(full.events_per_second / full.partitions < AIM, "{full}");
}
