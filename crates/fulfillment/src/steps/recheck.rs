//! `recheck`: read every store once more, long after the request has ended.
//!
//! Nothing that is found is erased by itself: the person may have come back by themselves. The request is reopened,
//! the owners of the stores are paged, and an officer says whether it is erased again or left as it is. A zero counts
//! only where the store finds its control; where none does, it is read again the next day, and after some days that is
//! how it ends. So does whatever else keeps the stores from being read. In the end what was kept to read by is destroyed:
//! nothing keeps it without end.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::step::{Decision, Outcome, Run};
use domain::event::EventKind;
use domain::plan::Plan;
use domain::recheck::{LONGEST_READING, MOST_READINGS, READ_AGAIN, Recheck, Stage};
use domain::{Pseudonym, Request, RequestId, Status, StoreId, Tally};
use jiff::Timestamp;
use ports::{
    Budget, Catalogs, Class, Clock, Code, Entropy, Fault, KeyScope, Keyring, Pager, Requests, Staging,
    Stores, Tenants,
};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly, later};
use crate::error::StepError;
use crate::papers::{Desk, Papers};
use crate::steps::recheck_again::erase_again;
use crate::steps::recheck_paging::page;
use crate::steps::recheck_paper;
use crate::steps::recheck_reading::{Proven, Reading, found, is_given_up};
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
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The stores.
    pub stores: Arc<dyn Stores>,
    /// Who pages their owners.
    pub pager: Arc<dyn Pager>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

impl Ports {
    pub(super) fn papers(&self) -> Papers<'_> {
        Papers { keyring: &*self.keyring, staging: &*self.staging, entropy: &*self.entropy }
    }
}

/// Why what was found is left as it is if no officer said so.
const NOT_JUDGED: &str = "not-judged";

/// Runs the step. [`StepError::More`] if the time was up before every store was read.
pub async fn run(ports: &Ports, input: &Run, budget: &dyn Budget) -> Result<Decision, StepError> {
    let actor = Actor::step("recheck");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, input, &actor);
    let request = scope.load().await?;
    let Some(recheck) = request.recheck.clone().filter(|_| request.is_rechecked()) else {
        return Ok(Decision::plain(Outcome::Rest));
    };
    let now = ports.clock.now();
    match recheck.stage {
        Stage::Due if recheck.at > now => {
            wait(&scope, &recheck).await?;
            Ok(Decision::plain(Outcome::Rest))
        }
        Stage::Due if later(recheck.at, LONGEST_READING).is_some_and(|by| by <= now) => {
            // Nothing said why: calls that die say nothing.
            cut_off(ports, &scope, &recheck, Code::StepFailed)
                .await
                .map(|decision| decision.unwrap_or_else(rest))
        }
        Stage::Due => match read(ports, &scope, input, (&request, &recheck), budget).await {
            Err(error) => match reason_to_give_up(&error, &recheck, ports.clock.now()) {
                Some(code) => cut_off(ports, &scope, &recheck, code).await?.ok_or(error),
                None => Err(error),
            },
            decided => decided,
        },
        Stage::Found | Stage::Again if recheck.judged_by() <= now => {
            let is_over = leave(&scope, &recheck).await?;
            end_if(is_over, ports, &scope, &recheck).await
        }
        Stage::Found => {
            page(ports, &scope, &request, &recheck).await?;
            Ok(Decision::plain(Outcome::Failed))
        }
        Stage::Again => erase_again(ports, &scope, input, &recheck, budget).await,
        Stage::Clear | Stage::NotProven | Stage::Dismissed => {
            end(ports, &scope, &request, &recheck).await?;
            Ok(rest())
        }
        Stage::Filing | Stage::Erasing => Ok(rest()),
    }
}

fn rest() -> Decision {
    Decision::plain(Outcome::Rest)
}

/// Reads every store, and says what that comes to.
async fn read(
    ports: &Ports,
    scope: &Scope<'_>,
    input: &Run,
    (request, recheck): (&Request, &Recheck),
    budget: &dyn Budget,
) -> Result<Decision, StepError> {
    let desk = ports.papers().open_recheck(input).await?;
    let paper = paper_of(&desk, recheck).await?;
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let reading = Reading {
        ports,
        scope,
        request,
        recheck,
        desk: &desk,
        paper: &paper,
        catalog: &catalog,
        terms_at: terms_of(request, recheck),
        gives_up: true,
    };
    if !reading.read(budget).await? {
        return Err(StepError::More);
    }
    judge(ports, scope, &paper, recheck).await
}

