//! The erasure ledger: what is remembered of who was erased where, so that a backup brings nobody back.
//!
//! Nothing in it names anybody. What a record says of whose it is are its *clues*: the identities in it, the
//! record of another collection that it refers to, and its own fields that others refer to. Of each clue the
//! ledger keeps a keyed hash, the *mark*, under a key of the store's own. The same function finds the clues when a
//! request is closed and when a restored store is walked, so a customer's row with an address of long ago is
//! known by its customer number all the same.

mod replay;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Collection, FieldKind, FieldRef, Method, Replacement, Store, Whose};
use crate::identity::Identity;
use crate::ids::{Pseudonym, RequestId, StoreId, TenantId};
use crate::pii::Personal;
use crate::plan::Value;

pub use replay::{Counted, Found, Phase, Replay, ReplayStatus, Sampling, Standing, Unfit};

/// A value of a field that other collections refer to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KnownKey {
    /// The field that is referred to.
    pub field: FieldRef,
    /// Its value.
    pub value: Value,
}

/// One thing in a record that says whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clue {
    /// An identity.
    Identity(Identity),
    /// A key that is referred to: its own, or the one it refers to.
    Key(KnownKey),
}

impl Clue {
    /// In which way it says so: the identity's type, or the name of the field that is referred to. An identity's
    /// type has no dot, so the two are never the same.
    pub fn way(&self) -> String {
        match self {
            Self::Identity(identity) => identity.kind.to_string(),
            Self::Key(key) => String::from(key.field.clone()),
        }
    }

    /// What it says: an identity as it is normalised, a key as its text. A number and a text of the same digits
    /// are the same key.
    pub fn value(&self) -> &str {
        match self {
            Self::Identity(identity) => identity.value.expose(),
            Self::Key(key) => key.value.expose(),
        }
    }
}

/// The clues of one record of a collection, from those of its values that are known.
pub fn clues_of(
    catalog: &Catalog,
    store: &Store,
    collection: &Collection,
    values: &BTreeMap<String, Value>,
) -> BTreeSet<Clue> {
    let referred = referred_fields(catalog, store, collection);
    let mut clues = BTreeSet::new();
    for (name, value) in values.iter().filter(|(_, value)| !value.expose().is_empty()) {
        let Some(field) = collection.fields.get(name).filter(|field| field.whose == Whose::Subject) else {
            continue;
        };
        if let Some(kind) = &field.identity {
            let identity = Identity::of_record(kind.clone(), &Personal::new(value.expose()));
            clues.extend(identity.map(Clue::Identity));
        }
        if let Some(target) = &field.references {
            clues.insert(Clue::Key(KnownKey { field: target.clone(), value: value.clone() }));
        }
        if referred.contains(name.as_str()) {
            let field = own_field(store, collection, name);
            clues.insert(Clue::Key(KnownKey { field, value: value.clone() }));
        }
    }
    clues
}

/// The ways in which records of a store say whose they are, each with what became of such records. What is
/// retained is not erased, and leaves no mark.
pub fn ways_in(catalog: &Catalog, store: &Store) -> BTreeMap<String, Method> {
    let mut ways = BTreeMap::new();
    for collection in store.collections.iter().filter(|c| c.erasure.method != Method::Retain) {
        let referred = referred_fields(catalog, store, collection);
        let own = collection.fields.iter().filter(|(_, field)| field.whose == Whose::Subject);
        for (name, field) in own {
            let identity = field.identity.as_ref().map(ToString::to_string);
            let target = field.references.clone().map(String::from);
            let own = referred.contains(name.as_str()).then(|| own_field(store, collection, name).into());
            for way in identity.into_iter().chain(target).chain(own) {
                ways.entry(way).or_insert(collection.erasure.method);
            }
        }
    }
    ways
}

/// The fields of a collection that a walk must bring: those with clues, and those that tell whether a record was
/// anonymised already.
pub fn wanted_by_walk(catalog: &Catalog, store: &Store, collection: &Collection) -> Vec<String> {
    let referred = referred_fields(catalog, store, collection);
    let wanted = collection.fields.iter().filter(|(name, field)| {
        let clue = field.identity.is_some() || field.references.is_some() || referred.contains(name.as_str());
        (field.whose == Whose::Subject && clue) || field.anonymise.is_some()
    });
    wanted.map(|(name, _)| name.clone()).collect()
}

/// The collections of a store that a walk reads: those whose records can be brought back by a backup, and be
/// erased again. What was shredded comes back unreadable.
pub fn walked(store: &Store) -> impl Iterator<Item = &Collection> {
    store.collections.iter().filter(|c| matches!(c.erasure.method, Method::Delete | Method::Anonymise))
}

/// Whether a record that stays is as anonymising leaves it, though nobody kept by what the person was replaced:
/// what is removed is not there, and what has a surrogate has one. `is_marked` says whether a clue is in the
/// ledger: a value that is was never a surrogate, however much it looks like one.
pub fn is_anonymised(
    collection: &Collection,
    values: &BTreeMap<String, Value>,
    is_marked: impl Fn(&str) -> bool,
) -> bool {
    let replaced = collection.fields.iter().filter_map(|(n, f)| Some((n, f.kind, f.anonymise.as_ref()?)));
    let as_replaced = |(name, kind, replacement): (&String, FieldKind, &Replacement)| {
        let Some(value) = values.get(name) else { return true };
        match replacement {
            Replacement::Remove => false,
            Replacement::Fixed(text) => value.expose() == text,
            Replacement::Surrogate => is_surrogate(kind, value.expose()) && !is_marked(name),
        }
    };
    collection.erasure.method == Method::Anonymise && replaced.into_iter().all(as_replaced)
}

/// Whether a value has the form of [`crate::plan::Plan::surrogate_for`].
fn is_surrogate(kind: FieldKind, text: &str) -> bool {
    match kind {
        FieldKind::Text => text
            .strip_prefix("erased-")
            .is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())),
        FieldKind::Number => text.parse().is_ok_and(|number: u64| (1 << 52..1 << 53).contains(&number)),
    }
}

fn own_field(store: &Store, collection: &Collection, name: &str) -> FieldRef {
    FieldRef { store: store.id.clone(), collection: collection.name.clone(), field: name.to_owned() }
}

/// The fields of a collection that another one refers to.
fn referred_fields<'a>(catalog: &'a Catalog, store: &Store, collection: &Collection) -> BTreeSet<&'a str> {
    let all = catalog.collections().flat_map(|(_, c)| c.fields.values());
    all.filter(|field| field.whose == Whose::Subject)
        .filter_map(|field| field.references.as_ref())
        .filter(|target| target.store == store.id && target.collection == collection.name)
        .map(|target| target.field.as_str())
        .collect()
}

/// One line of the ledger: something that belonged to a person who was erased from a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose store it is.
    pub tenant: TenantId,
    /// The store.
    pub store: StoreId,
    /// The mark of a clue, under the store's own key.
    pub mark: Pseudonym,
    /// What became of such records.
    pub method: Method,
    /// When the request was closed. The records were gone by then.
    pub erased_at: Timestamp,
    /// By which request.
    pub request: RequestId,
    /// By which request they were erased at first: who is erased again, and again, keeps it, so that all that was ever
    /// theirs is found together. The same as `request` for most.
    pub original: RequestId,
}

#[cfg(test)]
mod tests;
