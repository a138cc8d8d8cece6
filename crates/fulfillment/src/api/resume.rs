//! `POST /v1/requests/{id}/resume`: a parked request is tried again, now. One in which the person was found again after
//! its end is erased again if that is said; only officers may.

use contract::api::{FOUND_AGAIN, Resume};
use contract::problem::Problem;
use domain::access::Action;
use domain::event::EventKind;
use domain::recheck::Stage;
use domain::{Request, Status};

use super::body::{self, Shape, optional};
use super::reader::find;
use super::refusal::forbidden;
use super::{Answer, Call, Ports, Refusal, actor, names, scope, show};
use crate::change::{Amend, Draft, amend_plainly};
use crate::steps::sweep::entry_of;

const SHAPE: Shape = Shape::Object(&[optional("erase_again", Shape::Bool)]);

/// Answers the call.
pub(super) async fn resume(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let body = if call.body.is_empty() { Resume::default() } else { body::read(&call.body, &SHAPE)?.value };
    let wants_erasure = body.erase_again.unwrap_or(false);
    let (request, reader) = find(ports, call).await?;
    let actor = actor(call, &names(ports, call).await?)?;
    let scope = scope(ports, call, &request.id, &actor);
    let may_judge = call.principal.role.may(Action::Judge);
    let request = amend_plainly(&scope, |mut request| {
        // One that has ended can be parked too, on its way to be announced.
        if request.parked.is_none() {
            let detail = format!("Nothing was done. The request is not parked: {}.", doing(&request));
            return Ok(Amend::Leave(Err(Problem::conflict(detail))));
        }
        let now = scope.clock.now();
        let undecided = request.parked.as_ref().is_some_and(|parked| parked.code == FOUND_AGAIN);
        let found = request.recheck.as_mut().filter(|recheck| recheck.stage == Stage::Found);
        // It may have stopped before that, because nobody could be paged.
        if let Some(recheck) = found.filter(|_| undecided || wants_erasure) {
            if !may_judge {
                return Ok(Amend::Leave(Err(forbidden(Action::Judge))));
            }
            // Whoever resumes everything that is parked does not mean to erase a new customer.
            if !wants_erasure {
                return Ok(Amend::Leave(Err(Problem::conflict(UNDECIDED))));
            }
            (recheck.stage, recheck.since) = (Stage::Again, Some(now));
        }
        // Whatever was said: it is compared with what is there now.
        if let Some(recheck) = request.recheck.as_mut().filter(|recheck| recheck.stage == Stage::Again) {
            recheck.read_anew(now);
        }
        let enter_at = entry_of(&request, now);
        let mut draft = Draft::new(request, EventKind::Resumed, now).wake(enter_at);
        // Somebody has looked: if it fails again, the sweeper need not wait as long as it would have.
        draft.request.attempts = 0;
        let request = draft.request.clone();
        Ok(Amend::commit(draft, Ok(request)))
    })
    .await??;
    Ok(Answer::json(202, &show::view(ports, &request, &reader).await?)?)
}

const UNDECIDED: &str = "Nothing was done. The person was found again after the end, and perhaps came back by themselves. \
                         Say `{\"erase_again\": true}` to erase them again, or `POST /v1/requests/{id}/dismiss` to \
                         leave them.";

/// What a request does that nobody needs to resume.
fn doing(request: &Request) -> String {
    let what = match request.status {
        end if end.is_end() => return format!("it has ended as {end}"),
        Status::Accepted => "its lifecycle is about to start",
        Status::Reopened => "the person was found again, and it is being seen to",
        Status::AwaitingVerification => "it waits for `POST /v1/requests/{id}/verification`",
        Status::Waiting => "it waits for another request for the same person, and goes on after that",
        Status::Planning => "the person's records are being located",
        Status::Collecting | Status::Packaging => "the person's records are being read and put together",
        Status::Ready => "the person can fetch their data; it goes on when the time for that is over",
        Status::Checking => "everyone who may object is being asked",
        Status::Held => "a legal hold or a sanction source says: not now; it is asked again by itself",
        Status::CoolingOff | Status::Suppressed => {
            "it waits until `cooling_off_until`, and goes on after that"
        }
        Status::Erasing => "records are being erased",
        Status::Confirming => "the stores are being read again",
        other => return format!("it is {other}"),
    };
    what.to_owned()
}
