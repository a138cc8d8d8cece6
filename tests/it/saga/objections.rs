//! G1: whoever may object is heard, obeyed, and answered truthfully.

use domain::event::EventKind;
use domain::hold::Verdict;
use domain::request::Retention;
use domain::{Operation, Status, StoreId, Tally};
use jiff::SignedDuration;
use testkit::inject::Plan;
use testkit::walker::Next;

use super::shop::{self, INVOICES, NAME, PERSON};
use super::stage::{Stage, tally};

fn retain(stores: &[&str], categories: &[&str]) -> Verdict {
    Verdict::Retain(Retention {
        source: "legal-desk".into(),
        stores: stores.iter().map(|store| store.parse().expect("a store")).collect(),
        categories: categories.iter().map(|category| (*category).to_owned()).collect(),
        reason: "warranty".into(),
        until: None,
    })
}

#[tokio::test]
async fn a_retain_of_a_source_ends_partially_fulfilled() {
    let stage = Stage::new(1);
    stage.world.answer_always("legal-desk", Ok(retain(&["crm"], &[])));
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::PartiallyFulfilled);
    assert_eq!(tally(&stage, &id, Operation::Erase, "crm").erased, 0);
    assert_eq!(tally(&stage, &id, Operation::Erase, "crm").retained, 7);
    assert_eq!(tally(&stage, &id, Operation::Confirm, "crm").residue, Some(0), "what is kept is not residue");
}

/// What a source wanted kept, and was confirmed as kept, is not called erased when the source thinks
/// better of it.
#[tokio::test]
async fn a_retain_that_is_lifted_while_erasing_does_not_end_as_fulfilled() {
    let stage = Stage::new(1);
    stage.world.answer_always("legal-desk", Ok(retain(&["crm"], &[])));
    let id = stage.submit(PERSON).await;
    stage.world.injector().arm(Plan::outage("connector.confirm").on("shop"));
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, request.erasing_begun), (Status::Parked, true));
    stage.world.injector().disarm();
    stage.world.answer_always("legal-desk", Ok(Verdict::Clear));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::PartiallyFulfilled);
    assert!(shop::mentions(&stage.world, &stage.tenant, NAME), "the CRM was kept");
}

/// What was passed over in one store is asked about anew once a hold at the next one is over: nothing was confirmed as kept.
#[tokio::test]
async fn a_retain_that_is_lifted_before_everything_is_looked_for_again_keeps_nothing() {
    let stage = Stage::new(1);
    stage.world.answer_always("legal-desk", Ok(retain(&["crm", "shop", "support"], &[])));
    let id = stage.submit(PERSON).await;
    let review_at = stage.world.clock().now() + SignedDuration::from_hours(24 * 90);
    let (seen, mut is_told) = (id.clone(), false);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let is_next = function == "EraseStoreFunctionArn" && stage.request(&seen).wave_begun;
        if is_next && !std::mem::replace(&mut is_told, true) {
            stage.world.answer_next("legal-desk", Ok(Verdict::Hold { reason: "audit".into(), review_at }));
            stage.world.answer_always("legal-desk", Ok(Verdict::Clear));
        }
    }));
    let request = stage.play_to_the_end(&id).await;
    let events = stage.world.events_of(&stage.tenant, &id).into_iter();
    let held = events.filter(|event| event.kind == EventKind::Held && event.store.is_some());
    assert_eq!(held.count(), 1, "it was held at the second store");
    assert_eq!((request.status, request.retentions), (Status::Fulfilled, vec![]));
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
}

