//! The rules, one by one, over whole walks.

mod catching;
mod choosing;
mod data;
mod defining;
mod distributing;
mod limits;
mod linting;
mod mapping;
mod retrying;
mod scheduling;
mod scopes;
mod tasking;
mod tokens;
mod waiting;

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::time::some_clock;
use super::{Call, Definition, End, TaskError, Tasks, Walk, Walked, lock};

type Answer = Result<Value, TaskError>;

/// Tasks that a closure answers, and what they were asked.
pub(super) struct Fake<F> {
    answer: F,
    calls: Mutex<Vec<Call>>,
}

impl<F: Fn(&Call) -> Answer + Send + Sync> Fake<F> {
    pub(super) fn new(answer: F) -> Self {
        Self { answer, calls: Mutex::new(Vec::new()) }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }
}

#[async_trait]
impl<F: Fn(&Call) -> Answer + Send + Sync> Tasks for Fake<F> {
    async fn invoke(&self, call: &Call) -> Answer {
        lock(&self.calls).push(call.clone());
        (self.answer)(call)
    }
}

/// A machine of these states, which starts at `start`.
#[track_caller]
pub(super) fn machine(start: &str, states: &Value) -> Definition {
    define(&json!({"QueryLanguage": "JSONata", "StartAt": start, "States": states}))
}

#[track_caller]
pub(super) fn define(definition: &Value) -> Definition {
    Definition::parse(&definition.to_string()).unwrap_or_else(|error| panic!("{error}"))
}

/// A machine of one state, `S`.
#[track_caller]
pub(super) fn single(state: &Value) -> Definition {
    machine("S", &json!({"S": state}))
}

/// A Task, `lambda:invoke` of the function `F`, with these fields too.
pub(super) fn task(more: &Value) -> Value {
    with(
        json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "${F}", "Payload": "{% $states.input %}"},
            "End": true,
        }),
        more,
    )
}

/// `object` with the fields of `more`.
pub(super) fn with(mut object: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        object[name] = value.clone();
        if name == "Next" {
            object.as_object_mut().unwrap().remove("End");
        }
    }
    object
}

/// An inline Map over `$states.input` whose iterations are these states.
pub(super) fn map(start: &str, states: &Value, more: &Value) -> Value {
    let processor = json!({"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": start, "States": states});
    with(json!({"Type": "Map", "ItemProcessor": processor, "End": true}), more)
}

pub(super) async fn walk(definition: &Definition, input: Value) -> Walked {
    let tasks = Fake::new(|_: &Call| Err(TaskError::new("Unexpected", "no call is expected")));
    Walk::new(definition, &tasks).run(input).await
}

pub(super) async fn walk_with(
    definition: &Definition,
    input: Value,
    answer: impl Fn(&Call) -> Answer + Send + Sync,
) -> Walked {
    Walk::new(definition, &Fake::new(answer)).run(input).await
}

#[track_caller]
pub(super) fn output(walked: &Walked) -> &Value {
    match &walked.end {
        End::Succeeded(output) => output,
        end => panic!("{end:?}"),
    }
}

#[track_caller]
pub(super) fn error(walked: &Walked) -> (&str, &str) {
    match &walked.end {
        End::Failed { error, cause, .. } => (error, cause),
        end => panic!("{end:?}"),
    }
}
