//! Finding a person's objects.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use domain::catalog::FieldKind;
use domain::plan::{Record, Value};
use ports::Fault;
use ports::stores::{Found, PAGE, Search, Target};
use serde::{Deserialize, Serialize};

use super::listing::{self, Marker};
use super::template::{Reading, Span, Template};
use super::{OBJECT, template};
use crate::cursor::Cursor;
use crate::place;
use crate::values::distinct;
use crate::walk::{self, Brought};

const LOCATE: &str = "s3:locate";

/// Where locating goes on within one value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct After {
    marker: Marker,
    /// The last key that was found: the next page may begin with more versions of it.
    last: Option<String>,
}

/// The spans of a search's values, in the order of the values.
pub(super) fn spans<'a>(
    target: &Target<'_>,
    template: &Template<'_>,
    search: &Search<'a>,
    operation: &'static str,
) -> Result<Vec<(&'a str, Span)>, Fault> {
    if !template.begins_with(search.field) {
        let what = format!("the key template does not begin with the field {}", search.field);
        return Err(place::mismatch(target, operation, what));
    }
    let kind = place::kind(target, search.field, operation)?;
    let values = distinct(kind, search.values).into_iter();
    Ok(values.filter_map(|text| Some((text, template.span(text)?))).collect())
}

/// Whether a key is the value's; what it says, if it is.
pub(super) fn own(
    target: &Target<'_>,
    template: &Template<'_>,
    field: &str,
    text: &str,
    key: &str,
    operation: &'static str,
) -> Result<Option<BTreeMap<String, Value>>, Fault> {
    match template.read(key) {
        Reading::Other => Ok(None),
        Reading::Fields(fields) => {
            let own = fields.get(field).is_some_and(|value| value.expose() == text);
            Ok(own.then_some(fields))
        }
        Reading::Ambiguous => Err(place::mismatch(
            target,
            operation,
            "an object's key can be read in two ways by the template, so it could be somebody else's",
        )),
    }
}

/// One page.
pub(super) async fn page(
    client: &Client,
    target: &Target<'_>,
    search: &Search<'_>,
    cursor: Option<&str>,
) -> Result<Found, Fault> {
    let at = place::name(target);
    let template = &template(target, LOCATE)?;
    let spans = spans(target, template, search, LOCATE)?;
    let ask = |value: usize, after| {
        let span = spans.get(value);
        async move {
            match span {
                Some((text, span)) => one(client, target, template, search.field, text, span, after).await,
                None => Ok(Brought { records: Vec::new(), more: None }),
            }
        }
    };
    let (records, next) = walk::fill(spans.len(), Cursor::read(cursor, &at)?, ask).await?;
    let next = next.map(|next| next.write(&at)).transpose()?;
    Ok(Found { records, next })
}

/// One value's next page: one record an object, however many versions it has.
async fn one(
    client: &Client,
    target: &Target<'_>,
    template: &Template<'_>,
    field: &str,
    text: &str,
    span: &Span,
    after: Option<After>,
) -> Result<Brought<After>, Fault> {
    let (marker, mut last) = match after {
        Some(after) => (Some(after.marker), after.last),
        None => (None, None),
    };
    let listed = listing::versions(client, target, &span.prefix, marker, PAGE).await?;
    let mut records = Vec::new();
    let mut passed = false;
    for entry in listed.entries {
        if span.exact && entry.key != span.prefix {
            // Keys come in order, and the one that is meant is the first that begins with itself.
            passed = true;
            break;
        }
        if last.as_ref() == Some(&entry.key) {
            continue;
        }
        if let Some(fields) = own(target, template, field, text, &entry.key, LOCATE)? {
            records.push(record(target, field, &entry.key, fields));
        }
        last = Some(entry.key);
    }
    let more = listed.next.filter(|_| !passed);
    let more = more.map(|marker| After { marker, last });
    Ok(Brought { records, more })
}

fn record(target: &Target<'_>, via: &str, key: &str, mut fields: BTreeMap<String, Value>) -> Record {
    let via_value = fields.get(via).cloned();
    fields.retain(|name, _| name == via || target.wanted.contains(name));
    let object = Value::of(FieldKind::Text, key);
    Record {
        key: [(OBJECT.to_owned(), object.clone())].into(),
        via: via.to_owned(),
        via_value: via_value.unwrap_or(object),
        values: fields,
    }
}
