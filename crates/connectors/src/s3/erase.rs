//! Erasing objects with all their versions.

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use domain::plan::{Record, Value};
use futures::StreamExt;
use ports::stores::{Settled, Target};
use ports::{Class, Fault};

use super::listing::{self, Version, Versions};
use super::template::{Reach, Reading, Template};
use super::{AT_ONCE, OBJECT, template, uploads};
use crate::{aws, place};

const ERASE: &str = "s3:erase";
const DELETE_MANY: &str = "s3:DeleteObjects";
const DELETE_ONE: &str = "s3:DeleteObject";

/// Versions of one request at the most.
const MOST_VERSIONS: usize = 1000;

/// Rounds over one object's versions at the most: ten million versions, or a writer that never stops.
const MOST_ROUNDS: usize = 10_000;

/// Deletes every version and delete marker of the records' objects, and ends every upload that could
/// still become an object of theirs.
pub(super) async fn settle(
    client: &Client,
    target: &Target<'_>,
    records: &[Record],
) -> Result<Settled, Fault> {
    let template = template(target, ERASE)?;
    let mut settled = Settled::default();
    let mut keys = BTreeSet::new();
    let mut prefixes = BTreeSet::new();
    for record in records {
        let key = place::key_part(target, record, OBJECT, ERASE)?;
        if names(&template, key, record) {
            settled.done += 1;
            keys.insert(key);
            if let Reach::At(span) = template.reach(record.via_value.expose()) {
                prefixes.insert((span.prefix, &record.via, &record.via_value));
            }
        } else {
            settled.foreign += 1;
        }
    }
    let listings: Vec<_> = keys
        .iter()
        .map(|key| async move {
            let listed = listing::versions(client, target, key, None, MOST_VERSIONS).await;
            (*key, listed)
        })
        .collect();
    let mut listings = futures::stream::iter(listings).buffered(AT_ONCE);
    let mut eraser = Eraser {
        client,
        target,
        pending: Vec::new(),
        covers: Vec::new(),
        failed: BTreeSet::new(),
        worst: None,
    };
    // Before the versions, or one that is finished meanwhile would outlive them.
    for (prefix, via, value) in &prefixes {
        let theirs = |key: &str| says(&template, key, via, value);
        if let Err(fault) = uploads::end(client, target, prefix, theirs).await {
            eraser.worst(fault);
        }
    }
    while let Some((key, listed)) = listings.next().await {
        match listed {
            Ok(listed) => eraser.object(key, listed).await,
            Err(fault) => {
                eraser.worst(fault);
                break;
            }
        }
    }
    eraser.finish().await?;
    Ok(settled)
}

/// Whether the object's key names the person that the record was found by.
fn names(template: &Template<'_>, key: &str, record: &Record) -> bool {
    says(template, key, &record.via, &record.via_value)
}

fn says(template: &Template<'_>, key: &str, field: &str, expected: &Value) -> bool {
    match template.read(key) {
        Reading::Fields(fields) => fields.get(field) == Some(expected),
        Reading::Other | Reading::Ambiguous => false,
    }
}

/// Deletes in batches, does what can be done, and remembers what could not.
///
/// The delete marker on top of an object goes last, and only when everything under it went:
/// otherwise an erasure that dies in between would bring back what the product had hidden.
struct Eraser<'a> {
    client: &'a Client,
    target: &'a Target<'a>,
    pending: Vec<Version>,
    covers: Vec<Version>,
    failed: BTreeSet<String>,
    worst: Option<Fault>,
}

