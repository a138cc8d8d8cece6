//! The use cases of the front door: what each operation of the API means, without a server.
//!
//! [`answer`] takes a call whose caller is known, and always has an answer. [`ROUTES`] lists the
//! operations; `infra/openapi.yaml` says the same to whoever calls them. A resource is a module.
//!
//! No answer repeats what was sent: a problem says *where* the input is wrong and what belongs
//! there. What belongs to another tenant, or to another person, is not there at all: the answer is
//! the same 404.

mod accept;
pub(crate) mod body;
mod cancel;
pub(crate) mod cursor;
mod dismiss;
mod exports;
mod holds;
mod idempotency;
pub(crate) mod identities;
mod ledger;
mod list;
mod packs;
mod query;
mod reader;
pub(crate) mod refusal;
mod resume;
pub(crate) mod routes;
mod show;
mod submit;
mod take_in;
#[cfg(test)]
pub(crate) mod tests;
mod timeline;
mod verify;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use domain::access::Role;
use domain::{Identity, Personal, RequestId, TenantId};
use ports::{Catalogs, Clock, Entropy, Holds, Keyring, Ledger, Packs, Requests, Staging, Tenants};
use serde::Serialize;

use crate::change::{Actor, Scope};
use crate::error::StepError;
use crate::subject::Pseudonymiser;
use refusal::Refusal;

pub use routes::{Endpoint, ROUTES, Route};

/// What the front door needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The holds.
    pub holds: Arc<dyn Holds>,
    /// The erasure ledger.
    pub ledger: Arc<dyn Ledger>,
    /// Evidence packs on record.
    pub packs: Arc<dyn Packs>,
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The catalogs.
    pub catalogs: Arc<dyn Catalogs>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// The papers.
    pub staging: Arc<dyn Staging>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// Who calls, as their verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Their tenant. Nothing outside of it can be reached.
    pub tenant: TenantId,
    /// What they may do.
    pub role: Role,
    /// Who they are to their issuer. It may name a person.
    pub sub: Personal,
    /// For a subject: what they are known by, as their issuer verified it. Empty for all others.
    pub identities: Vec<Identity>,
}

/// One call. It cannot be printed: its body and headers are personal data.
pub struct Call {
    /// The HTTP method, in upper case.
    pub method: String,
    /// The path's template, as in [`ROUTES`]: `/v1/requests/{id}`.
    pub resource: String,
    /// What stands for `{id}` in the path.
    pub id: Option<String>,
    /// The query's parameters, decoded.
    pub query: BTreeMap<String, String>,
    /// The headers, with names in whatever case.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// Who calls.
    pub principal: Principal,
}

impl Call {
    fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.principal.tenant
    }
}

/// What is answered. Prints without its body, which may be what somebody had opened, and without a link.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON, or empty.
    pub body: String,
    /// What failed on our side. For the log, not for the caller.
    pub fault: Option<StepError>,
}

/// What every answer says: it is about one person's request, and is nobody's to keep.
const NO_STORE: (&str, &str) = ("cache-control", "no-store");

impl Answer {
    fn new(status: u16, content_type: &str, body: String) -> Self {
        let headers = vec![("content-type", content_type.to_owned()), (NO_STORE.0, NO_STORE.1.to_owned())];
        Self { status, headers, body, fault: None }
    }

    pub(crate) fn text(status: u16, body: String) -> Self {
        Self::new(status, "application/json", body)
    }

    pub(crate) fn json(status: u16, body: &impl Serialize) -> Result<Self, StepError> {
        Ok(Self::text(status, encoded(body)?))
    }

