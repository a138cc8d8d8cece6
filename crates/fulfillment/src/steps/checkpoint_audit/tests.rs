//! Signing, over memory: what a run comes to, and what keeps a receipt from being issued.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use audit::{Block, Head};
use domain::event::Event;
use domain::{RequestId, TenantId};
use jiff::SignedDuration;
use ports::{AuditLog, Class, Fault};
use testkit::clock::{CountedBudget, UnlimitedBudget};
use testkit::inject::{Plan, Point};

use super::{Done, Ports, Turns, run};
use crate::api::tests::{Front, front, tenant};
use crate::checkpoints::receipts_of;

fn ports(front: &Front) -> Ports {
    let world = &front.world;
    Ports {
        audit_log: world.audit_log(),
        evidence: world.evidence(),
        notary: world.notary(),
        requests: world.requests(),
        tenants: world.tenants(),
        clock: world.clock(),
        entropy: world.entropy(),
        log_name: "lacuna.example".to_owned(),
        turns: Turns::default(),
    }
}

async fn signed(ports: &Ports) -> Done {
    run(ports, &UnlimitedBudget).await.expect("it runs")
}

async fn receipt(front: &Front, id: &RequestId) -> Option<String> {
    let evidence = front.world.evidence();
    let keys = evidence.list(&receipts_of(&tenant("demo"), id), None, 10).await.expect("a list");
    assert!(keys.len() <= 1, "{keys:?}");
    let bytes = evidence.get(keys.first()?).await.expect("read").expect("there");
    Some(String::from_utf8(bytes).expect("text"))
}

/// The table, for a tenant whose head it says otherwise for a while.
struct Heads {
    inner: Arc<dyn AuditLog>,
    said: Mutex<Vec<Head>>,
}

#[async_trait]
impl AuditLog for Heads {
    async fn head(&self, tenant: &TenantId) -> Result<Head, Fault> {
        let said = if tenant.as_str() == "demo" { self.said.lock().expect("heads").pop() } else { None };
        match said {
            Some(head) => Ok(head),
            None => self.inner.head(tenant).await,
        }
    }

    async fn unchained(&self, tenant: &TenantId, events: &[Event]) -> Result<Vec<Event>, Fault> {
        self.inner.unchained(tenant, events).await
    }

    async fn append(&self, block: &Block) -> Result<bool, Fault> {
        self.inner.append(block).await
    }

    async fn read(&self, tenant: &TenantId, from: u64, most: usize) -> Result<Vec<Block>, Fault> {
        self.inner.read(tenant, from, most).await
    }
}

fn saying(front: &Front, said: Vec<Head>) -> Ports {
    let heads = Heads { inner: front.world.audit_log(), said: Mutex::new(said) };
    Ports { audit_log: Arc::new(heads), ..ports(front) }
}

/// A run that read how long the log is, and another that signed what was chained since.
#[tokio::test]
async fn another_run_that_was_faster_is_no_attack() {
    let front = front();
    front.submit("one@example.com").await;
    front.chained().await;
    let earlier = front.world.audit_log().head(&tenant("demo")).await.expect("a head");
    front.submit("two@example.com").await;
    front.chained().await;
    assert_eq!(signed(&ports(&front)).await.signed, 1);
    assert_eq!(signed(&saying(&front, vec![earlier.clone()])).await, Done::default());
    let cut = signed(&saying(&front, vec![earlier; 9])).await;
    assert_eq!((cut.failed, cut.broken, cut.unsigned), (1, 1, 1), "{cut:?}");
    let emptied = signed(&saying(&front, vec![Head::genesis(); 9])).await;
    assert_eq!((emptied.failed, emptied.broken), (1, 1), "{emptied:?}");
}

/// Where the time suffices for one of two, each has its turn every second time, whoever failed before.
#[tokio::test]
async fn each_log_has_its_turn_though_the_time_does_not_suffice_for_all() {
    let front = front();
    front.submit("one@example.com").await;
    front.chained().await;
    signed(&ports(&front)).await;
    let ports = saying(&front, vec![Head::genesis(); 99]);
    for _ in 0..5 {
        let mut broken = 0;
        for _ in 0..2 {
            let done = run(&ports, &CountedBudget::new(1)).await.expect("it runs");
            assert!(done.out_of_time && done.unsigned >= 1, "{done:?}");
            broken += done.broken;
        }
        assert_eq!(broken, 1);
    }
}

#[tokio::test]
async fn an_item_that_names_no_tenant_keeps_no_log_from_being_signed() {
    let front = front();
    front.submit("one@example.com").await;
    front.chained().await;
    front.world.put_unreadable_tenant();
    let done = signed(&ports(&front)).await;
    assert_eq!((done.unreadable, done.signed, done.failed, done.unsigned), (1, 1, 0, 0));
}

/// By another version, which says more than this one knows.
#[tokio::test]
async fn a_statement_is_in_its_receipt_as_it_was_written() {
    let front = front();
    let newer = r#"{"a_field_of_a_later_version":[1,2],"outcome":"a_word_of_a_later_version"}"#;
    let id = front.closed("one@example.com", newer, newer).await;
    assert_eq!(signed(&ports(&front)).await.receipts, 1);
    let receipt = receipt(&front, &id).await.expect("a receipt");
    assert!(receipt.ends_with(&format!(",\"statement\":{newer}}}")), "{receipt}");
}

