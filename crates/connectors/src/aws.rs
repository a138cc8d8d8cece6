//! What the AWS kinds share: one way to the environment, one meaning of errors.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ports::{Class, Code, Fault};

/// The configuration by the environment, with limits on time and attempts for every call. Beyond
/// them a step gives back to the state machine, which waits longer.
pub(crate) async fn environment() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .read_timeout(Duration::from_secs(10))
        .operation_attempt_timeout(Duration::from_secs(15))
        .operation_timeout(Duration::from_secs(45))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .timeout_config(timeouts)
        .load()
        .await
}

/// An SDK error as a fault: its code, never its message.
pub(crate) fn fault<E: ProvideErrorMetadata>(
    operation: &'static str,
    place: &str,
    error: &SdkError<E, HttpResponse>,
) -> Fault {
    let (class, detail) = match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().map_or("", plain);
            match code {
                // The SDK takes an answer that it cannot read for an error of the service.
                "" if status < 400 => (Class::Transient, "an unreadable answer".to_owned()),
                "" => (class_of(code, status), format!("HTTP {status}")),
                code => (class_of(code, status), code.to_owned()),
            }
        }
        SdkError::TimeoutError(_) => (Class::Transient, "no answer in time".to_owned()),
        SdkError::DispatchFailure(_) => (Class::Transient, "no connection".to_owned()),
        SdkError::ResponseError(_) => (Class::Transient, "an unreadable answer".to_owned()),
        // Credentials or a region that cannot be had. The first may come back by themselves.
        _ => (Class::Transient, "the request could not be made".to_owned()),
    };
    answered(class, operation, place, detail)
}

/// A fault with the code that goes with its class.
pub(crate) fn answered(
    class: Class,
    operation: &'static str,
    place: &str,
    detail: impl Into<String>,
) -> Fault {
    let code = match class {
        Class::Transient => Code::StoreUnavailable,
        Class::Throttled => Code::StoreThrottled,
        Class::Permanent => Code::StoreRefused,
    };
    Fault::new(class, code, operation, place, detail)
}

/// What to do about an error code that came with an HTTP status.
pub(crate) fn class_of(code: &str, status: u16) -> Class {
    match code {
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "PriorRequestNotComplete"
        | "BandwidthLimitExceeded"
        | "SlowDown" => Class::Throttled,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "RequestExpired"
        | "OperationAborted"
        | "InternalError"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "TransactionConflictException"
        | "ReplicatedWriteConflictException"
        | "TransactionInProgressException" => Class::Transient,
        _ if status == 429 => Class::Throttled,
        _ if status == 408 || status >= 500 => Class::Transient,
        _ => Class::Permanent,
    }
}

/// The code if it looks like one. What answers may be no AWS service at all, and a "code" a quotation.
pub(crate) fn plain(code: &str) -> &str {
    let good = (1..=64).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_' || b == b'-');
    if good { code } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, status: u16, expect: Class) {
        assert_eq!(class_of(code, status), expect, "{code} {status}");
    }

    #[test]
    fn the_class_says_whether_trying_again_helps() {
        check("ProvisionedThroughputExceededException", 400, Class::Throttled);
        check("RequestLimitExceeded", 400, Class::Throttled);
        check("SlowDown", 503, Class::Throttled);
        check("", 429, Class::Throttled);
        check("InternalServerError", 500, Class::Transient);
        check("ExpiredTokenException", 400, Class::Transient);
        check("", 502, Class::Transient);
        check("ResourceNotFoundException", 400, Class::Permanent);
        check("AccessDeniedException", 400, Class::Permanent);
        check("ValidationException", 400, Class::Permanent);
        check("NoSuchBucket", 404, Class::Permanent);
        check("", 403, Class::Permanent);
    }

    #[test]
    fn a_code_that_is_a_sentence_is_not_passed_on() {
        assert_eq!(plain("AccessDenied"), "AccessDenied");
        assert_eq!(plain("com.amazonaws.x-y_1"), "com.amazonaws.x-y_1");
        assert_eq!(plain("no item for mark@example.com"), "");
        assert_eq!(plain(&"x".repeat(65)), "");
    }
}
