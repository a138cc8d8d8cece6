//! `park-request`: stop with a cause, an owner and a way on; never silently.
//!
//! What may mend by itself is tried again by the sweeper, after 1, 2, 4 ... minutes, at most an
//! hour (G12). What may not waits for somebody to say `resume`.

use std::sync::Arc;

use contract::step::{Caught, Park};
use domain::event::{EnterAt, EventKind};
use domain::recheck::{READ_AGAIN, Recheck, Stage};
use domain::request::{Parked, Request};
use domain::task::Failure;
use domain::{Operation, Status, StoreId, Task, TaskStatus};
use ports::{Clock, Code, Requests};

use crate::change::{Actor, Amend, Draft, Scope, amend_plainly, back_off, later};
use crate::error::StepError;
use crate::steps::record_failure::{failure_of, state_of};
use crate::steps::start_request::parse_execution_name;

/// The error of the state machine when a step said that stores failed.
pub const STORE_FAILED: &str = "Lacuna.StoreFailed";

/// The error of an execution that ended without telling.
const LOST: &str = "Execution";

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Runs the step, whoever calls it. An execution that was stopped because its request went on in
/// another one is not lost: the generations tell.
pub async fn run(ports: &Ports, input: &Park) -> Result<(), StepError> {
    let caught = match input {
        Park::Caught(caught) => caught.clone(),
        Park::Lost { detail } => {
            let Some(run) = parse_execution_name(&detail.name) else { return Ok(()) };
            let error = format!("{LOST}.{}", detail.status);
            Caught { run, state: "execution".to_owned(), store: None, error, cause: None }
        }
    };
    park(ports, &caught).await
}

/// Parks the request. Parking a request that belongs to another execution by now changes nothing.
async fn park(ports: &Ports, input: &Caught) -> Result<(), StepError> {
    let actor = Actor::step("park-request");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, &input.run, &actor);
    let tasks = ports.requests.tasks(&input.run.tenant, &input.run.request_id).await?;
    let parked = amend_plainly(&scope, |mut request| {
        let now = scope.clock.now();
        // It has ended and was told, and something is still to be done.
        let rechecked = request.is_rechecked();
        let after_the_end = rechecked || request.is_salt_over(now);
        if request.status == Status::Parked
            || (request.status.is_end() && request.announced && !after_the_end)
        {
            return Ok(Amend::Leave(()));
        }
        let parked = cause(&request, input, &tasks);
        if !request.status.is_end() {
            request.become_status(Status::Parked)?;
        }
        request.attempts = request.attempts.saturating_add(1);
        let soon = later(now, back_off(request.attempts));
        // What was made for the person is destroyed in time, whether somebody mends the cause or not; and what
        // could not be destroyed is tried again.
        let expires_at = request.export.as_ref().filter(|e| e.is_there()).and_then(|e| e.expires_at);
        let destroyed_by = expires_at.map(|at| if at > now { Some(at) } else { soon }).unwrap_or_default();
        // Nobody waits for it as for one that is open: what keeps it from being read again, or the salt of its receipt from
        // being destroyed, is looked at daily.
        let is_for_officers = parked.code == Code::PersonFoundAgain.as_str();
        let soon = match &request.recheck {
            // The owners are paged once more.
            Some(recheck) if is_for_officers => Some(recheck.page_at()),
            _ if after_the_end && !parked.transient => later(now, READ_AGAIN),
            _ => soon,
        };
        let is_tried = parked.transient || after_the_end;
        // What was kept to read the stores again by goes one day, though nobody mends what keeps it from being announced.
        let unannounced = request.recheck.as_ref().filter(|r| r.stage == Stage::Due && !rechecked);
        let lapses_at = unannounced.and_then(|recheck| Some(recheck.lapses_at()).max(soon));
        // And so does the salt of its receipt.
        let is_read_again = request.recheck.as_ref().is_some_and(Recheck::may_reopen);
        let salt = request.salt.filter(|salt| salt.destroyed_at.is_none() && !is_read_again);
        let salt_ends_at = salt.and_then(|salt| Some(salt.until).max(soon));
        let again = soon.filter(|_| is_tried).into_iter().chain(destroyed_by).chain(lapses_at);
        let again = again.chain(salt_ends_at).min();
        let mut draft = Draft::new(request, EventKind::Parked, now)
            .detail("state", &parked.state)
            .detail("cause", &parked.detail);
        draft.store.clone_from(&parked.store);
        draft.why = Some(parked.code.clone());
        draft.request.progress_by = again;
        draft.request.parked = Some(parked);
        Ok(Amend::commit(draft, ()))
    })
    .await;
    match parked {
        Err(StepError::Stale) => Ok(()),
        other => other,
    }
}

