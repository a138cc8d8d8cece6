//! `package-export`: put what was collected into packages that the person can fetch.
//!
//! One pass from the staging bucket to the exports bucket: what is read is compressed, hashed, encrypted and
//! sent while it is at hand. Between two packages the step saves where it is, sealed, and may be called again;
//! a package that was begun and not ended is begun again.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::settings::Settings;
use contract::step::{Decision, Outcome, Run};
use domain::event::EventKind;
use domain::export::Package;
use domain::request::Request;
use domain::{Generation, Operation, Status, Task, TaskStatus};
use export::About;
pub use export::Limits;
use jiff::{SignedDuration, Timestamp};
use ports::{
    Budget, Catalogs, Class, Clock, Code, Entropy, Fault, Keyring, Packages, Requests, Signer, Staging,
    Tenants,
};

use crate::change::{Actor, Amend, Draft, PATIENCE, Scope, amend_plainly, later};
use crate::error::StepError;
use crate::papers::Papers;
use crate::staged;
use crate::steps::check_sanctions::{settings, whole_seconds};
use crate::steps::packing::{Packed, Packing};
use crate::steps::plan::collect;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// The papers.
    pub staging: Arc<dyn Staging>,
    /// The catalogs.
    pub catalogs: Arc<dyn Catalogs>,
    /// The exports bucket.
    pub packages: Arc<dyn Packages>,
    /// Who signs the manifest.
    pub signer: Arc<dyn Signer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// How big a package gets before the next one is begun.
    pub limits: Limits,
}

/// Runs the step. [`StepError::More`] if the time was up between two packages.
pub async fn run(ports: &Ports, input: &Run, budget: &dyn Budget) -> Result<Decision, StepError> {
    let actor = Actor::step("package-export");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, input, &actor);
    let request = scope.load().await?;
    if request.cancel_requested || !request.is_to_be_exported() {
        return over(ports, input).await;
    }
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let desk = papers.open(input).await?;
    let plan = desk.plan(&request).await?.ok_or_else(|| StepError::broken("package", "there is no plan"))?;
    let tasks = ports.requests.tasks(&input.tenant, &input.request_id).await?;
    let read = |task: &&Task| task.op == Operation::Collect && task.pass == plan.pass_number();
    if tasks.iter().filter(read).any(|task| task.status == TaskStatus::Failed) {
        // Whoever tries again looks for the person again, and reads every store anew.
        let made = plan.passes.iter().map(|pass| pass.generation);
        let made: Vec<Generation> = made.filter(|made| *made <= input.generation).collect();
        staged::remove_of(&*ports.staging, input, &made).await?;
        return Ok(Decision::plain(Outcome::Failed));
    }
    let done: Vec<&Task> = tasks.iter().filter(read).filter(|t| t.status == TaskStatus::Done).collect();
    if collect(&request, Some(&plan)).stores.iter().any(|store| !done.iter().any(|task| &task.store == store))
    {
        return Ok(Decision::plain(Outcome::Again));
    }
    let settings = settings(&*ports.tenants, &request).await?;
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let read_at = done.iter().map(|task| task.at).max().unwrap_or(request.received_at);
    let about = about(&request, &settings, read_at)?;
    let asked = plan.stores();
    let packing = Packing {
        to: &*ports.packages,
        signer: &*ports.signer,
        entropy: &*ports.entropy,
        desk: &desk,
        run: input,
        scope: &scope,
        stores: catalog.stores.iter().filter(|store| asked.contains(&store.id)).collect(),
        recipient: desk.recipient(&request).await?,
        limits: ports.limits,
    };
    let Packed { packages, records } = match packing.run(about, budget).await {
        Ok(Some(packed)) => packed,
        Ok(None) => return Err(StepError::More),
        // Perhaps because the same call, made twice, has ended meanwhile and removed what was collected.
        Err(_) if !scope.load().await?.is_to_be_exported() => return over(ports, input).await,
        Err(error) => return Err(error),
    };
    finish(&scope, &settings, &packages, records).await?;
    // What was collected is in the packages now, and nowhere else.
    staged::remove(&*ports.staging, &input.tenant, &input.request_id).await?;
    Ok(Decision::plain(Outcome::Ready))
}

/// Withdrawn, or made by a call whose answer was lost: the plan knows what follows.
async fn over(ports: &Ports, input: &Run) -> Result<Decision, StepError> {
    staged::remove(&*ports.staging, &input.tenant, &input.request_id).await?;
    Ok(Decision::plain(Outcome::Again))
}

fn about(request: &Request, settings: &Settings, read_at: Timestamp) -> Result<About, StepError> {
    let export = request.export.as_ref().ok_or_else(|| StepError::broken("package", "nothing to export"))?;
    let mut applied = BTreeMap::from([
        ("open_for".to_owned(), open_for(settings)?.to_string()),
        ("encrypted".to_owned(), export.sealed_for.as_str().to_owned()),
    ]);
    applied.extend(
        export.min_versions.iter().map(|(place, min)| (format!("min_versions.{place}"), min.clone())),
    );
    Ok(About {
        tenant: settings.name.clone(),
        request: request.id.clone(),
        kind: request.kind,
        format: export.format,
        catalog_version: request.catalog_version.clone(),
        settings: applied,
        received_at: request.received_at,
        collected_at: read_at,
        // The same when it is made again.
        made_at: read_at,
    })
}

/// How long a package can be fetched.
pub(super) fn open_for(settings: &Settings) -> Result<SignedDuration, StepError> {
    let open_for = settings.export_open_for().ok_or_else(|| {
        let detail = "exports/open_for is not a duration of at most 30 days";
        Fault::new(Class::Permanent, Code::SettingsInvalid, "settings", settings.tenant.as_str(), detail)
    })?;
    Ok(open_for)
}

/// The packages are there: from now on the person has time to fetch them.
async fn finish(
    scope: &Scope<'_>,
    settings: &Settings,
    packages: &[Package],
    records: u64,
) -> Result<(), StepError> {
    let open_for = open_for(settings)?;
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        let expires_at = later(now, open_for).and_then(whole_seconds);
        if !request.is_to_be_exported() {
            // The same call, made twice, was first: its packages are those that count.
            return Ok(Amend::Leave(()));
        }
        request.become_status(Status::Ready)?;
        request.attempts = 0;
        let Some(export) = &mut request.export else {
            return Err(StepError::broken("package", "nothing to export"));
        };
        (export.packages, export.records) = (packages.to_vec(), records);
        (export.ready_at, export.expires_at) = (Some(now), expires_at);
        let bytes: u64 = packages.iter().map(|package| package.bytes).sum();
        let mut draft = Draft::new(request, EventKind::Packaged, now)
            .detail("packages", packages.len())
            .detail("records", records)
            .detail("bytes", bytes)
            .detail("expires_at", expires_at.map_or_else(String::new, |at| at.to_string()));
        // An entry of the audit has its limits. This one digest is of all of them.
        let all: String = packages.iter().flat_map(|package| [package.sha256.as_str(), "\n"]).collect();
        draft = draft.detail("sha256", vault::sha256_hex(all.as_bytes()));
        for (n, package) in (1..).zip(packages.iter().take(16)) {
            draft = draft.detail(&format!("sha256.{n}"), &package.sha256);
        }
        draft.request.progress_by = later(now, PATIENCE);
        Ok(Amend::commit(draft, ()))
    })
    .await
}
