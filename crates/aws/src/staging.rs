//! The staging bucket.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
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

    async fn delete(&self, objects: Vec<ObjectIdentifier>) -> Result<(), Fault> {
        const OPERATION: &str = "s3:DeleteObjects";
        let delete = Delete::builder()
            .set_objects(Some(objects))
            .quiet(true)
            .build()
            .map_err(|_| self.fault(Class::Permanent, OPERATION, "not-built"))?;
        let answer = self
            .client
            .delete_objects()
            .bucket(&self.bucket)
            .delete(delete)
            .send()
            .await
            .map_err(|e| sdk::fault(Code::ControlUnavailable, OPERATION, &self.bucket, &e))?;
        match undeleted(&answer) {
            None => Ok(()),
            Some((class, code)) => Err(self.fault(class, OPERATION, code)),
        }
    }

    fn fault(&self, class: Class, operation: &'static str, detail: impl Into<String>) -> Fault {
        Fault::new(class, Code::ControlUnavailable, operation, &self.bucket, detail)
    }
}

/// The answer is a 200 even if some keys were not deleted. If so: what to do about it, and the
/// first code. One key that trying again does not help makes the whole of it permanent.
pub(crate) fn undeleted(answer: &DeleteObjectsOutput) -> Option<(Class, String)> {
    answer
        .errors()
        .iter()
        .map(|error| {
            let code = error.code().unwrap_or("no-code");
            // The entries carry no HTTP status; S3's own code for its own trouble stands for it.
            let class = match code {
                "InternalError" | "ServiceUnavailable" => Class::Transient,
                other => sdk::class_of(other, 0),
            };
            (class, code.to_owned())
        })
        .reduce(
            |first, other| {
                if first.0 != Class::Permanent && other.0 == Class::Permanent { other } else { first }
            },
        )
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
            let mut objects = Vec::with_capacity(page.contents().len());
            for key in page.contents().iter().filter_map(|object| object.key()) {
                let object = ObjectIdentifier::builder().key(key).build();
                objects.push(object.map_err(|_| self.fault(Class::Permanent, OPERATION, "not-built"))?);
            }
            if !objects.is_empty() {
                self.delete(objects).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codes: &[&str], expect: Option<(Class, &str)>) {
        let mut answer = DeleteObjectsOutput::builder();
        for code in codes {
            answer = answer.errors(
                aws_sdk_s3::types::Error::builder()
                    .key("staging/a")
                    .code(*code)
                    .message("about staging/a")
                    .build(),
            );
        }
        let got = undeleted(&answer.build());
        let expect = expect.map(|(class, code)| (class, code.to_owned()));
        assert_eq!(got, expect, "{codes:?}");
    }

    #[test]
    fn a_key_that_was_not_deleted_is_a_fault_by_its_code() {
        check(&[], None);
        check(&["InternalError"], Some((Class::Transient, "InternalError")));
        check(&["SlowDown"], Some((Class::Throttled, "SlowDown")));
        check(&["InternalError", "AccessDenied", "SlowDown"], Some((Class::Permanent, "AccessDenied")));
    }
}
