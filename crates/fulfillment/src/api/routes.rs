//! The operations, and where they are.

use domain::access::Action;

use super::Refusal;

/// An operation. Its name is the `operationId` of `infra/openapi.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Takes a request in.
    SubmitRequest,
    /// Lists requests.
    ListRequests,
    /// Shows a request.
    GetRequest,
    /// Withdraws a request.
    CancelRequest,
    /// Shows what happened to a request.
    GetTimeline,
    /// Says how the person was verified.
    VerifyRequest,
    /// Sets a parked request going again.
    ResumeRequest,
    /// Accepts that what some stores did not find is unproven.
    AcceptRisk,
    /// Leaves what was found again after the end.
    DismissRequest,
    /// Places a legal hold.
    PlaceHold,
    /// Lists legal holds.
    ListHolds,
    /// Releases a legal hold.
    ReleaseHold,
    /// Says that a store was restored from a backup.
    DeclareRestore,
    /// Has the erasure ledger replayed into a store.
    StartReplay,
    /// Shows a replay.
    GetReplay,
    /// Lists how the stores stand to their backups.
    ListLedgerStores,
    /// Puts on record that an evidence pack was made.
    NotePack,
}

impl Endpoint {
    /// The operation's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SubmitRequest => "SubmitRequest",
            Self::ListRequests => "ListRequests",
            Self::GetRequest => "GetRequest",
            Self::CancelRequest => "CancelRequest",
            Self::GetTimeline => "GetTimeline",
            Self::VerifyRequest => "VerifyRequest",
            Self::ResumeRequest => "ResumeRequest",
            Self::AcceptRisk => "AcceptRisk",
            Self::DismissRequest => "DismissRequest",
            Self::PlaceHold => "PlaceHold",
            Self::ListHolds => "ListHolds",
            Self::ReleaseHold => "ReleaseHold",
            Self::DeclareRestore => "DeclareRestore",
            Self::StartReplay => "StartReplay",
            Self::GetReplay => "GetReplay",
            Self::ListLedgerStores => "ListLedgerStores",
            Self::NotePack => "NotePack",
        }
    }

    /// What the caller's role must allow.
    pub fn action(self) -> Action {
        match self {
            Self::SubmitRequest => Action::Submit,
            Self::ListRequests | Self::GetRequest | Self::GetTimeline => Action::Read,
            Self::CancelRequest => Action::Cancel,
            Self::VerifyRequest => Action::Verify,
            Self::ResumeRequest => Action::Resume,
            Self::AcceptRisk => Action::Accept,
            Self::DismissRequest => Action::Judge,
            Self::PlaceHold | Self::ReleaseHold => Action::Hold,
            Self::ListHolds => Action::ReadHolds,
            Self::DeclareRestore | Self::StartReplay => Action::Replay,
            Self::GetReplay | Self::ListLedgerStores => Action::ReadLedger,
            Self::NotePack => Action::Pack,
        }
    }
}

/// A method of a path, and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<E = Endpoint> {
    /// The HTTP method.
    pub method: &'static str,
    /// The path's template.
    pub resource: &'static str,
    /// The operation.
    pub endpoint: E,
}

const REQUESTS: &str = "/v1/requests";
const REQUEST: &str = "/v1/requests/{id}";
const TIMELINE: &str = "/v1/requests/{id}/timeline";
const VERIFICATION: &str = "/v1/requests/{id}/verification";
const RESUME: &str = "/v1/requests/{id}/resume";
const ACCEPTANCES: &str = "/v1/requests/{id}/acceptances";
const DISMISS: &str = "/v1/requests/{id}/dismiss";
const HOLDS: &str = "/v1/holds";
const HOLD: &str = "/v1/holds/{id}";
const RESTORES: &str = "/v1/ledger/restores";
const REPLAYS: &str = "/v1/ledger/replays";
const REPLAY: &str = "/v1/ledger/replays/{id}";
const LEDGER_STORES: &str = "/v1/ledger/stores";
const PACKS: &str = "/v1/audit/packs";

/// Every operation.
pub const ROUTES: [Route; 17] = [
    route("POST", REQUESTS, Endpoint::SubmitRequest),
    route("GET", REQUESTS, Endpoint::ListRequests),
    route("GET", REQUEST, Endpoint::GetRequest),
    route("DELETE", REQUEST, Endpoint::CancelRequest),
    route("GET", TIMELINE, Endpoint::GetTimeline),
    route("POST", VERIFICATION, Endpoint::VerifyRequest),
    route("POST", RESUME, Endpoint::ResumeRequest),
    route("POST", ACCEPTANCES, Endpoint::AcceptRisk),
    route("POST", DISMISS, Endpoint::DismissRequest),
    route("POST", HOLDS, Endpoint::PlaceHold),
    route("GET", HOLDS, Endpoint::ListHolds),
    route("DELETE", HOLD, Endpoint::ReleaseHold),
    route("POST", RESTORES, Endpoint::DeclareRestore),
    route("POST", REPLAYS, Endpoint::StartReplay),
    route("GET", REPLAY, Endpoint::GetReplay),
    route("GET", LEDGER_STORES, Endpoint::ListLedgerStores),
    route("POST", PACKS, Endpoint::NotePack),
];

pub(crate) const fn route<E: Copy>(method: &'static str, resource: &'static str, endpoint: E) -> Route<E> {
    Route { method, resource, endpoint }
}

/// The operation of a call.
pub(crate) fn find<E: Copy>(routes: &[Route<E>], method: &str, resource: &str) -> Result<E, Refusal> {
    let here = routes.iter().filter(|route| route.resource == resource);
    let mut methods = Vec::new();
    for route in here {
        if route.method == method {
            return Ok(route.endpoint);
        }
        methods.push(route.method);
    }
    Err(if methods.is_empty() { super::refusal::not_found().into() } else { Refusal::Method(methods) })
}