impl Eraser<'_> {
    /// Takes an object's versions in, from the first page of its listing.
    async fn object(&mut self, key: &str, first: Versions) {
        let mut page = first;
        let mut deleted = None;
        for _ in 0..MOST_ROUNDS {
            // More than the object's own versions follow when its key begins another one.
            let all = page.next.is_none() || page.entries.iter().any(|entry| entry.key != key);
            let own: Vec<Version> = page.entries.into_iter().filter(|e| e.key == key).collect();
            let (cover, under): (Vec<_>, Vec<_>) = own.into_iter().partition(Version::hides);
            if all {
                self.covers.extend(cover);
                self.take(under).await;
                return;
            }
            // What was listed goes at once, and the listing begins anew: its own markers would name
            // versions that are gone.
            if deleted.is_some() && deleted == under.first().map(|version| version.id.clone()) {
                let what = "a version is listed that was deleted";
                return self.worst(place::senseless(self.target, ERASE, what));
            }
            deleted = under.first().map(|version| version.id.clone());
            self.take(under).await;
            self.flush().await;
            if self.worst.is_some() {
                return;
            }
            match listing::versions(self.client, self.target, key, None, MOST_VERSIONS).await {
                Ok(next) => page = next,
                Err(fault) => return self.worst(fault),
            }
        }
        self.worst(place::senseless(self.target, ERASE, "versions without end"));
    }

    async fn take(&mut self, versions: Vec<Version>) {
        for version in versions {
            self.pending.push(version);
            if self.pending.len() == MOST_VERSIONS {
                self.flush().await;
            }
        }
    }

    async fn finish(mut self) -> Result<(), Fault> {
        self.flush().await;
        let failed = std::mem::take(&mut self.failed);
        self.pending = std::mem::take(&mut self.covers);
        self.pending.retain(|cover| !failed.contains(&cover.key));
        self.flush().await;
        self.worst.map_or(Ok(()), Err)
    }

    /// Deletes what is pending.
    async fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        // Some characters cannot be written in XML, so such keys go one by one, in the URL.
        let (plain, odd): (Vec<_>, Vec<_>) = pending.into_iter().partition(|version| in_xml(&version.key));
        for batch in plain.chunks(MOST_VERSIONS) {
            self.delete_many(batch).await;
        }
        for version in &odd {
            self.delete_one(version).await;
        }
    }

    async fn delete_many(&mut self, batch: &[Version]) {
        let at = place::name(self.target);
        let identifiers: Result<Vec<_>, _> =
            batch.iter().map(|v| ObjectIdentifier::builder().key(&v.key).version_id(&v.id).build()).collect();
        let request =
            identifiers.and_then(|all| Delete::builder().set_objects(Some(all)).quiet(true).build());
        let Ok(request) = request else {
            return self.worst(place::senseless(self.target, DELETE_MANY, "a version without a key"));
        };
        let answer = self
            .client
            .delete_objects()
            .bucket(&self.target.collection.resource)
            .delete(request)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                for error in answer.errors.unwrap_or_default() {
                    let code = error.code.as_deref().map_or("", aws::plain);
                    // Gone already: somebody came first.
                    if code == "NoSuchVersion" || code == "NoSuchKey" {
                        continue;
                    }
                    match error.key {
                        Some(key) => self.failed.extend([key]),
                        None => self.failed.extend(batch.iter().map(|v| v.key.clone())),
                    }
                    let fault = aws::answered(aws::class_of(code, 0), DELETE_MANY, &at, code);
                    self.worst(fault);
                }
            }
            Err(e) => {
                self.failed.extend(batch.iter().map(|v| v.key.clone()));
                self.worst(aws::fault(DELETE_MANY, &at, &e));
            }
        }
    }

    async fn delete_one(&mut self, version: &Version) {
        let answer = self
            .client
            .delete_object()
            .bucket(&self.target.collection.resource)
            .key(&version.key)
            .version_id(&version.id)
            .send()
            .await;
        if let Err(e) = answer {
            let fault = aws::fault(DELETE_ONE, &place::name(self.target), &e);
            if fault.detail != "NoSuchVersion" && fault.detail != "NoSuchKey" {
                self.failed.insert(version.key.clone());
                self.worst(fault);
            }
        }
    }

    /// Of several faults the one that mends itself is told first: the others are still there when it
    /// has, and then they are told.
    fn worst(&mut self, fault: Fault) {
        let keep = self
            .worst
            .as_ref()
            .is_some_and(|worst| worst.class.mends_itself() || fault.class == Class::Permanent);
        if !keep {
            self.worst = Some(fault);
        }
    }
}

fn in_xml(key: &str) -> bool {
    !key.contains(|c: char| c.is_control() || c == '\u{fffe}' || c == '\u{ffff}')
}
