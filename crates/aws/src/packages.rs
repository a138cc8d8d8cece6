//! The exports bucket.
//!
//! Every object is encrypted under the customer's own key in a context that names its tenant and its
//! request, so that the right to decrypt can be limited to one person's package. Bucket keys are off in
//! each call: with one, the context would be the bucket's.

mod destroying;
#[cfg(test)]
mod tests;
mod writing;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::MultipartUpload;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{RequestId, TenantId};
use ports::packages::is_name;
use ports::{Class, Code, Fault, Packages, Upload};

use crate::sdk;
use writing::Writing;

/// Pages of a listing in one call at the most, each of 1,000 entries: the next call goes on.
const MOST_PAGES: usize = 1_000;

/// What an object of this name says it is.
pub(crate) fn content_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    if ending.is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
        "application/zip"
    } else {
        "application/octet-stream"
    }
}

/// All keys of a request begin with this.
pub(crate) fn prefix(tenant: &TenantId, id: &RequestId) -> String {
    format!("{tenant}/{id}/")
}

/// Packages in a versioned bucket.
#[derive(Debug, Clone)]
pub struct S3Packages {
    client: Client,
    bucket: String,
    kms_key: String,
}

impl S3Packages {
    /// The exports bucket of this name, encrypted under the key with this ARN.
    pub fn new(client: Client, bucket: impl Into<String>, kms_key: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), kms_key: kms_key.into() }
    }

    fn fault(&self, class: Class, operation: &'static str, detail: impl Into<String>) -> Fault {
        Fault::new(class, Code::ControlUnavailable, operation, &self.bucket, detail)
    }

    fn answered<E: ProvideErrorMetadata>(
        &self,
        operation: &'static str,
        error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
    ) -> Fault {
        let fault = sdk::fault(Code::ControlUnavailable, operation, &self.bucket, error);
        let class = match fault.detail.as_str() {
            // The upload was given up by a later attempt, or is finished and the answer was lost: what is to
            // be done is the same, to begin again.
            "NoSuchUpload"
            // Where it was found out late the status is 200; S3's own code for its own trouble stands for it.
            | "InternalError"
            | "ServiceUnavailable" => Class::Transient,
            _ => fault.class,
        };
        Fault { class, ..fault }
    }

    /// Gives up an upload. One that is not there any more is given up.
    async fn abort(&self, key: &str, upload: &str) -> Result<(), Fault> {
        let asked =
            self.client.abort_multipart_upload().bucket(&self.bucket).key(key).upload_id(upload).send().await;
        match asked {
            Err(error) if sdk::reduce(&error).1 != "NoSuchUpload" => {
                Err(self.answered("s3:AbortMultipartUpload", &error))
            }
            _ => Ok(()),
        }
    }

    /// Gives up the unfinished uploads below a prefix whose key is wanted, and says how many there were.
    async fn abort_below(&self, prefix: &str, wanted: impl Fn(&str) -> bool + Send) -> Result<usize, Fault> {
        const OPERATION: &str = "s3:ListBucketMultipartUploads";
        let (mut markers, mut count) = ((None, None), 0);
        for _ in 0..MOST_PAGES {
            let (key_marker, upload_marker) = markers;
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_key_marker(key_marker)
                .set_upload_id_marker(upload_marker)
                .send()
                .await
                .map_err(|e| self.answered(OPERATION, &e))?;
            let named = |upload: &MultipartUpload| {
                Some((upload.key()?.to_owned(), upload.upload_id()?.to_owned()))
                    .filter(|(key, _)| wanted(key))
            };
            for (key, upload) in page.uploads().iter().filter_map(named).collect::<Vec<_>>() {
                self.abort(&key, &upload).await?;
                count += 1;
            }
            if page.is_truncated() != Some(true) {
                return Ok(count);
            }
            markers = (page.next_key_marker, page.next_upload_id_marker);
            if markers.0.is_none() {
                return Err(self.fault(Class::Transient, OPERATION, "no-next-page"));
            }
        }
        Err(self.fault(Class::Transient, OPERATION, "too-many-pages"))
    }
}

/// The encryption context, as the header has it: JSON, in base64.
fn context(tenant: &TenantId, id: &RequestId) -> String {
    STANDARD.encode(serde_json::json!({"tenant": tenant.as_str(), "request": id.as_str()}).to_string())
}

#[async_trait]
impl Packages for S3Packages {
    async fn begin(&self, tenant: &TenantId, id: &RequestId, name: &str) -> Result<Box<dyn Upload>, Fault> {
        if !is_name(name) {
            return Err(self.fault(Class::Permanent, "s3:PutObject", "not-a-name"));
        }
        let key = format!("{}{name}", prefix(tenant, id));
        self.abort_below(&key, |found| found == key).await?;
        Ok(Box::new(Writing::new(self.clone(), key, context(tenant, id), content_type(name))))
    }

    async fn destroy(&self, tenant: &TenantId, id: &RequestId) -> Result<(), Fault> {
        self.destroy_below(&prefix(tenant, id)).await
    }
}
