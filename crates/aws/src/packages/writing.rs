//! One package on its way up.

use std::mem;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::timeout::TimeoutConfig;
use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_s3::config::Builder as Config;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ServerSideEncryption::AwsKms,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ports::{Class, Fault, Upload};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::S3Packages;

/// Bytes of a part. S3 takes 10,000 parts, so a package has at most 78 GiB.
pub(super) const PART: usize = 8 << 20;

/// Parts that S3 takes.
const MOST_PARTS: i32 = 10_000;

/// Parts on their way at the same time. With the one that is being filled, three are held.
const AT_ONCE: usize = 2;

/// S3 keeps a connection open while it puts a large object together.
const FINISHES_WITHIN: Duration = Duration::from_mins(1);

/// Where the bytes go.
#[derive(Clone)]
struct Place {
    packages: S3Packages,
    key: String,
    context: String,
    content_type: &'static str,
}

/// A package whose bytes are on their way. What fits into one part is put at once, at the end; what does not
/// becomes a multipart upload.
pub(super) struct Writing {
    place: Place,
    buffer: Vec<u8>,
    /// The multipart upload's id, once there is one that may have to be given up.
    upload: Option<String>,
    flying: JoinSet<Result<CompletedPart, Fault>>,
    parts: Vec<CompletedPart>,
    begun: i32,
    size: i64,
    broken: bool,
}

fn sum(bytes: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, bytes))
}

impl Place {
    async fn create(&self) -> Result<String, Fault> {
        const OPERATION: &str = "s3:CreateMultipartUpload";
        let S3Packages { client, bucket, kms_key } = &self.packages;
        let answer = client
            .create_multipart_upload()
            .bucket(bucket)
            .key(&self.key)
            .content_type(self.content_type)
            .cache_control("no-store")
            .server_side_encryption(AwsKms)
            .ssekms_key_id(kms_key)
            .ssekms_encryption_context(&self.context)
            .bucket_key_enabled(false)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .send()
            .await
            .map_err(|e| self.packages.answered(OPERATION, &e))?;
        answer.upload_id.ok_or_else(|| self.packages.fault(Class::Transient, OPERATION, "no-upload-id"))
    }

    async fn part(self, upload: String, number: i32, bytes: Vec<u8>) -> Result<CompletedPart, Fault> {
        const OPERATION: &str = "s3:UploadPart";
        let sum = sum(&bytes);
        let answer = self
            .packages
            .client
            .upload_part()
            .bucket(&self.packages.bucket)
            .key(&self.key)
            .upload_id(upload)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(&sum)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|e| self.packages.answered(OPERATION, &e))?;
        // The sum is ours, and not what was answered: S3 compares it again when it puts the parts together.
        let part = CompletedPart::builder().part_number(number).checksum_sha256(sum);
        Ok(part.set_e_tag(answer.e_tag).build())
    }

    async fn put(&self, bytes: Vec<u8>) -> Result<(), Fault> {
        let S3Packages { client, bucket, kms_key } = &self.packages;
        client
            .put_object()
            .bucket(bucket)
            .key(&self.key)
            .content_type(self.content_type)
            .cache_control("no-store")
            .server_side_encryption(AwsKms)
            .ssekms_key_id(kms_key)
            .ssekms_encryption_context(&self.context)
            .bucket_key_enabled(false)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(sum(&bytes))
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map(|_| ())
            .map_err(|e| self.packages.answered("s3:PutObject", &e))
    }

    async fn complete(&self, upload: &str, parts: Vec<CompletedPart>, size: i64) -> Result<(), Fault> {
        let patient = TimeoutConfig::builder()
            .operation_attempt_timeout(FINISHES_WITHIN)
            .operation_timeout(FINISHES_WITHIN * 2)
            .build();
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        self.packages
            .client
            .complete_multipart_upload()
            .bucket(&self.packages.bucket)
            .key(&self.key)
            .upload_id(upload)
            .multipart_upload(parts)
            .mpu_object_size(size)
            .customize()
            .config_override(Config::new().timeout_config(patient))
            .send()
            .await
            .map(|_| ())
            .map_err(|e| self.packages.answered("s3:CompleteMultipartUpload", &e))
    }
}

