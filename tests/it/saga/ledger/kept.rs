//! G1 holds for who is erased again, too: whoever may object is heard.

use std::collections::BTreeSet;

use domain::event::EventKind;
use domain::hold::Verdict;
use domain::ledger::ReplayStatus;
use domain::request::Retention;
use domain::{Operation, Status};
use testkit::inject::Plan;
use testkit::walker::Next;

use super::super::shop::{self, NAME, NEIGHBOUR, PERSON};
use super::super::stage::tally;
use super::*;

fn keep_the_crm() -> Verdict {
    Verdict::Retain(Retention {
        source: "legal-desk".into(),
        stores: vec!["crm".parse().expect("a store")],
        categories: vec![],
        reason: "warranty".into(),
        until: None,
    })
}

/// What somebody wanted kept was not erased, and is no sign that anybody came back.
#[tokio::test]
async fn what_was_kept_is_not_found() {
    let stage = Stage::new(1);
    let taken_at = stage.world.clock().now();
    stage.world.answer_always("legal-desk", Ok(keep_the_crm()));
    let id = stage.submit(PERSON).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::PartiallyFulfilled);
    assert!(shop::mentions(&stage.world, &stage.tenant, NAME));
    declare(&stage, "crm", taken_at).await;
    declare(&stage, "shop", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!((done.status, done.found), (ReplayStatus::Done, 0));
    let done = to_the_end(&stage, &begin(&stage, "shop", false).await).await;
    assert_eq!((done.status, done.found), (ReplayStatus::Done, 0));
    assert_eq!(sample(&stage).await, Ok(0));
}

/// A source that wants it kept now is heard now, and the replay ends all the same: it says so of the person's request.
#[tokio::test]
async fn what_is_to_be_kept_since_ends_the_replay() {
    let (stage, backup, taken_at) = erased().await;
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    stage.world.answer_always("legal-desk", Ok(keep_the_crm()));
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!(done.status, ReplayStatus::Done, "{done:?}");
    let request = made(&stage).await.remove(0);
    assert_eq!(request.status, Status::PartiallyFulfilled);
    assert_eq!(tally(&stage, &request.id, Operation::Erase, "crm").retained, 7);
}

#[tokio::test]
async fn while_a_hold_stands_nobody_is_erased_again_and_the_store_stays_unfit() {
    let (stage, backup, taken_at) = erased().await;
    let hold = stage.place_hold(&stage.pseudonym(PERSON).await);
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    // The wait for the hold is not walked.
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|_, _| Next::Stop));
    for _ in 0..10 {
        bring_on(&stage, &UnlimitedBudget).await.expect("fine");
        stage.play().await;
        stage.world.fake_clock().advance(SignedDuration::from_mins(1));
    }
    assert_eq!(replay(&stage, &begun).await.phase, "waiting");
    assert!(
        shop::mentions(&stage.world, &stage.tenant, NAME) && !standing(&stage, "crm").await.fit_for_traffic
    );
    let request = made(&stage).await.remove(0);
    assert_eq!(request.status, Status::Held);
    stage.release_hold(&hold, &request.id).await;
    assert_eq!(to_the_end(&stage, &begun).await.status, ReplayStatus::Done);
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
}

fn deny() -> Verdict {
    Verdict::Deny { reason: "fraud".into() }
}

/// One of two is denied, for good: the other is erased, and the store is fit for traffic with whom a source wants left in
/// it. How many records of how many people these are is said wherever it is asked, and in the log.
#[tokio::test]
async fn whom_a_source_denies_is_left_and_does_not_keep_the_store_from_traffic() {
    let (stage, backup, taken_at) = erased().await;
    erase(&stage, NEIGHBOUR).await;
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    stage.world.answer_next("legal-desk", Ok(deny()));
    let done = to_the_end(&stage, &begun).await;
    assert_eq!((done.status, done.requests, done.denied), (ReplayStatus::Done, 2, 1), "{done:?}");
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    let is_there = |email| crm.rows("contacts").iter().any(|row| row["email"].expose() == email);
    assert_ne!(is_there(PERSON), is_there(NEIGHBOUR), "one of them is erased");
    let statuses: BTreeSet<&str> = made(&stage).await.iter().map(|request| request.status.as_str()).collect();
    assert_eq!(statuses, ["denied", "fulfilled"].into());
    let now = standing(&stage, "crm").await;
    assert!(now.fit_for_traffic && done.left > 0, "{now:?}");
    assert_eq!((now.left, now.denied), (done.left, 1));
    stage.deliver().await;
    let entries = stage.world.audit_entries(&stage.tenant);
    let ended = entries.iter().rfind(|entry| entry.event.kind == EventKind::ReplayEnded).expect("it is told");
    let said = |name: &str| ended.event.detail.get(name).cloned();
    assert_eq!((said("denied"), said("left")), (Some("1".into()), Some(done.left.to_string())));
    // Sampling meets them, and an officer asks the source again one day.
    let mut met = 0;
    for _ in 0..20 {
        met += sample(&stage).await.expect("fine");
    }
    assert_eq!(met, 1);
}

