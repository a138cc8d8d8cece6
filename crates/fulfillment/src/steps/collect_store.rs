//! `collect-store`: read the person's records in one store whole, into sealed pages.
//!
//! What was located is read page by page, so memory does not grow with the number of records; what is
//! somebody else's is masked before anything is written. How far it is stands in the store's index, which is
//! written after what it names: a call that dies is taken up where the index says, and reads some records
//! again.

use std::cmp::Ordering;
use std::sync::Arc;

use contract::step::{StoreRan, StoreRun};
use domain::catalog::Catalog;
use domain::event::EventKind;
use domain::export::{Place, compare_versions};
use domain::plan::Plan;
use domain::request::Request;
use domain::{Operation, Status, StoreId, Tally, Task, TaskStatus};
use ports::{Budget, Catalogs, Class, Clock, Code, Entropy, Fault, Keyring, Requests, Staging, Stores};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::error::StepError;
use crate::papers::Papers;
use crate::staged::{Shelf, StagedStore};
use crate::steps::collecting::Collecting;
use crate::steps::plan::collect;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// The papers.
    pub staging: Arc<dyn Staging>,
    /// The catalogs.
    pub catalogs: Arc<dyn Catalogs>,
    /// The stores.
    pub stores: Arc<dyn Stores>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Runs the step.
pub async fn run(ports: &Ports, input: &StoreRun, budget: &dyn Budget) -> Result<StoreRan, StepError> {
    let actor = Actor::step("collect-store");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, &input.run, &actor);
    let request = scope.load().await?;
    if request.cancel_requested || !request.is_to_be_exported() {
        return Ok(StoreRan { more: false });
    }
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let desk = papers.open(&input.run).await?;
    let plan = desk.plan(&request).await?.ok_or_else(|| StepError::broken("collect", "there is no plan"))?;
    if !plan.passes.last().is_some_and(|pass| pass.complete) {
        return Err(StepError::broken("collect", "the plan is not complete"));
    }
    let tasks = ports.requests.tasks(&input.run.tenant, &input.run.request_id).await?;
    let read = |t: &Task| {
        (t.op, &t.store, t.pass) == (Operation::Collect, &input.store, plan.pass_number())
            && t.status == TaskStatus::Done
    };
    if tasks.iter().any(read) {
        // By a call whose answer was lost. When it was read stays when it was.
        return Ok(StoreRan { more: false });
    }
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let store = catalog
        .store(&input.store)
        .ok_or_else(|| StepError::broken("collect", "the catalog lacks the store"))?;
    // What a copy shows depends on what its original turned out to hold. No task is written: the next round
    // of reading comes back to it.
    let reads = |original: &StoreId| collect(&request, Some(&plan)).stores.contains(original);
    let is_read = |original: &StoreId| {
        let of = |t: &Task| (t.op, &t.store, t.pass) == (Operation::Collect, original, plan.pass_number());
        tasks.iter().any(|task| of(task) && task.status == TaskStatus::Done)
    };
    if store.copy_of.as_ref().is_some_and(|original| reads(original) && !is_read(original)) {
        return Ok(StoreRan { more: false });
    }
    let request = begin(&scope).await?;
    let shelf = Shelf::of(&desk, &input.run, &input.store);
    let mut index = shelf.index().await?;
    if !index.done {
        let mut collecting = Collecting {
            tenant: &request.tenant,
            run: &input.run,
            format: request.export.as_ref().map(|export| export.format).unwrap_or_default(),
            desk: &desk,
            shelf: &shelf,
            plan: &plan,
            store,
            stores: &*ports.stores,
            people: plan.people(),
            elsewhere: std::collections::BTreeMap::new(),
        };
        if !collecting.walk(&mut index, budget).await? {
            save(&scope, input, &plan, &index).await?;
            return Ok(StoreRan { more: true });
        }
        if let Some(behind) = behind(&request, &catalog, input, &index) {
            // Read again from the beginning: what it lacks may be in any record.
            shelf.file_index(&StagedStore::default()).await?;
            return Err(behind.into());
        }
        index.done = true;
        shelf.file_index(&index).await?;
    }
    save(&scope, input, &plan, &index).await?;
    Ok(StoreRan { more: false })
}

/// The request is being collected, from the first store on.
async fn begin(scope: &Scope<'_>) -> Result<Request, StepError> {
    amend_plainly(scope, |mut request| {
        if request.status == Status::Collecting {
            return Ok(Amend::Leave(request));
        }
        request.become_status(Status::Collecting)?;
        let draft = Draft::new(request, EventKind::Collecting, scope.clock.now());
        let after = draft.request.clone();
        Ok(Amend::commit(draft, after))
    })
    .await
}

async fn save(
    scope: &Scope<'_>,
    input: &StoreRun,
    plan: &Plan,
    index: &StagedStore,
) -> Result<(), StepError> {
    let collected = index.collections.values().map(|c| c.rows).sum();
    let masked: u64 = index.collections.values().map(|c| c.masked).sum();
    amend_plainly(scope, |request| {
        let now = scope.clock.now();
        let task = Task {
            status: if index.done { TaskStatus::Done } else { TaskStatus::Running },
            pages: u32::try_from(index.located).unwrap_or(u32::MAX),
            tally: Tally { collected, ..Tally::default() },
            ..Task::new(Operation::Collect, input.store.clone(), plan.pass_number(), now)
        };
        let kind = if index.done { EventKind::Collected } else { EventKind::Progressed };
        let draft = Draft::new(request, kind, now).task(task).detail("masked", masked);
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// Why the store has not caught up with what the request asks of it; `None` if it has.
fn behind(request: &Request, catalog: &Catalog, input: &StoreRun, index: &StagedStore) -> Option<Fault> {
    let asked = request.export.iter().flat_map(|export| &export.min_versions);
    let mut asked = asked.filter(|(place, _)| place.store == input.store);
    let owner = catalog.store(&input.store).map_or("nobody", |store| store.owner.team.as_str());
    asked.find_map(|(place, wanted)| {
        let (class, detail) = lag(place, wanted, index)?;
        Some(Fault::new(
            class,
            Code::StoreBehind,
            "collect",
            place.to_string(),
            format!("{detail} (owner: {owner})"),
        ))
    })
}

/// Why a store, or its collection, is not new enough.
fn lag(place: &Place, wanted: &str, index: &StagedStore) -> Option<(Class, String)> {
    let meant = |name: &String| place.collection.as_ref().is_none_or(|meant| meant == name);
    let read = index.collections.iter().filter(|(name, _)| meant(name));
    let newest: Vec<&str> = read.filter_map(|(_, c)| c.newest.as_deref()).collect();
    // What cannot be compared is not taken for new enough.
    let compared = |newest: &&str| compare_versions(newest, wanted);
    if newest.iter().filter_map(compared).any(Ordering::is_ge) {
        return None;
    }
    if !newest.is_empty() && newest.iter().all(|newest| compared(newest).is_none()) {
        return Some((Class::Permanent, format!("has versions that cannot be compared with {wanted}")));
    }
    Some((Class::Transient, format!("has nothing as new as {wanted} yet")))
}
