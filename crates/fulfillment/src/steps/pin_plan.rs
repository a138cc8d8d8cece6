//! `pin-plan`: put together what the stores brought; look further, or pin the plan.
//!
//! New identities and references begin another round. When nothing new is found the plan is
//! complete: every identity in it is locked in one transaction, so that no other request for the
//! same person can interleave, and the hash of the sealed plan goes into the audit.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::step::{Decision, Outcome, Run};
use domain::catalog::Catalog;
use domain::event::EventKind;
use domain::plan::{MOST_IDENTITIES, MOST_ROUNDS, PageRef, Plan, identities_of};
use domain::request::Request;
use domain::{Operation, Status, StoreId, Task, TaskStatus};
use ports::{Catalogs, Class, Clock, Code, Entropy, Fault, Keyring, Requests, Staging};

use crate::change::{Actor, Amend, Declined, Draft, Scope, amend, amend_plainly};
use crate::error::StepError;
use crate::papers::{Desk, Papers};
use crate::steps::giving_way::ask;
use crate::steps::locate_store::written;
use crate::steps::plan::{collect_if_proven, nobody, pinned};
use crate::steps::queue::{wait_behind, wake_waiters};
use crate::subject::{Pseudonymiser, pseudonyms_of};

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
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Runs the step.
pub async fn run(ports: &Ports, input: &Run) -> Result<Decision, StepError> {
    let actor = Actor::step("pin-plan");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, input, &actor);
    let request = scope.load().await?;
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let desk = papers.open(input).await?;
    let mut plan = desk.plan(&request).await?.ok_or_else(|| StepError::broken("pin", "there is no plan"))?;
    if request.status == Status::Waiting {
        // This step ran before, queued the request, and its answer was lost: perhaps before it woke
        // whoever waits for what it let go.
        let names = Pseudonymiser::of(&*ports.keyring, &request.tenant).await?;
        wake_waiters(&scope, &pseudonyms_of(&names, &plan)?).await?;
        if let Some(subject) = request.waits_for.as_ref().filter(|_| request.is_to_be_exported()) {
            let owner = ports.requests.lock_owner(&request.tenant, subject).await?;
            if let Some(owner) = owner.filter(|owner| *owner != request.id) {
                ask(&scope, &owner).await?;
            }
        }
        return Ok(Decision::plain(Outcome::Rest));
    }
    let tasks = ports.requests.tasks(&input.tenant, &input.request_id).await?;
    if plan.passes.last().is_some_and(|p| p.complete) {
        return Ok(decide(&request, &plan, &tasks));
    }
    let asked: Vec<StoreId> =
        plan.current_round().map(|r| r.lookups.keys().cloned().collect()).unwrap_or_default();
    let (pass, round) = (plan.pass_number(), plan.round_number());
    let task_of = |store: &StoreId| tasks.iter().find(|t| t.op == Operation::Locate && &t.store == store);
    if asked.iter().filter_map(task_of).any(|t| t.status == TaskStatus::Failed) {
        return Ok(Decision::plain(Outcome::Failed));
    }
    let searched = |t: &&Task| (t.pass, t.round, t.status) == (pass, round, TaskStatus::Done);
    let found: Vec<&Task> = asked.iter().filter_map(task_of).filter(searched).collect();
    if found.len() < asked.len() {
        // This step ran before and its answer was lost: the next round is the one that is open.
        return Ok(Decision::stores(Outcome::Locate, asked));
    }
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let pages = collect(&desk, &catalog, &mut plan, &found).await?;
    let mut goes_on = plan.advance(&catalog, pages);
    // A pass repeats the rounds of earlier ones; a round of it may have nothing to look for.
    while goes_on && plan.current_round().is_some_and(|r| r.lookups.is_empty()) {
        goes_on = plan.advance(&catalog, BTreeMap::new());
    }
    if plan.round_number() > MOST_ROUNDS {
        return Err(refuse(Code::TooManyRounds, "references did not come to an end after 8 rounds"));
    }
    let reference = desk.file_plan(&request, &plan).await?;
    if goes_on {
        let round = plan.round_number();
        let is_filed = amend_plainly(&scope, |mut now| {
            if !is_where_it_was(&now, &request) {
                return Ok(Amend::Leave(false));
            }
            now.plan = Some(reference.clone());
            let draft = Draft::new(now, EventKind::Planning, scope.clock.now())
                .detail("round", round)
                .detail("plan_sha256", &reference.sha256);
            Ok(Amend::commit(draft, true))
        })
        .await?;
        if !is_filed {
            return Ok(Decision::plain(Outcome::Again));
        }
        let stores = plan.current_round().map(|r| r.lookups.keys().cloned().collect());
        return Ok(Decision::stores(Outcome::Locate, stores.unwrap_or_default()));
    }
    pin(ports, &scope, &request, (&plan, &tasks), reference).await
}

