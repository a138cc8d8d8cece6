//! Legal holds: placed, listed, released.
//!
//! A hold stands from the moment it is placed, whatever becomes of the call after that: no store is
//! begun any more (see `steps::erase_store`). What follows tells the caller what came too late, and
//! makes the request notice now rather than at its next step. It may be done twice, so whoever is
//! not sure sends the call again: with the same `Idempotency-Key` it finds the hold that it placed
//! and finishes that, without one it places a second hold.

use contract::api::{HoldView, List, PlaceHold};
use contract::problem::Invalid;
use contract::sanction::is_reason_code;
use domain::event::{About, EnterAt, Event, EventKind};
use domain::hold::Hold;
use domain::{Generation, HoldId, Identity, Operation, Request, Status, StoreId, Task};
use jiff::{SignedDuration, Timestamp};
use ports::Refused;

use super::body::{self, Body, INSTANT, Shape, needed};
use super::idempotency::{self, Key};
use super::identities::{IDENTITY, configured};
use super::query::{self, wrong_cursor};
use super::refusal::{invalid, not_found};
use super::{Answer, Call, Endpoint, Ports, Refusal, actor, cursor, encoded, names};
use crate::change::{Actor, Amend, Draft, Scope, amend_plainly, later};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// Ten years, at the most, until somebody must look at a hold again.
const LONGEST: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

/// The list's name in its cursors.
const LIST: &str = "holds";

const SHAPE: Shape = Shape::Object(&[
    needed("identity", Shape::Object(IDENTITY)),
    needed(
        "reason",
        Shape::Text(
            "a reason code of 1 to 64 of a-z, 0-9, `-` and `_`, such as `litigation`",
            is_reason_code,
        ),
    ),
    needed("review_at", INSTANT),
]);

/// `POST /v1/holds`.
pub(super) async fn place(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let header = idempotency::optional(call)?;
    let body = body::read::<PlaceHold>(&call.body, &SHAPE)?;
    let names = names(ports, call).await?;
    let hold = match header {
        None => new_hold(ports, call, &names, &body.value).await?,
        Some(header) => {
            let key = Key::new(call, &names, Endpoint::PlaceHold, header, &body.canonical)?;
            remembered_hold(ports, call, &names, &key, &body).await?
        }
    };
    let placed = ports.holds.get(call.tenant(), &hold.id).await?;
    let hold = if let Some(placed) = placed {
        placed
    } else {
        let event = event(&hold, EventKind::HoldPlaced, &hold.placed_by, hold.placed_at);
        ports.holds.place(&hold, &event).await?;
        hold
    };
    let hold = match hold.released_at {
        // Repeated after its end: nothing has come too late for it, and nobody needs to notice.
        Some(_) => hold,
        None => take_effect(ports, &hold).await?,
    };
    Ok(Answer::json(201, &HoldView::from(&hold))?)
}

/// A hold that is not placed yet.
async fn new_hold(
    ports: &Ports,
    call: &Call,
    names: &Pseudonymiser,
    given: &PlaceHold,
) -> Result<Hold, Refusal> {
    let now = ports.clock.now();
    let configured = configured(ports, call).await?;
    let mut errors = Vec::new();
    let identity = configured.check(&given.identity, "/identity", &mut errors);
    if given.review_at <= now {
        errors.push(Invalid::new("/review_at", "this is not in the future"));
    } else if later(now, LONGEST).is_some_and(|latest| given.review_at > latest) {
        let detail = "this is more than ten years ahead: somebody should look at it before";
        errors.push(Invalid::new("/review_at", detail));
    }
    let identity = identity.filter(|_| errors.is_empty());
    let identity = identity.ok_or_else(|| invalid(errors))?;
    Ok(Hold {
        tenant: call.tenant().clone(),
        id: HoldId::new(now, ports.entropy.bits()),
        subject: names.subject(&identity)?,
        identity_type: identity.kind.as_str().to_owned(),
        reason: given.reason.clone(),
        review_at: given.review_at,
        placed_at: now,
        placed_by: actor(call, names)?.0,
        released_at: None,
        too_late_for: Vec::new(),
    })
}

