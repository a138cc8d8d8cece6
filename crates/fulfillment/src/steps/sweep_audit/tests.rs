//! Events that the stream lost, over ports in memory.

use domain::TenantId;
use domain::event::Event;
use jiff::SignedDuration;
use testkit::clock::{CountedBudget, UnlimitedBudget};
use testkit::contract_tests::fixtures::{
    change, hold, hold_event, new_request, pseudonym, pseudonyms, request, tenant,
};
use testkit::inject::{Plan, When};
use testkit::memory::World;

use super::*;
use crate::steps::write_audit;

fn ports(world: &World) -> Ports {
    Ports { lists: world.event_lists(), marks: world.audit_marks(), clock: world.clock() }
}

async fn sweep(world: &World) -> Swept {
    run(&ports(world), &UnlimitedBudget).await
}

/// Chains what the stream has; how many events that were.
async fn chain(world: &World) -> usize {
    let batch = world.stream().deliver(usize::MAX);
    let ports = write_audit::Ports { audit_log: world.audit_log(), dead_letters: world.dead_letters() };
    let written = write_audit::run(&ports, &batch, &UnlimitedBudget).await;
    assert_eq!(written.failed, None);
    batch.len()
}

fn pass(world: &World, minutes: i64) {
    world.fake_clock().advance(SignedDuration::from_mins(minutes));
}

/// A request with two events, and a hold with one.
async fn three_events(world: &World) -> TenantId {
    let tenant = tenant("demo");
    let first = request(&tenant, 1, &pseudonyms("sweep", 1));
    world.requests().create(&new_request(&first)).await.expect("taken in");
    let next = change(&first, domain::Status::Planning);
    world.requests().commit(&next).await.expect("committed");
    let held = hold(&tenant, 1, &pseudonym("sweep"));
    world.holds().place(&held, &hold_event(&held)).await.expect("placed");
    tenant
}

fn chained(world: &World, tenant: &TenantId) -> Vec<Event> {
    world.verify_audit(tenant).expect("a whole chain");
    world.audit_entries(tenant).into_iter().map(|entry| entry.event).collect()
}

#[tokio::test]
async fn a_dropped_event_is_found_after_five_minutes_and_chained_once() {
    let world = World::default();
    let tenant = three_events(&world).await;
    let dropped = world.stream().drain();
    assert_eq!(dropped.len(), 3);
    pass(&world, 5);
    assert_eq!(sweep(&world).await.redriven, 0, "its minute is not over for five minutes");
    pass(&world, 1);
    let swept = sweep(&world).await;
    assert_eq!((swept.redriven, swept.unchained, swept.behind, swept.failed), (3, 0, Some(0), None));
    assert_eq!(chain(&world).await, 3);
    assert_eq!(chained(&world, &tenant).len(), 3);
    pass(&world, 6);
    assert_eq!(sweep(&world).await, Swept { minutes: 6, behind: Some(0), ..Swept::default() });
    assert!(world.stream().is_empty());
}

#[tokio::test]
async fn what_is_chained_is_left_alone() {
    let world = World::default();
    three_events(&world).await;
    assert_eq!(chain(&world).await, 3);
    pass(&world, 30);
    assert_eq!(sweep(&world).await.redriven, 0);
    assert!(world.stream().is_empty());
}

/// Every five minutes, for ever; and from the second time on somebody has to look.
#[tokio::test]
async fn an_event_that_stays_unchained_is_found_again_and_told() {
    let world = World::default();
    three_events(&world).await;
    for round in 0..5 {
        world.stream().drain();
        pass(&world, 6);
        let swept = sweep(&world).await;
        assert_eq!(swept.redriven, 3);
        assert_eq!(swept.unchained, if round == 0 { 0 } else { 3 });
        let delivered = world.stream().deliver(9);
        assert!(delivered.iter().all(|d| d.redriven == round + 1));
        world.stream().put_back(delivered);
    }
}

