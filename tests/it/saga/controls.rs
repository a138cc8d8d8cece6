//! The positive control (G4): that nobody is found counts only where the store's control person is.

use domain::access::Role;
use domain::event::EventKind;
use domain::export::Format;
use domain::plan::Value;
use domain::request::RequestType;
use domain::{Operation, Personal, RequestId, Status, StoreId};
use jiff::SignedDuration;
use serde_json::json;
use testkit::inject::Plan;
use testkit::memory::{Paging, Row, Sight};

use super::calling;
use super::exports::{access, asked, both, until_ready, writing_letters};
use super::faults::assert_clean;
use super::shop::{self, NAME, NEIGHBOUR, PERSON};
use super::stage::{Stage, tally};

/// What the control is known by in every store.
const CONTROL: [&str; 2] = ["lacuna.invalid", "990001"];

fn store(name: &str) -> StoreId {
    name.parse().expect("a store")
}

/// Every record of the controls.
fn controls(stage: &Stage) -> (Vec<Row>, Vec<String>) {
    let is_control =
        |row: &Row| row.values().any(|value| CONTROL.iter().any(|mark| value.expose().contains(mark)));
    let mut rows = Vec::new();
    for (name, tables) in [
        ("shop", &["shop-customers", "shop-employees", "shop-invoices"]),
        ("crm", &["contacts", "interactions", "revenue_by_customer"]),
    ] {
        let database = stage.world.database(&stage.tenant, &store(name));
        rows.extend(tables.iter().flat_map(|table| database.rows(table)).filter(is_control));
    }
    let support = stage.world.database(&stage.tenant, &store("support"));
    let objects = support.objects("shop-support").into_iter().filter(|key| key.contains(CONTROL[1]));
    (rows, objects.collect())
}

/// The control's contact is gone from the CRM.
fn lose(stage: &Stage) {
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    crm.remove("contacts", |row| row["contact_id"].expose() == "C-990001");
}

/// An officer accepts that what is unproven stays so; the answer's status.
pub async fn accept(stage: &Stage, id: &RequestId, officer: &str) -> u16 {
    let body = json!({"risk": "unproven", "reason": "store-retired"});
    let operation = ("POST", "/v1/requests/{id}/acceptances");
    calling::call(stage, (Role::Officer, officer), operation, Some(id.as_str()), &body).await.0
}

/// Plays until the request is parked, and says for which code.
async fn until_parked(stage: &Stage, id: &RequestId) -> String {
    stage.play().await;
    let parked = stage.request(id).parked.expect("it is parked");
    assert!(parked.transient, "the sweeper tries again");
    assert!(!parked.detail.contains('@'), "{}", parked.detail);
    parked.code
}

/// Sweeps a few times: it stays parked.
async fn stays_parked(stage: &Stage, id: &RequestId) {
    for _ in 0..3 {
        stage.sweep_when_due(id).await;
        assert_eq!(until_parked(stage, id).await, "store-unproven");
    }
}

#[tokio::test]
async fn a_fulfilled_request_found_every_control_and_left_it_alone() {
    let stage = Stage::new(1);
    let before = controls(&stage);
    assert_eq!((before.0.len(), before.1.len()), (6, 2), "{:?}", before.1);
    let id = stage.submit(PERSON).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert!(controls(&stage) == before, "the controls are as they were");
    let tasks = stage.world.tasks_of(&stage.tenant, &id);
    for (name, ways) in [("crm", 4), ("shop", 4), ("support", 2)] {
        let confirm = tasks.iter().find(|t| t.op == Operation::Confirm && t.store == store(name));
        let confirm = confirm.expect("it was read again");
        let seen = confirm.control.expect("the control was found");
        assert_eq!(seen.ways, ways, "{name}");
        assert!(seen.at.duration_since(confirm.at) < SignedDuration::from_hours(24), "{name}");
    }
    let confirmed = stage.world.events_of(&stage.tenant, &id).into_iter();
    for event in confirmed.filter(|event| event.kind == EventKind::Confirmed) {
        assert_eq!(event.detail["proof"], "control");
        assert!(event.detail.contains_key("control") && !event.detail.contains_key("control_missing"));
    }
}

