//! `POST /v1/requests/{id}/acceptances`: an officer accepts that what some stores did not find is unproven.
//!
//! The request goes on when two different officers have, for every store that is unproven; it then ends
//! *partially fulfilled*, unless the stores find their control after all.

use contract::api::Accept;
use contract::problem::Problem;
use contract::sanction::is_reason_code;
use domain::event::EventKind;
use domain::request::{AcceptedRisk, Request};
use domain::{Status, StoreId};
use jiff::Timestamp;
use ports::Code;

use super::body::{self, Shape, needed};
use super::reader::find;
use super::{Answer, Call, Ports, Refusal, actor, names, scope, show};
use crate::change::{Amend, Draft, amend_plainly};
use crate::steps::sweep::entry_of;

/// The one risk that can be accepted.
const UNPROVEN: &str = "unproven";

/// Officers whose acceptance a request keeps at the most.
const MOST: usize = 20;

const SHAPE: Shape = Shape::Object(&[
    needed("risk", Shape::Text("`unproven`, the one risk that can be accepted", |text| text == UNPROVEN)),
    needed(
        "reason",
        Shape::Text(
            "a reason code of 1 to 64 of a-z, 0-9, `-` and `_`, such as `store-retired`",
            is_reason_code,
        ),
    ),
]);

/// Answers the call.
pub(super) async fn accept(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let body = body::read::<Accept>(&call.body, &SHAPE)?;
    let (request, reader) = find(ports, call).await?;
    let actor = actor(call, &names(ports, call).await?)?;
    let scope = scope(ports, call, &request.id, &actor);
    let request = amend_plainly(&scope, |request| {
        let now = scope.clock.now();
        let risk = AcceptedRisk {
            by: actor.0.clone(),
            at: now,
            reason: body.value.reason.clone(),
            stores: request.unproven.clone(),
        };
        if let Some(why_not) = why_not(&request, &risk) {
            return Ok(Amend::Leave(Err(Problem::conflict(why_not))));
        }
        let draft = accepted(request, risk, now);
        let request = draft.request.clone();
        Ok(Amend::commit(draft, Ok(request)))
    })
    .await??;
    Ok(Answer::json(202, &show::view(ports, &request, &reader).await?)?)
}

/// The change: the officer's acceptance, in the place of one of their own for other stores; and with the last one
/// that was needed, the request goes on.
fn accepted(request: Request, risk: AcceptedRisk, now: Timestamp) -> Draft {
    let (enter_at, progress_by) = (entry_of(&request, now), request.progress_by);
    let stores: Vec<&str> = risk.stores.iter().map(StoreId::as_str).collect();
    let mut draft = Draft::new(request, EventKind::RiskAccepted, now)
        .detail("risk", UNPROVEN)
        .detail("stores", stores.join(" "));
    draft.why = Some(risk.reason.clone());
    draft.request.accepted_risks.retain(|other| other.by != risk.by);
    draft.request.accepted_risks.push(risk);
    if draft.request.not_accepted(&draft.request.unproven).is_empty() {
        draft.request.attempts = 0;
        return draft.wake(enter_at);
    }
    // It stays parked, and is tried again when it would have been.
    draft.request.progress_by = progress_by;
    draft
}

fn why_not(request: &Request, risk: &AcceptedRisk) -> Option<String> {
    let is_unproven = request.parked.as_ref().is_some_and(|p| p.code == Code::StoreUnproven.as_str());
    if request.status != Status::Parked || !is_unproven {
        let detail = "Nothing was done. Only while a request is parked for `store-unproven` there is a risk to accept: \
                      `GET /v1/requests/{id}` says where it is.";
        return Some(detail.to_owned());
    }
    let own = request.accepted_risks.iter().find(|other| other.by == risk.by);
    if own.is_some_and(|own| risk.stores.iter().all(|store| own.stores.contains(store))) {
        let detail =
            "Nothing was done. You accepted this already: a second officer, who is somebody else, must too.";
        return Some(detail.to_owned());
    }
    if own.is_none() && request.accepted_risks.len() >= MOST {
        return Some(
            "Nothing was done. Twenty officers accepted already: let two of them accept again.".to_owned(),
        );
    }
    None
}
