//! `record-download`: note that a package was really downloaded.
//!
//! That a link was given out is in the audit before there is one; whether it was used, S3 alone knows, and says
//! so through CloudTrail where that is on. It comes minutes later, in any order, and sometimes twice; the request may
//! have ended meanwhile. From where it was fetched is compared with from where links were asked for, and is
//! kept nowhere.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use contract::trail::{Call, Told};
use domain::event::EventKind;
use domain::request::Request;
use domain::{RequestId, TenantId};
use ports::{Clock, Keyring, Requests};

use crate::change::{Actor, Amend, Draft, Scope, Turn, too_many_writers, turn};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// Usual downloads of one request that are noted at the most: a client that fetches a package in pieces makes one
/// of each.
const MOST_USUAL: usize = 100;

/// Downloads that are noted at the most, of whatever kind: what is unusual is not lost among the usual ones.
const MOST: usize = 500;

/// How often it is tried when others write to the same request.
const TRIES: usize = 16;

/// Events that are read at once.
const PAGE: usize = 100;

/// The longest id of an event that is taken for one: CloudTrail's have 36 characters.
const LONGEST_ID: usize = 64;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The role that links are signed with, by its ARN.
    pub reader: String,
}

/// Runs the step; whether something was noted. What is no download of a package of a request is ignored.
pub async fn run(ports: &Ports, told: &Told) -> Result<bool, StepError> {
    let Told::Call { detail: call } = told else { return Ok(false) };
    let Some((tenant, id, name)) = package_of(call).filter(|_| is_download(call)) else { return Ok(false) };
    let Some(request) = ports.requests.load(&tenant, &id).await? else { return Ok(false) };
    let export = request.export.as_ref();
    if export.is_none_or(|export| !export.packages.iter().any(|package| package.name == name)) {
        return Ok(false);
    }
    let names = Pseudonymiser::of(&*ports.keyring, &tenant).await?;
    let address = names.visitor(call.address.expose())?;
    let actor = Actor("somebody".to_owned());
    let (requests, clock) = (&*ports.requests, &*ports.clock);
    let scope = Scope { requests, clock, tenant: &tenant, id: &id, generation: None, actor: &actor };
    for _ in 0..TRIES {
        let seen = Seen::of(ports, &tenant, &id, &call.event_id).await?;
        if seen.this || seen.notes >= MOST {
            return Ok(false);
        }
        let noted = turn(&scope, |request| {
            // Another event came in between, and it may be this one's double.
            if request.events != seen.last {
                return Ok(Amend::Leave(None));
            }
            let asked = request.export.as_ref().is_some_and(|export| export.addresses.contains(&address));
            // A link's session has its request's name. Nobody else should be reading packages at all.
            let by_link = call.session_of(&ports.reader) == Some(request.id.as_str());
            if by_link && asked && seen.usual >= MOST_USUAL {
                return Ok(Amend::Leave(Some(false)));
            }
            Ok(Amend::commit(draft(request, call, name, (by_link, asked), &scope), Some(true)))
        });
        if let Turn::Done(Ok(Some(noted))) = noted.await? {
            return Ok(noted);
        }
    }
    Err(too_many_writers())
}

/// Whether bytes of an object went out.
fn is_download(call: &Call) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_id = (1..=LONGEST_ID).contains(&call.event_id.len()) && call.event_id.chars().all(plain);
    is_id && call.event_name == "GetObject" && call.error_code.is_none() && call.bytes() > 0
}

/// Whose package an object is: `{tenant}/{request}/{name}`.
fn package_of(call: &Call) -> Option<(TenantId, RequestId, &str)> {
    match call.request_parameters.key.split('/').collect::<Vec<_>>()[..] {
        [tenant, id, name] => Some((tenant.parse().ok()?, id.parse().ok()?, name)),
        _ => None,
    }
}

/// What a request's events say already.
struct Seen {
    /// The number of the last one.
    last: u32,
    /// Downloads that are noted.
    notes: usize,
    /// Those of them with nothing unusual.
    usual: usize,
    /// Whether this one is.
    this: bool,
}

impl Seen {
    async fn of(ports: &Ports, tenant: &TenantId, id: &RequestId, event: &str) -> Result<Self, StepError> {
        let mut seen = Self { last: 0, notes: 0, usual: 0, this: false };
        loop {
            let events = ports.requests.events(tenant, id, seen.last, PAGE).await?;
            for known in events.iter().filter(|known| known.kind == EventKind::Fetched) {
                seen.notes += 1;
                seen.usual += usize::from(known.why.is_none());
                seen.this |= known.detail.get("trail").is_some_and(|own| own == event);
            }
            match events.last() {
                Some(last) if events.len() == PAGE => seen.last = last.n,
                last => {
                    seen.last = last.map_or(seen.last, |last| last.n);
                    return Ok(seen);
                }
            }
        }
    }
}

fn draft(
    request: Request,
    call: &Call,
    name: &str,
    (by_link, asked): (bool, bool),
    scope: &Scope<'_>,
) -> Draft {
    let progress_by = request.progress_by;
    let packages = request.export.as_ref().map(|export| export.packages.as_slice()).unwrap_or_default();
    let number = packages.iter().position(|package| package.name == name).map_or(0, |at| at + 1);
    let mut draft = Draft::new(request, EventKind::Fetched, scope.clock.now())
        .detail("package", number)
        .detail("bytes", call.bytes())
        .detail("fetched_at", call.event_time)
        .detail("by", if by_link { "link" } else { "other" })
        .detail("from", if asked { "where-it-was-asked-for" } else { "elsewhere" })
        .detail("trail", &call.event_id);
    draft.why = match (by_link, asked) {
        (false, _) => Some("not-by-a-link".to_owned()),
        (true, false) => Some("another-address".to_owned()),
        (true, true) => None,
    };
    // Being fetched is no progress: the sweeper comes when it would have come.
    draft.request.progress_by = progress_by;
    draft
}
