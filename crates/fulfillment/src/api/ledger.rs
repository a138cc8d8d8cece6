//! The erasure ledger: stores that were restored, and replays.
//!
//! Who says that a store was restored makes it unfit for traffic, until a replay that begins after that is done. A
//! replay is only begun here: `steps::replay_ledger` brings it on. All of it may be sent again: what is so already is
//! the answer, and what is under way is.
//!
//! A replay erases without a wait, so it is begun only where a store was said to be restored and was not replayed since,
//! and only by who has looked at how many people that concerns: a dry run counts them.

use std::collections::BTreeSet;

use contract::ledger::{
    DeclareRestore, LedgerStore, LedgerStores, MOST_RATE, ReplayView, StartReplay, USUAL_RATE,
};
use contract::problem::{Invalid, Problem};
use domain::ledger::{Replay, ReplayStatus, Standing};
use domain::{ReplayId, StoreId};
use jiff::Timestamp;
use ports::{Class, Code, Fault};

use super::body::{self, INSTANT, Shape, needed, optional};
use super::identities::{Configured, configured};
use super::refusal::{invalid, not_found};
use super::{Answer, Call, Ports, Refusal, actor, names};
use crate::ledger::standing::{Wanted, begun, restored};
use crate::steps::replay_ledger::keeping::key_of;

/// How often another writer may be first.
const TRIES: u32 = 8;

const STORE: Shape = Shape::Text("the id of a store of the catalog", |text| text.parse::<StoreId>().is_ok());

const RESTORE: Shape = Shape::Object(&[needed("store", STORE), needed("taken_at", INSTANT)]);

const REPLAY: Shape = Shape::Object(&[
    needed("store", STORE),
    optional("dry_run", Shape::Bool),
    optional("expect", Shape::Number("a whole number: the people whom a dry run has counted", |_| true)),
    optional(
        "rate",
        Shape::Number("a whole number from 1 to 100000: records in a second", |rate| {
            (1..=u64::from(MOST_RATE)).contains(&rate)
        }),
    ),
]);

/// `POST /v1/ledger/restores`.
pub(super) async fn declare(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let given = body::read::<DeclareRestore>(&call.body, &RESTORE)?.value;
    let now = ports.clock.now();
    let mut errors = Vec::new();
    known(&configured(ports, call).await?, &given.store, &mut errors);
    if given.taken_at > now {
        errors.push(Invalid::new("/taken_at", "this is in the future"));
    }
    if !errors.is_empty() {
        return Err(invalid(errors).into());
    }
    let by = actor(call, &names(ports, call).await?)?.0;
    for _ in 0..TRIES {
        let (read, standing) = stand(ports, call, &given.store).await?;
        // The same once more, before a replay was begun, changes nothing. After that it was restored again: what the replay
        // has read is not what is there.
        let untouched = standing.replay.is_none() && !standing.is_fit();
        if standing.taken_at == Some(given.taken_at) && untouched {
            return Ok(Answer::json(201, &view(ports, &standing).await?)?);
        }
        let turn = restored(read, standing, given.taken_at, &by, now);
        if ports.ledger.take(&turn).await?
            && let Some((_, standing)) = &turn.standing
        {
            return Ok(Answer::json(201, &view(ports, standing).await?)?);
        }
    }
    Err(busy().into())
}

/// `POST /v1/ledger/replays`.
pub(super) async fn start(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let given = body::read::<StartReplay>(&call.body, &REPLAY)?.value;
    let configured = configured(ports, call).await?;
    let mut errors = Vec::new();
    known(&configured, &given.store, &mut errors);
    if !errors.is_empty() {
        return Err(invalid(errors).into());
    }
    let by = actor(call, &names(ports, call).await?)?.0;
    let now = ports.clock.now();
    let id = ReplayId::new(now, ports.entropy.bits());
    let dry_run = given.dry_run.unwrap_or(false);
    let mut has_key = false;
    for _ in 0..TRIES {
        let (read, standing) = stand(ports, call, &given.store).await?;
        // One that is under way, of what is there now, is the one that is wanted.
        let latest = if dry_run { &standing.dry_run } else { &standing.replay };
        if let Some(running) = replay_of(ports, &standing, latest.as_ref()).await?
            && running.status == ReplayStatus::Running
        {
            return Ok(Answer::json(202, &ReplayView::from(&running))?);
        }
        let most = if dry_run { u64::MAX } else { most(&standing, given.expect, now)? };
        let wanted = Wanted {
            id: id.clone(),
            dry_run,
            most,
            rate: given.rate.unwrap_or(USUAL_RATE),
            catalog_version: configured.version.clone(),
            by: by.clone(),
        };
        if !dry_run && !has_key {
            // What it keeps of people is sealed under it. Nobody makes it later: the replay destroys it, and then it is
            // over. One whose replay is not begun, because another call was first, seals nothing. It is made once: who
            // may make it may not open it.
            ports.keyring.obtain(&key_of(call.tenant(), &id)).await?;
            has_key = true;
        }
        let turn = begun(read, standing, wanted, now);
        if ports.ledger.take(&turn).await?
            && let Some((_, replay)) = &turn.replay
        {
            return Ok(Answer::json(202, &ReplayView::from(replay))?);
        }
    }
    Err(busy().into())
}

