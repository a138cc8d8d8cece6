//! What a walk asks of the world: the answers to its Task states.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::trace::Iteration;

/// One call of a Task state, of an `ItemReader` or of a `ResultWriter`.
#[derive(Debug, Clone)]
pub struct Call {
    /// The state that calls.
    pub state: String,
    /// The Map iterations and Parallel branches the state is inside of, outermost first.
    pub within: Vec<Iteration>,
    /// The state's `Resource`, for example `arn:aws:states:::lambda:invoke`.
    pub resource: String,
    /// Which function: the name inside `${...}` when the definition has a placeholder, else what
    /// the definition says (an ARN or a name). Empty when the resource is not a Lambda function.
    pub function: String,
    /// What the function receives: `Arguments.Payload` of `lambda:invoke`, the whole `Arguments`
    /// of anything else.
    pub payload: Value,
    /// 0 the first time, and one more with every retry.
    pub attempt: u32,
    /// The task token, when the state waits for one.
    pub token: Option<String>,
    /// The name of the execution that calls.
    pub execution: String,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// The task answers an error.
    #[error("{error}: {cause}")]
    Failed {
        /// The error's name, which `ErrorEquals` matches.
        error: String,
        /// What is said about it.
        cause: String,
    },
    /// The task does not answer before `TimeoutSeconds` have passed.
    #[error("no answer in time")]
    TimedOut,
    /// The task does not answer, and sends no heartbeat for `HeartbeatSeconds`.
    #[error("no heartbeat in time")]
    HeartbeatTimedOut,
}

impl TaskError {
    /// An error with this name and this cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self::Failed { error: error.into(), cause: cause.into() }
    }

    /// The error that Step Functions makes of a function's own failure: its name is the error
    /// type, its cause is the response as a JSON text.
    pub fn lambda(error_type: &str, message: &str) -> Self {
        let cause = json!({"errorType": error_type, "errorMessage": message});
        Self::new(error_type, cause.to_string())
    }
}

/// Who answers the calls.
///
/// A walk calls from several iterations of a Map "at once", but on one thread: a call that does
/// not suspend is never interrupted.
#[async_trait]
pub trait Tasks: Send + Sync {
    /// Answers one call.
    ///
    /// - `lambda:invoke`: what the function returns. The walk wraps it as `{Payload, ...}`.
    /// - `....waitForTaskToken`: anything; the state's result comes through
    ///   [`Tokens`](super::Tokens), before or after this returns.
    /// - `s3:getObject` of an `ItemReader`: the items, as a JSON array.
    /// - `s3:putObject` of a `ResultWriter`: anything; the results are in the payload.
    /// - anything else: the state's result.
    async fn invoke(&self, call: &Call) -> Result<Value, TaskError>;
}

/// The name inside `${...}`, or the text itself.
pub(super) fn function_name(text: &str) -> String {
    text.strip_prefix("${").and_then(|rest| rest.split_once('}')).map_or(text, |(name, _)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_its_placeholder() {
        let check = |text: &str, expect: &str| assert_eq!(function_name(text), expect);
        check("${EraseStoreFunctionArn}", "EraseStoreFunctionArn");
        check("${EraseStoreFunctionArn}:live", "EraseStoreFunctionArn");
        check("arn:aws:lambda:eu-west-1:1:function:erase", "arn:aws:lambda:eu-west-1:1:function:erase");
        check("${unclosed", "${unclosed");
    }

    #[test]
    fn a_function_error_is_named_by_its_type() {
        let error = TaskError::lambda("Lacuna.Transient", "no");
        assert_eq!(
            error,
            TaskError::new("Lacuna.Transient", r#"{"errorType":"Lacuna.Transient","errorMessage":"no"}"#)
        );
    }
}
