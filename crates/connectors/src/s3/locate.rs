//! Finding a person's objects.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use domain::catalog::FieldKind;
use domain::plan::{Record, Value};
use futures::{StreamExt, TryStreamExt};
use ports::Fault;
use ports::stores::{Found, PAGE, Search, Target};
use serde::{Deserialize, Serialize};

use super::listing::{self, Marker};
use super::template::{Reach, Reading, Span, Template};
use super::{AT_ONCE, OBJECT, template, uploads};
use crate::cursor::Cursor;
use crate::place;
use crate::values::distinct;
use crate::walk::{self, Brought};

const LOCATE: &str = "s3:locate";

/// Where locating goes on within one value.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct After {
    marker: Option<Marker>,
    /// The last key that was found: the next page may begin with more versions of it.
    last: Option<String>,
    /// Whether all versions were listed, and what is listed now are unfinished uploads.
    #[serde(default)]
    in_uploads: bool,
}

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

/// Whether a key is the value's; what it says, if it is.
fn own(
    target: &Target<'_>,
    template: &Template<'_>,
    field: &str,
    text: &str,
    key: &str,
) -> Result<Option<BTreeMap<String, Value>>, Fault> {
    match template.read(key) {
        Reading::Other => Ok(None),
        Reading::Fields(fields) => {
            let own = fields.get(field).is_some_and(|value| value.expose() == text);
            Ok(own.then_some(fields))
        }
        Reading::Ambiguous => Err(place::mismatch(
            target,
            LOCATE,
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
    let spans = spans(target, template, search)?;
    let ask = |value: usize, after: Option<After>| {
        let span = spans.get(value);
        async move {
            match span {
                Some((text, span)) => {
                    let person = Person { target, template, field: search.field, text, span };
                    person.page(client, after.unwrap_or_default()).await
                }
                None => Ok(Brought { records: Vec::new(), more: None }),
            }
        }
    };
    let (records, next) = walk::fill(spans.len(), Cursor::read(cursor, &at)?, ask).await?;
    let next = next.map(|next| next.write(&at)).transpose()?;
    Ok(Found { records, next })
}

/// Whose objects are looked for, and where.
struct Person<'a> {
    target: &'a Target<'a>,
    template: &'a Template<'a>,
    field: &'a str,
    text: &'a str,
    span: &'a Span,
}

impl Person<'_> {
    /// The next page: one record an object, however many versions it has, and then one for each key
    /// that is only being written.
    async fn page(&self, client: &Client, mut from: After) -> Result<Brought<After>, Fault> {
        let mut records = Vec::new();
        if !from.in_uploads {
            from = self.objects(client, from, &mut records).await?;
        }
        let room = PAGE.saturating_sub(records.len());
        if !from.in_uploads || room == 0 {
            return Ok(Brought { records, more: Some(from) });
        }
        let more = self.uploads(client, from, room, &mut records).await?;
        Ok(Brought { records, more })
    }

    /// A page of the listing of versions.
    async fn objects(&self, client: &Client, from: After, records: &mut Vec<Record>) -> Result<After, Fault> {
        let After { marker, mut last, .. } = from;
        let listed = listing::versions(client, self.target, &self.span.prefix, marker, PAGE).await?;
        let mut passed = false;
        for entry in listed.entries {
            if self.span.exact && entry.key != self.span.prefix {
                // Keys come in order, and the one that is meant is the first that begins with itself.
                passed = true;
                break;
            }
            if last.as_ref() == Some(&entry.key) {
                continue;
            }
            records.extend(self.record(&entry.key)?);
            last = Some(entry.key);
        }
        Ok(match listed.next.filter(|_| !passed) {
            Some(marker) => After { marker: Some(marker), last, in_uploads: false },
            None => After { in_uploads: true, ..After::default() },
        })
    }

    /// A page of the listing of unfinished uploads. One whose key has versions was found by them.
    async fn uploads(
        &self,
        client: &Client,
        from: After,
        room: usize,
        records: &mut Vec<Record>,
    ) -> Result<Option<After>, Fault> {
        let After { marker, mut last, .. } = from;
        let listed = uploads::list(client, self.target, &self.span.prefix, marker, room).await?;
        let mut found = Vec::new();
        let mut passed = false;
        for entry in listed.entries {
            if self.span.exact && entry.key != self.span.prefix {
                passed = true;
                break;
            }
            if last.as_ref() != Some(&entry.key)
                && let Some(record) = self.record(&entry.key)?
            {
                found.push((entry.key.clone(), record));
            }
            last = Some(entry.key);
        }
        let asked: Vec<_> = found.iter().map(|(key, _)| self.has_versions(client, key)).collect();
        let asked: Vec<bool> = futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        let alone = found.into_iter().zip(asked).filter(|(_, has_versions)| !has_versions);
        records.extend(alone.map(|((_, record), _)| record));
        let more = listed.next.filter(|_| !passed);
        Ok(more.map(|marker| After { marker: Some(marker), last, in_uploads: true }))
    }

    async fn has_versions(&self, client: &Client, key: &str) -> Result<bool, Fault> {
        let listed = listing::versions(client, self.target, key, None, 1).await?;
        Ok(listed.entries.iter().any(|entry| entry.key == key))
    }

    fn record(&self, key: &str) -> Result<Option<Record>, Fault> {
        let fields = own(self.target, self.template, self.field, self.text, key)?;
        Ok(fields.map(|fields| record(self.target, self.field, key, fields)))
    }
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
