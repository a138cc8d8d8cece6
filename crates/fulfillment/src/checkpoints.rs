//! A tenant's checkpoints, as they are kept among the evidence.
//!
//! ```text
//! checkpoints/{tenant}/{size}      the note of the checkpoint over so many entries
//! ranges/{tenant}/{size}           the tree at that size, as far as it must be known to go on from it
//! issued/{tenant}/{size}           every receipt of the entries up to it is issued
//! receipts/{tenant}/{request}/{seq}   the receipt of the closing with that place in the chain
//! packs/{tenant}/{pack}            the proof that the log has an evidence pack
//! ```
//!
//! Sizes are written with 20 digits, so that they sort. Each object is written once; a range before its checkpoint, so
//! a checkpoint that is there can be gone on from.

use audit::export::Before;
use audit::tree::Range;
use audit::{Checkpoint, VerifierKey, origin};
use domain::{PackId, RequestId, TenantId};
use ports::{Class, Code, Evidence, Fault, Notary, Put};
use serde::{Deserialize, Serialize};

/// What makes and reads them.
#[derive(Clone, Copy)]
pub struct Checkpoints<'a> {
    /// The evidence.
    pub evidence: &'a dyn Evidence,
    /// Whose log it is.
    pub tenant: &'a TenantId,
    /// The key that signs the log, under the log's name.
    pub key: &'a VerifierKey,
}

/// A checkpoint with what is needed to go on from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How many entries it is over.
    pub size: u64,
    /// Its note.
    pub note: String,
    /// The hash of the last entry, in hex.
    pub hash: String,
    /// The tree.
    pub range: Range,
    /// The size of the checkpoint before it.
    pub base: u64,
}

#[derive(Serialize, Deserialize)]
struct Ground {
    base: u64,
    before: Before,
}

/// The key that signs a tenant's log: the notary's, under the log's name.
pub async fn key_of(notary: &dyn Notary, log: &str, tenant: &TenantId) -> Result<VerifierKey, Fault> {
    let public = notary.public_key().await?;
    VerifierKey::new(&origin(log, tenant), public).ok_or_else(|| {
        let detail = "the log's name has white space or a plus";
        Fault::new(Class::Permanent, Code::SettingsInvalid, "checkpoint", tenant.as_str(), detail)
    })
}

/// Where the receipts of a request are.
pub fn receipts_of(tenant: &TenantId, id: &RequestId) -> String {
    format!("receipts/{tenant}/{id}/")
}

/// Where the receipt of a closing is.
pub fn receipt_object(tenant: &TenantId, id: &RequestId, seq: u64) -> String {
    format!("{}{seq:020}", receipts_of(tenant, id))
}

/// Where the proof of an evidence pack is.
pub fn pack_object(tenant: &TenantId, id: &PackId) -> String {
    format!("packs/{tenant}/{id}")
}

impl Checkpoints<'_> {
    fn object(&self, kind: &str, size: u64) -> String {
        format!("{kind}/{}/{size:020}", self.tenant)
    }

    /// Something that only an attack or a fault of the storage explains.
    pub fn broken(&self, detail: &'static str) -> Fault {
        Fault::new(Class::Permanent, Code::AuditBroken, "checkpoint", self.tenant.as_str(), detail)
    }

    /// The size of the first checkpoint over more than so many entries.
    pub async fn after(&self, size: u64) -> Result<Option<u64>, Fault> {
        let prefix = format!("checkpoints/{}/", self.tenant);
        let found = self.evidence.list(&prefix, Some(&self.object("checkpoints", size)), 1).await?;
        let Some(key) = found.first() else { return Ok(None) };
        let size = key.strip_prefix(&prefix).filter(|digits| digits.len() == 20);
        let size = size.and_then(|digits| digits.parse().ok());
        size.map(Some).ok_or_else(|| self.broken("an object among the checkpoints is none"))
    }

    /// The last checkpoint over at most so many entries. Nothing is kept that says which it is, so that nothing can
    /// say a wrong one: it is searched for, in as many steps as the number has bits.
    pub async fn last(&self, most: u64) -> Result<Option<Standing>, Fault> {
        let (mut found, mut low, mut high) = (None, 0, most);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.after(middle).await? {
                Some(size) if size <= most => {
                    found = Some(size);
                    low = size;
                }
                _ => high = middle,
            }
        }
        match found {
            Some(size) => self.standing(size).await.map(Some),
            None => Ok(None),
        }
    }

    /// The checkpoint over so many entries, which must be there.
    pub async fn standing(&self, size: u64) -> Result<Standing, Fault> {
        let note = self.evidence.get(&self.object("checkpoints", size)).await?;
        let note = note.and_then(|note| String::from_utf8(note).ok());
        let note = note.ok_or_else(|| self.broken("a checkpoint is not there"))?;
        let signed = Checkpoint::open(&note, self.key);
        let signed = signed.map_err(|_| self.broken("a checkpoint is not signed by the key"))?;
        let ground = self.evidence.get(&self.object("ranges", size)).await?;
        let ground = ground.and_then(|ground| serde_json::from_slice::<Ground>(&ground).ok());
        let ground = ground.ok_or_else(|| self.broken("the range of a checkpoint does not read"))?;
        let range =
            ground.before.range(size).filter(|range| range.root() == signed.root && signed.size == size);
        let range = range.ok_or_else(|| self.broken("the range of a checkpoint is not what was signed"))?;
        Ok(Standing { size, note, hash: ground.before.hash, range, base: ground.base })
    }

    /// Keeps a new checkpoint. One of that size that is there already must be the same.
    pub async fn keep(&self, new: &Standing) -> Result<(), Fault> {
        let ground = Ground { base: new.base, before: Before::new(&new.hash, &new.range) };
        let ground = serde_json::to_vec(&ground).map_err(|_| self.broken("a range cannot be written"))?;
        self.evidence.put_once(&self.object("ranges", new.size), ground).await?;
        let (object, note) = (self.object("checkpoints", new.size), new.note.as_bytes());
        if self.evidence.put_once(&object, note.to_vec()).await? == Put::There
            && self.evidence.get(&object).await?.as_deref() != Some(note)
        {
            return Err(self.broken("another checkpoint of this size is there"));
        }
        Ok(())
    }

    /// Whether the receipts up to a checkpoint are issued.
    pub async fn is_issued(&self, size: u64) -> Result<bool, Fault> {
        Ok(self.evidence.get(&self.object("issued", size)).await?.is_some())
    }

    /// They are.
    pub async fn issued(&self, size: u64) -> Result<(), Fault> {
        self.evidence.put_once(&self.object("issued", size), b"issued\n".to_vec()).await.map(drop)
    }
}
