//! Reading again, long after the end: whoever was erased stays so, and whoever comes back is nobody's to erase unasked.

mod again;
mod both;
mod crossing;
mod ending;
mod faults;
mod judging;
mod late;
mod lives;
mod lost;
mod overlaps;
mod waiting;

use contract::settings::Settings;
use domain::access::Role;
use domain::event::EventKind;
use domain::recheck::Stage as Reached;
use domain::request::RequestType;
use domain::{Operation, Request, RequestId, Status, StoreId};
use jiff::{SignedDuration, Timestamp};
use ports::{Class, KeyScope};
use serde_json::{Value, json};
use testkit::inject::Plan;
use testkit::memory::Paging;

use super::shop::{self, PERSON};
use super::stage::{Stage, at_once};
use super::{calling, exports};

/// A company that reads again after thirty days.
pub fn company() -> Stage {
    let stage = Stage::new(1);
    set(&stage, Some("P30D"));
    stage
}

/// Says when a company reads again.
pub fn set(stage: &Stage, after: Option<&str>) {
    let settings = at_once(stage.world.tenants().settings(&stage.tenant));
    let settings = settings.expect("read").expect("a tenant");
    let recheck_after = after.map(str::to_owned);
    stage.world.put_settings(Settings { recheck_after, ..(*settings).clone() });
}

fn store(name: &str) -> StoreId {
    name.parse().expect("a store")
}

/// An erasure, to its end.
pub async fn erased(stage: &Stage) -> RequestId {
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    id
}

/// The person is a customer again, by themselves or not.
pub fn come_back(stage: &Stage) {
    shop::contact(&stage.world, &stage.tenant, 77, PERSON, "Back Again");
}

/// Lets the time pass until the sweeper looks after it, and what follows happen.
pub async fn when_due(stage: &Stage, id: &RequestId) -> Request {
    stage.sweep_when_due(id).await;
    stage.play().await;
    stage.request(id)
}

/// More contacts of the person than one page has, so that what refers to them is looked for by several pages.
fn with_many_contacts(stage: &Stage) {
    stage.world.set_paging(Paging { size: 3, begins_empty: true });
    for n in 0..8 {
        let contact = format!("C9{n}");
        shop::contact_of(&stage.world, &stage.tenant, &contact, 1, PERSON, shop::NAME);
        shop::interaction(&stage.world, &stage.tenant, 9_000 + n, &contact, shop::NAME);
    }
}

/// In how many calls the paper was written, but for the last.
fn filings(stage: &Stage, id: &RequestId) -> usize {
    let events = stage.world.events_of(&stage.tenant, id);
    events.iter().filter(|event| event.detail.contains_key("recheck_pages")).count()
}

fn kinds(stage: &Stage, id: &RequestId) -> Vec<EventKind> {
    stage.world.events_of(&stage.tenant, id).into_iter().map(|event| event.kind).collect()
}

fn count(stage: &Stage, id: &RequestId, kind: EventKind) -> usize {
    kinds(stage, id).into_iter().filter(|own| *own == kind).count()
}

fn reached(request: &Request) -> Option<Reached> {
    request.recheck.as_ref().map(|recheck| recheck.stage)
}

/// When the salt of its receipt goes: after that nobody looks after it any more.
pub fn salt_until(request: &Request) -> Option<Timestamp> {
    let until = request.salt.map(|salt| salt.until);
    assert!(until.is_some(), "it has ended");
    until
}

/// Whether anything is left that the person could be looked for by.
fn is_left(stage: &Stage, id: &RequestId) -> bool {
    let keys = [KeyScope::Recheck, KeyScope::Plan].map(|scope| scope(stage.tenant.clone(), id.clone()));
    let staged = stage.world.staged().into_iter().any(|key| key.contains(id.as_str()));
    staged || stage.world.keys().iter().any(|key| keys.contains(key))
}

/// What somebody asks of a request that was reopened; the answer's status.
pub async fn ask(stage: &Stage, id: &RequestId, role: Role, what: &str) -> u16 {
    let (what, body) = match what {
        "dismiss" => (what, json!({"reason": "came-back-by-themselves"})),
        "erase" => ("resume", json!({"erase_again": true})),
        other => (other, Value::Null),
    };
    let operation = ("POST", &*format!("/v1/requests/{{id}}/{what}"));
    calling::call(stage, (role, "somebody"), operation, Some(id.as_str()), &body).await.0
}

