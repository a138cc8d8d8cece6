//! Task states.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Run, Seen, Stay};
use crate::walker::failure::{Failure, TIMEOUT};
use crate::walker::model::{Integration, Task};
use crate::walker::schedule::Reason;
use crate::walker::tasks::{Call, TaskError, function_name};
use crate::walker::time::after;
use crate::walker::tokens::{Found, Tokens};
use crate::walker::trace::Role;

/// What a Task waits if it says nothing (developer guide, "Task workflow state").
const NO_TIMEOUT: u64 = 99_999_999;

/// What is evaluated before a Task is called.
struct Prepared {
    arguments: Value,
    timeout: u64,
    heartbeat: Option<u64>,
}

/// The events of a Task, in the family of its integration.
struct Events {
    scheduled: &'static str,
    started: &'static str,
    succeeded: &'static str,
    failed: &'static str,
    timed_out: &'static str,
}

const SERVICE: Events = Events {
    scheduled: "TaskScheduled",
    started: "TaskStarted",
    succeeded: "TaskSucceeded",
    failed: "TaskFailed",
    timed_out: "TaskTimedOut",
};

const FUNCTION: Events = Events {
    scheduled: "LambdaFunctionScheduled",
    started: "LambdaFunctionStarted",
    succeeded: "LambdaFunctionSucceeded",
    failed: "LambdaFunctionFailed",
    timed_out: "LambdaFunctionTimedOut",
};

/// A token that nobody waits for once this is dropped.
struct OpenToken<'t> {
    tokens: &'t Tokens,
    token: String,
}

impl Drop for OpenToken<'_> {
    fn drop(&mut self) {
        self.tokens.retire(&self.token);
    }
}

