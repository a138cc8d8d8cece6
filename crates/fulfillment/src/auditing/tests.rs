//! The auditors' door, over memory.

mod joined;
mod late;
mod receipts;

use audit::receipt::{DETAIL, subject_mark};
use audit::verify::{Export, File, Found, Pinned};
use audit::{Statement, VerifierKey};
use contract::audit::{CheckpointView, ExportPart, KeyView};
use domain::Status;
use domain::access::Role;
use domain::event::EventKind;
use domain::request::ReceiptSalt;
use jiff::{SignedDuration, Timestamp};
use ports::KeyScope;
use testkit::clock::UnlimitedBudget;

use super::{Ports, answer};
use crate::api::tests::{Front, PERSON, call, caller, front, identity, person, plain_front, tenant};
use crate::api::{Answer, Call, Principal};
use crate::receipts::salt_of;
use crate::steps::checkpoint_audit;

const NAME: &str = "lacuna.example";

fn door(front: &Front) -> Ports {
    let world = &front.world;
    Ports {
        audit_log: world.audit_log(),
        evidence: world.evidence(),
        notary: world.notary(),
        requests: world.requests(),
        keyring: world.keyring(),
        log_name: NAME.to_owned(),
    }
}

/// Takes requests in, one every quarter of an hour or every second, and has them chained.
async fn submitted(front: &Front, count: usize) {
    for n in 0..count {
        let often = if count < 100 { SignedDuration::from_mins(15) } else { SignedDuration::from_secs(1) };
        front.world.fake_clock().advance(often);
        let at = front.world.fake_clock().peek();
        front.submit(&format!("person-{}-{n}@example.com", at.as_second())).await;
    }
    front.chained().await;
}

/// What `infra/openapi.yaml` has as examples.
pub(crate) async fn scenes() -> Vec<(&'static str, Answer)> {
    let front = plain_front();
    let id = front.submit(PERSON).await;
    let salt = salt_of(&*front.world.keyring(), &tenant("demo"), &id).await.expect("a salt");
    let request = front.request(&id);
    let closed_at = request.received_at + SignedDuration::from_mins(1);
    let until = closed_at + SignedDuration::from_hours(400 * 24);
    let statement = Statement {
        catalog_version: request.catalog_version.clone(),
        closed_at,
        due_by: request.due_by,
        jurisdiction: request.jurisdiction,
        outcome: Status::NoMatch,
        plan_sha256: None,
        received_at: request.received_at,
        request: id.clone(),
        sanctions: vec![],
        stores: vec![],
        subject: vec![subject_mark(&salt, &identity("email", PERSON))],
        tenant: request.tenant.clone(),
        kind: request.kind,
        verification: None,
    };
    front.change(&id, |draft| draft.request.status = Status::Planning).await;
    front
        .change(&id, |draft| {
            draft.kind = EventKind::Closed;
            draft.request.status = Status::NoMatch;
            draft.request.closed_at = Some(closed_at);
            draft.request.salt = Some(ReceiptSalt { until, destroyed_at: None });
            draft.detail = [(DETAIL.to_owned(), statement.sha256())].into();
            draft.statement = String::from_utf8(statement.bytes()).ok();
        })
        .await;
    front.chained().await;
    signed(&front).await;
    let own = |what: &str| call(&person(&[PERSON]), "GET", &format!("/v1/requests/{id}/{what}"));
    let now = front.world.fake_clock().peek();
    let export = format!("/v1/audit/export?from={}&to={now}", Timestamp::UNIX_EPOCH);
    vec![
        ("receipt", answer(&door(&front), &own("receipt")).await),
        ("noReceipt", receipts::never().await),
        ("receiptSalt", answer(&door(&front), &own("receipt/salt")).await),
        ("auditKey", ask(&front, Role::Auditor, "/v1/audit/key").await),
        ("checkpoint", ask(&front, Role::Auditor, "/v1/audit/checkpoint").await),
        ("auditExport", ask(&front, Role::Auditor, &export).await),
        ("packProof", pack_proof().await),
        ("saltDestroyed", {
            let scope = KeyScope::Receipt(tenant("demo"), id.clone());
            front.world.keyring().destroy(&scope).await.expect("destroyed");
            answer(&door(&front), &own("receipt/salt")).await
        }),
    ]
}

