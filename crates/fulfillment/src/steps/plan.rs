//! `plan`: where does the request stand, and what does it need next?
//!
//! Every execution enters here, whatever woke it. A plan is made twice: before the cooling-off, to
//! know who may object and what to hide, and after it, because a person goes on living while they
//! wait. Once erasing has begun the plan stays pinned, until residue asks for another pass.

use std::collections::BTreeSet;
use std::sync::Arc;

use contract::step::{Decision, Outcome, Run, WaveStores};
use domain::event::EventKind;
use domain::plan::Plan;
use domain::request::Request;
use domain::{Operation, Status, StoreId, Task};
use jiff::{SignedDuration, Timestamp};
use ports::{Catalogs, Clock, Entropy, Keyring, Requests, Staging};

use crate::change::{Actor, Amend, Draft, PATIENCE, Scope, amend_plainly, later};
use crate::control::unproven_locating;
use crate::error::StepError;
use crate::papers::{Desk, Papers};
use crate::steps::check_sanctions::whole_seconds;
use crate::steps::giving_way::{give_way, has_given_way};
use crate::steps::queue::{wait_behind, wake_waiters};
use crate::subject::{Pseudonymiser, pseudonyms_of};

/// How long the end of a package can be on its way once it was asked whether it may appear: two parts and then the last
/// one, each with its retries, and then putting them together.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(6);

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

/// What an open request with a complete plan needs.
enum Stand {
    /// The pinned plan is good for this phase.
    Pinned(Outcome),
    /// The current pass goes on.
    Underway,
    /// A new pass is to be made, `for_erasing` or not.
    NewPass { for_erasing: bool },
}

/// Runs the step.
pub async fn run(ports: &Ports, input: &Run) -> Result<Decision, StepError> {
    let actor = Actor::step("plan");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, input, &actor);
    let request = scope.load().await?;
    if request.status.is_end() {
        return Ok(Decision::plain(Outcome::Close));
    }
    if request.cancel_requested || request.denied.is_some() {
        return undo(ports, &scope, &request).await;
    }
    if request.export.as_ref().is_some_and(|export| export.announced_at.is_some()) {
        // They are never made again.
        Papers::forget_recipient(&*ports.staging, &request).await?;
    }
    if let Some(decision) = fetchable(&scope, &request).await? {
        return Ok(decision);
    }
    if request.status == Status::AwaitingVerification {
        return Ok(Decision::plain(Outcome::Rest));
    }
    if has_given_way(&scope, &request).await? {
        // Perhaps before it woke whoever waits for what it let go.
        let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
        if let Some(plan) = papers.open(input).await?.plan(&request).await? {
            let names = Pseudonymiser::of(&*ports.keyring, &request.tenant).await?;
            wake_waiters(&scope, &pseudonyms_of(&names, &plan)?).await?;
        }
        return Ok(Decision::plain(Outcome::Rest));
    }
    if let Some(decision) = give_way(&scope, &request).await? {
        return Ok(decision);
    }
    if let Some(subject) = &request.waits_for {
        let owner = ports.requests.lock_owner(&request.tenant, subject).await?;
        if owner.is_some_and(|owner| owner != request.id) {
            // Another one that waited was first: the queue is left and entered again.
            return wait_behind(&scope, subject, None).await;
        }
    }
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let desk = papers.open(input).await?;
    let plan = desk.plan(&request).await?;
    let is_past = is_past_return(&request);
    match stand(&request, is_past, plan.as_ref(), ports.clock.now()) {
        Stand::Pinned(Outcome::Collect) => {
            let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
            Ok(collect_if_proven(&request, plan.as_ref(), &tasks))
        }
        Stand::Pinned(_) if nobody(&request, plan.as_ref()) => {
            if unproven_before(ports, &request, plan.as_ref()).await? {
                // It was parked for that. Perhaps they are found now.
                let last = plan.as_ref().and_then(|plan| plan.passes.last());
                let for_erasing = last.is_some_and(|pass| pass.for_erasing);
                return new_pass(ports, &scope, &desk, (&request, is_past), plan, for_erasing).await;
            }
            Ok(Decision::plain(Outcome::Close))
        }
        Stand::Pinned(outcome) => Ok(pinned(outcome, plan.as_ref())),
        Stand::Underway => Ok(locate(plan.as_ref())),
        Stand::NewPass { for_erasing } => {
            new_pass(ports, &scope, &desk, (&request, is_past), plan, for_erasing).await
        }
    }
}

