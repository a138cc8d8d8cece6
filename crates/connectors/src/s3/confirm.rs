//! Listing a person's objects again.
//!
//! Two listings are compared, because the one does not show what the other does: what is there now,
//! and what lies under delete markers. They are read over the same stretch of keys, so that an object
//! in both counts once and little has to be remembered.

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use domain::plan::Record;
use futures::{StreamExt, TryStreamExt};
use ports::Fault;
use ports::stores::{PAGE, Remaining, Search, Target};

use super::listing::{self, Marker};
use super::locate::{own, spans};
use super::template::Span;
use super::{AT_ONCE, OBJECT, template};
use crate::cursor::Cursor;
use crate::{aws, place};

const CONFIRM: &str = "s3:confirm";
const HEAD: &str = "s3:HeadObject";

/// Stretches of one call at the most.
const MOST_STRETCHES: usize = 100;

/// Counts the objects that are still found, value after value.
pub(super) async fn search(
    client: &Client,
    target: &Target<'_>,
    search: &Search<'_>,
    cursor: Option<&str>,
) -> Result<Remaining, Fault> {
    let at = place::name(target);
    let template = template(target, CONFIRM)?;
    let spans = spans(target, &template, search, CONFIRM)?;
    let mut from = Cursor::<String>::read(cursor, &at)?;
    let mut records = 0;
    for _ in 0..MOST_STRETCHES {
        let Some((text, span)) = spans.get(from.value) else {
            return Ok(Remaining { records, next: None });
        };
        let (keys, end) = stretch(client, target, span, from.after.as_deref()).await?;
        for key in keys {
            let field = search.field;
            if own(target, &template, field, text, &key, CONFIRM)?.is_some() {
                records += 1;
            }
        }
        from = match end {
            Some(end) => Cursor { value: from.value, after: Some(end) },
            None => Cursor::at(from.value + 1),
        };
    }
    if from.value >= spans.len() {
        return Ok(Remaining { records, next: None });
    }
    Ok(Remaining { records, next: Some(from.write(&at)?) })
}

/// The keys that either listing shows after a key, and the end of the stretch that both cover; `None`
/// if they cover all.
async fn stretch(
    client: &Client,
    target: &Target<'_>,
    span: &Span,
    after: Option<&str>,
) -> Result<(BTreeSet<String>, Option<String>), Fault> {
    let marker = after.map(|key| Marker { key: key.to_owned(), version: None });
    let versions = listing::versions(client, target, &span.prefix, marker, PAGE).await?;
    let objects = listing::objects(client, target, &span.prefix, after, PAGE).await?;
    let mut ends = Vec::new();
    // A key whose versions are cut off by the page is shown by it all the same.
    ends.extend(versions.next.map(|next| next.key));
    if objects.more {
        let last = objects.keys.last().cloned();
        ends.push(last.ok_or_else(|| place::senseless(target, CONFIRM, "an empty page with more"))?);
    }
    let end = ends.into_iter().min();
    let versions = versions.entries.into_iter().map(|entry| entry.key);
    let mut keys: BTreeSet<String> = versions.chain(objects.keys).collect();
    keys.retain(|key| end.as_ref().is_none_or(|end| key <= end));
    if span.exact {
        let done = keys.iter().any(|key| key != &span.prefix) || after.is_some();
        keys.retain(|key| key == &span.prefix);
        return Ok((keys, end.filter(|_| !done)));
    }
    Ok((keys, end))
}

/// Counts the records whose object, or any version of it, is still there.
pub(super) async fn records(client: &Client, target: &Target<'_>, records: &[Record]) -> Result<u64, Fault> {
    let mut keys = BTreeSet::new();
    for record in records {
        keys.insert(place::key_part(target, record, OBJECT, CONFIRM)?);
    }
    let questions: Vec<_> = keys.iter().map(|key| exists(client, target, key)).collect();
    let answers = futures::stream::iter(questions).buffer_unordered(AT_ONCE);
    let fold = |sum: u64, exists: bool| async move { Ok(sum + u64::from(exists)) };
    answers.try_fold(0, fold).await
}

async fn exists(client: &Client, target: &Target<'_>, key: &str) -> Result<bool, Fault> {
    // Of all keys that begin with this one it is the first itself.
    let versions = listing::versions(client, target, key, None, 1).await?;
    if versions.entries.iter().any(|entry| entry.key == key) {
        return Ok(true);
    }
    let answer = client.head_object().bucket(&target.collection.resource).key(key).send().await;
    match answer {
        Ok(_) => Ok(true),
        Err(e) if e.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(false),
        Err(e) => {
            let missing = e.raw_response().is_some_and(|r| r.status().as_u16() == 404);
            if missing { Ok(false) } else { Err(aws::fault(HEAD, &place::name(target), &e)) }
        }
    }
}