/// How many people a replay may find at the most; or why it is not begun, and what to do first.
fn most(standing: &Standing, expect: Option<u64>, now: Timestamp) -> Result<u64, Problem> {
    let no = |why: String| Err(Problem::conflict(format!("Nothing was done. {why}")));
    let store = &standing.store;
    if standing.is_fit() {
        return no(format!(
            "Nobody has said that {store} was restored, or it was replayed since: who is in it may have come back by \
             themselves. If it was restored, say so first. A dry run can be made at any time."
        ));
    }
    let counted = standing.counted.filter(|counted| counted.is_recent(now));
    match (counted, expect) {
        (None, _) => no(format!(
            "No dry run of {store} was done in the last 24 hours, since it was restored. Make one, look at how many \
             people it counts, and send that number as `expect`."
        )),
        (Some(counted), Some(expect)) if counted.people == expect => Ok(Replay::most_for(expect)),
        (Some(counted), _) => no(format!(
            "The latest dry run of {store} has counted {} people. If that is what you expect, send that number as \
             `expect`.",
            counted.people
        )),
    }
}

/// `GET /v1/ledger/replays/{id}`.
pub(super) async fn show(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let id: ReplayId = call.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    let replay = ports.ledger.replay(call.tenant(), &id).await?.ok_or_else(not_found)?;
    Ok(Answer::json(200, &ReplayView::from(&replay))?)
}

/// `GET /v1/ledger/stores`.
pub(super) async fn stores(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let configured = configured(ports, call).await?;
    let mut items = Vec::new();
    let mut said = BTreeSet::new();
    for standing in ports.ledger.standings(call.tenant()).await? {
        said.insert(standing.store.clone());
        items.push(view(ports, &standing).await?);
    }
    let others = configured.catalog.stores.iter().map(|store| &store.id).filter(|id| !said.contains(*id));
    items.extend(others.cloned().map(LedgerStore::untouched));
    items.sort_by(|a, b| a.store.cmp(&b.store));
    Ok(Answer::json(200, &LedgerStores { items })?)
}

/// A store that the catalog lacks has a mistake in its name, and would be fit for traffic for ever.
fn known(configured: &Configured, store: &StoreId, errors: &mut Vec<Invalid>) {
    if configured.catalog.store(store).is_none() {
        errors.push(Invalid::new("/store", "the catalog has no such store"));
    }
}

/// A store as it was read, and as it is to be changed.
async fn stand(ports: &Ports, call: &Call, store: &StoreId) -> Result<(Option<Standing>, Standing), Fault> {
    let read = ports.ledger.standing(call.tenant(), store).await?;
    let standing = read.clone().unwrap_or_else(|| Standing::new(call.tenant().clone(), store.clone()));
    Ok((read, standing))
}

async fn replay_of(
    ports: &Ports,
    standing: &Standing,
    id: Option<&ReplayId>,
) -> Result<Option<Replay>, Fault> {
    match id {
        Some(id) => ports.ledger.replay(&standing.tenant, id).await,
        None => Ok(None),
    }
}

async fn view(ports: &Ports, standing: &Standing) -> Result<LedgerStore, Fault> {
    let latest = replay_of(ports, standing, standing.replay.as_ref()).await?;
    Ok(LedgerStore::new(standing, latest.as_ref()))
}

fn busy() -> Fault {
    let detail = "others say things of this store at the same time";
    Fault::new(Class::Throttled, Code::ControlUnavailable, "take", "ledger", detail)
}
