//! Confirmations that say nothing of what is there now: the store was restored from a backup after it was read again,
//! and may have the person anew.

use domain::event::EventKind;
use domain::{Operation, Tally, Task, TaskStatus};
use jiff::Timestamp;
use ports::Ledger;

use crate::change::{Amend, Draft, Scope, amend_plainly};
use crate::error::StepError;

/// Takes such confirmations back, so that their stores are read from the beginning, and whoever is in them again is
/// residue; whether there was one. Asked once everything is in the ledger, nothing is missed: a store that is said to be
/// restored later than this is replayed by a ledger that knows the person.
pub(super) async fn restored_since_read(
    ledger: &dyn Ledger,
    scope: &Scope<'_>,
    pass: u32,
    tasks: &[Task],
) -> Result<bool, StepError> {
    let counts = |t: &&Task| t.op == Operation::Confirm && t.pass == pass && t.status == TaskStatus::Done;
    let mut any = false;
    for task in tasks.iter().filter(counts) {
        let standing = ledger.standing(scope.tenant, &task.store).await?;
        if let Some(restored_at) = standing.and_then(|standing| standing.restored_at)
            && restored_at > task.at
        {
            take_back(scope, task, restored_at).await?;
            any = true;
        }
    }
    Ok(any)
}

async fn take_back(scope: &Scope<'_>, task: &Task, restored_at: Timestamp) -> Result<(), StepError> {
    let task = Task {
        status: TaskStatus::Running,
        tally: Tally::default(),
        cursor: None,
        control: None,
        control_missing: None,
        ..task.clone()
    };
    amend_plainly(scope, |mut request| {
        // What is in the ledger says when it was erased. Whoever is erased once more may be in a backup that was made
        // since, so all of it is written again, as of then.
        request.ledgered = None;
        let draft = Draft::new(request, EventKind::Progressed, scope.clock.now());
        Ok(Amend::commit(draft.detail("restored_at", restored_at).task(task.clone()), ()))
    })
    .await
}
