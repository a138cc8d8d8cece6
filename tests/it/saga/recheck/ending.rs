//! Whatever keeps the stores from being read: it comes to an end, says so, and leaves nothing.

use domain::hold::Verdict;
use domain::request::Retention;
use domain::{Operation, Status};
use testkit::memory::Sight;

use super::*;
use crate::saga::controls;

/// Lets days go by until reading again is over.
async fn until_over(stage: &Stage, id: &RequestId) -> Request {
    for _ in 0..3_000 {
        if reached(&stage.request(id)) != Some(Reached::Due) {
            return stage.request(id);
        }
        when_due(stage, id).await;
    }
    panic!("it is tried for ever: {:?}", stage.request(id));
}

fn last_word(stage: &Stage, id: &RequestId) -> domain::event::Event {
    let mut events = stage.world.events_of(&stage.tenant, id).into_iter();
    events.rfind(|event| event.kind == EventKind::Rechecked).expect("it is in the audit")
}

/// What is wrong, and why it says that the stores were not read.
async fn check(wrong: impl AsyncFn(&Stage, &RequestId), why: &str, days: std::ops::Range<i64>) {
    let stage = company();
    let id = erased(&stage).await;
    let due = stage.request(&id).progress_by.expect("a day");
    wrong(&stage, &id).await;
    let request = until_over(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::NotProven)), "{why}");
    assert_eq!((request.progress_by, &request.parked), (salt_until(&request), &None), "{why}");
    assert!(!is_left(&stage, &id), "{why}");
    let said = last_word(&stage, &id);
    assert_eq!((said.why.as_deref(), said.detail["unproven"].as_str()), (Some(why), "crm shop support"));
    assert_eq!(said.tally.and_then(|tally| tally.residue), None, "{why}");
    let paged: Vec<String> = stage.world.paged().into_iter().map(|page| page.store.to_string()).collect();
    assert_eq!(paged, ["crm", "shop", "support"], "{why}");
    let took = stage.world.clock().now().duration_since(due).as_hours() / 24;
    assert!(days.contains(&took), "{why}: {took} days");
}

#[tokio::test]
async fn what_was_kept_and_cannot_be_opened_is_not_tried_for_ever() {
    let outage = |point: &'static str, class| {
        async move |stage: &Stage, _: &RequestId| stage.world.injector().arm(Plan::outage(point).class(class))
    };
    let without_key = async |stage: &Stage, id: &RequestId| {
        let key = KeyScope::Recheck(stage.tenant.clone(), id.clone());
        stage.world.keyring().destroy(&key).await.expect("gone");
    };
    let without_paper = async |stage: &Stage, _: &RequestId| {
        stage.world.staging().delete_all("rechecks/").await.expect("gone");
    };
    check(without_key, "plan-unreadable", 6..7).await;
    check(without_paper, "plan-unreadable", 6..7).await;
    check(outage("keyring.open", Class::Permanent), "key-unavailable", 6..7).await;
    // What may mend by itself has a day each time.
    check(outage("staging.get", Class::Transient), "control-unavailable", 13..15).await;
}

/// A call that dies says nothing: a reading that does not come to its end is over after a week.
#[tokio::test]
async fn a_reading_that_dies_each_time_is_not_tried_for_ever() {
    let dies = async |stage: &Stage, _: &RequestId| {
        stage.world.injector().arm(Plan::outage("connector.confirm_search").crash());
    };
    check(dies, "step-failed", 49..57).await;
}