/// Somebody writes another in its place, and it is mended: in between somebody is told, each time.
#[tokio::test]
async fn a_statement_that_is_not_the_one_that_was_chained_is_asked_for_again() {
    let front = front();
    let wrong = front.closed("one@example.com", "{\"true\":1}", "{\"false\":1}").await;
    let right = front.closed("two@example.com", "{\"true\":2}", "{\"true\":2}").await;
    let ports = ports(&front);
    for n in 0..3 {
        let done = signed(&ports).await;
        assert_eq!((done.unissuable, done.receipts), (1, usize::from(n == 0)), "{done:?}");
        assert_eq!((done.failed, done.errors.len()), (0, 1), "the log is signed: {done:?}");
        assert_eq!(done.ended(), Ok(()));
    }
    assert!(receipt(&front, &right).await.is_some());
    assert_eq!(receipt(&front, &wrong).await, None);
    let n = front.request(&wrong).events;
    front.world.overwrite_statement(&tenant("demo"), &wrong, n, "{\"true\":1}").expect("one was there");
    assert_eq!(signed(&ports).await.receipts, 1);
    assert!(receipt(&front, &wrong).await.is_some());
    assert_eq!(signed(&ports).await, Done::default());
}

/// Twenty checkpoints and more have one that stays as it is: those of the others are issued all the same once they can be.
#[tokio::test]
async fn receipts_that_stay_as_they_are_do_not_keep_others_from_being_tried() {
    let front = front();
    let ports = ports(&front);
    let mut closings = Vec::new();
    for n in 0..50 {
        closings.push(front.closed(&format!("p{n}@example.com"), "{\"true\":1}", "{\"false\":1}").await);
        run(&ports, &UnlimitedBudget).await.expect("it runs");
    }
    let mend = |id: &RequestId| {
        let n = front.request(id).events;
        front.world.overwrite_statement(&tenant("demo"), id, n, "{\"true\":1}").expect("one was there");
    };
    mend(&closings[30]);
    mend(&closings[49]);
    let mut issued = 0;
    for _ in 0..3 {
        let done = signed(&ports).await;
        assert!(done.unissuable <= 20, "{done:?}");
        issued += done.receipts;
    }
    assert_eq!(issued, 2, "each had its turn within three runs");
    // And those that were tried first have it again.
    mend(&closings[0]);
    mend(&closings[48]);
    let mut issued = 0;
    for _ in 0..3 {
        issued += signed(&ports).await.receipts;
    }
    assert_eq!(issued, 2);
}

#[tokio::test]
async fn a_receipt_is_given_up_when_the_table_cannot_be_had_back_any_more() {
    let front = front();
    front.closed("one@example.com", "{\"true\":1}", "{\"false\":1}").await;
    let ports = ports(&front);
    assert_eq!(signed(&ports).await.unissuable, 1);
    front.world.fake_clock().advance(SignedDuration::from_hours(34 * 24));
    assert_eq!(signed(&ports).await.unissuable, 1);
    front.world.fake_clock().advance(SignedDuration::from_hours(3 * 24));
    assert_eq!(signed(&ports).await, Done::default());
}

/// A role that lacks a right, a table under another name: whatever it is, it is no reason to be without a receipt.
#[tokio::test]
async fn while_statements_cannot_be_read_logs_are_signed_and_receipts_wait() {
    for class in Class::ALL {
        let front = front();
        let ports = ports(&front);
        front.world.injector().arm(Plan::outage(Point::RequestsStatement.name()).class(class));
        let mut closings = Vec::new();
        for n in 0..3 {
            let statement = format!("{{\"n\":{n}}}");
            closings.push(front.closed(&format!("p{n}@example.com"), &statement, &statement).await);
            let done = signed(&ports).await;
            assert_eq!((done.signed, done.receipts, done.unsigned), (1, 0, 0), "{class:?}: {done:?}");
            assert_eq!((done.failed, done.broken, done.unissuable), (1, 0, 0), "{class:?}: {done:?}");
            done.ended().expect_err("it is said");
        }
        front.world.injector().disarm();
        let done = signed(&ports).await;
        assert_eq!((done.signed, done.receipts, done.failed), (0, 3, 0), "{class:?}: {done:?}");
        for id in &closings {
            assert!(receipt(&front, id).await.is_some(), "{class:?}");
        }
        assert_eq!(signed(&ports).await, Done::default());
    }
}

/// A backlog of closings: the run that signs them has no time for all of their receipts.
#[tokio::test]
async fn receipts_that_a_run_does_not_come_to_are_issued_by_the_next() {
    let front = front();
    for n in 0..20 {
        front.closed(&format!("p{n}@example.com"), "{}", "{}").await;
    }
    let ports = ports(&front);
    let first = run(&ports, &CountedBudget::new(4)).await.expect("it runs");
    assert_eq!((first.signed, first.receipts, first.out_of_time), (1, 16, true), "{first:?}");
    let second = run(&ports, &CountedBudget::new(6)).await.expect("it runs");
    assert_eq!((second.signed, second.receipts, second.failed), (0, 4, 0), "{second:?}");
    assert_eq!(signed(&ports).await, Done::default());
}
