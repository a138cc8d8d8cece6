//! How a step fails.

use domain::status::IllegalTransition;
use ports::{Class, Code, Fault};

/// A step's failure. Its name is the Lambda error type, and so the state machine's `ErrorEquals`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The world failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Another execution has taken over: this one may change nothing, and ends quietly.
    #[error("another execution has taken over")]
    Stale,
    /// Nothing failed: the time was up, the cursor is saved, and the step must be called again. An
    /// error only in that a retry is the cheapest way to be called again: it costs one state
    /// transition and no other state.
    #[error("not finished: call again")]
    More,
    /// The transition table does not allow it: a bug.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
}

/// The error type of [`StepError::Stale`].
pub const STALE: &str = "Lacuna.Stale";

/// The error type of [`StepError::More`].
pub const MORE: &str = "Lacuna.More";

impl StepError {
    /// The name that the state machine catches.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.class.error_type(),
            Self::Stale => STALE,
            Self::More => MORE,
            Self::Illegal(_) => Class::Permanent.error_type(),
        }
    }

    /// Every name there is, for the test that compares them with the state machine.
    pub fn error_types() -> Vec<&'static str> {
        Class::ALL.iter().map(|c| c.error_type()).chain([STALE, MORE]).collect()
    }

    /// Something that this program should have made impossible.
    pub(crate) fn broken(operation: &'static str, detail: impl Into<String>) -> Self {
        Self::Fault(Fault::new(Class::Permanent, Code::StepFailed, operation, "lifecycle", detail))
    }
}

/// What a step in a store answers the state machine: nothing, or that it must be called again.
pub fn finished(ran: contract::step::StoreRan) -> Result<(), StepError> {
    if ran.more { Err(StepError::More) } else { Ok(()) }
}

impl From<vault::VaultError> for StepError {
    fn from(error: vault::VaultError) -> Self {
        Self::Fault(Fault::new(
            Class::Permanent,
            Code::PlanUnreadable,
            "unseal",
            "staging",
            error.to_string(),
        ))
    }
}

impl From<export::Error> for StepError {
    fn from(error: export::Error) -> Self {
        Self::broken("package", error.to_string())
    }
}