/// The hold of an idempotency key. What the key answers is written down before the hold is placed,
/// so that every repetition means the same hold, and places it if that was not reached.
async fn remembered_hold(
    ports: &Ports,
    call: &Call,
    names: &Pseudonymiser,
    key: &Key,
    body: &Body<PlaceHold>,
) -> Result<Hold, Refusal> {
    let now = ports.clock.now();
    if let Some(remembered) = key.remembered(ports, call, now).await? {
        return Ok(hold_again(call, names, &remembered.answer, &body.value)?);
    }
    let hold = new_hold(ports, call, names, &body.value).await?;
    let answer = encoded(&HoldView::from(&hold))?;
    match ports.requests.remember(call.tenant(), &key.remember(201, answer, now)).await {
        Ok(()) => Ok(hold),
        Err(Refused::Fault(fault)) => Err(fault.into()),
        Err(_) => {
            let first = key.remembered(ports, call, now).await?;
            let first = first.ok_or_else(|| StepError::broken("remember", "refused and not there"))?;
            Ok(hold_again(call, names, &first.answer, &body.value)?)
        }
    }
}

/// The hold that an answer was written down for: the same to the last byte, whoever makes it again.
fn hold_again(
    call: &Call,
    names: &Pseudonymiser,
    answer: &str,
    given: &PlaceHold,
) -> Result<Hold, StepError> {
    let broken = |what| StepError::broken("remember", what);
    let view: HoldView = serde_json::from_str(answer).map_err(|_| broken("not a hold"))?;
    let kind = view.identity_type.parse().map_err(|_| broken("not an identity type"))?;
    let identity = Identity::new(kind, &given.identity.value).map_err(|_| broken("not an identity"))?;
    Ok(Hold {
        tenant: call.tenant().clone(),
        id: view.hold_id,
        subject: names.subject(&identity)?,
        identity_type: view.identity_type,
        reason: view.reason,
        review_at: view.review_at,
        placed_at: view.placed_at,
        placed_by: actor(call, names)?.0,
        released_at: None,
        too_late_for: Vec::new(),
    })
}

/// Finds out what a standing hold came too late for, and hands the request to a new execution, which
/// asks everyone again.
async fn take_effect(ports: &Ports, hold: &Hold) -> Result<Hold, StepError> {
    let mut hold = hold.clone();
    let Some(id) = ports.requests.lock_owner(&hold.tenant, &hold.subject).await? else {
        return Ok(hold);
    };
    // A store is begun in a transaction in which no hold stands: what is begun was begun before.
    let tasks = ports.requests.tasks(&hold.tenant, &id).await?;
    // What an earlier time erased, before the request was opened again, says nothing of what this one will.
    let request = ports.requests.load(&hold.tenant, &id).await?;
    let is_begun = |task: &Task| {
        let of_this_time = request.as_ref().is_none_or(|request| request.is_of_this_time(task));
        task.op == Operation::Erase && task.begun && of_this_time
    };
    let begun = tasks.into_iter().filter(is_begun).map(|task| task.store);
    // With a person's key goes what it sealed in other stores, begun or not.
    let shredded = request.as_ref().map(|request| request.shredded.clone());
    let begun = begun.chain(shredded.unwrap_or_default());
    let mut too_late: Vec<StoreId> = begun.chain(hold.too_late_for.clone()).collect();
    too_late.sort();
    too_late.dedup();
    let told = too_late != hold.too_late_for;
    if told {
        hold.too_late_for = too_late;
        ports.holds.note_too_late(&hold).await?;
    }
    // One that is being read again has nothing left that the hold could save; if residue is found,
    // no store is begun while the hold stands. One that is parked for somebody stays so: the hold
    // is heard when they resume it.
    let wakes = |request: &Request| {
        let for_somebody = request.parked.as_ref().is_some_and(|parked| !parked.transient);
        !request.status.is_end() && request.status != Status::Confirming && !for_somebody
    };
    wake(ports, &hold, &Actor(hold.placed_by.clone()), &id, (EventKind::HoldPlaced, told), wakes).await?;
    Ok(hold)
}

