//! `DELETE /v1/requests/{id}`: a request is withdrawn, while nothing is erased.

use contract::problem::Problem;
use domain::event::{EnterAt, EventKind};
use domain::{Request, Status};

use super::dismiss::found_again;
use super::reader::{Reader, find};
use super::{Answer, Call, Ports, Refusal, actor, names, scope, show};
use crate::change::{Amend, Draft, amend_plainly};

/// Answers the call. Doing it twice is fine.
pub(super) async fn cancel(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let (request, reader) = find(ports, call).await?;
    let actor = actor(call, &names(ports, call).await?)?;
    let scope = scope(ports, call, &request.id, &actor);
    let request = amend_plainly(&scope, |request| {
        let under_way = request.cancel_requested && !request.status.is_end();
        if under_way || request.status == Status::Cancelled {
            return Ok(Amend::Leave(Ok(request)));
        }
        if !request.can_cancel() {
            return Ok(Amend::Leave(Err(too_late(&request, &reader))));
        }
        let mut draft = Draft::new(request, EventKind::CancelRequested, scope.clock.now());
        draft.request.cancel_requested = true;
        // The lifecycle shows the person again where they were hidden, then closes.
        let draft = draft.wake(EnterAt::Plan);
        let request = draft.request.clone();
        Ok(Amend::commit(draft, Ok(request)))
    })
    .await??;
    Ok(Answer::json(202, &show::view(ports, &request, &reader).await?)?)
}

fn too_late(request: &Request, reader: &Reader) -> Problem {
    let why = match request.status {
        status if status.is_end() => format!("it has ended as {status}"),
        _ => found_again(request, reader)
            .unwrap_or("erasing has begun, and cannot be undone; what is left is erased as well")
            .to_owned(),
    };
    Problem::conflict(format!("Nothing was done. The request cannot be cancelled any more: {why}."))
}
