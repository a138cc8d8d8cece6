//! `close-request`: end the request if it can be ended truthfully; otherwise say what it needs.
//!
//! It ends *fulfilled* only when every store was dealt with and read again, and nothing was found but the store's
//! control person. Where that one was not found either, the store is unproven: the request is parked until it is,
//! or until two officers accept the risk, and then it ends *partially fulfilled* whatever it would have been.
//! Before it ends, what was erased is written into the ledger: a backup must bring nobody back, and once the plan
//! is gone nobody knows any more what belonged to them. A store that was restored since it was read again is read
//! once more: it may have the person anew. Then the locks go, the next request for the person is woken, and the
//! request's keys are destroyed: what was sealed about the person cannot be read again. The salt of its receipt is kept
//! for the person to get; when its time is over the sweeper leads here once more, and it goes as well.

use std::collections::BTreeMap;
use std::sync::Arc;

use audit::receipt::DETAIL;
use contract::step::{Decision, Outcome, Run};
use domain::event::EventKind;
use domain::plan::Plan;
use domain::recheck::{Recheck, Stage, due_at};
use domain::request::{Ledgered, ReceiptSalt, Request};
use domain::{Operation, Status, StoreId, Task, TaskStatus};
use jiff::{SignedDuration, Timestamp};
use ports::{
    Budget, Catalogs, Class, Clock, Code, Entropy, Fault, KeyScope, Keyring, Ledger, Requests, Staging,
    Tenants,
};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly, later};
use crate::control::{rests_on_locating, unproven_locating};
use crate::error::StepError;
use crate::ledger;
use crate::papers::{Desk, Papers};
use crate::receipts::{Closing, Sources};
use crate::steps::check_sanctions::{settings, whole_seconds};
use crate::steps::confirm_store::{is_settled, last_erased_at};
use crate::steps::plan::to_restore;
use crate::steps::queue::{let_go, wake_waiters};
use crate::steps::receipt_salt;
use crate::steps::recheck_paper::Keeping;
use crate::steps::restored_since::restored_since_read;

/// How often residue may lead to another pass.
pub const MOST_RESIDUE_ROUNDS: u32 = 3;

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
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// What the state of the stores comes to.
enum Verdict {
    /// It can end like this.
    End(Status),
    /// It would end if these stores had found their control.
    Unproven(Vec<StoreId>),
    /// It can end, and two officers accepted that these stores are unproven.
    EndUnproven(Vec<StoreId>),
    /// Residue was found after so many passes, and another one may help.
    Residue { found: u64, passes: u32 },
    /// Keys were destroyed, and until then somebody may still have one.
    Settle(Timestamp),
    /// Something was left undone without failing: a hold came in between.
    Again,
    /// Something failed.
    Failed,
}