/// Who wants kept what is gone already comes too late: it is still looked for, marked in the ledger, and not called kept.
#[tokio::test]
async fn a_retain_that_comes_after_a_collection_was_begun_keeps_nothing_of_it() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let (seen, came_back) = (id.clone(), std::sync::Arc::new(std::sync::Mutex::new(false)));
    let comes_back = came_back.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let tasks = stage.world.tasks_of(&stage.tenant, &seen);
        let contacts = |t: &domain::Task| t.collections.get("contacts").is_some_and(|tally| tally.erased > 0);
        let mut done = comes_back.lock().expect("not poisoned");
        if function == "EraseStoreFunctionArn" && tasks.iter().any(contacts) && !*done {
            *done = true;
            stage.world.answer_always("legal-desk", Ok(retain(&["crm"], &[])));
            shop::contact(&stage.world, &stage.tenant, 1, PERSON, NAME);
        }
    }));
    let request = stage.play_to_the_end(&id).await;
    assert!(*came_back.lock().expect("not poisoned"));
    assert_eq!(request.residue_rounds, 1, "it was looked for, and found");
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME), "and erased");
    assert_eq!(tally(&stage, &id, Operation::Erase, "crm").retained, 0);
    let events = stage.world.events_of(&stage.tenant, &id);
    let late: Vec<&String> = events.iter().filter_map(|event| event.detail.get("too_late")).collect();
    assert!(late.iter().any(|late| late.contains("crm.contacts")), "{late:?}");
}

/// A name that is spelt otherwise here would keep nothing.
#[tokio::test]
async fn a_retain_that_names_what_the_catalog_lacks_is_not_clear() {
    for (stores, categories) in [(&["crm-prod"][..], &[][..]), (&[], &["User.Contact"])] {
        let stage = Stage::new(1);
        let before = shop::everything(&stage.world, &stage.tenant);
        stage.world.answer_always("legal-desk", Ok(retain(stores, categories)));
        let id = stage.submit(PERSON).await;
        stage.play().await;
        let parked = stage.request(&id).parked.expect("parked");
        assert_eq!((parked.code.as_str(), parked.transient), ("sanction-unreadable", false));
        assert!(shop::everything(&stage.world, &stage.tenant) == before, "nothing is touched");
        stage.world.answer_always("legal-desk", Ok(Verdict::Clear));
        stage.resume(&id).await;
        assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    }
}

/// A hold placed during the wait wins, for as long as it stands.
#[tokio::test]
async fn a_hold_placed_during_the_wait_stops_everything_until_it_is_released() {
    let stage = Stage::new(1);
    let subject = stage.pseudonym(PERSON).await;
    let id = stage.submit(PERSON).await;
    let placed = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (to_place, seen) = (placed.clone(), id.clone());
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        *to_place.lock().expect("not poisoned") = Some(stage.place_hold(&subject));
        // The next time it waits it is for the hold: that wait is not walked.
        let seen = seen.clone();
        *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
            assert_eq!(stage.request(&seen).status, Status::Held);
            Next::Stop
        }));
        Next::GoOn
    }));
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, request.erasing_begun), (Status::Held, false));
    assert_eq!(tally(&stage, &id, Operation::Erase, "shop"), Tally::default());
    assert!(shop::mentions(&stage.world, &stage.tenant, NAME));
    let hold = placed.lock().expect("not poisoned").take().expect("placed");
    stage.release_hold(&hold, &id).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
}

/// One placed between two stores stops those that are not begun, and they alone.
#[tokio::test]
async fn a_hold_placed_between_two_stores_stops_the_others() {
    let stage = Stage::new(1);
    let subject = stage.pseudonym(PERSON).await;
    let id = stage.submit(PERSON).await;
    let placed = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (to_place, seen) = (placed.clone(), id.clone());
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let mut placed = to_place.lock().expect("not poisoned");
        let begun = stage.world.tasks_of(&stage.tenant, &seen).iter().any(|t| t.begun);
        if function == "EraseStoreFunctionArn" && begun && placed.is_none() {
            *placed = Some(stage.place_hold(&subject));
        }
    }));
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|stage, _| {
        // The cooling-off is walked; the wait for the hold is not.
        *stage.happening.lock().expect("not poisoned") = Some(Box::new(|_, _| Next::Stop));
        Next::GoOn
    }));
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, request.erasing_begun), (Status::Held, true));
    let touched = |t: &Tally| t.erased + t.anonymised > 0;
    let begun: Vec<StoreId> = begun_stores(&stage, &id);
    assert!(!begun.is_empty() && begun.len() < 3, "{begun:?}");
    for store in ["shop", "support", "crm"] {
        let is_begun = begun.iter().any(|b| b.as_str() == store);
        assert_eq!(touched(&tally(&stage, &id, Operation::Erase, store)), is_begun, "{store}");
    }
    let hold = placed.lock().expect("not poisoned").take().expect("placed");
    stage.release_hold(&hold, &id).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
}

