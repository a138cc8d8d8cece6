//! How a Lambda serves.
//!
//! A function's `main` names its step and hands over a closure; everything that all of them need is
//! here: the log, the metrics, the time that is left, and errors as Step Functions reads them.
//!
//! ```no_run
//! # use ports::{Budget, Fault};
//! # use contract::step::StoreRun;
//! # async fn locate(_: &StoreRun, _: &dyn Budget) -> Result<(), Fault> { Ok(()) }
//! # async fn doc() -> Result<(), aws::serve::Error> {
//! aws::serve("locate-store", aws::serve::class, async |run: StoreRun, budget: &dyn Budget| {
//!     locate(&run, budget).await
//! })
//! .await
//! # }
//! ```

mod api;
mod authorizer;
mod batch;
mod deadline;

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use domain::{RequestId, StoreId};
use futures::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use ports::{Budget, Class, Clock, Fault};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::{Instrument, Span};

use crate::system::SystemClock;
use crate::telemetry::{self, Metric};

pub use api::{Request, Response, serve_api};
pub use authorizer::serve_authorizer;
pub use batch::{StreamRecord, serve_events, serve_queue, serve_stream};
pub use deadline::Deadline;
/// What a `main` returns.
pub use lambda_runtime::Error;

/// How an invocation failed, as Step Functions sees it: `error_type` is what `ErrorEquals` matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) error_type: String,
    pub(crate) message: String,
}

impl Failure {
    /// A failure of which trying again would make another.
    fn permanent(message: &str) -> Self {
        Self {
            error_type: Class::Permanent.error_type().to_owned(),
            message: format!("step-failed: {message}"),
        }
    }

    fn of<E: Display, R: Into<String>>(error: &E, error_type: &impl Fn(&E) -> R) -> Self {
        Self { error_type: error_type(error).into(), message: error.to_string() }
    }

    /// What is to be done about it. `None` if it is not a fault but a way to end: another
    /// execution has taken over, the step goes on in another invocation, a token is refused.
    fn class(&self) -> Option<Class> {
        let named = |class: &Class| class.error_type() == self.error_type;
        Class::ALL.into_iter().find(named)
    }

    /// Writes it down, and counts it if it is a fault.
    fn tell(&self, step: &'static str) {
        let (error, message) = (&self.error_type, &self.message);
        match self.class() {
            None => tracing::info!(error, "{message}"),
            Some(Class::Transient | Class::Throttled) => tracing::warn!(error, "{message}"),
            Some(Class::Permanent) => tracing::error!(error, "{message}"),
        }
        if self.class().is_some() {
            telemetry::failure(step, error);
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.error_type, error_message: failure.message }
    }
}

/// The `error_type` of a fault, for functions that fail with nothing else.
pub fn class(fault: &Fault) -> &'static str {
    fault.class.error_type()
}

/// Serves a step of the lifecycle: reads its payload, gives it the time that is left, and answers
/// what it returns. `error_type` says what Step Functions calls an error; its text is the error's
/// own, which must not quote data.
pub async fn serve<I, O, E, R>(
    name: &'static str,
    error_type: impl Fn(&E) -> R,
    handler: impl AsyncFn(I, &dyn Budget) -> Result<O, E>,
) -> Result<(), Error>
where
    I: DeserializeOwned,
    O: Serialize,
    E: Display,
    R: Into<String>,
{
    run(name, async |payload, budget| {
        let input = read(payload)?;
        let output = handler(input, budget).await.map_err(|error| Failure::of(&error, &error_type))?;
        write(&output)
    })
    .await
}

/// Reads a payload. What is wrong with it is not said: it would quote it.
fn read<I: DeserializeOwned>(payload: Value) -> Result<I, Failure> {
    serde_json::from_value(payload)
        .map_err(|_| Failure::permanent("the payload does not have the form that this step takes"))
}

fn write<O: Serialize>(output: &O) -> Result<Value, Failure> {
    serde_json::to_value(output)
        .map_err(|_| Failure::permanent("the step's answer cannot be written as JSON"))
}

/// Serves invocations until the environment is taken away.
async fn run(
    name: &'static str,
    handle: impl AsyncFn(Value, &Deadline) -> Result<Value, Failure>,
) -> Result<(), Error> {
    crate::log::init();
    telemetry::init();
    let handle = &handle;
    let runtime = Runtime::new(service_fn(async |event: LambdaEvent<Value>| {
        let left = left(event.context.deadline);
        invoke(name, event.payload, left, handle).await.map_err(Diagnostic::from)
    }));
    runtime.run().await
}

/// How long until a moment in milliseconds since 1970.
fn left(deadline: u64) -> Duration {
    let now = u64::try_from(SystemClock.now().as_millisecond()).unwrap_or(0);
    Duration::from_millis(deadline.saturating_sub(now))
}

/// One invocation: in a span, measured, and with crashes caught where they unwind. (A release
/// build aborts instead; then the hook has said where, and Lambda says that it ended.)
async fn invoke(
    name: &'static str,
    payload: Value,
    left: Duration,
    handle: impl AsyncFn(Value, &Deadline) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let started = Instant::now();
    let deadline = Deadline::in_time(left);
    let span = span(name, &payload);
    let result = AssertUnwindSafe(handle(payload, &deadline))
        .catch_unwind()
        .instrument(span.clone())
        .await
        .unwrap_or_else(|_| {
            telemetry::count(name, Metric::Crashes, 1);
            Err(Failure::permanent("it crashed; its log says where"))
        });
    telemetry::took(name, started.elapsed());
    if let Err(failure) = &result {
        span.in_scope(|| failure.tell(name));
    }
    result
}

/// The span of an invocation: the step, and which request, generation and store it is about. Each
/// is parsed first, so that nothing else gets into a log by the name of an id.
fn span(name: &'static str, payload: &Value) -> Span {
    let span = tracing::info_span!(
        "step",
        step = name,
        request_id = tracing::field::Empty,
        generation = tracing::field::Empty,
        store = tracing::field::Empty,
    );
    let text = |field: &str| payload.get(field).and_then(Value::as_str);
    if let Some(id) = text("request_id").and_then(|text| text.parse::<RequestId>().ok()) {
        span.record("request_id", id.as_str());
    }
    if let Some(generation) = payload.get("generation").and_then(Value::as_u64) {
        span.record("generation", generation);
    }
    if let Some(store) = text("store").and_then(|text| text.parse::<StoreId>().ok()) {
        span.record("store", store.as_str());
    }
    span
}

#[cfg(test)]
mod tests;