/// Runs the step. [`StepError::More`] if the time was up before everything was in the ledger.
pub async fn run(ports: &Ports, input: &Run, budget: &dyn Budget) -> Result<Decision, StepError> {
    let actor = Actor::step("close-request");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, input, &actor);
    let request = scope.load().await?;
    if request.status.is_end() {
        let request = lapse(&scope, request).await?;
        let_go(&scope, &request).await?;
        clean_up(ports, &request).await?;
        // The last: a call that died before it is followed by another.
        receipt_salt::end(&*ports.keyring, &scope, &request).await?;
        rest(&scope).await?;
        return Ok(Decision::plain(Outcome::Closed));
    }
    let tasks = ports.requests.tasks(&input.tenant, &input.request_id).await?;
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    // To end what is not to be erased nothing of the plan is needed: it may be unreadable by now.
    let needed = request.plan.is_some() && (!is_given_up(&request) || request.erasing_begun);
    let desk = if needed { Some(papers.open(input).await?) } else { None };
    let plan = match &desk {
        Some(desk) => desk.plan(&request).await?,
        None => None,
    };
    let sources = Sources {
        requests: &*ports.requests,
        catalogs: &*ports.catalogs,
        papers,
        may_be_unreadable: is_given_up(&request),
    };
    let (desk, plan) = (desk.as_ref(), plan.as_ref());
    let known = Known { run: input, request: &request, tasks: &tasks, desk, plan, sources };
    match verdict(&request, plan, &tasks, ports.clock.now()) {
        Verdict::Settle(until) => settle(&scope, until).await,
        Verdict::End(status) => {
            let ending = Ending { status, unproven: &[] };
            end(ports, &scope, &known, &ending, budget).await
        }
        Verdict::EndUnproven(stores) => {
            let ending = Ending { status: Status::PartiallyFulfilled, unproven: &stores };
            end(ports, &scope, &known, &ending, budget).await
        }
        Verdict::Unproven(stores) => {
            note_unproven(&scope, &stores).await?;
            Ok(Decision::plain(Outcome::Failed))
        }
        Verdict::Residue { found, passes } => {
            let rounds = ask_for_another_pass(&scope, found, passes).await?;
            // What three more passes did not erase needs somebody. When they resume it, the pass
            // that was asked for is made.
            let outcome = if rounds > MOST_RESIDUE_ROUNDS { Outcome::Failed } else { Outcome::Again };
            Ok(Decision::plain(outcome))
        }
        // Somebody objected to a store: that is waited for, not tried again at once.
        Verdict::Again if request.status == Status::Held => {
            Ok(Decision { until: request.held_until, ..Decision::plain(Outcome::Held) })
        }
        Verdict::Again => Ok(Decision::plain(Outcome::Again)),
        Verdict::Failed => Ok(Decision::plain(Outcome::Failed)),
    }
}

/// Writes down that residue was found, so that planning makes another pass; how often it was found.
/// A pass that was asked for already, by a call whose answer was lost, is not asked for again.
async fn ask_for_another_pass(scope: &Scope<'_>, found: u64, passes: u32) -> Result<u32, StepError> {
    amend_plainly(scope, |mut now| {
        if now.residue_rounds >= passes {
            return Ok(Amend::Leave(now.residue_rounds));
        }
        now.residue_rounds += 1;
        now.unproven.clear();
        // They were about another reading.
        now.accepted_risks.clear();
        now.become_status(Status::Planning)?;
        let rounds = now.residue_rounds;
        let draft = Draft::new(now, EventKind::ResidueFound, scope.clock.now()).detail("residue", found);
        Ok(Amend::commit(draft, rounds))
    })
    .await
}

