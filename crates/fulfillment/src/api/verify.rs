//! `POST /v1/requests/{id}/verification`: how the person was verified, said later.

use contract::api;
use contract::problem::{Invalid, Problem};
use contract::sanction::is_reason_code;
use domain::event::{EnterAt, EventKind};
use domain::request::Verification;
use domain::{Request, RequestId, Status};
use jiff::{SignedDuration, Timestamp};

use super::body::{self, Field, INSTANT, Shape, needed};
use super::reader::find;
use super::refusal::invalid;
use super::{Answer, Call, Ports, Refusal, actor, names, scope, show};
use crate::change::{Amend, Draft, amend_plainly, later};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// The method of those whom their own token verifies.
pub(super) const TOKEN: &str = "token";

/// How far the caller's clock and ours may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How long a verification is good for: it must be of this request, not of some day long ago.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The fields of a verification.
pub(super) const VERIFICATION: &[Field] = &[
    needed(
        "method",
        Shape::Text("a code of 1 to 64 of a-z, 0-9, `-` and `_`, such as `session`", is_reason_code),
    ),
    needed("at", INSTANT),
    needed(
        "reference",
        Shape::Text("a text of 1 to 512 bytes: your own record of it", |text| {
            !text.trim().is_empty() && text.len() <= 512
        }),
    ),
];

/// Checks a verification, which is at `at` in the body.
pub(super) fn check(
    given: &api::Verification,
    at: &str,
    names: &Pseudonymiser,
    now: Timestamp,
    errors: &mut Vec<Invalid>,
) -> Result<Verification, StepError> {
    if given.method == TOKEN {
        let detail = "this is what a person's own token counts as: say what you did";
        errors.push(Invalid::new(format!("{at}/method"), detail));
    }
    if later(now, SKEW).is_some_and(|latest| given.at > latest) {
        errors.push(Invalid::new(format!("{at}/at"), "this is in the future"));
    }
    if later(given.at, GOOD_FOR).is_some_and(|until| until < now) {
        let detail = "this is more than 24 hours ago: verify the person again";
        errors.push(Invalid::new(format!("{at}/at"), detail));
    }
    Ok(Verification {
        method: given.method.clone(),
        at: given.at,
        reference: names.reference(given.reference.expose())?,
    })
}

/// Answers the call.
pub(super) async fn verify(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let body = body::read::<api::Verification>(&call.body, &Shape::Object(VERIFICATION))?;
    let (request, reader) = find(ports, call).await?;
    let names = names(ports, call).await?;
    let mut errors = Vec::new();
    let verification = check(&body.value, "", &names, ports.clock.now(), &mut errors)?;
    // The same once more is the same answer, however late it comes.
    if !errors.is_empty() && request.verification.as_ref() != Some(&verification) {
        return Err(invalid(errors).into());
    }
    let request = commit(ports, call, &names, &request.id, &verification).await??;
    Ok(Answer::json(202, &show::view(ports, &request, &reader).await?)?)
}

/// Commits a verification, and starts the request; a problem if it waits for none.
pub(super) async fn commit(
    ports: &Ports,
    call: &Call,
    names: &Pseudonymiser,
    id: &RequestId,
    verification: &Verification,
) -> Result<Result<Request, Problem>, StepError> {
    let actor = actor(call, names)?;
    let scope = scope(ports, call, id, &actor);
    amend_plainly(&scope, |mut request| {
        if request.verification.as_ref() == Some(verification) {
            return Ok(Amend::Leave(Ok(request)));
        }
        if let Some(why_not) = why_not(&request) {
            return Ok(Amend::Leave(Err(Problem::conflict(why_not))));
        }
        request.become_status(Status::Accepted)?;
        request.verification = Some(verification.clone());
        let draft = Draft::new(request, EventKind::Verified, scope.clock.now())
            .detail("verified_by", &verification.method)
            .wake(EnterAt::Plan);
        let request = draft.request.clone();
        Ok(Amend::commit(draft, Ok(request)))
    })
    .await
}

fn why_not(request: &Request) -> Option<String> {
    let verified = request.verification.is_some();
    let why = match request.status {
        status if status.is_end() => format!("it has ended as {status}"),
        _ if request.cancel_requested => "it is being cancelled".to_owned(),
        _ if verified => "it says already how the person was verified".to_owned(),
        Status::AwaitingVerification => return None,
        status => format!("it is {status}"),
    };
    Some(format!("Nothing was done. The request does not wait to be verified: {why}."))
}
