//! Every step twice, a fault at every call, before it, in its middle and after it, a process that
//! dies at every call: the end is the same each time (G3).

use std::collections::BTreeMap;

use domain::event::About;
use domain::{Operation, RequestId, Status, Tally};
use ports::KeyScope;
use testkit::inject::{Call, Plan, Point, When};
use testkit::memory::{Paging, Row};
use testkit::walker::End;

use super::queries::assert_asked;
use super::shop::{self, EMPLOYEE, NAME, NEIGHBOUR, PERSON, contact};
use super::stage::Stage;

/// What must be the same however the end was reached.
#[derive(Debug, PartialEq, Eq)]
pub struct Ending {
    status: Status,
    tallies: BTreeMap<(Operation, String), Tally>,
    customers: usize,
    neighbours: Vec<Row>,
    /// Marks in the ledger, by store.
    marks: BTreeMap<String, usize>,
}

fn neighbours(stage: &Stage) -> Vec<Row> {
    let shop = stage.world.database(&stage.tenant, &"shop".parse().expect("a store"));
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    let rows = ["shop-customers", "shop-employees", "shop-invoices"].iter().flat_map(|t| shop.rows(t));
    let rows =
        rows.chain(["contacts", "interactions", "revenue_by_customer"].iter().flat_map(|t| crm.rows(t)));
    rows.filter(|row| {
        let id = row.get("CustomerId").or_else(|| row.get("customer_id"));
        id.is_some_and(|id| id.expose() == "11") || row.contains_key("EmployeeId")
    })
    .collect()
}

pub fn ending(stage: &Stage, id: &RequestId) -> Ending {
    let shop = stage.world.database(&stage.tenant, &"shop".parse().expect("a store"));
    let mut customers: Vec<String> =
        shop.rows("shop-invoices").iter().map(|r| r["CustomerId"].expose().to_owned()).collect();
    customers.sort();
    customers.dedup();
    let mut marks: BTreeMap<String, usize> = BTreeMap::new();
    for entry in stage.world.ledger_entries().iter().filter(|entry| &entry.request == id) {
        *marks.entry(entry.store.to_string()).or_default() += 1;
    }
    let tasks = stage.world.tasks_of(&stage.tenant, id);
    let counted = [Operation::Locate, Operation::Erase, Operation::Confirm];
    Ending {
        status: stage.request(id).status,
        tallies: tasks
            .iter()
            .filter(|t| counted.contains(&t.op))
            .map(|t| ((t.op, t.store.to_string()), t.tally))
            .collect(),
        customers: customers.len(),
        neighbours: neighbours(stage),
        marks,
    }
}

/// What must hold after any ending of an erasure.
pub fn assert_clean(stage: &Stage, id: &RequestId) {
    let (world, tenant) = (&stage.world, &stage.tenant);
    assert!(!shop::mentions(world, tenant, PERSON) && !shop::mentions(world, tenant, NAME));
    assert_ours_is_clean(stage, id);
}

/// What must hold after any ending: of what Lacuna made, nothing is left but the history.
pub fn assert_ours_is_clean(stage: &Stage, id: &RequestId) {
    let (world, tenant) = (&stage.world, &stage.tenant);
    assert!(shop::mentions(world, tenant, NEIGHBOUR) && shop::mentions(world, tenant, EMPLOYEE));
    assert!(world.staged().is_empty(), "papers are left: {:?}", world.staged());
    let packages = (world.stored_packages(""), world.unfinished_packages(""));
    assert!(packages.0.is_empty() && packages.1.is_empty(), "packages are left: {packages:?}");
    let of_requests =
        |k: &KeyScope| matches!(k, KeyScope::Plan(..) | KeyScope::Export(..) | KeyScope::Recheck(..));
    assert!(!world.keys().iter().any(of_requests), "a key of the request is left");
    assert!(world.locks_of(tenant, id).is_empty() && world.open_markers_of(tenant, id).is_empty());
    assert!(!world.announced().is_empty());
    // G5: every event is numbered without a gap, and chained exactly once.
    let events = world.events_of(tenant, id);
    assert!(events.iter().zip(1..).all(|(event, n)| event.n == n));
    world.verify_audit(tenant).expect("the chain is whole");
    let chained = world.audit_entries(tenant);
    let chained = chained.iter().filter(|e| e.event.about == About::Request(id.clone()));
    let mut chained: Vec<_> = chained.map(|entry| entry.event.clone()).collect();
    chained.sort_by_key(|event| event.n);
    assert!(chained == events, "{} events, {} entries", events.len(), chained.len());
    for walk in stage.walks.lock().expect("not poisoned").iter() {
        assert!(!matches!(walk.end, End::TimedOut { .. }));
    }
}

