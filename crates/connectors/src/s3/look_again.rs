//! Whether located objects are still there. Whose an object is stands in its key, and no key changes.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use domain::plan::{Record, Value};
use futures::{StreamExt, TryStreamExt};
use ports::Fault;
use ports::stores::{Since, Target};

use super::template::{Reading, Template};
use super::{AT_ONCE, OBJECT, listing, template, uploads};
use crate::place;

const LOOK_AGAIN: &str = "s3:look_again";

/// What became of each record.
pub(super) async fn records(
    client: &Client,
    target: &Target<'_>,
    records: &[Record],
) -> Result<Vec<Since>, Fault> {
    place::page(target, records, LOOK_AGAIN)?;
    let template = template(target, LOOK_AGAIN)?;
    let keys = records.iter().map(|record| place::key_part(target, record, OBJECT, LOOK_AGAIN));
    let keys: Vec<&str> = keys.collect::<Result<_, _>>()?;
    let mut distinct = keys.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let questions: Vec<_> = distinct
        .into_iter()
        .map(|key| async move { Ok::<_, Fault>((key, is_there(client, target, key).await?)) })
        .collect();
    let answers = futures::stream::iter(questions).buffer_unordered(AT_ONCE);
    let there: BTreeMap<&str, bool> = answers.try_collect().await?;
    let since = |(record, key): (&Record, &&str)| {
        if there.get(key) == Some(&true) {
            value(target, &template, record, key).map(|value| Since::Holds(Some(value)))
        } else {
            Ok(Since::Gone)
        }
    };
    records.iter().zip(&keys).map(since).collect()
}

/// Whether locating would find the key: by a version, a delete marker or an unfinished upload.
async fn is_there(client: &Client, target: &Target<'_>, key: &str) -> Result<bool, Fault> {
    // An upload that is finished between the first two answers is in neither, and in the third.
    Ok(has_versions(client, target, key).await?
        || has_uploads(client, target, key).await?
        || has_versions(client, target, key).await?)
}

async fn has_versions(client: &Client, target: &Target<'_>, key: &str) -> Result<bool, Fault> {
    // Of all keys that begin with this one it is the first itself.
    let listed = listing::versions(client, target, key, None, 1).await?;
    Ok(listed.entries.iter().any(|entry| entry.key == key))
}

async fn has_uploads(client: &Client, target: &Target<'_>, key: &str) -> Result<bool, Fault> {
    let listed = uploads::list(client, target, key, None, 1).await?;
    Ok(listed.entries.iter().any(|entry| entry.key == key))
}

/// What the key says. One that says nothing of the field is there all the same, and is neither gone nor
/// nobody's.
fn value(target: &Target<'_>, template: &Template<'_>, record: &Record, key: &str) -> Result<Value, Fault> {
    let value = match template.read(key) {
        Reading::Fields(mut fields) => fields.remove(&record.via),
        Reading::Other | Reading::Ambiguous => None,
    };
    value.ok_or_else(|| {
        let what = format!("the key of a planned object does not say what the field {} is", record.via);
        place::mismatch(target, LOOK_AGAIN, what)
    })
}
