//! Batches over a chain in memory, delivered as badly as a stream may.

use async_trait::async_trait;
use ports::{AuditMarks, EventKey};
use proptest::prelude::*;
use testkit::clock::{CountedBudget, UnlimitedBudget};
use testkit::contract_tests::fixtures::{event, pseudonyms, request, tenant};
use testkit::inject::{Plan, When};
use testkit::memory::World;

use super::*;

fn ports(world: &World) -> Ports {
    Ports { audit_log: world.audit_log(), dead_letters: world.dead_letters() }
}

/// Events 1 to `count` of the tenant's request of that number.
fn events(tenant_name: &str, number: u32, count: u32) -> Vec<Event> {
    let mut request = request(&tenant(tenant_name), number, &pseudonyms("audit", 1));
    let event = |n| {
        request.events = n;
        event(&request, EventKind::Progressed)
    };
    (1..=count).map(event).collect()
}

fn key(event: &Event) -> EventKey {
    EventKey { pk: format!("T#{}#R#{}", event.tenant, about(event)), sk: format!("EVENT#{:08}", event.n) }
}

fn delivered(event: &Event) -> Delivered {
    let key = key(event);
    let sequence = format!("{}/{}", key.pk, key.sk);
    Delivered { key, sequence, redriven: 0, event: Some(event.clone()) }
}

fn batch<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<Delivered> {
    events.into_iter().map(delivered).collect()
}

/// One whose item does not read, or that no block can hold.
fn poison(event: &Event, code: Code) -> Delivered {
    let mut poison = delivered(event);
    if code == Code::EventUnreadable {
        poison.event = None;
    } else {
        let event = poison.event.as_mut().expect("an event");
        event.detail.insert("much".into(), "0".repeat(400 * 1024));
    }
    poison
}

/// Delivers a batch as AWS does, from what failed on, until it is done with.
async fn deliver(ports: &Ports, world: &World, batch: &[Delivered]) {
    let mut from = 0;
    for _ in 0..40 {
        let Some((failed, _)) = run(ports, &batch[from..], &UnlimitedBudget).await.failed else { return };
        from += batch[from..].iter().position(|d| d.sequence == failed).expect("one of the batch");
        world.injector().revive();
    }
    panic!("never done with");
}

/// The events of a tenant's chain, whose numbers have no gap.
fn chained(world: &World, tenant: &TenantId) -> Vec<Event> {
    world.verify_audit(tenant).expect("a whole chain");
    world.audit_entries(tenant).into_iter().map(|entry| entry.event).collect()
}

fn assert_each_once(world: &World, expect: &[Event]) {
    let tenants: BTreeSet<&TenantId> = expect.iter().map(|event| &event.tenant).collect();
    for tenant in tenants {
        let mut found: Vec<String> = chained(world, tenant).iter().map(Entry::event_key).collect();
        let own = expect.iter().filter(|event| event.tenant == *tenant);
        let mut expect: Vec<String> = own.map(Entry::event_key).collect();
        found.sort_unstable();
        expect.sort_unstable();
        expect.dedup();
        assert_eq!(found, expect, "{tenant}");
    }
}

#[tokio::test]
async fn poison_stops_nobody_and_somebody_is_told() {
    let world = World::default();
    let (mine, other) = (events("demo", 1, 5), events("other", 2, 2));
    let unreadable = poison(&mine[1], Code::EventUnreadable);
    let too_large = poison(&mine[3], Code::EventUnchainable);
    let all = [
        batch([&mine[0]]),
        vec![unreadable.clone()],
        batch([&mine[2], &other[0]]),
        vec![too_large.clone()],
        batch([&mine[4], &other[1]]),
    ]
    .concat();
    let written = run(&ports(&world), &all, &UnlimitedBudget).await;
    assert_eq!(written, Written { poison: 2, failed: None });
    let expect = [mine[0].clone(), mine[2].clone(), mine[4].clone()];
    assert_eq!(chained(&world, &mine[0].tenant), expect, "without a gap in their numbers");
    assert_eq!(chained(&world, &other[0].tenant), other);
    let letter = |d: &Delivered, code| DeadLetter { key: d.key.clone(), sequence: d.sequence.clone(), code };
    let expect = [letter(&unreadable, Code::EventUnreadable), letter(&too_large, Code::EventUnchainable)];
    assert_eq!(world.audit_dead_letters(), expect);
}

