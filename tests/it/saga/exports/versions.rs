//! `min_versions`: a store that is behind is asked again until it has caught up.

use domain::event::EventKind;
use domain::export::Export;
use domain::plan::Value;
use domain::request::RequestType;
use domain::{Personal, RequestId, Status};

use super::super::faults::assert_ours_is_clean;
use super::super::shop::{self, NAME, PERSON};
use super::super::stage::Stage;
use super::{access, events, lines, until_ready};

/// The shop's catalog, whose contacts say how new they are.
fn catalog() -> String {
    let fields = "          contact_id: { category: user.unique_id, class: internal }\n";
    shop::CATALOG
        .replace("        resource: contacts\n", "        resource: contacts\n        version: revision\n")
        .replacen(fields, &format!("{fields}          revision: {{ category: system.operations, class: internal, kind: number }}\n"), 1)
}

fn stage() -> Stage {
    let stage = Stage::new(1);
    stage.world.publish_yaml(&catalog()).expect("the catalog is whole");
    stage
}

/// The person's contact, as of a revision; with it what the shop knows of them by then.
fn revise(stage: &Stage, id: &str, revision: &str) {
    let catalog = stage.world.current_catalog().expect("published");
    let crm = catalog.store(&"crm".parse().expect("a store")).expect("there");
    let text = |text: &str| Value::Text(Personal::new(text));
    let row = [
        ("contact_id", text(id)),
        ("customer_id", Value::Number(Personal::new("1"))),
        ("email", text(PERSON)),
        ("full_name", text(NAME)),
        ("revision", Value::Number(Personal::new(revision))),
    ];
    let row = row.map(|(name, value)| (name.to_owned(), value)).into();
    let database = stage.world.database(&stage.tenant, &crm.id);
    database.put(crm.collection("contacts").expect("there"), row).expect("put");
}

async fn at_least(stage: &Stage, store: &str, version: &str) -> RequestId {
    let min_versions = [(store.parse().expect("a store"), version.to_owned())].into();
    let export = Export { min_versions, ..Export::default() };
    stage.submit_as(RequestType::Access, Some(export), &[("email", PERSON)], None).await
}

/// Parked for the store, and looked after at growing intervals; a time after which that was so.
async fn assert_asked_again(stage: &Stage, id: &RequestId, times: usize) {
    let mut waits = Vec::new();
    for _ in 0..times {
        let request = stage.request(id);
        let parked = request.parked.as_ref().expect("parked");
        assert_eq!((parked.code.as_str(), parked.transient), ("store-behind", true), "{}", parked.detail);
        assert_eq!((parked.state.as_str(), request.status), ("CollectStore", Status::Parked));
        waits.push(stage.sweep_when_due(id).await);
        stage.play().await;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60][..times]);
}

/// What is new by then is in the package, also what could not be located before.
#[tokio::test]
async fn a_store_that_is_behind_is_asked_again_until_it_has_caught_up() {
    let stage = stage();
    revise(&stage, "C0001", "6");
    let id = at_least(&stage, "crm", "7").await;
    stage.play().await;
    assert_asked_again(&stage, &id, 7).await;
    revise(&stage, "C0001", "7");
    shop::interaction(&stage.world, &stage.tenant, 9_000, "C0001", NAME);
    let by = stage.request(&id).progress_by.expect("looked after");
    stage.world.fake_clock().advance_to(by);
    stage.sweep().await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(lines(&files, "crm/contacts")[0]["revision"], 7);
    assert_eq!(lines(&files, "crm/interactions").len(), 4, "what is new is there too");
    assert_eq!(super::manifest(&files)["settings"]["min_versions.crm"], "7");
    assert_eq!(events(&stage, &id, EventKind::Packaged).len(), 1);
    stage.play_to_the_end(&id).await;
    assert_ours_is_clean(&stage, &id);
}

/// What another collection of the store counts says nothing of the one that is meant.
#[tokio::test]
async fn a_collection_is_as_new_as_its_own_records() {
    let (stage, of) = (stage(), "        resource: interactions\n");
    let counting = catalog().replace(of, &format!("{of}        version: interaction_id\n"));
    stage.world.publish_yaml(&counting).expect("the catalog is whole");
    revise(&stage, "C0001", "6");
    shop::interaction(&stage.world, &stage.tenant, 9_000, "C0001", NAME);
    let id = at_least(&stage, "crm/contacts", "7").await;
    stage.play().await;
    assert_asked_again(&stage, &id, 2).await;
    revise(&stage, "C0001", "7");
    stage.sweep_when_due(&id).await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(lines(&files, "crm/contacts")[0]["revision"], 7);
    assert_eq!(super::manifest(&files)["settings"]["min_versions.crm/contacts"], "7");
}

