//! Exports of logs whose entries stand otherwise than they happened, and of tables that have lost some.

use std::sync::Arc;

use async_trait::async_trait;
use audit::Block;
use audit::Head;
use contract::audit::ExportPart;
use domain::event::{About, Event, EventKind};
use domain::{Generation, RequestId, TenantId};
use jiff::{SignedDuration, Timestamp};
use ports::{AuditLog, Fault};

use super::{ask, door, exported, read, signed, verified};
use crate::api::tests::{Front, call, caller, front, tenant};
use crate::auditing::{Ports, answer};
use domain::access::Role;

fn minute(n: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(n)
}

/// Chains an event of each of these minutes, in this order.
async fn chain(front: &Front, minutes: impl IntoIterator<Item = i64>) {
    let (log, demo) = (front.world.audit_log(), tenant("demo"));
    let head = log.head(&demo).await.expect("a head");
    let events: Vec<Event> = (1..)
        .zip(minutes)
        .map(|(n, at)| Event {
            tenant: demo.clone(),
            about: About::Request(RequestId::new(Timestamp::UNIX_EPOCH, u128::from(head.seq))),
            n,
            at: minute(at),
            kind: EventKind::Progressed,
            who: "step:plan".into(),
            generation: Generation::FIRST,
            status: None,
            store: None,
            tally: None,
            why: None,
            detail: [].into(),
            wake: None,
        })
        .collect();
    let block = Block::after(&head, &demo, &events, |_| "GDPR Art. 17".to_owned()).expect("a block");
    assert!(log.append(&block).await.expect("appended"));
}

async fn extent(front: &Front, from: i64, to: i64) -> (u64, u64) {
    let (file, _) = exported(front, minute(from), minute(to)).await;
    let found = verified(front, &file).await;
    (found.first, found.last)
}

/// Of forty events, one a minute, that of minute 5 was chained in the place of the 25th.
#[tokio::test]
async fn what_was_chained_late_is_in_the_export_of_its_time() {
    let front = front();
    for ten in 0..4 {
        let minutes = (10 * ten + 1)..=(10 * ten + 10);
        chain(&front, minutes.map(|n| if n == 25 { 5 } else { n })).await;
        signed(&front).await;
    }
    assert_eq!(extent(&front, 5, 5).await, (1, 30), "its own time has it");
    assert_eq!(extent(&front, 1, 3).await, (1, 20), "an earlier one does not need it");
    assert_eq!(
        extent(&front, 12, 14).await,
        (11, 30),
        "what follows it does not make an export begin too late"
    );
    assert_eq!(extent(&front, 22, 23).await, (21, 40));
    assert_eq!(extent(&front, 31, 99).await, (31, 40));
    // And one that is not signed yet.
    chain(&front, [50, 7]).await;
    assert_eq!(extent(&front, 6, 8).await, (1, 42));
    assert_eq!(extent(&front, 1, 3).await, (1, 20));
    assert_eq!(extent(&front, 45, 99).await, (41, 42));
    signed(&front).await;
    assert_eq!(extent(&front, 6, 8).await, (1, 42));
    assert_eq!(extent(&front, 5, 5).await, (1, 30));
}

/// What is to show that the log begins before a time is the first entry, and not one that was late to come later.
#[tokio::test]
async fn the_first_entry_of_a_whole_export_is_earlier_than_its_time() {
    let front = front();
    chain(&front, 1..=5).await;
    signed(&front).await;
    // Nothing for a while; then one of its time, and one that is late.
    chain(&front, [90, 10]).await;
    signed(&front).await;
    let target = format!("/v1/audit/export?from={}&to={}&whole=true", minute(60), minute(80));
    let part: ExportPart = read(&ask(&front, Role::Auditor, &target).await);
    let found = verified(&front, &part.lines).await;
    assert_eq!((found.first, found.last), (1, 7));
}

/// Whatever is late, and by however much: an export has all of its time.
#[tokio::test]
async fn an_export_has_all_of_its_time_in_whatever_order_it_was_chained() {
    for seed in 0..6 {
        let front = front();
        let mut random = seed * 7919 + 1;
        let mut minutes: Vec<i64> = Vec::new();
        for block in 0..12 {
            let own: Vec<i64> = (0..5)
                .map(|n| {
                    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
                    let now = 15 * block + 3 * n;
                    if random % 5 == 0 { random / 7 % (now + 1) } else { now }
                })
                .collect();
            chain(&front, own.clone()).await;
            minutes.extend(own);
            if block % 3 != 1 {
                signed(&front).await;
            }
        }
        for from in (0..180).step_by(13) {
            for to in [from, from + 20, from + 70] {
                let (first, last) = extent(&front, from, to).await;
                let places = (1..).zip(&minutes).filter(|(_, at)| (from..=to).contains(*at));
                for (place, at) in places {
                    assert!((first..=last).contains(&place), "{seed}: {place} of {at} in {from}..{to}");
                }
            }
        }
    }
}

/// A table of which somebody took a block out.
struct WithoutTheSecond(Arc<dyn AuditLog>);

#[async_trait]
impl AuditLog for WithoutTheSecond {
    async fn head(&self, tenant: &TenantId) -> Result<Head, Fault> {
        self.0.head(tenant).await
    }

    async fn unchained(&self, tenant: &TenantId, events: &[Event]) -> Result<Vec<Event>, Fault> {
        self.0.unchained(tenant, events).await
    }

    async fn append(&self, block: &Block) -> Result<bool, Fault> {
        self.0.append(block).await
    }

    async fn read(&self, tenant: &TenantId, from: u64, most: usize) -> Result<Vec<Block>, Fault> {
        let blocks = self.0.read(tenant, from, most).await?.into_iter();
        Ok(blocks.filter(|block| block.entries.first().is_none_or(|first| first.seq != 11)).collect())
    }
}

#[tokio::test]
async fn entries_that_are_missing_are_no_empty_answer_and_the_rest_can_be_had() {
    let front = front();
    for ten in 0..3 {
        chain(&front, (10 * ten + 1)..=(10 * ten + 10)).await;
    }
    signed(&front).await;
    let whole = door(&front);
    let door = Ports { audit_log: Arc::new(WithoutTheSecond(front.world.audit_log())), ..whole };
    let ask = async |query: &str| {
        let mut call = call(&caller(Role::Auditor), "GET", &format!("/v1/audit/export?{query}"));
        call.resource = "/v1/audit/export".to_owned();
        call.id = None;
        answer(&door, &call).await
    };
    let broken = ask(&format!("from={}&to={}", minute(0), minute(99))).await;
    assert_eq!(broken.status, 503, "{}", broken.body);
    assert!(broken.body.contains("audit-broken"), "{}", broken.body);
    let raw = ask("raw=true").await;
    assert_eq!(raw.status, 200, "{}", raw.body);
    assert_eq!(raw.body.matches("{\\\"entry\\\":").count(), 20, "{}", raw.body);
    assert!(raw.body.contains("\\\"seq\\\":10}") && raw.body.contains("\\\"seq\\\":21}"));
    assert!(raw.body.contains("\\\"end\\\"") && !raw.body.contains("\\\"checkpoint\\\""));
}