/// Whether passes are counted by now: something was erased since the request was opened last, or found by the re-read.
fn is_past_return(request: &Request) -> bool {
    request.has_begun() || request.residue_rounds > 0
}

fn stand(request: &Request, is_past: bool, plan: Option<&Plan>, now: Timestamp) -> Stand {
    let waited = request.cooling_off_until.is_some_and(|until| until <= now);
    let Some((plan, pass)) = plan.and_then(|plan| plan.passes.last().map(|pass| (plan, pass))) else {
        // One that was reopened has waited.
        return Stand::NewPass { for_erasing: is_past || waited };
    };
    // One that waited, for an export or in a queue, let its locks go: what it was looking for may have changed since.
    let underway = !pass.complete && request.status == Status::Planning;
    let pinned = !request.locks.is_empty();
    if request.is_to_be_exported() {
        // What is shown is located by the execution that shows it: a request that was stopped for long, or
        // because a store had not caught up, looks again.
        return match pass.complete {
            true if pass.generation == request.generation && pinned => Stand::Pinned(Outcome::Collect),
            false if !pass.for_erasing && underway => Stand::Underway,
            _ => Stand::NewPass { for_erasing: false },
        };
    }
    let erasing_passes = plan.passes.iter().filter(|p| p.for_erasing).count();
    if is_past {
        // One pass for the first erasure and one for each residue found.
        let due = usize::try_from(request.residue_rounds).unwrap_or(usize::MAX).saturating_add(1);
        return match (pass.complete, erasing_passes >= due) {
            (false, _) if underway => Stand::Underway,
            (true, true) if pinned => Stand::Pinned(Outcome::AfterWait),
            _ => Stand::NewPass { for_erasing: true },
        };
    }
    if request.status == Status::Ready {
        // Days went by while the person fetched their export.
        return Stand::NewPass { for_erasing: waited };
    }
    match (pass.complete, pinned) {
        (false, _) if underway && pass.for_erasing == waited => Stand::Underway,
        (true, true) if !waited => Stand::Pinned(Outcome::BeforeWait),
        // Just pinned. What was pinned before a hold, or before it was parked, is looked for again.
        (true, true)
            if pass.for_erasing
                && pass.generation == request.generation
                && request.status == Status::Planning =>
        {
            Stand::Pinned(Outcome::AfterWait)
        }
        _ => Stand::NewPass { for_erasing: waited },
    }
}

/// What a request whose packages were made needs: to be told, to wait for the person, or to be rid of them.
async fn fetchable(scope: &Scope<'_>, request: &Request) -> Result<Option<Decision>, StepError> {
    let Some(export) = &request.export else { return Ok(None) };
    if export.is_over() && !request.kind.erases() {
        amend_plainly(scope, |mut request| {
            if request.status == Status::Ready {
                return Ok(Amend::Leave(()));
            }
            // Parked since, and woken: it ends from where it was.
            request.become_status(Status::Ready)?;
            Ok(Amend::commit(Draft::new(request, EventKind::Planning, scope.clock.now()), ()))
        })
        .await?;
        return Ok(Some(Decision::plain(Outcome::Close)));
    }
    if !export.is_there() {
        return Ok(None);
    }
    let now = scope.clock.now();
    let until = export.expires_at.filter(|until| *until > now);
    let Some(until) = until.and_then(whole_seconds) else {
        return Ok(Some(Decision::plain(Outcome::Expire)));
    };
    if export.announced_at.is_none() {
        return Ok(Some(Decision::plain(Outcome::Ready)));
    }
    amend_plainly(scope, |mut request| {
        let progress_by = later(until, PATIENCE);
        if request.status == Status::Ready && request.progress_by == progress_by {
            return Ok(Amend::Leave(()));
        }
        request.become_status(Status::Ready)?;
        let mut draft = Draft::new(request, EventKind::Ready, now).detail("expires_at", until);
        draft.request.progress_by = progress_by;
        Ok(Amend::commit(draft, ()))
    })
    .await?;
    Ok(Some(Decision { until: Some(until), ..Decision::plain(Outcome::Download) }))
}