/// In the middle of erasing: what is gone is gone, and the rest is left.
#[tokio::test]
async fn who_is_denied_in_the_middle_is_left_as_they_are() {
    let (stage, backup, taken_at) = erased().await;
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    stage.world.injector().arm(Plan::outage("connector.erase").on("crm"));
    for _ in 0..10 {
        bring_on(&stage, &UnlimitedBudget).await.expect("fine");
        stage.play().await;
        stage.world.fake_clock().advance(SignedDuration::from_mins(1));
    }
    assert!(made(&stage).await.remove(0).erasing_begun);
    stage.world.injector().disarm();
    stage.world.answer_always("legal-desk", Ok(deny()));
    let done = to_the_end(&stage, &begun).await;
    assert_eq!((done.status, done.requests, done.denied), (ReplayStatus::Done, 1, 1), "{done:?}");
    assert!(done.left > 0 && standing(&stage, "crm").await.fit_for_traffic);
}

/// That somebody stopped it is nobody's word that it is to be kept.
#[tokio::test]
async fn a_cancellation_leaves_the_store_unfit() {
    let (stage, backup, taken_at) = erased().await;
    let _hold = stage.place_hold(&stage.pseudonym(PERSON).await);
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let begun = begin(&stage, "crm", false).await;
    for _ in 0..10 {
        bring_on(&stage, &UnlimitedBudget).await.expect("fine");
        stage.world.fake_clock().advance(SignedDuration::from_mins(1));
    }
    stage.cancel(&made(&stage).await.remove(0).id).await;
    let done = to_the_end(&stage, &begun).await;
    assert_eq!(done.status, ReplayStatus::Failed);
    assert!(done.why.expect("why").ends_with("has ended as cancelled"));
    assert!(!standing(&stage, "crm").await.fit_for_traffic);
}

/// Somebody denies a request that has begun to erase: what went by then is in the ledger, and the rest is not.
#[tokio::test]
async fn what_was_erased_before_a_request_was_given_up_is_remembered() {
    let stage = Stage::new(1);
    let backup = shop::everything(&stage.world, &stage.tenant);
    let taken_at = stage.world.clock().now();
    let id = stage.submit(PERSON).await;
    stage.world.injector().arm(Plan::outage("connector.erase").on("shop"));
    for _ in 0..50 {
        stage.play().await;
        if stage.request(&id).erasing_begun {
            break;
        }
        stage.world.fake_clock().advance(SignedDuration::from_hours(24));
        stage.sweep().await;
    }
    assert!(stage.request(&id).erasing_begun);
    stage.world.injector().disarm();
    stage.world.answer_always("legal-desk", Ok(Verdict::Deny { reason: "fraud".into() }));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::PartiallyFulfilled);
    assert!(request.ledgered.is_some_and(|ledgered| ledgered.marks > 0), "{:?}", request.ledgered);
    stage.world.answer_always("legal-desk", Ok(Verdict::Clear));
    for _ in 0..20 {
        assert_eq!(sample(&stage).await, Ok(0), "whoever is left was kept, and is not back");
    }
    put_back(&stage, "crm", &backup);
    declare(&stage, "crm", taken_at).await;
    let done = to_the_end(&stage, &begin(&stage, "crm", false).await).await;
    assert_eq!(done.status, ReplayStatus::Done);
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    assert!(crm.rows("contacts").iter().all(|row| row["email"].expose() != PERSON));
    assert!(shop::mentions(&stage.world, &stage.tenant, PERSON), "the shop keeps them");
}

/// Somebody denies it when one store is done, and the others were not begun: there the person is kept, and was never
/// gone.
#[tokio::test]
async fn a_denial_in_the_middle_leaves_no_mark_where_nothing_was_erased() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let asked = id.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "EraseStoreFunctionArn" && stage.request(&asked).erasing_begun {
            stage.world.answer_always("legal-desk", Ok(Verdict::Deny { reason: "fraud".into() }));
        }
    }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::PartiallyFulfilled);
    let tasks = stage.world.requests().tasks(&stage.tenant, &id).await.expect("tasks");
    let begun: BTreeSet<String> = tasks
        .iter()
        .filter(|task| task.op == Operation::Erase && task.begun)
        .map(|task| task.store.to_string())
        .collect();
    let marked: BTreeSet<String> =
        stage.world.ledger_entries().iter().map(|entry| entry.store.to_string()).collect();
    assert_eq!((begun.len(), &marked), (1, &begun));
    stage.world.answer_always("legal-desk", Ok(Verdict::Clear));
    for _ in 0..20 {
        assert_eq!(sample(&stage).await, Ok(0), "nobody is back");
    }
}
