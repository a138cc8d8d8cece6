//! What the SDK's errors mean. Of an error only its code is kept: messages quote keys and values.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use ports::{Class, Code, Fault};

/// A failed call on a table.
pub(super) fn dynamodb<E: ProvideErrorMetadata>(
    operation: &'static str,
    table: &str,
    error: &SdkError<E>,
) -> Fault {
    of(Code::ControlUnavailable, operation, table, error)
}

/// A failed call on the key service. `target` names the scope, not the key material.
pub(super) fn kms<E: ProvideErrorMetadata>(
    operation: &'static str,
    target: &str,
    error: &SdkError<E>,
) -> Fault {
    of(Code::KeyUnavailable, operation, target, error)
}

/// A code that came without an exception of its own: a cancellation reason.
pub(super) fn from_code(operation: &'static str, table: &str, code: &str) -> Fault {
    let class = class_of(code, 400);
    Fault::new(class, Code::ControlUnavailable, operation, table, code)
}

fn of<E: ProvideErrorMetadata>(
    code: Code,
    operation: &'static str,
    target: &str,
    error: &SdkError<E>,
) -> Fault {
    let (class, detail) = match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            match context.err().code() {
                Some(code) => (class_of(code, status), code.to_owned()),
                None => (class_of("", status), format!("http-{status}")),
            }
        }
        SdkError::TimeoutError(_) => (Class::Transient, "timeout".to_owned()),
        // Missing credentials end here as well: they can come back, and an alarm on retries tells.
        SdkError::DispatchFailure(_) => (Class::Transient, "no-connection".to_owned()),
        SdkError::ResponseError(_) => (Class::Transient, "unreadable-response".to_owned()),
        SdkError::ConstructionFailure(_) => (Class::Permanent, "malformed-request".to_owned()),
        _ => (Class::Permanent, "unknown".to_owned()),
    };
    Fault::new(class, code, operation, target, detail)
}

fn class_of(code: &str, status: u16) -> Class {
    match code {
        "ProvisionedThroughputExceededException"
        | "ProvisionedThroughputExceeded"
        | "RequestLimitExceeded"
        | "ThrottlingException"
        | "ThrottlingError"
        | "Throttling"
        | "LimitExceededException" => Class::Throttled,
        "InternalServerError"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "TransactionConflict"
        | "TransactionConflictException"
        | "TransactionInProgressException"
        | "ReplicatedWriteConflictException"
        | "RequestTimeout"
        | "RequestExpired"
        | "ExpiredTokenException"
        | "KMSInternalException"
        | "KeyUnavailableException"
        | "DependencyTimeoutException" => Class::Transient,
        _ if status == 429 => Class::Throttled,
        _ if status >= 500 => Class::Transient,
        _ => Class::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_to_do() {
        fn check(code: &str, status: u16, expect: Class) {
            assert_eq!(class_of(code, status), expect, "{code} {status}");
        }
        check("ThrottlingException", 400, Class::Throttled);
        check("TransactionConflict", 400, Class::Transient);
        check("ValidationException", 400, Class::Permanent);
        check("AccessDeniedException", 400, Class::Permanent);
        check("ResourceNotFoundException", 400, Class::Permanent);
        check("InvalidCiphertextException", 400, Class::Permanent);
        check("KeyUnavailableException", 500, Class::Transient);
        check("SomethingNew", 503, Class::Transient);
        check("", 429, Class::Throttled);
    }
}
