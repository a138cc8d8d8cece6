//! An erasure lets a person's export go first (G2).
//!
//! Both want the person's locks. Whoever asked for erasing first and for their data later would get an empty
//! package, once nothing is left. So an export that queues behind an erasure that has not begun wakes it, and
//! the erasure lets its locks go, and queues behind the export.

use contract::step::{Decision, Outcome};
use domain::event::{EnterAt, EventKind};
use domain::request::Request;
use domain::{RequestId, Status};
use jiff::SignedDuration;

use crate::change::{Amend, Draft, Scope, amend_plainly, later};
use crate::error::StepError;
use crate::steps::queue::wake_waiters;

/// How long the erasure leaves the export to take the locks.
const ITS_TURN: SignedDuration = SignedDuration::from_mins(2);

/// Whether a request can let another one go first: nothing is erased ([`Request::has_begun`]), and nothing of its own is
/// under way that the person waits for.
fn may_give_way(request: &Request) -> bool {
    let in_the_stores = matches!(request.status, Status::Erasing | Status::Confirming);
    let exports = request.is_to_be_exported() || request.has_packages();
    let open = !request.status.is_end() && request.status != Status::Waiting;
    request.kind.erases()
        && open
        && !in_the_stores
        && !request.has_begun()
        && !exports
        && !is_given_up(request)
}

fn is_given_up(request: &Request) -> bool {
    request.cancel_requested || request.denied.is_some()
}

/// Wakes the erasure that an export has queued behind. May be done twice.
pub(super) async fn ask(scope: &Scope<'_>, owner: &RequestId) -> Result<(), StepError> {
    let other = Scope { id: owner, generation: None, ..*scope };
    amend_plainly(&other, |request| {
        if !may_give_way(&request) || request.locks.is_empty() {
            return Ok(Amend::Leave(()));
        }
        let draft = Draft::new(request, EventKind::Resumed, other.clock.now())
            .detail("gives_way_to", scope.id)
            .wake(EnterAt::Plan);
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// Lets an export go first that waits for this request's locks; `None` if there is none.
pub(super) async fn give_way(scope: &Scope<'_>, request: &Request) -> Result<Option<Decision>, StepError> {
    if !may_give_way(request) || !exports_are_waiting(scope, request).await? {
        return Ok(None);
    }
    let locks = amend_plainly(scope, |mut now| {
        if !may_give_way(&now) {
            return Ok(Amend::Leave(None));
        }
        now.become_status(Status::Waiting)?;
        let held = std::mem::take(&mut now.locks);
        let at = scope.clock.now();
        let mut draft = Draft::new(now, EventKind::Waiting, at).detail("gives_way", "to an export");
        draft.unlock.clone_from(&held);
        // It queues behind the export when it looks again.
        draft.request.progress_by = later(at, ITS_TURN);
        Ok(Amend::commit(draft, Some(held)))
    });
    // It began meanwhile, or another call let its locks go: what this one has read says nothing of where it stands.
    let Some(locks) = locks.await? else { return Ok(Some(Decision::plain(Outcome::Again))) };
    wake_waiters(scope, &locks).await?;
    Ok(Some(Decision::plain(Outcome::Rest)))
}

/// Whether this execution has let an export go first, in a call whose answer was lost. Whoever woke it since made
/// another execution of it.
pub(super) async fn has_given_way(scope: &Scope<'_>, request: &Request) -> Result<bool, StepError> {
    if !request.kind.erases() || request.status != Status::Waiting || request.waits_for.is_some() {
        return Ok(false);
    }
    let before = request.events.saturating_sub(1);
    let last = scope.requests.events(scope.tenant, scope.id, before, 1).await?;
    Ok(last.iter().any(|e| e.kind == EventKind::Waiting && e.generation == request.generation))
}

async fn exports_are_waiting(scope: &Scope<'_>, request: &Request) -> Result<bool, StepError> {
    for lock in &request.locks {
        for waiting in scope.requests.waiters(scope.tenant, lock).await? {
            let waiting = scope.requests.load(scope.tenant, &waiting).await?;
            if waiting.is_some_and(|w| w.status == Status::Waiting && w.is_to_be_exported()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
