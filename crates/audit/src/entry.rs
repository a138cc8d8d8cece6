//! One entry, and the chain of them.

use domain::event::{About, Event};
use serde::{Deserialize, Serialize};

use crate::checks::{checks, differing};
use crate::tree::{Hash, leaf};

/// What the first entry of a chain names as its predecessor.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// An entry of the audit log. Holds no personal data.
///
/// It is written in the order of its fields' names, without white space: canonical as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A check digit for each field, which says what was altered if anything was.
    pub checks: String,
    /// The event, as it was committed with the change that it reports.
    pub event: Event,
    /// The hash of this one, which is its leaf's in the tree.
    pub hash: String,
    /// What obliges or allows the processing.
    pub legal_basis: String,
    /// The hash of the entry before.
    pub prev_hash: String,
    /// Its place in the tenant's chain, from 1.
    pub seq: u64,
}

/// What an entry's hash is over: everything but the hash itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    pub checks: String,
    pub event: Event,
    pub legal_basis: String,
    pub prev_hash: String,
    pub seq: u64,
}

/// The same, of an entry.
#[derive(Serialize)]
struct Hashed<'a> {
    checks: &'a str,
    event: &'a Event,
    legal_basis: &'a str,
    prev_hash: &'a str,
    seq: u64,
}

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// An entry stands where another was expected.
    #[error("entry {found} stands where entry {expected} belongs")]
    Sequence {
        /// What belongs there.
        expected: u64,
        /// What stands there.
        found: u64,
    },
    /// An entry does not follow from the one before.
    #[error("entry {seq} does not follow from the entry before it")]
    Broken {
        /// Which.
        seq: u64,
    },
    /// An entry was changed.
    #[error("entry {seq} was altered{}", field.map(|f| format!(" in its field {f}")).unwrap_or_default())]
    Altered {
        /// Which.
        seq: u64,
        /// In which field, by its check digit; `None` if that does not tell.
        field: Option<&'static str>,
    },
}

impl Entry {
    /// Chains an event after the entry with `prev_hash`.
    pub fn chain(seq: u64, prev_hash: &str, event: Event, legal_basis: &str) -> Self {
        let mut entry = Self {
            checks: checks(&event, legal_basis),
            event,
            hash: String::new(),
            legal_basis: legal_basis.to_owned(),
            prev_hash: prev_hash.to_owned(),
            seq,
        };
        entry.hash = entry.compute_hash();
        entry
    }

    /// What its hash is over, in canonical form.
    pub fn content_bytes(&self) -> Vec<u8> {
        let Self { checks, event, legal_basis, prev_hash, seq, .. } = self;
        // Plain fields and texts as keys: it cannot fail.
        serde_json::to_vec(&Hashed { checks, event, legal_basis, prev_hash, seq: *seq }).unwrap_or_default()
    }

    /// The hash of a leaf of everything but the hash itself (RFC 6962), in hex.
    pub fn compute_hash(&self) -> String {
        hex::encode(leaf(&self.content_bytes()))
    }

    /// Its hash as bytes: what the tree has of it. `None` if it is not written in 64 small hex digits.
    pub fn hash_bytes(&self) -> Option<Hash> {
        hash_of(&self.hash)
    }

    /// Which field was altered, by its check digit.
    pub fn altered_field(&self) -> Option<&'static str> {
        differing(&self.event, &self.legal_basis, &self.checks)
    }

    /// A name of the event that is the same however often it is delivered.
    pub fn event_key(event: &Event) -> String {
        match &event.about {
            About::Request(id) => format!("{id}#{}", event.n),
            About::Hold(id) => format!("{id}#{}", event.n),
            // A store's id has no underscore: no request, and no hold, is named like this.
            About::Store(id) => format!("store_{id}#{}", event.n),
            About::Pack(id) => format!("pack_{id}#{}", event.n),
        }
    }
}

impl Content {
    /// Its canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Entry {
    /// The entry of a content, with the hash that it gives.
    pub(crate) fn from_content(content: Content) -> Self {
        let Content { checks, event, legal_basis, prev_hash, seq } = content;
        let mut entry = Self { checks, event, hash: String::new(), legal_basis, prev_hash, seq };
        entry.hash = entry.compute_hash();
        entry
    }
}

impl From<Entry> for Content {
    fn from(entry: Entry) -> Self {
        let Entry { checks, event, legal_basis, prev_hash, seq, .. } = entry;
        Self { checks, event, legal_basis, prev_hash, seq }
    }
}

