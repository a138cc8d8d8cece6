//! Finding a person's objects.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use domain::catalog::FieldKind;
use domain::plan::{Record, Value};
use ports::Fault;
use ports::stores::{Found, Search, Target};

use super::keys::{After, Keys};
use super::template::{Reach, Reading, Span, Template};
use super::{OBJECT, template};
use crate::by_value::{self, Brought};
use crate::cursor::Cursor;
use crate::place;
use crate::values::distinct;

const LOCATE: &str = "s3:locate";

/// The spans of a search's values, in the order of the values.
fn spans<'a>(
    target: &Target<'_>,
    template: &Template<'_>,
    search: &Search<'a>,
) -> Result<Vec<(&'a str, Span)>, Fault> {
    if !template.begins_with(search.field) {
        let what = format!("the key template does not begin with the field {}", search.field);
        return Err(place::mismatch(target, LOCATE, what));
    }
    let kind = place::kind(target, search.field, LOCATE)?;
    let mut spans = Vec::new();
    for text in distinct(kind, search.values) {
        match template.reach(text) {
            Reach::At(span) => spans.push((text, span)),
            Reach::Nowhere => {}
            Reach::Unclear => return Err(super::unclear(target, search.field, LOCATE)),
        }
    }
    Ok(spans)
}

/// What a key says; `None` if it is not of the template.
pub(super) fn said(
    target: &Target<'_>,
    template: &Template<'_>,
    key: &str,
    operation: &'static str,
) -> Result<Option<BTreeMap<String, Value>>, Fault> {
    match template.read(key) {
        Reading::Other => Ok(None),
        Reading::Fields(fields) => Ok(Some(fields)),
        Reading::Ambiguous => Err(place::mismatch(
            target,
            operation,
            "an object's key can be read in two ways by the template, so it could be somebody else's",
        )),
    }
}

/// Whether a key is the value's; what it says, if it is.
fn own(
    target: &Target<'_>,
    template: &Template<'_>,
    field: &str,
    text: &str,
    key: &str,
) -> Result<Option<BTreeMap<String, Value>>, Fault> {
    let fields = said(target, template, key, LOCATE)?;
    Ok(fields.filter(|fields| fields.get(field).is_some_and(|value| value.expose() == text)))
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
    let spans = spans(target, template, search)?;
    let ask = |value: usize, after: Option<After>| {
        let span = spans.get(value);
        async move {
            let Some((text, span)) = span else {
                return Ok(Brought { records: Vec::new(), more: None });
            };
            let read = |key: &str| {
                let fields = own(target, template, search.field, text, key)?;
                Ok(fields.map(|fields| record(target, search.field, key, fields)))
            };
            let keys = Keys { target, span, read };
            let (records, more) = keys.page(client, after.unwrap_or_default()).await?;
            Ok(Brought { records, more })
        }
    };
    let (records, next) = by_value::fill(spans.len(), Cursor::read(cursor, &at)?, ask).await?;
    let next = next.map(|next| next.write(&at)).transpose()?;
    Ok(Found { records, next })
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
