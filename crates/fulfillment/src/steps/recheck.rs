//! `recheck`: read every store once more, long after the request has ended.
//!
//! Nothing that is found is erased by itself: the person may have come back by themselves. The request is reopened,
//! the owners of the stores are paged, and an officer says whether it is erased again or left as it is. A zero counts
//! only where the store finds its control; where none does, it is read again the next day, and after some days that is
//! how it ends. In the end what was kept to read by is destroyed.

use std::sync::Arc;

use contract::page::{Page, doc};
use contract::step::{Decision, Outcome, Run};
use domain::event::EventKind;
use domain::plan::Plan;
use domain::recheck::{MOST_READINGS, READ_AGAIN, Recheck, Stage};
use domain::{Request, RequestId, Status, StoreId, Tally};
use ports::{
    Budget, Catalogs, Class, Clock, Code, Entropy, Fault, KeyScope, Keyring, Pager, Requests, Staging, Stores,
};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly, later};
use crate::error::StepError;
use crate::papers::{Desk, Papers};
use crate::steps::recheck_paper;
use crate::steps::recheck_reading::{Reading, found, unproven};
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
    fn papers(&self) -> Papers<'_> {
        Papers { keyring: &*self.keyring, staging: &*self.staging, entropy: &*self.entropy }
    }
}

/// Runs the step. [`StepError::More`] if the time was up before every store was read.
pub async fn run(ports: &Ports, input: &Run, budget: &dyn Budget) -> Result<Decision, StepError> {
    let actor = Actor::step("recheck");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, input, &actor);
    let request = scope.load().await?;
    let Some(recheck) = request.recheck.clone().filter(|_| request.is_rechecked()) else {
        return Ok(Decision::plain(Outcome::Rest));
    };
    match recheck.stage {
        Stage::Due if recheck.at > ports.clock.now() => {
            wait(&scope, &recheck).await?;
            Ok(Decision::plain(Outcome::Rest))
        }
        Stage::Due => {
            let desk = ports.papers().open_recheck(input).await?;
            let paper = paper_of(&desk, &recheck).await?;
            let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
            let reading = Reading {
                ports,
                scope: &scope,
                request: &request,
                recheck: &recheck,
                desk: &desk,
                paper: &paper,
                catalog: &catalog,
            };
            if !reading.read(budget).await? {
                return Err(StepError::More);
            }
            judge(ports, &scope, &paper, &recheck).await
        }
        Stage::Found => {
            page(ports, &scope, &request, &recheck).await?;
            Ok(Decision::plain(Outcome::Failed))
        }
        Stage::Again => erase_again(ports, &scope, input, &recheck).await,
        Stage::Clear | Stage::NotProven | Stage::Dismissed => {
            end(ports, &scope, &request, &recheck).await?;
            Ok(Decision::plain(Outcome::Rest))
        }
        Stage::Filing | Stage::Erasing => Ok(Decision::plain(Outcome::Rest)),
    }
}

async fn paper_of(desk: &Desk<'_>, recheck: &Recheck) -> Result<Plan, StepError> {
    let paper = recheck.paper.as_ref().ok_or_else(|| StepError::broken("recheck", "there is no paper"))?;
    recheck_paper::read(desk, paper).await
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
    let unproven = unproven(&tasks, recheck, &request);
    if !found.is_empty() {
        if let Some(other) = erased_by_another(ports, scope, paper).await? {
            put_off(scope, recheck, EventKind::RecheckPutOff, ("waits_for", other.to_string())).await?;
            return Ok(Decision::plain(Outcome::Rest));
        }
        reopen(scope, recheck, &found).await?;
        let request = scope.load().await?;
        page(ports, scope, &request, recheck).await?;
        return Ok(Decision::plain(Outcome::Failed));
    }
    if !unproven.is_empty() && recheck.unproven.saturating_add(1) < MOST_READINGS {
        put_off(scope, recheck, EventKind::Unproven, ("stores", listed(&unproven))).await?;
        return Ok(Decision::plain(Outcome::Rest));
    }
    let stage = if unproven.is_empty() { Stage::Clear } else { Stage::NotProven };
    amend_plainly(scope, |mut request| {
        let Some(own) = own(&mut request, recheck, Stage::Due) else { return Ok(Amend::Leave(())) };
        (own.stage, own.unpaged) = (stage, stage == Stage::NotProven);
        let mut draft = Draft::new(request, EventKind::Rechecked, scope.clock.now());
        draft = draft.detail("result", stage.as_str()).detail("readings", recheck.unproven.saturating_add(1));
        draft.tally = Some(Tally { residue: Some(0), ..Tally::default() });
        if !unproven.is_empty() {
            draft = draft.detail("unproven", listed(&unproven));
        }
        Ok(Amend::commit(draft, ()))
    })
    .await?;
    let request = scope.load().await?;
    end(ports, scope, &request, recheck).await?;
    Ok(Decision::plain(Outcome::Rest))
}

/// The recheck of a request, if it is still where it was: this step may have run before.
fn own<'r>(request: &'r mut Request, recheck: &Recheck, stage: Stage) -> Option<&'r mut Recheck> {
    request.recheck.as_mut().filter(|own| own.stage == stage && own.reading == recheck.reading)
}

fn listed(stores: &[StoreId]) -> String {
    stores.iter().map(StoreId::as_str).collect::<Vec<_>>().join(" ")
}

