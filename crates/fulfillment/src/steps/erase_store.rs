//! `erase-store`: bring the person's records of one wave in one store into the state that the
//! catalog wants.
//!
//! Before the first record the step hears everyone once more, and begins the store in a transaction
//! that fails if a hold stands on any of the person's identities (G1): a hold and a store's erasure
//! are always in one order. Records go page by page, as they were located; a page that was treated
//! and not yet written down is treated again, and counts the same (G3).

use std::sync::Arc;

use contract::step::{StoreRan, StoreRun};
use domain::catalog::{Catalog, Store};
use domain::event::EventKind;
use domain::plan::{PageRef, Plan};
use domain::request::Request;
use domain::{Operation, Tally, Task, TaskStatus};
use ports::stores::{Settled, Target, Treatment};
use ports::{
    Budget, Catalogs, Clock, Entropy, Holds, Keyring, Requests, Sanctions, Staging, Stores, Tenants,
};

use crate::change::{Actor, Amend, Draft, Scope, amend};
use crate::error::StepError;
use crate::papers::{Desk, Papers};
use crate::steps::begin_store::{Beginning, collection_of, since};
use crate::steps::persons_keys::PersonsKeys;
use crate::steps::treatment::{Handling, handling};

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The holds.
    pub holds: Arc<dyn Holds>,
    /// The tenant's sources.
    pub sanctions: Arc<dyn Sanctions>,
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
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
    let actor = Actor::step("erase-store");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, &input.run, &actor);
    let wave = input.wave.ok_or_else(|| StepError::broken("erase", "no wave was named"))?;
    let request = scope.load().await?;
    if request.cancel_requested || request.denied.is_some() {
        // Another store of this execution was objected to: what is left is closing.
        return Ok(StoreRan { more: false });
    }
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let desk = papers.open(&input.run).await?;
    let plan = desk.plan(&request).await?.ok_or_else(|| StepError::broken("erase", "there is no plan"))?;
    may_erase(&request, &plan, ports)?;
    let tasks = ports.requests.tasks(&input.run.tenant, &input.run.request_id).await?;
    if !earlier_waves_are_settled(&plan, &tasks, wave) {
        // A store of an earlier wave failed; what still leads to its records must stay.
        return Ok(StoreRan { more: false });
    }
    let order = plan.erase_order(&input.store);
    let mut task = task_of(tasks, input, (&request, &plan), ports.clock.now());
    let last = order.iter().filter(|(w, _)| *w <= wave).count();
    let next =
        |task: &Task| usize::try_from(task.pages).ok().filter(|at| *at < last).and_then(|at| order.get(at));
    if next(&task).is_none() {
        return Ok(StoreRan { more: false });
    }
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let store = catalog
        .store(&input.store)
        .ok_or_else(|| StepError::broken("erase", "the catalog lacks the store"))?;
    let mut true_from = task.true_from;
    let beginning = Beginning { ports, scope: &scope, plan: &plan, catalog: &catalog, store, wave };
    let Some(request) = beginning.begin(&request, &mut task).await? else {
        return Ok(StoreRan { more: false });
    };
    let eraser = Eraser { ports, desk: &desk, plan: &plan, request: &request, catalog: &catalog, store };
    let (mut foreign, mut done) = (0, 0);
    while let Some((_, page)) = next(&task) {
        let settled = match eraser.settle(page, &mut task, &mut true_from).await {
            Ok(settled) => settled,
            Err(error) => {
                // What was settled by this call is not done again by the next. Some keys of this page may be
                // gone, so it stays with what was said at the beginning.
                if done > 0 {
                    save(&scope, &task, EventKind::Progressed, foreign).await?;
                }
                return Err(error);
            }
        };
        done += 1;
        foreign += settled.foreign;
        task.pages += 1;
        if budget.is_spent() && next(&task).is_some() {
            task.true_from = true_from;
            let saved = save(&scope, &task, EventKind::Progressed, foreign).await?;
            return Ok(StoreRan { more: saved });
        }
    }
    let all = u32::try_from(order.len()).unwrap_or(u32::MAX);
    task.status = if task.pages >= all { TaskStatus::Done } else { TaskStatus::Running };
    task.true_from = true_from;
    save(&scope, &task, EventKind::Erased, foreign).await?;
    Ok(StoreRan { more: false })
}

/// The last line of defence: whatever the state machine says, nothing goes before its time.
fn may_erase(request: &Request, plan: &Plan, ports: &Ports) -> Result<(), StepError> {
    let waited = request.cooling_off_until.is_some_and(|until| until <= ports.clock.now());
    let pinned = !request.locks.is_empty() && plan.passes.last().is_some_and(|p| p.for_erasing && p.complete);
    // Who asked for both gets the export first (G2).
    let exported = !request.is_to_be_exported() && !request.has_packages();
    if waited && pinned && exported && !request.status.is_end() {
        Ok(())
    } else {
        Err(StepError::broken("erase", "the request is not ready to be erased"))
    }
}