#[tokio::test]
async fn an_erasure_is_read_again_after_thirty_days_and_what_was_kept_for_that_goes() {
    let stage = company();
    let id = erased(&stage).await;
    let request = stage.request(&id);
    let closed_at = request.closed_at.expect("closed");
    let earliest = closed_at.checked_add(SignedDuration::from_hours(30 * 24)).expect("in time");
    let due = request.progress_by.expect("a day");
    assert!(due >= earliest && due.duration_since(earliest) <= SignedDuration::from_hours(24), "{due}");
    assert_eq!(
        request.recheck.as_ref().map(|recheck| (recheck.stage, recheck.at)),
        Some((Reached::Due, due))
    );
    let keys = stage.world.keys();
    assert!(!keys.iter().any(|key| matches!(key, KeyScope::Plan(..))), "the plan goes all the same");
    assert!(stage.world.staged().iter().all(|key| key.starts_with("rechecks/")));
    let announced = stage.world.announced().len();

    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Clear)));
    assert_eq!((request.progress_by, request.closed_at), (salt_until(&request), Some(closed_at)));
    let tasks = stage.world.tasks_of(&stage.tenant, &id);
    let read: Vec<_> = tasks.iter().filter(|task| task.op == Operation::Recheck).collect();
    assert_eq!(read.len(), 3);
    for task in read {
        let confirm = tasks.iter().find(|t| t.op == Operation::Confirm && t.store == task.store);
        let ways = |task: &domain::Task| task.control.map(|control| control.ways);
        assert_eq!(task.tally.residue, Some(0), "{}", task.store);
        // It was searched in every way in which it was confirmed.
        assert_eq!(ways(task), confirm.and_then(ways), "{}", task.store);
        assert!(
            task.control.is_some_and(|control| control.at >= due),
            "{}: found by this reading",
            task.store
        );
    }
    let last = kinds(&stage, &id);
    assert_eq!(last[last.len() - 2..], [EventKind::Rechecked, EventKind::RecheckDestroyed]);
    assert!(!is_left(&stage, &id));
    assert!(stage.world.paged().is_empty());
    assert_eq!(stage.world.announced().len(), announced, "nothing has changed for whoever was told");
}

#[tokio::test]
async fn who_is_found_again_is_not_erased_before_an_officer_says_so() {
    let stage = company();
    let id = erased(&stage).await;
    come_back(&stage);
    let before = shop::everything(&stage.world, &stage.tenant);
    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::Parked, Some(Reached::Found)));
    let parked = request.parked.expect("why");
    assert_eq!((parked.code.as_str(), parked.store), ("person-found-again", Some(store("crm"))));
    let week = SignedDuration::from_hours(7 * 24);
    let next = request.recheck.as_ref().and_then(|recheck| recheck.since?.checked_add(week).ok());
    assert!(next.is_some() && request.progress_by == next, "then the owners are paged again");
    let events = stage.world.events_of(&stage.tenant, &id);
    let reopened = events.iter().find(|event| event.kind == EventKind::Reopened).expect("it is in the audit");
    assert_eq!((reopened.status, reopened.detail["found.crm"].as_str()), (Some(Status::Reopened), "1"));
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "nothing was touched");
    let paged = stage.world.paged();
    assert_eq!(paged.len(), 1);
    let catalog = stage.world.current_catalog().expect("a catalog");
    let owner = &catalog.store(&store("crm")).expect("the CRM").owner;
    assert_eq!((&paged[0].team, &paged[0].page), (&owner.team, &owner.page));
    assert_eq!((paged[0].store.as_str(), paged[0].code.as_str()), ("crm", "person-found-again"));
    assert_eq!(paged[0].doc, "docs/errors/person-found-again.md");
}

/// A record that is found by its reference alone: nothing in it names the person.
#[tokio::test]
async fn what_refers_to_the_person_is_looked_for_by_the_keys_that_they_had() {
    let stage = company();
    let id = erased(&stage).await;
    shop::interaction(&stage.world, &stage.tenant, 4_711, "C0001", "Nobody");
    let request = when_due(&stage, &id).await;
    assert_eq!(request.parked.map(|parked| parked.code).as_deref(), Some("person-found-again"));
    assert_eq!(ask(&stage, &id, Role::Officer, "erase").await, 202);
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    assert!(!crm.rows("interactions").iter().any(|row| row["interaction_id"].expose() == "4711"));
}