/// What puts a pack on record.
fn noting(who: &Principal, period: &str, manifest: &str) -> Call {
    let mut call = call(who, "POST", "/v1/audit/packs");
    call.body = format!(r#"{{"period":"{period}","manifest_sha256":"{manifest}"}}"#).into_bytes();
    call
}

fn proof_of(who: Role, manifest: &str) -> Call {
    let mut call = call(&caller(who), "GET", "/v1/audit/packs/x");
    (call.resource, call.id) = ("/v1/audit/packs/{id}".to_owned(), Some(manifest.to_owned()));
    call
}

async fn pack_proof() -> Answer {
    let (front, manifest) = (plain_front(), "5e".repeat(32));
    assert_eq!(front.send(&noting(&caller(Role::Auditor), "2026-Q1", &manifest)).await.status, 201);
    front.chained().await;
    signed(&front).await;
    answer(&door(&front), &proof_of(Role::Auditor, &manifest)).await
}

/// Whoever says it, and however often, it is on record once, with who said it first; and its proof is there once a
/// checkpoint covers it.
#[tokio::test]
async fn a_pack_is_on_record_once_and_its_proof_follows_the_next_checkpoint() {
    let (front, manifest) = (front(), "ab".repeat(32));
    submitted(&front, 3).await;
    signed(&front).await;
    let note = async |role, period: &str, manifest: &str| {
        let answer = front.send(&noting(&caller(role), period, manifest)).await;
        (answer.status, answer.body)
    };
    for role in [Role::Backend, Role::Owner] {
        assert_eq!(note(role, "2026-Q1", &manifest).await.0, 403, "{role:?}");
    }
    assert_eq!(note(Role::Auditor, "2099", &manifest).await.0, 400, "it has not begun");
    assert_eq!(note(Role::Auditor, "2026-Q1", "ab").await.0, 400);
    let first = note(Role::Auditor, "2026-Q1", &manifest).await;
    assert_eq!(first.0, 201);
    front.world.fake_clock().advance(SignedDuration::from_hours(1));
    assert_eq!(note(Role::Officer, "2026-Q1", &manifest).await, first, "who said it first is told");
    assert_eq!(note(Role::Officer, "2026-02", &manifest).await.0, 409);

    let proof = async |role, manifest: &str| answer(&door(&front), &proof_of(role, manifest)).await;
    assert_eq!(proof(Role::Auditor, &manifest).await.status, 404, "not signed yet");
    front.chained().await;
    signed(&front).await;
    let given = proof(Role::Auditor, &manifest).await;
    assert_eq!(given.status, 200);
    assert!(given.body.contains(r#""seq":4}"#) && given.body.contains(&manifest), "{}", given.body);
    assert_eq!(proof(Role::Auditor, &"cd".repeat(32)).await.status, 404);
    assert_eq!(proof(Role::Auditor, "../receipts").await.status, 404);
    assert_eq!(proof(Role::Backend, &manifest).await.status, 403);
}

/// An entry from before the time and one from after it are in it, so that nothing of it can be missing; and nothing of it
/// is unsigned.
#[tokio::test]
async fn a_whole_export_reaches_beyond_its_time_and_ends_signed() {
    let front = front();
    for _ in 0..3 {
        submitted(&front, 10).await;
        signed(&front).await;
    }
    submitted(&front, 3).await;
    let beginning = front.world.fake_clock().peek() - SignedDuration::from_mins(33 * 15);
    let quarter = |n: i64| beginning + SignedDuration::from_mins(n * 15);
    let export = async |from, to| {
        let target = format!("/v1/audit/export?from={}&to={}&whole=true", quarter(from), quarter(to));
        let part: ExportPart = read(&ask(&front, Role::Auditor, &target).await);
        let found = verified(&front, &part.lines).await;
        assert_eq!(found.signed_to, Some(found.last));
        (found.first, found.last)
    };
    assert_eq!(export(0, 34).await, (1, 30), "the last three are not signed yet");
    // From the checkpoint before the one before which nothing is of its time.
    assert_eq!(export(12, 18).await, (1, 20));
    assert_eq!(export(22, 24).await, (11, 30));
    assert_eq!(export(21, 24).await, (11, 30));
    assert_eq!(export(20, 24).await, (1, 30), "entry 20 is no earlier than its time");
    assert_eq!(export(12, 19).await, (1, 20), "entry 20 is later than its time");
    assert_eq!(export(12, 20).await, (1, 30), "entry 20 is not");
    assert_eq!(export(50, 60).await, (21, 30));
}

#[tokio::test]
async fn a_receipt_is_its_persons_and_its_tenants_and_its_salt_the_persons_alone() {
    let front = plain_front();
    let id = front.submit(PERSON).await;
    let get = async |who: &Principal, what: &str| {
        let call = call(who, "GET", &format!("/v1/requests/{id}/{what}"));
        answer(&door(&front), &call).await
    };
    let not_yet = get(&caller(Role::Backend), "receipt").await;
    assert_eq!(not_yet.status, 404);
    assert!(not_yet.body.contains("not closed"), "{}", not_yet.body);
    assert_eq!(
        get(&person(&[PERSON]), "receipt/salt").await.status,
        404,
        "there is none before it is closed"
    );
    salt_of(&*front.world.keyring(), &tenant("demo"), &id).await.expect("a salt");
    assert_eq!(get(&person(&[PERSON]), "receipt/salt").await.status, 200);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Subject) {
        assert_eq!(get(&caller(role), "receipt/salt").await.status, 403, "{role:?}");
    }
    let other = person(&["somebody.else@example.com"]);
    let hidden = get(&other, "receipt").await;
    assert_eq!((hidden.status, get(&other, "receipt/salt").await.status), (404, 404));
    assert!(!hidden.body.contains("closed"), "{}", hidden.body);
}

/// It says so to its person alone, and makes none anew.
#[tokio::test]
async fn a_salt_that_was_destroyed_is_gone_for_its_person_and_unknown_to_all_others() {
    let front = plain_front();
    let id = front.submit(PERSON).await;
    let salt = async |who: &Principal| {
        let call = call(who, "GET", &format!("/v1/requests/{id}/receipt/salt"));
        answer(&door(&front), &call).await
    };
    let keyring = front.world.keyring();
    salt_of(&*keyring, &tenant("demo"), &id).await.expect("a salt");
    let until = front.world.fake_clock().peek() + SignedDuration::from_hours(24);
    front.change(&id, |draft| draft.request.status = Status::Planning).await;
    front
        .change(&id, |draft| {
            draft.request.status = Status::NoMatch;
            draft.request.salt = Some(ReceiptSalt { until, destroyed_at: None });
        })
        .await;
    let given = salt(&person(&[PERSON])).await;
    assert_eq!(given.status, 200);
    assert!(given.body.contains(&format!(r#""kept_until":"{until}""#)), "{}", given.body);
    let before = front.world.keys();
    keyring.destroy(&KeyScope::Receipt(tenant("demo"), id.clone())).await.expect("destroyed");
    let gone = salt(&person(&[PERSON])).await;
    assert_eq!(gone.status, 410, "{}", gone.body);
    assert_eq!(salt(&person(&["somebody.else@example.com"])).await.status, 404);
    assert_eq!(front.world.keys().len(), before.len() - 1, "to ask makes none");
}

async fn signed(front: &Front) {
    let world = &front.world;
    let ports = checkpoint_audit::Ports {
        audit_log: world.audit_log(),
        evidence: world.evidence(),
        notary: world.notary(),
        requests: world.requests(),
        tenants: world.tenants(),
        clock: world.clock(),
        entropy: world.entropy(),
        log_name: NAME.to_owned(),
        turns: checkpoint_audit::Turns::default(),
    };
    let done = checkpoint_audit::run(&ports, &UnlimitedBudget).await.expect("it runs");
    assert_eq!(done.failed, 0, "{done:?}");
}

async fn ask(front: &Front, role: Role, target: &str) -> Answer {
    let mut call = call(&caller(role), "GET", target);
    if let Some(operation) = call.id.take() {
        call.resource = format!("/v1/audit/{operation}");
    }
    answer(&door(front), &call).await
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> T {
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

/// The whole file, part by part, and how many parts it had.
async fn exported(front: &Front, from: Timestamp, to: Timestamp) -> (String, usize) {
    let (mut file, mut parts) = (String::new(), 0);
    let mut target = format!("/v1/audit/export?from={from}&to={to}");
    loop {
        let part: ExportPart = read(&ask(front, Role::Auditor, &target).await);
        file.push_str(&part.lines);
        parts += 1;
        match part.cursor {
            Some(cursor) => target = format!("/v1/audit/export?cursor={cursor}"),
            None => return (file, parts),
        }
    }
}

async fn verified(front: &Front, file: &str) -> Export {
    let KeyView { key } = read(&ask(front, Role::Auditor, "/v1/audit/key").await);
    let pinned = Pinned { key: VerifierKey::parse(&key).expect("a key"), since: None };
    let mut reader = File::new(&pinned);
    reader.take(file.as_bytes()).expect("taken");
    match reader.finish().expect("whole") {
        Found::Export(export) => export,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_export_has_what_happened_in_its_time_and_proves_it() {
    let front = front();
    for _ in 0..3 {
        submitted(&front, 10).await;
        signed(&front).await;
    }
    submitted(&front, 3).await;
    let beginning = front.world.fake_clock().peek() - SignedDuration::from_mins(33 * 15);
    let quarter = |n: i64| beginning + SignedDuration::from_mins(n * 15);
    let export = async |from, to| {
        let (file, _) = exported(&front, quarter(from), quarter(to)).await;
        let found = verified(&front, &file).await;
        (found.first, found.last, found.signed_to)
    };
    assert_eq!(export(0, 34).await, (1, 33, Some(30)), "all, and the last three are not signed yet");
    assert_eq!(export(12, 18).await, (11, 20, Some(20)), "from the checkpoint before to the one after");
    assert_eq!(export(12, 24).await, (11, 30, Some(30)));
    assert_eq!(export(-9, 5).await, (1, 10, Some(10)));
    assert_eq!(export(32, 33).await, (31, 33, Some(30)), "nothing of it is signed but where it begins");
    assert_eq!(export(50, 60).await, (31, 33, Some(30)), "what did not happen yet");
}

#[tokio::test]
async fn a_long_export_comes_in_parts_that_are_one_file() {
    let front = front();
    for _ in 0..9 {
        submitted(&front, 250).await;
        signed(&front).await;
    }
    let now = front.world.fake_clock().peek();
    let (file, parts) = exported(&front, Timestamp::UNIX_EPOCH, now).await;
    let found = verified(&front, &file).await;
    assert_eq!((found.first, found.last, found.signed_to, parts), (1, 2250, Some(2250), 2));
    assert_eq!(found.checkpoints, 2, "the last of each part");
}

#[tokio::test]
async fn a_log_without_entries_has_an_export_without_entries() {
    let front = front();
    let now = front.world.fake_clock().peek();
    let found = verified(&front, &exported(&front, now, now).await.0).await;
    assert_eq!((found.first, found.last, found.signed_to), (1, 0, None));
    assert_eq!(ask(&front, Role::Auditor, "/v1/audit/checkpoint").await.status, 404);
}

#[tokio::test]
async fn the_last_checkpoint_is_given() {
    let front = front();
    submitted(&front, 4).await;
    signed(&front).await;
    let CheckpointView { size, checkpoint } = read(&ask(&front, Role::Officer, "/v1/audit/checkpoint").await);
    assert_eq!(size, 4);
    assert!(checkpoint.starts_with(NAME));
}

#[tokio::test]
async fn bad_input_is_told_where_it_is_wrong() {
    let front = front();
    for (target, at) in [
        ("/v1/audit/export", "query:from"),
        ("/v1/audit/export?from=2026-10-01", "query:from"),
        ("/v1/audit/export?from=2026-10-01T00:00:00Z", "query:to"),
        ("/v1/audit/export?from=2026-10-02T00:00:00Z&to=2026-10-01T00:00:00Z", "query:to"),
        ("/v1/audit/export?from=2026-10-01T00:00:00Z&to=2026-10-02T00:00:00Z&whole=1", "query:whole"),
        ("/v1/audit/export?cursor=1", "query:cursor"),
        ("/v1/audit/export?cursor=0-5-1", "query:cursor"),
        ("/v1/audit/export?cursor=1-5-6", "query:cursor"),
        ("/v1/audit/export?cursor=1-99-50", "query:cursor"),
        ("/v1/audit/export?cursor=1-18446744073709551615-18446744073709551615", "query:cursor"),
        ("/v1/audit/export?raw=perhaps", "query:raw"),
    ] {
        let answer = ask(&front, Role::Auditor, target).await;
        assert_eq!(answer.status, 400, "{target}: {}", answer.body);
        assert!(answer.body.contains(at), "{target}: {}", answer.body);
    }
}

#[tokio::test]
async fn only_those_who_may_read_the_log() {
    let front = front();
    for role in Role::ALL {
        let may = [Role::Officer, Role::Auditor, Role::Admin].contains(&role);
        let answer = ask(&front, role, "/v1/audit/checkpoint").await;
        assert_eq!(answer.status, if may { 404 } else { 403 }, "{role:?}");
    }
}
