//! Executing a definition: one module per family of states.

mod attempts;
mod batches;
mod distributed;
mod flow;
mod map;
mod scope;
mod task;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::control::{Limits, StopHandle};
use super::failure::{Failure, RUNTIME};
use super::lock;
use super::model::State;
use super::rng::Rng;
use super::scene::{Broken, Scene, Variables};
use super::schedule::{Reason, Schedule, Waiter};
use super::tasks::{Call, TaskError, Tasks};
use super::time::{Clock, iso};
use super::tokens::Tokens;
use super::trace::{Event, Iteration, Payload, Role, Trace, size};

/// One walk, as all of its states see it.
pub(super) struct Run<'a> {
    pub(super) tasks: &'a dyn Tasks,
    pub(super) clock: &'a dyn Clock,
    pub(super) limits: Limits,
    pub(super) tokens: Tokens,
    pub(super) stop: StopHandle,
    pub(super) schedule: Schedule,
    pub(super) shared: Mutex<Shared>,
    /// Calls that have not returned. While there are any, time does not pass.
    pub(super) in_flight: AtomicUsize,
}

pub(super) struct Shared {
    pub(super) trace: Trace,
    pub(super) chance: Rng,
}

/// An execution: the walk's own, or a child of a Distributed Map.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) name: String,
    pub(super) input: Value,
    pub(super) started: Timestamp,
    pub(super) is_child: bool,
    events: AtomicU64,
}

impl Execution {
    pub(super) fn new(name: String, input: Value, started: Timestamp, is_child: bool) -> Arc<Self> {
        Arc::new(Self { name, input, started, is_child, events: AtomicU64::new(0) })
    }
}

/// Where a state is executed.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) execution: Arc<Execution>,
    pub(super) within: Vec<Iteration>,
}

impl Place {
    fn inside(&self, state: &str, index: usize) -> Self {
        let mut within = self.within.clone();
        within.push(Iteration { state: state.to_owned(), index });
        Self { execution: Arc::clone(&self.execution), within }
    }
}

/// One stay in a state.
#[derive(Clone, Copy)]
struct Stay<'s> {
    state: &'s State,
    place: &'s Place,
    input: &'s Value,
    variables: &'s Variables,
    /// The event of the entry, and its time.
    entered: u64,
    entered_at: Timestamp,
    /// How often the state was retried so far.
    attempt: u32,
}

/// What a scene has besides the input.
#[derive(Default, Clone, Copy)]
struct Seen<'s> {
    result: Option<&'s Value>,
    error_output: Option<&'s Value>,
    token: Option<&'s str>,
    item: Option<(usize, &'s Value)>,
}

impl<'s> Stay<'s> {
    fn scene(&self, run: &Run<'_>, seen: Seen<'s>) -> Scene<'s> {
        let execution = &self.place.execution;
        let mut context = json!({
            "Execution": {
                "Id": format!("arn:aws:states:walker:000000000000:execution:walk:{}", execution.name),
                "Input": execution.input,
                "Name": execution.name,
                "RoleArn": "arn:aws:iam::000000000000:role/walk",
                "StartTime": iso(execution.started),
                "RedriveCount": 0,
            },
            "State": {
                "Name": self.state.name,
                "EnteredTime": iso(self.entered_at),
                "RetryCount": self.attempt,
            },
            "StateMachine": {
                "Id": "arn:aws:states:walker:000000000000:stateMachine:walk",
                "Name": "walk",
            },
        });
        if let Some(token) = seen.token {
            context["Task"] = json!({"Token": token});
        }
        if let Some((index, value)) = seen.item {
            context["Map"] = json!({"Item": {"Index": index, "Value": value}});
        }
        Scene {
            input: self.input,
            result: seen.result,
            error_output: seen.error_output,
            context,
            variables: self.variables,
            now: run.clock.now(),
            seed: lock(&run.shared).chance.next_u64(),
        }
    }

    fn name(&self) -> &'s str {
        &self.state.name
    }

    fn waiter(&self, reason: Reason, until: Timestamp, token: Option<&str>) -> Waiter {
        Waiter {
            state: self.name().to_owned(),
            within: self.place.within.clone(),
            reason,
            until,
            token: token.map(str::to_owned),
        }
    }
}

impl Run<'_> {
    /// Adds an event to the history of an execution, and answers its number.
    ///
    /// Source: Step Functions developer guide, "Avoid reaching the history quota": the last event
    /// that fits may only be `ExecutionSucceeded`; with any other one the execution fails. Error
    /// and cause are those of real executions.
    pub(super) fn event(
        &self,
        execution: &Execution,
        state: &str,
        kind: &'static str,
    ) -> Result<u64, Failure> {
        let most = self.limits.history;
        let id = execution.events.load(Ordering::Relaxed) + 1;
        if id > most || (id == most && kind != "ExecutionSucceeded") {
            let cause = format!("The execution reached the maximum number of history events ({most}).");
            return Err(Failure::new(state, RUNTIME, &cause));
        }
        Ok(self.last_event(execution, kind))
    }

    /// Adds an event even where none fits: that of the end.
    pub(super) fn last_event(&self, execution: &Execution, kind: &'static str) -> u64 {
        let id = execution.events.fetch_add(1, Ordering::Relaxed) + 1;
        let mut shared = lock(&self.shared);
        if execution.is_child {
            shared.trace.longest_child = shared.trace.longest_child.max(id);
        } else {
            shared.trace.history.push(Event { id, kind });
        }
        id
    }

    /// Keeps a payload, and fails the state if it is too large.
    fn payload(&self, place: &Place, state: &str, role: Role, value: &Value) -> Result<usize, Failure> {
        let bytes = size(value);
        let payload = Payload {
            state: state.to_owned(),
            within: place.within.clone(),
            role,
            value: value.clone(),
            bytes,
        };
        lock(&self.shared).trace.payloads.push(payload);
        if bytes > self.limits.payload { Err(Failure::too_large(state)) } else { Ok(bytes) }
    }

    /// One more state transition.
    fn transition(&self, state: &str) -> Result<(), Failure> {
        if self.stop.is_stopped() {
            return Err(Failure::stopped(state));
        }
        let mut shared = lock(&self.shared);
        shared.trace.transitions += 1;
        if shared.trace.transitions > self.limits.transitions {
            let cause = format!("the walk took more than {} transitions", self.limits.transitions);
            return Err(Failure::new(state, "Walker.TooManyTransitions", &cause).terminal());
        }
        Ok(())
    }

    /// The failure of a state one of whose expressions failed.
    fn broken(&self, stay: &Stay<'_>, broken: &Broken) -> Failure {
        let event = self.event(&stay.place.execution, stay.name(), "EvaluationFailed");
        event.err().unwrap_or_else(|| Failure::evaluation(stay.name(), stay.entered, broken))
    }

    async fn pause(&self, stay: &Stay<'_>, reason: Reason, until: Timestamp) {
        self.schedule.sleep(until, Some(stay.waiter(reason, until, None))).await;
    }

    /// Calls the world.
    async fn call(&self, call: &Call) -> Result<Value, TaskError> {
        /// Counts a call as returned even when it is dropped.
        struct InFlight<'c>(&'c AtomicUsize);
        impl Drop for InFlight<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let _guard = InFlight(&self.in_flight);
        self.tasks.invoke(call).await
    }
}
