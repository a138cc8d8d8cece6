//! `check-sanctions`: ask everyone who may object, before the cooling-off and after it (G1).

use std::sync::Arc;

use contract::settings::Settings;
use contract::step::{CheckRun, Decision, Outcome, Phase};
use domain::event::EventKind;
use domain::hold::Ruling;
use domain::plan::Plan;
use domain::request::Request;
use domain::{Identity, Status, StoreId};
use jiff::{SignedDuration, Timestamp};
use ports::{
    Catalogs, Class, Clock, Code, Entropy, Fault, Holds, Keyring, Requests, Sanctions, Staging, Tenants,
};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly, later};
use crate::error::StepError;
use crate::papers::Papers;
use crate::sanctions::{Heard, Panel, replace_retentions};
use crate::steps::plan::{pinned, to_restore};

/// A source that objects is not asked again sooner than this. A hold that is released wakes the
/// request at once, so only reviews that are overdue are waited for like this.
pub(super) const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(1);

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
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Runs the step.
pub async fn run(ports: &Ports, input: &CheckRun) -> Result<Decision, StepError> {
    let actor = Actor::step("check-sanctions");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, &input.run, &actor);
    let request = scope.load().await?;
    if request.cancel_requested || request.denied.is_some() {
        return undo(ports, &request).await;
    }
    let now = ports.clock.now();
    let waited = request.cooling_off_until.is_some_and(|until| until <= now);
    if input.phase == Phase::AfterWait && !waited {
        // Clocks differ between machines: nothing is erased a second early.
        return Ok(Decision::plain(Outcome::Again));
    }
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let plan = papers.open(&input.run).await?.plan(&request).await?;
    let plan = plan.ok_or_else(|| StepError::broken("check", "there is no plan"))?;
    let settings = settings(&*ports.tenants, &request).await?;
    let identities: Vec<Identity> = plan.people();
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let panel =
        Panel { holds: &*ports.holds, sanctions: &*ports.sanctions, settings: &settings, catalog: &catalog };
    let request = begin(&scope).await?;
    let heard = panel.hear(&request, &identities, &[]).await?;
    let decision = commit(&scope, &settings, input.phase, &heard).await?;
    Ok(match decision.outcome {
        Outcome::CoolOff => Decision { stores: that_hide(&catalog, &plan), ..decision },
        Outcome::Erase => pinned(Outcome::Erase, Some(&plan)),
        Outcome::Restore => undo(ports, &request).await?,
        _ => decision,
    })
}

/// Shows that the sources are being asked: one of them may be slow, or down.
async fn begin(scope: &Scope<'_>) -> Result<Request, StepError> {
    amend_plainly(scope, |mut request| {
        if request.status == Status::Checking {
            return Ok(Amend::Leave(request));
        }
        request.become_status(Status::Checking)?;
        let after = request.clone();
        Ok(Amend::commit(Draft::new(request, EventKind::Checking, scope.clock.now()), after))
    })
    .await
}

/// The tenant's settings, which must be there while it has requests.
pub(super) async fn settings(tenants: &dyn Tenants, request: &Request) -> Result<Arc<Settings>, StepError> {
    let missing = || {
        Fault::new(
            Class::Permanent,
            Code::SettingsInvalid,
            "settings",
            request.tenant.as_str(),
            "no such tenant",
        )
    };
    Ok(tenants.settings(&request.tenant).await?.ok_or_else(missing)?)
}