#[tokio::test]
async fn a_batch_of_nothing_but_poison_comes_to_an_end() {
    let world = World::default();
    let all: Vec<Delivered> =
        events("demo", 1, 20).iter().map(|event| poison(event, Code::EventUnchainable)).collect();
    let written = run(&ports(&world), &all, &UnlimitedBudget).await;
    assert_eq!(written, Written { poison: 20, failed: None });
    assert_eq!(world.audit_dead_letters().len(), 20);
}

#[tokio::test]
async fn what_cannot_be_told_comes_again() {
    let world = World::default();
    let all = events("demo", 1, 3);
    for code in [Code::EventUnreadable, Code::EventUnchainable] {
        let world = World::new(2);
        let batch = [delivered(&all[0]), poison(&all[1], code), delivered(&all[2])];
        world.injector().arm(Plan::outage("dead_letters."));
        let written = run(&ports(&world), &batch, &UnlimitedBudget).await;
        let failed = written.failed.map(|(sequence, _)| sequence);
        assert_eq!((written.poison, failed), (0, Some(batch[1].sequence.clone())));
        world.injector().disarm();
        let written = run(&ports(&world), &batch[1..], &UnlimitedBudget).await;
        assert_eq!(written, Written { poison: 1, failed: None });
        assert_eq!(chained(&world, &all[0].tenant), [all[0].clone(), all[2].clone()]);
    }
    assert!(world.audit_dead_letters().is_empty());
}

/// The sweeper brings it every five minutes: it is counted each time, and the queue is not filled with it.
#[tokio::test]
async fn poison_that_was_told_of_is_counted_only() {
    let world = World::default();
    let mut poison = poison(&events("demo", 1, 1)[0], Code::EventUnreadable);
    for redriven in 0..10 {
        poison.redriven = redriven;
        let written = run(&ports(&world), std::slice::from_ref(&poison), &UnlimitedBudget).await;
        assert_eq!(written, Written { poison: 1, failed: None });
    }
    assert_eq!(world.audit_dead_letters().len(), 4);
}

#[tokio::test]
async fn one_tenants_trouble_is_its_own() {
    let world = World::default();
    let (slow, fast) = (events("slow", 1, 2), events("fast", 2, 2));
    let all = batch([&fast[0], &slow[0], &fast[1], &slow[1]]);
    world.injector().arm(Plan::outage("audit_log.").on("slow").class(Class::Throttled));
    let written = run(&ports(&world), &all, &UnlimitedBudget).await;
    let (sequence, error) = written.failed.expect("a failure");
    assert_eq!(sequence, all[1].sequence, "the first that is not chained");
    assert_eq!(error.error_type(), "Lacuna.Throttled");
    assert_eq!(chained(&world, &fast[0].tenant), fast);
    world.injector().disarm();
    deliver(&ports(&world), &world, &all[1..]).await;
    assert_each_once(&world, &[slow, fast].concat());
}

/// A role that is wrong says nothing about an event.
#[tokio::test]
async fn a_fault_that_is_not_the_events_makes_no_poison() {
    let world = World::default();
    let all = batch(&events("demo", 1, 3));
    world.injector().arm(Plan::outage("audit_log.append").class(Class::Permanent));
    let written = run(&ports(&world), &all, &UnlimitedBudget).await;
    assert_eq!(written.poison, 0);
    assert_eq!(written.failed.map(|(sequence, _)| sequence), Some(all[0].sequence.clone()));
    assert!(world.audit_dead_letters().is_empty());
}

#[tokio::test]
async fn without_time_nothing_is_begun() {
    let world = World::default();
    let all = batch(&events("demo", 1, 150));
    let written = run(&ports(&world), &all, &CountedBudget::new(1)).await;
    let failed = written.failed.map(|(sequence, _)| sequence);
    assert_eq!(failed, Some(all[MOST_ENTRIES].sequence.clone()), "one block was written");
}

#[tokio::test]
async fn within_a_request_entries_follow_the_events_numbers() {
    let world = World::default();
    let (one, two) = (events("demo", 1, 3), events("demo", 2, 2));
    let arrived = batch([&one[2], &two[1], &one[0], &one[2], &two[0], &one[1]]);
    deliver(&ports(&world), &world, &arrived).await;
    let expect = [&one[0], &two[0], &one[1], &two[1], &one[2]].map(Clone::clone);
    assert_eq!(chained(&world, &one[0].tenant), expect);
}

