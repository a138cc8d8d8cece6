//! G8: whoever was erased stays erased when a store is restored from a backup.

mod coming_back;
mod faults;
mod keeping;
mod kept;
mod losing;
mod meanwhile;
mod read_again;
mod replaying;
mod sampling;
mod taking_turns;

use contract::ledger::{LedgerStore, LedgerStores, ReplayView};
use domain::access::Role;
use domain::ledger::ReplayStatus;
use domain::{Request, Status, TenantId};
use fulfillment::StepError;
use fulfillment::steps::{replay_ledger, sample_stores};
use jiff::{SignedDuration, Timestamp};
use ports::Budget;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testkit::clock::UnlimitedBudget;
use testkit::memory::Contents;

use super::calling;
use super::shop::{self, PERSON};
use super::stage::Stage;

/// The stores of the shop.
const STORES: [&str; 3] = ["shop", "support", "crm"];

/// A shop, the backup of all its stores from a day before, and its person erased.
async fn erased() -> (Stage, Vec<Contents>, Timestamp) {
    let stage = Stage::new(1);
    let (backup, taken_at) = (shop::everything(&stage.world, &stage.tenant), stage.world.clock().now());
    stage.world.fake_clock().advance(SignedDuration::from_hours(24));
    erase(&stage, PERSON).await;
    (stage, backup, taken_at)
}

async fn erase(stage: &Stage, email: &str) -> Request {
    let id = stage.submit(email).await;
    let request = stage.play_to_the_end(&id).await;
    assert_eq!(request.status, Status::Fulfilled);
    request
}

/// Puts a store back as it was.
fn put_back(stage: &Stage, store: &str, backup: &[Contents]) {
    let at = STORES.iter().position(|one| *one == store).expect("a store");
    stage.world.database(&stage.tenant, &store.parse().expect("a store")).restore(backup[at].clone());
}

/// Calls the API.
async fn call(stage: &Stage, method: &str, resource: &str, id: Option<&str>, body: &Value) -> (u16, Value) {
    call_as(stage, Role::Owner, method, resource, id, body).await
}

async fn call_as(
    stage: &Stage,
    role: Role,
    method: &str,
    resource: &str,
    id: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    calling::call(stage, (role, "somebody"), (method, resource), id, body).await
}

fn read<T: DeserializeOwned>((status, body): (u16, Value)) -> T {
    assert!(status < 300, "{status}: {body}");
    serde_json::from_value(body).expect("the documented form")
}

/// Says that a store was restored.
async fn declare(stage: &Stage, store: &str, taken_at: Timestamp) -> LedgerStore {
    let body = json!({"store": store, "taken_at": taken_at});
    read(call(stage, "POST", "/v1/ledger/restores", None, &body).await)
}

/// What the API answers to whoever wants a replay that is no dry run.
async fn start(stage: &Stage, store: &str, expect: Option<u64>) -> (u16, Value) {
    let body = json!({"store": store, "expect": expect, "rate": 1_000});
    call(stage, "POST", "/v1/ledger/replays", None, &body).await
}

/// Begins a replay; one that is no dry run with what a dry run counts before.
async fn begin(stage: &Stage, store: &str, dry_run: bool) -> ReplayView {
    let body = json!({"store": store, "dry_run": true, "rate": 1_000});
    let counting: ReplayView = read(call(stage, "POST", "/v1/ledger/replays", None, &body).await);
    if dry_run {
        return counting;
    }
    let counted = to_the_end(stage, &counting).await;
    assert_eq!(counted.status, ReplayStatus::Done, "{counted:?}");
    read(start(stage, store, Some(counted.requests)).await)
}

async fn replay(stage: &Stage, begun: &ReplayView) -> ReplayView {
    let id = Some(begun.replay_id.as_str());
    read(call(stage, "GET", "/v1/ledger/replays/{id}", id, &json!(null)).await)
}

async fn standing(stage: &Stage, store: &str) -> LedgerStore {
    let all: LedgerStores = read(call(stage, "GET", "/v1/ledger/stores", None, &json!(null)).await);
    all.items.into_iter().find(|one| one.store.as_str() == store).expect("every store is there")
}

/// One call of the step.
async fn bring_on(stage: &Stage, budget: &dyn Budget) -> Result<usize, StepError> {
    ran(stage, budget).await.ended()
}

/// The same, with all that it says.
async fn ran(stage: &Stage, budget: &dyn Budget) -> replay_ledger::Ran {
    let w = &stage.world;
    let ports = replay_ledger::Ports {
        ledger: w.ledger(),
        requests: w.requests(),
        keyring: w.keyring(),
        staging: w.staging(),
        catalogs: w.catalogs(),
        stores: w.stores(),
        clock: w.clock(),
        entropy: w.entropy(),
    };
    replay_ledger::run(&ports, budget).await
}

/// Calls it once in a minute, while requests go their way, until the replay has ended.
async fn to_the_end(stage: &Stage, begun: &ReplayView) -> ReplayView {
    for _ in 0..200 {
        let now = replay(stage, begun).await;
        if now.status != ReplayStatus::Running {
            return now;
        }
        if bring_on(stage, &UnlimitedBudget).await.is_err() {
            stage.world.injector().revive();
        }
        stage.play().await;
        stage.world.fake_clock().advance(SignedDuration::from_mins(1));
        stage.sweep().await;
    }
    panic!("the replay never ends: {:?}", replay(stage, begun).await);
}

/// One call of sampling, an hour after the one before; how many people were met for the first time.
async fn sample(stage: &Stage) -> Result<usize, StepError> {
    sampled(stage, &UnlimitedBudget).await.ended()
}

/// The same, with all that it says.
async fn sampled(stage: &Stage, budget: &dyn Budget) -> sample_stores::Done {
    stage.world.fake_clock().advance(SignedDuration::from_hours(1));
    let w = &stage.world;
    let ports = sample_stores::Ports {
        ledger: w.ledger(),
        requests: w.requests(),
        tenants: w.tenants(),
        keyring: w.keyring(),
        staging: w.staging(),
        catalogs: w.catalogs(),
        stores: w.stores(),
        clock: w.clock(),
        entropy: w.entropy(),
    };
    sample_stores::run(&ports, budget).await
}

/// The requests of a tenant that Lacuna made itself.
async fn made(stage: &Stage) -> Vec<Request> {
    let listing = stage.world.requests().list(&stage.tenant, None, None, 100).await.expect("a list");
    listing.requests.into_iter().filter(|request| request.origin.is_some()).collect()
}

/// What is in the stores, with one name for all surrogates: each erasure has one of its own.
fn texts(stage: &Stage, tenant: &TenantId) -> Vec<String> {
    let tables = [
        ("shop", &["shop-customers", "shop-employees", "shop-invoices", "shop-invoice-lines"][..]),
        ("crm", &["contacts", "interactions", "revenue_by_customer"][..]),
    ];
    let mut all = Vec::new();
    for (store, tables) in tables {
        let database = stage.world.database(tenant, &store.parse().expect("a store"));
        for table in tables {
            all.extend(database.rows(table).into_iter().map(|row| {
                let fields = row.iter().map(|(name, value)| {
                    let text = value.expose();
                    let surrogate = text.parse::<u64>().is_ok_and(|number| number >= 1 << 52);
                    format!("{name}={}", if surrogate { "SURROGATE" } else { text })
                });
                format!("{table}: {}", fields.collect::<Vec<_>>().join(", "))
            }));
        }
    }
    all.sort();
    all
}