async fn commit(
    scope: &Scope<'_>,
    settings: &Settings,
    phase: Phase,
    Heard { ruling, answers }: &Heard,
) -> Result<Decision, StepError> {
    let cooling_off = settings.cooling_off().ok_or_else(|| {
        let detail = "cooling_off_for is not a duration of weeks, days, hours, minutes and seconds";
        Fault::new(Class::Permanent, Code::SettingsInvalid, "settings", settings.tenant.as_str(), detail)
    })?;
    amend_plainly(scope, |request| {
        if request.status.is_end() {
            // The call that was made in this one's place has seen to it.
            return Ok(Amend::Leave(Decision::plain(Outcome::Close)));
        }
        let now = scope.clock.now();
        let mut draft = Draft::new(request, EventKind::Checked, now);
        draft.detail =
            answers.iter().map(|(source, answer)| (format!("source.{source}"), answer.clone())).collect();
        let mut decision = Decision::plain(match phase {
            Phase::BeforeWait => Outcome::CoolOff,
            Phase::AfterWait => Outcome::Erase,
        });
        match (ruling, phase) {
            (Ruling::Clear(retentions), Phase::BeforeWait) => {
                replace_retentions(&mut draft.request, answers, retentions.clone());
                if draft.request.cooling_off_until.is_none() {
                    // The first time it comes so far. Hearing the sources again is no progress.
                    draft.request.attempts = 0;
                    // Who was brought back by a backup, into the store that was restored, has waited once.
                    let cooling_off =
                        if draft.request.only_in().is_some() { SignedDuration::ZERO } else { cooling_off };
                    draft.request.cooling_off_until = later(now, cooling_off).and_then(whole_seconds);
                }
                let until = draft.request.cooling_off_until;
                draft.request.become_status(Status::CoolingOff)?;
                draft.request.progress_by = until.and_then(|until| later(until, crate::change::PATIENCE));
                draft.kind = EventKind::CoolingOff;
                decision.until = until;
            }
            (Ruling::Clear(retentions), Phase::AfterWait) => {
                replace_retentions(&mut draft.request, answers, retentions.clone());
            }
            (Ruling::Held { reason, review_at }, _) => {
                let until = hold(&mut draft, reason, *review_at, now)?;
                decision = Decision { until, ..Decision::plain(Outcome::Held) };
            }
            (Ruling::Denied { reason }, _) => {
                draft.request.denied = Some(reason.clone());
                draft.kind = EventKind::Denied;
                draft.why = Some(reason.clone());
                decision.outcome = Outcome::Restore;
            }
        }
        Ok(Amend::commit(draft, decision))
    })
    .await
}

/// Holds the request until somebody should ask again; until when.
pub(super) fn hold(
    draft: &mut Draft,
    reason: &str,
    review_at: Timestamp,
    now: Timestamp,
) -> Result<Option<Timestamp>, StepError> {
    let asked = if review_at > now { review_at } else { later(now, ASK_AGAIN).unwrap_or(now) };
    let until = whole_seconds(asked);
    draft.request.become_status(Status::Held)?;
    draft.request.held_until = until;
    draft.request.progress_by = until.and_then(|until| later(until, crate::change::PATIENCE));
    draft.kind = EventKind::Held;
    draft.why = Some(reason.to_owned());
    Ok(until)
}

/// Rounded up: the state machine's waits end with a whole second, and never early.
pub(super) fn whole_seconds(at: Timestamp) -> Option<Timestamp> {
    let up = i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(at.as_second().checked_add(up)?).ok()
}

/// The stores of the plan that have records to hide and can hide them.
fn that_hide(catalog: &domain::catalog::Catalog, plan: &Plan) -> Vec<StoreId> {
    let hides = |store: &StoreId| {
        let declared = catalog.store(store);
        plan.pages(store).any(|page| {
            declared.and_then(|s| s.collection(&page.collection)).is_some_and(|c| c.suppress.is_some())
        })
    };
    plan.stores().into_iter().filter(hides).collect()
}

async fn undo(ports: &Ports, request: &Request) -> Result<Decision, StepError> {
    let tasks = ports.requests.tasks(&request.tenant, &request.id).await?;
    let hidden = to_restore(request, &tasks);
    let outcome = if hidden.is_empty() { Outcome::Close } else { Outcome::Restore };
    Ok(Decision::stores(outcome, hidden))
}