/// Whether every store has settled its pages of the waves before this one.
fn earlier_waves_are_settled(plan: &Plan, tasks: &[Task], wave: u32) -> bool {
    plan.stores().iter().all(|store| {
        let needed = plan.erase_order(store).iter().filter(|(w, _)| *w < wave).count();
        let erased = tasks.iter().find(|t| t.op == Operation::Erase && &t.store == store);
        let done = erased.filter(|t| t.pass == plan.pass_number()).map_or(0, |t| t.pages);
        usize::try_from(done).is_ok_and(|done| done >= needed)
    })
}

/// The task as it stands in this pass. Counts go on from pass to pass of one time.
fn task_of(
    tasks: Vec<Task>,
    input: &StoreRun,
    (request, plan): (&Request, &Plan),
    now: jiff::Timestamp,
) -> Task {
    let fresh = Task::new(Operation::Erase, input.store.clone(), plan.pass_number(), now);
    match tasks.into_iter().find(|t| t.op == Operation::Erase && t.store == input.store) {
        Some(stored) if stored.pass == fresh.pass => {
            Task { status: TaskStatus::Running, failure: None, ..stored }
        }
        Some(stored) => carried(request, stored, fresh),
        None => fresh,
    }
}

/// The task of a new pass. What was erased or anonymised stays so, and so does since when that is true;
/// what is kept is located again, and counted again. Of a time before the request was opened again nothing is counted, and
/// nothing that was begun then is begun now.
pub(super) fn carried(request: &Request, stored: Task, fresh: Task) -> Task {
    if !request.is_of_this_time(&stored) {
        return Task { true_from: stored.true_from, ..fresh };
    }
    let kept_anew = |tally: Tally| Tally { retained: 0, ..tally };
    let collections = stored.collections.into_iter().map(|(name, tally)| (name, kept_anew(tally)));
    Task {
        tally: kept_anew(stored.tally),
        collections: collections.collect(),
        begun: stored.begun,
        true_from: stored.true_from,
        ..fresh
    }
}

/// Writes down how far it is; `false` if a hold stands by now, or the request has ended, so that nothing more may be
/// touched. Nothing is written into what has ended.
async fn save(scope: &Scope<'_>, task: &Task, kind: EventKind, foreign: u64) -> Result<bool, StepError> {
    let going_on = kind == EventKind::Progressed;
    let saved = amend(scope, |mut request| {
        if request.status.is_end() {
            return Ok(Amend::Leave(false));
        }
        let now = scope.clock.now();
        request.attempts = 0;
        let mut task = task.clone();
        task.at = now;
        let mut draft = Draft::new(request, kind, now).task(task);
        if foreign > 0 {
            draft = draft.detail("left_alone", foreign);
        }
        if let Some(from) = draft.tasks.first().and_then(|task| task.true_from) {
            draft = draft.detail("true_from", from);
        }
        if going_on {
            draft.unless_held.clone_from(&draft.request.locks);
        }
        Ok(Amend::commit(draft, true))
    })
    .await?;
    Ok(saved.unwrap_or(false))
}

struct Eraser<'a> {
    ports: &'a Ports,
    desk: &'a Desk<'a>,
    plan: &'a Plan,
    request: &'a Request,
    catalog: &'a Catalog,
    store: &'a Store,
}

impl Eraser<'_> {
    /// Treats one page, and counts it: in all, and for its collection. Where keys are destroyed, it says since
    /// when that is true.
    async fn settle(
        &self,
        page: &PageRef,
        task: &mut Task,
        true_from: &mut Option<jiff::Timestamp>,
    ) -> Result<Settled, StepError> {
        let collection = collection_of(self.store, page)?;
        let now = self.ports.clock.now();
        let handling = handling((self.request, self.plan), self.catalog, self.store, collection, now);
        let (settled, counted) = match handling {
            Handling::Keep => {
                let done = u64::from(page.records);
                (Settled { done, foreign: 0 }, Tally { retained: done, ..Tally::default() })
            }
            Handling::Shred(after) => {
                let records = self.desk.page(&page.object).await?.records;
                let keys = PersonsKeys::of(&*self.ports.keyring, &self.request.tenant).await?;
                let done = keys.destroy(&records).await?;
                *true_from = (*true_from).max(Some(since(Some(self.ports.clock.now()), after)));
                (Settled { done, foreign: 0 }, Tally { erased: done, ..Tally::default() })
            }
            Handling::Treat(treatment) => {
                let records = self.desk.page(&page.object).await?.records;
                let connector = self.ports.stores.connector(&self.request.tenant, self.store).await?;
                let target = Target { store: self.store, collection, wanted: &[] };
                let settled = connector.erase(&target, &records, &treatment).await?;
                let done = settled.done;
                let counted = match treatment {
                    Treatment::Anonymise(_) => Tally { anonymised: done, ..Tally::default() },
                    Treatment::Delete => Tally { erased: done, ..Tally::default() },
                };
                (settled, counted)
            }
        };
        task.tally += counted;
        *task.collections.entry(page.collection.clone()).or_default() += counted;
        Ok(settled)
    }
}
