//! What one replay, one page or one store takes, the others do not wait for.

use std::collections::BTreeSet;

use domain::ledger::ReplayStatus;
use testkit::clock::CountedBudget;
use testkit::memory::Paging;
use testkit::walker::Next;

use super::super::shop::{self, PERSON};
use super::*;

/// A budget that ends after some turns is shared.
#[tokio::test]
async fn replays_take_turns() {
    let (stage, ..) = erased().await;
    let mut begun = Vec::new();
    for store in STORES {
        begun.push(begin(&stage, store, true).await);
    }
    assert_eq!(bring_on(&stage, &CountedBudget::new(8)).await, Ok(3));
    for one in &begun {
        assert!(replay(&stage, one).await.walked > 0, "{one:?}");
    }
    for one in &begun {
        assert_eq!(to_the_end(&stage, one).await.status, ReplayStatus::Done);
    }
}

/// However many people a page has: they are noted some at a time, and a call that is cut off goes on behind those.
#[tokio::test]
async fn a_page_full_of_people_is_done_in_pieces() {
    const PEOPLE: usize = 19;
    let stage = Stage::new(1);
    for n in 0..PEOPLE {
        let id = i64::try_from(n).expect("small") + 500;
        shop::contact(&stage.world, &stage.tenant, id, &format!("marked-{n}@example.com"), "One Of Many");
    }
    let (backup, taken_at) = (shop::everything(&stage.world, &stage.tenant), stage.world.clock().now());
    let mut submitted = Vec::new();
    for n in 0..PEOPLE {
        submitted.push(stage.submit(&format!("marked-{n}@example.com")).await);
    }
    for id in &submitted {
        stage.play_to_the_end(id).await;
    }
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    stage.world.set_paging(Paging { size: 500, begins_empty: false });
    let begun = begin(&stage, "crm", false).await;
    for _ in 0..20 {
        stage.world.injector().reset();
        bring_on(&stage, &CountedBudget::new(1)).await.expect("fine");
        let trace = stage.world.injector().trace();
        let made = |name: &str| trace.iter().filter(|call| call.point.name() == name).count();
        assert!(made("ledger.note") <= 16 && made("requests.create") <= 16, "two groups of eight a call");
        stage.world.fake_clock().advance(SignedDuration::from_mins(1));
    }
    let done = to_the_end(&stage, &begun).await;
    assert_eq!((done.status, done.found, done.requests), (ReplayStatus::Done, 19, 19), "{done:?}");
    assert!(!shop::mentions(&stage.world, &stage.tenant, "One Of Many"));
}

/// Whoever looks at the numbers sees a replay that failed, and one that stands still.
#[tokio::test]
async fn what_fails_or_stands_still_is_counted() {
    let (stage, backup, taken_at) = erased().await;
    let hold = stage.place_hold(&stage.pseudonym(PERSON).await);
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    begin(&stage, "crm", false).await;
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|_, _| Next::Stop));
    let mut told = Vec::new();
    for _ in 0..30 {
        let ran = ran(&stage, &UnlimitedBudget).await;
        told.push((ran.failed, ran.late));
        stage.play().await;
        stage.world.fake_clock().advance(SignedDuration::from_hours(1));
    }
    assert_eq!((told[0], told[20], told[29]), ((0, 0), (0, 0), (0, 1)), "{told:?}");
    let request = made(&stage).await.remove(0);
    stage.cancel(&request.id).await;
    stage.release_hold(&hold, &request.id).await;
    stage.play_to_the_end(&request.id).await;
    assert_eq!(ran(&stage, &UnlimitedBudget).await.failed, 1);
    assert_eq!(ran(&stage, &UnlimitedBudget).await.failed, 0, "once");
}

/// The time is always up after the first store: each has its turn all the same.
#[tokio::test]
async fn no_store_is_always_the_one_that_sampling_does_not_reach() {
    let (stage, ..) = erased().await;
    let mut sampled_ones = BTreeSet::new();
    for _ in 0..30 {
        let done = sampled(&stage, &CountedBudget::new(1)).await;
        assert_eq!(done.unreached, 2);
        for standing in stage.world.ledger().standings(&stage.tenant).await.expect("an answer") {
            if standing.sampling.at.is_some() {
                sampled_ones.insert(standing.store.to_string());
            }
        }
    }
    assert_eq!(sampled_ones.len(), 3, "{sampled_ones:?}");
}
