//! The staging bucket.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::ObjectIdentifier;
use ports::{Class, Code, Fault, Staging};

use crate::{objects, sdk};

/// Pages of a listing in one call at the most, each of 1,000 objects: the next call goes on.
const MOST_PAGES: usize = 1_000;

/// Sealed objects in a bucket that encrypts by default.
#[derive(Debug, Clone)]
pub struct S3Staging {
    client: Client,
    bucket: String,
}

impl S3Staging {
    /// The staging bucket of this name.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into() }
    }

    fn fault(&self, class: Class, operation: &'static str, detail: impl Into<String>) -> Fault {
        Fault::new(class, Code::ControlUnavailable, operation, &self.bucket, detail)
    }
}

#[async_trait]
impl Staging for S3Staging {
    async fn put(&self, key: &str, sealed: Vec<u8>) -> Result<(), Fault> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(sealed.into())
            .send()
            .await
            .map(|_| ())
            .map_err(|e| sdk::fault(Code::ControlUnavailable, "s3:PutObject", &self.bucket, &e))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        objects::get(&self.client, &self.bucket, key, Code::ControlUnavailable).await
    }

    async fn delete_all(&self, prefix: &str) -> Result<(), Fault> {
        const OPERATION: &str = "s3:ListBucket";
        if prefix.is_empty() {
            return Err(self.fault(Class::Permanent, OPERATION, "empty-prefix"));
        }
        let mut next = None;
        let mut deleted = false;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_continuation_token(next.take())
                .send()
                .await
                .map_err(|e| sdk::fault(Code::ControlUnavailable, OPERATION, &self.bucket, &e))?;
            let mut found = Vec::with_capacity(page.contents().len());
            for key in page.contents().iter().filter_map(|object| object.key()) {
                let object = ObjectIdentifier::builder().key(key).build();
                found.push(object.map_err(|_| self.fault(Class::Permanent, OPERATION, "not-built"))?);
            }
            if !found.is_empty() {
                objects::delete(&self.client, &self.bucket, found).await?;
                deleted = true;
            }
            next = page.next_continuation_token().map(str::to_owned);
            if next.is_none() {
                if !deleted {
                    return Ok(());
                }
                // From the beginning again: a listing says what is there, a deletion what was asked.
                deleted = false;
            }
        }
        Err(self.fault(Class::Transient, OPERATION, "still-there"))
    }
}
