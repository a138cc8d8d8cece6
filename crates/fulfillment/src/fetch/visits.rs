//! From where packages were fetched: sealed, outside of the audit, for a while, and read by few.

use contract::api::List;
use contract::export::DownloadView;
use domain::event::EventKind;
use domain::pii::exposed;
use domain::{Personal, Request};
use jiff::{SignedDuration, Timestamp};
use ports::{KeyScope, MOST_VISITS};
use serde::{Deserialize, Serialize};
use vault::Context;
use zeroize::Zeroizing;

use super::{Ports, Visitor, actor, aside, scope};
use crate::api::refusal::{Refusal, not_found};
use crate::api::{Answer, Call};
use crate::change::{Amend, amend_plainly, later};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// How long it is kept who came from where.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One visit, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    at: Timestamp,
    #[serde(with = "exposed")]
    address: Personal,
    #[serde(with = "exposed")]
    client: Personal,
}

/// Keeps from where somebody came who is given a link.
pub(super) async fn keep(
    ports: &Ports,
    request: &Request,
    link: u32,
    visitor: &Visitor,
) -> Result<(), StepError> {
    let now = ports.clock.now();
    let key = ports.keyring.obtain(&KeyScope::Pseudonyms(request.tenant.clone())).await?;
    let clipped =
        |text: &Personal| Personal::new(text.expose().chars().take(MOST_VISITS).collect::<String>());
    let kept = Kept { at: now, address: clipped(&visitor.address), client: clipped(&visitor.client) };
    let plain = serde_json::to_vec(&kept).map_err(|_| StepError::broken("seal", "visit"))?;
    let object = object(request, link);
    let sealed =
        vault::seal(&key, &context(request, &object), ports.entropy.bytes(), &Zeroizing::new(plain))?;
    let until = later(now, KEPT_FOR).unwrap_or(Timestamp::MAX);
    Ok(ports.visits.keep(&request.tenant, &request.id, link, sealed, until).await?)
}

/// `GET /v1/requests/{id}/downloads`: says from where packages were fetched, once it is in the audit that
/// somebody asked.
pub(super) async fn list(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let id = call.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    let request = ports.requests.load(call.tenant(), &id).await?.ok_or_else(not_found)?;
    let names = Pseudonymiser::of(&*ports.keyring, call.tenant()).await?;
    let actor = actor(call, &names)?;
    let scope = scope(ports, &request, &actor);
    amend_plainly(&scope, |request| {
        Ok(Amend::commit(aside(request, EventKind::VisitsRead, scope.clock.now()), ()))
    })
    .await?;
    let key = ports.keyring.obtain(&KeyScope::Pseudonyms(request.tenant.clone())).await?;
    let mut kept = ports.visits.kept(&request.tenant, &request.id, ports.clock.now()).await?;
    kept.sort_by_key(|(link, _)| *link);
    let mut items = Vec::with_capacity(kept.len());
    for (link, sealed) in kept {
        let object = object(&request, link);
        let plain = vault::open(&key, &context(&request, &object), &sealed).map_err(StepError::from)?;
        let plain = Zeroizing::new(plain);
        let Kept { at, address, client } =
            serde_json::from_slice(&plain).map_err(|_| StepError::broken("open", "visit"))?;
        items.push(DownloadView { link, at, address, client });
    }
    Ok(Answer::json(200, &List { items, cursor: None })?)
}

/// What a sealed visit is bound to: one link of one request.
fn object(request: &Request, link: u32) -> String {
    format!("{}/{link}", request.id)
}

fn context<'a>(request: &'a Request, object: &'a str) -> Context<'a> {
    Context { tenant: request.tenant.as_str(), purpose: "visit", object }
}
