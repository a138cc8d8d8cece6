//! Links to packages, signed with rights to one object.
//!
//! Whoever signs has no right to read a package. For each link it takes a session of the reader's role whose
//! policy names one object and one encryption context, looks with it whether the object is there, signs with
//! it, and lets go of it.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_s3::config::{Builder as Config, Credentials, ResponseChecksumValidation};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::types::Credentials as Session;
use domain::{Personal, RequestId, TenantId};
use jiff::{SignedDuration, Timestamp};
use ports::packages::{LONGEST_LINK, is_name};
use ports::{Class, Clock, Code, Fault, Link, Links};
use serde_json::json;

use crate::packages::{content_type, prefix};
use crate::sdk;

/// How long a session lasts: the shortest that STS gives.
const SESSION: SignedDuration = SignedDuration::from_mins(15);

/// The longest name under which a package is saved.
const LONGEST_FILE_NAME: usize = 100;

const SIGN: &str = "s3:GetObject";

/// A role or a key that is not named by its ARN, which a policy needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ARN; set the whole ARN, which begins with arn:")]
pub struct NotArn;

/// Signs by sessions of a role that may read packages.
pub struct StsLinks {
    sessions: Client,
    objects: Config,
    bucket: String,
    partition: String,
    role: String,
    kms_key: String,
    clock: Arc<dyn Clock>,
}

/// The partition in an ARN.
fn partition(arn: &str) -> Result<&str, NotArn> {
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", partition, _, _, _, _, ..] if !partition.is_empty() => Ok(partition),
        _ => Err(NotArn),
    }
}

/// Whether a text is an ARN.
pub(crate) fn is_arn(text: &str) -> bool {
    partition(text).is_ok()
}

impl StsLinks {
    /// Links into this bucket, by the role and for the key with these ARNs. Of the settings for objects the
    /// credentials are not used.
    pub fn new(
        sessions: Client,
        objects: Config,
        bucket: impl Into<String>,
        role: impl Into<String>,
        kms_key: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, NotArn> {
        let (role, kms_key) = (role.into(), kms_key.into());
        partition(&kms_key)?;
        let partition = partition(&role)?.to_owned();
        Ok(Self { sessions, objects, bucket: bucket.into(), partition, role, kms_key, clock })
    }

    /// All that a session may do. To learn that an object is not there, and not only that it may not be read,
    /// takes the right to list it. No name has anything in it that means something in a policy.
    fn policy(&self, tenant: &TenantId, id: &RequestId, key: &str) -> String {
        let bucket = format!("arn:{}:s3:::{}", self.partition, self.bucket);
        json!({
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("{bucket}/{key}")},
                {
                    "Effect": "Allow",
                    "Action": "s3:ListBucket",
                    "Resource": bucket,
                    "Condition": {"StringEquals": {"s3:prefix": key}},
                },
                {
                    "Effect": "Allow",
                    "Action": "kms:Decrypt",
                    "Resource": self.kms_key,
                    "Condition": {"StringEquals": {
                        "kms:EncryptionContext:tenant": tenant.as_str(),
                        "kms:EncryptionContext:request": id.as_str(),
                    }},
                },
            ],
        })
        .to_string()
    }

    async fn session(&self, tenant: &TenantId, id: &RequestId, key: &str) -> Result<Session, Fault> {
        const OPERATION: &str = "sts:AssumeRole";
        let answer = self
            .sessions
            .assume_role()
            .role_arn(&self.role)
            // It stands in AWS's own logs beside each download.
            .role_session_name(id.as_str())
            .duration_seconds(i32::try_from(SESSION.as_secs()).unwrap_or(900))
            .policy(self.policy(tenant, id, key))
            .send()
            .await
            .map_err(|e| sdk::fault(Code::ControlUnavailable, OPERATION, &self.role, &e))?;
        answer.credentials.ok_or_else(|| {
            let code = Code::ControlUnavailable;
            Fault::new(Class::Transient, code, OPERATION, &self.role, "no-credentials")
        })
    }

    fn fault(&self, class: Class, operation: &'static str, detail: &str) -> Fault {
        Fault::new(class, Code::ControlUnavailable, operation, &self.bucket, detail)
    }
}

/// The name under which a package is saved: nothing in it means anything in a header or to a file system.
fn saved_as(file_name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let name: String = file_name.trim_start_matches('.').chars().take(LONGEST_FILE_NAME).map(plain).collect();
    if name.is_empty() { "package".to_owned() } else { name }
}

/// A whole second: a signature has no finer time.
fn second(at: Timestamp) -> Option<(Timestamp, SystemTime)> {
    let seconds = u64::try_from(at.as_second()).ok()?;
    let at = Timestamp::from_second(at.as_second()).ok()?;
    Some((at, SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)))
}

#[async_trait]
impl Links for StsLinks {
    async fn sign(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        name: &str,
        file_name: &str,
        works_for: SignedDuration,
    ) -> Result<Option<Link>, Fault> {
        if !is_name(name) {
            return Err(self.fault(Class::Permanent, SIGN, "not-a-name"));
        }
        let whole = SignedDuration::from_secs(works_for.as_secs());
        if whole < SignedDuration::from_secs(1) || works_for > LONGEST_LINK {
            return Err(self.fault(Class::Permanent, SIGN, "works-too-long-or-not-at-all"));
        }
        let key = format!("{}{name}", prefix(tenant, id));
        let session = self.session(tenant, id, &key).await?;
        let now = second(self.clock.now()).ok_or_else(|| self.fault(Class::Permanent, SIGN, "not-a-time"))?;
        let expires_at = now.0.saturating_add(whole).unwrap_or(now.0);
        // What was signed with a session dies with it.
        if session.expiration.secs() < expires_at.as_second() {
            return Err(self.fault(Class::Transient, SIGN, "session-too-short"));
        }
        let Session { access_key_id, secret_access_key, session_token, .. } = session;
        let credentials =
            Credentials::new(access_key_id, secret_access_key, Some(session_token), None, "links");
        let config = self.objects.clone().credentials_provider(credentials);
        // Otherwise the one who downloads would have to send a header, too.
        let config = config.response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let client = aws_sdk_s3::Client::from_conf(config.build());

        let listed = client.list_objects_v2().bucket(&self.bucket).prefix(&key).max_keys(1).send().await;
        let listed =
            listed.map_err(|e| sdk::fault(Code::ControlUnavailable, "s3:ListBucket", &self.bucket, &e))?;
        // The first key that begins so is the key itself, if there is one.
        if listed.contents().first().and_then(|object| object.key()) != Some(&key) {
            return Ok(None);
        }

        let signing = PresigningConfig::builder()
            .start_time(now.1)
            .expires_in(whole.unsigned_abs())
            .build()
            .map_err(|_| self.fault(Class::Permanent, SIGN, "not-built"))?;
        let signed = client
            .get_object()
            .bucket(&self.bucket)
            .key(&key)
            .response_content_disposition(format!("attachment; filename=\"{}\"", saved_as(file_name)))
            .response_content_type(content_type(name))
            .response_cache_control("no-store")
            .presigned(signing)
            .await
            .map_err(|e| sdk::fault(Code::ControlUnavailable, SIGN, &self.bucket, &e))?;
        if signed.headers().next().is_some() {
            return Err(self.fault(Class::Permanent, SIGN, "not-plain"));
        }
        Ok(Some(Link { url: Personal::new(signed.uri()), expires_at }))
    }
}
