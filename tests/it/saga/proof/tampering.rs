//! A table that somebody wrote to past its policy, or that came back from a backup.

use std::sync::Arc;

use async_trait::async_trait;
use audit::{Block, Head, VerifierKey, origin};
use domain::TenantId;
use domain::event::Event;
use fulfillment::checkpoints::Checkpoints;
use fulfillment::steps::checkpoint_audit::{self, Done};
use ports::{AuditLog, Code, Fault};
use testkit::clock::UnlimitedBudget;
use testkit::inject::{Plan, Point};

use super::super::shop::{NEIGHBOUR, PERSON};
use super::super::stage::Stage;
use super::{NAME, key, last, ports, receipts, sign, verified};

type How = fn(Vec<Block>) -> Vec<Block>;

/// The table as somebody could have left it who may write all of it.
struct Tampered {
    inner: Arc<dyn AuditLog>,
    how: How,
}

impl Tampered {
    async fn all(&self, tenant: &TenantId) -> Result<Vec<Block>, Fault> {
        Ok((self.how)(self.inner.read(tenant, 1, 10_000).await?))
    }
}

#[async_trait]
impl AuditLog for Tampered {
    async fn head(&self, tenant: &TenantId) -> Result<Head, Fault> {
        Ok(self.all(tenant).await?.last().map_or_else(Head::genesis, Block::head))
    }

    async fn unchained(&self, tenant: &TenantId, events: &[Event]) -> Result<Vec<Event>, Fault> {
        self.inner.unchained(tenant, events).await
    }

    async fn append(&self, block: &Block) -> Result<bool, Fault> {
        self.inner.append(block).await
    }

    async fn read(&self, tenant: &TenantId, from: u64, most: usize) -> Result<Vec<Block>, Fault> {
        let all = self.all(tenant).await?.into_iter();
        Ok(all.filter(|block| block.head().seq >= from).take(most).collect())
    }
}

/// Every event chained anew after one of them was changed.
#[allow(clippy::needless_pass_by_value, reason = "the form of the others")]
fn rewritten(blocks: Vec<Block>) -> Vec<Block> {
    let mut events: Vec<Event> =
        blocks.iter().flat_map(|b| b.entries.iter().map(|e| e.event.clone())).collect();
    if let Some(event) = events.first_mut() {
        event.who.push('x');
    }
    let mut all: Vec<Block> = Vec::new();
    while !events.is_empty() {
        let head = all.last().map_or_else(Head::genesis, Block::head);
        let tenant = events[0].tenant.clone();
        let block = Block::after(&head, &tenant, &events, |_| "GDPR Art. 5(2)".to_owned()).expect("a block");
        events.drain(..block.entries.len());
        all.push(block);
    }
    all
}

/// The first block written anew and in itself a chain; what follows is as it was.
fn replaced_long_ago(mut blocks: Vec<Block>) -> Vec<Block> {
    assert!(blocks.len() > 1, "the end is as it was");
    let first = blocks.drain(..1).collect();
    blocks.splice(..0, rewritten(first));
    blocks
}

fn emptied(_: Vec<Block>) -> Vec<Block> {
    Vec::new()
}

fn shortened(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.truncate(1);
    if let Some(block) = blocks.first_mut() {
        block.entries.truncate(1);
    }
    blocks
}

fn damaged(mut blocks: Vec<Block>) -> Vec<Block> {
    if let Some(entry) = blocks.last_mut().and_then(|block| block.entries.last_mut()) {
        entry.event.who.push('x');
    }
    blocks
}

#[tokio::test]
async fn what_is_inconsistent_with_what_was_signed_is_never_signed() {
    let stage = Stage::new(1);
    let id = stage.submit(PERSON).await;
    stage.play_to_the_end(&id).await;
    stage.deliver().await;
    sign(&stage).await;
    let signed = last(&stage).await;
    let other = stage.submit(NEIGHBOUR).await;
    stage.play_to_the_end(&other).await;
    stage.deliver().await;
    for how in [rewritten, shortened, emptied, damaged] {
        let done = run_over(&stage, how, NAME).await;
        assert_eq!((done.signed, done.failed, done.broken, done.unsigned), (0, 1, 1, 1));
        let fault = done.ended().expect_err("it pages");
        assert!(fault.to_string().contains(Code::AuditBroken.as_str()), "{fault}");
        assert_eq!(last(&stage).await, signed);
    }
    assert_eq!(sign(&stage).await.signed, 1, "the true one still is");
}

async fn run_over(stage: &Stage, how: How, name: &str) -> Done {
    let tampered = Arc::new(Tampered { inner: stage.world.audit_log(), how });
    let ports = checkpoint_audit::Ports { log_name: name.to_owned(), ..ports(stage, tampered) };
    checkpoint_audit::run(&ports, &UnlimitedBudget).await.expect("it runs")
}