/// Writes down which stores are unproven, for whoever parks the request, and for the officers who may accept it.
async fn note_unproven(scope: &Scope<'_>, stores: &[StoreId]) -> Result<(), StepError> {
    amend_plainly(scope, |mut now| {
        if now.unproven == stores {
            return Ok(Amend::Leave(()));
        }
        now.unproven = stores.to_vec();
        let draft = Draft::new(now, EventKind::Unproven, scope.clock.now()).detail("stores", listed(stores));
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// Stores, as a detail of an event names them.
fn listed(stores: &[StoreId]) -> String {
    stores.iter().map(StoreId::as_str).collect::<Vec<_>>().join(" ")
}

/// Withdrawn or denied: it will not be erased.
fn is_given_up(request: &Request) -> bool {
    request.cancel_requested || request.denied.is_some()
}

fn verdict(request: &Request, plan: Option<&Plan>, tasks: &[Task], now: Timestamp) -> Verdict {
    let true_from = tasks.iter().filter_map(|t| t.true_from).max();
    if request.has_packages() {
        // Nothing ends while a copy of the person's data is there that Lacuna made.
        return Verdict::Again;
    }
    if is_given_up(request) {
        if !to_restore(request, tasks).is_empty() {
            let failed = tasks.iter().any(|t| t.op == Operation::Restore && t.status == TaskStatus::Failed);
            return if failed { Verdict::Failed } else { Verdict::Again };
        }
        if let Some(until) = true_from.filter(|until| *until > now) {
            return Verdict::Settle(until);
        }
        return Verdict::End(match (request.cancel_requested, request.erasing_begun) {
            (_, true) => Status::PartiallyFulfilled,
            (true, false) => Status::Cancelled,
            (false, false) => Status::Denied,
        });
    }
    let Some(plan) = plan else {
        return Verdict::Again;
    };
    let complete = plan.passes.last().is_some_and(|p| p.complete);
    if complete && rests_on_locating(request, plan) {
        let unproven = unproven_locating(plan, tasks);
        let exported = !request.is_to_be_exported();
        let found = plan.found_somebody() || request.erasing_begun;
        return match (request.not_accepted(&unproven), unproven.is_empty()) {
            (left, _) if !left.is_empty() => Verdict::Unproven(unproven),
            _ if !exported => Verdict::Again,
            (_, false) => Verdict::EndUnproven(unproven),
            (_, true) if found => Verdict::End(Status::Fulfilled),
            (_, true) => Verdict::End(Status::NoMatch),
        };
    }
    if request.is_to_be_exported() || !request.kind.erases() {
        return Verdict::Again;
    }
    let pass = plan.pass_number();
    let settled = is_settled(plan, tasks);
    let failed = |op| tasks.iter().any(|t| t.op == op && t.pass == pass && t.status == TaskStatus::Failed);
    if (failed(Operation::Erase) && !settled) || failed(Operation::Confirm) {
        return Verdict::Failed;
    }
    let erased_at = last_erased_at(tasks, now);
    let (mut residue, mut unproven) = (0, Vec::new());
    for store in plan.stores() {
        let confirmed = tasks
            .iter()
            .find(|t| t.op == Operation::Confirm && t.store == store && t.pass == pass)
            .filter(|t| t.status == TaskStatus::Done && erased_at.is_none_or(|at| t.at >= at));
        match confirmed.and_then(|task| Some((task.tally.residue?, task.control))) {
            Some((found, control)) => {
                residue += found;
                unproven.extend(control.is_none().then_some(store));
            }
            None => return Verdict::Again,
        }
    }
    let for_erasing = plan.passes.last().is_some_and(|p| p.for_erasing);
    match (residue, true_from) {
        _ if !complete || !for_erasing => Verdict::Again,
        (0, Some(until)) if until > now => Verdict::Settle(until),
        (0, _) if !request.not_accepted(&unproven).is_empty() => Verdict::Unproven(unproven),
        (0, _) if !unproven.is_empty() => Verdict::EndUnproven(unproven),
        (0, _) if request.retentions.is_empty() => Verdict::End(Status::Fulfilled),
        (0, _) => Verdict::End(Status::PartiallyFulfilled),
        (found, _) => {
            let passes = plan.passes.iter().filter(|p| p.for_erasing).count();
            Verdict::Residue { found, passes: u32::try_from(passes).unwrap_or(u32::MAX) }
        }
    }
}

/// Writes into the ledger what was erased, before anything of the plan goes. A call that is cut off goes on in the
/// next; what was written twice is there once.
async fn enter(
    ports: &Ports,
    scope: &Scope<'_>,
    (request, plan): (&Request, &Plan),
    desk: &Desk<'_>,
    tasks: &[Task],
    budget: &dyn Budget,
) -> Result<Option<Ledgered>, StepError> {
    if !request.kind.erases() || !request.erasing_begun {
        return Ok(None);
    }
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let (ledger, requests, keyring) = (&*ports.ledger, &*ports.requests, &*ports.keyring);
    let now = ports.clock.now();
    let closing =
        ledger::Closing { ledger, requests, keyring, desk, request, plan, catalog: &catalog, tasks, now };
    let mut done = request.ledgered.unwrap_or(Ledgered { at: now, pages: 0, marks: 0 });
    if closing.write(&mut done, budget).await? {
        return Ok(Some(done));
    }
    amend_plainly(scope, |mut request| {
        request.ledgered = Some(done);
        let draft =
            Draft::new(request, EventKind::Progressed, scope.clock.now()).detail("ledger", done.marks);
        Ok(Amend::commit(draft, ()))
    })
    .await?;
    Err(StepError::More)
}

/// Keeps what the stores are read again by, before anything of the plan goes; and when that is. `None`: they are not. A
/// call that is cut off goes on in the next.
async fn keep(
    ports: &Ports,
    scope: &Scope<'_>,
    known: &Known<'_>,
    ending: &Ending<'_>,
    ledgered: Option<Ledgered>,
    budget: &dyn Budget,
) -> Result<Option<(Recheck, SignedDuration)>, StepError> {
    let (request, Some(from), Some(plan)) = (known.request, known.desk, known.plan) else { return Ok(None) };
    if !request.is_to_be_rechecked() {
        return Ok(None);
    }
    let settings = settings(&*ports.tenants, request).await?;
    let after = settings.recheck_after().ok_or_else(|| {
        let detail = "recheck_after is not a duration of at most 366 days";
        Fault::new(Class::Permanent, Code::SettingsInvalid, "settings", request.tenant.as_str(), detail)
    })?;
    if after.is_zero() {
        return Ok(None);
    }
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let papers = known.sources.papers;
    let keeping = Keeping { papers, from, request, plan, catalog: &catalog };
    let of = request.plan.as_ref().map(|plan| plan.sha256.clone()).unwrap_or_default();
    let earlier = request.recheck.as_ref();
    let begun = earlier.filter(|recheck| recheck.stage == Stage::Filing && recheck.of == of);
    let mut pages = begun.map_or(0, |recheck| recheck.pages);
    let kept = keeping.keep(&mut pages, budget).await?;
    let mut recheck = Recheck {
        stage: Stage::Filing,
        at: ports.clock.now(),
        ended: ending.status,
        paper: earlier.and_then(|recheck| recheck.paper.clone()),
        reading: earlier.map_or(0, |recheck| recheck.reading),
        compared_by: None,
        stores: Vec::new(),
        terms_at: confirmed_since(known.tasks, plan.pass_number()),
        unproven: 0,
        unpaged: false,
        found: BTreeMap::new(),
        since: None,
        paged: 0,
        of,
        pages,
    };
    if let Some((paper, stores)) = kept {
        let reading = recheck.reading.saturating_add(1);
        recheck = Recheck {
            stage: Stage::Due,
            paper: Some(paper),
            stores,
            reading,
            of: String::new(),
            pages: 0,
            ..recheck
        };
        return Ok(Some((recheck, after)));
    }
    amend_plainly(scope, |mut request| {
        (request.recheck, request.ledgered) = (Some(recheck.clone()), ledgered);
        let draft = Draft::new(request, EventKind::Progressed, scope.clock.now());
        Ok(Amend::commit(draft.detail("recheck_pages", recheck.pages), ()))
    })
    .await?;
    Err(StepError::More)
}

/// When the first of the readings began by which the stores were confirmed.
fn confirmed_since(tasks: &[Task], pass: u32) -> Option<Timestamp> {
    let confirmed = tasks.iter().filter(|t| t.op == Operation::Confirm && t.pass == pass);
    confirmed.map(|task| task.at).min()
}

/// Waits until what was done is true: nobody has a key any more that was destroyed.
async fn settle(scope: &Scope<'_>, until: Timestamp) -> Result<Decision, StepError> {
    let until = whole_seconds(until);
    amend_plainly(scope, |request| {
        let progress_by = until.and_then(|until| later(until, crate::change::PATIENCE));
        if request.progress_by >= progress_by {
            return Ok(Amend::Leave(()));
        }
        let mut draft = Draft::new(request, EventKind::Settling, scope.clock.now());
        draft.request.progress_by = progress_by;
        if let Some(until) = until {
            draft = draft.detail("true_from", until);
        }
        Ok(Amend::commit(draft, ()))
    })
    .await?;
    Ok(Decision { until, ..Decision::plain(Outcome::Settle) })
}

/// What is known of a request that can end.
struct Known<'a> {
    run: &'a Run,
    request: &'a Request,
    tasks: &'a [Task],
    desk: Option<&'a Desk<'a>>,
    plan: Option<&'a Plan>,
    sources: Sources<'a>,
}

/// How it ends, with the stores that are unproven and accepted as that.
struct Ending<'a> {
    status: Status,
    unproven: &'a [StoreId],
}

async fn end(
    ports: &Ports,
    scope: &Scope<'_>,
    known: &Known<'_>,
    ending: &Ending<'_>,
    budget: &dyn Budget,
) -> Result<Decision, StepError> {
    let salt_for = receipt_salt::kept_for(&*settings(&*ports.tenants, known.request).await?)?;
    let ledgered = match (known.desk, known.plan) {
        (Some(desk), Some(plan)) => {
            enter(ports, scope, (known.request, plan), desk, known.tasks, budget).await?
        }
        _ => None,
    };
    // After the ledger was written: a replay of a store that is restored later than this knows the person already.
    let Known { request, tasks, .. } = known;
    if !is_given_up(request) && restored_since_read(&*ports.ledger, scope, request.pass, tasks).await? {
        return Ok(Decision::plain(Outcome::Again));
    }
    let recheck = keep(ports, scope, known, ending, ledgered, budget).await?;
    let closing =
        known.sources.gather(known.run, (known.request, known.tasks), (known.desk, known.plan)).await?;
    let left = Left { ledgered, recheck, salt_for };
    let closed = close(scope, ending, known.tasks, &closing, &left).await?;
    clean_up(ports, &closed).await?;
    Ok(Decision::plain(Outcome::Closed))
}

/// What an ended request leaves, and for how long.
struct Left {
    ledgered: Option<Ledgered>,
    /// What its stores are read again by, and after how long.
    recheck: Option<(Recheck, SignedDuration)>,
    /// How long the salt of its receipt is kept at least.
    salt_for: SignedDuration,
}

async fn close(
    scope: &Scope<'_>,
    ending: &Ending<'_>,
    tasks: &[Task],
    closing: &Closing,
    left: &Left,
) -> Result<Request, StepError> {
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        let statement = closing.statement(&request, tasks, ending.status, now);
        request.become_status(ending.status)?;
        request.closed_at = Some(now);
        request.unproven = ending.unproven.to_vec();
        request.ledgered = left.ledgered;
        let until = due_at(now, left.salt_for, &request.id);
        request.salt = Some(ReceiptSalt { until, destroyed_at: None });
        request.recheck = left
            .recheck
            .as_ref()
            .map(|(recheck, after)| Recheck { at: due_at(now, *after, &request.id), ..recheck.clone() });
        let recheck_at = request.recheck.as_ref().map(|recheck| recheck.at);
        let mut draft = Draft::new(request, EventKind::Closed, now).detail("outcome", ending.status);
        if let Some(at) = recheck_at {
            draft = draft.detail("recheck_at", at);
        }
        draft.detail.extend(reported(&draft.request));
        draft = draft.detail(DETAIL, statement.sha256());
        draft.statement = String::from_utf8(statement.bytes()).ok();
        if !ending.unproven.is_empty() {
            draft = draft.detail("unproven", listed(ending.unproven));
        }
        if let Some(ledgered) = left.ledgered {
            draft = draft.detail("ledger", ledgered.marks);
        }
        draft.unlock.clone_from(&draft.request.locks);
        // Until the outcome is announced somebody must look after it.
        draft.request.progress_by = later(now, crate::change::PATIENCE);
        let closed = draft.request.clone();
        Ok(Amend::commit(draft, closed))
    })
    .await
}

