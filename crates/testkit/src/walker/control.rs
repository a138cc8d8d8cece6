//! What limits a walk, what may interfere with it, and how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::schedule::Waiter;
use super::trace::Trace;

/// What AWS allows, and one limit of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Events in the history of one execution.
    pub history: u64,
    /// Bytes of one payload, as compact JSON in UTF-8.
    pub payload: usize,
    /// How long an execution may take.
    pub duration: SignedDuration,
    /// State transitions of a walk, so that a loop ends. Not a limit of AWS.
    pub transitions: u64,
}

impl Default for Limits {
    /// The quotas of Standard Workflows.
    fn default() -> Self {
        Self {
            history: 25_000,
            payload: 262_144,
            duration: SignedDuration::from_hours(365 * 24),
            transitions: 1_000_000,
        }
    }
}

/// How a walk ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// At an end state, with its output.
    Succeeded(Value),
    /// A failure that nothing caught.
    Failed {
        /// The error's name.
        error: String,
        /// What is said about it.
        cause: String,
        /// The innermost state that failed.
        state: String,
    },
    /// The machine's `TimeoutSeconds`, or a year, have passed.
    TimedOut {
        /// A state it was at.
        state: String,
    },
    /// It was stopped, as by `StopExecution`.
    Aborted {
        /// A state it was at.
        state: String,
    },
}

/// How a walk ended, and what it did.
#[derive(Debug, Clone)]
pub struct Walked {
    /// How it ended.
    pub end: End,
    /// What it did.
    pub trace: Trace,
}

/// Stops a walk from outside, as `StopExecution` does. A clone stops the same walk.
///
/// A call that is under way returns first; nothing is called after it.
#[derive(Debug, Clone, Default)]
pub struct StopHandle(Arc<AtomicBool>);

impl StopHandle {
    /// Stops the walk.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the walk is stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Time is about to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// What time it is.
    pub now: Timestamp,
    /// What time it will be next.
    pub until: Timestamp,
    /// Every state that waits, the first to go on first.
    pub waiters: Vec<Waiter>,
}

/// What to do about a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Let time pass. If what the watch did lets a state go on at once, that comes first.
    GoOn,
    /// Let time pass until this moment at most, and ask again then.
    At(Timestamp),
    /// Stop the execution.
    Stop,
}

/// Who is asked whenever time is about to pass: during a Wait, a retry's delay, a wait for a
/// token. What it does happens before time passes.
#[async_trait]
pub trait Watch: Send + Sync {
    /// Time is about to pass.
    async fn pausing(&self, pause: &Pause) -> Next;
}

#[async_trait]
impl<F: Fn(&Pause) -> Next + Send + Sync> Watch for F {
    async fn pausing(&self, pause: &Pause) -> Next {
        self(pause)
    }
}