/// For when it is said what is kept, of what had ended.
pub(super) fn terms_of(request: &Request, recheck: &Recheck) -> Timestamp {
    recheck.terms_at.or(request.closed_at).unwrap_or(recheck.at)
}

pub(super) async fn paper_of(desk: &Desk<'_>, recheck: &Recheck) -> Result<Plan, StepError> {
    let paper = recheck.paper.as_ref().ok_or_else(|| StepError::broken("recheck", "there is no paper"))?;
    recheck_paper::read(desk, paper).await
}

/// Whether an error is one that waiting does not mend, or has not mended for a day; and which.
fn reason_to_give_up(error: &StepError, recheck: &Recheck, now: Timestamp) -> Option<Code> {
    match error {
        StepError::Fault(fault) => is_given_up(fault, recheck, now).then_some(fault.code),
        StepError::Illegal(_) => Some(Code::StepFailed),
        StepError::Stale | StepError::More => None,
    }
}

/// A reading is not brought to its end. What it found until then is found; otherwise it proves nothing. `None` if the
/// reading is over: then it was something else that failed.
async fn cut_off(
    ports: &Ports,
    scope: &Scope<'_>,
    recheck: &Recheck,
    code: Code,
) -> Result<Option<Decision>, StepError> {
    let request = scope.load().await?;
    let is_ours = |own: &Recheck| own.stage == Stage::Due && own.reading == recheck.reading;
    if !request.recheck.as_ref().is_some_and(is_ours) {
        return Ok(None);
    }
    let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
    let found = found(&tasks, recheck);
    if !found.is_empty() {
        // The paper that says who they are may be what cannot be read: they are known by what was locked for them, too.
        return ask_unless_erased(ports, scope, recheck, (found, &request.locks)).await.map(Some);
    }
    conclude(ports, scope, recheck, (recheck.stores.clone(), Vec::new()), Some(code)).await.map(Some)
}

