//! Objects in Amazon S3.
//!
//! A person's objects are those whose key, read by the collection's template, names the person. An
//! object is its whole history: every version, every delete marker and every upload that nobody
//! finished is found and goes, whether or not the bucket keeps versions now. What lies below a
//! person's own prefix and is read by no template cannot be erased, and counts as residue.

mod collect;
mod confirm;
mod content;
mod erase;
mod keys;
mod listing;
mod locate;
mod look_again;
mod plant;
mod template;
mod uploads;
mod walk;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use domain::catalog::Store;
use domain::export::Content;
use domain::plan::{Record, Value};
use ports::stores::{Collected, Found, Opened, Remaining, Search, Settled, Since, Target, Treatment, Walked};
use ports::{Collector, Connector, Contents, Fault, Planter, Walker};

use crate::{Connected, Outside, no_connection, place};
use template::Template;

/// The name of an object's key in a record's key.
const OBJECT: &str = "object";

/// The id of the version that has none.
const NO_ID: &str = "null";

/// Requests that are under way at the same time.
const AT_ONCE: usize = 16;

/// How long one waits for the next bytes of a content. The client's own limits end with an answer's head.
const READ_FOR: Duration = Duration::from_secs(10);

/// Objects in Amazon S3 buckets.
pub struct S3 {
    client: Client,
    read_for: Duration,
}

impl S3 {
    /// Over a client.
    pub fn over(client: Client) -> Self {
        Self { client, read_for: READ_FOR }
    }

    /// Waits so long for the next bytes of a content, instead of ten seconds.
    #[must_use]
    pub fn reading_for(self, read_for: Duration) -> Self {
        Self { read_for, ..self }
    }
}

pub(crate) async fn open(outside: &Outside, store: &Store) -> Result<Connected, Fault> {
    no_connection(store)?;
    let environment = outside.aws().await;
    // Another endpoint than AWS's has no host names for buckets.
    let config = aws_sdk_s3::config::Builder::from(environment)
        .force_path_style(environment.endpoint_url().is_some())
        .build();
    Ok(Connected::objects(S3::over(Client::from_conf(config))))
}

fn template<'a>(target: &Target<'a>, operation: &'static str) -> Result<Template<'a>, Fault> {
    Template::of(target.collection)
        .ok_or_else(|| place::mismatch(target, operation, "the key template cannot be read"))
}

/// A value that a key may hold in another writing: not finding it proves nothing, so nobody may go on.
fn unclear(target: &Target<'_>, field: &str, operation: &'static str) -> Fault {
    let what = format!(
        "a value of the field {field} has a `/`, a `%` or a control character in it, so no prefix is sure to \
         find its objects: catalog them through a table that lists them"
    );
    place::mismatch(target, operation, what)
}

/// An object is deleted or it stays: nothing in it is known, so nothing in it can be replaced.
fn deletes(target: &Target<'_>, treatment: &Treatment, operation: &'static str) -> Result<(), Fault> {
    match treatment {
        Treatment::Delete => Ok(()),
        Treatment::Anonymise(_) => Err(place::mismatch(target, operation, "objects cannot be anonymised")),
    }
}

#[async_trait]
impl Connector for S3 {
    async fn locate(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<Found, Fault> {
        locate::page(&self.client, target, search, cursor).await
    }

    async fn erase(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<Settled, Fault> {
        deletes(target, treatment, "s3:erase")?;
        erase::settle(&self.client, target, records).await
    }

    async fn look_again(&self, target: &Target<'_>, records: &[Record]) -> Result<Vec<Since>, Fault> {
        look_again::records(&self.client, target, records).await
    }

    async fn confirm_search(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<Remaining, Fault> {
        confirm::search(&self.client, target, search, cursor).await
    }

    async fn confirm_records(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<u64, Fault> {
        deletes(target, treatment, "s3:confirm")?;
        confirm::records(&self.client, target, records).await
    }
}

#[async_trait]
impl Collector for S3 {
    async fn collect(&self, target: &Target<'_>, records: &[Record]) -> Result<Collected, Fault> {
        collect::records(&self.client, target, records).await
    }
}

#[async_trait]
impl Contents for S3 {
    async fn content(&self, target: &Target<'_>, content: &Content) -> Result<Opened, Fault> {
        content::open(&self.client, target, content, self.read_for).await
    }
}

#[async_trait]
impl Walker for S3 {
    async fn walk(&self, target: &Target<'_>, cursor: Option<&str>) -> Result<Walked, Fault> {
        walk::page(&self.client, target, cursor).await
    }
}

#[async_trait]
impl Planter for S3 {
    /// Keys hold no mark, so the object has it itself.
    async fn plant(
        &self,
        target: &Target<'_>,
        record: &BTreeMap<String, Value>,
        _mark: &str,
    ) -> Result<(), Fault> {
        plant::object(&self.client, target, record).await
    }
}
