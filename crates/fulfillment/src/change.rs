//! Changing a request: read it, decide, commit the change and its event together, or decide again.

use std::collections::BTreeMap;

use contract::step::Run;
use domain::event::{About, EnterAt, Event, EventKind};
use domain::recheck::Recheck;
use domain::{Generation, Pseudonym, Request, RequestId, Status, StoreId, Tally, Task, TenantId};
use jiff::{SignedDuration, Timestamp};
use ports::{Change, Class, Clock, Code, Fault, Refused, Requests};

use crate::error::StepError;

/// How often a change is decided anew when other writers are first. Each time one of them got on,
/// so a request's stores together always do.
pub(crate) const TRIES: u32 = 64;

/// How long the sweeper gives a request between two signs of life; twice as long while a package is made.
pub(crate) const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// How long a request waits for somebody to say how the person was verified. What was sealed at the
/// door expires a little later, so it ends before it could not be worked on.
pub(crate) const VERIFIED_WITHIN: SignedDuration = SignedDuration::from_hours(85 * 24);

/// Who makes a change, as the audit names them: `step:plan`, `officer:<pseudonym>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(pub String);

impl Actor {
    /// A step of the lifecycle.
    pub fn step(name: &str) -> Self {
        Self(format!("step:{name}"))
    }
}

/// Which request is changed, by whom, and with which right.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The requests.
    pub requests: &'a dyn Requests,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Whose.
    pub tenant: &'a TenantId,
    /// Which.
    pub id: &'a RequestId,
    /// The execution that the request must still belong to; `None` for those who wake it.
    pub generation: Option<Generation>,
    /// Who.
    pub actor: &'a Actor,
}

impl<'a> Scope<'a> {
    /// The scope of a step.
    pub fn of_step(requests: &'a dyn Requests, clock: &'a dyn Clock, run: &'a Run, actor: &'a Actor) -> Self {
        Self {
            requests,
            clock,
            tenant: &run.tenant,
            id: &run.request_id,
            generation: Some(run.generation),
            actor,
        }
    }

    /// The request, if this execution may still work on it.
    pub async fn load(&self) -> Result<Request, StepError> {
        let request = self.requests.load(self.tenant, self.id).await?.ok_or_else(|| missing(self.id))?;
        if self.generation.is_some_and(|own| own != request.generation) {
            return Err(StepError::Stale);
        }
        Ok(request)
    }
}

fn missing(id: &RequestId) -> StepError {
    StepError::broken("load", format!("{id} does not exist"))
}

/// A change in the making.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The request as it will be.
    pub request: Request,
    /// What happened.
    pub kind: EventKind,
    /// The store in question.
    pub store: Option<StoreId>,
    /// Counts.
    pub tally: Option<Tally>,
    /// A reason code.
    pub why: Option<String>,
    /// Codes, ids and hashes.
    pub detail: BTreeMap<String, String>,
    /// Tasks that change with it.
    pub tasks: Vec<Task>,
    /// The statement of a receipt, whose hash is in `detail`.
    pub statement: Option<String>,
    /// Identities to lock.
    pub lock: Vec<Pseudonym>,
    /// Locks to release.
    pub unlock: Vec<Pseudonym>,
    /// The lock to queue behind.
    pub wait_for: Option<Pseudonym>,
    /// Identities on which no hold may stand.
    pub unless_held: Vec<Pseudonym>,
    wake: Option<EnterAt>,
}

impl Draft {
    /// A change that so far changes nothing but the sweeper's patience.
    pub fn new(request: Request, kind: EventKind, now: Timestamp) -> Self {
        let mut request = request;
        request.progress_by = later(now, PATIENCE);
        Self {
            request,
            kind,
            store: None,
            tally: None,
            why: None,
            detail: BTreeMap::new(),
            tasks: Vec::new(),
            statement: None,
            lock: Vec::new(),
            unlock: Vec::new(),
            wait_for: None,
            unless_held: Vec::new(),
            wake: None,
        }
    }

    /// Names the task that changes, its store and its counts.
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.store = Some(task.store.clone());
        self.tally = Some(task.tally);
        self.tasks.push(task);
        self
    }

    /// Adds a detail. Never an identity.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "numbers and ids alike")]
    pub fn detail(mut self, name: &str, value: impl ToString) -> Self {
        self.detail.insert(name.to_owned(), value.to_string());
        self
    }

    /// Hands the request to a new execution: the present one, if any, can change nothing any more.
    /// A parked request is parked no longer, so that it can be parked anew, for another cause.
    #[must_use]
    pub fn wake(mut self, enter_at: EnterAt) -> Self {
        let in_the_stores = matches!(self.request.status, Status::Erasing | Status::Confirming);
        let nothing_erased = in_the_stores && !self.request.erasing_begun;
        if self.request.status == Status::Parked || nothing_erased {
            // What was found after the end is nobody's to plan before an officer said so.
            let is_reopened = self.request.recheck.as_ref().is_some_and(Recheck::is_open);
            self.request.status = if is_reopened { Status::Reopened } else { Status::Planning };
        }
        self.request.parked = None;
        self.request.generation = self.request.generation.next();
        self.wake = Some(enter_at);
        self
    }
}