impl Run<'_> {
    /// One attempt at a Task: its result.
    ///
    /// Source of the events: executions on AWS recorded by `LocalStack` (`test_base_task`,
    /// `test_sqs_wait_for_task_token`, `test_fixed_timeout_service_lambda`).
    pub(super) async fn task(&self, stay: &Stay<'_>, task: &Task) -> Result<Value, Failure> {
        let execution = &stay.place.execution;
        let events = if task.integration() == Integration::Function { FUNCTION } else { SERVICE };
        // Every attempt has a token of its own: a late answer to an earlier one finds it closed.
        let token = task
            .waits_for_token()
            .then(|| OpenToken { tokens: &self.tokens, token: self.tokens.issue(&execution.name) });
        let token = token.as_ref().map(|open| open.token.as_str());

        let prepared = self.prepare(stay, task, token);
        let prepared = prepared.map_err(|broken| self.broken(stay, &broken))?;
        self.payload(stay.place, stay.name(), Role::Arguments, &prepared.arguments)?;
        self.event(execution, stay.name(), events.scheduled)?;
        self.event(execution, stay.name(), events.started)?;

        let answer = self.answer(stay, task, &prepared, token).await;
        let result = match answer {
            Ok(result) => result,
            Err(failure) => {
                let timed_out = failure.error == TIMEOUT;
                let kind = if timed_out { events.timed_out } else { events.failed };
                self.event(execution, stay.name(), kind)?;
                return Err(failure);
            }
        };
        if let Err(failure) = self.payload(stay.place, stay.name(), Role::Result, &result) {
            self.event(execution, stay.name(), events.failed)?;
            return Err(failure);
        }
        self.event(execution, stay.name(), events.succeeded)?;
        Ok(result)
    }

    fn prepare(
        &self,
        stay: &Stay<'_>,
        task: &Task,
        token: Option<&str>,
    ) -> Result<Prepared, crate::walker::scene::Broken> {
        let scene = stay.scene(self, Seen { token, ..Seen::default() });
        let arguments = match &task.arguments {
            Some(template) => scene.evaluate(template, "Arguments")?,
            None => stay.input.clone(),
        };
        let seconds = |template, field| scene.whole(template, field, 1, NO_TIMEOUT);
        let timeout = task.timeout.as_ref().map(|t| seconds(t, "TimeoutSeconds")).transpose()?;
        let heartbeat = task.heartbeat.as_ref().map(|t| seconds(t, "HeartbeatSeconds")).transpose()?;
        Ok(Prepared { arguments, timeout: timeout.unwrap_or(NO_TIMEOUT), heartbeat })
    }

    /// What the task answers: at once, or through its token.
    async fn answer(
        &self,
        stay: &Stay<'_>,
        task: &Task,
        prepared: &Prepared,
        token: Option<&str>,
    ) -> Result<Value, Failure> {
        let started = self.clock.now();
        let deadline = after(started, seconds(prepared.timeout));
        let call = call_of(stay, task, &prepared.arguments, token);
        let answer = self.call(&call).await;
        if self.clock.now() > deadline {
            return Err(Failure::timed_out(stay.name()));
        }
        match answer {
            Err(TaskError::Failed { error, cause }) => Err(Failure::new(stay.name(), &error, &cause)),
            Err(TaskError::TimedOut) => {
                self.pause(stay, Reason::NoAnswer, deadline).await;
                Err(Failure::timed_out(stay.name()))
            }
            Err(TaskError::HeartbeatTimedOut) => {
                let silent = prepared.heartbeat.map_or(deadline, |s| after(started, seconds(s)));
                self.pause(stay, Reason::NoAnswer, silent).await;
                Err(Failure::no_heartbeat(stay.name()))
            }
            Ok(returned) => match token {
                None if task.integration() == Integration::Lambda => Ok(json!({
                    "ExecutedVersion": "$LATEST",
                    "Payload": returned,
                    "StatusCode": 200,
                })),
                None => Ok(returned),
                Some(token) => {
                    self.event(&stay.place.execution, stay.name(), "TaskSubmitted")?;
                    self.callback(stay, token, deadline, prepared.heartbeat, started).await
                }
            },
        }
    }

    async fn callback(
        &self,
        stay: &Stay<'_>,
        token: &str,
        deadline: Timestamp,
        heartbeat: Option<u64>,
        started: Timestamp,
    ) -> Result<Value, Failure> {
        let mut known = 0;
        let mut heard = started;
        loop {
            let silent = heartbeat.map(|s| after(heard, seconds(s)));
            let until = silent.map_or(deadline, |silent| silent.min(deadline));
            let waiter = stay.waiter(Reason::Token, until, Some(token));
            let mut sleep = pin!(self.schedule.sleep(until, Some(waiter)));
            let found = poll_fn(|context| match self.tokens.poll(token, known, context.waker()) {
                Poll::Ready(found) => Poll::Ready(Some(found)),
                Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
            })
            .await;
            match found {
                Some(Found::Answer(Ok(output))) => return Ok(output),
                Some(Found::Answer(Err((error, cause)))) => {
                    return Err(Failure::new(stay.name(), &error, &cause));
                }
                Some(Found::Heartbeats(count)) => {
                    known = count;
                    heard = self.clock.now();
                }
                None if until >= deadline => return Err(Failure::timed_out(stay.name())),
                None => return Err(Failure::no_heartbeat(stay.name())),
            }
        }
    }
}

fn seconds(seconds: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn call_of(stay: &Stay<'_>, task: &Task, arguments: &Value, token: Option<&str>) -> Call {
    let (function, payload) = match task.integration() {
        Integration::Lambda => {
            let name = arguments["FunctionName"].as_str().unwrap_or_default();
            (function_name(name), arguments["Payload"].clone())
        }
        Integration::Function => (function_name(&task.resource), arguments.clone()),
        Integration::Service => (String::new(), arguments.clone()),
    };
    Call {
        state: stay.name().to_owned(),
        within: stay.place.within.clone(),
        resource: task.resource.clone(),
        function,
        payload,
        attempt: stay.attempt,
        token: token.map(str::to_owned),
        execution: stay.place.execution.name.clone(),
    }
}
