//! How the API says no.

use contract::problem::{Invalid, Problem};
use domain::access::{Action, Role};
use ports::{Class, Code, Fault};

use super::Answer;
use crate::error::StepError;

/// Why a call was not carried out.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The caller can do something about it.
    Problem(Problem),
    /// The resource has other methods: these.
    Method(Vec<&'static str>),
    /// Something failed on our side.
    Step(StepError),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StepError> for Refusal {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Step(fault.into())
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Problem(problem) => document(&problem),
            Refusal::Method(methods) => {
                let allow = methods.join(", ");
                let detail = format!("Nothing was done. Here these methods are known: {allow}.");
                let mut answer = document(&Problem::method_not_allowed(detail));
                answer.headers.push(("allow", allow));
                answer
            }
            Refusal::Step(error) => failed(error, AGAIN),
        }
    }
}

fn document(problem: &Problem) -> Answer {
    let body = super::encoded(problem).unwrap_or_default();
    Answer::new(problem.status, "application/problem+json", body)
}

/// What to do about a failure that mends itself.
const AGAIN: &str =
    "so it is not known whether this was done. Send the same again, with the same Idempotency-Key.";

/// Something failed on our side. `again` says what became of the call, and what to do, if that may
/// mend by itself.
pub(crate) fn failed(error: StepError, again: &str) -> Answer {
    let (code, mends_itself) = match &error {
        StepError::Fault(fault) => (fault.code, fault.class.mends_itself()),
        StepError::Stale | StepError::More => (Code::ControlUnavailable, true),
        StepError::Illegal(_) => (Code::StepFailed, false),
    };
    let code = code.as_str();
    let detail = if mends_itself {
        format!("Something that Lacuna needs does not answer ({code}), {again}")
    } else {
        format!(
            "Lacuna cannot do this as it is set up ({code}), and trying again does not help. \
             Tell its operator the code."
        )
    };
    let mut answer = document(&Problem::unavailable(detail));
    if mends_itself {
        let seconds = match &error {
            StepError::Fault(fault) if fault.class == Class::Throttled => "5",
            _ => "1",
        };
        answer.headers.push(("retry-after", seconds.to_owned()));
    }
    answer.fault = Some(error);
    answer
}

/// Input that is not valid: where, and what belongs there.
pub(crate) fn invalid(errors: Vec<Invalid>) -> Problem {
    Problem::invalid("Nothing was done. `errors` says what to change, and where.").with(errors)
}

/// The one answer for what does not exist and for what is not the caller's to see.
pub(crate) fn not_found() -> Problem {
    Problem::not_found("There is nothing here that this token may see. Nothing was done.")
}

/// A role that may not, and those that may.
pub(crate) fn forbidden(action: Action) -> Problem {
    let roles = Role::ALL.iter().filter(|role| role.may(action));
    let names: Vec<&str> = roles.map(|role| role.as_str()).collect();
    Problem::forbidden(format!("Nothing was done. Roles that may do this: {}.", names.join(", ")))
}
