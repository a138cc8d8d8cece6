//! `GET /v1/requests/{id}/receipt`, and the salt that it names the person by.

use std::collections::BTreeSet;

use contract::audit::SaltView;
use contract::problem::{Invalid, Problem};
use domain::Request;
use domain::access::Role;
use ports::KeyScope;

use super::Ports;
use crate::api::refusal::{Refusal, invalid, not_found};
use crate::api::{Answer, Call};
use crate::checkpoints::receipts_of;
use crate::error::StepError;
use crate::receipts::salt_under;
use crate::subject::Pseudonymiser;

/// Receipts of one request that are looked at: it is closed again only if it was reopened.
const MOST: usize = 100;

/// Gives the last receipt of a request, or that of the closing with this place in the log, as it was issued: its bytes are
/// the proof.
pub(super) async fn receipt(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let request = find(ports, call).await?;
    let mut keys = ports.evidence.list(&receipts_of(&request.tenant, &request.id), None, MOST).await?;
    if let Some(entry) = call.query.get("entry") {
        let wrong =
            || invalid(vec![Invalid::new("query:entry", "this must be the place of an entry in the log")]);
        let seq: u64 = entry.parse().map_err(|_| wrong())?;
        keys.retain(|key| key.ends_with(&format!("/{seq:020}")));
    }
    let logs: BTreeSet<&str> =
        keys.iter().filter_map(|key| key.rsplit_once('/')).map(|(log, _)| log).collect();
    let mut last = keys.last();
    if logs.len() > 1 {
        // What an earlier log issued, under another name or by another key, counts until there is one of this log.
        let key = ports.key(&request.tenant).await?;
        let own = ports.checkpoints(&request.tenant, &key).own_receipts_of(&request.id);
        last = keys.iter().rfind(|key| key.starts_with(&own)).or(last);
    }
    let Some(last) = last else {
        return Err(not_yet(&request).into());
    };
    let bytes = ports.evidence.get(last).await?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| StepError::broken("receipt", "a receipt does not read"))?;
    Ok(Answer::text(200, text))
}

fn not_yet(request: &Request) -> Problem {
    if request.status.is_end() {
        Problem::not_found(
            "There is no receipt yet: it is issued when the end of the request is in a signed checkpoint, within some ten \
             minutes. Ask again. If there is none after an hour, ask whoever runs this service: they are told of receipts \
             that cannot be issued.",
        )
    } else {
        Problem::not_found("There is no receipt yet: the request is not closed.")
    }
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

/// The request, if the caller may see it: a person one that names them, all others their tenant's.
async fn find(ports: &Ports, call: &Call) -> Result<Request, Refusal> {
    let id = call.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    let request = ports.requests.load(call.tenant(), &id).await?.ok_or_else(not_found)?;
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