/// What is reported of an ended request, whenever it was taken in: the figures of a period rest on this event alone
/// ([`audit::pack`]). Codes and instants.
fn reported(request: &Request) -> Vec<(String, String)> {
    let mut detail = vec![
        ("type", request.kind.as_str().to_owned()),
        ("jurisdiction", request.jurisdiction.as_str().to_owned()),
        ("received_at", request.received_at.to_string()),
        ("due_by", request.due_by.to_string()),
    ];
    // What somebody asked to have is theirs when they were told that it is there; the end comes when it is destroyed.
    let export = request.export.as_ref().filter(|_| !request.kind.erases());
    let answered_at = export.and_then(|export| export.announced_at.or(export.ready_at));
    detail.extend(answered_at.map(|at| ("answered_at", at.to_string())));
    detail.extend(request.denied.iter().map(|reason| ("denied", reason.clone())));
    if request.verification.is_none() {
        detail.push(("never_verified", "true".to_owned()));
    }
    // The person was answered when it ended first: this end is in a figure of its own.
    if request.reopened > 0 {
        detail.push(("reopened", request.reopened.to_string()));
    }
    detail.extend(request.origin.iter().map(|origin| ("erased_before_by", origin.request.to_string())));
    detail.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Whether its stores are never read again, because for weeks its outcome could not be announced.
fn has_lapsed(request: &Request, now: Timestamp) -> bool {
    let recheck = request.recheck.as_ref().filter(|recheck| recheck.stage == Stage::Due);
    !request.announced && recheck.is_some_and(|recheck| recheck.lapses_at() <= now)
}

/// What is kept to read the stores again by is not kept for as long as nobody mends the announcement.
async fn lapse(scope: &Scope<'_>, request: Request) -> Result<Request, StepError> {
    if !has_lapsed(&request, scope.clock.now()) {
        return Ok(request);
    }
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        let lapsed = has_lapsed(&request, now);
        let Some(recheck) = request.recheck.as_mut().filter(|_| lapsed) else {
            return Ok(Amend::Leave(request));
        };
        (recheck.stage, recheck.paper) = (Stage::NotProven, None);
        let unread = listed(&recheck.stores);
        let mut draft = Draft::new(request, EventKind::Rechecked, now);
        draft.why = Some(Code::AnnouncementFailed.as_str().to_owned());
        draft = draft.detail("result", Stage::NotProven.as_str()).detail("unproven", unread);
        let request = draft.request.clone();
        Ok(Amend::commit(draft, request))
    })
    .await
}

