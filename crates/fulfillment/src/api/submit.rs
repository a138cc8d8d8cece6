//! `POST /v1/requests`: a person's request is taken in, once.
//!
//! Each turn looks first at what is there: an answer that the key gave before, an open request for
//! the person. Whatever another call has changed in between, the next turn sees.
//!
//! An open request is the answer if it looks for everybody that is asked for, and exports what is asked for to
//! whoever asks. Where more is asked for than any open one does, a request of its own is made: it waits for
//! their locks, then plans anew, so that no identity is lost in an answer that speaks of somebody else's.

use contract::api::{Submit, Submitted};
use contract::problem::{Invalid, Problem};
use domain::access::Role;
use domain::clock::Jurisdiction;
use domain::export::{Export, Format};
use domain::request::{RequestType, Verification};
use domain::{Identity, Pseudonym, Request, RequestId, Status};
use jiff::Timestamp;
use ports::{Class, Code, Fault, Refused};

use super::body::{self, Field, Shape, anything, needed, optional};
use super::idempotency::{self, Key, again};
use super::identities::{Configured, IDENTITY, configured};
use super::refusal::invalid;
use super::verify::{self, VERIFICATION};
use super::{Answer, Call, Endpoint, Ports, Refusal, encoded, exports, names, take_in};
use crate::papers::Sealing;
use crate::subject::Pseudonymiser;

/// How often other calls for the same person may be first.
const TRIES: u32 = 5;

const SUBJECT: &[Field] = &[needed("identities", Shape::List(&Shape::Object(IDENTITY)))];

const SHAPE: Shape = Shape::Object(&[
    needed("type", Shape::Text("one of `erasure`, `access`, `portability`", is_type)),
    needed("jurisdiction", Shape::Text("one of `EU`, `UK`, `US-CA`", is_jurisdiction)),
    optional("subject", Shape::Object(SUBJECT)),
    optional("verification", Shape::Object(VERIFICATION)),
    optional("export_first", Shape::Bool),
    optional("format", Shape::Text("one of `json`, `csv`, `xml`", is_format)),
    optional("recipient", Shape::Object(RECIPIENT)),
    optional(
        "min_versions",
        Shape::Map(&Shape::Text("texts: a whole number or an instant for each store", anything)),
    ),
]);

const RECIPIENT: &[Field] = &[
    optional("age", Shape::Text("an age recipient, `age1…`", anything)),
    optional("passphrase", Shape::Text("a text", anything)),
];

fn is_type(text: &str) -> bool {
    RequestType::ALL.iter().any(|one| one.as_str() == text)
}

fn is_format(text: &str) -> bool {
    Format::ALL.iter().any(|one| one.as_str() == text)
}

fn is_jurisdiction(text: &str) -> bool {
    [Jurisdiction::Eu, Jurisdiction::Uk, Jurisdiction::UsCa].iter().any(|one| one.as_str() == text)
}

/// What is asked for, checked.
pub(super) struct Wanted {
    /// What.
    pub(super) kind: RequestType,
    /// Under which law.
    pub(super) jurisdiction: Jurisdiction,
    /// About whom.
    pub(super) identities: Vec<Identity>,
    /// The same, by pseudonym, sorted.
    pub(super) subject: Vec<Pseudonym>,
    /// How they were verified.
    pub(super) verification: Option<Verification>,
    /// The catalog that is in force.
    pub(super) catalog_version: String,
    /// What is exported.
    pub(super) export: Option<Export>,
    /// For whom that is encrypted.
    pub(super) sealing: Option<Sealing>,
}

/// Answers the call.
pub(super) async fn submit(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let header = idempotency::required(call)?;
    let body = body::read::<Submit>(&call.body, &SHAPE)?;
    let names = names(ports, call).await?;
    let key = Key::new(call, &names, Endpoint::SubmitRequest, header, &body.canonical)?;
    let mut wanted = None;
    for _ in 0..TRIES {
        let now = ports.clock.now();
        if let Some(remembered) = key.remembered(ports, call, now).await? {
            return Ok(again(remembered));
        }
        // Checked once, and only if the key is new: what was in time for it stays so.
        let wanted = match &mut wanted {
            Some(wanted) => wanted,
            none => none.insert(check(ports, call, &names, &body.value, now).await?),
        };
        let open = ports.requests.open_requests(call.tenant(), wanted.kind, &wanted.subject).await?;
        let answered = match covering(ports, call, wanted, &open).await? {
            Some(request) => duplicate(ports, call, &names, &key, wanted, request).await?,
            None => take_in::take_in(ports, call, &names, &key, wanted, open).await?,
        };
        if let Some(answer) = answered {
            return Ok(answer);
        }
    }
    let detail = "other calls for the same person were first";
    Err(Fault::new(Class::Throttled, Code::ControlUnavailable, "create", "requests", detail).into())
}

