//! A store's control person: who never was, and whom every search of the store must find.
//!
//! A search that finds nobody proves nothing by itself: it may be broken. It counts once the same search
//! found the store's control.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Catalog, Collection, Field, FieldKind, Method, Store};
use crate::identity::Identity;
use crate::pii::Personal;
use crate::plan::{Record, Value};

/// What the control's object is called in a collection that is a whole folder, `tickets/{customer_id}/`.
pub const OBJECT_NAME: &str = "lacuna-control";

/// A synthetic person, planted in a store for searches to find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Who keeps its records there.
    #[serde(default)]
    pub planted_by: PlantedBy,
    /// Its record in each collection that is deleted or anonymised: values by field. Key fields, and every field
    /// by which records are found, have one; so has whatever else the store does not do without.
    pub records: BTreeMap<String, BTreeMap<String, ControlValue>>,
}

/// Who keeps a control's records where they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlantedBy {
    /// Lacuna writes them, again and again.
    #[default]
    Lacuna,
    /// The store's owner does, because Lacuna may not write there.
    Owner,
}

/// A value of a control's field. It is nobody's, so it is no personal data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ControlValue {
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
}

impl ControlValue {
    /// Its form.
    pub fn kind(&self) -> FieldKind {
        match self {
            Self::Number(_) => FieldKind::Number,
            Self::Text(_) => FieldKind::Text,
        }
    }

    /// As a store's connector compares and writes it.
    pub fn value(&self) -> Value {
        Value::of(self.kind(), &self.text())
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Control {
    /// The value that a search of a field looks for.
    pub fn value(&self, collection: &str, field: &str) -> Option<Value> {
        self.records.get(collection)?.get(field).map(ControlValue::value)
    }

    /// Its record in a collection, as it is planted.
    pub fn record(&self, collection: &str) -> Option<BTreeMap<String, Value>> {
        let fields = self.records.get(collection)?;
        Some(fields.iter().map(|(name, value)| (name.clone(), value.value())).collect())
    }

    /// The key of its object in a collection of objects.
    pub fn object(&self, collection: &Collection) -> Option<String> {
        let template = collection.object.as_deref()?;
        let fields = self.records.get(&collection.name)?;
        let fill = |key: String, (name, value): (&String, &ControlValue)| {
            key.replace(&format!("{{{name}}}"), &value.text())
        };
        let key = fields.iter().fold(template.to_owned(), fill);
        Some(if key.ends_with('/') { key + OBJECT_NAME } else { key })
    }

    /// Whether a located record is the control's own. All that it was found by and is known by must be the
    /// control's, its key too: a real person's record of the same number is none of it.
    pub fn is_own(&self, collection: &Collection, record: &Record) -> bool {
        let own = |name: &str, value: &Value| self.value(&collection.name, name).as_ref() == Some(value);
        let same_key = match self.object(collection) {
            Some(object) => record.key.values().all(|key| key.expose() == object),
            None => record.key.iter().all(|(name, value)| own(name, value)),
        };
        let mut known_by = record.values.iter().filter(|(name, _)| collection.is_way(name));
        same_key && own(&record.via, &record.via_value) && known_by.all(|(name, value)| own(name, value))
    }

    /// Whether a record of a collection that is read from one end to the other is the control's own: by its key, and by
    /// whatever it would be found by.
    pub fn is_seen(&self, collection: &Collection, values: &BTreeMap<String, Value>) -> bool {
        let own = |name: &str| self.value(&collection.name, name);
        let key = if collection.object.is_some() { &[][..] } else { collection.key.as_slice() };
        let mut names = key.iter().map(String::as_str).chain(collection.ways().map(|way| way.name));
        self.is_to_be_seen(collection)
            && names.all(|name| own(name).is_some() && values.get(name) == own(name).as_ref())
    }

    /// Whether reading a collection from one end to the other has to come by the control.
    pub fn is_to_be_seen(&self, collection: &Collection) -> bool {
        collection.wants_control()
            && collection.ways().next().is_some()
            && self.records.contains_key(&collection.name)
    }
}

impl Collection {
    /// Whether its searches have to be proven: what is kept by law, and what is never read, is not searched
    /// for anything that must be gone.
    pub fn wants_control(&self) -> bool {
        matches!(self.erasure.method, Method::Delete | Method::Anonymise)
    }

    fn is_way(&self, name: &str) -> bool {
        self.ways().any(|way| way.name == name)
    }

    /// The field by which a planted record is told from a stranger's of the same key: the first by which it is
    /// found, an identity before a reference.
    pub fn mark(&self) -> Option<&str> {
        let by_identity = self.ways().find(|way| way.field.identity.is_some());
        by_identity.or_else(|| self.ways().next()).map(|way| way.name)
    }
}

impl Catalog {
    /// By what the controls of all stores are known. Nobody is: a request for one of them is a mistake.
    pub fn control_identities(&self) -> BTreeSet<Identity> {
        let known = |(store, collection): (&Store, &Collection)| -> Vec<Identity> {
            let Some(control) = &store.control else { return Vec::new() };
            let identity = |(name, field): (&String, &Field)| {
                let kind = field.identity.clone()?;
                let value = control.records.get(&collection.name)?.get(name)?;
                Identity::of_record(kind, &Personal::new(value.text())).map(|identity| identity.plain())
            };
            collection
                .fields
                .iter()
                .filter(|(name, _)| collection.is_way(name))
                .filter_map(identity)
                .collect()
        };
        self.collections().flat_map(known).collect()
    }

    /// The collections of a store in which its control has a record, those that are referred to first.
    pub fn planted<'a>(&'a self, store: &'a Store) -> Vec<&'a Collection> {
        let has_record = |c: &&Collection| {
            store.control.as_ref().is_some_and(|control| control.records.contains_key(&c.name))
        };
        let mut left: Vec<&Collection> = store.collections.iter().filter(has_record).collect();
        let mut ordered: Vec<&Collection> = Vec::new();
        while !left.is_empty() {
            let waits = |c: &Collection, left: &[&Collection]| {
                let mut referred = c.fields.values().filter_map(|f| f.references.as_ref());
                referred
                    .any(|to| to.store == store.id && left.iter().any(|other| other.name == to.collection))
            };
            // References in a circle have no first: the first that is written is taken.
            let next = left.iter().position(|c| !waits(c, &left)).unwrap_or_default();
            ordered.push(left.remove(next));
        }
        ordered
    }
}

#[cfg(test)]
mod tests;
