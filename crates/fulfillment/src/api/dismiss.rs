//! `POST /v1/requests/{id}/dismiss`: what was found again stays; the request ends as it had ended.
//!
//! A person who was erased and comes back by themselves is a customer like any other. An officer says so; then nothing
//! is erased, and what was kept to read the stores again by is destroyed. So it is where nothing is found because the
//! stores cannot be read, or what was found cannot be erased, and nobody wants to wait for that.

use contract::api::Dismiss;
use contract::problem::Problem;
use contract::sanction::is_reason_code;
use domain::Request;
use domain::event::{EnterAt, EventKind};
use domain::recheck::Stage;

use super::body::{self, Shape, needed};
use super::reader::{Reader, find};
use super::{Answer, Call, Ports, Refusal, actor, names, show};
use crate::change::{Amend, Draft, Scope, amend_plainly};

const SHAPE: Shape = Shape::Object(&[needed(
    "reason",
    Shape::Text(
        "a reason code of 1 to 64 of a-z, 0-9, `-` and `_`, such as `came-back-by-themselves`",
        is_reason_code,
    ),
)]);

/// Answers the call. Doing it twice is fine.
pub(super) async fn dismiss(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let body = body::read::<Dismiss>(&call.body, &SHAPE)?;
    let (request, reader) = find(ports, call).await?;
    let actor = actor(call, &names(ports, call).await?)?;
    let scope = Scope {
        requests: &*ports.requests,
        clock: &*ports.clock,
        tenant: call.tenant(),
        id: &request.id,
        generation: None,
        actor: &actor,
    };
    let request = amend_plainly(&scope, |mut request| {
        let (stops, is_rechecked) = (request.parked.is_some(), request.is_rechecked());
        let may_be_left = |stage| match stage {
            Stage::Found => true,
            // One that has ended may have stopped for something else: on its way to be announced.
            Stage::Due => stops && is_rechecked,
            Stage::Again => stops,
            _ => false,
        };
        match request.recheck.as_mut() {
            Some(recheck) if recheck.stage == Stage::Dismissed => return Ok(Amend::Leave(Ok(request))),
            Some(recheck) if may_be_left(recheck.stage) => {
                // Nobody needs to be woken any more for what an officer has looked at.
                (recheck.stage, recheck.unpaged) = (Stage::Dismissed, false);
            }
            _ => {
                let why = found_again(&request, &reader);
                let told = |why| Problem::conflict(format!("Nothing was done: {why}."));
                return Ok(Amend::Leave(Err(why.map_or_else(nothing_to_dismiss, told))));
            }
        }
        let mut draft = Draft::new(request, EventKind::Dismissed, scope.clock.now()).wake(EnterAt::Recheck);
        draft.why = Some(body.value.reason.clone());
        let request = draft.request.clone();
        Ok(Amend::commit(draft, Ok(request)))
    })
    .await??;
    Ok(Answer::json(202, &show::view(ports, &request, &reader).await?)?)
}

/// How a request stands whose person was found again after its end, for whoever wants that taken back; `None` for every
/// other one. What can be done about it is not the person's to do: they are told what becomes of their data.
pub(super) fn found_again(request: &Request, reader: &Reader) -> Option<&'static str> {
    let stage = request.recheck.as_ref().map(|recheck| recheck.stage)?;
    let (stops, is_person) = (request.parked.is_some(), reader.is_person());
    match stage {
        Stage::Erasing if request.has_begun() => Some(
            "the person is being erased again, and that cannot be undone; what is left is erased as well",
        ),
        Stage::Found if is_person => {
            Some("it had ended, and data of yours was found again; what becomes of that is being looked at")
        }
        Stage::Again | Stage::Erasing if is_person => {
            Some("it had ended, data of yours was found again, and that is to be erased as well")
        }
        Stage::Found => Some(
            "it had ended, and the person was found again; `POST /v1/requests/{id}/dismiss` leaves them as they are",
        ),
        Stage::Again if stops => Some(
            "an officer said that the person is erased again, and that could not be carried out; \
             `POST /v1/requests/{id}/dismiss` leaves them as they are",
        ),
        Stage::Again => Some(
            "an officer said that the person is erased again, and the stores are being read for that; it can be dismissed \
             if that stops, and a legal hold keeps it from beginning",
        ),
        Stage::Erasing => Some(
            "an officer said that the person is erased again, and that is not taken back, though nothing of it is begun yet; \
             a legal hold keeps it from beginning",
        ),
        _ => None,
    }
}

fn nothing_to_dismiss() -> Problem {
    Problem::conflict(
        "Nothing was done. Only what was found when the stores were read again after the end can be dismissed: \
         `GET /v1/requests/{id}` says in `recheck` whether anything was.",
    )
}
