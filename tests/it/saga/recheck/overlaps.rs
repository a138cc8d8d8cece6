//! Two calls of one recheck at a time: the one that is late takes nothing from the one that was made in its place.

use std::sync::{Arc, Mutex};

use domain::{Task, TaskStatus};
use fulfillment::StepError;
use fulfillment::steps::{recheck, sweep};
use testkit::clock::CountedBudget;
use testkit::inject::Point;

use super::again::{changed, publish};
use super::judging::found_again;
use super::*;
use crate::saga::stage::slow::{Late, Slow};

/// What the recheck needs.
pub fn ports_of(stage: &Stage) -> recheck::Ports {
    let w = &stage.world;
    recheck::Ports {
        requests: w.requests(),
        keyring: w.keyring(),
        staging: w.staging(),
        catalogs: w.catalogs(),
        tenants: w.tenants(),
        stores: w.stores(),
        pager: w.pager(),
        clock: w.clock(),
        entropy: w.entropy(),
    }
}

/// A call of the recheck that waits for the first store, the CRM, and then has time for so many searches.
pub fn late_reading(stage: &Stage, id: &RequestId, searches: u64) -> Late {
    let (go_on, stores) = Slow::new(stage.world.stores());
    let ports = recheck::Ports { stores, ..ports_of(stage) };
    let run = stage.run_of(id);
    let call = async move { recheck::run(&ports, &run, &CountedBudget::new(searches)).await };
    Late::begun(go_on, call).expect("it waits for the store")
}

/// The next recheck is called twice: one call waits for its first store. Where it is.
fn overlap(stage: &Stage, id: &RequestId) -> Arc<Mutex<Option<Late>>> {
    let late = Arc::new(Mutex::new(None));
    let (begun, id, mut met) = (late.clone(), id.clone(), false);
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "RecheckFunctionArn" && !met {
            met = true;
            *begun.lock().expect("not poisoned") = Some(late_reading(stage, &id, 0));
        }
    }));
    late
}

/// What the present reading says of a store.
pub fn reading_of(stage: &Stage, id: &RequestId, name: &str) -> Option<Task> {
    let reading = stage.request(id).recheck.map(|recheck| recheck.reading);
    let is_it = |task: &Task| task.op == Operation::Recheck && Some(task.pass) == reading;
    stage.world.tasks_of(&stage.tenant, id).into_iter().find(|task| is_it(task) && task.store == store(name))
}

fn shown(stage: &Stage, id: &RequestId) -> Option<std::collections::BTreeMap<StoreId, u64>> {
    stage.request(id).recheck.map(|recheck| recheck.found)
}

/// A call that is late says of the CRM that it is being read, when it was read to its end.
#[tokio::test]
async fn a_late_call_takes_no_store_out_of_what_is_compared() {
    let stage = company();
    let id = found_again(&stage).await;
    shop::contact_of(&stage.world, &stage.tenant, "C0078", 78, PERSON, "Back Again");
    let late = overlap(&stage, &id);
    let (theirs, waiting) = (id.clone(), late.clone());
    *stage.during.lock().expect("not poisoned") = Some(Box::new(move |stage, _| {
        let is_read = reading_of(stage, &theirs, "crm").is_some_and(|task| task.status == TaskStatus::Done);
        let Some(late) = waiting.lock().expect("not poisoned").take_if(|_| is_read) else { return };
        assert!(matches!(late.ends(), Err(StepError::More)), "it has read one search");
    }));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    stage.play().await;
    assert!(late.lock().expect("not poisoned").is_none(), "it came in between");
    let request = stage.request(&id);
    assert_eq!((request.status, reached(&request)), (Status::Parked, Some(Reached::Found)));
    assert_eq!(shown(&stage, &id), Some([(store("crm"), 2)].into()), "nobody was shown the second one");
    assert!(shop::mentions(&stage.world, &stage.tenant, PERSON));
}