async fn wake(
    ports: &Ports,
    hold: &Hold,
    actor: &Actor,
    id: &domain::RequestId,
    (because, told): (EventKind, bool),
    wakes: impl Fn(&Request) -> bool,
) -> Result<(), StepError> {
    let scope = Scope {
        requests: &*ports.requests,
        clock: &*ports.clock,
        tenant: &hold.tenant,
        id,
        generation: None,
        actor,
    };
    let too_late: Vec<&str> = hold.too_late_for.iter().map(StoreId::as_str).collect();
    amend_plainly(&scope, |request| {
        let woken = wakes(&request);
        // What it came too late for is told to whoever placed it, and is written down.
        if !woken && (!told || request.status.is_end()) {
            return Ok(Amend::Leave(()));
        }
        let (progress_by, kind) = (request.progress_by, if woken { EventKind::Resumed } else { because });
        let mut draft = Draft::new(request, kind, scope.clock.now())
            .detail("why", because.as_str())
            .detail("hold", &hold.id);
        if told {
            draft = draft.detail("too_late_for", too_late.join(" "));
        }
        if woken {
            draft = draft.wake(EnterAt::Plan);
        } else {
            draft.request.progress_by = progress_by;
        }
        Ok(Amend::commit(draft, ()))
    })
    .await
}

fn event(hold: &Hold, kind: EventKind, who: &str, at: Timestamp) -> Event {
    let detail = [("identity_type", hold.identity_type.clone()), ("review_at", hold.review_at.to_string())];
    Event {
        tenant: hold.tenant.clone(),
        about: About::Hold(hold.id.clone()),
        n: if kind == EventKind::HoldPlaced { 1 } else { 2 },
        at,
        kind,
        who: who.to_owned(),
        generation: Generation::FIRST,
        status: None,
        store: None,
        tally: None,
        why: Some(hold.reason.clone()),
        detail: detail.map(|(name, value)| (name.to_owned(), value)).into(),
        wake: None,
    }
}

/// `GET /v1/holds`.
pub(super) async fn list(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let query = query::read(call, &["cursor", "limit"])?;
    let names = names(ports, call).await?;
    let from = match query.cursor {
        None => None,
        Some(text) => {
            let position = cursor::read(&names, LIST, text)?.ok_or_else(wrong_cursor)?;
            Some(position.into_iter().next().ok_or_else(wrong_cursor)?)
        }
    };
    let (holds, next) = ports.holds.list(call.tenant(), from.as_deref(), query.limit).await?;
    let next = next.map(|next| cursor::write(&names, LIST, &[next]));
    let page = List { items: holds.iter().map(HoldView::from).collect(), cursor: next.transpose()? };
    Ok(Answer::json(200, &page)?)
}

/// `DELETE /v1/holds/{id}`. Doing it twice is fine, and does what the first time did not reach.
pub(super) async fn release(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let id: Option<HoldId> = call.id.as_deref().and_then(|id| id.parse().ok());
    let id = id.ok_or_else(not_found)?;
    let hold = ports.holds.get(call.tenant(), &id).await?.ok_or_else(not_found)?;
    let actor = actor(call, &names(ports, call).await?)?;
    if hold.released_at.is_none() {
        let now = ports.clock.now();
        let released = Hold { released_at: Some(now), ..hold.clone() };
        ports.holds.release(&released, &event(&hold, EventKind::HoldReleased, &actor.0, now)).await?;
    }
    if let Some(id) = ports.requests.lock_owner(&hold.tenant, &hold.subject).await? {
        // Not only the one that is held: one whose sources are being heard may have heard this hold
        // a moment ago, and would write it down a moment from now.
        let wakes = |request: &Request| matches!(request.status, Status::Held | Status::Checking);
        wake(ports, &hold, &actor, &id, (EventKind::HoldReleased, false), wakes).await?;
    }
    Ok(Answer::empty())
}