/// Whether an earlier execution looked for the person, found nobody, and did not find some store's control.
async fn unproven_before(ports: &Ports, request: &Request, plan: Option<&Plan>) -> Result<bool, StepError> {
    let is_ours = |plan: &&Plan| plan.passes.last().is_some_and(|pass| pass.generation == request.generation);
    let Some(plan) = plan.filter(|plan| !is_ours(plan)) else { return Ok(false) };
    let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
    Ok(!request.not_accepted(&unproven_locating(plan, &tasks)).is_empty())
}

/// What is to be read for the person: the stores in which anything was found, and those that must have something
/// as new as was asked for, although they have nothing yet.
pub(super) fn collect(request: &Request, plan: Option<&Plan>) -> Decision {
    let stores = plan.map(Plan::stores).unwrap_or_default().into_iter();
    let found = |store: &StoreId| plan.is_some_and(|plan| plan.last_pages(store).any(|page| !page.gone));
    let mut stores: BTreeSet<StoreId> = stores.filter(found).collect();
    stores.extend(
        request.export.iter().flat_map(|export| export.min_versions.keys().map(|place| place.store.clone())),
    );
    Decision::stores(Outcome::Collect, stores.into_iter().collect())
}

/// The same, unless some store may have more than was found in it: closing says which.
pub(super) fn collect_if_proven(request: &Request, plan: Option<&Plan>, tasks: &[Task]) -> Decision {
    let unproven = plan.map(|plan| unproven_locating(plan, tasks)).unwrap_or_default();
    if request.not_accepted(&unproven).is_empty() {
        collect(request, plan)
    } else {
        Decision::plain(Outcome::Close)
    }
}

/// Whether a complete plan found nobody, so that nobody is asked and nothing is waited for.
pub(super) fn nobody(request: &Request, plan: Option<&Plan>) -> bool {
    !request.erasing_begun && plan.is_some_and(|plan| !plan.found_somebody())
}

fn locate(plan: Option<&Plan>) -> Decision {
    let stores = plan.and_then(Plan::current_round).map(|r| r.lookups.keys().cloned().collect());
    Decision::stores(Outcome::Locate, stores.unwrap_or_default())
}

/// A decision on a pinned plan.
pub(super) fn pinned(outcome: Outcome, plan: Option<&Plan>) -> Decision {
    Decision {
        outcome,
        stores: plan.map(Plan::stores).unwrap_or_default(),
        waves: plan.map(waves_of).unwrap_or_default(),
        until: None,
    }
}

/// The waves, as the state machine walks them.
pub(super) fn waves_of(plan: &Plan) -> Vec<WaveStores> {
    plan.waves().into_iter().map(|w| WaveStores { wave: w.number, stores: w.stores }).collect()
}

