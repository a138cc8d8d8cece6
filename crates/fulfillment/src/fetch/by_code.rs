//! Download codes: made for a person without a login, and entered by them.
//!
//! "One-time" means one package's time, and few links: a download may break off, so a code gives out
//! [`MOST_USES`](contract::export::MOST_USES) links, times the number of packages, and none after the next code
//! is made.

use contract::export::DownloadCode;
use domain::Request;
use domain::event::EventKind;
use domain::export::DownloadToken;

use super::form::{self, Form};
use super::give::{Fetcher, exhausted, fetchable, link};
use super::{Ports, Visit, actor, aside, page, scope};
use crate::api::refusal::{Refusal, not_found};
use crate::api::{Answer, Call};
use crate::change::{Actor, Amend, amend_plainly};
use crate::codes::{Codes, MOST_TRIES, opens};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// `POST /v1/requests/{id}/export/code`: makes a code, in the place of the one before.
pub(super) async fn make(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let id = call.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    let mut request = ports.requests.load(call.tenant(), &id).await?.ok_or_else(not_found)?;
    // First of all: what was destroyed gets no key again.
    if let Some(problem) = exhausted(fetchable(&mut request, ports.clock.now())?) {
        return Err(problem.into());
    }
    let names = Pseudonymiser::of(&*ports.keyring, call.tenant()).await?;
    let actor = actor(call, &names)?;
    let scope = scope(ports, &request, &actor);
    let codes = Codes::of(&*ports.keyring, &request.tenant, &request.id).await?;
    let made = amend_plainly(&scope, |mut request| {
        let now = scope.clock.now();
        let export = match fetchable(&mut request, now) {
            Ok(export) => export,
            Err(problem) => return Ok(Amend::Leave(Err(problem))),
        };
        let number = export.token.as_ref().map_or(1, |token| token.number.saturating_add(1));
        let expires_at = export.expires_at.unwrap_or(now);
        export.token = Some(codes.token(number, expires_at));
        let draft = aside(request, EventKind::TokenMade, now).detail("code", number);
        Ok(Amend::commit(draft, Ok((number, expires_at))))
    });
    let (number, expires_at) = made.await??;
    Ok(Answer::json(201, &DownloadCode { code: codes.code(number), expires_at })?)
}

/// What somebody entered: 303 to a link, or the page again. Only whoever has the right code learns more than
/// that it opens nothing: not even whether there is such a request.
pub(super) async fn enter(ports: &Ports, visit: &Visit) -> Answer {
    let Some(form) = form::read(&visit.form) else {
        return page::form(400, Some("A code has 64 characters: digits, and the letters a to f."));
    };
    match entered(ports, visit, &form).await {
        Ok(answer) => answer,
        Err(Refusal::Problem(problem)) if matches!(problem.status, 409 | 410) => {
            page::form(problem.status, Some(&problem.detail))
        }
        Err(Refusal::Step(error)) => {
            let mut answer =
                page::form(503, Some("This does not work at the moment. Try it again in a minute."));
            answer.headers.push(("retry-after", "60".to_owned()));
            answer.fault = Some(error);
            answer
        }
        Err(Refusal::Problem(_) | Refusal::Method(_)) => page::form(
            403,
            Some(
                "This code opens nothing. Look whether it is whole, whether it is the newest one that you got, \
                 and whether the day that you were told is over.",
            ),
        ),
    }
}

async fn entered(ports: &Ports, visit: &Visit, form: &Form) -> Result<Answer, Refusal> {
    let id = visit.id.as_deref().and_then(|id| id.parse().ok());
    let (Some(tenant), Some(id)) = (&visit.tenant, id) else { return Err(not_found().into()) };
    let mut request = ports.requests.load(tenant, &id).await?.ok_or_else(not_found)?;
    let now = ports.clock.now();
    let token = request.export.as_ref().and_then(|export| export.token.as_ref()).ok_or_else(not_found)?;
    let number = token.number;
    if token.tries >= MOST_TRIES {
        return Err(not_found().into());
    }
    if !opens(token, &form.code) {
        refuse(ports, &request, number).await?;
        return Err(not_found().into());
    }
    let packages = &fetchable(&mut request, now)?.packages;
    let package = match form.package {
        Some(package) => package,
        None if packages.len() == 1 => 1,
        None => return Ok(page::parts(packages)),
    };
    let actor = Actor("subject:code".to_owned());
    let fetcher = Fetcher { actor, code: Some(number), visitor: &visit.visitor };
    Ok(Answer::see_other(&link(ports, &request, package, &fetcher).await?.url))
}

/// Counts a wrong code against the one of this number, while it could still open anything.
async fn refuse(ports: &Ports, request: &Request, number: u32) -> Result<(), StepError> {
    let actor = Actor("somebody".to_owned());
    let scope = scope(ports, request, &actor);
    amend_plainly(&scope, |mut request| {
        let now = scope.clock.now();
        let token = fetchable(&mut request, now).ok().and_then(|export| export.token.as_mut());
        let still = |token: &&mut DownloadToken| {
            token.number == number && token.tries < MOST_TRIES && token.expires_at > now
        };
        let Some(token) = token.filter(still) else { return Ok(Amend::Leave(())) };
        token.tries += 1;
        let tries = token.tries;
        let mut draft = aside(request, EventKind::TokenRefused, now).detail("tries", tries);
        draft.why = (tries >= MOST_TRIES).then(|| "too-many-tries".to_owned());
        Ok(Amend::commit(draft, ()))
    })
    .await
}
