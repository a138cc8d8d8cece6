//! What becomes of a collection's records: the catalog's method, unless a sanction source keeps them.

use std::collections::BTreeMap;

use domain::Request;
use domain::catalog::{Catalog, Collection, Method, Replacement, Store};
use domain::plan::{Plan, Value};
use jiff::{SignedDuration, Timestamp};
use ports::stores::Treatment;

use crate::sanctions::kept_by;

/// What is done, if anything.
pub(crate) enum Handling {
    /// The connector does this.
    Treat(Treatment),
    /// The keys that they are sealed under are destroyed; it is true so long after that.
    Shred(SignedDuration),
    /// They stay as they are.
    Keep,
}

/// How a collection's records are handled for this request.
pub(crate) fn handling(
    (request, plan): (&Request, &Plan),
    catalog: &Catalog,
    store: &Store,
    collection: &Collection,
    now: Timestamp,
) -> Handling {
    // Once a collection was begun nothing keeps what is left of it: some may be gone, and to call that kept would be a
    // lie. Nor, once destroying keys was begun, what they sealed, in whatever store.
    let is_shredded = collection.erasure.method == Method::Shred && !request.shredded.is_empty();
    let too_late = is_shredded || request.has_touched(&store.id, &collection.name);
    if !too_late && kept_by(request, catalog, store, collection, now).is_some() {
        return Handling::Keep;
    }
    match collection.erasure.method {
        Method::Retain => Handling::Keep,
        // A catalog that says something else was refused.
        Method::Shred => Handling::Shred(catalog.shredded_after().unwrap_or(SignedDuration::MAX)),
        Method::Delete => Handling::Treat(Treatment::Delete),
        Method::Anonymise => Handling::Treat(Treatment::Anonymise(replacements(plan, collection))),
    }
}

/// What anonymising writes into a collection's fields; `None` removes one.
pub(crate) fn replacements(plan: &Plan, collection: &Collection) -> BTreeMap<String, Option<Value>> {
    let changed = collection.fields.iter().filter_map(|(name, f)| f.anonymise.as_ref().map(|r| (name, f, r)));
    changed
        .map(|(name, field, replacement)| {
            let value = match replacement {
                Replacement::Remove => None,
                Replacement::Surrogate => Some(plan.surrogate_for(field.kind)),
                Replacement::Fixed(text) => Some(Value::of(field.kind, text)),
            };
            (name.clone(), value)
        })
        .collect()
}
