//! What is of the first time, and what of the second: nothing that was wanted, answered or counted then counts now.

use audit::receipt::{Statement, StoreStatement};
use audit::verify::Found;
use contract::settings::Settings;
use domain::hold::Verdict;
use domain::request::Retention;

use super::judging::found_again;
use super::*;
use crate::saga::proof::{receipts, sign, verified};

/// A source wants all of the CRM kept.
pub fn keep_the_crm() -> Verdict {
    Verdict::Retain(Retention {
        source: "legal-desk".into(),
        stores: vec![store("crm")],
        categories: vec![],
        reason: "warranty".into(),
        until: None,
    })
}

pub fn has_contacts(stage: &Stage) -> bool {
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    crm.rows("contacts").iter().any(|row| row["email"].expose() == PERSON)
}

/// The source that wanted it is nobody's to ask any more when the second time comes.
#[tokio::test]
async fn what_was_wanted_kept_the_first_time_is_kept_no_more_if_nobody_wants_it() {
    let stage = company();
    stage.world.answer_always("legal-desk", Ok(keep_the_crm()));
    let id = stage.submit(PERSON).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::PartiallyFulfilled);
    assert!(has_contacts(&stage));
    shop::invoice(&stage.world, &stage.tenant, 1, 4_242, "Back Again");
    let request = when_due(&stage, &id).await;
    assert_eq!(request.recheck.map(|recheck| recheck.found), Some([(store("shop"), 1)].into()));
    let settings = at_once(stage.world.tenants().settings(&stage.tenant)).expect("read").expect("a tenant");
    stage.world.put_settings(Settings { sanctions: vec![], ..(*settings).clone() });
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    stage.play().await;
    let request = stage.request(&id);
    // An officer has not said yes to what they were not shown.
    assert_eq!(request.status, Status::Parked);
    assert!(has_contacts(&stage), "nobody was asked");
    let shown = request.recheck.map(|recheck| recheck.found).expect("it was read again");
    assert_eq!(shown.keys().collect::<Vec<_>>(), [&store("crm"), &store("shop")]);
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.retentions), (Status::Fulfilled, vec![]));
    assert!(!has_contacts(&stage), "nobody wants it kept");
}

/// It thinks better of it before anything of the second time is begun: as in a first time, its last word counts.
#[tokio::test]
async fn what_a_source_wants_kept_it_may_let_go_of_until_the_second_time_is_begun() {
    let stage = company();
    let id = found_again(&stage).await;
    let review_at = stage.world.clock().now() + SignedDuration::from_hours(24 * 90);
    // About the whole; then about the CRM, which it does not let begin.
    stage.world.answer_next("legal-desk", Ok(keep_the_crm()));
    stage.world.answer_next("legal-desk", Ok(Verdict::Hold { reason: "audit".into(), review_at }));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.retentions), (Status::Fulfilled, vec![]));
    assert_eq!(count(&stage, &id, EventKind::Denied) + count(&stage, &id, EventKind::Held), 1, "it was held");
    assert!(!has_contacts(&stage));
}

/// A second plan was filed and never began; then an officer leaves it as it is.
#[tokio::test]
async fn the_key_of_a_second_plan_that_never_began_goes_when_it_is_dismissed() {
    let stage = company();
    let id = found_again(&stage).await;
    stage.world.injector().arm(Plan::outage("staging.put").class(Class::Permanent));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, reached(&request)), (Status::Parked, Some(Reached::Again)));
    let key = KeyScope::Plan(stage.tenant.clone(), id.clone());
    assert!(stage.world.keys().contains(&key), "it was made for the plan");
    stage.world.injector().disarm();
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 202);
    stage.play().await;
    assert_eq!(reached(&stage.request(&id)), Some(Reached::Dismissed));
    assert!(!stage.world.keys().contains(&key));
    assert!(!is_left(&stage, &id));
}

async fn statement(stage: &Stage, receipt: &[u8]) -> Statement {
    let Found::Receipt(proved) = verified(stage, receipt).await else { panic!("it is a receipt") };
    proved.statement.clone()
}

fn counts(said: &StoreStatement) -> [u64; 4] {
    [said.located, said.erased, said.anonymised, said.retained]
}