impl Writing {
    pub(super) fn new(
        packages: S3Packages,
        key: String,
        context: String,
        content_type: &'static str,
    ) -> Self {
        Self {
            place: Place { packages, key, context, content_type },
            buffer: Vec::new(),
            upload: None,
            flying: JoinSet::new(),
            parts: Vec::new(),
            begun: 0,
            size: 0,
            broken: false,
        }
    }

    fn fault(&self, class: Class, detail: &str) -> Fault {
        self.place.packages.fault(class, "s3:UploadPart", detail)
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut rest = bytes;
        while !rest.is_empty() {
            // Not before there is more: the last part is never an empty one.
            if self.buffer.len() == PART {
                self.send_part().await?;
            }
            let filled = self.buffer.len();
            let (now, later) = rest.split_at(rest.len().min(PART - filled));
            if self.buffer.capacity() - filled < now.len() {
                // It doubles, as it would by itself, but never beyond one part.
                self.buffer.reserve_exact(now.len().max(filled).min(PART - filled));
            }
            self.buffer.extend_from_slice(now);
            rest = later;
        }
        Ok(())
    }

    async fn send_part(&mut self) -> Result<(), Fault> {
        if self.begun == MOST_PARTS {
            return Err(self.fault(Class::Permanent, "too-large"));
        }
        let upload = match &self.upload {
            Some(upload) => upload.clone(),
            None => self.upload.insert(self.place.create().await?).clone(),
        };
        while self.flying.len() >= AT_ONCE {
            self.land().await?;
        }
        self.begun += 1;
        let bytes = mem::take(&mut self.buffer);
        self.size += i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        self.flying.spawn(self.place.clone().part(upload, self.begun, bytes));
        Ok(())
    }

    /// Waits for one of the parts that are on their way.
    async fn land(&mut self) -> Result<(), Fault> {
        match self.flying.join_next().await {
            None => Ok(()),
            Some(Ok(part)) => {
                self.parts.push(part?);
                Ok(())
            }
            Some(Err(_)) => Err(self.fault(Class::Transient, "not-sent")),
        }
    }

    async fn close(&mut self) -> Result<(), Fault> {
        if self.broken {
            return Err(self.fault(Class::Permanent, "broken"));
        }
        if self.upload.is_none() {
            return self.place.put(mem::take(&mut self.buffer)).await;
        }
        self.send_part().await?;
        while !self.flying.is_empty() {
            self.land().await?;
        }
        let mut parts = mem::take(&mut self.parts);
        parts.sort_by_key(CompletedPart::part_number);
        if let Some(upload) = &self.upload {
            self.place.complete(upload, parts, self.size).await?;
        }
        self.upload = None;
        Ok(())
    }
}

/// Gives an upload up when nothing of it is on its way any more: a part that arrives later would stay.
async fn give_up(
    place: Place,
    upload: String,
    mut flying: JoinSet<Result<CompletedPart, Fault>>,
) -> Result<(), Fault> {
    while flying.join_next().await.is_some() {}
    place.packages.abort(&place.key, &upload).await
}

#[async_trait]
impl Upload for Writing {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        if self.broken {
            return Err(self.fault(Class::Permanent, "broken"));
        }
        // Also if this is dropped before its end: then some of the bytes are missing.
        self.broken = true;
        self.take(&bytes).await?;
        self.broken = false;
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), Fault> {
        let closed = self.close().await;
        if closed.is_err() {
            // What it was that failed is worth more than whether it could be tidied up.
            let _ = self.abandon().await;
        }
        closed
    }

    async fn abandon(mut self: Box<Self>) -> Result<(), Fault> {
        match self.upload.clone() {
            None => Ok(()),
            Some(upload) => {
                let given_up = give_up(self.place.clone(), upload, mem::take(&mut self.flying)).await;
                self.upload = None;
                given_up
            }
        }
    }
}

impl Drop for Writing {
    /// Best effort: outside of a runtime, or in one that stops, a later attempt or the lifecycle rule does it.
    fn drop(&mut self) {
        let (Some(upload), Ok(runtime)) = (self.upload.take(), Handle::try_current()) else {
            return;
        };
        runtime.spawn(give_up(self.place.clone(), upload, mem::take(&mut self.flying)));
    }
}
