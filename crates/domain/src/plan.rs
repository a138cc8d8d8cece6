//! Where a person's records are: how they were found, in which order they go.
//!
//! Locating goes in rounds. Round 1 looks for the given identities; each later round looks for what
//! the round before brought: new identities, and the values that other collections refer to. So a
//! record found in round *r* was found through something found before *r*, and erasing the rounds
//! in reverse never erases a record while something still needs it to be found. Each round, read
//! backwards, is a wave: nobody writes an order by hand.

mod passes;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, FieldKind, Whose};
use crate::identity::Identity;
use crate::ids::{Generation, StoreId};
use crate::ledger::KnownKey;
use crate::pii::Personal;

/// Rounds of one pass at the most: a longer chain of references is a mistake in the catalog.
pub const MOST_ROUNDS: u32 = 8;

/// Identity keys of one person at the most; each is locked and guarded in one transaction.
pub const MOST_IDENTITIES: usize = 40;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Text.
    Text(#[serde(with = "crate::pii::exposed")] Personal),
    /// A number, as its decimal text.
    Number(#[serde(with = "crate::pii::exposed")] Personal),
}

impl Value {
    /// A value of the field's kind from a text.
    pub fn of(kind: FieldKind, text: &str) -> Self {
        match kind {
            FieldKind::Text => Self::Text(Personal::new(text)),
            FieldKind::Number => Self::Number(Personal::new(text)),
        }
    }

    /// The text of either form.
    pub fn expose(&self) -> &str {
        match self {
            Self::Text(p) | Self::Number(p) => p.expose(),
        }
    }
}

/// A record's primary key (or an object's key, under the name `object`).
pub type RecordKey = BTreeMap<String, Value>;

/// One record of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its key.
    pub key: RecordKey,
    /// The field that it was found by: it is only touched while this still holds.
    pub via: String,
    /// That field's value.
    pub via_value: Value,
    /// The values of the fields that identify the person or are referred to.
    pub values: BTreeMap<String, Value>,
}

/// A page of located records, sealed into one object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The collection that they are in.
    pub collection: String,
    /// The records.
    pub records: Vec<Record>,
    /// Whether they were located once and are there no more: they lead on to what refers to them, and
    /// are read again in the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// Where a page is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRef {
    /// The object's key.
    pub object: String,
    /// The collection of its records.
    pub collection: String,
    /// How many records it has.
    pub records: u32,
    /// Whether they are there no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// Where the values that are looked for come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// These identities' values.
    Identities(Vec<Value>),
    /// One field of the records of these pages.
    Pages {
        /// The field.
        field: String,
        /// The pages.
        pages: Vec<PageRef>,
    },
    /// What an earlier pass located: those of its records that are gone lead on.
    Earlier(Vec<PageRef>),
    /// These values, which referred to, or were referred to by, records that were erased before.
    Given(Vec<Value>),
    /// These values of the field itself, which others refer to. What is found by it is read again by its key, and
    /// not searched again: where a record stays, it keeps its own key.
    Own(Vec<Value>),
    /// These identities' own keys, where destroying them is how a collection is erased.
    Keys(Vec<Identity>),
}

/// One thing to look for in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// The collection.
    pub collection: String,
    /// The field that is compared; empty for [`Source::Earlier`], whose records are read by their keys, and
    /// for [`Source::Keys`].
    pub field: String,
    /// With what.
    pub source: Source,
}

/// One round of locating.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// What each store is to look for.
    pub lookups: BTreeMap<StoreId, Vec<Lookup>>,
    /// What each store brought.
    pub pages: BTreeMap<StoreId, Vec<PageRef>>,
}

/// Locating from the given identities to the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Its rounds, from the first.
    pub rounds: Vec<Round>,
    /// Whether nothing more was to be found.
    pub complete: bool,
    /// Whether it was made after the cooling-off, so that it may be erased.
    pub for_erasing: bool,
    /// The execution that began it.
    pub generation: Generation,
}

/// An identity of the person, and the round that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The identity.
    pub identity: Identity,
    /// 0 for what was given.
    pub round: u32,
}

/// The plan of one request. It is only ever stored sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The catalog it was made with.
    pub catalog_version: String,
    /// 128 random bits: what stands for the person where a record stays.
    pub surrogate: u128,
    /// Every identity known so far. Never shrinks.
    pub identities: Vec<Known>,
    /// Keys that were given beside the identities: an erasure that is made again may have nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KnownKey>,
    /// The only store that is looked in, if not all are: what a replay erases stands in the store that was restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_in: Option<StoreId>,
    /// The passes so far: one before the wait, one after it, one for each residue found.
    pub passes: Vec<Pass>,
    /// How many earlier passes were dropped, because nothing was done by them and others replaced them.
    #[serde(default)]
    pub dropped: u32,
}

/// What a store did with the pages of one round, in the order of erasing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// Its number, from 0.
    pub number: u32,
    /// The stores that have records in it.
    pub stores: Vec<StoreId>,
}

/// The identities that a located record brings, by the catalog.
pub fn identities_of(catalog: &Catalog, store: &StoreId, collection: &str, record: &Record) -> Vec<Identity> {
    let Some(collection) = catalog.store(store).and_then(|s| s.collection(collection)) else {
        return Vec::new();
    };
    let own = collection.fields.iter().filter(|(_, f)| f.whose == Whose::Subject);
    own.filter_map(|(name, f)| {
        let kind = f.identity.clone()?;
        let value = record.values.get(name)?;
        Identity::of_record(kind, &Personal::new(value.expose()))
    })
    .collect()
}
