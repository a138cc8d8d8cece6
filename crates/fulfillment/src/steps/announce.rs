//! `announce`: tell how the request ended, by webhook and on the topic.

use std::collections::BTreeSet;
use std::sync::Arc;

use contract::api::store_view;
use contract::outcome::Announcement;
use contract::step::Run;
use domain::event::EventKind;
use domain::recheck::Recheck;
use domain::request::Request;
use domain::{StoreId, Task};
use ports::{Announcer, Clock, Requests, Tenants};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::error::StepError;
use crate::steps::check_sanctions::settings;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// Who is told.
    pub announcer: Arc<dyn Announcer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Runs the step. A request that has not ended, or was announced already, is left alone.
pub async fn run(ports: &Ports, input: &Run) -> Result<(), StepError> {
    let actor = Actor::step("announce");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, input, &actor);
    let request = scope.load().await?;
    if request.announced || !request.status.is_end() {
        return Ok(());
    }
    let settings = settings(&*ports.tenants, &request).await?;
    let tasks = ports.requests.tasks(&input.tenant, &input.request_id).await?;
    let tasks = request.tasks_of_this_time(tasks);
    let announcement = announcement(&request, &tasks);
    // Each is told though the other cannot be; who is told twice knows it by the announcement's id.
    let webhook = ports.announcer.webhook(&settings, &announcement, ports.clock.now()).await;
    if settings.topic {
        ports.announcer.topic(&announcement).await?;
    }
    webhook?;
    amend_plainly(&scope, |mut now| {
        if now.announced {
            return Ok(Amend::Leave(()));
        }
        now.announced = true;
        now.parked = None;
        let mut draft = Draft::new(now, EventKind::Announced, scope.clock.now())
            .detail("webhook", settings.webhook.is_some())
            .detail("topic", settings.topic);
        // Its stores are read again one day, and the salt of its receipt goes; until then nobody looks after it. Unless what was
        // kept to read them by is still to go.
        let is_over = |recheck: &Recheck| recheck.is_open() && recheck.stage.is_over();
        let is_to_go = draft.request.recheck.as_ref().is_some_and(is_over);
        let rests_until = draft.request.rests_until();
        draft.request.progress_by = if is_to_go { Some(scope.clock.now()) } else { rests_until };
        Ok(Amend::commit(draft, ()))
    })
    .await
}

fn announcement(request: &Request, tasks: &[Task]) -> Announcement {
    let stores: BTreeSet<&StoreId> = tasks.iter().map(|t| &t.store).collect();
    Announcement {
        // One that was reopened ends once more, and that is told as well.
        id: match request.reopened {
            0 => format!("{}-closed", request.id),
            again => format!("{}-closed-{}", request.id, again.saturating_add(1)),
        },
        tenant: request.tenant.clone(),
        request_id: request.id.clone(),
        kind: request.kind,
        status: request.status,
        closed_at: request.closed_at,
        expires_at: None,
        reason: request.denied.clone(),
        unproven: request.unproven.clone(),
        stores: stores.into_iter().map(|store| store_view(store, tasks, Vec::new())).collect(),
    }
}