    /// Sends the caller on to a link, which is nowhere else and never kept.
    pub(crate) fn see_other(link: &Personal) -> Self {
        let headers = vec![
            ("location", link.expose().to_owned()),
            (NO_STORE.0, NO_STORE.1.to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
        ];
        Self { status: 303, headers, body: String::new(), fault: None }
    }

    /// A page for people.
    pub(crate) fn page(status: u16, html: String) -> Self {
        // `form-action` holds for where a form's answer sends the browser, too: for Chromium, without the
        // buckets there, a link is not followed.
        const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
                              form-action 'self' https://*.amazonaws.com https://*.amazonaws.com.cn; \
                              frame-ancestors 'none'; base-uri 'none'";
        let mut answer = Self::new(status, "text/html; charset=utf-8", html);
        answer.headers.push(("content-security-policy", POLICY.to_owned()));
        answer.headers.push(("referrer-policy", "no-referrer".to_owned()));
        answer.headers.push(("x-content-type-options", "nosniff".to_owned()));
        answer
    }

    fn empty() -> Self {
        Self {
            status: 204,
            headers: vec![(NO_STORE.0, NO_STORE.1.to_owned())],
            body: String::new(),
            fault: None,
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, headers, body: _, fault } = self;
        let shown = headers.iter().filter(|(name, _)| *name != "location").collect::<Vec<_>>();
        f.debug_struct("Answer")
            .field("status", status)
            .field("headers", &shown)
            .field("fault", fault)
            .finish_non_exhaustive()
    }
}

pub(crate) fn encoded(body: &impl Serialize) -> Result<String, StepError> {
    serde_json::to_string(body).map_err(|_| StepError::broken("answer", "not serialisable"))
}

/// Answers a call.
pub async fn answer(ports: &Ports, call: &Call) -> Answer {
    match handle(ports, call).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.into(),
    }
}

async fn handle(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let endpoint = routes::find(&ROUTES, &call.method, &call.resource)?;
    if !call.principal.role.may(endpoint.action()) {
        return Err(refusal::forbidden(endpoint.action()).into());
    }
    match endpoint {
        Endpoint::SubmitRequest => submit::submit(ports, call).await,
        Endpoint::ListRequests => list::list(ports, call).await,
        Endpoint::GetRequest => show::show(ports, call).await,
        Endpoint::GetTimeline => timeline::timeline(ports, call).await,
        Endpoint::CancelRequest => cancel::cancel(ports, call).await,
        Endpoint::VerifyRequest => verify::verify(ports, call).await,
        Endpoint::ResumeRequest => resume::resume(ports, call).await,
        Endpoint::AcceptRisk => accept::accept(ports, call).await,
        Endpoint::DismissRequest => dismiss::dismiss(ports, call).await,
        Endpoint::PlaceHold => holds::place(ports, call).await,
        Endpoint::ListHolds => holds::list(ports, call).await,
        Endpoint::ReleaseHold => holds::release(ports, call).await,
        Endpoint::DeclareRestore => ledger::declare(ports, call).await,
        Endpoint::StartReplay => ledger::start(ports, call).await,
        Endpoint::GetReplay => ledger::show(ports, call).await,
        Endpoint::ListLedgerStores => ledger::stores(ports, call).await,
        Endpoint::NotePack => packs::note(ports, call).await,
    }
}

/// The tenant's pseudonyms.
async fn names(ports: &Ports, call: &Call) -> Result<Pseudonymiser, StepError> {
    Pseudonymiser::of(&*ports.keyring, call.tenant()).await
}

/// The caller, as the audit names them.
fn actor(call: &Call, names: &Pseudonymiser) -> Result<Actor, StepError> {
    let who = names.actor(call.principal.sub.expose())?;
    Ok(Actor(format!("{}:{who}", call.principal.role.as_str())))
}

/// The right of a caller to change a request, whichever execution it belongs to.
fn scope<'a>(ports: &'a Ports, call: &'a Call, id: &'a RequestId, actor: &'a Actor) -> Scope<'a> {
    let (requests, clock) = (&*ports.requests, &*ports.clock);
    Scope { requests, clock, tenant: call.tenant(), id, generation: None, actor }
}
