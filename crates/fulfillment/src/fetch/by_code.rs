//! Download codes: made for a person without a login, and entered by them.

use contract::export::DownloadCode;
use domain::event::EventKind;
use domain::{Personal, Request};

use super::by_token::package_of;
use super::give::{Fetcher, link, nothing, unfetchable};
use super::{Ports, Visit, page};
use crate::api::refusal::{Refusal, not_found};
use crate::api::{Answer, Call};
use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::codes::{Codes, MOST_TRIES, opens};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// Bytes of a form at the most.
const MOST_FORM: usize = 4 << 10;

/// `POST /v1/requests/{id}/export/code`: makes a code, in the place of the one before.
pub(super) async fn make(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let id = call.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    let request = ports.requests.load(call.tenant(), &id).await?.ok_or_else(not_found)?;
    let names = Pseudonymiser::of(&*ports.keyring, call.tenant()).await?;
    let who = names.actor(call.principal.sub.expose())?;
    let actor = Actor(format!("{}:{who}", call.principal.role.as_str()));
    let scope = scope(ports, &request, &actor);
    let codes = Codes::of(&*ports.keyring, &request.tenant, &request.id).await?;
    let made = amend_plainly(&scope, |mut request| {
        let now = scope.clock.now();
        let progress_by = request.progress_by;
        let Some(export) = &mut request.export else { return Ok(Amend::Leave(Err(nothing()))) };
        if let Some(problem) = unfetchable(export, now) {
            return Ok(Amend::Leave(Err(problem)));
        }
        let number = export.token.as_ref().map_or(1, |token| token.number.saturating_add(1));
        let expires_at = export.expires_at.unwrap_or(now);
        export.token = Some(codes.token(number, expires_at));
        let mut draft = Draft::new(request, EventKind::TokenMade, now).detail("code", number);
        draft.request.progress_by = progress_by;
        Ok(Amend::commit(draft, Ok((number, expires_at))))
    });
    let (number, expires_at) = made.await??;
    Ok(Answer::json(201, &DownloadCode { code: codes.code(number), expires_at })?)
}

/// What somebody entered: 303 to a link, or the page again, which says no more than that it was wrong.
pub(super) async fn enter(ports: &Ports, visit: &Visit) -> Answer {
    let form = if visit.form.len() <= MOST_FORM { fields(&visit.form) } else { None };
    let Some((code, package)) = form else {
        return page::form(400, Some("Enter the code from the letter."));
    };
    match entered(ports, visit, &code, package.as_deref()).await {
        Ok(answer) => answer,
        Err(Refusal::Problem(problem)) if problem.status == 410 => {
            page::form(410, Some("This package was destroyed when its time was over."))
        }
        Err(Refusal::Problem(problem)) if problem.status == 409 => {
            page::form(409, Some("No more links are given out for this package."))
        }
        Err(Refusal::Step(error)) => {
            let mut answer =
                page::form(503, Some("This does not work at the moment. Try it again in a minute."));
            answer.fault = Some(error);
            answer
        }
        Err(Refusal::Problem(_) | Refusal::Method(_)) => page::form(
            403,
            Some("This code opens nothing. Look whether it is whole, and the newest you got."),
        ),
    }
}

async fn entered(
    ports: &Ports,
    visit: &Visit,
    code: &Personal,
    package: Option<&str>,
) -> Result<Answer, Refusal> {
    let id = visit.id.as_deref().and_then(|id| id.parse().ok());
    let (Some(tenant), Some(id)) = (&visit.tenant, id) else { return Err(not_found().into()) };
    let request = ports.requests.load(tenant, &id).await?.ok_or_else(not_found)?;
    let now = ports.clock.now();
    let token = request.export.as_ref().and_then(|export| export.token.as_ref());
    let token = token.filter(|token| token.expires_at > now && token.tries < MOST_TRIES);
    let Some(token) = token else {
        // Whoever has the right code learns more; whether there is a request is nobody's to learn.
        let over = request.export.as_ref().and_then(|export| unfetchable(export, now));
        return Err(over.filter(|problem| problem.status == 410).unwrap_or_else(not_found).into());
    };
    if !opens(token, code) {
        refuse(ports, &request).await?;
        return Err(not_found().into());
    }
    let number = package_of(package).ok_or_else(not_found)?;
    let actor = Actor("subject:code".to_owned());
    let fetcher = Fetcher { actor, by_code: true, visitor: &visit.visitor };
    Ok(Answer::see_other(&link(ports, &request, number, &fetcher).await?.url))
}

/// Counts a wrong code.
async fn refuse(ports: &Ports, request: &Request) -> Result<(), StepError> {
    let actor = Actor("somebody".to_owned());
    let scope = scope(ports, request, &actor);
    amend_plainly(&scope, |mut request| {
        let progress_by = request.progress_by;
        let Some(token) = request.export.as_mut().and_then(|export| export.token.as_mut()) else {
            return Ok(Amend::Leave(()));
        };
        token.tries = token.tries.saturating_add(1);
        let tries = token.tries;
        let mut draft =
            Draft::new(request, EventKind::TokenRefused, scope.clock.now()).detail("tries", tries);
        if tries >= MOST_TRIES {
            draft.why = Some("too-many-tries".to_owned());
        }
        draft.request.progress_by = progress_by;
        Ok(Amend::commit(draft, ()))
    })
    .await
}

fn scope<'a>(ports: &'a Ports, request: &'a Request, actor: &'a Actor) -> Scope<'a> {
    Scope {
        requests: &*ports.requests,
        clock: &*ports.clock,
        tenant: &request.tenant,
        id: &request.id,
        generation: None,
        actor,
    }
}

/// The fields `code` and `package` of a form; `None` if it is none.
fn fields(form: &[u8]) -> Option<(Personal, Option<String>)> {
    let text = std::str::from_utf8(form).ok()?;
    let field = |name: &str| {
        let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(own, _)| *own == name).map(|(_, value)| value.replace('+', " "))
    };
    // A code has hexadecimal digits only, so nothing in it is escaped; white space around it may be.
    let code = field("code")?.replace("%20", "").replace("%0D", "").replace("%0A", "");
    let package = field("package").filter(|package| !package.is_empty());
    Some((Personal::new(code.trim()), package))
}
