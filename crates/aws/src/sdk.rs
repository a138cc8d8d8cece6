//! What the SDK's errors mean.
//!
//! An error of the SDK is reduced to its code: its message may quote a key or a value.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use ports::{Class, Code, Fault};

/// Error codes that say "slower" without saying "throttled".
const SLOWER: [&str; 7] = [
    "ExecutionLimitExceeded",
    "LimitExceededException",
    "OverLimit",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
];

/// Error codes that mend by themselves though their HTTP status is a 4xx.
const TRANSIENT: [&str; 7] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "OperationAborted",
    "RequestExpired",
    "RequestTimeout",
    "RequestTimeoutException",
    "TransactionInProgressException",
];

/// What to do about an error code that came with an HTTP status.
pub(crate) fn class_of(code: &str, status: u16) -> Class {
    if code.contains("Throttl") || SLOWER.contains(&code) || status == 429 {
        Class::Throttled
    } else if TRANSIENT.contains(&code) || status >= 500 || status == 408 {
        Class::Transient
    } else {
        Class::Permanent
    }
}

/// What to do about an SDK error, and its code.
pub(crate) fn reduce<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> (Class, String) {
    match error {
        SdkError::ServiceError(context) => {
            let code = context.err().code().unwrap_or("no-code");
            let status = context.raw().status().as_u16();
            (class_of(code, status), code.to_owned())
        }
        SdkError::TimeoutError(_) => (Class::Transient, "timed-out".to_owned()),
        SdkError::DispatchFailure(_) => (Class::Transient, "not-sent".to_owned()),
        SdkError::ResponseError(_) => (Class::Transient, "unreadable-answer".to_owned()),
        _ => (Class::Permanent, "not-built".to_owned()),
    }
}

/// An SDK error as a fault.
pub(crate) fn fault<E: ProvideErrorMetadata>(
    code: Code,
    operation: &'static str,
    target: &str,
    error: &SdkError<E, HttpResponse>,
) -> Fault {
    let (class, detail) = reduce(error);
    Fault::new(class, code, operation, target, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, status: u16, expect: Class) {
        assert_eq!(class_of(code, status), expect, "{code} {status}");
    }

    #[test]
    fn the_class_says_whether_trying_again_helps() {
        check("ThrottlingException", 400, Class::Throttled);
        check("KMS.ThrottlingException", 400, Class::Throttled);
        check("EC2ThrottledException", 400, Class::Throttled);
        check("ExecutionLimitExceeded", 400, Class::Throttled);
        check("SlowDown", 503, Class::Throttled);
        check("no-code", 429, Class::Throttled);
        check("InternalError", 500, Class::Transient);
        check("RequestTimeout", 400, Class::Transient);
        check("ExpiredToken", 400, Class::Transient);
        check("AccessDenied", 403, Class::Permanent);
        check("NoSuchBucket", 404, Class::Permanent);
        check("no-code", 400, Class::Permanent);
    }
}
