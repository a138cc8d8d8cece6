//! Checking a receipt.

use domain::event::About;

use super::{Pinned, against, exactly};
use crate::checkpoint::{Checkpoint, Inclusion, tenant_of};
use crate::entry::hash_of;
use crate::problem::{Problem, Wrong};
use crate::receipt::{DETAIL, Receipt, Statement};
use crate::tree::{Hash, leaf};

/// What a receipt was found to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// What was done.
    pub statement: Statement,
    /// The place of the entry that closed the request.
    pub seq: u64,
    /// That entry's hash, as it was computed.
    pub hash: Hash,
    /// The checkpoint that covers it.
    pub checkpoint: Checkpoint,
}

/// Checks a receipt: that the log of the key's name says what its statement says.
pub fn receipt(pinned: &Pinned, bytes: &[u8]) -> Result<Proved, Problem> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let receipt: Receipt = exactly(bytes).ok_or(Problem::of("receipt", Wrong::Unreadable))?;
    if receipt.receipt != "lacuna/1" {
        return Err(Problem::of("receipt", Wrong::Unreadable));
    }
    let Receipt { entry, hash, proof, statement, .. } = receipt;
    let seq = entry.seq;
    let at = |field, what| Problem::at(seq, Some(field), what);
    let own = hash_of(&hash).ok_or(at("hash", Wrong::Altered))?;
    if leaf(&entry.bytes()) != own {
        let field = crate::checks::differing(&entry.event, &entry.legal_basis, &entry.checks);
        return Err(Problem::at(seq, field, Wrong::Altered));
    }
    let inclusion = Inclusion::parse(&proof).map_err(|_| at("proof", Wrong::Unreadable))?;
    let signed = Checkpoint::open(&inclusion.note, &pinned.key);
    let checkpoint = signed.map_err(|_| at("proof.checkpoint", Wrong::Forged))?;
    if Some(inclusion.index) != seq.checked_sub(1) || !inclusion.holds(&own, &checkpoint) {
        return Err(at("proof", Wrong::NotIncluded));
    }
    against(pinned.since.as_ref(), &checkpoint)?;
    let event = &entry.event;
    let ours = tenant_of(pinned.key.name()).is_some_and(|tenant| tenant == event.tenant);
    if !ours || event.tenant != statement.tenant || event.about != About::Request(statement.request.clone()) {
        return Err(at("statement.request", Wrong::AnotherRequest));
    }
    if event.detail.get(DETAIL) != Some(&statement.sha256()) {
        return Err(at("statement", Wrong::NotTheStatement));
    }
    if event.status != Some(statement.outcome) {
        return Err(at("statement.outcome", Wrong::Contradicted));
    }
    Ok(Proved { statement, seq, hash: own, checkpoint })
}