/// The catalog says who owns a store. Where it is lost as well, what was kept goes first, and the pages follow.
#[tokio::test]
async fn nobody_is_kept_for_as_long_as_nobody_can_be_paged() {
    for point in ["catalogs.get", "pager."] {
        let stage = company();
        let id = erased(&stage).await;
        let crm = stage.world.database(&stage.tenant, &store("crm"));
        crm.remove("contacts", |row| row["contact_id"].expose() == "C-990001");
        stage.world.injector().arm(Plan::outage(point).class(Class::Permanent));
        let request = until_over(&stage, &id).await;
        assert_eq!(reached(&request), Some(Reached::NotProven), "{point}");
        assert!(!is_left(&stage, &id), "{point}");
        assert!(request.progress_by.is_some() && stage.world.paged().is_empty(), "{point}");
        stage.world.injector().disarm();
        let request = when_due(&stage, &id).await;
        assert!(!stage.world.paged().is_empty(), "{point}");
        assert_eq!((request.status, request.progress_by), (Status::Fulfilled, salt_until(&request)));
        assert_eq!(request.parked, None);
    }
}

/// What was found before a reading was cut off is found.
#[tokio::test]
async fn who_is_found_before_the_reading_fails_is_found() {
    let stage = company();
    let id = erased(&stage).await;
    come_back(&stage);
    // Who else erases them just now is looked up by a key.
    stage.world.injector().arm(Plan::outage("keyring.obtain").class(Class::Permanent));
    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::Parked, Some(Reached::Found)));
    assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("person-found-again"));
}

/// A request that ended with a store whose control two officers did without.
async fn accepted(stage: &Stage) -> RequestId {
    let id = stage.submit(PERSON).await;
    lose_the_control(stage);
    stage.play().await;
    for officer in ["one", "two"] {
        assert_eq!(controls::accept(stage, &id, officer).await, 202);
        stage.play().await;
    }
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.unproven), (Status::PartiallyFulfilled, vec![store("crm")]));
    id
}

fn lose_the_control(stage: &Stage) {
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
        if function == "ConfirmStoreFunctionArn" {
            let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
            crm.remove("contacts", |row| row["contact_id"].expose() == "C-990001");
        }
    }));
}

/// They had accepted that it is read without its control, and not that it is not read.
#[tokio::test]
async fn what_officers_accepted_is_no_reason_not_to_read_a_store() {
    let stage = company();
    let id = accepted(&stage).await;
    let request = until_over(&stage, &id).await;
    assert_eq!(reached(&request), Some(Reached::Clear));
    let said = last_word(&stage, &id);
    assert_eq!((said.detail["accepted"].as_str(), said.detail.get("unproven")), ("crm", None));

    let stage = company();
    let id = accepted(&stage).await;
    stage.world.database(&stage.tenant, &store("crm")).drop_resource("contacts");
    let request = until_over(&stage, &id).await;
    assert_eq!(reached(&request), Some(Reached::NotProven));
    assert_eq!(last_word(&stage, &id).detail["unproven"], "crm");
    let events = stage.world.events_of(&stage.tenant, &id).into_iter();
    let mut read = events.filter(|event| event.kind == EventKind::StoreRechecked);
    let crm = read.rfind(|event| event.store == Some(store("crm"))).expect("an event");
    assert_eq!((crm.detail["proof"].as_str(), crm.tally.and_then(|tally| tally.residue)), ("unread", None));
}

/// An erasure whose outcome cannot be announced.
async fn unannounced(stage: &Stage) -> RequestId {
    let id = stage.submit(PERSON).await;
    stage.world.injector().arm(Plan::outage("announcer.").class(Class::Permanent));
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, request.announced), (Status::Fulfilled, false));
    assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("announcement-failed"));
    id
}

/// Nobody mends it: what was kept to read by goes all the same, and the outcome can still be announced.
#[tokio::test]
async fn what_is_never_announced_is_not_kept_for_that() {
    let stage = company();
    let id = unannounced(&stage).await;
    let lapses_at = stage.request(&id).recheck.map(|recheck| recheck.lapses_at());
    assert_eq!(stage.request(&id).progress_by, lapses_at);
    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::NotProven)));
    assert_eq!(last_word(&stage, &id).why.as_deref(), Some("announcement-failed"));
    assert!(!is_left(&stage, &id));
    assert_eq!((request.announced, request.progress_by), (false, salt_until(&request)));
    stage.world.injector().disarm();
    assert_eq!(ask(&stage, &id, Role::Owner, "resume").await, 202);
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.announced, request.progress_by), (true, salt_until(&request)));
    assert_eq!(request.parked, None);
}