async fn check(
    ports: &Ports,
    call: &Call,
    names: &Pseudonymiser,
    given: &Submit,
    now: Timestamp,
) -> Result<Wanted, Refusal> {
    let configured = configured(ports, call).await?;
    let mut errors = Vec::new();
    let (identities, verification) = if call.principal.role == Role::Subject {
        let identities = from_token(call, &configured, given, &mut errors)?;
        let reference = names.reference(call.principal.sub.expose())?;
        (identities, Some(Verification { method: verify::TOKEN.to_owned(), at: now, reference }))
    } else {
        let identities = from_body(&configured, given, &mut errors);
        let checked = given.verification.as_ref();
        let checked = checked.map(|given| verify::check(given, "/verification", names, now, &mut errors));
        (identities, checked.transpose()?)
    };
    let (export, sealing) = exports::check(&configured, given, &mut errors);
    if !errors.is_empty() {
        return Err(invalid(errors).into());
    }
    let pseudonyms = identities.iter().map(|identity| names.subject(identity));
    let mut subject: Vec<Pseudonym> = pseudonyms.collect::<Result<_, _>>()?;
    subject.sort();
    subject.dedup();
    Ok(Wanted {
        kind: given.kind,
        jurisdiction: given.jurisdiction,
        identities,
        subject,
        verification,
        catalog_version: configured.version,
        export,
        sealing,
    })
}

fn from_body(configured: &Configured, given: &Submit, errors: &mut Vec<Invalid>) -> Vec<Identity> {
    if let Some(subject) = &given.subject {
        return configured.check_all(&subject.identities, "/subject/identities", errors);
    }
    errors.push(Invalid::new("/subject", "this is missing: it says whose request it is"));
    Vec::new()
}

/// A subject is whoever their token says: what they could write themselves counts for nothing.
fn from_token(
    call: &Call,
    configured: &Configured,
    given: &Submit,
    errors: &mut Vec<Invalid>,
) -> Result<Vec<Identity>, Problem> {
    if given.subject.is_some() {
        errors.push(Invalid::new("/subject", "leave this out: your token says who you are"));
    }
    if given.verification.is_some() {
        errors.push(Invalid::new("/verification", "leave this out: your token is the verification"));
    }
    let identities = configured.findable(&call.principal.identities);
    if identities.is_empty() {
        let detail = "Nothing was done. The token names no identity by which anything of yours could be found: \
                      whoever issued it can say more.";
        return Err(Problem::forbidden(detail));
    }
    if configured.names_a_control(&identities) {
        let detail = "Nothing was done. The token names the catalog's control person, who was never anybody: whoever \
                      issued it must say who its holder is.";
        return Err(Problem::forbidden(detail));
    }
    Ok(identities)
}

/// The answer to a submission.
pub(super) fn submitted(request: &Request, duplicate: bool) -> Submitted {
    Submitted {
        request_id: request.id.clone(),
        status: request.status,
        status_url: format!("/v1/requests/{}", request.id),
        due_by: request.due_by,
        duplicate,
    }
}

/// The open request that looks for everybody that is asked for: those it was given, and those it has
/// found and locked since; and that gives what is asked for, if anything is, to whoever asks. One that is being
/// withdrawn, or denied, will erase nobody: whoever asks again gets a request of their own.
async fn covering(
    ports: &Ports,
    call: &Call,
    wanted: &Wanted,
    open: &[RequestId],
) -> Result<Option<Request>, Fault> {
    for id in open {
        let request = ports.requests.load(call.tenant(), id).await?;
        let covers = |request: &Request| {
            let looked_for = |one| request.subject.contains(one) || request.locks.contains(one);
            let given_up = request.is_given_up();
            // One that waits for somebody to verify more than is verified here may wait for long.
            let stuck = request.status == Status::AwaitingVerification
                && wanted.verification.is_some()
                && !is_whole(request, wanted);
            let everybody = wanted.subject.iter().all(looked_for);
            let gives = exports::covers(request.export.as_ref(), wanted.export.as_ref());
            // A person fetches only what is theirs to the last identity.
            let fetches = call.principal.role == Role::Subject && wanted.export.is_some();
            let theirs = !fetches || is_whole(request, wanted);
            // What a replay erases is what a backup brought back into one store, and no more.
            let limited = request.only_in().is_some();
            !request.status.is_end() && !given_up && !limited && !stuck && everybody && gives && theirs
        };
        if let Some(request) = request.filter(covers) {
            return Ok(Some(request));
        }
    }
    Ok(None)
}

/// Whether everybody that an open request is about is asked for here.
fn is_whole(request: &Request, wanted: &Wanted) -> bool {
    request.subject.iter().all(|one| wanted.subject.contains(one))
}

/// The open request for the same person, instead of a second one. `None`: look again.
async fn duplicate(
    ports: &Ports,
    call: &Call,
    names: &Pseudonymiser,
    key: &Key,
    wanted: &Wanted,
    open: Request,
) -> Result<Option<Answer>, Refusal> {
    let mut request = open;
    // Somebody asked for this person and has not said how they were verified; whoever says it now,
    // for everything that was asked for, has said it for that request.
    if request.status == Status::AwaitingVerification
        && is_whole(&request, wanted)
        && let Some(verification) = &wanted.verification
    {
        match verify::commit(ports, call, names, &request.id, verification).await? {
            Ok(verified) => request = verified,
            Err(_) => return Ok(None),
        }
    }
    let body = encoded(&submitted(&request, true))?;
    let remembered = key.remember(200, body.clone(), ports.clock.now());
    match ports.requests.remember(call.tenant(), &remembered).await {
        Ok(()) => Ok(Some(Answer::text(200, body))),
        Err(Refused::Fault(fault)) => Err(fault.into()),
        Err(_) => Ok(None),
    }
}