#[tokio::test]
async fn an_erasure_without_its_control_waits_until_the_control_is_found() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
        if function == "ConfirmStoreFunctionArn" {
            lose(stage);
        }
    }));
    assert_eq!(until_parked(&stage, &id).await, "store-unproven");
    let request = stage.request(&id);
    assert_eq!(
        (request.unproven.clone(), request.parked.and_then(|p| p.store)),
        (vec![store("crm")], Some(store("crm")))
    );
    assert_eq!(tally(&stage, &id, Operation::Confirm, "crm").residue, Some(0), "nothing was found there");
    stays_parked(&stage, &id).await;
    assert!(stage.request(&id).attempts > 3, "each time later");
    *stage.meanwhile.lock().expect("not poisoned") = None;
    assert_eq!(stage.plant().await.missing, []);
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.unproven), (Status::Fulfilled, vec![]));
    assert_clean(&stage, &id);
}

#[tokio::test]
async fn two_officers_who_accept_it_end_the_request_partially() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
        if function == "ConfirmStoreFunctionArn" {
            lose(stage);
        }
    }));
    assert_eq!(until_parked(&stage, &id).await, "store-unproven");
    assert_eq!((accept(&stage, &id, "one").await, accept(&stage, &id, "one").await), (202, 409));
    stays_parked(&stage, &id).await;
    assert_eq!(accept(&stage, &id, "two").await, 202);
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.unproven), (Status::PartiallyFulfilled, vec![store("crm")]));
    assert_clean(&stage, &id);
    let told = stage.world.announced();
    assert_eq!(told.last().expect("an outcome").announcement.unproven, [store("crm")]);
    let events = stage.world.events_of(&stage.tenant, &id);
    let closed = events.iter().find(|event| event.kind == EventKind::Closed).expect("it ended");
    assert_eq!(closed.detail["unproven"], "crm");
}

/// What two officers accepted for one store is nothing to another.
#[tokio::test]
async fn what_was_accepted_counts_for_no_other_store() {
    let stage = Stage::new(1);
    stage.world.make_blind(&store("crm"), Sight::Locate);
    let id = stage.submit("nobody@example.com").await;
    until_parked(&stage, &id).await;
    assert_eq!(accept(&stage, &id, "one").await, 202);
    stage.world.make_blind(&store("shop"), Sight::Locate);
    stays_parked(&stage, &id).await;
    assert_eq!(stage.request(&id).unproven, ["crm", "shop"].map(store));
    assert_eq!(accept(&stage, &id, "two").await, 202);
    stays_parked(&stage, &id).await;
    assert_eq!(accept(&stage, &id, "one").await, 202, "for the other one");
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::PartiallyFulfilled);
}

/// A search that is broken finds nobody, and says nothing about it.
#[tokio::test]
async fn a_search_that_silently_finds_nothing_is_never_called_an_end() {
    for broken in ["shop", "support", "crm"] {
        for sights in [&[Sight::Locate][..], &[Sight::Confirm], &[Sight::Locate, Sight::Confirm]] {
            let stage = Stage::new(1);
            for sight in sights {
                stage.world.make_blind(&store(broken), *sight);
            }
            let id = stage.submit(PERSON).await;
            stage.play().await;
            let request = stage.request(&id);
            // What locating did not find, and confirming does, is residue.
            let found = request.residue_rounds > 0;
            assert_eq!(request.status, Status::Parked, "{broken} {sights:?}");
            assert!(
                found || request.unproven == [store(broken)],
                "{broken} {sights:?}: {:?}",
                request.unproven
            );
            stage.world.make_see();
            if !request.parked.is_some_and(|parked| parked.transient) {
                stage.resume(&id).await;
            }
            assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled, "{broken} {sights:?}");
            assert_clean(&stage, &id);
        }
    }
}