/// A moment later than now; `None` if time itself ends before.
pub(crate) fn later(now: Timestamp, by: SignedDuration) -> Option<Timestamp> {
    now.checked_add(by).ok()
}

/// When the sweeper looks first after a request that was just received. One that nobody verifies it withdraws.
pub(crate) fn first_look(request: &Request) -> Option<Timestamp> {
    let patience = if request.verification.is_some() { PATIENCE } else { VERIFIED_WITHIN };
    later(request.received_at, patience)
}

/// 1, 2, 4 ... minutes, at most an hour.
pub(crate) fn back_off(attempts: u32) -> SignedDuration {
    let minutes = 1_i64.checked_shl(attempts.saturating_sub(1).min(6)).unwrap_or(60);
    SignedDuration::from_mins(minutes.min(60))
}

/// What a decision comes to.
pub enum Amend<T> {
    /// Commit this, then answer that.
    Commit(Box<Draft>, T),
    /// Nothing is to be changed; answer that.
    Leave(T),
}

impl<T> Amend<T> {
    /// Commit this, then answer that.
    pub fn commit(draft: Draft, answer: T) -> Self {
        Self::Commit(Box::new(draft), answer)
    }
}

/// Why a change was not made though nothing failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declined {
    /// A hold stands on one of the identities.
    Held,
    /// Another request holds this identity's lock.
    Locked(Pseudonym),
}

/// Reads the request, lets `decide` make a change of it, and commits that with its event. When
/// another writer was first it reads and decides again; when a hold or a lock is in the way it says
/// so; when the request belongs to another execution, [`StepError::Stale`].
pub async fn amend<T>(
    scope: &Scope<'_>,
    mut decide: impl FnMut(Request) -> Result<Amend<T>, StepError>,
) -> Result<Result<T, Declined>, StepError> {
    for _ in 0..TRIES {
        if let Turn::Done(done) = turn(scope, &mut decide).await? {
            return Ok(done);
        }
    }
    Err(too_many_writers())
}

/// What one turn of deciding came to.
pub(crate) enum Turn<T> {
    /// The change was made, or declined.
    Done(Result<T, Declined>),
    /// Another writer was first.
    Again,
}

/// One turn of [`amend`], for decisions that rest on more than the request.
pub(crate) async fn turn<T>(
    scope: &Scope<'_>,
    mut decide: impl FnMut(Request) -> Result<Amend<T>, StepError>,
) -> Result<Turn<T>, StepError> {
    let before = scope.load().await?;
    let expected = before.generation;
    let number = before.events.saturating_add(1);
    let (draft, answer) = match decide(before)? {
        Amend::Leave(answer) => return Ok(Turn::Done(Ok(answer))),
        Amend::Commit(draft, answer) => (*draft, answer),
    };
    let change = change_of(draft, expected, number, scope);
    match scope.requests.commit(&change).await {
        Ok(()) => Ok(Turn::Done(Ok(answer))),
        Err(Refused::Conflict) => Ok(Turn::Again),
        // Whoever wakes has no generation of its own to lose: it decides again.
        Err(Refused::Stale) if scope.generation.is_none() => Ok(Turn::Again),
        Err(Refused::Stale) => Err(StepError::Stale),
        Err(Refused::Held) => Ok(Turn::Done(Err(Declined::Held))),
        Err(Refused::Locked(subject)) => Ok(Turn::Done(Err(Declined::Locked(subject)))),
        Err(Refused::Fault(fault)) => Err(fault.into()),
        Err(refused @ (Refused::Open(_) | Refused::Remembered)) => {
            Err(StepError::broken("commit", refused.to_string()))
        }
    }
}

pub(crate) fn too_many_writers() -> StepError {
    let detail = "too many writers at once";
    Fault::new(Class::Throttled, Code::ControlUnavailable, "commit", "requests", detail).into()
}

/// [`amend`] for changes that neither lock nor ask for the absence of holds.
pub async fn amend_plainly<T>(
    scope: &Scope<'_>,
    decide: impl FnMut(Request) -> Result<Amend<T>, StepError>,
) -> Result<T, StepError> {
    amend(scope, decide).await?.map_err(|_| StepError::broken("commit", "declined without a condition"))
}

fn change_of(draft: Draft, expected: Generation, number: u32, scope: &Scope<'_>) -> Change {
    let mut request = draft.request;
    request.events = number;
    let event = Event {
        tenant: request.tenant.clone(),
        about: About::Request(request.id.clone()),
        n: number,
        at: scope.clock.now(),
        kind: draft.kind,
        who: scope.actor.0.clone(),
        generation: request.generation,
        status: Some(request.status),
        store: draft.store,
        tally: draft.tally,
        why: draft.why,
        detail: draft.detail,
        wake: draft.wake,
    };
    Change {
        request,
        expected,
        event,
        tasks: draft.tasks,
        statement: draft.statement,
        lock: draft.lock,
        unlock: draft.unlock,
        wait_for: draft.wait_for,
        unless_held: draft.unless_held,
    }
}

#[cfg(test)]
mod tests {
    use super::back_off;

    #[test]
    fn the_sweeper_waits_longer_each_time_up_to_an_hour() {
        let minutes: Vec<i64> = (0..9).map(|n| back_off(n).as_mins()).collect();
        assert_eq!(minutes, [1, 1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
