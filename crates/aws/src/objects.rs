//! Reading objects without trusting their size.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
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
    const OPERATION: &str = "s3:GetObject";
    let answer = match client.get_object().bucket(bucket).key(key).send().await {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_mebibytes_fit_and_one_byte_more_does_not() {
        assert!(fits(16 * 1024 * 1024));
        assert!(!fits(16 * 1024 * 1024 + 1));
    }
}