/// What an officer dismissed before it was announced goes as soon as it is: it does not wait for its day.
#[tokio::test]
async fn what_was_dismissed_goes_as_soon_as_the_outcome_is_announced() {
    let stage = company();
    let id = unannounced(&stage).await;
    stage.world.injector().disarm();
    stage
        .write(&id, EventKind::Dismissed, |mut draft| {
            draft.request.recheck.as_mut().expect("kept").stage = Reached::Dismissed;
            draft
        })
        .await;
    stage.sweep_when_due(&id).await;
    stage.play().await;
    let request = stage.request(&id);
    assert!(request.announced && request.progress_by.is_some_and(|by| by <= stage.world.clock().now()));
    when_due(&stage, &id).await;
    assert!(!is_left(&stage, &id));
    assert_eq!(stage.request(&id).progress_by, salt_until(&request));
}

/// A request that only waits to be announced has nothing that could be dismissed.
#[tokio::test]
async fn what_is_not_announced_yet_is_not_dismissed() {
    let stage = company();
    let id = unannounced(&stage).await;
    assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 409);
    stage.world.injector().disarm();
    assert_eq!(ask(&stage, &id, Role::Officer, "resume").await, 202);
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.announced, reached(&request)), (true, Some(Reached::Due)));
    assert_eq!(request.progress_by, request.recheck.map(|recheck| recheck.at));
    when_due(&stage, &id).await;
    assert_eq!(reached(&stage.request(&id)), Some(Reached::Clear));
}

/// A source wants records kept until some minutes after they were confirmed. The request ends later than that, because
/// another store is not proven for a while.
#[tokio::test]
async fn what_was_kept_when_it_was_confirmed_is_not_found_again() {
    let stage = company();
    let id = stage.submit(PERSON).await;
    let wanted = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (until, theirs) = (wanted.clone(), id.clone());
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "CheckSanctionsFunctionArn" {
            let wait = stage.request(&theirs).cooling_off_until;
            let erased = wait.unwrap_or(stage.world.clock().now() + SignedDuration::from_hours(30 * 24));
            let at = erased + SignedDuration::from_mins(10);
            *until.lock().expect("not poisoned") = Some(at);
            let retention = Retention {
                source: "legal-desk".into(),
                stores: vec![store("crm")],
                categories: vec![],
                reason: "warranty".into(),
                until: Some(at),
            };
            stage.world.answer_always("legal-desk", Ok(Verdict::Retain(retention)));
        }
        if function == "ConfirmStoreFunctionArn" {
            stage.world.make_blind(&store("shop"), Sight::Confirm);
        }
    }));
    stage.play().await;
    assert_eq!(stage.request(&id).parked.map(|parked| parked.code).as_deref(), Some("store-unproven"));
    *stage.meanwhile.lock().expect("not poisoned") = None;
    let until = wanted.lock().expect("not poisoned").expect("a time");
    while stage.world.clock().now() <= until {
        when_due(&stage, &id).await;
    }
    stage.world.make_see();
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::PartiallyFulfilled);
    let tasks = stage.world.tasks_of(&stage.tenant, &id);
    let confirmed = |task: &&domain::Task| task.op == Operation::Confirm && task.store == store("crm");
    let confirmed = tasks.iter().find(confirmed).expect("it was confirmed").at;
    assert!(confirmed < until && request.closed_at.is_some_and(|at| at > until));
    assert!(shop::mentions(&stage.world, &stage.tenant, PERSON), "it was kept");
    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::PartiallyFulfilled, Some(Reached::Clear)));
}