/// Somebody goes through the lifecycle, and what happened is chained.
async fn lived(stage: &Stage, person: &str) -> domain::RequestId {
    let id = stage.submit(person).await;
    stage.play_to_the_end(&id).await;
    stage.deliver().await;
    id
}

/// The end is what it was, and so is everything that a run signs. It goes on from the last checkpoint, and reads back.
#[tokio::test]
async fn what_was_replaced_long_ago_is_noticed_though_the_end_is_as_it_was() {
    let stage = Stage::new(1);
    for person in [PERSON, NEIGHBOUR] {
        lived(&stage, person).await;
        sign(&stage).await;
    }
    let tampered = Arc::new(Tampered { inner: stage.world.audit_log(), how: replaced_long_ago });
    let ports = ports(&stage, tampered);
    let mut broken = 0;
    // It begins anywhere, and comes to each part in turn.
    for _ in 0..2 {
        let done = checkpoint_audit::run(&ports, &UnlimitedBudget).await.expect("it runs");
        assert_eq!((done.signed, done.failed, done.unsigned), (0, done.broken, 0), "{done:?}");
        broken += done.broken;
    }
    assert!(broken >= 1);
    // And stays there until it is mended.
    let done = checkpoint_audit::run(&ports, &UnlimitedBudget).await.expect("it runs");
    assert_eq!(done.broken, 1, "{done:?}");
    done.ended().expect_err("it pages");
    assert_eq!(run_over(&stage, |blocks| blocks, NAME).await, Done::default());
}

/// A run that dies when it is about to sign leaves what it read. Somebody writes what is not signed yet anew, and the next run
/// does not sign that, be the log as long as it was or longer.
#[tokio::test]
async fn what_was_about_to_be_signed_is_not_changed_unnoticed() {
    for longer in [false, true] {
        let stage = Stage::new(1);
        lived(&stage, PERSON).await;
        stage.world.injector().arm(Plan::nth(Point::NotarySign, 0).crash());
        let died = checkpoint_audit::run(&ports(&stage, stage.world.audit_log()), &UnlimitedBudget).await;
        assert!(stage.world.injector().revive(), "{died:?}");
        assert_eq!(last(&stage).await, None);
        if longer {
            lived(&stage, NEIGHBOUR).await;
        }
        let done = run_over(&stage, rewritten, NAME).await;
        assert_eq!((done.signed, done.failed, done.broken), (0, 1, 1), "{longer}: {done:?}");
        assert_eq!(last(&stage).await, None);
        assert_eq!(sign(&stage).await.signed, 1, "the true one is");
    }
}

/// What a key of this name signed, and the receipts of a request that are its.
async fn signed_to(stage: &Stage, name: &str) -> Option<u64> {
    let public = stage.world.notary().public_key().await.expect("a key");
    let key = VerifierKey::new(&origin(name, &stage.tenant), public).expect("a name");
    let evidence = stage.world.evidence();
    let own = Checkpoints { evidence: &*evidence, tenant: &stage.tenant, key: &key };
    own.last(u64::MAX).await.expect("read").map(|last| last.size)
}

/// Under another name it is another log: signed from its first entry on, with receipts of its own; what was signed under the
/// earlier name stays, and still is what that key signed.
#[tokio::test]
async fn a_log_that_is_renamed_begins_anew_and_the_earlier_one_stays() {
    let stage = Stage::new(1);
    let id = lived(&stage, PERSON).await;
    sign(&stage).await;
    let earlier = last(&stage).await;
    let done = run_over(&stage, |blocks| blocks, "another.example").await;
    assert_eq!((done.signed, done.receipts, done.failed), (1, 1, 0), "{done:?}");
    assert_eq!((signed_to(&stage, "another.example").await, last(&stage).await), (earlier, earlier));
    let both = receipts(&stage, &id).await;
    let own = format!("\n{}\n", key(&stage).await.name()).replace('\n', "\\n");
    let earlier: Vec<_> = both.iter().filter(|text| String::from_utf8_lossy(text).contains(&own)).collect();
    assert_eq!((both.len(), earlier.len()), (2, 1));
    verified(&stage, earlier[0]).await;
}

/// A table that came back without its last entries is not signed under its name any more. A new name is the way out, for people
/// to take: the log begins anew over what there is, and the proofs of what was lost stay.
#[tokio::test]
async fn a_table_that_was_restored_goes_on_under_another_name() {
    let stage = Stage::new(1);
    lived(&stage, PERSON).await;
    sign(&stage).await;
    let before = last(&stage).await;
    for how in [shortened, emptied] {
        assert_eq!(run_over(&stage, how, NAME).await.broken, 1);
        assert_eq!(last(&stage).await, before, "what was signed is there");
    }
    let done = run_over(&stage, shortened, "after.example").await;
    assert_eq!((done.signed, done.entries, done.failed), (1, 1, 0), "{done:?}");
    assert_eq!(signed_to(&stage, "after.example").await, Some(1));
}
