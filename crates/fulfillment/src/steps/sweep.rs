//! `sweep`: wake what is past its own `progress_by`, and nothing else.

use std::sync::Arc;

use domain::event::{EnterAt, EventKind};
use domain::request::Request;
use ports::{Clock, Requests};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::error::StepError;

/// Requests woken in one run at the most; the next run goes on.
const MOST: usize = 100;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Runs the step; how many requests it woke.
pub async fn run(ports: &Ports) -> Result<usize, StepError> {
    let actor = Actor::step("sweep");
    let mut woken = 0;
    for (tenant, id) in ports.requests.overdue(ports.clock.now(), MOST).await? {
        let scope = Scope {
            requests: &*ports.requests,
            clock: &*ports.clock,
            tenant: &tenant,
            id: &id,
            generation: None,
            actor: &actor,
        };
        woken += usize::from(
            amend_plainly(&scope, |request| {
                let now = scope.clock.now();
                if request.progress_by.is_none_or(|by| by > now) {
                    return Ok(Amend::Leave(false));
                }
                let enter_at = entry_of(&request);
                let draft =
                    Draft::new(request, EventKind::Resumed, now).detail("why", "progress_by").wake(enter_at);
                Ok(Amend::commit(draft, true))
            })
            .await?,
        );
    }
    Ok(woken)
}

/// Where a request re-enters.
pub(crate) fn entry_of(request: &Request) -> EnterAt {
    match &request.parked {
        Some(parked) => parked.enter_at,
        None if request.status.is_end() => EnterAt::CloseRequest,
        None => EnterAt::Plan,
    }
}
