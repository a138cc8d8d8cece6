//! Listing a person's objects again.
//!
//! Nothing here is shared with finding and erasing but the listings themselves: which keys are a
//! person's is decided anew, by a [`Layout`]. Three listings are compared, because none shows what the
//! others do: what is there now, what lies under delete markers, and what is only being uploaded. They
//! are read over the same stretch of keys, so that an object in several counts once and little has to
//! be remembered.
//!
//! Where the person's value is a folder of its own (`tickets/7/`), all of the folder is looked at, and
//! a key in it that no collection of the store reads counts too: nobody erased it, and it lies where
//! what is theirs lies. One that two collections could have read counts for each of them.

mod layout;

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use domain::plan::Record;
use futures::{StreamExt, TryStreamExt};
use ports::Fault;
use ports::stores::{PAGE, Remaining, Search, Target};

use super::listing::{self, Marker};
use super::{AT_ONCE, OBJECT, uploads};
use crate::cursor::Cursor;
use crate::values::distinct;
use crate::{aws, place};
use layout::{Area, Layout, Whose};

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
    let reader = Reader::of(target, search)?;
    let areas = reader.areas(search)?;
    let mut from = Cursor::<String>::read(cursor, &at)?;
    let mut records = 0;
    for _ in 0..MOST_STRETCHES {
        let Some((text, area)) = areas.get(from.value) else {
            return Ok(Remaining { records, next: None });
        };
        let (keys, end) = stretch(client, target, area, from.after.as_deref()).await?;
        for key in keys {
            records += u64::from(reader.is_left(&key, text)?);
        }
        from = match end {
            Some(end) => Cursor { value: from.value, after: Some(end) },
            None => Cursor::at(from.value + 1),
        };
    }
    if from.value >= areas.len() {
        return Ok(Remaining { records, next: None });
    }
    Ok(Remaining { records, next: Some(from.write(&at)?) })
}

/// Decides of a key whether it may still be there.
struct Reader<'a> {
    target: &'a Target<'a>,
    own: Layout<'a>,
    /// The layouts of the bucket's other collections in this store.
    others: Vec<Layout<'a>>,
}

impl<'a> Reader<'a> {
    fn of(target: &'a Target<'a>, search: &Search<'_>) -> Result<Self, Fault> {
        let fault = |what: &str| place::mismatch(target, CONFIRM, what);
        let collection = target.collection;
        let own = Layout::of(collection).ok_or_else(|| fault("the key template cannot be read"))?;
        if own.field != search.field {
            return Err(fault("the key template begins with another field than the one that is searched by"));
        }
        let others = target.store.collections.iter();
        let others = others.filter(|c| c.resource == collection.resource && c.name != collection.name);
        Ok(Self { target, own, others: others.filter_map(Layout::of).collect() })
    }

    /// Where to look for each value that a key can hold.
    fn areas<'s>(&self, search: &Search<'s>) -> Result<Vec<(&'s str, Area)>, Fault> {
        let kind = place::kind(self.target, search.field, CONFIRM)?;
        let mut areas = Vec::new();
        for text in distinct(kind, search.values) {
            if self.own.is_unclear(text) {
                return Err(super::unclear(self.target, search.field, CONFIRM));
            }
            areas.extend(self.own.area(text).map(|area| (text, area)));
        }
        Ok(areas)
    }

    fn is_left(&self, key: &str, text: &str) -> Result<bool, Fault> {
        match self.own.whose(key, text) {
            Whose::Theirs => Ok(true),
            Whose::Unsure => {
                let what = "an object's key can be somebody else's as well as the person's";
                Err(place::mismatch(self.target, CONFIRM, what))
            }
            Whose::Not => {
                let read = || self.others.iter().any(|other| other.whose(key, text) == Whose::Theirs);
                Ok(self.own.is_in_folder(key, text) && !read())
            }
        }
    }
}

/// The keys that any listing shows after a key, and the end of the stretch that all cover; `None` if
/// they cover everything.
async fn stretch(
    client: &Client,
    target: &Target<'_>,
    area: &Area,
    after: Option<&str>,
) -> Result<(BTreeSet<String>, Option<String>), Fault> {
    let marker = || after.map(|key| Marker { key: key.to_owned(), version: None });
    let versions = listing::versions(client, target, &area.prefix, marker(), PAGE).await?;
    let objects = listing::objects(client, target, &area.prefix, after, PAGE).await?;
    let uploads = uploads::list(client, target, &area.prefix, marker(), PAGE).await?;
    let mut ends = Vec::new();
    // A key whose versions, or uploads, are cut off by the page is shown by it all the same.
    ends.extend(versions.next.map(|next| next.key));
    ends.extend(uploads.next.map(|next| next.key));
    if objects.more {
        let last = objects.keys.last().cloned();
        ends.push(last.ok_or_else(|| place::senseless(target, CONFIRM, "an empty page with more"))?);
    }
    let end = ends.into_iter().min();
    let versions = versions.entries.into_iter().map(|entry| entry.key);
    let uploads = uploads.entries.into_iter().map(|entry| entry.key);
    let mut keys: BTreeSet<String> = versions.chain(uploads).chain(objects.keys).collect();
    keys.retain(|key| end.as_ref().is_none_or(|end| key <= end));
    if area.one {
        // Of all keys that begin with this one it is the first itself.
        let done = keys.iter().any(|key| key != &area.prefix) || after.is_some();
        keys.retain(|key| key == &area.prefix);
        return Ok((keys, end.filter(|_| !done)));
    }
    Ok((keys, end))
}

/// Counts the records whose object, or any version of it, is still there. Unfinished uploads are
/// counted by the search: asking for each key's would be one more request a record.
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
