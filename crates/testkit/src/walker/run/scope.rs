//! Going from state to state.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use super::{Place, Run, Seen, Stay};
use crate::walker::failure::{DATA_LIMIT, Failure};
use crate::walker::model::{Kind, Scope, State};
use crate::walker::scene::Variables;
use crate::walker::template::Template;
use crate::walker::trace::{Role, Visit, size};

/// All variables of an execution, in bytes.
///
/// Source: Step Functions developer guide, "Variables": 256 KiB each, 256 KiB in one Assign,
/// 10 MiB in total.
const ALL_VARIABLES: usize = 10 * 1_048_576;

/// What a state came to.
pub(super) struct Step {
    pub(super) output: Value,
    pub(super) assigned: Variables,
    /// The next state; nothing at an end.
    pub(super) next: Option<String>,
}

/// The fields that decide what a state passes on.
pub(super) struct Outcome<'s> {
    pub(super) assign: Option<&'s Template>,
    pub(super) output: Option<&'s Template>,
    /// Where the two stand: empty, or `Catch[0]/`.
    pub(super) place: String,
    pub(super) seen: Seen<'s>,
    /// The output if the state has no `Output`.
    pub(super) default: &'s Value,
}

/// A future that can be sent, boxed because scopes are nested.
pub(super) type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;

impl Run<'_> {
    /// Executes a scope, from its first state to an end.
    pub(in crate::walker) fn scope<'f>(
        &'f self,
        scope: &'f Scope,
        place: Place,
        mut variables: Variables,
        input: Value,
    ) -> Boxed<'f, Result<Value, Failure>> {
        Box::pin(async move {
            let mut name = scope.start.as_str();
            let mut input = input;
            let mut stored: usize = variables.values().map(size).sum();
            loop {
                let Some(state) = scope.states.get(name) else {
                    // A definition that was read has no such gap.
                    return Err(Failure::new(name, "Walker.NoState", "").terminal());
                };
                let step = self.visit(state, &place, &variables, &input).await?;
                input = step.output;
                for (name, value) in step.assigned {
                    stored += size(&value);
                    stored -= variables.insert(name, value).as_ref().map_or(0, size);
                }
                if stored > ALL_VARIABLES {
                    return Err(Failure::too_large(name));
                }
                let Some(next) = step.next else {
                    return Ok(input);
                };
                let Some((key, _)) = scope.states.get_key_value(&next) else {
                    return Err(Failure::new(&next, "Walker.NoState", "").terminal());
                };
                name = key;
            }
        })
    }

    async fn visit(
        &self,
        state: &State,
        place: &Place,
        variables: &Variables,
        input: &Value,
    ) -> Result<Step, Failure> {
        if self.schedule.takes_turns() && !place.within.is_empty() {
            self.schedule.sleep(self.clock.now(), None).await;
        }
        self.transition(&state.name)?;
        let entered_at = self.clock.now();
        let visit = Visit { state: state.name.clone(), within: place.within.clone(), at: entered_at };
        crate::walker::lock(&self.shared).trace.visits.push(visit);
        let entered = self.event(&place.execution, &state.name, entered_event(state))?;
        self.payload(place, &state.name, Role::Input, input)?;

        let stay = Stay { state, place, input, variables, entered, entered_at, attempt: 0 };
        let step = match &state.kind {
            Kind::Pass | Kind::Succeed => self.pass(&stay),
            Kind::Choice { rules, default } => self.choose(&stay, rules, default.as_deref()),
            Kind::Wait(until) => self.wait(&stay, until).await,
            Kind::Fail { error, cause } => Err(self.fail(&stay, error.as_ref(), cause.as_ref())),
            // These say themselves how each attempt failed.
            Kind::Task(_) | Kind::Parallel { .. } | Kind::Map(_) => {
                let step = self.attempts(stay).await?;
                self.event(&place.execution, &state.name, exited_event(state))?;
                return Ok(step);
            }
        };
        let step = step.inspect_err(|failure| self.failed(&stay, failure))?;
        self.event(&place.execution, &state.name, exited_event(state))?;
        Ok(step)
    }

    /// Evaluates `Assign` and `Output`, both from what was there at the entry.
    pub(super) fn outcome(
        &self,
        stay: &Stay<'_>,
        outcome: &Outcome<'_>,
    ) -> Result<(Value, Variables), Failure> {
        let (assigned, output) = {
            let scene = stay.scene(self, outcome.seen);
            let place = |name: &str| format!("{}{name}", outcome.place);
            let assigned = outcome.assign.map(|t| scene.evaluate(t, &place("Assign")));
            let output = outcome.output.map(|t| scene.evaluate(t, &place("Output")));
            (assigned.transpose(), output.transpose())
        };
        let assigned = assigned.map_err(|broken| self.broken(stay, &broken))?;
        let output = output.map_err(|broken| self.broken(stay, &broken))?;

        let mut variables = Variables::new();
        let mut bytes = 0;
        if let Some(Value::Object(fields)) = assigned {
            for (name, value) in fields {
                bytes += self.payload(stay.place, stay.name(), Role::Variable(name.clone()), &value)?;
                variables.insert(name, value);
            }
        }
        if bytes > self.limits.payload {
            let cause = "The Assign field exceeds the maximum size of variables.";
            return Err(Failure::runtime(stay.name(), stay.entered, DATA_LIMIT, cause));
        }
        let output = output.unwrap_or_else(|| outcome.default.clone());
        self.payload(stay.place, stay.name(), Role::Output, &output)?;
        Ok((output, variables))
    }
}

fn entered_event(state: &State) -> &'static str {
    match state.kind {
        Kind::Pass => "PassStateEntered",
        Kind::Task(_) => "TaskStateEntered",
        Kind::Choice { .. } => "ChoiceStateEntered",
        Kind::Wait(_) => "WaitStateEntered",
        Kind::Succeed => "SucceedStateEntered",
        Kind::Fail { .. } => "FailStateEntered",
        Kind::Parallel { .. } => "ParallelStateEntered",
        Kind::Map(_) => "MapStateEntered",
    }
}

fn exited_event(state: &State) -> &'static str {
    match state.kind {
        Kind::Pass => "PassStateExited",
        Kind::Task(_) => "TaskStateExited",
        Kind::Choice { .. } => "ChoiceStateExited",
        Kind::Wait(_) => "WaitStateExited",
        Kind::Succeed => "SucceedStateExited",
        Kind::Fail { .. } => "FailStateExited",
        Kind::Parallel { .. } => "ParallelStateExited",
        Kind::Map(_) => "MapStateExited",
    }
}
