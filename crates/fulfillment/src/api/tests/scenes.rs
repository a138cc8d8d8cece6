//! The calls whose answers `infra/openapi.yaml` has as examples.

use domain::Status;
use domain::access::Role;
use domain::event::EnterAt;
use domain::recheck::{Recheck, Stage};
use domain::request::{Parked, PlanRef};
use jiff::SignedDuration;
use ports::Class;
use serde_json::json;
use testkit::inject::{Plan, Point};

use super::documented::body;
use super::schema::Document;
use super::*;

/// The id of a test's first request, as the document has it.
const REQUEST: &str = "req_01kjpwd6m0b9d5mpjtb9d5mpjt";

/// An example's name, and what the program answers.
pub(super) type Scene = (&'static str, Answer);

/// All of them.
pub(super) async fn scenes(document: &Document) -> Vec<Scene> {
    let mut scenes = Box::pin(submitting(document)).await;
    scenes.extend(showing(document).await);
    scenes.extend(changing(document).await);
    scenes.extend(holding(document).await);
    scenes.extend(restoring(document).await);
    scenes.extend(packing(document).await);
    scenes.extend(refusing(document).await);
    scenes.extend(Box::pin(crate::fetch::tests::scenes()).await);
    scenes.extend(crate::vault::tests::scenes(|name| body(document, name)).await);
    scenes.extend(Box::pin(crate::auditing::tests::scenes()).await);
    scenes.extend(Box::pin(crate::masking::tests::scenes(|name| body(document, name))).await);
    scenes
}

/// A front door behind which the person's request was taken in.
async fn taken_in(document: &Document) -> (Front, RequestId) {
    let front = plain_front();
    let who = caller(Role::Backend);
    let answer = front.post_with(&who, "/v1/requests", "k", &body(document, "verified")).await;
    assert_eq!(id_of(&answer).as_str(), REQUEST);
    (front, id_of(&answer))
}

async fn submitting(document: &Document) -> Vec<Scene> {
    let who = caller(Role::Backend);
    let send =
        async |front: &Front, key: &str, body: &Value| front.post_with(&who, "/v1/requests", key, body).await;
    let (front, _) = taken_in(document).await;
    let wrong = json!({"type": "erasure", "subject": {"identities": [], "name": "A"},
        "verification": {"method": "session", "at": "yesterday", "reference": "r"}});
    let mut unfit = body(document, "verified");
    unfit["subject"]["identities"] =
        json!([{"type": "email", "value": "a"}, {"type": "shoe_size", "value": "42"}]);
    let by_person = with_key(&person(&[PERSON]), "/v1/requests", "k", &body(document, "byThePerson"));
    assert_eq!(plain_front().send(&by_person).await.status, 202);
    let (listing, _) = taken_in(document).await;
    let by_person = with_key(&person(&[PERSON]), "/v1/requests", "k", &body(document, "access"));
    assert_eq!(plain_front().send(&by_person).await.status, 202);
    for example in ["encrypted", "exportFirst"] {
        let answer = send(&plain_front(), "k", &body(document, example)).await;
        assert_eq!(answer.status, 202, "{example}: {}", answer.body);
    }
    let mut wrong_export = body(document, "encrypted");
    wrong_export["recipient"]["age"] =
        json!("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8q");
    wrong_export["min_versions"] = json!({"crm": "7", "warehouse": "7"});
    let mut bare = body(document, "verified");
    bare["format"] = json!("csv");
    listing.world.fake_clock().advance(SignedDuration::from_secs(1));
    assert_eq!(send(&listing, "l", &submission("b@example.com")).await.status, 202);
    vec![
        ("accepted", send(&front, "k", &body(document, "verified")).await),
        ("awaitingVerification", send(&plain_front(), "k", &body(document, "unverified")).await),
        ("duplicate", send(&front, "l", &body(document, "verified")).await),
        ("wrongFields", send(&front, "m", &wrong).await),
        ("wrongIdentities", send(&front, "m", &unfit).await),
        ("wrongExport", send(&front, "m", &wrong_export).await),
        ("bareErasure", send(&front, "m", &bare).await),
        ("noKey", front.post(&who, "/v1/requests", &body(document, "verified")).await),
        ("keyReused", send(&front, "k", &body(document, "unverified")).await),
        ("requests", listing.ask(&who, "GET", "/v1/requests?limit=1").await),
    ]
}

pub(super) fn parked(draft: &mut Draft) {
    draft.request.status = Status::Parked;
    draft.request.progress_by = "2026-03-02T09:04:00Z".parse().ok();
    let store = "crm".parse().expect("a store");
    draft.request.parked = Some(Parked {
        enter_at: EnterAt::Plan,
        state: "LocateStores".into(),
        store: Some(store),
        code: "store-unavailable".into(),
        detail: "Lacuna.Transient: store-unavailable: connect on crm: timeout".into(),
        transient: true,
    });
    let failed = task(Operation::Locate, "crm", Tally::default());
    draft.tasks.push(Task { status: TaskStatus::Failed, ..failed });
}

pub(super) fn unproven(draft: &mut Draft) {
    parked(draft);
    draft.request.unproven = vec!["crm".parse().expect("a store")];
    if let Some(parked) = &mut draft.request.parked {
        "CloseRequest".clone_into(&mut parked.state);
        "store-unproven".clone_into(&mut parked.code);
        "store-unproven: nobody is found, and the control person is not either, in crm (contacts.email)"
            .clone_into(&mut parked.detail);
    }
    draft.tasks = vec![Task {
        control_missing: Some("contacts.email".into()),
        ..task(Operation::Locate, "crm", Tally::default())
    }];
}

/// The person was found again after the end.
pub(super) fn found_again(draft: &mut Draft) {
    parked(draft);
    draft.request.progress_by = None;
    draft.request.erasing_begun = true;
    draft.request.announced = true;
    draft.request.closed_at = "2026-03-02T09:00:00Z".parse().ok();
    if let Some(parked) = &mut draft.request.parked {
        parked.enter_at = EnterAt::Recheck;
        "Recheck".clone_into(&mut parked.state);
        "person-found-again".clone_into(&mut parked.code);
        "person-found-again: records of the person are there again: 1 in crm".clone_into(&mut parked.detail);
        parked.transient = false;
    }
    draft.request.recheck = Some(Recheck {
        stage: Stage::Found,
        at: "2026-04-01T09:00:00Z".parse().expect("an instant"),
        ended: Status::Fulfilled,
        paper: Some(PlanRef { object: "rechecks/demo/1/paper".into(), sha256: "0".repeat(64) }),
        reading: 1,
        compared_by: None,
        stores: vec!["crm".parse().expect("a store")],
        terms_at: None,
        unproven: 0,
        unpaged: false,
        found: [("crm".parse().expect("a store"), 1)].into(),
        since: "2026-04-01T09:00:00Z".parse().ok(),
        paged: 1,
        of: String::new(),
        pages: 0,
    });
    let confirmed = task(Operation::Confirm, "crm", Tally { residue: Some(0), ..Tally::default() });
    draft.tasks = vec![erase_task("crm", &[("contacts", erased(1))]), confirmed];
}

fn located(draft: &mut Draft) {
    let found = |located| Tally { located, ..Tally::default() };
    draft
        .tasks
        .extend([task(Operation::Locate, "crm", found(1)), task(Operation::Locate, "shop", found(10))]);
    draft.tasks.push(task(Operation::Suppress, "shop", Tally::default()));
    draft.request.cooling_off_until = "2026-04-01T09:00:00Z".parse().ok();
}

fn settled(draft: &mut Draft) {
    let shop = [("customers", erased(1)), ("invoices", anonymised(2)), ("lines", retained(7))];
    draft.tasks.extend([erase_task("crm", &[("contacts", erased(1))]), erase_task("shop", &shop)]);
    for store in ["crm", "shop"] {
        draft.tasks.push(task(Operation::Confirm, store, Tally { residue: Some(0), ..Tally::default() }));
    }
}

async fn showing(document: &Document) -> Vec<Scene> {
    let who = caller(Role::Officer);
    let show =
        async |front: &Front, id: &RequestId| front.ask(&who, "GET", &format!("/v1/requests/{id}")).await;
    let (front, id) = taken_in(document).await;
    front.pin(&id).await;
    for status in [Status::Checking, Status::CoolingOff] {
        front.change(&id, |draft| draft.request.status = status).await;
    }
    front
        .change(&id, |draft| {
            draft.request.status = Status::Suppressed;
            located(draft);
        })
        .await;
    let cooling_off = show(&front, &id).await;
    for status in [Status::Checking, Status::Erasing, Status::Confirming] {
        front.change(&id, |draft| draft.request.status = status).await;
    }
    front.change(&id, settled).await;
    front
        .change(&id, |draft| {
            draft.request.status = Status::Fulfilled;
            draft.request.closed_at = "2026-04-01T09:02:00Z".parse().ok();
        })
        .await;
    let fulfilled = show(&front, &id).await;
    let ended = front.ask(&who, "DELETE", &format!("/v1/requests/{id}")).await;
    let (front, id) = taken_in(document).await;
    front.change(&id, parked).await;
    let stopped = show(&front, &id).await;
    let resumed = front.ask(&who, "POST", &format!("/v1/requests/{id}/resume")).await;
    let acceptances = format!("/v1/requests/{id}/acceptances");
    let acceptance = body(document, "acceptance");
    let not_unproven = front.post(&who, &acceptances, &acceptance).await;
    let (front, _) = taken_in(document).await;
    front.change(&id, unproven).await;
    let accepted = front.post(&who, &acceptances, &acceptance).await;
    let again = front.post(&who, &acceptances, &acceptance).await;
    let (front, _) = taken_in(document).await;
    let (dismiss, dismissal) = (format!("/v1/requests/{id}/dismiss"), body(document, "dismissal"));
    let nothing_to_dismiss = front.post(&who, &dismiss, &dismissal).await;
    front.change(&id, found_again).await;
    let resume = format!("/v1/requests/{id}/resume");
    let undecided = front.ask(&who, "POST", &resume).await;
    let dismissed = front.post(&who, &dismiss, &dismissal).await;
    let (front, _) = taken_in(document).await;
    front.change(&id, found_again).await;
    front.world.fake_clock().advance_to("2026-04-01T09:00:00Z".parse().expect("an instant"));
    let erased_again = front.post(&who, &resume, &body(document, "eraseAgain")).await;
    vec![
        ("notUnproven", not_unproven),
        ("acceptedOnce", accepted),
        ("acceptedAlready", again),
        ("nothingToDismiss", nothing_to_dismiss),
        ("dismissed", dismissed),
        ("undecided", undecided),
        ("erasedAgain", erased_again),
        ("coolingOff", cooling_off),
        ("fulfilled", fulfilled),
        ("ended", ended),
        ("parked", stopped),
        ("resumed", resumed),
    ]
}

async fn changing(document: &Document) -> Vec<Scene> {
    let who = caller(Role::Officer);
    let (front, id) = taken_in(document).await;
    let request = format!("/v1/requests/{id}");
    let cancelling = front.ask(&who, "DELETE", &request).await;
    let timeline = front.ask(&who, "GET", &format!("{request}/timeline")).await;
    let (front, id) = taken_in(document).await;
    front.pin(&id).await;
    let not_parked = front.ask(&who, "POST", &format!("{request}/resume")).await;
    front.change(&id, |draft| draft.request.erasing_begun = true).await;
    let erasing = front.ask(&who, "DELETE", &request).await;
    let front = plain_front();
    let backend = caller(Role::Backend);
    front.post_with(&backend, "/v1/requests", "k", &body(document, "unverified")).await;
    let verification = format!("{request}/verification");
    let mut old = body(document, "session");
    old["at"] = json!("2026-02-28T08:59:00Z");
    let too_old = front.post(&who, &verification, &old).await;
    let verified = front.post(&who, &verification, &body(document, "session")).await;
    let mut other = body(document, "session");
    other["reference"] = json!("another");
    vec![
        ("cancelling", cancelling),
        ("timeline", timeline),
        ("notParked", not_parked),
        ("erasing", erasing),
        ("tooOld", too_old),
        ("verified", verified),
        ("alreadyVerified", front.post(&who, &verification, &other).await),
    ]
}

async fn restoring(document: &Document) -> Vec<Scene> {
    let (front, who) = (plain_front(), caller(Role::Owner));
    let replays = "/v1/ledger/replays";
    let not_declared = front.post(&who, replays, &body(document, "replay")).await;
    let restored = front.post(&who, "/v1/ledger/restores", &body(document, "restore")).await;
    let not_counted = front.post(&who, replays, &body(document, "replay")).await;
    assert_eq!(front.post(&who, replays, &body(document, "count")).await.status, 202);
    count(&front).await;
    front.world.fake_clock().advance(SignedDuration::from_hours(1));
    let other_count = front.post(&who, replays, &json!({"store": "crm", "expect": 3})).await;
    let begun = front.post(&who, "/v1/ledger/replays", &body(document, "replay")).await;
    let id = json_of(&begun)["replay_id"].as_str().expect("an id").to_owned();
    let wrong = json!({"store": "crm-prod", "taken_at": "2036-03-01T00:00:00Z"});
    vec![
        ("restored", restored),
        ("replayBegun", begun),
        ("replayShown", front.ask(&who, "GET", &format!("/v1/ledger/replays/{id}")).await),
        ("ledgerStores", front.ask(&who, "GET", "/v1/ledger/stores").await),
        ("notDeclared", not_declared),
        ("notCounted", not_counted),
        ("otherCount", other_count),
        ("notRestored", front.post(&who, "/v1/ledger/restores", &wrong).await),
        ("wrongRate", front.post(&who, "/v1/ledger/replays", &json!({"store": "crm", "rate": 0})).await),
    ]
}

async fn packing(document: &Document) -> Vec<Scene> {
    let (front, who) = (plain_front(), caller(Role::Auditor));
    let pack = body(document, "pack");
    let (mut wrong, mut other) = (pack.clone(), pack.clone());
    wrong["period"] = json!("2026-Q5");
    other["period"] = json!("2026-01");
    vec![
        ("packNoted", front.post(&who, "/v1/audit/packs", &pack).await),
        ("packOfAnotherPeriod", front.post(&who, "/v1/audit/packs", &other).await),
        ("wrongPack", front.post(&who, "/v1/audit/packs", &wrong).await),
    ]
}

/// Brings a dry run to its end.
pub(super) async fn count(front: &Front) {
    let w = &front.world;
    let ports = crate::steps::replay_ledger::Ports {
        ledger: w.ledger(),
        requests: w.requests(),
        keyring: w.keyring(),
        staging: w.staging(),
        catalogs: w.catalogs(),
        stores: w.stores(),
        clock: w.clock(),
        entropy: w.entropy(),
    };
    let ran = crate::steps::replay_ledger::run(&ports, &testkit::clock::UnlimitedBudget).await;
    assert_eq!(ran.ended(), Ok(1));
}

async fn holding(document: &Document) -> Vec<Scene> {
    let who = caller(Role::Officer);
    let hold = body(document, "litigation");
    let front = plain_front();
    let placed = front.post_with(&who, "/v1/holds", "k", &hold).await;
    front.world.fake_clock().advance(SignedDuration::from_hours(1));
    let id = json_of(&placed)["hold_id"].as_str().expect("an id").to_owned();
    assert_eq!(front.ask(&who, "DELETE", &format!("/v1/holds/{id}")).await.status, 204);
    let holds = front.ask(&who, "GET", "/v1/holds").await;
    let (front, id) = taken_in(document).await;
    front.pin(&id).await;
    front.change(&id, |draft| draft.tasks.push(task(Operation::Erase, "shop", Tally::default()))).await;
    let (mut wordy, mut past) = (hold.clone(), hold.clone());
    wordy["reason"] = json!("Somebody said so.");
    past["review_at"] = json!("2026-03-01T00:00:00Z");
    vec![
        ("placed", placed),
        ("holds", holds),
        ("placedTooLate", front.post(&who, "/v1/holds", &hold).await),
        ("wrongHold", front.post(&who, "/v1/holds", &wordy).await),
        ("inThePast", front.post(&who, "/v1/holds", &past).await),
    ]
}

async fn refusing(document: &Document) -> Vec<Scene> {
    let who = caller(Role::Backend);
    let (front, id) = taken_in(document).await;
    let large = Call { body: vec![b' '; 70_000], ..with_key(&who, "/v1/requests", "k", &json!(null)) };
    let nobody = Principal { identities: vec![identity("phone", "1")], ..person(&[]) };
    let new = Principal { tenant: tenant("new"), ..who.clone() };
    let submit = body(document, "verified");
    let scenes = vec![
        ("forbidden", front.post(&who, "/v1/holds", &body(document, "litigation")).await),
        (
            "unknownPerson",
            front.post_with(&nobody, "/v1/requests", "k", &body(document, "byThePerson")).await,
        ),
        ("notFound", front.ask(&person(&["b@example.com"]), "GET", &format!("/v1/requests/{id}")).await),
        (
            "wrongReason",
            front
                .post(
                    &caller(Role::Officer),
                    &format!("/v1/requests/{id}/dismiss"),
                    &json!({"reason": "They came back."}),
                )
                .await,
        ),
        ("wrongQuery", front.ask(&who, "GET", "/v1/requests?limit=1000&state=held").await),
        ("wrongCursor", front.ask(&who, "GET", "/v1/requests?cursor=x").await),
        ("tooLarge", front.send(&large).await),
        ("notSetUp", front.post_with(&new, "/v1/requests", "k", &submit).await),
    ];
    front.world.injector().arm(Plan::nth(Point::KeyringObtain, 0).class(Class::Transient));
    let unavailable = front.post_with(&who, "/v1/requests", "k", &submit).await;
    scenes.into_iter().chain([("unavailable", unavailable)]).collect()
}
