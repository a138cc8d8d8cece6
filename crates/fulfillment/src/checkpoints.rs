//! A tenant's checkpoints, as they are kept among the evidence.
//!
//! ```text
//! checkpoints/{tenant}/{key}/{size}       the note of the checkpoint over so many entries
//! ranges/{tenant}/{key}/{size}            the tree at that size, as far as it must be known to go on from it
//! issued/{tenant}/{key}/{size}            the receipts of the entries up to it were gone through
//! receipts/{tenant}/{request}/{key}/{seq} the receipt of the closing with that place in the chain
//! unissuable/{tenant}/{key}/{day}/{size}/{request}/{seq}   there is none so far, and why: a word of [`Unissuable`]
//! packs/{tenant}/{pack}                   the proof that the log has an evidence pack
//! ```
//!
//! `{key}` is the id of the log's key, which is over the log's name and the key itself: under another name, or with another
//! key, it is another log, which begins anew over the same entries and knows nothing of the earlier one. Sizes are
//! written with 20 digits, so that they sort. Each object is written once; a range before its checkpoint is signed, so a
//! checkpoint that is there can be gone on from, and what was about to be signed is known.

mod times;

use audit::export::Before;
use audit::receipt::Unissuable;
use audit::tree::Range;
use audit::{Checkpoint, VerifierKey, origin};
use domain::{PackId, RequestId, TenantId};
use jiff::{SignedDuration, Timestamp};
use ports::{Class, Code, Evidence, Fault, Notary, Put};
use serde::{Deserialize, Serialize};

pub use times::{SLACK, Times};

/// For how long after its closing a receipt that could not be issued is tried again: as long as the table can be had back as
/// it was.
pub const AGAIN_FOR: SignedDuration = SignedDuration::from_hours(35 * 24);

/// Receipts that could not be issued of one day that are looked through for one request at the most.
const MOST_OF_A_DAY: usize = 20_000;

/// The same, that are listed at once.
const PAGE: usize = 1_000;

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
    /// When its entries happened.
    pub times: Times,
}

#[derive(Serialize, Deserialize)]
struct Ground {
    base: u64,
    before: Before,
    times: Times,
}

/// The key that signs a tenant's log: the notary's, under the log's name.
pub async fn key_of(notary: &dyn Notary, log: &str, tenant: &TenantId) -> Result<VerifierKey, Fault> {
    named(notary.public_key().await?, log, tenant)
}

/// The same, of a public key that is known.
pub(crate) fn named(public: [u8; 32], log: &str, tenant: &TenantId) -> Result<VerifierKey, Fault> {
    VerifierKey::new(&origin(log, tenant), public).ok_or_else(|| {
        let detail = "the log's name has white space or a plus";
        Fault::new(Class::Permanent, Code::SettingsInvalid, "checkpoint", tenant.as_str(), detail)
    })
}

/// Where the receipts of a request are, of whichever log.
pub fn receipts_of(tenant: &TenantId, id: &RequestId) -> String {
    format!("receipts/{tenant}/{id}/")
}

fn day_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Where the proof of an evidence pack is.
pub fn pack_object(tenant: &TenantId, id: &PackId) -> String {
    format!("packs/{tenant}/{id}")
}