/// It catches up while the step is retried: then nobody notices.
#[tokio::test]
async fn a_store_that_catches_up_soon_is_only_read_again() {
    let stage = stage();
    revise(&stage, "C0001", "6");
    let mut calls = 0;
    super::before(&stage, "CollectStore", move |stage| {
        calls += 1;
        if calls == 5 {
            revise(stage, "C0001", "8");
        }
    });
    let id = at_least(&stage, "crm", "7").await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(lines(&files, "crm/contacts")[0]["revision"], 8);
    assert!(events(&stage, &id, EventKind::Parked).is_empty());
}

/// A store that does not know the person yet is behind, too: an answer without it would be one of before.
#[tokio::test]
async fn a_store_that_has_nothing_of_the_person_yet_is_waited_for() {
    let stage = stage();
    let crm = stage.world.database(&stage.tenant, &"crm".parse().expect("a store"));
    let mine = |row: &testkit::memory::Row| {
        let is = |field: &str, value: &str| row.get(field).is_some_and(|v| v.expose() == value);
        is("customer_id", "1") || is("contact_id", "C0001")
    };
    for table in ["contacts", "interactions", "revenue_by_customer"] {
        crm.remove(table, mine);
    }
    let id = at_least(&stage, "crm", "7").await;
    stage.play().await;
    assert_asked_again(&stage, &id, 2).await;
    revise(&stage, "C0001", "7");
    stage.sweep_when_due(&id).await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(lines(&files, "crm/contacts").len(), 1);
}

/// What cannot be compared is not new enough, and no time mends it: somebody is asked.
#[tokio::test]
async fn versions_that_cannot_be_compared_need_somebody() {
    let stage = stage();
    revise(&stage, "C0001", "6");
    let id = at_least(&stage, "crm", "2026-03-02T09:00:00Z").await;
    stage.play().await;
    let request = stage.request(&id);
    let parked = request.parked.expect("parked");
    assert_eq!((parked.code.as_str(), parked.transient), ("store-behind", false), "{}", parked.detail);
    assert!(parked.detail.contains("cannot be compared"), "{}", parked.detail);
    assert_eq!(request.progress_by, None);
    stage.cancel(&id).await;
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Cancelled);
    assert_ours_is_clean(&stage, &id);
}

/// One record whose version is no version does not hide how new the others are.
#[tokio::test]
async fn one_version_that_is_none_keeps_nobody_waiting() {
    let stage = stage();
    revise(&stage, "C0001", "unknown");
    revise(&stage, "C0002", "7");
    let id = at_least(&stage, "crm", "7").await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(lines(&files, "crm/contacts").len(), 2);
}

/// Objects say when they were written.
#[tokio::test]
async fn objects_are_as_new_as_their_last_writing() {
    let stage = stage();
    let wanted = stage.world.clock().now().checked_add(jiff::SignedDuration::from_mins(90)).expect("in time");
    let id = at_least(&stage, "support", &wanted.to_string()).await;
    stage.play().await;
    assert_asked_again(&stage, &id, 3).await;
    stage.world.fake_clock().advance_to(wanted);
    let support = stage.world.database(&stage.tenant, &"support".parse().expect("a store"));
    support.put_object("shop-support", "tickets/1/T2.json", shop::ticket(PERSON));
    stage.sweep().await;
    let files = until_ready(&stage, &id).await;
    assert_eq!(lines(&files, "support/tickets").len(), 2);
}

/// A store that is away while it is read is waited for at growing intervals, though the others are read again
/// each time.
#[tokio::test]
async fn a_store_that_is_down_while_it_is_read_is_tried_at_growing_intervals() {
    let stage = Stage::new(1);
    let id = access(&stage, PERSON).await;
    stage.world.injector().arm(testkit::inject::Plan::outage("collector.").on("crm"));
    stage.play().await;
    let mut waits = Vec::new();
    for _ in 0..8 {
        let request = stage.request(&id);
        assert_eq!(request.status, Status::Parked);
        let collected = stage.world.staged().into_iter().filter(|key| key.starts_with("collected/"));
        assert_eq!(
            collected.count(),
            0,
            "each try reads everything anew, and leaves nothing of what it read"
        );
        waits.push(stage.sweep_when_due(&id).await);
        stage.play().await;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    stage.world.injector().disarm();
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    assert_ours_is_clean(&stage, &id);
}
