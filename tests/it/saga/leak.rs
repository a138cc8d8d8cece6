//! The person is nowhere that they must not be (G6): not in a payload of the state machine, not in
//! our tables, not in the audit, not in an announcement, not in a name, not in what is staged.

use super::exports;
use super::recheck;
use super::shop::{self, NAME, PERSON};
use super::stage::Stage;
use domain::access::Role;
use domain::hold::Verdict;
use jiff::SignedDuration;
use ports::Class;
use testkit::inject::{Plan, Point};

/// Every form in which the mark could be written down.
fn marks() -> Vec<String> {
    let hex = |text: &str| hex::encode(text);
    vec![PERSON.to_owned(), NAME.to_owned(), "Marked".to_owned(), hex(PERSON), hex(NAME)]
}

fn assert_unmarked(place: &str, text: &str) {
    for mark in marks() {
        assert!(!text.contains(&mark), "{place} names the person");
    }
}

async fn play_everything(stage: &Stage) -> domain::RequestId {
    let review_at = stage.world.clock().now().checked_add(SignedDuration::from_hours(1)).expect("in time");
    stage.world.answer_next("legal-desk", Ok(Verdict::Hold { reason: "litigation".into(), review_at }));
    let id = stage.submit(PERSON).await;
    // Faults on the way: their texts are kept in tasks, events and the request.
    stage.world.injector().arm(Plan::outage("connector.").on("crm"));
    stage.play().await;
    stage.world.injector().disarm();
    id
}

#[tokio::test]
async fn the_mark_is_nowhere_while_the_request_runs_and_after_it() {
    let stage = Stage::new(1);
    let id = play_everything(&stage).await;
    look_everywhere(&stage, &id);
    stage.play_to_the_end(&id).await;
    look_everywhere(&stage, &id);
    assert!(!shop::mentions(&stage.world, &stage.tenant, PERSON));
}

/// Who was erased is kept sealed until the stores were read again, and is nowhere else; nor is who was found then.
#[tokio::test]
async fn the_mark_is_nowhere_while_stores_are_read_again_and_after_it() {
    let stage = recheck::company();
    let id = recheck::erased(&stage).await;
    look_everywhere(&stage, &id);
    recheck::come_back(&stage);
    // Its text is kept in the request and in an event.
    stage.world.injector().arm(Plan::outage("connector.").on("crm"));
    assert!(recheck::when_due(&stage, &id).await.parked.is_some());
    look_everywhere(&stage, &id);
    stage.world.injector().disarm();
    let request = recheck::when_due(&stage, &id).await;
    assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("person-found-again"));
    assert!(!stage.world.paged().is_empty());
    look_everywhere(&stage, &id);
    assert_eq!(recheck::ask(&stage, &id, Role::Officer, "erase").await, 202);
    stage.play_to_the_end(&id).await;
    look_everywhere(&stage, &id);
    recheck::when_due(&stage, &id).await;
    look_everywhere(&stage, &id);
    assert!(stage.world.staged().is_empty());
}

/// A package is of nothing but the person; nothing else of it is. Nor is the code that opens it.
#[tokio::test]
async fn the_mark_and_the_code_are_nowhere_while_a_package_is_made_and_fetched_and_after_it() {
    for erases in [false, true] {
        let mut stage = exports::writing_letters().await;
        (stage.manner.limits, stage.manner.pages) = (Some(exports::splitting::TINY), Some(0));
        let id = if erases { exports::both(&stage).await } else { exports::access(&stage, PERSON).await };
        // Faults on the way, and a look at what is half made.
        let (mut calls, theirs) = (0, id.clone());
        exports::before(&stage, "PackageExport", move |stage| {
            calls += 1;
            if calls % 8 == 0 {
                stage.world.injector().arm(Plan::nth(Point::PackagesFinish, 1).class(Class::Throttled));
                look_everywhere(stage, &theirs);
            }
        });
        stage.world.injector().arm(Plan::outage("collector.").on("crm"));
        stage.play().await;
        assert!(stage.request(&id).parked.is_some_and(|parked| parked.state == "CollectStore"));
        look_everywhere(&stage, &id);
        stage.world.injector().disarm();
        let by = stage.request(&id).progress_by.expect("looked after");
        stage.world.fake_clock().advance_to(by);
        stage.sweep().await;
        exports::until_ready(&stage, &id).await;
        assert!(stage.world.injector().struck() > 3);
        look_everywhere(&stage, &id);
        let letters = stage.world.letters();
        assert_eq!(letters.len(), 1);
        for (name, value) in &letters[0].data {
            assert_unmarked(name, value.expose());
        }
        let code = letters[0].data["code"].expose();
        assert_eq!(code.len(), 64);
        stage.play_to_the_end(&id).await;
        look_everywhere(&stage, &id);
        for walk in stage.walks.lock().expect("not poisoned").iter() {
            assert!(walk.trace.payloads_with(code).is_empty(), "a payload has the code");
        }
        let said = format!(
            "{}{}{}{}",
            serde_json::to_string(&stage.request(&id)).expect("JSON"),
            serde_json::to_string(&stage.world.events_of(&stage.tenant, &id)).expect("JSON"),
            serde_json::to_string(&stage.world.audit_entries(&stage.tenant)).expect("JSON"),
            serde_json::to_string(
                &stage.world.announced().iter().map(|a| &a.announcement).collect::<Vec<_>>()
            )
            .expect("JSON"),
        );
        assert!(!said.contains(code), "the code is written down");
    }
}

fn look_everywhere(stage: &Stage, id: &domain::RequestId) {
    let (world, tenant) = (&stage.world, &stage.tenant);
    for walk in stage.walks.lock().expect("not poisoned").iter() {
        for mark in marks() {
            let found = walk.trace.payloads_with(&mark);
            assert!(
                found.is_empty(),
                "a payload of the state machine names the person: {:?}",
                found[0].state
            );
        }
    }
    let json = |value: serde_json::Result<String>| value.expect("JSON");
    assert_unmarked("the request", &json(serde_json::to_string(&stage.request(id))));
    assert_unmarked("a task", &json(serde_json::to_string(&world.tasks_of(tenant, id))));
    assert_unmarked("an event", &json(serde_json::to_string(&world.events_of(tenant, id))));
    assert_unmarked("the audit", &json(serde_json::to_string(&world.audit_entries(tenant))));
    for announced in world.announced() {
        assert_unmarked("an announcement", &json(serde_json::to_string(&announced.announcement)));
    }
    for page in world.paged() {
        assert_unmarked("a page", &json(serde_json::to_string(&page)));
    }
    for execution in world.all_executions() {
        assert_unmarked("an execution", &format!("{} {:?}", execution.name, execution.start));
    }
    for key in world.unfinished_packages("") {
        assert_unmarked("an upload's name", &key);
    }
    for stored in world.stored_packages("") {
        assert_unmarked("a package's name", &stored.key);
    }
    for key in world.staged() {
        assert_unmarked("a staged object's key", &key);
        let bytes = world.staged_object(&key).expect("it is there");
        for mark in marks() {
            let found = bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
            assert!(!found, "{key} is not sealed");
        }
    }
}
