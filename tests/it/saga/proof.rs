//! The proof: checkpoints over what was chained, and receipts of what was closed.

use std::sync::Arc;

use audit::receipt::subject_mark;
use audit::verify::{File, Found, Pinned};
use audit::{Checkpoint, VerifierKey, origin};
use domain::{Identity, Personal, RequestId, Status};
use fulfillment::checkpoints::{Checkpoints, key_of, receipts_of};
use fulfillment::receipts::salt_of;
use fulfillment::steps::checkpoint_audit::{self, Done, Turns};
use ports::{AuditLog, Class};
use testkit::clock::UnlimitedBudget;
use testkit::inject::{Plan, When};

use super::shop::{NEIGHBOUR, PERSON};
use super::stage::Stage;

const NAME: &str = "lacuna.example";

mod statements;
mod tampering;

fn ports(stage: &Stage, audit_log: Arc<dyn AuditLog>) -> checkpoint_audit::Ports {
    checkpoint_audit::Ports {
        audit_log,
        evidence: stage.world.evidence(),
        notary: stage.world.notary(),
        requests: stage.world.requests(),
        tenants: stage.world.tenants(),
        clock: stage.world.clock(),
        entropy: stage.world.entropy(),
        log_name: NAME.to_owned(),
        turns: Turns::default(),
    }
}

pub async fn sign(stage: &Stage) -> Done {
    let ports = ports(stage, stage.world.audit_log());
    checkpoint_audit::run(&ports, &UnlimitedBudget).await.expect("it runs")
}

async fn key(stage: &Stage) -> VerifierKey {
    key_of(&*stage.world.notary(), NAME, &stage.tenant).await.expect("a key")
}

/// The receipts of a request, by the place of their entries.
pub async fn receipts(stage: &Stage, id: &RequestId) -> Vec<Vec<u8>> {
    let evidence = stage.world.evidence();
    let keys = evidence.list(&receipts_of(&stage.tenant, id), None, 10).await.expect("a list");
    let mut receipts = Vec::new();
    for key in keys {
        receipts.push(evidence.get(&key).await.expect("read").expect("there"));
    }
    receipts
}

pub async fn verified(stage: &Stage, bytes: &[u8]) -> Found {
    let pinned = Pinned { key: key(stage).await, since: None };
    let mut file = File::new(&pinned);
    file.take(bytes).expect("taken");
    file.finish().expect("whole")
}

async fn last(stage: &Stage) -> Option<u64> {
    let (key, evidence) = (key(stage).await, stage.world.evidence());
    let own = Checkpoints { evidence: &*evidence, tenant: &stage.tenant, key: &key };
    own.last(u64::MAX).await.expect("read").map(|last| last.size)
}

#[tokio::test]
async fn a_receipt_proves_what_was_done_and_names_nobody() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    let request = stage.play_to_the_end(&id).await;
    stage.deliver().await;
    assert!(receipts(&stage, &id).await.is_empty(), "nothing is issued before it is signed");
    let done = sign(&stage).await;
    assert_eq!((done.signed, done.receipts, done.failed), (1, 1, 0));
    let issued = receipts(&stage, &id).await;
    let Found::Receipt(proved) = verified(&stage, &issued[0]).await else { panic!("it is a receipt") };
    let said = &proved.statement;
    assert_eq!(
        (said.outcome, &said.request, said.closed_at),
        (Status::Fulfilled, &id, request.closed_at.expect("closed"))
    );
    assert_eq!(said.plan_sha256, request.plan.map(|plan| plan.sha256));
    let shop = said.stores.iter().find(|store| store.store.as_str() == "shop").expect("the shop");
    assert_eq!((shop.residue, shop.erased, shop.kept.len()), (Some(0), 1, 2));
    assert!(said.sanctions.iter().any(|answer| answer.source == "holds" && answer.verdict == "clear"));
    let salt = salt_of(&*stage.world.keyring(), &stage.tenant, &id).await.expect("a salt");
    let mark = |value| {
        let identity =
            Identity::new("email".parse().expect("a type"), &Personal::new(value)).expect("an identity");
        subject_mark(&salt, &identity)
    };
    assert_eq!(said.subject, [mark(PERSON)]);
    assert_ne!(said.subject, [mark(NEIGHBOUR)]);
    assert!(!String::from_utf8_lossy(&issued[0]).contains(PERSON));
}

#[tokio::test]
async fn a_checkpoint_goes_on_from_the_last_and_none_is_made_for_nothing() {
    let stage = Stage::new(1);
    assert_eq!(sign(&stage).await, Done::default(), "a log without entries is not signed");
    let mut sizes = Vec::new();
    for person in [PERSON, NEIGHBOUR] {
        let id = stage.submit(person).await;
        stage.play_to_the_end(&id).await;
        stage.deliver().await;
        assert_eq!(sign(&stage).await.signed, 1);
        assert_eq!(sign(&stage).await, Done::default());
        sizes.push(last(&stage).await.expect("a checkpoint"));
        let Found::Receipt(proved) = verified(&stage, &receipts(&stage, &id).await[0]).await else {
            panic!("it is a receipt")
        };
        assert_eq!(Some(&proved.checkpoint.size), sizes.last());
    }
    assert!(sizes[0] < sizes[1]);
    let entries = stage.world.audit_entries(&stage.tenant);
    assert_eq!(sizes[1], entries.len() as u64);
}

/// A fault of each class at each call, an answer that is lost after it, a process that dies there: in the end each checkpoint and each receipt
/// is there once.
#[tokio::test]
async fn whatever_fails_every_receipt_is_issued_in_the_end() {
    let plain = Stage::new(1);
    let id = plain.submit(PERSON).await;
    plain.play_to_the_end(&id).await;
    plain.deliver().await;
    plain.world.injector().reset();
    sign(&plain).await;
    let calls = plain.world.injector().trace();
    assert!(calls.len() > 5, "{calls:?}");
    for call in calls {
        let whens = [When::Before, When::Midway, When::After].map(|when| Plan::call(call.n).when(when));
        let dies = whens.map(Plan::crash);
        let fails = Class::ALL.map(|class| Plan::call(call.n).class(class));
        for how in dies.into_iter().chain(fails) {
            let stage = Stage::new(1);
            let id = stage.submit(PERSON).await;
            stage.play_to_the_end(&id).await;
            stage.deliver().await;
            stage.world.injector().reset();
            stage.world.injector().arm(how);
            for _ in 0..5 {
                let ports = ports(&stage, stage.world.audit_log());
                let done = checkpoint_audit::run(&ports, &UnlimitedBudget).await;
                stage.world.injector().revive();
                if done.is_ok_and(|done| done.failed == 0) {
                    break;
                }
            }
            let issued = receipts(&stage, &id).await;
            assert_eq!(issued.len(), 1, "{call:?}");
            verified(&stage, &issued[0]).await;
            assert_eq!(sign(&stage).await, Done::default(), "{call:?}");
        }
    }
}

#[tokio::test]
async fn a_log_has_the_name_of_its_tenant() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    stage.deliver().await;
    sign(&stage).await;
    let key = key(&stage).await;
    assert_eq!(key.name(), origin(NAME, &stage.tenant));
    let other = VerifierKey::new("lacuna.example/other", *key.bytes()).expect("a name");
    let evidence = stage.world.evidence();
    let keys = evidence.list("checkpoints/", None, 10).await.expect("a list");
    let note = evidence.get(&keys[0]).await.expect("read").expect("there");
    let note = String::from_utf8(note).expect("text");
    assert!(Checkpoint::open(&note, &key).is_ok());
    assert!(Checkpoint::open(&note, &other).is_err());
}