/// A call that came after the end may have written something, and with it that somebody looks after the request soon:
/// nobody does before its day.
async fn rest(scope: &Scope<'_>) -> Result<(), StepError> {
    amend_plainly(scope, |request| {
        let until = request.rests_until();
        if !request.is_at_rest() || request.progress_by == until {
            return Ok(Amend::Leave(()));
        }
        let mut draft = Draft::new(request, EventKind::Progressed, scope.clock.now());
        draft.request.progress_by = until;
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// What follows an end, and may follow it twice: the person's papers become unreadable and go, and
/// whoever waited for the person's locks goes on.
async fn clean_up(ports: &Ports, request: &Request) -> Result<(), StepError> {
    let plan = KeyScope::Plan(request.tenant.clone(), request.id.clone());
    // It went with the packages. Somebody who was making a code just then may have made it again.
    let export = KeyScope::Export(request.tenant.clone(), request.id.clone());
    let mut ended =
        vec![(plan, "the plan key is still there"), (export, "the key of the export is still there")];
    // It may have been made before the tenant wanted no recheck any more.
    let is_rechecked = request.recheck.as_ref().is_some_and(Recheck::is_open);
    let is_left = request.kind.erases() && !is_rechecked;
    if is_left {
        let recheck = KeyScope::Recheck(request.tenant.clone(), request.id.clone());
        ended.push((recheck, "the key of the recheck is still there"));
    }
    for (key, still_there) in ended {
        ports.keyring.destroy(&key).await?;
        if ports.keyring.exists(&key).await? {
            let fault = Fault::new(Class::Transient, Code::KeyUnavailable, "destroy", "keys", still_there);
            return Err(fault.into());
        }
    }
    Papers::remove(&*ports.staging, &request.tenant, &request.id).await?;
    if is_left {
        Papers::remove_recheck(&*ports.staging, &request.tenant, &request.id).await?;
    }
    let actor = Actor::step("close-request");
    let scope = Scope {
        requests: &*ports.requests,
        clock: &*ports.clock,
        tenant: &request.tenant,
        id: &request.id,
        generation: None,
        actor: &actor,
    };
    wake_waiters(&scope, &request.locks).await
}
