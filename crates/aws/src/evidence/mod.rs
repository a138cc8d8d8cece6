//! The evidence bucket.
//!
//! Object Lock keeps every version that was written, and nothing else: a later version or a delete marker above it
//! is always possible to whoever may write. So what is read is the first version, found by the versions of the
//! bucket, and what is listed is every key that has one.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::ChecksumAlgorithm;
use ports::{Class, Code, Evidence, Fault, Put};

use crate::{objects, sdk};

const PUT: &str = "s3:PutObject";
const LIST: &str = "s3:ListBucketVersions";

/// Pages of a listing in one call at the most. More would be the work of somebody who piles versions up.
const MOST_PAGES: usize = 100;
/// Versions and markers of a page at the most. The first one has fewer where few are looked for: there is hardly ever
/// more than one version.
const PAGE: i32 = 1_000;

/// Proofs in a bucket with versions, under Object Lock with a retention by default.
#[derive(Debug, Clone)]
pub struct S3Evidence {
    client: Client,
    bucket: String,
}

/// Where a page of a listing begins: after a key, or after one of its versions.
type Markers = (Option<String>, Option<String>);

impl S3Evidence {
    /// The evidence bucket of this name.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into() }
    }

    fn fault(&self, class: Class, operation: &'static str, detail: &str) -> Fault {
        Fault::new(class, Code::ControlUnavailable, operation, &self.bucket, detail)
    }

    async fn page(&self, prefix: &str, after: Markers, most: i32) -> Result<ListObjectVersionsOutput, Fault> {
        let call = self
            .client
            .list_object_versions()
            .bucket(&self.bucket)
            .prefix(prefix)
            .max_keys(most)
            .set_key_marker(after.0)
            .set_version_id_marker(after.1);
        call.send().await.map_err(|e| sdk::fault(Code::ControlUnavailable, LIST, &self.bucket, &e))
    }

    /// Where the next page begins; `None` if there is none.
    fn next(&self, page: ListObjectVersionsOutput) -> Result<Option<Markers>, Fault> {
        if page.is_truncated() != Some(true) {
            return Ok(None);
        }
        match page.next_key_marker {
            None => Err(self.fault(Class::Transient, LIST, "no-next-page")),
            key => Ok(Some((key, page.next_version_id_marker))),
        }
    }

    /// The id of the first version of a key that was ever written. They are listed by key, the latest first, and
    /// a key comes before all that it is the beginning of.
    async fn first(&self, key: &str) -> Result<Option<String>, Fault> {
        let (mut first, mut after, mut most) = (None, (None, None), 2);
        for _ in 0..MOST_PAGES {
            let page = self.page(key, after, most).await?;
            most = PAGE;
            let own = page.versions().iter().rev().find(|version| version.key() == Some(key));
            if let Some(version) = own {
                let id = version.version_id().filter(|id| is_version(id));
                first =
                    Some(id.ok_or_else(|| self.fault(Class::Permanent, LIST, "not-versioned"))?.to_owned());
            }
            let mut markers = page.delete_markers().iter();
            let beyond = page.versions().iter().any(|version| version.key() != Some(key))
                || markers.any(|marker| marker.key() != Some(key));
            match self.next(page)? {
                Some(next) if !beyond => after = next,
                _ => return Ok(first),
            }
        }
        Err(self.fault(Class::Permanent, LIST, "too-many-versions"))
    }
}

/// What is written while a bucket keeps no versions is called `null`, and is replaced.
fn is_version(id: &str) -> bool {
    !id.is_empty() && id != "null"
}

#[async_trait]
impl Evidence for S3Evidence {
    async fn put_once(&self, key: &str, bytes: Vec<u8>) -> Result<Put, Fault> {
        if !objects::fits(bytes.len()) {
            return Err(self.fault(Class::Permanent, PUT, "too-large"));
        }
        let call = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .body(bytes.into());
        let written = match call.send().await {
            Ok(written) => written.version_id,
            Err(error) if error.code() == Some("PreconditionFailed") => return Ok(Put::There),
            Err(error) => {
                let fault = sdk::fault(Code::ControlUnavailable, PUT, &self.bucket, &error);
                // Another one writes the same key at this moment: whose it is, is known when it is done.
                let class = match fault.detail.as_str() {
                    "ConditionalRequestConflict" => Class::Transient,
                    _ => fault.class,
                };
                return Err(Fault { class, ..fault });
            }
        };
        let written = written.filter(|id| is_version(id));
        let written = written.ok_or_else(|| self.fault(Class::Permanent, PUT, "not-versioned"))?;
        // Above a delete marker S3 lets a version in that is not the first.
        match self.first(key).await? {
            Some(first) if first == written => Ok(Put::Written),
            Some(_) => Ok(Put::There),
            None => Err(self.fault(Class::Transient, LIST, "not-listed")),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let Some(first) = self.first(key).await? else {
            return Ok(None);
        };
        objects::get_version(&self.client, &self.bucket, key, Some(first), Code::ControlUnavailable).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, most: usize) -> Result<Vec<String>, Fault> {
        let mut keys: Vec<String> = Vec::new();
        let mut from = (after.map(str::to_owned), None);
        // One more, for the key that a page may begin with though it should begin after it.
        let mut few = i32::try_from(most.saturating_add(1)).unwrap_or(PAGE).min(PAGE);
        for _ in 0..MOST_PAGES {
            let page = self.page(prefix, from, few).await?;
            few = PAGE;
            for key in page.versions().iter().filter_map(|version| version.key()) {
                if keys.len() == most {
                    return Ok(keys);
                }
                let last = keys.last().map(String::as_str).or(after);
                if key.starts_with(prefix) && last.is_none_or(|last| key > last) {
                    keys.push(key.to_owned());
                }
            }
            match self.next(page)? {
                Some(next) => from = next,
                None => return Ok(keys),
            }
        }
        Err(self.fault(Class::Permanent, LIST, "too-many-versions"))
    }
}