#[tokio::test]
async fn nobody_is_called_unknown_where_the_control_is_not_found() {
    let stage = Stage::new(1);
    let stores = ["crm", "shop", "support"].map(store);
    for one in &stores {
        stage.world.make_blind(one, Sight::Locate);
    }
    let id = stage.submit(PERSON).await;
    assert_eq!(until_parked(&stage, &id).await, "store-unproven");
    // The support is looked into by customer number alone, and none was found.
    assert_eq!(stage.request(&id).unproven, stores[..2]);
    stays_parked(&stage, &id).await;
    stage.world.make_see();
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled, "they are found after all");
    assert_clean(&stage, &id);
}

#[tokio::test]
async fn nobody_found_and_accepted_as_unproven_is_not_called_no_match() {
    let stage = Stage::new(1);
    stage.world.make_blind(&store("crm"), Sight::Locate);
    let id = stage.submit("nobody@example.com").await;
    assert_eq!(until_parked(&stage, &id).await, "store-unproven");
    assert_eq!((accept(&stage, &id, "one").await, accept(&stage, &id, "two").await), (202, 202));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.unproven), (Status::PartiallyFulfilled, vec![store("crm")]));
    // Nobody in stores that all find their control is a plain end.
    let plain = Stage::new(1);
    let id = plain.submit("nobody@example.com").await;
    assert_eq!(plain.play_to_the_end(&id).await.status, Status::NoMatch);
}

/// A catalog without a control was published before there were any: its stores are unproven.
#[tokio::test]
async fn a_store_without_a_control_proves_nothing() {
    let stage = Stage::new(1);
    let catalog = stage.world.current_catalog().expect("published");
    let mut catalog = (*catalog).clone();
    catalog.stores[0].control = None;
    let json = serde_json::to_string(&catalog).expect("json");
    stage.world.publish(contract::catalog::Published { version: "before".into(), json, catalog });
    let id = stage.submit(PERSON).await;
    assert_eq!(until_parked(&stage, &id).await, "store-unproven");
    assert_eq!(stage.request(&id).unproven, [store("shop")]);
}

/// The person would be shown less than is held about them, and told that it is all.
#[tokio::test]
async fn nothing_is_shown_while_a_store_is_unproven() {
    let stage = Stage::new(1);
    stage.world.make_blind(&store("crm"), Sight::Locate);
    let id = access(&stage, PERSON).await;
    assert_eq!(until_parked(&stage, &id).await, "store-unproven");
    assert_eq!(stage.request(&id).unproven, [store("crm")]);
    assert!(stage.world.stored_packages("").is_empty());
    stage.world.make_see();
    stage.sweep_when_due(&id).await;
    let files = until_ready(&stage, &id).await;
    assert!(files.keys().any(|name| name.starts_with("crm/")), "{:?}", files.keys());
}

#[tokio::test]
async fn an_export_accepted_as_unproven_is_not_called_fulfilled() {
    let stage = Stage::new(1);
    stage.world.make_blind(&store("crm"), Sight::Locate);
    let id = access(&stage, PERSON).await;
    until_parked(&stage, &id).await;
    assert_eq!((accept(&stage, &id, "one").await, accept(&stage, &id, "two").await), (202, 202));
    let request = stage.play_to_the_end(&id).await;
    assert_eq!((request.status, request.unproven), (Status::PartiallyFulfilled, vec![store("crm")]));
}

