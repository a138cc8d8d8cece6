//! `suppress-store`: hide the person from the product while the request can still be undone.

use std::sync::Arc;

use contract::step::{StoreRan, StoreRun};
use domain::event::EventKind;
use domain::plan::PageRef;
use domain::request::Request;
use domain::{Operation, Status, Task, TaskStatus};
use ports::stores::Target;
use ports::{Budget, Catalogs, Class, Clock, Code, Entropy, Fault, Keyring, Requests, Staging, Stores};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::error::StepError;
use crate::papers::Papers;

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
    set_hidden(ports, input, budget, true).await
}

/// Hides or shows every located record of a store that can be hidden. The flag is set on records
/// that still belong to the person, so doing it twice is doing it once.
pub(super) async fn set_hidden(
    ports: &Ports,
    input: &StoreRun,
    budget: &dyn Budget,
    hidden: bool,
) -> Result<StoreRan, StepError> {
    let (op, name) =
        if hidden { (Operation::Suppress, "suppress-store") } else { (Operation::Restore, "restore-store") };
    let actor = Actor::step(name);
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, &input.run, &actor);
    let request = scope.load().await?;
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let desk = papers.open(&input.run).await?;
    let plan = desk.plan(&request).await?.ok_or_else(|| StepError::broken(name, "there is no plan"))?;
    let tasks = ports.requests.tasks(&input.run.tenant, &input.run.request_id).await?;
    if !hidden {
        nobody_hides_any_more(&tasks, input, ports.clock.now())?;
    }
    let stored =
        tasks.into_iter().find(|t| t.op == op && t.store == input.store && t.pass == plan.pass_number());
    let mut task =
        stored.unwrap_or_else(|| Task::new(op, input.store.clone(), plan.pass_number(), ports.clock.now()));
    if task.status == TaskStatus::Done {
        return Ok(StoreRan { more: false });
    }
    if hidden {
        begin(&scope, &task).await?;
    }
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let store =
        catalog.store(&input.store).ok_or_else(|| StepError::broken(name, "the catalog lacks the store"))?;
    let suppressor = ports.stores.suppressor(&request.tenant, store).await?;
    let pages: Vec<&PageRef> = plan.pages(&input.store).collect();
    while let Some(page) = usize::try_from(task.pages).ok().and_then(|at| pages.get(at)) {
        let collection = store.collection(&page.collection).filter(|c| c.suppress.is_some());
        if let (Some(collection), Some(suppressor)) = (collection, &suppressor) {
            let records = desk.page(&page.object).await?.records;
            // A stopped execution's call goes on until it ends: it must not hide who is shown again.
            scope.load().await?;
            let target = Target { store, collection, wanted: &[] };
            task.tally.located += suppressor.set_hidden(&target, &records, hidden).await?;
        }
        task.pages += 1;
        if budget.is_spent() && usize::try_from(task.pages).is_ok_and(|done| done < pages.len()) {
            save(&scope, task, EventKind::Progressed).await?;
            return Ok(StoreRan { more: true });
        }
    }
    task.status = TaskStatus::Done;
    save(&scope, task, if hidden { EventKind::Suppressed } else { EventKind::Restored }).await?;
    Ok(StoreRan { more: false })
}

/// How long a call that hides may go on after its execution was stopped: the time limit of the
/// function, and some.
const MAY_STILL_HIDE: jiff::SignedDuration = jiff::SignedDuration::from_secs(150);

/// Showing comes after hiding: while a call of a stopped execution may still hide, it is waited for.
fn nobody_hides_any_more(tasks: &[Task], input: &StoreRun, now: jiff::Timestamp) -> Result<(), StepError> {
    let hiding = tasks.iter().find(|t| t.op == Operation::Suppress && t.store == input.store);
    let under_way =
        hiding.is_some_and(|t| t.status == TaskStatus::Running && now.duration_since(t.at) < MAY_STILL_HIDE);
    if under_way {
        let detail = "a suppression that was under way may not have ended";
        let store = input.store.as_str();
        // Of this class because its retries last longer than that.
        return Err(Fault::new(Class::Throttled, Code::ControlUnavailable, "restore", store, detail).into());
    }
    Ok(())
}

/// Writes down that hiding begins before anything is hidden, so that it is undone even if this
/// execution dies half-way.
async fn begin(scope: &Scope<'_>, task: &Task) -> Result<(), StepError> {
    if task.pages > 0 || task.status == TaskStatus::Failed {
        return Ok(());
    }
    save(scope, task.clone(), EventKind::Progressed).await
}

async fn save(scope: &Scope<'_>, task: Task, kind: EventKind) -> Result<(), StepError> {
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        let patience = request.progress_by;
        if kind == EventKind::Suppressed && request.status == Status::CoolingOff {
            request.become_status(Status::Suppressed)?;
            request.attempts = 0;
        }
        let mut task = task.clone();
        task.at = now;
        task.failure = None;
        let mut draft = Draft::new(request, kind, now).task(task);
        keep_wait(&mut draft.request, patience);
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// The sweeper's patience during the cooling-off ends with it, not with the suppression.
fn keep_wait(request: &mut Request, patience: Option<jiff::Timestamp>) {
    if matches!(request.status, Status::CoolingOff | Status::Suppressed) {
        request.progress_by = request.progress_by.max(patience);
    }
}