/// Something else happened to the request, and the sweeper came early: it comes again when it is time.
async fn wait(scope: &Scope<'_>, recheck: &Recheck) -> Result<(), StepError> {
    amend_plainly(scope, |request| {
        if request.progress_by == Some(recheck.at) {
            return Ok(Amend::Leave(()));
        }
        let draft = Draft::new(request, EventKind::RecheckPutOff, scope.clock.now());
        let mut draft = draft.detail("until", recheck.at);
        draft.request.progress_by = Some(recheck.at);
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// Every store was read. What does that come to?
async fn judge(
    ports: &Ports,
    scope: &Scope<'_>,
    paper: &Plan,
    recheck: &Recheck,
) -> Result<Decision, StepError> {
    let request = scope.load().await?;
    let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
    let found = found(&tasks, recheck);
    if !found.is_empty() {
        let names = Pseudonymiser::of(&*ports.keyring, scope.tenant).await?;
        return ask_unless_erased(ports, scope, recheck, (found, &pseudonyms_of(&names, paper)?)).await;
    }
    let proven = Proven::by(&tasks, recheck);
    let lacks = proven.lacks(&request);
    let accepted = proven.unproven.into_iter().filter(|store| !lacks.contains(store)).collect();
    conclude(ports, scope, recheck, (lacks, accepted), None).await
}

/// Something was found: somebody is asked what it is, unless another request erases the person just now.
async fn ask_unless_erased(
    ports: &Ports,
    scope: &Scope<'_>,
    recheck: &Recheck,
    (found, subjects): (BTreeMap<StoreId, u64>, &[Pseudonym]),
) -> Result<Decision, StepError> {
    if let Some(other) = erased_by_another(ports, scope, subjects).await? {
        let why = ("waits_for", other.to_string());
        put_off(scope, recheck, (EventKind::RecheckPutOff, None), why).await?;
        return Ok(rest());
    }
    if !reopen(scope, recheck, &found).await? {
        return Err(StepError::More);
    }
    let request = scope.load().await?;
    page(ports, scope, &request, recheck).await?;
    Ok(Decision::plain(Outcome::Failed))
}

/// Nothing was found. For these stores nothing proves it; for those it was accepted when the request ended that nothing
/// does. What kept the stores from being read, if anything did.
async fn conclude(
    ports: &Ports,
    scope: &Scope<'_>,
    recheck: &Recheck,
    (lacks, accepted): (Vec<StoreId>, Vec<StoreId>),
    why: Option<Code>,
) -> Result<Decision, StepError> {
    // One whose paper looks in no store proves nothing either if it cannot be read.
    let proves = lacks.is_empty() && why.is_none();
    if !proves && recheck.unproven.saturating_add(1) < MOST_READINGS {
        put_off(scope, recheck, (EventKind::Unproven, why), ("stores", listed(&lacks))).await?;
        return Ok(rest());
    }
    let stage = if proves { Stage::Clear } else { Stage::NotProven };
    let is_over = amend_plainly(scope, |mut request| {
        let Some(own) = own(&mut request, recheck, Stage::Due) else {
            return Ok(Amend::Leave(is_over(&request, recheck)));
        };
        (own.stage, own.unpaged) = (stage, stage == Stage::NotProven);
        let mut draft = Draft::new(request, EventKind::Rechecked, scope.clock.now());
        draft = draft.detail("result", stage.as_str()).detail("readings", recheck.unproven.saturating_add(1));
        // Of what was not proven, nothing found is nothing known.
        draft.tally = Some(Tally { residue: proves.then_some(0), ..Tally::default() });
        draft.why = why.map(|code| code.as_str().to_owned());
        for (name, stores) in [("unproven", &lacks), ("accepted", &accepted)] {
            if !stores.is_empty() {
                draft = draft.detail(name, listed(stores));
            }
        }
        Ok(Amend::commit(draft, true))
    })
    .await?;
    end_if(is_over, ports, scope, recheck).await
}

/// Whether a reading is over, by whichever call.
fn is_over(request: &Request, recheck: &Recheck) -> bool {
    request.recheck.as_ref().is_some_and(|own| own.reading == recheck.reading && own.stage.is_over())
}

/// Ends it if it is over. Otherwise another call was first, and came to something else: what was kept is still needed, and
/// the next call goes by where it stands then.
async fn end_if(
    is_over: bool,
    ports: &Ports,
    scope: &Scope<'_>,
    recheck: &Recheck,
) -> Result<Decision, StepError> {
    if !is_over {
        return Err(StepError::More);
    }
    let request = scope.load().await?;
    end(ports, scope, &request, recheck).await?;
    Ok(rest())
}

/// The recheck of a request, if it is still where it was: this step may have run before.
pub(super) fn own<'r>(request: &'r mut Request, recheck: &Recheck, stage: Stage) -> Option<&'r mut Recheck> {
    request.recheck.as_mut().filter(|own| own.stage == stage && own.reading == recheck.reading)
}

pub(super) fn listed(stores: &[StoreId]) -> String {
    stores.iter().map(StoreId::as_str).collect::<Vec<_>>().join(" ")
}

/// Another request that erases the person just now: what is found is perhaps its to erase.
async fn erased_by_another(
    ports: &Ports,
    scope: &Scope<'_>,
    subjects: &[Pseudonym],
) -> Result<Option<RequestId>, StepError> {
    for subject in subjects {
        let owner = ports.requests.lock_owner(scope.tenant, subject).await?;
        let Some(owner) = owner.filter(|owner| owner != scope.id) else { continue };
        let other = ports.requests.load(scope.tenant, &owner).await?;
        if other.is_some_and(|other| other.kind.erases() && !other.status.is_end()) {
            return Ok(Some(owner));
        }
    }
    Ok(None)
}

/// The stores are read anew a day later. Only a reading that proved nothing counts against it.
async fn put_off(
    scope: &Scope<'_>,
    recheck: &Recheck,
    (kind, why): (EventKind, Option<Code>),
    (name, value): (&str, String),
) -> Result<(), StepError> {
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        let Some(own) = own(&mut request, recheck, Stage::Due) else { return Ok(Amend::Leave(())) };
        own.read_anew(later(now, READ_AGAIN).unwrap_or(now));
        own.unproven = own.unproven.saturating_add(u32::from(kind == EventKind::Unproven));
        let at = own.at;
        let mut draft = Draft::new(request, kind, now).detail(name, &value).detail("until", at);
        draft.why = why.map(|code| code.as_str().to_owned());
        draft.request.progress_by = Some(at);
        draft.request.attempts = 0;
        Ok(Amend::commit(draft, ()))
    })
    .await
}

