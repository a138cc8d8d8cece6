//! What becomes of somebody who was found again.

use audit::verify::Found;
use domain::hold::Verdict;

use super::*;
use crate::saga::faults::assert_clean;
use crate::saga::proof::{receipts, sign, verified};

/// Until they are found again, and the request is parked for that.
pub async fn found_again(stage: &Stage) -> RequestId {
    let id = erased(stage).await;
    come_back(stage);
    let request = when_due(stage, &id).await;
    assert_eq!(request.status, Status::Parked);
    id
}

#[tokio::test]
async fn who_is_erased_again_has_a_second_receipt_and_is_read_again_thirty_days_later() {
    let stage = company();
    let id = found_again(&stage).await;
    sign(&stage).await;
    let (first, asked) = (stage.request(&id), stage.world.asked().len());
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    assert_eq!(stage.request(&id).status, Status::Reopened);
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(
        (request.status, request.reopened, reached(&request)),
        (Status::Fulfilled, 1, Some(Reached::Due))
    );
    assert!(stage.world.asked().len() > asked, "everyone who may object was asked again");
    assert_eq!(count(&stage, &id, EventKind::CoolingOff), 1, "nobody waits twice");
    let events = stage.world.events_of(&stage.tenant, &id);
    let ends = events.iter().filter(|event| event.kind == EventKind::Closed);
    let again: Vec<Option<&str>> = ends.map(|end| end.detail.get("reopened").map(String::as_str)).collect();
    assert_eq!(again, [None, Some("1")], "what is reported counts who was answered once");
    assert!(request.pass > first.pass);
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON));
    let told: Vec<String> = stage.world.announced().into_iter().map(|told| told.announcement.id).collect();
    assert!(told.contains(&format!("{id}-closed")) && told.contains(&format!("{id}-closed-2")), "{told:?}");

    stage.deliver().await;
    sign(&stage).await;
    let receipts = receipts(&stage, &id).await;
    assert_eq!(receipts.len(), 2);
    let mut closed = Vec::new();
    for receipt in &receipts {
        let Found::Receipt(proved) = verified(&stage, receipt).await else { panic!("it is a receipt") };
        assert_eq!(proved.statement.outcome, Status::Fulfilled);
        assert_eq!(proved.statement.subject.len(), 1, "what was given, and not what was found by it");
        closed.push(proved.statement.closed_at);
    }
    assert!(closed.contains(&first.closed_at.expect("closed")));

    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Clear)));
    assert!(!is_left(&stage, &id));
    assert_clean(&stage, &id);
}

#[tokio::test]
async fn who_came_back_by_themselves_is_left_alone() {
    let stage = company();
    let id = found_again(&stage).await;
    let before = shop::everything(&stage.world, &stage.tenant);
    let closed_at = stage.request(&id).closed_at;
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 202);
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 202, "twice is once");
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Dismissed)));
    let until = salt_until(&request);
    assert_eq!((request.closed_at, request.progress_by, request.parked), (closed_at, until, None));
    assert!(shop::everything(&stage.world, &stage.tenant) == before);
    assert_eq!(count(&stage, &id, EventKind::Dismissed), 1);
    let events = stage.world.events_of(&stage.tenant, &id);
    let dismissed = events.iter().find(|event| event.kind == EventKind::Dismissed).expect("an event");
    assert_eq!(dismissed.why.as_deref(), Some("came-back-by-themselves"));
    assert!(dismissed.who.starts_with("officer:"), "{}", dismissed.who);
    assert!(!is_left(&stage, &id));
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 202, "and so is thrice");
    assert_eq!(ask(&stage, &id, Role::Officer, "resume").await, 409);
}

#[tokio::test]
async fn only_an_officer_judges() {
    let stage = company();
    let id = found_again(&stage).await;
    let before = stage.request(&id);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Officer) {
        for what in ["resume", "erase", "dismiss"] {
            let status = ask(&stage, &id, role, what).await;
            assert!([403, 404].contains(&status), "{role:?} {what}: {status}");
        }
    }
    // Nor does an officer who resumes whatever is parked.
    assert_eq!(ask(&stage, &id, Role::Officer, "resume").await, 409);
    assert_eq!(stage.request(&id), before);
}

#[tokio::test]
async fn there_is_nothing_to_dismiss_before_anything_was_found() {
    let stage = company();
    let id = erased(&stage).await;
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 409);
    when_due(&stage, &id).await;
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 409);
}

