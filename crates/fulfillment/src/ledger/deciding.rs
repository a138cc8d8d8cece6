//! What officers decide about people who were met in a live store.
//!
//! Sampling makes one request at a time for somebody, whichever store they were met in: it waits until somebody says that
//! they are to be erased, or cancels it because they came back by themselves. That decision is the request itself, found
//! again by its id. One that nobody looked at in time decides nothing, and another one follows it.

use domain::{Request, RequestId, Status, TenantId};
use jiff::Timestamp;
use ports::Requests;

use super::asking::id_of;
use crate::change::{VERIFIED_WITHIN, later};
use crate::error::StepError;

/// How often somebody is asked about one person at the most: over more than ten years, if nobody ever answers.
const MOST_ASKED: u32 = 64;

/// How it stands with somebody who was erased and was met again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decided {
    /// Nobody has decided, nor was asked: this is the next request's id.
    Nothing(RequestId),
    /// Somebody was asked and decides about it, or a source wants the person kept.
    Asked,
    /// They came back by themselves, and may stay.
    MayStay,
}

/// What was decided about whoever was erased at first by a request.
pub(crate) async fn decided(
    requests: &dyn Requests,
    tenant: &TenantId,
    original: &RequestId,
) -> Result<Decided, StepError> {
    for turn in 0..MOST_ASKED {
        let id = id_of(Timestamp::UNIX_EPOCH, &["sample", original.as_str(), &turn.to_string()]);
        let Some(request) = requests.load(tenant, &id).await? else { return Ok(Decided::Nothing(id)) };
        match request.status {
            Status::Cancelled if !ran_out(&request) => return Ok(Decided::MayStay),
            Status::Cancelled | Status::Fulfilled | Status::PartiallyFulfilled | Status::NoMatch => {}
            _ => return Ok(Decided::Asked),
        }
    }
    Ok(Decided::Asked)
}

/// Whether a request was cancelled by the sweeper, because nobody had verified it in time. An officer's word comes before
/// that time, or it is too late to count as one: then somebody is asked once more.
fn ran_out(request: &Request) -> bool {
    let until = later(request.received_at, VERIFIED_WITHIN);
    request.verification.is_none()
        && request.closed_at.zip(until).is_some_and(|(closed, until)| closed >= until)
}
