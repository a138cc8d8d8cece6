//! `record-failure`: write down that a store was given up, so that its siblings can go on.

use std::sync::Arc;

use contract::step::Caught;
use domain::event::EventKind;
use domain::task::Failure;
use domain::{Operation, Task, TaskStatus};
use ports::{Clock, Requests};
use serde::Deserialize;

use crate::change::{Actor, Amend, Draft, PATIENCE, Scope, amend_plainly, back_off, later};
use crate::error::StepError;
use crate::steps::erase_store::carried;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Runs the step.
pub async fn run(ports: &Ports, input: &Caught) -> Result<(), StepError> {
    let actor = Actor::step("record-failure");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, &input.run, &actor);
    let store = input.store.as_ref().ok_or_else(|| StepError::broken("record", "no store was named"))?;
    let op = operation_of(&input.state)
        .ok_or_else(|| StepError::broken("record", format!("{} is not a step in a store", input.state)))?;
    let failure = failure_of(input);
    let tasks = ports.requests.tasks(&input.run.tenant, &input.run.request_id).await?;
    let stored = tasks.into_iter().find(|t| t.op == op && &t.store == store);
    let same = |t: &Task| t.failure.as_ref() == Some(&failure) && t.status == TaskStatus::Failed;
    // A store that cannot hide the person is no reason to stop, but to try again during the wait.
    let hides = op == Operation::Suppress;
    amend_plainly(&scope, |mut request| {
        // A call that is late: what it has to say of a store changes nothing any more.
        if request.status.is_end() {
            return Ok(Amend::Leave(()));
        }
        // Noted by a call whose answer was lost. The same failure in another pass is another one.
        if stored.as_ref().is_some_and(|t| same(t) && t.pass == request.pass) && !hides {
            return Ok(Amend::Leave(()));
        }
        let now = scope.clock.now();
        let mut progress_by = later(now, PATIENCE);
        if hides {
            request.attempts = request.attempts.saturating_add(1);
            let again = later(now, back_off(request.attempts)).filter(|_| failure.transient);
            progress_by = again.or(request.progress_by);
        }
        let fresh = Task::new(op, store.clone(), request.pass, now);
        let task = stored.clone().unwrap_or_else(|| fresh.clone());
        // A failure is of the pass in which it happens. What was erased before stays so, and each pass
        // locates everything anew.
        let task = match op {
            _ if task.pass == fresh.pass => task,
            Operation::Erase => carried(&request, task, fresh),
            Operation::Locate => fresh,
            _ => Task { tally: task.tally, ..fresh },
        };
        let task = Task { status: TaskStatus::Failed, failure: Some(failure.clone()), at: now, ..task };
        let mut draft = Draft::new(request, EventKind::Failed, now)
            .task(task)
            .detail("operation", op.as_str())
            .detail("error", &failure.error)
            .detail("cause", &failure.detail);
        draft.request.progress_by = progress_by;
        Ok(Amend::commit(draft, ()))
    })
    .await
}

/// The state in which an operation is done.
pub(super) fn state_of(op: Operation) -> &'static str {
    match op {
        Operation::Locate => "LocateStore",
        Operation::Collect => "CollectStore",
        Operation::Suppress => "SuppressStore",
        Operation::Restore => "RestoreStore",
        Operation::Erase => "EraseStore",
        Operation::Confirm => "ConfirmStore",
        Operation::Recheck => "Recheck",
    }
}

/// The operation of a state.
fn operation_of(state: &str) -> Option<Operation> {
    use Operation::{Collect, Confirm, Erase, Locate, Restore, Suppress};
    [Locate, Collect, Suppress, Restore, Erase, Confirm].into_iter().find(|op| state_of(*op) == state)
}

#[derive(Deserialize)]
struct LambdaCause {
    #[serde(rename = "errorMessage")]
    message: String,
}

/// What was caught, fit to be kept. Our own errors hold no personal data; anybody else's text (a
/// panic, a runtime's message) could, so only its name is kept.
pub(super) fn failure_of(input: &Caught) -> Failure {
    let ours = input.error.starts_with("Lacuna.");
    let message = input
        .cause
        .as_deref()
        .filter(|_| ours)
        .and_then(|cause| serde_json::from_str::<LambdaCause>(cause).map(|c| c.message).ok());
    let transient = match input.error.as_str() {
        // `More` was retried as often as one execution's history allows; the next one goes on.
        "Lacuna.Transient"
        | "Lacuna.Throttled"
        | "Lacuna.More"
        | "States.Timeout"
        | "States.HeartbeatTimeout" => true,
        // The process or its machine died; the next one may not.
        other => ["Lambda.", "Runtime.", "Sandbox."].iter().any(|family| other.starts_with(family)),
    };
    Failure {
        error: input.error.clone(),
        detail: message.unwrap_or_else(|| "see the function's log".to_owned()),
        transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::step::Run;
    use domain::{Generation, RequestId};

    fn caught(error: &str, cause: &str) -> Caught {
        let run = Run {
            tenant: "demo".parse().expect("a tenant"),
            request_id: RequestId::new(jiff::Timestamp::UNIX_EPOCH, 1),
            generation: Generation::FIRST,
        };
        Caught {
            run,
            state: "EraseStore".into(),
            store: None,
            error: error.into(),
            cause: Some(cause.into()),
        }
    }

    #[test]
    fn only_our_own_messages_are_kept() {
        let ours = caught("Lacuna.Transient", r#"{"errorType":"x","errorMessage":"store-unavailable: a"}"#);
        assert_eq!(failure_of(&ours).detail, "store-unavailable: a");
        assert!(failure_of(&ours).transient);
        let panic = caught("Lambda.Unknown", r#"{"errorMessage":"index 3 of marked@example.com"}"#);
        assert!(!failure_of(&panic).detail.contains("marked"));
        assert!(failure_of(&panic).transient);
        assert!(!failure_of(&caught("Lacuna.Permanent", "{}")).transient);
    }
}