/// A hash of 64 small hex digits.
pub(crate) fn hash_of(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok()?;
    (!text.bytes().any(|b| b.is_ascii_uppercase())).then_some(hash)
}

/// Checks entries that follow `prev_hash` from `first` on; the last hash if they are whole.
pub fn verify_chain<'a>(
    first: u64,
    prev_hash: &str,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<String, ChainError> {
    let mut last = prev_hash.to_owned();
    for (expected, entry) in (first..).zip(entries) {
        if entry.seq != expected {
            return Err(ChainError::Sequence { expected, found: entry.seq });
        }
        if entry.prev_hash != last {
            return Err(ChainError::Broken { seq: entry.seq });
        }
        if entry.compute_hash() != entry.hash {
            return Err(ChainError::Altered { seq: entry.seq, field: entry.altered_field() });
        }
        last.clone_from(&entry.hash);
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::EventKind;
    use domain::{Generation, RequestId};
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn event(n: u32) -> Event {
        Event {
            tenant: "demo".parse().expect("a tenant"),
            about: About::Request(RequestId::new(Timestamp::UNIX_EPOCH, 1)),
            n,
            at: Timestamp::UNIX_EPOCH,
            kind: EventKind::Accepted,
            who: "step:plan".into(),
            generation: Generation::FIRST,
            status: None,
            store: None,
            tally: None,
            why: None,
            detail: [("plan".to_owned(), "ab".to_owned())].into(),
            wake: None,
        }
    }

    fn chain(length: u32) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for n in 1..=length {
            let prev = entries.last().map_or(GENESIS.to_owned(), |e| e.hash.clone());
            entries.push(Entry::chain(u64::from(n), &prev, event(n), "GDPR Art. 17"));
        }
        entries
    }

    #[test]
    fn a_whole_chain_verifies_to_its_last_hash() {
        let entries = chain(5);
        assert_eq!(verify_chain(1, GENESIS, &entries), Ok(entries[4].hash.clone()));
        assert_eq!(verify_chain(3, &entries[1].hash, &entries[2..]), Ok(entries[4].hash.clone()));
    }

    #[test]
    fn dropping_swapping_and_doubling_are_named() {
        let mut dropped = chain(4);
        dropped.remove(1);
        assert_eq!(verify_chain(1, GENESIS, &dropped), Err(ChainError::Sequence { expected: 2, found: 3 }));
        let mut swapped = chain(4);
        swapped.swap(1, 2);
        assert_eq!(verify_chain(1, GENESIS, &swapped), Err(ChainError::Sequence { expected: 2, found: 3 }));
        let mut doubled = chain(4);
        doubled.insert(1, doubled[0].clone());
        assert_eq!(verify_chain(1, GENESIS, &doubled), Err(ChainError::Sequence { expected: 2, found: 1 }));
    }

    #[test]
    fn a_recomputed_entry_breaks_its_successor() {
        let mut entries = chain(3);
        entries[1].event.who = "step:erase-store".into();
        assert_eq!(
            verify_chain(1, GENESIS, &entries),
            Err(ChainError::Altered { seq: 2, field: Some("event.who") })
        );
        entries[1].hash = entries[1].compute_hash();
        assert_eq!(verify_chain(1, GENESIS, &entries), Err(ChainError::Broken { seq: 3 }));
    }

    /// Any other language gets the same bytes by sorting the keys.
    #[test]
    fn what_is_hashed_is_canonical_as_it_is_written() {
        for entry in chain(3) {
            let mut value = serde_json::to_value(&entry).expect("json");
            value.as_object_mut().expect("an object").remove("hash");
            assert_eq!(String::from_utf8(entry.content_bytes()).expect("text"), crate::canonical(&value));
            assert_eq!(Content::from(entry.clone()).bytes(), entry.content_bytes());
            assert_eq!(
                serde_json::to_string(&entry).expect("json"),
                crate::canonical(&serde_json::to_value(&entry).expect("json"))
            );
        }
    }

    proptest! {
        /// Any one-bit edit of a stored entry breaks the chain or the reading of it, unless it says the
        /// same in another writing (an instant with a small `z`).
        #[test]
        fn a_one_bit_edit_breaks_the_chain(at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let entries = chain(3);
            let mut bytes = serde_json::to_vec(&entries[1]).expect("json");
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let Ok(edited) = serde_json::from_slice::<Entry>(&bytes) else { return Ok(()) };
            prop_assume!(edited != entries[1]);
            let mut changed = entries.clone();
            changed[1] = edited;
            prop_assert!(verify_chain(1, GENESIS, &changed).is_err());
        }
    }
}
