//! Object keys by their template: `tickets/{customer_id}/{ticket_id}.json`.

use std::collections::BTreeMap;

use domain::catalog::Collection;
use domain::plan::Value;

/// The fields that an object's key holds; `None` if the key is not of this template. A field is
/// never empty and never crosses a slash.
pub(super) fn parse(collection: &Collection, key: &str) -> Option<BTreeMap<String, Value>> {
    let mut template = collection.object.as_deref()?;
    let mut rest = key;
    let mut fields = BTreeMap::new();
    loop {
        let Some((literal, after)) = template.split_once('{') else {
            return (rest == template).then_some(fields);
        };
        let (name, tail) = after.split_once('}')?;
        rest = rest.strip_prefix(literal)?;
        let end = match tail.split_once('{') {
            // The last field goes up to what the template ends with.
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
