//! That the log has a pack's manifest, and goes on from the pack's own log.

use domain::PackId;
use domain::event::{About, EventKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::flaw::Unfit;
use super::{Manifest, PART};
use crate::checkpoint::{Checkpoint, Inclusion, tenant_of};
use crate::consistency::goes_on;
use crate::entry::{Content, Entry, hash_of};
use crate::note::VerifierKey;
use crate::problem::{Problem, Wrong};
use crate::tree::Hash;
use crate::verify::exactly;

/// What the entry's detail calls the period.
pub const PERIOD: &str = "period";

/// The entry `audit.packed`, and the proof that it is in the log. One line of canonical JSON, like a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackProof {
    /// That the log of the checkpoint goes on from the pack's own: a consistency proof (RFC 6962, section 2.1.2), each hash in
    /// hex. The log has none, since it does not know where a pack's log ends: whoever makes the pack puts it in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consistency: Vec<String>,
    pub(crate) entry: Content,
    /// The entry's hash, in hex.
    pub hash: String,
    /// The format: `lacuna/1`.
    pub pack: String,
    /// That it is in the log: a tlog-proof with the checkpoint's note.
    pub proof: String,
}

/// What binds a pack to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The entry's place.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who had it written, as the audit names them.
    pub who: String,
    /// The checkpoint that covers it.
    pub checkpoint: Checkpoint,
}

impl PackProof {
    /// The proof of an entry.
    pub fn new(entry: &Entry, proof: String) -> Self {
        let (entry, hash) = (entry.clone().into(), entry.hash.clone());
        Self { consistency: Vec::new(), entry, hash, pack: PART.to_owned(), proof }
    }

    /// Reads what is written, and nothing else. It proves nothing yet.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        exactly(bytes)
    }

    /// How many entries its checkpoint says that it is over, whoever signed it; `None` if it does not read.
    pub fn covers(&self) -> Option<u64> {
        let inclusion = Inclusion::parse(&self.proof).ok()?;
        Checkpoint::unchecked(&inclusion.note).ok().map(|checkpoint| checkpoint.size)
    }

    /// The same, with the proof that its log goes on from the pack's own.
    #[must_use]
    pub fn joined(self, consistency: &[Hash]) -> Self {
        Self { consistency: consistency.iter().map(hex::encode).collect(), ..self }
    }

    /// As it is written.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Checks it for a pack whose manifest has this SHA-256 and whose log has so many entries and this root.
    pub(super) fn check(
        bytes: &[u8],
        key: &VerifierKey,
        (id, manifest): (&PackId, &Manifest),
        (log_last, log_root): (u64, &Hash),
    ) -> Result<Bound, Unfit> {
        let Self { consistency, entry, hash, pack, proof } = Self::read(bytes).ok_or(Unfit::Unreadable)?;
        if pack != PART {
            return Err(Unfit::Unreadable);
        }
        let seq = entry.seq;
        let at = |field, what| Problem::at(seq, Some(field), what);
        let own = hash_of(&hash).ok_or(at("hash", Wrong::Altered))?;
        let restored = Entry::from_content(entry);
        if restored.hash != hash {
            return Err(Problem::at(seq, restored.altered_field(), Wrong::Altered).into());
        }
        let inclusion = Inclusion::parse(&proof).map_err(|_| at("proof", Wrong::Unreadable))?;
        let checkpoint =
            Checkpoint::open(&inclusion.note, key).map_err(|_| at("proof.checkpoint", Wrong::Forged))?;
        if Some(inclusion.index) != seq.checked_sub(1) || !inclusion.holds(&own, &checkpoint) {
            return Err(at("proof", Wrong::NotIncluded).into());
        }
        let event = restored.event;
        if tenant_of(key.name()).is_none_or(|tenant| tenant != event.tenant)
            || event.tenant != manifest.tenant
        {
            return Err(Unfit::Foreign);
        }
        if event.kind != EventKind::Packed || event.about != About::Pack(id.clone()) {
            return Err(Unfit::AnotherPack);
        }
        if event.detail.get(PERIOD) != Some(&manifest.period.to_string()) {
            return Err(Unfit::AnotherPeriod);
        }
        if seq <= log_last {
            return Err(Unfit::TooEarly);
        }
        let consistency: Option<Vec<Hash>> = consistency.iter().map(|hash| hash_of(hash)).collect();
        let later = (checkpoint.size, &checkpoint.root);
        if !consistency.is_some_and(|proof| goes_on((log_last, log_root), later, &proof)) {
            return Err(Unfit::NotJoined);
        }
        Ok(Bound { seq, at: event.at, who: event.who, checkpoint })
    }
}