/// G4: what a second receipt says is what the second time found, asked, heard and did. The first one says what it said.
#[tokio::test]
async fn a_second_receipt_says_what_the_second_time_did() {
    let stage = company();
    let id = found_again(&stage).await;
    stage.deliver().await;
    sign(&stage).await;
    let before = receipts(&stage, &id).await;
    assert_eq!(before.len(), 1);
    let first = statement(&stage, &before[0]).await;
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let request = stage.play_to_the_end(&id).await;
    stage.deliver().await;
    sign(&stage).await;
    let after = receipts(&stage, &id).await;
    assert_eq!((after.len(), after.iter().filter(|receipt| **receipt == before[0]).count()), (2, 1));
    let second = after.iter().find(|receipt| **receipt != before[0]).expect("another one");
    let second = statement(&stage, second).await;

    let events = stage.world.events_of(&stage.tenant, &id);
    let again = events.iter().find(|event| event.kind == EventKind::ErasedAgain).expect("an event").at;
    assert_eq!((second.outcome, Some(second.closed_at)), (Status::Fulfilled, request.closed_at));
    assert_eq!((second.received_at, &second.subject), (first.received_at, &first.subject));
    assert_ne!(second.plan_sha256, first.plan_sha256);
    let answered = |source: &str| second.sanctions.iter().filter(|answer| answer.source == source).count();
    assert!(second.sanctions.iter().all(|answer| answer.at >= again), "{:?}", second.sanctions);
    // About the whole, and once more before the CRM was begun.
    assert_eq!((answered("holds"), answered("legal-desk")), (2, 2), "{:?}", second.sanctions);
    assert!(first.sanctions.iter().all(|answer| answer.at < again) && first.sanctions.len() > 4);
    for said in &second.stores {
        let expect = if said.store == store("crm") { [1, 1, 0, 0] } else { [0, 0, 0, 0] };
        assert_eq!(counts(said), expect, "{}", said.store);
        assert_eq!(said.residue, Some(0), "{}", said.store);
        assert!(said.confirmed_at.is_some_and(|at| at >= again), "{}", said.store);
        assert!(said.control_found_at.is_some_and(|at| at >= again), "{}", said.store);
        assert!(said.kept.is_empty() && !said.queries.is_empty(), "{}", said.store);
        // Only where something of it was erased is a backup of it that may have it.
        assert_eq!(said.gone_from_backups_by.is_some(), said.store == store("crm"), "{}", said.store);
    }
    assert_eq!(second.stores.len(), 3);
    let crm = first.stores.iter().find(|said| said.store == store("crm")).expect("the CRM");
    assert!(crm.erased > 1 && crm.confirmed_at.is_some_and(|at| at < again));
}

/// What is told of a second end, and shown after it, is what the second time did.
#[tokio::test]
async fn what_is_told_of_a_second_end_is_what_the_second_time_did() {
    let stage = company();
    let id = found_again(&stage).await;
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    stage.play_to_the_end(&id).await;
    let told = stage.world.announced().into_iter().map(|told| told.announcement);
    let told: Vec<_> = told.filter(|told| told.id == format!("{id}-closed-2")).collect();
    assert!(!told.is_empty());
    for told in told {
        let counts = told.stores.iter().map(|line| (line.store.as_str(), line.located, line.erased));
        assert_eq!(counts.collect::<Vec<_>>(), [("crm", 1, 1), ("shop", 0, 0), ("support", 0, 0)]);
        assert!(told.stores.iter().all(|line| (line.anonymised, line.residue) == (0, Some(0))));
    }
    let operation = ("GET", "/v1/requests/{id}");
    let (status, shown) =
        calling::call(&stage, (Role::Officer, "somebody"), operation, Some(id.as_str()), &Value::Null).await;
    assert_eq!(status, 200);
    let lines = shown["stores"].as_array().expect("a line a store").iter();
    let counts =
        lines.map(|line| (line["store"].as_str(), line["erased"].as_u64(), line["anonymised"].as_u64()));
    let counts: Vec<_> = counts.collect();
    let expect = [("crm", 1), ("shop", 0), ("support", 0)];
    assert_eq!(counts, expect.map(|(store, erased)| (Some(store), Some(erased), Some(0))));
}

/// An officer's word cannot be taken back: what says so does not say that erasing has begun when it has not.
#[tokio::test]
async fn whoever_wants_a_second_time_taken_back_is_told_how_it_stands() {
    let stage = company();
    let id = found_again(&stage).await;
    let review_at = stage.world.clock().now() + SignedDuration::from_hours(24 * 90);
    stage.world.answer_next("legal-desk", Ok(Verdict::Hold { reason: "audit".into(), review_at }));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let (theirs, said) = (id.clone(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
    let heard = said.clone();
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        assert_eq!(stage.request(&theirs).status, Status::Held);
        let reason = json!({"reason": "came-back-by-themselves"});
        for (operation, body) in
            [(("DELETE", "/v1/requests/{id}"), Value::Null), (("POST", "/v1/requests/{id}/dismiss"), reason)]
        {
            let who = (Role::Officer, "somebody");
            let (status, body) = at_once(calling::call(stage, who, operation, Some(theirs.as_str()), &body));
            assert_eq!(status, 409);
            heard.lock().expect("not poisoned").push(body["detail"].as_str().unwrap_or_default().to_owned());
        }
        testkit::walker::Next::GoOn
    }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    let said = said.lock().expect("not poisoned");
    assert_eq!(said.len(), 2);
    for said in said.iter() {
        assert!(said.contains("nothing of it is begun yet") && !said.contains("erasing has begun"), "{said}");
    }
}