/// A call that is late when the recheck is over, and the request at rest.
#[tokio::test]
async fn a_late_call_wakes_nobody_who_is_at_rest() {
    let stage = company();
    let id = erased(&stage).await;
    let late = overlap(&stage, &id);
    let ended = when_due(&stage, &id).await;
    assert_eq!((reached(&ended), ended.progress_by), (Some(Reached::Clear), salt_until(&ended)));
    let late = late.lock().expect("not poisoned").take().expect("it was begun");
    assert!(matches!(late.ends(), Err(StepError::More)), "it has read one search");
    assert_eq!(stage.request(&id), ended);
}

/// Whatever was written late into a request at rest: it is woken once for it, and not every quarter of an hour.
#[tokio::test]
async fn what_was_written_late_wakes_a_request_at_rest_once() {
    let stage = company();
    set(&stage, Some("PT0S"));
    let id = erased(&stage).await;
    stage.write(&id, EventKind::Progressed, |draft| draft).await;
    assert_ne!(stage.request(&id).progress_by, salt_until(&stage.request(&id)));
    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, request.progress_by), (Status::Fulfilled, salt_until(&request)));
}

/// The catalog changes between two calls of one comparison: what the first one skipped by one list of searches is not
/// skipped in another.
#[tokio::test]
async fn what_is_compared_is_read_by_one_catalog() {
    let mut stage = company();
    let id = found_again(&stage).await;
    shop::invoice(&stage.world, &stage.tenant, 1, 4_242, "Back Again");
    stage.manner.pages = Some(0);
    let renamed: &[(&str, &str)] = &[
        ("      - name: customers\n", "      - name: clients\n"),
        ("        customers: { CustomerId:", "        clients: { CustomerId:"),
    ];
    let catalog = changed(renamed, "");
    let (theirs, published) = (id.clone(), Arc::new(Mutex::new(false)));
    let done = published.clone();
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        let mut done = done.lock().expect("not poisoned");
        if function != "RecheckFunctionArn" || *done {
            return;
        }
        let events = stage.world.events_of(&stage.tenant, &theirs).into_iter();
        let since =
            events.skip_while(|event| event.kind != EventKind::Resumed || !event.who.starts_with("officer"));
        let read =
            since.filter(|event| event.kind == EventKind::Progressed && event.store == Some(store("shop")));
        // The calls that read who is a customer are made.
        if read.count() == 3 {
            at_once(publish(stage, &catalog));
            *done = true;
        }
    }));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    stage.play().await;
    assert!(*published.lock().expect("not poisoned"), "in between");
    let request = stage.request(&id);
    assert_eq!((request.status, reached(&request)), (Status::Parked, Some(Reached::Found)));
    let found = [(store("crm"), 1), (store("shop"), 1)];
    assert_eq!(shown(&stage, &id), Some(found.into()), "nobody was shown the invoice");
}

/// A listing that cannot be read keeps nobody from being woken who is in the other one, and is told in the end.
#[tokio::test]
async fn of_two_lists_that_are_swept_one_is_enough() {
    for nth in [0, 1] {
        let stage = company();
        set(&stage, Some("PT0S"));
        let rests = erased(&stage).await;
        let until = salt_until(&stage.request(&rests)).expect("a day");
        stage.world.fake_clock().advance_to(until);
        let hangs = stage.submit(shop::NEIGHBOUR).await;
        stage.world.fake_clock().advance(SignedDuration::from_mins(16));
        let generations = [&rests, &hangs].map(|id| stage.request(id).generation);
        stage.world.injector().arm(Plan::nth(Point::RequestsOverdue, nth));
        let ports = sweep::Ports { requests: stage.world.requests(), clock: stage.world.clock() };
        assert!(sweep::run(&ports).await.is_err(), "{nth}");
        let woken = [&rests, &hangs].into_iter().zip(generations);
        let woken = woken.filter(|(id, before)| stage.request(id).generation != *before).count();
        assert_eq!(woken, 1, "{nth}");
    }
}
