//! Each way a request can go, once, without faults.

use domain::hold::Verdict;
use domain::{Generation, Operation, Status};
use jiff::{SignedDuration, Timestamp};
use ports::KeyScope;
use testkit::inject::Plan;
use testkit::memory::Paging;
use testkit::walker::{End, Next};

use super::shop::{self, EMPLOYEE, INVOICES, NAME, NEIGHBOUR, PERSON};
use super::stage::{Stage, tally};

#[tokio::test]
async fn a_person_is_erased_everywhere_and_nobody_else_is() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON));
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
    assert!(shop::mentions(&stage.world, &stage.tenant, NEIGHBOUR));
    assert!(shop::mentions(&stage.world, &stage.tenant, EMPLOYEE));
    let invoices = u64::try_from(INVOICES).expect("few");
    let shop = tally(&stage, &id, Operation::Erase, "shop");
    assert_eq!((shop.erased, shop.anonymised, shop.retained), (1, invoices, invoices * 2));
    assert_eq!(tally(&stage, &id, Operation::Locate, "shop").located, 1 + invoices * 3);
    assert_eq!(tally(&stage, &id, Operation::Erase, "support").erased, 2);
    let crm = tally(&stage, &id, Operation::Erase, "crm");
    assert_eq!((crm.erased, crm.anonymised, crm.retained), (4, 3, 0));
    for store in ["shop", "support", "crm"] {
        assert_eq!(tally(&stage, &id, Operation::Confirm, store).residue, Some(0), "{store}");
    }
}

#[tokio::test]
async fn a_record_that_two_ways_lead_to_counts_once() {
    let mut stage = Stage::new(1);
    // Each call of a step does one page, so that what was located is read back from the papers.
    stage.manner.pages = Some(1);
    let id = stage.submit_all(&[("email", PERSON), ("customer_id", "1")]).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    let invoices = u64::try_from(INVOICES).expect("few");
    assert_eq!(tally(&stage, &id, Operation::Locate, "shop").located, 1 + invoices * 3);
    let shop = tally(&stage, &id, Operation::Erase, "shop");
    assert_eq!((shop.erased, shop.anonymised, shop.retained), (1, invoices, invoices * 2));
    let crm = tally(&stage, &id, Operation::Erase, "crm");
    assert_eq!((crm.erased, crm.anonymised), (4, 3));
}

#[tokio::test]
async fn what_is_found_last_is_erased_first() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    let walks = stage.walks.lock().expect("not poisoned");
    let order: Vec<String> =
        walks.iter().flat_map(|w| w.trace.paths()).filter(|p| p.contains("EraseStore")).collect();
    assert!(!order.is_empty());
    let events = stage.world.events_of(&stage.tenant, &id);
    let erasing: Vec<(String, String)> = events
        .iter()
        .filter(|e| e.kind.as_str() == "store.erasing")
        .map(|e| (e.detail["wave"].clone(), e.store.as_ref().expect("a store").to_string()))
        .collect();
    // Lines are found through invoices, invoices and interactions through the customer.
    assert_eq!(erasing.first(), Some(&("0".to_owned(), "shop".to_owned())), "{erasing:?}");
    let waves: Vec<&String> = erasing.iter().map(|(wave, _)| wave).collect();
    assert!(waves.is_sorted(), "{erasing:?}");
}

#[tokio::test]
async fn one_surrogate_stands_for_the_person_in_all_stores() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    let shop = stage.world.database(&stage.tenant, &"shop".parse().expect("a store"));
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    let customers = |rows: Vec<testkit::memory::Row>, field: &str| {
        let mut ids: Vec<String> = rows.iter().map(|r| r[field].expose().to_owned()).collect();
        ids.sort();
        ids.dedup();
        ids
    };
    let in_shop = customers(shop.rows("shop-invoices"), "CustomerId");
    let in_crm = customers(crm.rows("revenue_by_customer"), "customer_id");
    assert_eq!(in_shop.len(), 3, "the number of distinct customers is what it was, the control among them");
    assert_eq!(in_shop, in_crm);
    assert!(!in_shop.contains(&"1".to_owned()));
}

