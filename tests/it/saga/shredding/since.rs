//! Since when it is true that a key is gone: whatever fails or is objected to in between, nothing ends before.

use std::sync::{Arc, Mutex};

use audit::verify::Found;
use domain::request::Retention;
use domain::{Task, TaskStatus};
use testkit::inject::{Plan, Point};

use super::keeping::{ask_tax, stage_of};
use super::*;
use crate::saga::proof::{receipts, sign, verified};

fn erasing(stage: &Stage, id: &RequestId) -> Option<Task> {
    let tasks = stage.world.tasks_of(&stage.tenant, id);
    tasks.into_iter().find(|task| task.op == Operation::Erase && task.store.as_str() == "archive")
}

/// Whoever keeps keys keeps them for a day: far longer than anything here is tried again.
fn stage_of_a_day() -> Stage {
    stage_with(&ARCHIVE.replace("PT20M", "PT24H"))
}

/// The second pass fails before it begins the archive, and then somebody objects: the key that the first
/// one destroyed is waited for all the same.
#[tokio::test]
async fn what_a_pass_destroyed_is_waited_for_though_the_next_one_fails() {
    let keeps = Verdict::Retain(Retention {
        source: "tax".into(),
        stores: vec!["archive".parse().expect("a store")],
        categories: vec![],
        reason: "tax-law".into(),
        until: None,
    });
    for (verdict, counts) in [(Verdict::Deny { reason: "fraud".into() }, (1, 0)), (keeps, (1, 1))] {
        let stage = stage_of_a_day();
        // Asked about the archive alone, so that nothing else fails.
        ask_tax(&stage, "archive");
        append(&stage, "1", "bought").await;
        let id = stage.submit(PERSON).await;
        let first = Arc::new(Mutex::new(None));
        let (seen, first_seen, mut failed) = (id.clone(), first.clone(), false);
        *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
            let mut first = first_seen.lock().expect("not poisoned");
            let rounds = stage.request(&seen).residue_rounds;
            match function {
                "ConfirmStoreFunctionArn" if first.is_none() => {
                    *first = said(stage, &seen);
                    at_once(append(stage, "1", "bought again"));
                }
                "EraseStoreFunctionArn" if rounds == 1 && !failed => {
                    failed = true;
                    stage.world.injector().arm(Plan::outage("sanctions.").on("tax"));
                }
                "ParkRequestFunctionArn" => {
                    let task = erasing(stage, &seen).expect("a task");
                    assert_eq!((task.status, task.tally.erased), (TaskStatus::Failed, 1), "as was meant");
                    assert_eq!(task.true_from, *first, "a failure takes nothing back");

                    stage.world.injector().disarm();
                    stage.world.answer_always("tax", Ok(verdict.clone()));
                }
                _ => {}
            }
        }));
        let request = stage.play_to_the_end(&id).await;
        assert_eq!(request.status, Status::PartiallyFulfilled);
        let tally = tally(&stage, &id, Operation::Erase, "archive");
        assert_eq!((tally.erased, tally.retained), counts);
        assert!(has_key(&stage, "customer_id", "1").await, "the second key was not touched");
        let first = first.lock().expect("not poisoned").expect("since when the first one is gone");
        assert!(request.closed_at.is_some_and(|closed| closed >= first), "{:?} {first}", request.closed_at);
    }
}

/// One of two keys is gone, and the other one not: what is gone is waited for, though nothing was counted.
#[tokio::test]
async fn what_was_destroyed_before_a_fault_is_waited_for_though_nothing_was_written_down() {
    for crash in [false, true] {
        let stage = stage_of_a_day();
        make_key(&stage, "customer_id", "1").await;
        make_key(&stage, "email", PERSON).await;
        // Both are known from the beginning, so both are on one page.
        let id = stage.submit_all(&[("email", PERSON), ("customer_id", "1")]).await;
        let gone_by = Arc::new(Mutex::new(None));
        let (gone, mut armed) = (gone_by.clone(), false);
        *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
            let mut gone = gone.lock().expect("not poisoned");
            if function == "EraseStoreFunctionArn" && !armed {
                armed = true;
                let second = Plan::nth(Point::KeyringDestroy, 1);
                stage.world.injector().arm(if crash { second.crash() } else { second });
            } else if gone.is_none() && stage.world.injector().struck() > 0 {
                *gone = Some(stage.world.fake_clock().peek());
                let denied = Verdict::Deny { reason: "fraud".into() };
                stage.world.answer_always("legal-desk", Ok(denied));
            }
        }));
        let request = stage.play_to_the_end(&id).await;
        assert_eq!(request.status, Status::PartiallyFulfilled);
        let left = [has_key(&stage, "customer_id", "1").await, has_key(&stage, "email", PERSON).await];
        assert!(left.contains(&true) && left.contains(&false), "as was meant: {left:?}");
        assert_eq!(tally(&stage, &id, Operation::Erase, "archive").erased, 0);
        let gone_by = gone_by.lock().expect("not poisoned").expect("a key is gone");
        let waited = request.closed_at.map(|closed| closed.duration_since(gone_by));
        assert!(waited.is_some_and(|waited| waited >= SignedDuration::from_hours(24)), "{crash}: {waited:?}");
    }
}