async fn new_pass(
    ports: &Ports,
    scope: &Scope<'_>,
    desk: &Desk<'_>,
    (request, is_past): (&Request, bool),
    plan: Option<Plan>,
    for_erasing: bool,
) -> Result<Decision, StepError> {
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let mut plan = if let Some(plan) = plan {
        plan
    } else {
        desk.keep_recipient(request).await?;
        let subject = desk.subject(request).await?;
        Plan::new(request.catalog_version.clone(), subject.identities, ports.entropy.bits())
            .with_keys(subject.keys)
            .only_in(request.only_in().cloned())
    };
    if is_past && request.locks.is_empty() {
        plan.let_go();
    }
    if !is_past {
        // What was located under locks that were let go may have been erased by another request
        // since, unless it was hidden: that must be shown again.
        let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
        let is_hidden = |t: &Task| t.op == Operation::Suppress && request.is_of_this_time(t);
        let still_ours = !request.locks.is_empty() || tasks.iter().any(is_hidden);
        plan.forget_idle_passes(still_ours);
    }
    plan.begin_pass(&catalog, for_erasing, request.generation);
    let reference = desk.file_plan(request, &plan).await?;
    let begun_from = request.events;
    let committed = amend_plainly(scope, |mut now| {
        if now.events != begun_from {
            return Ok(Amend::Leave(false));
        }
        if matches!(now.status, Status::CoolingOff | Status::Suppressed) {
            // The wait is over: whatever had to be tried again during it is past.
            now.attempts = 0;
        }
        now.become_status(Status::Planning)?;
        now.plan = Some(reference.clone());
        now.pass = plan.pass_number();
        // Keys that were made since may be kept; and what was passed over is located, and asked about, anew.
        now.shredded.clear();
        now.wave_begun = false;
        let draft = Draft::new(now, EventKind::Planning, scope.clock.now())
            .detail("pass", plan.pass_number())
            .detail("plan_sha256", &reference.sha256)
            .detail("catalog_version", &plan.catalog_version);
        Ok(Amend::commit(draft, true))
    })
    .await?;
    if committed {
        Ok(locate(Some(&plan)))
    } else {
        // Something happened in between; the state machine asks again.
        Ok(Decision::plain(Outcome::Again))
    }
}

/// What is left to do for a request that will not be erased: destroy what was made for the person, show them
/// again where they were hidden, then close.
async fn undo(ports: &Ports, scope: &Scope<'_>, request: &Request) -> Result<Decision, StepError> {
    let tasks = ports.requests.tasks(scope.tenant, scope.id).await?;
    // What was read may be half packaged.
    let half_made = request.is_to_be_exported() && tasks.iter().any(|t| t.op == Operation::Collect);
    if half_made && let Some(until) = on_its_way(scope, request).await? {
        return Ok(Decision { until: Some(until), ..Decision::plain(Outcome::Download) });
    }
    if request.has_packages() || half_made {
        return Ok(Decision::plain(Outcome::Expire));
    }
    let hidden = to_restore(request, &tasks);
    if hidden.is_empty() {
        Ok(Decision::plain(Outcome::Close))
    } else {
        Ok(Decision::stores(Outcome::Restore, hidden))
    }
}

/// Until when a package may still appear that was being made when the request was given up: what is destroyed before
/// would be there after. `None` if none can.
async fn on_its_way(scope: &Scope<'_>, request: &Request) -> Result<Option<Timestamp>, StepError> {
    // Whatever the request was doing since: a call that was superseded may be at its end.
    if request.export.as_ref().is_none_or(|export| export.begun_at.is_none()) {
        return Ok(None);
    }
    // The last thing that happened is that this execution was made: since then no other one is told that it may.
    let before = request.events.saturating_sub(1);
    let last = scope.requests.events(scope.tenant, scope.id, before, 1).await?;
    let until = last.first().and_then(|woken| later(woken.at, ON_ITS_WAY)).and_then(whole_seconds);
    Ok(until.filter(|until| *until > scope.clock.now()))
}

/// The stores in which suppression was begun and not undone, since the request was opened last.
pub(super) fn to_restore(request: &Request, tasks: &[Task]) -> Vec<StoreId> {
    let done = |op| tasks.iter().filter(move |t| t.op == op && request.is_of_this_time(t));
    let restored = |store: &StoreId| {
        done(Operation::Restore).any(|t| &t.store == store && t.status == domain::TaskStatus::Done)
    };
    let hidden = done(Operation::Suppress).map(|t| t.store.clone());
    hidden.filter(|store| !restored(store)).collect()
}