pub async fn clean_run() -> (Ending, u64) {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    stage.world.injector().reset();
    stage.play_to_the_end(&id).await;
    let total = stage.world.injector().total();
    assert_clean(&stage, &id);
    (ending(&stage, &id), total)
}

/// Whether a fault there is another one than those that are made anyhow: in the middle of what is one transaction
/// is before it, and after what only reads is before what comes next.
pub fn is_another(call: &Call, when: When) -> bool {
    use Point::{
        ConnectorErase, LedgerWrite, PackagesDestroy, RequestsStopWaiting, StagingDeleteAll,
        SuppressorSetHidden,
    };
    let many = [
        RequestsStopWaiting,
        ConnectorErase,
        SuppressorSetHidden,
        StagingDeleteAll,
        PackagesDestroy,
        LedgerWrite,
    ];
    match when {
        When::Before => true,
        When::Midway => many.contains(&call.point),
        When::After => call.point.writes(),
    }
}

/// Runs the saga with one fault at each of its calls.
async fn with_a_fault_at_every_call(when: When, crash: bool) {
    let (expected, total) = clean_run().await;
    assert!(total > 100, "the saga makes {total} calls only: does it still do anything?");
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    stage.world.injector().reset();
    stage.play_to_the_end(&id).await;
    let calls = stage.world.injector().trace();
    let calls: Vec<u64> = calls.iter().filter(|call| is_another(call, when)).map(|call| call.n).collect();
    let mut struck = 0;
    for n in calls.iter().copied() {
        let stage = Stage::new(1);
        let id = stage.submit(PERSON).await;
        stage.world.injector().reset();
        let plan = Plan::call(n).when(when);
        stage.world.injector().arm(if crash { plan.crash() } else { plan });
        stage.play_to_the_end(&id).await;
        struck += stage.world.injector().struck().min(1);
        let got = ending(&stage, &id);
        assert!(got == expected, "a fault {when:?} call {n} leads to another end: {got:?}");
        // However the reading was interrupted, the receipt says of it the same.
        assert_asked(&stage, &id, &format!("a fault {when:?} call {n}")).await;
        assert_clean(&stage, &id);
    }
    assert_eq!(struck, calls.len() as u64, "every fault was injected");
    assert!(struck > 10, "{struck}");
}

#[tokio::test]
async fn a_fault_before_any_call_changes_nothing_in_the_end() {
    with_a_fault_at_every_call(When::Before, false).await;
}

#[tokio::test]
async fn a_fault_in_the_middle_of_any_call_changes_nothing_in_the_end() {
    with_a_fault_at_every_call(When::Midway, false).await;
}

#[tokio::test]
async fn an_answer_lost_after_any_call_changes_nothing_in_the_end() {
    with_a_fault_at_every_call(When::After, false).await;
}

#[tokio::test]
async fn a_process_that_dies_after_any_call_changes_nothing_in_the_end() {
    with_a_fault_at_every_call(When::After, true).await;
}

#[tokio::test]
async fn every_step_may_run_twice() {
    let (expected, _) = clean_run().await;
    let mut stage = Stage::new(1);
    stage.manner.twice = true;
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    assert_eq!(ending(&stage, &id), expected);
    assert_clean(&stage, &id);
}

