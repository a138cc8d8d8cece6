//! Checking a receipt that says more than this version can read.
//!
//! Functions are updated one by one, and a verifier is kept for years. A field or a word that is not known here is not an
//! alteration, if what has it is under the log's signature as it stands.

use serde_json::{Map, Value};

use super::{Pinned, against};
use crate::checkpoint::{Checkpoint, Inclusion, tenant_of};
use crate::entry::hash_of;
use crate::problem::{Problem, Wrong};
use crate::receipt::{DETAIL, Receipt, sha256_of};
use crate::tree::leaf;

/// A receipt that is whole, and that only a later version can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// The place of the entry that closed the request.
    pub seq: u64,
    /// The hash of that entry, in hex.
    pub hash: String,
    /// Which request, as it is written.
    pub request: String,
    /// SHA-256 of the statement, in hex.
    pub statement: String,
    /// The checkpoint that covers it.
    pub checkpoint: Checkpoint,
}

/// Checks a receipt that does not read: that its statement, as it stands, is what its entry names, and the entry is in the
/// log. Otherwise it is one that was altered.
pub(crate) fn newer(pinned: &Pinned, bytes: &[u8]) -> Result<Newer, Problem> {
    let unreadable = Problem::of("receipt", Wrong::Unreadable);
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    // What reads, and was refused, is written in another way than it has to be.
    if serde_json::from_slice::<Receipt>(bytes).is_ok() {
        return Err(unreadable);
    }
    let receipt: Option<Value> = serde_json::from_slice(bytes).ok();
    let receipt =
        receipt.filter(|receipt| is_plain(receipt) && crate::canonical(receipt).as_bytes() == bytes);
    let parts = receipt.as_ref().and_then(Parts::of).ok_or(unreadable.clone())?;
    if leaf(crate::canonical(parts.entry).as_bytes()) != parts.hash
        || parts.event.get("detail").and_then(|detail| detail.get(DETAIL)?.as_str())
            != Some(&sha256_of(crate::canonical(parts.statement).as_bytes()))
    {
        return Err(unreadable);
    }
    let seq = parts.seq;
    let at = |field, what| Problem::at(seq, Some(field), what);
    let inclusion = Inclusion::parse(parts.proof).map_err(|_| at("proof", Wrong::Unreadable))?;
    let signed = Checkpoint::open(&inclusion.note, &pinned.key);
    let checkpoint = signed.map_err(|_| at("proof.checkpoint", Wrong::Forged))?;
    if Some(inclusion.index) != seq.checked_sub(1) || !inclusion.holds(&parts.hash, &checkpoint) {
        return Err(at("proof", Wrong::NotIncluded));
    }
    against(pinned.since.as_ref(), &checkpoint)?;
    let (event, statement) = (parts.event, parts.statement);
    let ours = tenant_of(pinned.key.name());
    let ours = ours.as_ref().map(domain::TenantId::as_str);
    let tenant = event.get("tenant").and_then(Value::as_str);
    let request = event.get("about").and_then(|about| about.get("request"));
    if tenant.is_none()
        || tenant != ours
        || statement.get("tenant").and_then(Value::as_str) != tenant
        || request.is_none()
        || statement.get("request") != request
    {
        return Err(at("statement.request", Wrong::AnotherRequest));
    }
    if event.get("status").is_none() || event.get("status") != statement.get("outcome") {
        return Err(at("statement.outcome", Wrong::Contradicted));
    }
    Ok(Newer {
        seq,
        hash: hex::encode(parts.hash),
        request: request.and_then(Value::as_str).unwrap_or_default().to_owned(),
        statement: sha256_of(crate::canonical(statement).as_bytes()),
        checkpoint,
    })
}

/// What a receipt has where, whatever else it has.
struct Parts<'a> {
    entry: &'a Value,
    event: &'a Map<String, Value>,
    seq: u64,
    hash: [u8; 32],
    proof: &'a str,
    statement: &'a Value,
}

impl<'a> Parts<'a> {
    fn of(receipt: &'a Value) -> Option<Self> {
        let text = |name| receipt.get(name).and_then(Value::as_str);
        let entry = receipt.get("entry")?;
        Some(Self {
            entry,
            event: entry.get("event")?.as_object()?,
            seq: entry.get("seq")?.as_u64()?,
            hash: hash_of(text("hash")?)?,
            proof: text("proof")?,
            statement: receipt.get("statement").filter(|statement| statement.is_object())?,
        })
        .filter(|_| text("receipt") == Some("lacuna/1"))
    }
}

/// Whether JSON has only what a proof may have: texts, whole numbers below 2^53, true and false.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_u64().is_some_and(|number| number < 1 << 53),
        Value::Array(items) => items.iter().all(is_plain),
        Value::Object(fields) => fields.values().all(is_plain),
    }
}