#[tokio::test]
async fn the_first_run_looks_a_day_back_and_the_next_goes_on() {
    let world = World::default();
    three_events(&world).await;
    world.stream().drain();
    pass(&world, 23 * 60);
    assert_eq!(sweep(&world).await.redriven, 3);
    pass(&world, 1);
    assert_eq!(sweep(&world).await.minutes, 1);
}

#[tokio::test]
async fn what_there_is_no_time_for_is_told_and_done_by_the_next_run() {
    let world = World::default();
    pass(&world, 60);
    assert_eq!(sweep(&world).await.behind, Some(0));
    three_events(&world).await;
    world.stream().drain();
    pass(&world, 20);
    let swept = run(&ports(&world), &CountedBudget::new(12)).await;
    assert_eq!((swept.minutes, swept.behind), (12, Some(8 * 60)));
    let again = sweep(&world).await;
    assert_eq!((again.minutes, again.behind), (8, Some(0)));
    assert_eq!(swept.redriven + again.redriven, 3);
}

#[tokio::test]
async fn a_run_is_bounded_and_the_next_goes_on() {
    let world = World::default();
    let tenant = tenant("demo");
    let count = 2 * MOST_REDRIVEN;
    for number in 0..count {
        let number = u32::try_from(number).expect("a number");
        let one = request(&tenant, number, &[pseudonym(&format!("sweep-{number}"))]);
        world.requests().create(&new_request(&one)).await.expect("taken in");
    }
    world.stream().drain();
    pass(&world, 6);
    let first = sweep(&world).await;
    assert!(first.redriven >= MOST_REDRIVEN && first.redriven < count, "{}", first.redriven);
    assert!(first.behind > Some(0));
    let mut redriven = first.redriven;
    for _ in 0..4 {
        redriven += sweep(&world).await.redriven;
    }
    assert_eq!(redriven, count, "each once");
    assert_eq!(chain(&world).await, count);
    assert_eq!(chained(&world, &tenant).len(), count);
}

#[tokio::test]
async fn a_run_survives_a_crash_at_every_call() {
    let scene = async || {
        let world = World::default();
        world.event_lists().keep_swept_to(Minute::of(world.clock().now())).await.expect("kept");
        let tenant = three_events(&world).await;
        world.stream().drain();
        pass(&world, 7);
        world.injector().reset();
        (world, tenant)
    };
    let (world, _) = scene().await;
    sweep(&world).await;
    let calls = world.injector().total();
    for call in 0..calls {
        for when in [When::Before, When::After] {
            let (world, tenant) = scene().await;
            world.injector().arm(Plan::call(call).when(when).crash());
            let swept = sweep(&world).await;
            assert!(swept.failed.is_some(), "{call} {when:?}");
            assert!(swept.behind != Some(0) || call + 1 == calls, "what failed is not done");
            for _ in 0..3 {
                world.injector().revive();
                assert_eq!(sweep(&world).await.failed, None);
                chain(&world).await;
                pass(&world, 6);
            }
            assert_eq!(chained(&world, &tenant).len(), 3, "{call} {when:?}");
        }
    }
}

/// Nobody knows what another one is doing: the minute is not kept as done, and both look through it.
#[tokio::test]
async fn two_runs_over_one_minute_do_no_harm() {
    let world = World::default();
    let tenant = three_events(&world).await;
    world.stream().drain();
    pass(&world, 6);
    let minute = Minute::of(world.clock().now()).before(6);
    let found = async || {
        let mut found = Vec::new();
        for list in 0..EVENT_LISTS {
            found.extend(world.event_lists().listed(minute, list, None, 9).await.expect("a list"));
        }
        found
    };
    let seen_by_the_other = found().await;
    assert_eq!(sweep(&world).await.redriven, 3);
    for key in &seen_by_the_other {
        let now = Minute::of(world.clock().now());
        assert_eq!(world.event_lists().redrive(key, minute, now).await, Ok(None));
    }
    assert!(found().await.is_empty());
    assert_eq!(chain(&world).await, 3);
    assert_eq!(chained(&world, &tenant).len(), 3);
}