#[tokio::test]
async fn an_unknown_person_ends_as_no_match_and_nothing_is_sealed_any_more() {
    let stage = Stage::new(1);
    let before = shop::everything(&stage.world, &stage.tenant);
    let id = stage.submit("nobody@example.com").await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::NoMatch);
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "the stores are as they were");
    assert!(stage.world.staged().is_empty());
    assert!(!stage.world.keys().iter().any(|k| matches!(k, KeyScope::Plan(..))));
}

#[tokio::test]
async fn a_denial_shows_the_person_again_and_erases_nothing() {
    let stage = Stage::new(1);
    let before = shop::everything(&stage.world, &stage.tenant);
    stage.world.answer_next("legal-desk", Ok(Verdict::Clear));
    stage.world.answer_next("legal-desk", Ok(Verdict::Deny { reason: "fraud".into() }));
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.denied.as_deref()), (Status::Denied, Some("fraud")));
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "suppression was undone");
}

#[tokio::test]
async fn a_hold_of_a_source_is_waited_for() {
    let stage = Stage::new(1);
    let review_at = stage.world.clock().now().checked_add(SignedDuration::from_hours(48)).expect("in time");
    stage.world.answer_next("legal-desk", Ok(Verdict::Hold { reason: "litigation".into(), review_at }));
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    assert!(request.closed_at.is_some_and(|at| at >= review_at + SignedDuration::from_hours(30 * 24)));
}

/// Requests for one person go one after another, each woken by the end of the one before it.
#[tokio::test]
async fn requests_for_one_person_wait_for_each_other_and_the_later_ones_find_nobody() {
    let stage = Stage::new(1);
    let first = stage.submit(PERSON).await;
    let later = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = later.clone();
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        let number = ("customer_id", "1");
        for given in [&[number][..], &[number, ("email", PERSON)], &[("email", PERSON)]] {
            seen.lock().expect("not poisoned").push(super::stage::at_once(stage.submit_all(given)));
        }
        super::stage::at_once(stage.play());
        Next::GoOn
    }));
    // Nobody sweeps: whoever waits is woken by whoever was before.
    stage.play().await;
    assert_eq!(stage.request(&first).status, Status::Fulfilled);
    let later = later.lock().expect("not poisoned").clone();
    assert_eq!(later.len(), 3);
    for id in later {
        let request = stage.request(&id);
        assert_eq!((request.status, request.announced), (Status::NoMatch, true), "{:?}", request.waits_for);
        let events = stage.world.events_of(&stage.tenant, &id);
        assert!(events.iter().any(|e| e.status == Some(Status::Waiting)), "it had to wait");
    }
}

/// G3, the fence: an execution that was superseded changes nothing.
#[tokio::test]
async fn a_stale_execution_writes_nothing() {
    let mut stage = Stage::new(1);
    stage.manner.zombies = true;
    let before = shop::everything(&stage.world, &stage.tenant);
    let id = stage.submit(PERSON).await;
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|stage, _| {
        let id = stage.world.all_requests()[0].id.clone();
        super::stage::at_once(stage.cancel(&id));
        super::stage::at_once(stage.deliver());
        Next::GoOn
    }));
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, request.generation), (Status::Cancelled, Generation(2)));
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "the stores are as they were");
    let walks = stage.walks.lock().expect("not poisoned");
    assert!(walks[0].trace.states().contains(&"WaitCoolingOff"), "the stale one got past the wait");
    assert!(matches!(walks[0].end, End::Succeeded(_)), "and ended quietly: {:?}", walks[0].end);
    let events = stage.world.events_of(&stage.tenant, &id);
    let woken = events.iter().position(|e| e.generation == Generation(2)).expect("woken");
    assert!(
        events[woken..].iter().all(|e| e.generation == Generation(2)),
        "no event of the stale one after it"
    );
}