fn cause(request: &Request, input: &Caught, tasks: &[Task]) -> Parked {
    let enter_at = match request.status {
        _ if request.is_rechecked() => EnterAt::Recheck,
        status if status.is_end() => EnterAt::CloseRequest,
        _ => EnterAt::Plan,
    };
    let parked = |store, code: Code, detail: String, transient| Parked {
        enter_at,
        state: input.state.clone(),
        store,
        code: code.as_str().to_owned(),
        detail,
        transient,
    };
    if input.error != STORE_FAILED {
        let failure = failure_of(input);
        if input.error.starts_with(LOST) {
            // Why is not known, so whether it mends is not either: trying again will tell.
            let detail = format!("the execution ended without telling ({})", input.error);
            return parked(None, Code::ExecutionLost, detail, true);
        }
        let detail = format!("{}: {}", failure.error, failure.detail);
        return parked(None, code_of(&failure).unwrap_or(Code::StepFailed), detail, failure.transient);
    }
    if let Some(recheck) = request.recheck.as_ref().filter(|recheck| recheck.stage == Stage::Found) {
        let detail = recheck.found.iter().map(|(store, records)| format!("{records} in {store}"));
        let detail = detail.collect::<Vec<_>>().join(", ");
        let detail = format!("person-found-again: records of the person are there again: {detail}");
        let store = recheck.found.keys().next().cloned();
        return Parked {
            state: "Recheck".to_owned(),
            ..parked(store, Code::PersonFoundAgain, detail, false)
        };
    }
    // What failed in an earlier pass has been dealt with since.
    let failed = tasks.iter().filter(|t| t.pass == request.pass || t.op == Operation::Restore);
    let failed = failed.filter(|t| t.op != Operation::Suppress && t.status == TaskStatus::Failed);
    let mut failures: Vec<_> = failed.filter_map(|t| t.failure.as_ref().map(|f| (t, f))).collect();
    // Somebody is needed if any one of them cannot mend by itself.
    failures.sort_by_key(|(_, failure)| failure.transient);
    let Some((task, failure)) = failures.first() else {
        if let Some(store) = request.unproven.first() {
            let detail = unproven(&request.unproven, tasks);
            return parked(Some(store.clone()), Code::StoreUnproven, detail, true);
        }
        let residue = tasks.iter().find(|t| t.tally.residue.is_some_and(|found| found > 0));
        let detail = format!(
            "residue-remains: records of the person were found again after each of {} passes",
            request.residue_rounds
        );
        return parked(residue.map(|t| t.store.clone()), Code::ResidueRemains, detail, false);
    };
    let code = code_of(failure).unwrap_or(Code::StoreFailed);
    let detail = format!("{}: {}", failure.error, failure.detail);
    let parked = parked(Some(task.store.clone()), code, detail, failure.transient);
    Parked { state: state_of(task.op).to_owned(), ..parked }
}

/// Which stores are unproven, and the search of each that did not find its control.
fn unproven(stores: &[StoreId], tasks: &[Task]) -> String {
    let missed = |store: &StoreId| {
        let last = tasks.iter().filter(|t| &t.store == store && t.op != Operation::Recheck);
        let last = last.filter(|t| t.control_missing.is_some());
        last.max_by_key(|t| (t.pass, t.op)).and_then(|t| t.control_missing.clone())
    };
    let named = stores.iter().map(|store| match missed(store) {
        Some(missed) => format!("{store} ({missed})"),
        None => store.to_string(),
    });
    let named: Vec<String> = named.collect();
    format!("store-unproven: nobody is found, and the control person is not either, in {}", named.join(", "))
}

/// The code that the text of one of our own faults begins with.
fn code_of(failure: &Failure) -> Option<Code> {
    let begins =
        |code: &&Code| failure.detail.strip_prefix(code.as_str()).is_some_and(|rest| rest.starts_with(':'));
    Code::ALL.iter().find(begins).copied()
}