/// G1: who is erased again is held like anybody else.
#[tokio::test]
async fn a_hold_that_came_in_between_is_heard() {
    let stage = company();
    let id = found_again(&stage).await;
    let review_at =
        stage.world.clock().now().checked_add(SignedDuration::from_hours(24 * 90)).expect("in time");
    stage.world.answer_next("legal-desk", Ok(Verdict::Hold { reason: "litigation".into(), review_at }));
    let before = shop::everything(&stage.world, &stage.tenant);
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let held = seen.clone();
    let theirs = id.clone();
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        held.store(stage.request(&theirs).status == Status::Held, std::sync::atomic::Ordering::SeqCst);
        assert!(
            shop::everything(&stage.world, &stage.tenant) == before,
            "nothing is touched while it is held"
        );
        testkit::walker::Next::GoOn
    }));
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(seen.load(std::sync::atomic::Ordering::SeqCst), "it was held");
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON));
}

/// A hold of Lacuna's own table, placed while the request had ended.
#[tokio::test]
async fn a_legal_hold_keeps_who_came_back() {
    let stage = company();
    let id = erased(&stage).await;
    come_back(&stage);
    stage.place_hold(&stage.pseudonym(PERSON).await);
    assert_eq!(when_due(&stage, &id).await.status, Status::Parked);
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    let theirs = id.clone();
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        assert_eq!(stage.request(&theirs).status, Status::Held);
        assert!(shop::mentions(&stage.world, &stage.tenant, PERSON));
        testkit::walker::Next::Stop
    }));
    stage.play().await;
    assert!(shop::mentions(&stage.world, &stage.tenant, PERSON));
}

/// What another request for the person erases just now is not found again; also where what was found is all that a
/// reading brought before it failed.
#[tokio::test]
async fn another_request_of_the_person_goes_first() {
    goes_first(None).await;
    // By a key it is looked up who else erases them.
    goes_first(Some("keyring.obtain")).await;
}

async fn goes_first(outage: Option<&'static str>) {
    let stage = company();
    let id = erased(&stage).await;
    let due = stage.request(&id).progress_by.expect("a day");
    stage.world.fake_clock().advance_to(due.checked_sub(SignedDuration::from_hours(24)).expect("in time"));
    come_back(&stage);
    let other = stage.submit(PERSON).await;
    let first = id.clone();
    *stage.happening.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        // The other one cools off.
        stage.world.fake_clock().advance_to(due);
        if let Some(point) = outage {
            stage.world.injector().arm(Plan::outage(point).class(Class::Permanent));
        }
        at_once(stage.sweep());
        at_once(stage.deliver());
        for execution in stage.world.take_started() {
            let input = serde_json::to_value(&execution.start).expect("JSON");
            at_once(stage.walk(&execution.name, input));
            stage.world.end_execution(&execution.name);
        }
        stage.world.injector().disarm();
        let request = stage.request(&first);
        assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Due)));
        assert_eq!(count(stage, &first, EventKind::RecheckPutOff), 1);
        testkit::walker::Next::GoOn
    }));
    assert_eq!(stage.play_to_the_end(&other).await.status, Status::Fulfilled);
    assert_eq!(count(&stage, &id, EventKind::RecheckPutOff), 1);
    for _ in 0..40 {
        if reached(&stage.request(&id)) == Some(Reached::Clear) {
            break;
        }
        when_due(&stage, &id).await;
    }
    assert_eq!(reached(&stage.request(&id)), Some(Reached::Clear));
    assert!(!is_left(&stage, &id));
    assert!(stage.world.paged().is_empty());
}

/// A page that cannot be sent keeps nobody from judging, and is not lost while nobody does.
#[tokio::test]
async fn who_cannot_be_paged_now_is_paged_later() {
    let stage = company();
    let id = erased(&stage).await;
    come_back(&stage);
    stage.world.injector().arm(Plan::outage("pager."));
    let request = when_due(&stage, &id).await;
    let parked = request.parked.expect("it is tried again");
    assert_eq!((request.status, parked.code.as_str()), (Status::Parked, "paging-failed"));
    assert!(parked.transient && stage.world.paged().is_empty());
    stage.world.injector().disarm();
    let request = when_due(&stage, &id).await;
    assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("person-found-again"));
    assert_eq!(stage.world.paged().len(), 1);
    assert_eq!(count(&stage, &id, EventKind::Reopened), 1);
    assert_eq!(count(&stage, &id, EventKind::OwnersPaged), 1);

    let stage = company();
    let id = erased(&stage).await;
    come_back(&stage);
    stage.world.injector().arm(Plan::outage("pager."));
    when_due(&stage, &id).await;
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 202);
    stage.play().await;
    assert_eq!(reached(&stage.request(&id)), Some(Reached::Dismissed));
    assert!(!is_left(&stage, &id));
}