/// Whether a request is still where this call began: being planned, by the plan that the call has read. A call that is late
/// takes no locks of a person for a request that has ended or gone on, and puts no earlier plan in the place of a later one.
fn is_where_it_was(now: &Request, read: &Request) -> bool {
    now.status == Status::Planning && now.pass == read.pass && now.plan == read.plan
}

/// Reads the pages of the current round, learns the identities in them, and lists them.
async fn collect(
    desk: &Desk<'_>,
    catalog: &Catalog,
    plan: &mut Plan,
    found: &[&Task],
) -> Result<BTreeMap<StoreId, Vec<PageRef>>, StepError> {
    let mut brought: BTreeMap<StoreId, Vec<PageRef>> = BTreeMap::new();
    for task in found {
        let store = &task.store;
        let pages = brought.entry(store.clone()).or_default();
        for object in written(desk, plan, task) {
            let page = desk.page(&object).await?;
            for record in page.records.iter().filter(|_| !page.gone) {
                for identity in identities_of(catalog, store, &page.collection, record) {
                    plan.learn(identity);
                }
            }
            if plan.people().len() > MOST_IDENTITIES {
                return Err(refuse(Code::TooManyIdentities, "more than 40 identities: is this one person?"));
            }
            let records = u32::try_from(page.records.len()).unwrap_or(u32::MAX);
            pages.push(PageRef { object, collection: page.collection, records, gone: page.gone });
        }
    }
    Ok(brought)
}

fn refuse(code: Code, detail: &str) -> StepError {
    Fault::new(Class::Permanent, code, "plan", "catalog", detail).into()
}

/// Locks every identity and pins the plan; or queues behind the request that has one of them.
async fn pin(
    ports: &Ports,
    scope: &Scope<'_>,
    request: &Request,
    (plan, tasks): (&Plan, &[Task]),
    reference: domain::request::PlanRef,
) -> Result<Decision, StepError> {
    let pseudonymiser = Pseudonymiser::of(&*ports.keyring, &request.tenant).await?;
    let subjects = pseudonyms_of(&pseudonymiser, plan)?;
    let pinned = amend(scope, |mut now| {
        if !is_where_it_was(&now, request) {
            return Ok(Amend::Leave(false));
        }
        now.plan = Some(reference.clone());
        now.locks.clone_from(&subjects);
        let mut draft = Draft::new(now, EventKind::Planned, scope.clock.now())
            .detail("plan_sha256", &reference.sha256)
            .detail("identities", subjects.len())
            .detail("waves", plan.waves().len());
        draft.lock.clone_from(&subjects);
        Ok(Amend::commit(draft, true))
    })
    .await?;
    match pinned {
        Ok(true) => Ok(decide(request, plan, tasks)),
        // Where it stands by now is for planning to say, which closes what has ended.
        Ok(false) => Ok(Decision::plain(Outcome::Again)),
        Err(Declined::Held) => Err(StepError::broken("pin", "declined without a condition")),
        // Nothing of a person who is half erased is let go of: the other request has to end first.
        Err(Declined::Locked(subject)) if request.has_begun() => {
            let owner = ports.requests.lock_owner(&request.tenant, &subject).await?;
            let owner = match owner {
                Some(owner) => ports.requests.load(&request.tenant, &owner).await?,
                None => None,
            };
            Err(contested(request, owner.is_some_and(|owner| owner.has_begun())).into())
        }
        Err(Declined::Locked(subject)) => wait_behind(scope, &subject, Some(&reference)).await,
    }
}

/// How often it is tried to get an identity that another request holds, before somebody is asked.
const PATIENT_TRIES: u32 = 8;

/// Another request holds an identity that was found while erasing. Usually that one ends. If it has
/// begun to erase as well it may want what this one holds, and neither ends: then somebody has to say
/// whose it is.
fn contested(request: &Request, both_erase: bool) -> Fault {
    let stuck = both_erase && request.attempts >= PATIENT_TRIES;
    let class = if stuck { Class::Permanent } else { Class::Transient };
    let detail = "another request holds an identity that was found while erasing";
    Fault::new(class, Code::IdentityContested, "lock", request.id.as_str(), detail)
}

fn decide(request: &Request, plan: &Plan, tasks: &[Task]) -> Decision {
    if request.is_to_be_exported() {
        return collect_if_proven(request, Some(plan), tasks);
    }
    if nobody(request, Some(plan)) {
        return Decision::plain(Outcome::Close);
    }
    let for_erasing = plan.passes.last().is_some_and(|p| p.for_erasing);
    pinned(if for_erasing { Outcome::AfterWait } else { Outcome::BeforeWait }, Some(plan))
}