async fn reopen(
    scope: &Scope<'_>,
    recheck: &Recheck,
    found: &BTreeMap<StoreId, u64>,
) -> Result<bool, StepError> {
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        let Some(own) = own(&mut request, recheck, Stage::Due) else {
            return Ok(Amend::Leave(own(&mut request, recheck, Stage::Found).is_some()));
        };
        own.ask(found.clone(), now);
        request.become_status(Status::Reopened)?;
        Ok(Amend::commit(shown(Draft::new(request, EventKind::Reopened, now), found), true))
    })
    .await
}

/// Says what was found in which stores.
pub(super) fn shown(mut draft: Draft, found: &BTreeMap<StoreId, u64>) -> Draft {
    draft.tally = Some(Tally { residue: Some(found.values().sum()), ..Tally::default() });
    draft.why = Some(Code::PersonFoundAgain.as_str().to_owned());
    for (store, records) in found {
        draft = draft.detail(&format!("found.{store}"), records);
    }
    draft
}

/// For weeks nobody said what was found, or what was said could not be carried out: it is left as it is. Whether it is
/// over: not if another call has carried it out after all.
async fn leave(scope: &Scope<'_>, recheck: &Recheck) -> Result<bool, StepError> {
    amend_plainly(scope, |mut request| {
        let Some(own) = own(&mut request, recheck, recheck.stage) else {
            return Ok(Amend::Leave(is_over(&request, recheck)));
        };
        own.stage = Stage::Dismissed;
        let mut draft = Draft::new(request, EventKind::Dismissed, scope.clock.now());
        draft.why = Some(NOT_JUDGED.to_owned());
        Ok(Amend::commit(draft, true))
    })
    .await
}

/// It is over: the request ends as it had ended, what was kept is destroyed, and whoever is to know is paged.
async fn end(
    ports: &Ports,
    scope: &Scope<'_>,
    request: &Request,
    recheck: &Recheck,
) -> Result<(), StepError> {
    if request.status == Status::Reopened {
        amend_plainly(scope, |mut request| {
            if request.status != Status::Reopened {
                return Ok(Amend::Leave(()));
            }
            request.become_status(recheck.ended)?;
            let draft = Draft::new(request, EventKind::Rechecked, scope.clock.now());
            Ok(Amend::commit(draft.detail("result", Stage::Dismissed.as_str()), ()))
        })
        .await?;
    }
    // Whom nobody can page is not kept the longer for it.
    destroy(ports, request).await?;
    page(ports, scope, request, recheck).await?;
    amend_plainly(scope, |mut request| {
        let Some(own) = request.recheck.as_mut().filter(|own| own.paper.is_some()) else {
            return Ok(Amend::Leave(()));
        };
        own.paper = None;
        request.parked = None;
        let mut draft = Draft::new(request, EventKind::RecheckDestroyed, scope.clock.now());
        draft.request.progress_by = draft.request.rests_until();
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// Destroys what was kept, and sees that it is gone.
async fn destroy(ports: &Ports, request: &Request) -> Result<(), StepError> {
    // And that of a second plan, if one was filed and never began.
    for scope in [KeyScope::Recheck, KeyScope::Plan] {
        let key = scope(request.tenant.clone(), request.id.clone());
        ports.keyring.destroy(&key).await?;
        if ports.keyring.exists(&key).await? {
            let detail = "the key of the recheck is still there";
            let fault = Fault::new(Class::Transient, Code::KeyUnavailable, "destroy", "keys", detail);
            return Err(fault.into());
        }
    }
    Ok(Papers::remove_recheck(&*ports.staging, &request.tenant, &request.id).await?)
}
