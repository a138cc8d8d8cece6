//! Fetching a package: what each operation of `fetch-export` means, without a server.
//!
//! A front door of its own, in a function of its own: nothing else may have a package read. Whoever comes with
//! a token of their own fetches what is theirs; whoever has no login comes with a download code. Either way
//! the link is counted and in the audit before it is signed, works for minutes, and is nowhere but in the
//! answer.

mod by_code;
mod by_token;
mod give;
mod page;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::access::Action;
use domain::{Personal, TenantId};
use ports::{Clock, Entropy, Keyring, Links, Requests, Visits};

use crate::api::refusal::{self, Refusal};
use crate::api::routes::{self, Route, route};
use crate::api::{Answer, Call};

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
}

impl Endpoint {
    /// The operation's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FetchExport => "FetchExport",
            Self::MakeDownloadCode => "MakeDownloadCode",
        }
    }

    /// What the caller's role must allow.
    pub fn action(self) -> Action {
        match self {
            Self::FetchExport => Action::Fetch,
            Self::MakeDownloadCode => Action::MakeCode,
        }
    }
}

/// Every operation that needs a token.
pub const ROUTES: [Route<Endpoint>; 2] = [
    route("GET", "/v1/requests/{id}/export", Endpoint::FetchExport),
    route("POST", "/v1/requests/{id}/export/code", Endpoint::MakeDownloadCode),
];

/// Where the page for people without a login is.
pub const PAGE: &str = "/v1/exports/{tenant}/{id}";

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
    match handle(ports, call, visitor).await {
        Ok(answer) => answer,
        Err(Refusal::Step(error)) => refusal::failed(error, "so there is no link. Send the same again."),
        Err(refusal) => refusal.into(),
    }
}

async fn handle(ports: &Ports, call: &Call, visitor: &Visitor) -> Result<Answer, Refusal> {
    let endpoint = routes::find(&ROUTES, &call.method, &call.resource)?;
    if !call.principal.role.may(endpoint.action()) {
        return Err(refusal::forbidden(endpoint.action()).into());
    }
    match endpoint {
        Endpoint::FetchExport => by_token::fetch(ports, call, visitor).await,
        Endpoint::MakeDownloadCode => by_code::make(ports, call).await,
    }
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