/// What officers accepted about finding the person says nothing about reading the stores again.
#[tokio::test]
async fn what_was_accepted_for_an_export_is_not_accepted_for_the_erasure() {
    let stage = Stage::new(1);
    stage.world.make_blind(&store("crm"), Sight::Locate);
    let id = both(&stage).await;
    until_parked(&stage, &id).await;
    assert_eq!((accept(&stage, &id, "one").await, accept(&stage, &id, "two").await), (202, 202));
    let files = until_ready(&stage, &id).await;
    assert!(!files.keys().any(|name| name.starts_with("crm/")), "{:?}", files.keys());
    stage.world.make_see();
    stage.world.make_blind(&store("crm"), Sight::Confirm);
    stage.sweep_when_due(&id).await;
    for _ in 0..10 {
        stage.play().await;
        let request = stage.request(&id);
        assert!(!request.status.is_end(), "it ended as {}", request.status);
        if request.parked.is_some() {
            break;
        }
        stage.sweep_when_due(&id).await;
    }
    let request = stage.request(&id);
    assert_eq!((request.unproven, request.accepted_risks), (vec![store("crm")], vec![]));
    assert!(request.erasing_begun);
}

#[tokio::test]
async fn a_control_is_in_nobody_s_export() {
    let stage = Stage::new(1);
    let id = access(&stage, NEIGHBOUR).await;
    let files = until_ready(&stage, &id).await;
    for (name, bytes) in &files {
        let text = String::from_utf8_lossy(bytes);
        for mark in CONTROL {
            assert!(!name.contains(mark) && !text.contains(mark), "{name}");
        }
    }
}

/// Neither what a company is told, nor what a person is written, nor what an owner is paged with, be the control found or not.
#[tokio::test]
async fn a_control_is_in_nothing_that_anybody_is_told() {
    for lost in [false, true] {
        let stage = writing_letters().await;
        if lost {
            *stage.meanwhile.lock().expect("not poisoned") = Some(Box::new(|stage, function| {
                if function == "ConfirmStoreFunctionArn" {
                    lose(stage);
                }
            }));
        }
        let id = both(&stage).await;
        until_ready(&stage, &id).await;
        // Nobody fetches it.
        stage.sweep_when_due(&id).await;
        if lost {
            assert_eq!(until_parked(&stage, &id).await, "store-unproven");
            assert_eq!((accept(&stage, &id, "one").await, accept(&stage, &id, "two").await), (202, 202));
        }
        let request = stage.play_to_the_end(&id).await;
        let outcome = if lost { Status::PartiallyFulfilled } else { Status::Fulfilled };
        assert_eq!(request.status, outcome);
        let announced = stage.world.announced();
        let told = announced.iter().map(|told| serde_json::to_string(&told.announcement).expect("JSON"));
        let letters = stage.world.letters();
        let written = letters.iter().map(|letter| {
            let data = letter.data.iter().map(|(name, value)| format!("{name}: {}", value.expose()));
            let own = [&letter.to.expose().to_owned(), &letter.from, &letter.template].map(Clone::clone);
            own.into_iter().chain(data).collect::<Vec<_>>().join("\n")
        });
        let all: Vec<String> = told.chain(written).collect();
        assert!(announced.len() > 2 && !letters.is_empty(), "{all:?}");
        for text in &all {
            assert!(!CONTROL.iter().any(|mark| text.contains(mark)), "{text}");
        }
        // Nor is it one of those that are counted.
        for told in announced.iter().filter(|told| told.announcement.status == outcome) {
            let crm = told.announcement.stores.iter().find(|told| told.store == store("crm"));
            let crm = crm.expect("what became of the CRM");
            assert_eq!((crm.located, crm.erased, crm.anonymised), (7, 4, 3));
        }
    }
}

/// Whoever names the control all the same gets nothing of it: what is found of it is left alone.
#[tokio::test]
async fn a_control_is_not_erased_even_if_somebody_leads_to_it() {
    let stage = Stage::new(1);
    let before = controls(&stage);
    stage.submit_all(&[("email", PERSON), ("email", "control@lacuna.invalid")]).await;
    stage.play().await;
    assert!(controls(&stage) == before, "the controls are as they were");
    assert!(!shop::mentions(&stage.world, &stage.tenant, NAME));
}