#[tokio::test]
async fn a_step_may_be_called_again_after_every_page() {
    let (expected, _) = clean_run().await;
    for pages in [1, 2] {
        let mut stage = Stage::new(1);
        stage.world.set_paging(Paging { size: 3, begins_empty: true });
        stage.manner.pages = Some(pages - 1);
        stage.manner.twice = pages == 2;
        let id = stage.submit(PERSON).await;
        stage.play_to_the_end(&id).await;
        assert_eq!(ending(&stage, &id), expected);
        assert_clean(&stage, &id);
    }
}

/// G12: what is down is tried again, at growing intervals, and the request goes on from where it was.
#[tokio::test]
async fn a_store_that_is_down_for_hours_is_waited_for() {
    let (expected, _) = clean_run().await;
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    stage.world.injector().arm(Plan::outage("connector.").on("crm"));
    stage.play().await;
    let parked = stage.request(&id).parked.expect("parked");
    assert_eq!(stage.request(&id).status, Status::Parked);
    assert_eq!((parked.code.as_str(), parked.transient), ("store-unavailable", true));
    assert_eq!(parked.store.as_ref().map(domain::StoreId::as_str), Some("crm"));
    let mut waits = Vec::new();
    for _ in 0..9 {
        waits.push(stage.sweep_when_due(&id).await);
        stage.play().await;
        assert_eq!(stage.request(&id).status, Status::Parked);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    stage.world.injector().disarm();
    stage.play_to_the_end(&id).await;
    assert_eq!(ending(&stage, &id), expected);
    assert_clean(&stage, &id);
}

/// G1, G4: a store that refuses is parked with a cause and is never called complete.
#[tokio::test]
async fn a_store_that_refuses_is_parked_until_somebody_mends_it() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    let backup = crm.snapshot();
    crm.drop_resource("contacts");
    stage.play().await;
    let request = stage.request(&id);
    assert_eq!((request.status, request.progress_by), (Status::Parked, None));
    let parked = request.parked.expect("parked");
    assert_eq!((parked.code.as_str(), parked.transient), ("store-refused", false));
    crm.restore(backup);
    stage.resume(&id).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert_clean(&stage, &id);
}

/// A system that puts the person back, so many times, after erasing and before the re-read.
fn writer_that_puts_the_person_back(stage: &Stage, times: u32) {
    let mut left = times;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "ConfirmStoreFunctionArn" && left > 0 {
            left -= 1;
            contact(&stage.world, &stage.tenant, 1, PERSON, NAME);
        }
    }));
}

/// G4: residue is found by the re-read, and erased by another pass.
#[tokio::test]
async fn a_person_who_is_put_back_meanwhile_is_erased_again() {
    let mut stage = Stage::new(1);
    stage.manner.twice = true;
    writer_that_puts_the_person_back(&stage, 1);
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.residue_rounds), (Status::Fulfilled, 1));
    assert_clean(&stage, &id);
}

/// G4: what cannot be erased is never called complete, and goes on once somebody has mended it.
#[tokio::test]
async fn a_person_who_is_put_back_for_ever_parks_the_request() {
    let stage = Stage::new(1);
    writer_that_puts_the_person_back(&stage, u32::MAX);
    let id = stage.submit(PERSON).await;
    for _ in 0..40 {
        stage.play().await;
        stage.world.fake_clock().advance(jiff::SignedDuration::from_hours(24));
        stage.sweep().await;
    }
    let request = stage.request(&id);
    assert_eq!((request.status, request.progress_by), (Status::Parked, None));
    assert_eq!(request.parked.as_ref().map(|p| p.code.as_str()), Some("residue-remains"));
    *stage.meanwhile.lock().expect("not poisoned") = None;
    stage.resume(&id).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert_clean(&stage, &id);
}

/// What is not to be erased can be ended though its papers are lost.
#[tokio::test]
async fn a_request_whose_key_is_lost_can_still_be_withdrawn() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let scope = KeyScope::Plan(stage.tenant.clone(), id.clone());
    stage.world.keyring().destroy(&scope).await.expect("destroyed");
    stage.play().await;
    let parked = stage.request(&id).parked.expect("parked");
    assert_eq!((parked.code.as_str(), parked.transient), ("plan-unreadable", false));
    stage.cancel(&id).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Cancelled);
    assert!(stage.world.open_markers_of(&stage.tenant, &id).is_empty());
}
