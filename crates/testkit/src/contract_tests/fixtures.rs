//! Requests, changes, holds and events to try a deployment with.

use aws_lc_rs::digest::{SHA256, digest};
use domain::clock::Jurisdiction;
use domain::event::{About, Event, EventKind};
use domain::hold::Hold;
use domain::request::RequestType;
use domain::{Generation, HoldId, Operation, Pseudonym, Request, RequestId, Status, StoreId, Task, TenantId};
use jiff::{SignedDuration, Timestamp};
use ports::control::{Change, NewRequest, Remembered};
use ports::{Fault, Refused};

use super::Deployment;

/// What the clock of the deployment says.
pub fn now() -> Timestamp {
    crate::memory::BEGINNING.parse().expect("an instant")
}

/// So many seconds after [`now`], or before.
pub fn after(seconds: i64) -> Timestamp {
    let later = now().checked_add(SignedDuration::from_secs(seconds));
    later.expect("an instant")
}

/// A tenant. Each case has its own.
pub fn tenant(name: &str) -> TenantId {
    name.parse().expect("a tenant")
}

/// A store.
pub fn store(name: &str) -> StoreId {
    name.parse().expect("a store")
}

/// A pseudonym that stands for whatever the text names.
pub fn pseudonym(text: &str) -> Pseudonym {
    let bytes = digest(&SHA256, text.as_bytes());
    let hex = bytes
        .as_ref()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap_or('0')));
    let hex: String = hex.collect();
    hex.parse().expect("a pseudonym")
}

/// So many pseudonyms.
pub fn pseudonyms(prefix: &str, count: usize) -> Vec<Pseudonym> {
    let names = (0..count).map(|n| format!("{prefix}-{n}"));
    names.map(|name| pseudonym(&name)).collect()
}

/// A request that was just taken in, so many seconds after [`now`].
pub fn request(tenant: &TenantId, second: u32, subject: &[Pseudonym]) -> Request {
    let received_at = after(second.into());
    let whose = (tenant.clone(), RequestId::new(received_at, second.into()));
    Request {
        status: Status::Accepted,
        subject: subject.to_vec(),
        subject_object: "subject".to_owned(),
        catalog_version: "v1".to_owned(),
        ..Request::received(whose, RequestType::Erasure, Jurisdiction::Eu, None, received_at)
    }
}

/// A request's event of the number that the request counts last.
pub fn event(request: &Request, kind: EventKind) -> Event {
    Event {
        tenant: request.tenant.clone(),
        about: About::Request(request.id.clone()),
        n: request.events,
        at: request.received_at,
        kind,
        who: "step:test".to_owned(),
        generation: request.generation,
        status: Some(request.status),
        store: None,
        tally: None,
        why: None,
        detail: [("test".to_owned(), "case".to_owned())].into(),
        wake: None,
    }
}

/// What takes a request in.
pub fn new_request(request: &Request) -> NewRequest {
    let event = event(request, EventKind::Accepted);
    NewRequest { request: request.clone(), event, remember: None, beyond: Vec::new() }
}

/// Takes a request in that is known to be refused by nothing.
pub async fn taken_in(
    deployment: &Deployment,
    tenant: &TenantId,
    second: u32,
    subject: &[Pseudonym],
) -> Request {
    let request = request(tenant, second, subject);
    let created = deployment.requests.create(&new_request(&request)).await;
    assert_eq!(created, Ok(()), "taking in");
    request
}

/// The change that follows a request as it is stored: one event more, and the status.
pub fn change(stored: &Request, status: Status) -> Change {
    let mut request = stored.clone();
    request.events += 1;
    request.status = status;
    Change {
        event: event(&request, EventKind::Progressed),
        request,
        expected: stored.generation,
        tasks: Vec::new(),
        statement: None,
        lock: Vec::new(),
        unlock: Vec::new(),
        wait_for: None,
        unless_held: Vec::new(),
    }
}

/// Commits a change that is known to be refused by nothing; the request after it.
pub async fn committed(deployment: &Deployment, change: &Change) -> Request {
    assert_eq!(deployment.requests.commit(change).await, Ok(()), "commit");
    change.request.clone()
}

/// A request as it is stored.
pub async fn stored(deployment: &Deployment, request: &Request) -> Request {
    let loaded = deployment.requests.load(&request.tenant, &request.id).await;
    loaded.expect("loading").expect("the request")
}

/// A task of a store.
pub fn task(op: Operation, name: &str) -> Task {
    Task::new(op, store(name), 0, now())
}

/// What an idempotency key will answer, until so many seconds after [`now`].
pub fn remembered(key: &str, body: &str, seconds: i64) -> Remembered {
    Remembered {
        key: pseudonym(key),
        body: pseudonym(body),
        status: 202,
        answer: format!("{{\"of\":\"{body}\"}}"),
        expires_at: after(seconds),
    }
}

/// A hold, placed so many seconds after [`now`].
pub fn hold(tenant: &TenantId, second: u32, subject: &Pseudonym) -> Hold {
    let placed_at = after(second.into());
    Hold {
        tenant: tenant.clone(),
        id: HoldId::new(placed_at, second.into()),
        subject: subject.clone(),
        identity_type: "email".to_owned(),
        reason: "litigation".to_owned(),
        review_at: after(1_000_000),
        placed_at,
        placed_by: "officer:1".to_owned(),
        released_at: None,
        too_late_for: Vec::new(),
    }
}

/// A hold's event: number 1 when it is placed, 2 when it is released.
pub fn hold_event(hold: &Hold) -> Event {
    let (n, kind) = match hold.released_at {
        None => (1, EventKind::HoldPlaced),
        Some(_) => (2, EventKind::HoldReleased),
    };
    Event {
        tenant: hold.tenant.clone(),
        about: About::Hold(hold.id.clone()),
        n,
        at: hold.released_at.unwrap_or(hold.placed_at),
        kind,
        who: hold.placed_by.clone(),
        generation: Generation::FIRST,
        status: None,
        store: None,
        tally: None,
        why: Some(hold.reason.clone()),
        detail: std::collections::BTreeMap::new(),
        wake: None,
    }
}

/// Places a hold.
pub async fn placed(deployment: &Deployment, tenant: &TenantId, second: u32, subject: &Pseudonym) -> Hold {
    let hold = hold(tenant, second, subject);
    let placed = deployment.holds.place(&hold, &hold_event(&hold)).await;
    assert_eq!(placed, Ok(()), "placing");
    hold
}

/// The same hold, released so many seconds after [`now`].
pub fn released(hold: &Hold, second: i64) -> Hold {
    Hold { released_at: Some(after(second)), ..hold.clone() }
}

/// The fault of a refusal.
pub fn fault(refused: Result<(), Refused>) -> Fault {
    match refused {
        Err(Refused::Fault(fault)) => Some(fault),
        _ => None,
    }
    .expect("a fault")
}