/// Another request that erases the person just now: what is found is perhaps its to erase.
async fn erased_by_another(
    ports: &Ports,
    scope: &Scope<'_>,
    paper: &Plan,
) -> Result<Option<RequestId>, StepError> {
    let names = Pseudonymiser::of(&*ports.keyring, scope.tenant).await?;
    for subject in pseudonyms_of(&names, paper)? {
        let owner = ports.requests.lock_owner(scope.tenant, &subject).await?;
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
    kind: EventKind,
    (name, value): (&str, String),
) -> Result<(), StepError> {
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        let Some(own) = own(&mut request, recheck, Stage::Due) else { return Ok(Amend::Leave(())) };
        own.at = later(now, READ_AGAIN).unwrap_or(now);
        own.reading = own.reading.saturating_add(1);
        own.unproven = own.unproven.saturating_add(u32::from(kind == EventKind::Unproven));
        let at = own.at;
        let mut draft = Draft::new(request, kind, now).detail(name, &value).detail("until", at);
        draft.request.progress_by = Some(at);
        Ok(Amend::commit(draft, ()))
    })
    .await
}

async fn reopen(scope: &Scope<'_>, recheck: &Recheck, found: &[(StoreId, u64)]) -> Result<(), StepError> {
    amend_plainly(scope, |mut request| {
        let Some(own) = own(&mut request, recheck, Stage::Due) else { return Ok(Amend::Leave(())) };
        (own.stage, own.unpaged) = (Stage::Found, true);
        request.become_status(Status::Reopened)?;
        let mut draft = Draft::new(request, EventKind::Reopened, scope.clock.now());
        let records = found.iter().map(|(_, records)| records).sum();
        draft.tally = Some(Tally { residue: Some(records), ..Tally::default() });
        draft.why = Some(Code::PersonFoundAgain.as_str().to_owned());
        for (store, records) in found {
            draft = draft.detail(&format!("found.{store}"), records);
        }
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// Pages the owners of the stores in question, unless that was done: after what they are paged for is committed, so
/// that it is never lost, and perhaps twice.
async fn page(
    ports: &Ports,
    scope: &Scope<'_>,
    request: &Request,
    recheck: &Recheck,
) -> Result<(), StepError> {
    let Some(stage) = request.recheck.as_ref().filter(|own| own.unpaged).map(|own| own.stage) else {
        return Ok(());
    };
    let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
    let (stores, code) = match stage {
        Stage::Found => {
            let found = found(&tasks, recheck).into_iter().map(|(store, _)| store);
            (found.collect(), Code::PersonFoundAgain)
        }
        _ => (unproven(&tasks, recheck, request), Code::StoreUnproven),
    };
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    for id in &stores {
        let store =
            catalog.store(id).ok_or_else(|| StepError::broken("page", "the catalog lacks the store"))?;
        let page = Page {
            id: format!("{}-{}-{id}", request.id, recheck.reading),
            tenant: request.tenant.clone(),
            request_id: request.id.clone(),
            store: id.clone(),
            code: code.as_str().to_owned(),
            team: store.owner.team.clone(),
            page: store.owner.page.clone(),
            doc: doc(code.as_str()),
        };
        ports.pager.page(&page).await?;
    }
    amend_plainly(scope, |mut request| {
        let Some(own) = own(&mut request, recheck, stage).filter(|own| own.unpaged) else {
            return Ok(Amend::Leave(()));
        };
        own.unpaged = false;
        let mut draft = Draft::new(request, EventKind::OwnersPaged, scope.clock.now());
        draft.why = Some(code.as_str().to_owned());
        Ok(Amend::commit(draft.detail("stores", listed(&stores)), ()))
    })
    .await
}

/// An officer wants what was found erased: a new plan begins with all that the person is known by. Nobody waits again;
/// everyone who may object is asked again.
async fn erase_again(
    ports: &Ports,
    scope: &Scope<'_>,
    input: &Run,
    recheck: &Recheck,
) -> Result<Decision, StepError> {
    let request = scope.load().await?;
    let papers = ports.papers();
    let desk = papers.open_recheck(input).await?;
    let paper = paper_of(&desk, recheck).await?;
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let plan = recheck_paper::plan_again(&desk, &paper, &request, &catalog, ports.entropy.bits()).await?;
    let reference = papers.begin_again(input).await?.file_plan(&plan).await?;
    amend_plainly(scope, |mut request| {
        let Some(own) = own(&mut request, recheck, Stage::Again) else { return Ok(Amend::Leave(())) };
        own.stage = Stage::Erasing;
        request.become_status(Status::Planning)?;
        request.plan = Some(reference.clone());
        request.reopened = request.reopened.saturating_add(1);
        // Of the first time nothing counts for this one.
        request.touched.clear();
        request.locks.clear();
        request.unproven.clear();
        request.accepted_risks.clear();
        (request.announced, request.closed_at, request.ledgered) = (false, None, None);
        (request.residue_rounds, request.attempts) = (0, 0);
        let draft = Draft::new(request, EventKind::ErasedAgain, scope.clock.now())
            .detail("plan_sha256", &reference.sha256)
            .detail("keys", plan.keys.len());
        Ok(Amend::commit(draft, ()))
    })
    .await?;
    Ok(Decision::plain(Outcome::Again))
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
    let key = KeyScope::Recheck(request.tenant.clone(), request.id.clone());
    ports.keyring.destroy(&key).await?;
    if ports.keyring.exists(&key).await? {
        let detail = "the key of the recheck is still there";
        return Err(Fault::new(Class::Transient, Code::KeyUnavailable, "destroy", "keys", detail).into());
    }
    Ok(Papers::remove_recheck(&*ports.staging, &request.tenant, &request.id).await?)
}
