//! What AWS accepts, and this project does not.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::Sees;
use super::finding::{Finding, Rule};
use super::functions::MISSING;
use super::model::{Integration, Kind, Machine, Retrier, Scope, State, Task};
use super::template::Template;

/// The errors of the Lambda service that pass by themselves.
///
/// Source: Step Functions developer guide, "Handle transient Lambda service exceptions".
const LAMBDA_ERRORS: [&str; 4] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
];

/// How many iterations of an inline Map run at once, whatever `MaxConcurrency` says.
const INLINE_CONCURRENCY: u64 = 40;

/// The events of a history, and those of one attempt at a Task: scheduled, started, failed.
const HISTORY: u64 = 25_000;
const ATTEMPT_EVENTS: u64 = 3;

struct Lints<'s> {
    state: &'s State,
    findings: &'s mut Vec<Finding>,
}

/// Everything that AWS would accept, and should not be there.
pub(super) fn lints(machine: &Machine) -> Vec<Finding> {
    let mut findings = Vec::new();
    scope(&machine.scope, &BTreeSet::new(), &mut findings);
    findings
}

fn scope(scope: &Scope, outer: &BTreeSet<&str>, findings: &mut Vec<Finding>) {
    let visible: BTreeSet<&str> = outer.iter().copied().chain(scope.assigns()).collect();
    for state in scope.states.values() {
        let mut lints = Lints { state, findings };
        lints.state(&visible);
        let seen = if state.is_distributed() { BTreeSet::new() } else { visible.clone() };
        for inner in state.inner() {
            self::scope(inner, &seen, findings);
        }
    }
}

impl Lints<'_> {
    fn find(&mut self, rule: Rule, message: impl Into<String>) {
        let state = self.state.name.clone();
        self.findings.push(Finding { state, rule, message: message.into() });
    }

    fn state(&mut self, visible: &BTreeSet<&str>) {
        let state = self.state;
        if !state.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
            self.find(Rule::Metrics, "a name has only 0-9 A-Z a-z - _");
        }
        match &state.kind {
            Kind::Task(task) => self.task(task),
            Kind::Choice { default: None, .. } => {
                self.find(Rule::Default, "without a Default, what no rule matches ends the execution");
            }
            Kind::Map(map) => {
                let limit = map.max_concurrency.as_ref().and_then(Template::fixed);
                let limit = limit.and_then(Value::as_u64).unwrap_or(0);
                if map.distributed.is_none() && map.tolerant {
                    self.find(Rule::NoEffect, "ToleratedFailure* is for a distributed Map");
                }
                if map.distributed.is_none() && limit > INLINE_CONCURRENCY {
                    let message = format!("an inline Map runs {INLINE_CONCURRENCY} iterations at once");
                    self.find(Rule::NoEffect, message);
                }
            }
            _ => {}
        }
        let regular = |retrier: &Retrier| {
            retrier.max_attempts > 0 && retrier.backoff_rate > 1.0 && !retrier.full_jitter
        };
        if state.retry.iter().any(regular) {
            self.find(Rule::Jitter, "a retrier that backs off says \"JitterStrategy\": \"FULL\"");
        }
        let endless = |retrier: &Retrier| retrier.max_attempts * ATTEMPT_EVENTS >= HISTORY;
        if matches!(state.kind, Kind::Task(_)) && state.retry.iter().any(endless) {
            let most = HISTORY / ATTEMPT_EVENTS;
            self.find(Rule::History, format!("{most} attempts already fill the history of an execution"));
        }
        self.expressions(visible);
    }

    fn task(&mut self, task: &Task) {
        if task.timeout.is_none() {
            self.find(Rule::Timeout, "without TimeoutSeconds a Task may wait for a year");
        }
        if task.integration() != Integration::Service {
            let retried = |error: &&&str| {
                let mut retriers = self.state.retry.iter().filter(|r| r.max_attempts > 0);
                retriers.any(|retrier| retrier.errors.iter().any(|e| e == **error))
            };
            let missing: Vec<_> = LAMBDA_ERRORS.iter().filter(|e| !retried(e)).copied().collect();
            if !missing.is_empty() {
                self.find(Rule::LambdaRetry, format!("Retry must name {}", missing.join(", ")));
            }
        }
        if task.waits_for_token() {
            if task.heartbeat.is_none() {
                self.find(Rule::Token, "a state that waits for a token needs HeartbeatSeconds");
            }
            let mut passed = false;
            if let Some(arguments) = &task.arguments {
                arguments.visit("", &mut |_, e| passed |= e.survey().reads("context.Task"));
            }
            if !passed {
                self.find(Rule::Token, "Arguments do not pass $states.context.Task.Token");
            }
        }
    }

    fn expressions(&mut self, visible: &BTreeSet<&str>) {
        let state = self.state;
        for field in state.fields() {
            field.template.visit(&field.place, &mut |place, expression| {
                let survey = expression.survey();
                for name in survey.variables().filter(|name| !visible.contains(name)) {
                    self.find(Rule::Undefined, format!("{place}: nothing assigns ${name}"));
                }
                for (path, sees) in
                    [("result", Sees::Result), ("context.Task", Sees::Token), ("context.Map", Sees::Item)]
                {
                    if survey.reads(path) && field.sees != sees {
                        self.find(Rule::Undefined, format!("{place}: $states.{path} is not known here"));
                    }
                }
                for name in survey.calls.iter().filter(|name| MISSING.contains(&name.as_str())) {
                    self.find(Rule::Unsupported, format!("{place}: the walker cannot compute ${name}"));
                }
                if survey.calls.contains("eval") {
                    self.find(Rule::Undefined, format!("{place}: $eval is not available, use $parse"));
                }
            });
        }
    }
}