/// The other key of the person, which is looked for only at the beginning of a reading, is made after that
/// and before it is true that the first one is gone. Nobody calls that erased.
#[tokio::test]
async fn a_reading_that_began_before_it_was_true_does_not_count() {
    let stage = stage_of(false);
    append(&stage, "1", "bought").await;
    let id = stage.submit(PERSON).await;
    let (seen, mut made) = (id.clone(), false);
    *stage.during.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let true_from = said(stage, &seen);
        let in_the_archive = erasing(stage, &seen).is_some_and(|task| task.status == TaskStatus::Done);
        if function == "ConfirmStoreFunctionArn" && in_the_archive && !made {
            let true_from = true_from.expect("since when it is true");
            assert!(stage.world.fake_clock().peek() < true_from, "as was meant");
            made = true;
            at_once(make_key(stage, "email", PERSON));
            stage.world.fake_clock().advance_to(true_from);
        }
    }));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::Fulfilled, 1));
    assert!(!has_key(&stage, "email", PERSON).await);
}

/// The same, where a reading is given up half way, and goes on when it is true.
#[tokio::test]
async fn half_a_reading_from_before_it_was_true_does_not_count_either() {
    let mut stage = stage_of(false);
    stage.manner.pages = Some(0);
    append(&stage, "1", "bought").await;
    let id = stage.submit(PERSON).await;
    let (seen, mut made, mut failed) = (id.clone(), false, false);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let tasks = stage.world.tasks_of(&stage.tenant, &seen);
        let half = tasks.iter().any(|task| {
            let ours = task.op == Operation::Confirm && task.store.as_str() == "archive";
            ours && task.status == TaskStatus::Running && task.cursor.is_some()
        });
        match function {
            "ConfirmStoreFunctionArn" if half && !made => {
                made = true;
                at_once(make_key(stage, "email", PERSON));
                stage.world.injector().arm(Plan::outage("keyring.exists"));
            }
            "RecordFailureFunctionArn" if made && !failed => {
                failed = true;
                let true_from = said(stage, &seen).expect("since when it is true");
                assert!(stage.world.fake_clock().peek() < true_from, "as was meant");
                stage.world.fake_clock().advance_to(true_from);
                stage.world.injector().disarm();
            }
            _ => {}
        }
    }));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::Fulfilled, 1));
    assert!(!has_key(&stage, "email", PERSON).await);
}

/// A copy of the archive is readable for as long as somebody may have the key: its backups count from when nobody has, in the
/// other stores from when the records went.
#[tokio::test]
async fn what_was_sealed_is_gone_from_backups_after_every_cache_of_its_key_is() {
    let backups =
        "    backups:\n      - { kind: copies, encrypted: true, expires_after: P20D }\n    collections:\n";
    let stage = stage_with(&ARCHIVE.replacen("    collections:\n", backups, 1));
    append(&stage, "1", "bought").await;
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    stage.deliver().await;
    sign(&stage).await;
    let issued = receipts(&stage, &id).await;
    let Found::Receipt(proved) = verified(&stage, &issued[0]).await else { panic!("it is a receipt") };
    let gone = |name: &str| {
        let said = proved.statement.stores.iter().find(|said| said.store.as_str() == name);
        said.and_then(|said| said.gone_from_backups_by).expect("its owner says")
    };
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let task = erasing(&stage, &id).expect("a task");
    let true_from = task.true_from.expect("since when it is true");
    assert!(true_from > task.at, "{true_from} {}", task.at);
    assert_eq!(gone("archive"), true_from + days(20));
    let events = stage.world.events_of(&stage.tenant, &id);
    let erased = |e: &&domain::event::Event| {
        e.kind.as_str() == "store.erased" && e.store.as_ref().is_some_and(|s| s.as_str() == "shop")
    };
    assert_eq!(gone("shop"), events.iter().rfind(erased).expect("it was erased").at + days(35));
}
