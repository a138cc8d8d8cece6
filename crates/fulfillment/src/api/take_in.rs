//! Making a request: first its sealed papers, then the request itself in one transaction.
//!
//! In this order a request that exists can always be worked on. If the process dies in between, what
//! is left is one sealed object that no request names, and the key that would open it: nothing
//! lists or reads either. The staging bucket's lifecycle rule deletes the object, and with it all
//! that the key was for.

use domain::event::{About, EnterAt, Event, EventKind};
use domain::{Request, RequestId};
use jiff::Timestamp;
use ports::{KeyScope, NewRequest, Refused};

use super::idempotency::Key;
use super::submit::{Wanted, submitted};
use super::{Answer, Call, Ports, actor, encoded};
use crate::change::first_look;
use crate::error::StepError;
use crate::papers::Papers;
use crate::subject::Pseudonymiser;

/// What came of one attempt to make a request.
enum Made {
    /// It is there.
    There,
    /// Another call was first, and nothing of this attempt is there or will be.
    Refused,
    /// Another call was first, after a moment in which nobody knew: an attempt whose answer was lost
    /// may still arrive, so its papers stay.
    RefusedLate,
}

/// Takes a request in, beyond the open ones that do not look for all of this one's identities.
/// `None`: another call was first, and nothing is left of this one.
pub(super) async fn take_in(
    ports: &Ports,
    call: &Call,
    names: &Pseudonymiser,
    key: &Key,
    wanted: &Wanted,
    beyond: Vec<RequestId>,
) -> Result<Option<Answer>, StepError> {
    let now = ports.clock.now();
    let id = RequestId::new(now, ports.entropy.bits());
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let object =
        match papers.file_subject(call.tenant(), &id, &wanted.identities, wanted.sealing.as_ref()).await {
            Ok(object) => object,
            Err(error) => {
                // As far as it goes: the first failure is the one to tell.
                let _ = discard(ports, call, &id).await;
                return Err(error);
            }
        };
    let request = request(call, wanted, id, object, now);
    let body = encoded(&submitted(&request, false))?;
    let event = accepted(&request, actor(call, names)?.0, now);
    let remember = Some(key.remember(202, body.clone(), now));
    let new = NewRequest { request, event, remember, beyond };
    match make(ports, &new).await? {
        Made::There => Ok(Some(Answer::text(202, body))),
        Made::Refused => {
            discard(ports, call, &new.request.id).await?;
            Ok(None)
        }
        Made::RefusedLate => Ok(None),
    }
}

/// Makes the request. The same attempt twice makes it once, so one lost answer is asked for again.
async fn make(ports: &Ports, new: &NewRequest) -> Result<Made, StepError> {
    let late = match ports.requests.create(new).await {
        Ok(()) => return Ok(Made::There),
        Err(Refused::Fault(fault)) if !fault.class.mends_itself() => return Err(fault.into()),
        Err(Refused::Fault(_)) => match ports.requests.create(new).await {
            Ok(()) => return Ok(Made::There),
            Err(Refused::Fault(fault)) => return Err(fault.into()),
            Err(_) => true,
        },
        Err(_) => false,
    };
    // It may have been made by the attempt whose answer was lost, and have moved on since.
    let request = &new.request;
    let there = ports.requests.load(&request.tenant, &request.id).await?.is_some();
    Ok(match (there, late) {
        (true, _) => Made::There,
        (false, true) => Made::RefusedLate,
        (false, false) => Made::Refused,
    })
}

/// Destroys the papers of a request that was not made.
async fn discard(ports: &Ports, call: &Call, id: &RequestId) -> Result<(), StepError> {
    let scope = KeyScope::Plan(call.tenant().clone(), id.clone());
    ports.keyring.destroy(&scope).await?;
    Papers::remove(&*ports.staging, call.tenant(), id).await?;
    Ok(())
}

fn request(call: &Call, wanted: &Wanted, id: RequestId, object: String, now: Timestamp) -> Request {
    let whose = (call.tenant().clone(), id);
    let received =
        Request::received(whose, wanted.kind, wanted.jurisdiction, wanted.verification.clone(), now);
    Request {
        progress_by: first_look(&received),
        subject: wanted.subject.clone(),
        subject_object: object,
        catalog_version: wanted.catalog_version.clone(),
        export: wanted.export.clone(),
        ..received
    }
}

fn accepted(request: &Request, who: String, now: Timestamp) -> Event {
    let mut detail = [
        ("type", request.kind.as_str().to_owned()),
        ("jurisdiction", request.jurisdiction.as_str().to_owned()),
        ("due_by", request.due_by.to_string()),
        ("identities", request.subject.len().to_string()),
        ("catalog_version", request.catalog_version.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    if let Some(export) = &request.export {
        detail.push(("format".to_owned(), export.format.as_str().to_owned()));
        if request.kind.erases() {
            detail.push(("export_first".to_owned(), "true".to_owned()));
        }
    }
    let verification = request.verification.as_ref();
    detail.extend(verification.map(|v| ("verified_by".to_owned(), v.method.clone())));
    Event {
        tenant: request.tenant.clone(),
        about: About::Request(request.id.clone()),
        n: 1,
        at: now,
        kind: EventKind::Accepted,
        who,
        generation: request.generation,
        status: Some(request.status),
        store: None,
        tally: None,
        why: None,
        detail: detail.into_iter().collect(),
        wake: verification.map(|_| EnterAt::Plan),
    }
}
