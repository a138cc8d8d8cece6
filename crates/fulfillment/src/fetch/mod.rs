//! Fetching a package: what each operation of `fetch-export` means, without a server.
//!
//! A front door of its own, in a function of its own: nothing else may have a package read. Whoever comes with
//! a token of their own fetches what is theirs; whoever has no login comes with a download code. Either way
//! the link is counted and in the audit before it is signed, works for minutes, and is nowhere but in the
//! answer.

mod by_code;
mod by_token;
mod form;
mod give;
mod page;
#[cfg(test)]
pub(crate) mod tests;
mod visits;

use std::sync::Arc;

use domain::access::Action;
use domain::event::EventKind;
use domain::{Personal, Request, TenantId};
use jiff::Timestamp;
use ports::{Clock, Entropy, Keyring, Links, Requests, Visits};

use crate::api::refusal::{self, Refusal};
use crate::api::routes::{self, Route, route};
use crate::api::{Answer, Call};
use crate::change::{Actor, Draft, Scope};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// What fetching needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// Who signs links.
    pub links: Arc<dyn Links>,
    /// Who came from where.
    pub visits: Arc<dyn Visits>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Salts.
    pub entropy: Arc<dyn Entropy>,
}

/// An operation. Its name is the `operationId` of `infra/openapi.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Gives a person a link to their own package.
    FetchExport,
    /// Makes a download code.
    MakeDownloadCode,
    /// Lists from where packages were fetched.
    ListDownloads,
}

impl Endpoint {
    /// The operation's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FetchExport => "FetchExport",
            Self::MakeDownloadCode => "MakeDownloadCode",
            Self::ListDownloads => "ListDownloads",
        }
    }

    /// What the caller's role must allow.
    pub fn action(self) -> Action {
        match self {
            Self::FetchExport => Action::Fetch,
            Self::MakeDownloadCode => Action::MakeCode,
            Self::ListDownloads => Action::ReadVisits,
        }
    }

    /// What became of a call that failed on our side and may be tried again, and what to do.
    fn again(self) -> &'static str {
        match self {
            Self::FetchExport => "so there is no link. Send the same again.",
            Self::MakeDownloadCode => {
                "so it is not known whether there is another code. Send the same again: the newest one counts."
            }
            Self::ListDownloads => "so there is no answer. Send the same again.",
        }
    }
}

/// Every operation that needs a token.
pub const ROUTES: [Route<Endpoint>; 3] = [
    route("GET", "/v1/requests/{id}/export", Endpoint::FetchExport),
    route("POST", "/v1/requests/{id}/export/code", Endpoint::MakeDownloadCode),
    route("GET", "/v1/requests/{id}/downloads", Endpoint::ListDownloads),
];

/// Where the page for people without a login is.
pub const PAGE: &str = "/v1/exports/{tenant}/{id}";

/// The operations of that page, which need no token, by their names in `infra/openapi.yaml`.
pub const PAGE_ROUTES: [Route<&str>; 2] =
    [route("GET", PAGE, "ShowDownloadPage"), route("POST", PAGE, "EnterDownloadCode")];

/// From where somebody came. It cannot be printed.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The address.
    pub address: Personal,
    /// What the client says that it is.
    pub client: Personal,
}

/// Somebody without a login, with what they entered.
pub struct Visit {
    /// The tenant that the path names.
    pub tenant: Option<TenantId>,
    /// The request that it names.
    pub id: Option<String>,
    /// The form, as it was sent.
    pub form: Vec<u8>,
    /// From where.
    pub visitor: Visitor,
}

/// Answers a call.
pub async fn answer(ports: &Ports, call: &Call, visitor: &Visitor) -> Answer {
    let endpoint = match routes::find(&ROUTES, &call.method, &call.resource) {
        Ok(endpoint) => endpoint,
        Err(refusal) => return refusal.into(),
    };
    match handle(ports, call, visitor, endpoint).await {
        Ok(answer) => answer,
        Err(Refusal::Step(error)) => refusal::failed(error, endpoint.again()),
        Err(refusal) => refusal.into(),
    }
}

async fn handle(
    ports: &Ports,
    call: &Call,
    visitor: &Visitor,
    endpoint: Endpoint,
) -> Result<Answer, Refusal> {
    if !call.principal.role.may(endpoint.action()) {
        return Err(refusal::forbidden(endpoint.action()).into());
    }
    match endpoint {
        Endpoint::FetchExport => by_token::fetch(ports, call, visitor).await,
        Endpoint::MakeDownloadCode => by_code::make(ports, call).await,
        Endpoint::ListDownloads => visits::list(ports, call).await,
    }
}

/// The caller, as the audit names them.
fn actor(call: &Call, names: &Pseudonymiser) -> Result<Actor, StepError> {
    let who = names.actor(call.principal.sub.expose())?;
    Ok(Actor(format!("{}:{who}", call.principal.role.as_str())))
}

/// Whoever changes a request here: they wake nothing.
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

/// A change that is no progress: the sweeper comes when it would have come.
fn aside(request: Request, kind: EventKind, now: Timestamp) -> Draft {
    let progress_by = request.progress_by;
    let mut draft = Draft::new(request, kind, now);
    draft.request.progress_by = progress_by;
    draft
}

/// Shows the page on which a code is entered. It says nothing of any request: whether there is one is learned
/// with the code.
pub fn page() -> Answer {
    page::form(200, None)
}

/// Answers somebody who entered a code.
pub async fn enter(ports: &Ports, visit: &Visit) -> Answer {
    by_code::enter(ports, visit).await
}
