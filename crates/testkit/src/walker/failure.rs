//! Failures, and which retriers and catchers they match.

use serde_json::{Value, json};

use super::scene::Broken;

pub(super) const DATA_LIMIT: &str = "States.DataLimitExceeded";
pub(super) const QUERY: &str = "States.QueryEvaluationError";
pub(super) const RUNTIME: &str = "States.Runtime";
pub(super) const NO_CHOICE: &str = "States.NoChoiceMatched";
pub(super) const TIMEOUT: &str = "States.Timeout";
pub(super) const THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";

/// The longest error name and the longest cause, in characters (API reference, `SensitiveError`
/// and `SensitiveCause`).
const LONGEST_ERROR: usize = 256;
const LONGEST_CAUSE: usize = 32_768;

/// A state that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: String,
    pub(super) cause: String,
    /// The innermost state that failed.
    pub(super) state: String,
    pub(super) class: Class,
}

/// What a failure is, beyond its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Ordinary,
    /// `TimeoutSeconds` have passed.
    Timeout,
    /// `HeartbeatSeconds` have passed.
    Heartbeat,
    /// Nothing retries or catches it.
    Terminal,
    /// The execution is stopped from outside: not a failure at all.
    Stopped,
}

impl Failure {
    pub(super) fn new(state: &str, error: &str, cause: &str) -> Self {
        let class = match error {
            RUNTIME | NO_CHOICE => Class::Terminal,
            TIMEOUT => Class::Timeout,
            _ => Class::Ordinary,
        };
        Self {
            error: error.chars().take(LONGEST_ERROR).collect(),
            cause: cause.chars().take(LONGEST_CAUSE).collect(),
            state: state.to_owned(),
            class,
        }
    }

    /// An expression that failed. `entered` is the event at which its state was entered.
    pub(super) fn evaluation(state: &str, entered: u64, broken: &Broken) -> Self {
        Self::new(state, QUERY, &during(state, entered, &broken.cause))
    }

    /// An error that Step Functions itself finds in a state.
    pub(super) fn runtime(state: &str, entered: u64, error: &str, cause: &str) -> Self {
        Self::new(state, error, &during(state, entered, cause))
    }

    pub(super) fn too_large(state: &str) -> Self {
        let cause = format!(
            "The state/task '{state}' returned a result with a size exceeding the maximum number of \
             bytes service limit."
        );
        Self::new(state, DATA_LIMIT, &cause)
    }

    pub(super) fn timed_out(state: &str) -> Self {
        Self::new(state, TIMEOUT, "")
    }

    /// AWS reports a missed heartbeat as `States.Timeout`, and matches it under both names
    /// (recorded by `LocalStack`, `test_heartbeat_timeout`; Step Functions developer guide, "Error
    /// names": `HeartbeatTimeout` is available inside the Catch and Retry fields).
    pub(super) fn no_heartbeat(state: &str) -> Self {
        Self { class: Class::Heartbeat, ..Self::timed_out(state) }
    }

    pub(super) fn stopped(state: &str) -> Self {
        Self { class: Class::Stopped, ..Self::new(state, "", "") }
    }

    pub(super) fn terminal(self) -> Self {
        Self { class: Class::Terminal, ..self }
    }

    /// Whether an element of `ErrorEquals` matches.
    ///
    /// Source: Step Functions developer guide, "Handling errors": `States.ALL` catches neither
    /// `States.DataLimitExceeded` nor `States.Runtime`; `States.TaskFailed` matches any error but
    /// `States.Timeout`.
    ///
    /// AWS was seen to be milder: an oversized result of a Lambda Task was caught by `States.ALL`
    /// (`LocalStack`, `test_service_task_lambada_catch_state_all_data_limit_exceeded...`). A walk
    /// keeps to what is promised. It lets an error that the guide calls terminal be caught by its
    /// own name only if that is `States.DataLimitExceeded`.
    ///
    /// A Choice that matches nothing is documented as `States.NoChoiceMatched`, but real executions
    /// end with `States.Runtime`, which nothing catches. The walk says the former and does the
    /// latter.
    pub(super) fn matches(&self, name: &str) -> bool {
        let timed_out = matches!(self.class, Class::Timeout | Class::Heartbeat);
        match name {
            _ if matches!(self.class, Class::Terminal | Class::Stopped) => false,
            _ if name == self.error => true,
            "States.ALL" => self.error != DATA_LIMIT,
            "States.TaskFailed" => self.error != DATA_LIMIT && !timed_out,
            "States.HeartbeatTimeout" => self.class == Class::Heartbeat,
            _ => false,
        }
    }

    /// What a catcher sees as `$states.errorOutput`. AWS writes an empty text for what is absent.
    pub(super) fn output(&self) -> Value {
        json!({"Error": self.error, "Cause": self.cause})
    }
}

fn during(state: &str, entered: u64, cause: &str) -> String {
    format!(
        "An error occurred while executing the state '{state}' (entered at the event id #{entered}). {cause}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failure: &Failure, matched: &[&str]) {
        let names = [
            "States.ALL",
            "States.TaskFailed",
            "States.Timeout",
            "States.HeartbeatTimeout",
            "States.DataLimitExceeded",
            "States.Runtime",
            "States.NoChoiceMatched",
            "Lacuna.Transient",
        ];
        let found: Vec<_> = names.into_iter().filter(|name| failure.matches(name)).collect();
        assert_eq!(found, matched, "{failure:?}");
    }

    #[test]
    fn every_error_matches_what_the_guide_says() {
        let new = |error| Failure::new("S", error, "");
        check(&new("Lacuna.Transient"), &["States.ALL", "States.TaskFailed", "Lacuna.Transient"]);
        check(&new("Other"), &["States.ALL", "States.TaskFailed"]);
        check(&Failure::timed_out("S"), &["States.ALL", "States.Timeout"]);
        check(&Failure::no_heartbeat("S"), &["States.ALL", "States.Timeout", "States.HeartbeatTimeout"]);
        check(&Failure::too_large("S"), &["States.DataLimitExceeded"]);
        check(&new(RUNTIME), &[]);
        check(&new(NO_CHOICE), &[]);
        check(&Failure::stopped("S"), &[]);
    }

    #[test]
    fn names_and_causes_are_cut() {
        let failure = Failure::new("S", &"é".repeat(300), &"c".repeat(40_000));
        assert_eq!(failure.error.chars().count(), 256);
        assert_eq!(failure.cause.chars().count(), 32_768);
    }
}
