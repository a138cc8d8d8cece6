//! Waiting for another request's lock on the same person, and waking who waits.

use contract::step::{Decision, Outcome};
use domain::event::{EnterAt, EventKind};
use domain::request::PlanRef;
use domain::{Pseudonym, Request, RequestId, Status};
use jiff::SignedDuration;

use crate::change::{Amend, Draft, Scope, Turn, amend_plainly, later, too_many_writers, turn};
use crate::error::StepError;
use crate::steps::giving_way::ask;

/// How long a request waits for another before it looks again by itself.
pub(super) const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(6);

/// How often the lock may change hands while a request queues.
const TRIES: u32 = 16;

/// Queues the request behind the one that holds an identity's lock, and lets its own locks go: two
/// requests that each hold what the other needs would wait for ever. If nobody holds it any more,
/// the request plans again.
pub(super) async fn wait_behind(
    scope: &Scope<'_>,
    subject: &Pseudonym,
    plan: Option<&PlanRef>,
) -> Result<Decision, StepError> {
    for _ in 0..TRIES {
        let owner = scope.requests.lock_owner(scope.tenant, subject).await?;
        let Some(owner) = owner.filter(|owner| owner != scope.id) else {
            return Ok(Decision::plain(Outcome::Again));
        };
        let queued = turn(scope, |mut now| {
            now.become_status(Status::Waiting)?;
            now.plan = plan.cloned().or(now.plan);
            now.waits_for = Some(subject.clone());
            let held = std::mem::take(&mut now.locks);
            let exports = now.is_to_be_exported();
            let at = scope.clock.now();
            let mut draft = Draft::new(now, EventKind::Waiting, at).detail("waits_for", &owner);
            draft.unlock.clone_from(&held);
            draft.request.progress_by = later(at, LOOK_AGAIN);
            // Refused if the lock is free by then: nobody would wake us.
            draft.wait_for = Some(subject.clone());
            Ok(Amend::commit(draft, (held, exports)))
        });
        match queued.await? {
            Turn::Done(Ok((held, exports))) => {
                wake_waiters(scope, &held).await?;
                if exports {
                    ask(scope, &owner).await?;
                }
                return Ok(Decision::plain(Outcome::Rest));
            }
            Turn::Done(Err(_)) => return Err(StepError::broken("queue", "declined without a condition")),
            Turn::Again => {}
        }
    }
    Err(too_many_writers())
}

/// An ended request that still has locks of the person keeps every later one of theirs waiting: an earlier build let a call
/// that was late take them. Who waits for them is woken after that.
pub(super) async fn let_go(scope: &Scope<'_>, request: &Request) -> Result<(), StepError> {
    let mut held = Vec::new();
    for lock in &request.locks {
        let owner = scope.requests.lock_owner(scope.tenant, lock).await?;
        held.extend(owner.filter(|owner| owner == scope.id).map(|_| lock.clone()));
    }
    if held.is_empty() {
        return Ok(());
    }
    amend_plainly(scope, |request| {
        if !request.status.is_end() {
            return Ok(Amend::Leave(()));
        }
        let draft = Draft::new(request, EventKind::Progressed, scope.clock.now());
        let mut draft = draft.detail("locks_released", held.len());
        draft.unlock.clone_from(&held);
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// Wakes whoever waits for these locks, which this request has let go. May be done twice.
pub(super) async fn wake_waiters(scope: &Scope<'_>, locks: &[Pseudonym]) -> Result<(), StepError> {
    for lock in locks {
        for waiting in scope.requests.waiters(scope.tenant, lock).await? {
            wake(scope, &waiting).await?;
            scope.requests.stop_waiting(scope.tenant, std::slice::from_ref(lock), &waiting).await?;
        }
    }
    Ok(())
}

async fn wake(scope: &Scope<'_>, waiting: &RequestId) -> Result<(), StepError> {
    let other = Scope { id: waiting, generation: None, ..*scope };
    amend_plainly(&other, |request| {
        if request.status != Status::Waiting {
            return Ok(Amend::Leave(()));
        }
        let draft = Draft::new(request, EventKind::Resumed, other.clock.now())
            .detail("after", scope.id)
            .wake(EnterAt::Plan);
        Ok(Amend::commit(draft, ()))
    })
    .await
}