#[tokio::test]
async fn what_is_not_to_be_read_again_leaves_nothing() {
    let stage = company();
    set(&stage, Some("PT0S"));
    let id = erased(&stage).await;
    let request = stage.request(&id);
    assert_eq!((reached(&request), request.progress_by), (None, salt_until(&request)));
    assert!(!is_left(&stage, &id));

    let stage = exports::writing_letters().await;
    set(&stage, Some("P30D"));
    let id = exports::access(&stage, PERSON).await;
    exports::until_ready(&stage, &id).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.kind, reached(&request)), (RequestType::Access, None));
    assert_eq!(request.progress_by, salt_until(&request));
    assert!(!is_left(&stage, &id));

    let stage = company();
    let id = stage.submit("nobody@example.com").await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::NoMatch);
    assert_eq!(reached(&stage.request(&id)), None);
    assert!(!is_left(&stage, &id));
}

/// A tenant that wants no recheck any more while its paper is written.
#[tokio::test]
async fn a_paper_that_nobody_wants_any_more_goes_when_the_request_ends() {
    let mut stage = company();
    stage.manner.pages = Some(0);
    with_many_contacts(&stage);
    let id = stage.submit(PERSON).await;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(move |stage, function| {
        if function == "CloseRequestFunctionArn" {
            let filed = stage.world.staged().iter().any(|key| key.starts_with("rechecks/"));
            if filed {
                set(stage, Some("PT0S"));
            }
        }
    }));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, None));
    assert_eq!(filings(&stage, &id), 1);
    assert!(!is_left(&stage, &id));
}

/// G4: a zero without its control counts for nothing, however often it is read.
#[tokio::test]
async fn a_zero_without_its_control_is_read_again_for_a_week_and_then_not_called_proven() {
    let stage = company();
    let id = erased(&stage).await;
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    crm.remove("contacts", |row| row["contact_id"].expose() == "C-990001");
    for reading in 1..7 {
        let request = when_due(&stage, &id).await;
        assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Due)), "{reading}");
        assert!(stage.world.paged().is_empty());
    }
    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::NotProven)));
    assert_eq!(request.progress_by, salt_until(&request));
    let events = stage.world.events_of(&stage.tenant, &id);
    let said = events.iter().find(|event| event.kind == EventKind::Rechecked).expect("it is in the audit");
    assert_eq!((said.detail["result"].as_str(), said.detail["unproven"].as_str()), ("not_proven", "crm"));
    assert_eq!(said.tally.and_then(|tally| tally.residue), None, "nothing found is nothing known");
    let paged = stage.world.paged();
    assert_eq!((paged.len(), paged[0].store.as_str(), paged[0].code.as_str()), (1, "crm", "store-unproven"));
    assert!(!is_left(&stage, &id));
}

#[tokio::test]
async fn a_control_that_is_there_again_the_next_day_proves_it() {
    let stage = company();
    let id = erased(&stage).await;
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    crm.remove("contacts", |row| row["contact_id"].expose() == "C-990001");
    when_due(&stage, &id).await;
    stage.plant().await;
    let request = when_due(&stage, &id).await;
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::Clear)));
    assert!(!is_left(&stage, &id));
}

/// A store that is down is waited for as for any other request, but not for ever: what is kept must go one day.
#[tokio::test]
async fn a_store_that_never_answers_again_is_given_up_after_some_days() {
    let stage = company();
    let id = erased(&stage).await;
    stage.world.injector().arm(Plan::outage("connector.").on("crm").class(Class::Transient));
    let request = when_due(&stage, &id).await;
    let parked = request.parked.expect("it is tried again");
    assert_eq!(
        (request.status, parked.code.as_str(), parked.transient),
        (Status::Fulfilled, "store-unavailable", true)
    );
    for _ in 0..1_000 {
        if reached(&stage.request(&id)) != Some(Reached::Due) {
            break;
        }
        when_due(&stage, &id).await;
    }
    let request = stage.request(&id);
    assert_eq!((request.status, reached(&request)), (Status::Fulfilled, Some(Reached::NotProven)));
    assert_eq!((request.progress_by, &request.parked), (salt_until(&request), &None));
    assert!(!is_left(&stage, &id));
}