/// Small pages, pages that begin empty, and a step that does one page a call.
#[tokio::test]
async fn what_is_proven_so_far_is_kept_between_calls() {
    let mut stage = Stage::new(1);
    stage.manner.pages = Some(1);
    stage.manner.twice = true;
    stage.world.set_paging(Paging { size: 1, begins_empty: true });
    let id = stage.submit(PERSON).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert_clean(&stage, &id);
}

#[tokio::test]
async fn controls_are_planted_again_and_twice_is_once() {
    let stage = Stage::new(1);
    let before = controls(&stage);
    let everything = shop::everything(&stage.world, &stage.tenant);
    assert_eq!((stage.plant().await.found, stage.plant().await.missing), (3, vec![]));
    assert!(shop::everything(&stage.world, &stage.tenant) == everything, "twice is once");
    lose(&stage);
    assert!(controls(&stage) != before);
    assert_eq!(stage.plant().await.found, 3);
    assert!(controls(&stage) == before);
}

#[tokio::test]
async fn one_store_s_trouble_does_not_keep_the_others_from_their_control() {
    let stage = Stage::new(1);
    let before = controls(&stage);
    lose(&stage);
    stage.world.injector().arm(Plan::outage("planter.").on("shop"));
    let done = stage.plant().await;
    let missing: Vec<&str> = done.missing.iter().map(|missing| missing.store.as_str()).collect();
    assert_eq!((done.found, missing), (2, vec!["shop"]));
    assert!(done.ended().is_err(), "the run fails, after all had their turn");
    assert!(controls(&stage) == before);
}

/// A real person who got the control's number keeps their record, and somebody hears of it.
#[tokio::test]
async fn a_real_person_s_record_is_never_planted_over() {
    let stage = Stage::new(1);
    lose(&stage);
    shop::contact_of(&stage.world, &stage.tenant, "C-990001", 12, NEIGHBOUR, "Neigh Bour");
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    let before = crm.rows("contacts");
    let done = stage.plant().await;
    assert_eq!(done.missing.iter().map(|missing| missing.store.clone()).collect::<Vec<_>>(), [store("crm")]);
    assert!(!done.missing[0].why.contains('@'), "{:?}", done.missing);
    assert_eq!(crm.rows("contacts"), before);
}

/// What its owner plants Lacuna does not write, and looks for all the same.
#[tokio::test]
async fn what_the_owner_plants_is_only_looked_for() {
    let stage = Stage::new(1);
    let owned = shop::CATALOG.replace(
        "    # Whatever may not be NULL has a value.\n    control:\n",
        "    control:\n      planted_by: owner\n",
    );
    assert_ne!(owned, shop::CATALOG);
    stage.world.publish_yaml(&owned).expect("the catalog is whole");
    lose(&stage);
    let done = stage.plant().await;
    assert_eq!((done.found, done.missing.len()), (2, 1));
    assert_eq!(
        (done.missing[0].store.as_str(), done.missing[0].why.as_str()),
        ("crm", "contacts.customer_id")
    );
    let customer = Value::Number(Personal::new("990001"));
    let crm = stage.world.database(&stage.tenant, &store("crm"));
    assert!(!crm.rows("contacts").iter().any(|row| row["customer_id"] == customer));
    assert!(done.ended().is_ok(), "nothing failed");
}

/// Whoever is asked for, a request of any kind rests on the controls of what it searched.
#[tokio::test]
async fn a_portable_copy_of_nobody_is_not_made_while_a_store_is_unproven() {
    let stage = Stage::new(1);
    stage.world.make_blind(&store("shop"), Sight::Locate);
    let export = asked(Format::Json);
    let id = stage
        .submit_as(RequestType::Portability, Some(export), &[("email", "nobody@example.com")], None)
        .await;
    assert_eq!(until_parked(&stage, &id).await, "store-unproven");
    stage.world.make_see();
    stage.sweep_when_due(&id).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::NoMatch);
}