impl Checkpoints<'_> {
    fn prefix(&self, kind: &str) -> String {
        format!("{kind}/{}/{}/", self.tenant, self.key.id())
    }

    fn object(&self, kind: &str, size: u64) -> String {
        format!("{}{size:020}", self.prefix(kind))
    }

    /// Where this log's receipts of a request are.
    pub fn own_receipts_of(&self, id: &RequestId) -> String {
        format!("{}{}/", receipts_of(self.tenant, id), self.key.id())
    }

    /// Where the receipt of a closing is.
    pub fn receipt_object(&self, id: &RequestId, seq: u64) -> String {
        format!("{}{seq:020}", self.own_receipts_of(id))
    }

    /// Something that only an attack or a fault of the storage explains.
    pub fn broken(&self, detail: &'static str) -> Fault {
        Fault::new(Class::Permanent, Code::AuditBroken, "checkpoint", self.tenant.as_str(), detail)
    }

    /// Sizes of objects of a kind, of more than so many entries, in order.
    async fn sizes(&self, kind: &str, after: u64, most: usize) -> Result<Vec<u64>, Fault> {
        let prefix = self.prefix(kind);
        let found = self.evidence.list(&prefix, Some(&self.object(kind, after)), most).await?;
        let size = |key: &String| {
            let digits = key.strip_prefix(&prefix).filter(|digits| digits.len() == 20);
            digits.and_then(|digits| digits.parse().ok())
        };
        let sizes: Option<Vec<u64>> = found.iter().map(size).collect();
        sizes.ok_or_else(|| self.broken("an object among the checkpoints is none"))
    }

    /// The size of the first checkpoint over more than so many entries.
    pub async fn after(&self, size: u64) -> Result<Option<u64>, Fault> {
        Ok(self.sizes("checkpoints", size, 1).await?.first().copied())
    }

    /// The last checkpoint over at most so many entries. Nothing is kept that says which it is, so that nothing can
    /// say a wrong one: it is searched for, in as many steps as the number has bits.
    pub async fn last(&self, most: u64) -> Result<Option<Standing>, Fault> {
        self.last_from(0, most).await
    }

    /// The same, by whoever knows of one that is over at most so many entries too.
    pub async fn last_from(&self, known: u64, most: u64) -> Result<Option<Standing>, Fault> {
        match self.greatest("checkpoints", known, most).await? {
            0 => Ok(None),
            size => self.standing(size).await.map(Some),
        }
    }

    /// The size of the last object of a kind over at most so many entries; that of a known one, or 0, if there is none.
    async fn greatest(&self, kind: &str, known: u64, most: u64) -> Result<u64, Fault> {
        let (mut found, mut high) = (known, most);
        while found < high {
            let middle = found + (high - found) / 2;
            match self.sizes(kind, middle, 1).await?.first() {
                Some(size) if *size <= most => found = *size,
                _ => high = middle,
            }
        }
        Ok(found)
    }

    /// The checkpoint over so many entries, which must be there.
    pub async fn standing(&self, size: u64) -> Result<Standing, Fault> {
        let note = self.evidence.get(&self.object("checkpoints", size)).await?;
        let note = note.and_then(|note| String::from_utf8(note).ok());
        let note = note.ok_or_else(|| self.broken("a checkpoint is not there"))?;
        let signed = Checkpoint::open(&note, self.key);
        let signed = signed.map_err(|_| self.broken("a checkpoint is not signed by the key"))?;
        let Ground { base, before, times } = self.ground(size).await?;
        let range = before.range(size).filter(|range| range.root() == signed.root && signed.size == size);
        let range = range.ok_or_else(|| self.broken("the range of a checkpoint is not what was signed"))?;
        Ok(Standing { size, note, hash: before.hash, range, base, times })
    }

    async fn ground(&self, size: u64) -> Result<Ground, Fault> {
        let ground = self.evidence.get(&self.object("ranges", size)).await?;
        let ground = ground.and_then(|ground| serde_json::from_slice(&ground).ok());
        ground.ok_or_else(|| self.broken("the range of a checkpoint does not read"))
    }

    /// What earlier runs were about to sign after so many entries, and did not, as far as it is told here: sizes, and what
    /// was before their next entry.
    pub async fn begun(&self, after: u64, to: u64, most: usize) -> Result<Vec<(u64, Before)>, Fault> {
        let mut begun = Vec::new();
        for size in self.sizes("ranges", after, most).await?.into_iter().filter(|size| *size <= to) {
            begun.push((size, self.ground(size).await?.before));
        }
        Ok(begun)
    }

    /// Keeps what a new checkpoint is over. Only then it is signed: if something is there that is not the same, this is not
    /// what was to be signed before.
    pub async fn begin(&self, new: &Standing) -> Result<(), Fault> {
        let before = Before::new(&new.hash, &new.range);
        let ground = Ground { base: new.base, before: before.clone(), times: new.times.clone() };
        let ground = serde_json::to_vec(&ground).map_err(|_| self.broken("a range cannot be written"))?;
        if self.evidence.put_once(&self.object("ranges", new.size), ground).await? == Put::There
            && self.ground(new.size).await?.before != before
        {
            return Err(self.broken("something else was to be signed before"));
        }
        Ok(())
    }

    /// Keeps a new checkpoint. One of that size that is there already must be the same.
    pub async fn keep(&self, new: &Standing) -> Result<(), Fault> {
        let (object, note) = (self.object("checkpoints", new.size), new.note.as_bytes());
        if self.evidence.put_once(&object, note.to_vec()).await? == Put::There
            && self.evidence.get(&object).await?.as_deref() != Some(note)
        {
            return Err(self.broken("another checkpoint of this size is there"));
        }
        Ok(())
    }

    /// Up to which checkpoint the receipts were gone through, of those up to this one.
    pub async fn issued_to(&self, size: u64) -> Result<u64, Fault> {
        match self.sizes("issued", size.saturating_sub(1), 1).await?.first() {
            Some(found) if *found == size => Ok(size),
            _ => self.greatest("issued", 0, size).await,
        }
    }

    /// They were, up to this one. They are in order: those before it were too.
    pub async fn issued(&self, size: u64) -> Result<(), Fault> {
        self.evidence.put_once(&self.object("issued", size), b"issued\n".to_vec()).await.map(drop)
    }

    /// Where it is kept that a closing, of this instant and below that checkpoint, has no receipt.
    pub fn unissuable(&self, at: Timestamp, size: u64, id: &RequestId, seq: u64) -> String {
        let day = day_of(at);
        format!("{}{day}/{size:020}/{id}/{seq:020}", self.prefix("unissuable"))
    }

    /// Why a closing with this place and instant has no receipt; `None` if it may still be issued as it is.
    pub async fn why_none(
        &self,
        at: Timestamp,
        id: &RequestId,
        seq: u64,
    ) -> Result<Option<Unissuable>, Fault> {
        // The checkpoint that covers it.
        let Some(size) = self.after(seq.saturating_sub(1)).await? else { return Ok(None) };
        self.why(&self.unissuable(at, size, id, seq)).await
    }

    /// The same of the last closing of a request on a day, whose place is not known.
    pub async fn why_none_on(&self, at: Timestamp, id: &RequestId) -> Result<Option<Unissuable>, Fault> {
        let day = format!("{}{}/", self.prefix("unissuable"), day_of(at));
        let own = format!("/{id}/");
        let (mut after, mut found) = (None::<String>, None);
        for _ in 0..MOST_OF_A_DAY / PAGE {
            let page = self.evidence.list(&day, after.as_deref(), PAGE).await?;
            let more = page.len() == PAGE;
            after = page.last().cloned();
            found = page.into_iter().rfind(|object| object.contains(&own)).or(found);
            if !more {
                break;
            }
        }
        match found {
            Some(object) => self.why(&object).await,
            None => Ok(None),
        }
    }

    async fn why(&self, object: &str) -> Result<Option<Unissuable>, Fault> {
        let Some(bytes) = self.evidence.get(object).await? else { return Ok(None) };
        let why = std::str::from_utf8(&bytes).ok().and_then(|text| Unissuable::parse(text.trim_end()));
        why.map(Some).ok_or_else(|| self.broken("why there is no receipt does not read"))
    }

    /// After which object those are that are of this day, by UTC, or a later one.
    pub fn unissuable_since(&self, at: Timestamp) -> String {
        format!("{}{}", self.prefix("unissuable"), day_of(at))
    }

    /// Closings that could not have a receipt, in order: the object, below which checkpoint, and where the receipt would be.
    pub async fn unissuable_after(
        &self,
        after: &str,
        most: usize,
    ) -> Result<Vec<(String, u64, String)>, Fault> {
        let prefix = self.prefix("unissuable");
        let read = |object: &String| {
            let mut parts = object.strip_prefix(&prefix)?.split('/').skip(1);
            let (size, id, seq) = (parts.next()?, parts.next()?, parts.next()?);
            let (size, id, seq) = (size.parse().ok()?, id.parse().ok()?, seq.parse().ok()?);
            Some((object.clone(), size, self.receipt_object(&id, seq)))
        };
        let found = self.evidence.list(&prefix, Some(after), most).await?;
        let found: Option<Vec<_>> = found.iter().map(read).collect();
        found.ok_or_else(|| self.broken("an object among the checkpoints is none"))
    }

    /// Whether an object is there, without reading it.
    pub async fn is_there(&self, object: &str) -> Result<bool, Fault> {
        Ok(self.evidence.list(object, None, 1).await?.first().is_some_and(|found| found == object))
    }
}
