//! `sweep`: wake what is past its own `progress_by`, and nothing else.
//!
//! For most that comes due somebody waits: it hangs. What is at rest comes due too, to be read again or to lose the salt of
//! its receipt; however much of it there is, it keeps no more than half of a run from what hangs.

use std::sync::Arc;

use domain::event::{EnterAt, EventKind};
use domain::request::Request;
use domain::{RequestId, Status, TenantId};
use jiff::Timestamp;
use ports::{Clock, Overdue, Requests};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly, later};
use crate::error::StepError;
use crate::steps::queue::LOOK_AGAIN;

/// Requests woken in one run at the most; the next run goes on.
const MOST: usize = 100;

/// How many of them may be at rest while others hang.
const MOST_AT_REST: usize = MOST / 2;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Runs the step; how many requests it woke. One that cannot be woken does not keep the others from
/// it, nor does a list that cannot be read: the first error is the step's, after all had their turn.
pub async fn run(ports: &Ports) -> Result<usize, StepError> {
    let mut woken = 0;
    let mut failed: Option<StepError> = None;
    let now = ports.clock.now();
    let mut open = list(ports, Overdue::Open, now, &mut failed).await;
    let mut at_rest = list(ports, Overdue::AtRest, now, &mut failed).await;
    // Each gets half at the least, and what the other leaves.
    at_rest.truncate(MOST_AT_REST.max(MOST.saturating_sub(open.len())));
    open.truncate(MOST - at_rest.len());
    for (tenant, id) in open.into_iter().chain(at_rest) {
        match wake(ports, &tenant, &id).await {
            Ok(done) => woken += usize::from(done),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(woken), Err)
}

/// What is overdue of a kind; nothing if that cannot be listed: the other kind is woken all the same.
async fn list(
    ports: &Ports,
    which: Overdue,
    now: Timestamp,
    failed: &mut Option<StepError>,
) -> Vec<(TenantId, RequestId)> {
    ports.requests.overdue(which, now, MOST).await.unwrap_or_else(|fault| {
        failed.get_or_insert(fault.into());
        Vec::new()
    })
}

async fn wake(ports: &Ports, tenant: &TenantId, id: &RequestId) -> Result<bool, StepError> {
    let actor = Actor::step("sweep");
    let (requests, clock) = (&*ports.requests, &*ports.clock);
    let scope = Scope { requests, clock, tenant, id, generation: None, actor: &actor };
    amend_plainly(&scope, |request| {
        let now = scope.clock.now();
        if request.progress_by.is_none_or(|by| by > now) {
            return Ok(Amend::Leave(false));
        }
        let enter_at = entry_of(&request, now);
        let waits = request.status == Status::Waiting;
        let never_verified = request.status == Status::AwaitingVerification && !request.cancel_requested;
        let kind = if never_verified { EventKind::CancelRequested } else { EventKind::Resumed };
        let mut draft = Draft::new(request, kind, now).wake(enter_at);
        if never_verified {
            draft.request.cancel_requested = true;
            draft.why = Some("never-verified".to_owned());
        } else {
            draft = draft.detail("why", "progress_by");
        }
        if waits {
            // Whoever holds the lock wakes it; this is only in case that was missed.
            draft.request.progress_by = later(now, LOOK_AGAIN);
        }
        Ok(Amend::commit(draft, true))
    })
    .await
}

/// Where a request re-enters. What a reading came to is still to be told to somebody, perhaps for as long as nobody can be:
/// the salt of a receipt does not wait for that.
pub(crate) fn entry_of(request: &Request, now: Timestamp) -> EnterAt {
    match &request.parked {
        _ if request.is_salt_over(now) => EnterAt::CloseRequest,
        Some(parked) => parked.enter_at,
        None if request.is_rechecked() => EnterAt::Recheck,
        None if request.status.is_end() => EnterAt::CloseRequest,
        None => EnterAt::Plan,
    }
}
