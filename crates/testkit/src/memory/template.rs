//! Object keys by their template: `tickets/{customer_id}/{ticket_id}.json`, or `tickets/{customer_id}/`
//! for all below it.

use std::collections::BTreeMap;

use domain::catalog::{Collection, OBJECT_NAME, Store};
use domain::plan::Value;

/// Whether keys may hold a value in another writing, so that finding nothing proves nothing.
pub(super) fn is_unclear(collection: &Collection, value: &Value) -> bool {
    let odd = |c: char| matches!(c, '/' | '%') || c.is_control();
    collection.object.is_some() && matches!(value, Value::Text(_)) && value.expose().contains(odd)
}

/// Whether a key lies in the folder that a value names, and no collection of the store reads it.
pub(super) fn is_stray(store: &Store, collection: &Collection, key: &str, value: &Value) -> bool {
    let folder = || {
        let (head, rest) = collection.object.as_deref()?.split_once('{')?;
        let (_, tail) = rest.split_once('}')?;
        tail.starts_with('/').then(|| format!("{head}{}/", value.expose()))
    };
    let of_bucket = |other: &&Collection| other.resource == collection.resource;
    let is_read = |other: &Collection| {
        parse(other, key).is_some_and(|fields| fields.values().any(|v| v.expose() == value.expose()))
    };
    folder().is_some_and(|folder| key.starts_with(&folder))
        && !store.collections.iter().filter(of_bucket).any(is_read)
}

/// The fields that an object's key holds; `None` if the key is not of this template. A field is
/// never empty and never crosses a slash.
pub(super) fn parse(collection: &Collection, key: &str) -> Option<BTreeMap<String, Value>> {
    let mut template = collection.object.as_deref()?;
    let mut rest = key;
    let mut fields = BTreeMap::new();
    loop {
        let Some((literal, after)) = template.split_once('{') else {
            let ends = rest == template || (template.ends_with('/') && rest.starts_with(template));
            return ends.then_some(fields);
        };
        let (name, tail) = after.split_once('}')?;
        rest = rest.strip_prefix(literal)?;
        let end = match tail.split_once('{') {
            // The last field goes up to what the template ends with.
            None if tail.ends_with('/') => rest.find(tail)?,
            None => rest.strip_suffix(tail)?.len(),
            Some((separator, _)) => rest.find(separator)?,
        };
        let (text, more) = rest.split_at_checked(end)?;
        if text.is_empty() || text.contains('/') {
            return None;
        }
        let kind = collection.fields.get(name).map_or_else(Default::default, |f| f.kind);
        fields.insert(name.to_owned(), Value::of(kind, text));
        rest = more;
        template = tail;
    }
}

/// The key whose fields hold these values; `None` if one is missing, or the key would say something else.
/// What lies in a folder has a name of its own.
pub(super) fn fill(collection: &Collection, values: &BTreeMap<String, Value>) -> Option<String> {
    let mut template = collection.object.as_deref()?;
    let mut key = String::new();
    let mut filled = BTreeMap::new();
    while let Some((literal, after)) = template.split_once('{') {
        let (name, tail) = after.split_once('}')?;
        let value = values.get(name).filter(|value| !is_unclear(collection, value))?;
        key.push_str(literal);
        key.push_str(value.expose());
        filled.insert(name.to_owned(), value.clone());
        template = tail;
    }
    key.push_str(template);
    if template.ends_with('/') {
        key.push_str(OBJECT_NAME);
    }
    parse(collection, &key).filter(|said| *said == filled).map(|_| key)
}
