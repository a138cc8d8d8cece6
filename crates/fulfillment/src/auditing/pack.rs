//! `GET /v1/audit/packs/{id}`: the proof that the log has a pack.

use contract::problem::Problem;
use domain::PackId;

use super::Ports;
use crate::api::refusal::{Refusal, not_found};
use crate::api::{Answer, Call};
use crate::checkpoints::pack_object;
use crate::error::StepError;

/// Gives the proof as it was issued: its bytes go into the pack.
pub(super) async fn proof(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let id: PackId = call.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    let bytes = ports.evidence.get(&pack_object(call.tenant(), &id)).await?;
    let bytes = bytes.ok_or_else(|| {
        Problem::not_found(
            "There is no proof of such a pack yet: it is issued when the pack's entry is in a signed checkpoint, within \
             some ten minutes. Ask again.",
        )
    })?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| StepError::broken("pack", "the proof of a pack does not read"))?;
    Ok(Answer::text(200, text))
}
