//! `GET /v1/requests/{id}/receipt`, and the salt that it names the person by.

use audit::Entry;
use audit::receipt::{DETAIL, Unissuable};
use contract::audit::SaltView;
use contract::problem::{Invalid, Problem};
use domain::access::Role;
use domain::event::{About, Event};
use domain::{Request, RequestId};
use jiff::Timestamp;
use ports::KeyScope;

use super::Ports;
use crate::api::refusal::{Refusal, invalid, not_found};
use crate::api::{Answer, Call};
use crate::checkpoints::{AGAIN_FOR, receipts_of};
use crate::error::StepError;
use crate::receipts::salt_under;
use crate::subject::Pseudonymiser;

/// Receipts of one request that are looked at: it is closed again only if it was reopened.
const MOST: usize = 100;

/// Gives the last receipt of a request, or that of the closing with this place in the log, as it was issued: its bytes are
/// the proof.
pub(super) async fn receipt(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let bytes = match call.query.get("entry") {
        Some(entry) => of_entry(ports, call, entry).await?,
        None => last(ports, &find(ports, call).await?).await?,
    };
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| StepError::broken("receipt", "a receipt does not read"))?;
    Ok(Answer::text(200, text))
}

/// The receipt of the closing with this place. What an earlier log issued, under another name or by another key, is none of an
/// entry of this one. The log has the closing also where the table was restored, and the request is in it no more.
async fn of_entry(ports: &Ports, call: &Call, entry: &str) -> Result<Vec<u8>, Refusal> {
    let (tenant, id) = (call.tenant(), id_of(call)?);
    if call.principal.role == Role::Subject {
        find(ports, call).await?;
    }
    let wrong =
        || invalid(vec![Invalid::new("query:entry", "this must be the place of an entry in the log")]);
    let seq: u64 = entry.parse().map_err(|_| wrong())?;
    let key = ports.key(tenant).await?;
    let own = ports.checkpoints(tenant, &key);
    if let Some(bytes) = ports.evidence.get(&own.receipt_object(&id, seq)).await? {
        return Ok(bytes);
    }
    let blocks = ports.audit_log.read(tenant, seq, 1).await?;
    let entry = blocks.into_iter().flat_map(|block| block.entries).find(|entry| entry.seq == seq);
    let about = About::Request(id.clone());
    let closing = entry.filter(|entry| entry.event.about == about && entry.event.detail.contains_key(DETAIL));
    let Some(Entry { event: Event { at, .. }, .. }) = closing else {
        return Err(Problem::not_found("The log has no closing of this request in that place.").into());
    };
    let why = own.why_none(at, &id, seq).await?;
    Err(why.map_or_else(not_yet, |why| never(why, at)).into())
}

/// That of the present closing. What an earlier log issued counts until there is one of this log. One of an earlier closing does
/// not: since then the person was found again, and it says that nothing was left.
async fn last(ports: &Ports, request: &Request) -> Result<Vec<u8>, Refusal> {
    let keys = ports.evidence.list(&receipts_of(&request.tenant, &request.id), None, MOST).await?;
    let key = ports.key(&request.tenant).await?;
    let own = ports.checkpoints(&request.tenant, &key);
    let prefix = own.own_receipts_of(&request.id);
    if let Some(last) = keys.iter().rfind(|key| key.starts_with(&prefix)).or(keys.last()) {
        let bytes = ports.evidence.get(last).await?;
        let bytes = bytes.ok_or_else(|| StepError::broken("receipt", "a receipt is not there"))?;
        if closed_at(&bytes).is_none_or(|at| Some(at) == request.closed_at) {
            return Ok(bytes);
        }
    }
    if let Some(at) = request.closed_at
        && let Some(why) = own.why_none_on(at, &request.id).await?
    {
        return Err(never(why, at).into());
    }
    if request.status.is_end() {
        return Err(not_yet().into());
    }
    Err(Problem::not_found("There is no receipt yet: the request is not closed.").into())
}

/// Of which closing a receipt is, whatever version wrote it.
fn closed_at(receipt: &[u8]) -> Option<Timestamp> {
    let receipt: serde_json::Value = serde_json::from_slice(receipt).ok()?;
    receipt["statement"]["closed_at"].as_str()?.parse().ok()
}

fn not_yet() -> Problem {
    Problem::not_found(
        "There is no receipt yet: it is issued when the end of the request is in a signed checkpoint, within some ten \
         minutes. Ask again.",
    )
}

/// It cannot be issued as things are.
fn never(why: Unissuable, closed_at: Timestamp) -> Problem {
    let detail = match why {
        Unissuable::StatementAltered => {
            let until = closed_at.checked_add(AGAIN_FOR).unwrap_or(Timestamp::MAX).strftime("%Y-%m-%d");
            format!(
                "What the receipt would say is not what the log has of it, so there is none. Whoever runs this service was told, \
                 and can have it mended until {until}. After that there will be none."
            )
        }
        Unissuable::ReceiptTooLarge => {
            "The receipt would be larger than receipts may be, so there is none, and will be none. What was done is in the log."
                .to_owned()
        }
    };
    Problem::no_receipt(detail).coded(why.as_str())
}

/// Gives the salt to the person whose request it is, and to nobody else.
pub(super) async fn salt(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let request = find(ports, call).await?;
    let own = call.principal.identities.iter();
    let names = Pseudonymiser::of(&*ports.keyring, call.tenant()).await?;
    let own: Vec<_> = own.map(|identity| names.subject(identity)).collect::<Result<_, _>>()?;
    // A part of the person is not enough: the salt tells about every identity of the receipt.
    let all = !request.subject.is_empty() && request.subject.iter().all(|one| own.contains(one));
    if !all {
        return Err(not_found().into());
    }
    let kept = request.salt.filter(|_| request.status.is_end());
    let scope = KeyScope::Receipt(request.tenant.clone(), request.id.clone());
    match (ports.keyring.open(&scope).await?, kept) {
        (Some(key), _) => {
            let salt = hex::encode(salt_under(&key, &request.id)?);
            Ok(Answer::json(200, &SaltView { salt, kept_until: kept.map(|kept| kept.until) })?)
        }
        // It was there when the request ended.
        (None, Some(_)) => Err(salt_is_gone().into()),
        (None, None) => Err(not_found().into()),
    }
}

fn salt_is_gone() -> Problem {
    Problem::gone(
        "The salt was destroyed, since its time was over. The receipt proves the same without it, and whoever kept the \
         salt can still show whose it is. It is not made again.",
    )
}

fn id_of(call: &Call) -> Result<RequestId, Refusal> {
    Ok(call.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(not_found)?)
}

/// The request, if the caller may see it: a person one that names them, all others their tenant's.
async fn find(ports: &Ports, call: &Call) -> Result<Request, Refusal> {
    let request = ports.requests.load(call.tenant(), &id_of(call)?).await?.ok_or_else(not_found)?;
    if call.principal.role == Role::Subject {
        let names = Pseudonymiser::of(&*ports.keyring, call.tenant()).await?;
        let own = call.principal.identities.iter().map(|identity| names.subject(identity));
        let own: Vec<_> = own.collect::<Result<_, _>>()?;
        if !request.subject.iter().any(|one| own.contains(one)) {
            return Err(not_found().into());
        }
    }
    Ok(request)
}