fn begun_stores(stage: &Stage, id: &domain::RequestId) -> Vec<StoreId> {
    stage.world.tasks_of(&stage.tenant, id).into_iter().filter(|t| t.begun).map(|t| t.store).collect()
}

/// What is only kept was not begun: a hold does not come too late for it.
#[tokio::test]
async fn a_store_whose_wave_keeps_everything_is_not_begun() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let seen = id.clone();
    let looked = std::sync::Arc::new(std::sync::Mutex::new(false));
    let has_looked = looked.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let tasks = stage.world.tasks_of(&stage.tenant, &seen);
        let lines = 2 * u64::try_from(INVOICES).expect("few");
        let shop = tasks.iter().find(|t| t.op == Operation::Erase && t.store.as_str() == "shop");
        if let Some(shop) = shop.filter(|t| function == "EraseStoreFunctionArn" && t.tally.retained == lines)
            && shop.tally.anonymised == 0
        {
            *has_looked.lock().expect("not poisoned") = true;
            assert!(!shop.begun, "only invoice lines were passed over");
        }
    }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(*looked.lock().expect("not poisoned"));
}

/// A source that objects to one store only is obeyed, audited and waited for.
#[tokio::test]
async fn a_source_may_object_to_one_store_right_before_it() {
    let stage = Stage::new(1);
    let now = stage.world.clock().now();
    let review_at = now.checked_add(SignedDuration::from_hours(24 * 40)).expect("in time");
    // Clear before the wait, after it, and for the first store; then not.
    for verdict in [Verdict::Clear, Verdict::Clear, Verdict::Hold { reason: "litigation".into(), review_at }]
    {
        stage.world.answer_next("legal-desk", Ok(verdict));
    }
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    assert!(request.closed_at.is_some_and(|at| at >= review_at), "it was waited for");
    let events = stage.world.events_of(&stage.tenant, &id);
    assert!(events.iter().any(|e| e.kind.as_str() == "request.held" && e.store.is_some()));
    assert!(events.len() < 100, "and not asked for ever: {}", events.len());
}

/// The same, with a denial: what is erased by then stays erased, and the end says so.
#[tokio::test]
async fn a_source_may_deny_one_store_right_before_it() {
    // Before the wait, after it, for the wave that keeps everything, and for one that does not.
    for (clear, expect) in [(3, Status::Denied), (4, Status::PartiallyFulfilled)] {
        let stage = Stage::new(1);
        let before = shop::everything(&stage.world, &stage.tenant);
        for verdict in std::iter::repeat_n(Verdict::Clear, clear) {
            stage.world.answer_next("legal-desk", Ok(verdict));
        }
        stage.world.answer_always("legal-desk", Ok(Verdict::Deny { reason: "fraud".into() }));
        let id = stage.submit(PERSON).await;
        let request = stage.play_to_the_end(&id).await;
        assert_eq!((request.status, request.denied.as_deref()), (expect, Some("fraud")));
        let untouched = shop::everything(&stage.world, &stage.tenant) == before;
        assert_eq!(untouched, expect == Status::Denied, "what is only kept is not begun");
        assert!(stage.world.locks_of(&stage.tenant, &id).is_empty());
    }
}