/// What comes after a later one was chained stands where it came.
#[tokio::test]
async fn an_event_that_comes_late_is_chained_late() {
    let world = World::default();
    let all = events("demo", 1, 3);
    for part in [&all[..1], &all[2..], &all[1..2]] {
        deliver(&ports(&world), &world, &batch(part)).await;
    }
    let expect = [0, 2, 1].map(|at: usize| all[at].clone());
    assert_eq!(chained(&world, &all[0].tenant), expect);
}

/// Dying before or after any call, and being delivered again.
#[tokio::test]
async fn a_batch_survives_a_crash_at_every_call() {
    let (one, two) = (events("demo", 1, 120), events("other", 2, 3));
    let mut all = batch([&one[..], &two[..]].concat().iter());
    all.push(poison(&events("demo", 3, 1)[0], Code::EventUnreadable));
    let world = World::default();
    deliver(&ports(&world), &world, &all).await;
    let calls = world.injector().total();
    assert!(calls > 6);
    for call in 0..calls {
        for when in [When::Before, When::After] {
            let world = World::default();
            world.injector().arm(Plan::call(call).when(when).crash());
            deliver(&ports(&world), &world, &all).await;
            assert_eq!(world.injector().struck(), 1);
            assert_each_once(&world, &[&one[..], &two[..]].concat());
            assert!(!world.audit_dead_letters().is_empty());
        }
    }
}

/// An audit table whose calls take turns with those of others.
struct Slow(World, u8);

impl Slow {
    async fn wait(&self) {
        for _ in 0..self.1 {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl AuditLog for Slow {
    async fn head(&self, tenant: &TenantId) -> Result<Head, Fault> {
        self.wait().await;
        AuditLog::head(&self.0, tenant).await
    }

    async fn unchained(&self, tenant: &TenantId, events: &[Event]) -> Result<Vec<Event>, Fault> {
        self.wait().await;
        AuditLog::unchained(&self.0, tenant, events).await
    }

    async fn append(&self, block: &Block) -> Result<bool, Fault> {
        self.wait().await;
        AuditLog::append(&self.0, block).await
    }

    async fn read(&self, tenant: &TenantId, from: u64, most: usize) -> Result<Vec<Block>, Fault> {
        AuditLog::read(&self.0, tenant, from, most).await
    }
}

/// Cuts a list of events into batches.
fn cut(events: &[Event], sizes: &[usize]) -> Vec<Vec<Delivered>> {
    let (mut rest, mut batches) = (events, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at((*size).min(rest.len()));
        batches.push(batch(now));
        rest = later;
    }
    batches
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// However a stream splits, mixes and doubles events, whoever dies, and with two writers at once.
    #[test]
    fn each_event_has_one_entry_however_it_comes(
        counts in prop::collection::vec(1u32..40, 1..4),
        mixed in any::<prop::sample::Selector>(),
        seed in any::<u64>(),
        sizes in prop::collection::vec(1usize..60, 1..5),
        paces in (0u8..4, 0u8..4),
        crash in (0u64..40, any::<bool>()),
    ) {
        let tenants = ["demo", "other"];
        let all: Vec<Event> = (1..).zip(&counts).flat_map(|(number, count)| {
            events(tenants[number as usize % 2], number, *count)
        }).collect();
        // Both writers get all of it, in orders of their own.
        let mix = |salt: u64| {
            let mut mixed: Vec<(u64, &Event)> = all.iter().enumerate().map(|(at, event)| {
                let random = (at as u64 + 1).wrapping_mul(seed ^ salt).rotate_left(29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (random, event)
            }).collect();
            mixed.sort_by_key(|(random, _)| *random);
            mixed.into_iter().map(|(_, event)| event.clone()).collect::<Vec<_>>()
        };
        let twice = mixed.select(&all).clone();
        let (one, mut two) = (mix(1), mix(2));
        two.push(twice);
        let world = World::default();
        let (at, before) = crash;
        let when = if before { When::Before } else { When::After };
        world.injector().arm(Plan::call(at).when(when).crash());
        let writer = |pace| Ports { audit_log: Arc::new(Slow(world.clone(), pace)), dead_letters: world.dead_letters() };
        let write = async |ports: Ports, batches: Vec<Vec<Delivered>>| {
            for batch in batches {
                deliver(&ports, &world, &batch).await;
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            futures::join!(
                write(writer(paces.0), cut(&one, &sizes)),
                write(writer(paces.1), cut(&two, &sizes)),
            );
        });
        assert_each_once(&world, &all);
        world.injector().reset();
        let marks = runtime.block_on(AuditMarks::unmarked(&world, &all.iter().map(key).collect::<Vec<_>>()));
        prop_assert_eq!(marks, Ok(vec![]));
    }
}
