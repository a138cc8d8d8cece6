//! An officer wants what was found erased: a new plan begins with all that the person is known by. Nobody waits again;
//! everyone who may object is asked again.
//!
//! What the officer said yes to is compared with what is there now: the stores are read once more, and whatever is more
//! than they were shown is shown to them first. It is erased by the catalog that is in force now: what the law wants kept
//! since then is kept, and a store that is new is looked in. One that has lost what the person was found in is refused.

use contract::step::{Decision, Outcome, Run};
use domain::event::EventKind;
use domain::recheck::{READ_AGAIN, Recheck, Stage};
use domain::{Request, Status, StoreId};
use jiff::Timestamp;
use ports::{Budget, Class, Code, Fault};

use crate::api::identities::Configured;
use crate::change::{Amend, Draft, Scope, amend_plainly, later};
use crate::error::StepError;
use crate::steps::recheck::{Ports, own, paper_of, shown};
use crate::steps::recheck_lost;
use crate::steps::recheck_paging::page;
use crate::steps::recheck_paper::{self, Versions};
use crate::steps::recheck_reading::{Reading, found, is_read};

/// Begins the second plan; or says that an officer has to look once more. [`StepError::More`] if the time was up before
/// every store was read. What fails can be tried again, and be dismissed.
pub(super) async fn erase_again(
    ports: &Ports,
    scope: &Scope<'_>,
    input: &Run,
    recheck: &Recheck,
    budget: &dyn Budget,
) -> Result<Decision, StepError> {
    let configured = Configured::of(&*ports.tenants, &*ports.catalogs, scope.tenant).await?;
    read_afresh(scope, recheck, &configured.version).await?;
    let request = scope.load().await?;
    // Another call may read by a later catalog by now: what this one reads by is nothing to that reading.
    let Some(recheck) = request.recheck.clone().filter(|own| is_compared_by(own, &configured.version)) else {
        return Err(StepError::More);
    };
    if let Some(gone) = request.only_in().filter(|store| configured.store(store).is_none()) {
        return Err(not_there(gone).into());
    }
    let papers = ports.papers();
    let desk = papers.open_recheck(input).await?;
    let paper = paper_of(&desk, &recheck).await?;
    let before = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let versions = Versions { before: &before, now: configured.catalog(), version: &configured.version };
    recheck_lost::refuse(&paper, &request, &recheck, &versions)?;
    let searched = recheck_paper::readable(paper.clone(), configured.catalog());
    // What was wanted kept the first time is erased now if nobody wants it any more: it is compared, and shown, too.
    let nothing_kept = Request { retentions: Vec::new(), ..request.clone() };
    let reading = Reading {
        ports,
        scope,
        request: &nothing_kept,
        recheck: &recheck,
        desk: &desk,
        paper: &searched,
        catalog: configured.catalog(),
        // It is erased now.
        terms_at: ports.clock.now(),
        // What cannot be read cannot be compared, nor erased.
        gives_up: false,
    };
    if !reading.read(budget).await? {
        return Err(StepError::More);
    }
    let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
    if !is_read(&tasks, &recheck, &searched) {
        return Err(StepError::More);
    }
    let there = found(&tasks, &recheck);
    if recheck.is_more_than_shown(&there) {
        let is_asked = amend_plainly(scope, |mut request| {
            let now = scope.clock.now();
            let Some(own) = compared(&mut request, &recheck) else { return Ok(Amend::Leave(false)) };
            own.ask(there.clone(), now);
            let draft =
                Draft::new(request, EventKind::Rechecked, now).detail("result", Stage::Found.as_str());
            Ok(Amend::commit(shown(draft, &there), true))
        })
        .await?;
        if !is_asked {
            return Err(StepError::More);
        }
        let request = scope.load().await?;
        page(ports, scope, &request, &recheck).await?;
        return Ok(Decision::plain(Outcome::Failed));
    }
    let plan = recheck_paper::plan_again(&desk, &paper, &request, &versions, ports.entropy.bits()).await?;
    let reference = papers.begin_again(input).await?.file_plan(&request, &plan).await?;
    let is_begun = amend_plainly(scope, |mut request| {
        let Some(own) = compared(&mut request, &recheck) else {
            let by_another = request.recheck.is_some_and(|own| own.stage == Stage::Erasing);
            return Ok(Amend::Leave(by_another));
        };
        own.stage = Stage::Erasing;
        begin(&mut request, scope.clock.now())?;
        request.plan = Some(reference.clone());
        request.catalog_version.clone_from(&plan.catalog_version);
        let draft = Draft::new(request, EventKind::ErasedAgain, scope.clock.now())
            .detail("plan_sha256", &reference.sha256)
            .detail("catalog_version", &plan.catalog_version)
            .detail("keys", plan.keys.len());
        Ok(Amend::commit(draft, true))
    })
    .await?;
    if is_begun { Ok(Decision::plain(Outcome::Again)) } else { Err(StepError::More) }
}

/// Whether what an officer said is being carried out, and the reading that is compared is one by this catalog.
fn is_compared_by(own: &Recheck, version: &str) -> bool {
    own.stage == Stage::Again && own.compared_by.as_deref() == Some(version)
}

/// The recheck of a request, if what this call has compared is still what is compared.
fn compared<'r>(request: &'r mut Request, recheck: &Recheck) -> Option<&'r mut Recheck> {
    own(request, recheck, Stage::Again).filter(|own| own.compared_by == recheck.compared_by)
}

/// What was read a day ago, or by another catalog, says nothing of what is there now: then all stores are read from the
/// beginning. How far a reading is counts the searches that one catalog makes.
async fn read_afresh(scope: &Scope<'_>, recheck: &Recheck, version: &str) -> Result<(), StepError> {
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        // Another call may have begun to compare since, by a catalog that is newer than this one's.
        let Some(own) = compared(&mut request, recheck) else { return Ok(Amend::Leave(())) };
        let is_old = later(own.at, READ_AGAIN).is_some_and(|by| by <= now);
        let is_by_another = own.compared_by.as_ref().is_some_and(|by| by != version);
        if is_old || is_by_another {
            own.read_anew(now);
        } else if own.compared_by.is_some() {
            return Ok(Amend::Leave(()));
        }
        own.compared_by = Some(version.to_owned());
        let reading = own.reading;
        Ok(Amend::commit(Draft::new(request, EventKind::Progressed, now).detail("reading", reading), ()))
    })
    .await
}

/// Of the first time nothing counts for this one.
fn begin(request: &mut Request, now: Timestamp) -> Result<(), StepError> {
    request.become_status(Status::Planning)?;
    request.reopened = request.reopened.saturating_add(1);
    request.reopened_after = Some(request.pass);
    request.not_begun_again = true;
    request.wave_begun = false;
    request.denied = None;
    request.shredded.clear();
    request.touched.clear();
    request.locks.clear();
    request.unproven.clear();
    request.accepted_risks.clear();
    // Everybody who may object is asked anew, and what they want kept is judged by this time. Not by a second later than
    // now: nobody waits.
    request.retentions.clear();
    request.cooling_off_until = Timestamp::from_second(now.as_second()).ok();
    (request.announced, request.closed_at, request.ledgered) = (false, None, None);
    (request.residue_rounds, request.attempts) = (0, 0);
    Ok(())
}

fn not_there(store: &StoreId) -> Fault {
    let detail = "the catalog in force lacks the restored store, in which alone the person is erased";
    Fault::new(Class::Permanent, Code::CatalogMismatch, "plan", store.as_str(), detail)
}
