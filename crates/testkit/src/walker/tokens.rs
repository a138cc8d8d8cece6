//! Task tokens: how what happens outside answers a state that waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use serde_json::Value;

use super::lock;
use super::trace::size;

/// The largest output of `SendTaskSuccess`, in bytes.
const LARGEST: usize = 262_144;

/// The task tokens of one or more walks: `SendTaskSuccess`, `SendTaskFailure` and
/// `SendTaskHeartbeat`.
///
/// A clone is the same set. Give one to the walk and keep one for who answers.
#[derive(Debug, Clone, Default)]
pub struct Tokens(Arc<Mutex<Register>>);

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The task has timed out, was retried, or was answered before. AWS: `TaskTimedOut`.
    #[error("the task of this token is closed")]
    TimedOut,
    /// No task ever had this token. AWS: `InvalidToken`.
    #[error("no task has this token")]
    Invalid,
    /// The output is larger than 256 KiB. AWS: `InvalidOutput`.
    #[error("the output is larger than 256 KiB")]
    TooLarge,
}

#[derive(Debug, Default)]
struct Register {
    tasks: BTreeMap<String, Waiting>,
    issued: u64,
}

#[derive(Debug, Default)]
struct Waiting {
    answer: Option<Result<Value, (String, String)>>,
    heartbeats: u64,
    closed: bool,
    waker: Option<Waker>,
}

/// What a waiting state finds.
#[derive(Debug)]
pub(super) enum Found {
    Answer(Result<Value, (String, String)>),
    Heartbeats(u64),
}

impl Tokens {
    /// No tokens yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The task has this result.
    pub fn succeed(&self, token: &str, output: Value) -> Result<(), TokenError> {
        if size(&output) > LARGEST {
            return Err(TokenError::TooLarge);
        }
        self.with(token, |task| task.close(Ok(output)))
    }

    /// The task has failed.
    pub fn fail(&self, token: &str, error: &str, cause: &str) -> Result<(), TokenError> {
        self.with(token, |task| {
            task.close(Err((error.to_owned(), cause.to_owned())));
        })
    }

    /// The task is still being worked on.
    pub fn heartbeat(&self, token: &str) -> Result<(), TokenError> {
        self.with(token, |task| task.heartbeats += 1)
    }

    /// The tokens that can be answered now, the oldest first.
    pub fn open(&self) -> Vec<String> {
        let register = lock(&self.0);
        register.tasks.iter().filter(|(_, task)| !task.closed).map(|(t, _)| t.clone()).collect()
    }

    fn with(&self, token: &str, act: impl FnOnce(&mut Waiting)) -> Result<(), TokenError> {
        let waker = {
            let mut register = lock(&self.0);
            let task = register.tasks.get_mut(token).ok_or(TokenError::Invalid)?;
            if task.closed {
                return Err(TokenError::TimedOut);
            }
            act(task);
            task.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// A new token, for a task of `execution`.
    pub(super) fn issue(&self, execution: &str) -> String {
        let mut register = lock(&self.0);
        register.issued += 1;
        let token = format!("token.{:06}.{execution}", register.issued);
        register.tasks.insert(token.clone(), Waiting::default());
        token
    }

    /// Nobody waits for this token any more.
    pub(super) fn retire(&self, token: &str) {
        if let Some(task) = lock(&self.0).tasks.get_mut(token) {
            task.closed = true;
            task.waker = None;
        }
    }

    /// The answer, or more heartbeats than `known`.
    pub(super) fn poll(&self, token: &str, known: u64, waker: &Waker) -> Poll<Found> {
        let mut register = lock(&self.0);
        let Some(task) = register.tasks.get_mut(token) else {
            return Poll::Pending;
        };
        if let Some(answer) = task.answer.take() {
            return Poll::Ready(Found::Answer(answer));
        }
        if task.heartbeats > known {
            return Poll::Ready(Found::Heartbeats(task.heartbeats));
        }
        task.waker = Some(waker.clone());
        Poll::Pending
    }
}

impl Waiting {
    fn close(&mut self, answer: Result<Value, (String, String)>) {
        self.answer = Some(answer);
        self.closed = true;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_answered_once() {
        let tokens = Tokens::new();
        let token = tokens.issue("run");
        assert_eq!(tokens.open(), [token.as_str()]);
        assert_eq!(tokens.heartbeat(&token), Ok(()));
        assert_eq!(tokens.succeed(&token, json!(1)), Ok(()));
        assert_eq!(tokens.succeed(&token, json!(2)), Err(TokenError::TimedOut));
        assert_eq!(tokens.fail(&token, "E", ""), Err(TokenError::TimedOut));
        assert_eq!(tokens.heartbeat("other"), Err(TokenError::Invalid));
        assert!(tokens.open().is_empty());
    }

    #[test]
    fn an_answer_has_a_largest_size() {
        let tokens = Tokens::new();
        let token = tokens.issue("run");
        let large = json!("x".repeat(LARGEST));
        assert_eq!(tokens.succeed(&token, large), Err(TokenError::TooLarge));
        assert_eq!(tokens.succeed(&token, json!("x".repeat(LARGEST - 2))), Ok(()));
    }
}
