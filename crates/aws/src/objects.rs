//! Reading objects without trusting their size, and deleting them without trusting the answer's status.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use ports::{Class, Code, Fault};

use crate::sdk;

/// Bytes that an object may have at the most: 16 MiB.
pub(crate) const MOST_BYTES: usize = 16 << 20;

/// Whether a body may still grow to `total` bytes.
pub(crate) fn fits(total: usize) -> bool {
    total <= MOST_BYTES
}

fn too_large(operation: &'static str, target: &str, code: Code) -> Fault {
    Fault::new(Class::Permanent, code, operation, target, "too-large")
}

/// An object of at most [`MOST_BYTES`]; `None` if it is not there.
pub(crate) async fn get(
    client: &Client,
    bucket: &str,
    key: &str,
    code: Code,
) -> Result<Option<Vec<u8>>, Fault> {
    get_version(client, bucket, key, None, code).await
}

/// The same, of one version. That one which is listed is not there any more is a fault.
pub(crate) async fn get_version(
    client: &Client,
    bucket: &str,
    key: &str,
    version: Option<String>,
    code: Code,
) -> Result<Option<Vec<u8>>, Fault> {
    const OPERATION: &str = "s3:GetObject";
    let call = client.get_object().bucket(bucket).key(key).set_version_id(version);
    let answer = match call.send().await {
        Ok(answer) => answer,
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
            return Ok(None);
        }
        Err(error) => return Err(sdk::fault(code, OPERATION, bucket, &error)),
    };
    let declared = answer.content_length().and_then(|length| usize::try_from(length).ok());
    if declared.is_some_and(|length| !fits(length)) {
        return Err(too_large(OPERATION, bucket, code));
    }
    let mut body = answer.body;
    let mut bytes = Vec::with_capacity(declared.unwrap_or(0));
    loop {
        match body.try_next().await {
            Ok(None) => return Ok(Some(bytes)),
            // What was declared may be wrong or missing, so what arrives is counted too.
            Ok(Some(chunk)) if fits(bytes.len() + chunk.len()) => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(too_large(OPERATION, bucket, code)),
            Err(_) => {
                return Err(Fault::new(Class::Transient, code, OPERATION, bucket, "broken-off"));
            }
        }
    }
}

/// Deletes some objects, or versions of them, at most 1,000; a fault if any of them was not deleted.
pub(crate) async fn delete(
    client: &Client,
    bucket: &str,
    objects: Vec<ObjectIdentifier>,
) -> Result<(), Fault> {
    const OPERATION: &str = "s3:DeleteObjects";
    let fault =
        |class, detail: String| Fault::new(class, Code::ControlUnavailable, OPERATION, bucket, detail);
    let delete = Delete::builder()
        .set_objects(Some(objects))
        .quiet(true)
        .build()
        .map_err(|_| fault(Class::Permanent, "not-built".to_owned()))?;
    let answer = client
        .delete_objects()
        .bucket(bucket)
        .delete(delete)
        .send()
        .await
        .map_err(|e| sdk::fault(Code::ControlUnavailable, OPERATION, bucket, &e))?;
    match undeleted(&answer) {
        None => Ok(()),
        Some((class, code)) => Err(fault(class, code)),
    }
}

/// The answer is a 200 even if some keys were not deleted. If so: what to do about it, and the
/// first code. One key that trying again does not help makes the whole of it permanent.
fn undeleted(answer: &DeleteObjectsOutput) -> Option<(Class, String)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_mebibytes_fit_and_one_byte_more_does_not() {
        assert!(fits(16 * 1024 * 1024));
        assert!(!fits(16 * 1024 * 1024 + 1));
    }

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