#[tokio::test]
async fn a_cancelled_request_undoes_the_suppression() {
    let stage = Stage::new(1);
    let before = shop::everything(&stage.world, &stage.tenant);
    let id = stage.submit(PERSON).await;
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|stage, pause| {
        assert_ne!(pause.now, Timestamp::UNIX_EPOCH);
        let id = stage.world.all_requests()[0].id.clone();
        assert_eq!(stage.request(&id).status, Status::Suppressed);
        super::stage::at_once(stage.cancel(&id));
        super::stage::at_once(stage.deliver());
        Next::GoOn
    }));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Cancelled);
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "the stores are as they were");
}

#[tokio::test]
async fn what_is_added_during_the_wait_is_erased_too() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(|stage, _| {
        shop::invoice(&stage.world, &stage.tenant, 1, 9_000, NAME);
        Next::GoOn
    }));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
    let invoices = u64::try_from(INVOICES).expect("few") + 1;
    assert_eq!(tally(&stage, &id, Operation::Erase, "shop").anonymised, invoices);
}

#[tokio::test]
async fn ten_thousand_records_go_in_many_short_calls() {
    let mut stage = Stage::new(1);
    stage.manner.pages = Some(3);
    stage.world.set_paging(Paging { size: 500, begins_empty: false });
    for n in 0..10_000 {
        shop::invoice(&stage.world, &stage.tenant, 1, 100_000 + n, NAME);
    }
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    let invoices = u64::try_from(INVOICES).expect("few") + 10_000;
    let shop = tally(&stage, &id, Operation::Erase, "shop");
    assert_eq!((shop.anonymised, shop.retained), (invoices, invoices * 2));
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
}

/// Stores compare letter by letter: an address is looked for as it was given, in lower case, and as
/// any record that was found writes it.
#[tokio::test]
async fn an_address_in_other_letters_is_found_too() {
    let stage = Stage::new(1);
    let written = "Marked-Person@Example.com";
    shop::contact(&stage.world, &stage.tenant, 77, written, NAME);
    let id = stage.submit(written).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    for spelling in [PERSON, written, NAME] {
        assert!(!shop::mentions(&stage.world, &stage.tenant, spelling), "{spelling}");
    }
}

/// A denial that was parked on its way to the end still ends as a denial.
#[tokio::test]
async fn a_denied_request_that_was_parked_ends_as_denied() {
    let stage = Stage::new(1);
    let before = shop::everything(&stage.world, &stage.tenant);
    stage.world.answer_next("legal-desk", Ok(Verdict::Clear));
    stage.world.answer_next("legal-desk", Ok(Verdict::Deny { reason: "fraud".into() }));
    let id = stage.submit(PERSON).await;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
        if function == "RestoreStoreFunctionArn" {
            stage.world.injector().arm(Plan::outage("suppressor.").on("crm"));
        }
    }));
    stage.play().await;
    assert_eq!(stage.request(&id).status, Status::Parked);
    *stage.meanwhile.lock().expect("not poisoned") = None;
    stage.world.injector().disarm();
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Denied);
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "the person is shown again");
}

/// What is found only through something that is erased by now is found through what was located.
#[tokio::test]
async fn residue_behind_an_erased_record_is_erased_too() {
    let stage = Stage::new(1);
    let mut written = false;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "ConfirmStoreFunctionArn" && !written {
            written = true;
            shop::interaction(&stage.world, &stage.tenant, 9_999, "C0001", NAME);
        }
    }));
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::Fulfilled, 1));
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
    let lines = 2 * u64::try_from(INVOICES).expect("few");
    assert_eq!(tally(&stage, &id, Operation::Erase, "shop").retained, lines, "kept once, counted once");
}
