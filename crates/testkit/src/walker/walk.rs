//! Starting a walk, and moving its time.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::control::{End, Limits, Next, Pause, StopHandle, Walked, Watch};
use super::definition::Definition;
use super::failure::{Class, Failure};
use super::lock;
use super::rng::Rng;
use super::run::{Execution, Place, Run, Shared};
use super::scene::Variables;
use super::schedule::{Order, Schedule};
use super::settle::settle;
use super::tasks::Tasks;
use super::time::{Clock, after, some_clock};
use super::tokens::Tokens;
use super::trace::{Trace, size};

/// A walk of a definition: one execution, in memory.
#[must_use = "a walk does nothing until it runs"]
pub struct Walk<'a> {
    definition: &'a Definition,
    tasks: &'a dyn Tasks,
    watch: Option<&'a dyn Watch>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    tokens: Tokens,
    stop: StopHandle,
    order: Order,
    seed: u64,
    name: String,
}

impl<'a> Walk<'a> {
    /// A walk of `definition` whose calls `tasks` answers.
    pub fn new(definition: &'a Definition, tasks: &'a dyn Tasks) -> Self {
        Self {
            definition,
            tasks,
            watch: None,
            clock: Arc::new(some_clock()),
            limits: Limits::default(),
            tokens: Tokens::new(),
            stop: StopHandle::default(),
            order: Order::default(),
            seed: 0,
            name: "walk".to_owned(),
        }
    }

    /// The clock to move, best the one that the tasks read. Without one it is 2026-01-01, noon.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Other limits than AWS's.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The task tokens, shared with who answers them.
    pub fn tokens(self, tokens: Tokens) -> Self {
        Self { tokens, ..self }
    }

    /// The handle that stops the walk.
    pub fn stop_handle(self, stop: StopHandle) -> Self {
        Self { stop, ..self }
    }

    /// Who is asked when time is about to pass.
    pub fn watch(self, watch: &'a dyn Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// The order in which concurrent iterations go on.
    pub fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// The seed of jitter, `$random` and `$uuid`.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The execution's name.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Executes the definition with this input.
    pub async fn run(self, input: Value) -> Walked {
        let started = self.clock.now();
        let run = Run {
            tasks: self.tasks,
            clock: &*self.clock,
            limits: self.limits,
            tokens: self.tokens.clone(),
            stop: self.stop.clone(),
            schedule: Schedule::new(self.order),
            shared: Mutex::new(Shared { trace: Trace::default(), chance: Rng::new(self.seed) }),
            in_flight: AtomicUsize::new(0),
        };
        let execution = Execution::new(self.name.clone(), input.clone(), started, false);
        let machine = &self.definition.machine;
        let duration = machine.timeout_seconds.map_or(self.limits.duration, |seconds| {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            SignedDuration::from_secs(seconds).min(self.limits.duration)
        });
        let end = if size(&input) > self.limits.payload {
            // Not an execution at all: StartExecution itself answers this.
            failed(Failure::new("", "InvalidExecutionInput", "the input is larger than a payload"))
        } else {
            run.last_event(&execution, "ExecutionStarted");
            let place = Place { execution: Arc::clone(&execution), within: Vec::new() };
            let root = run.scope(&machine.scope, place, Variables::new(), input);
            self.drive(&run, &execution, root, after(started, duration)).await
        };
        let trace = std::mem::take(&mut lock(&run.shared).trace);
        Walked { end, trace }
    }

    /// Lets the states go on until all wait, then moves time to the first of them.
    async fn drive(
        &self,
        run: &Run<'_>,
        execution: &Execution,
        mut root: Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + '_>>,
        deadline: Timestamp,
    ) -> End {
        loop {
            let result = settle(root.as_mut(), &run.in_flight).await;
            let now = self.clock.now();
            let stopped = run.stop.is_stopped();
            if let Some(result) = result.filter(|_| now < deadline && !stopped) {
                return ended(run, execution, result);
            }
            if stopped {
                return cut(run, execution, |state| End::Aborted { state });
            }
            if now >= deadline {
                return cut(run, execution, |state| End::TimedOut { state });
            }
            // Without a call under way every state waits for a moment, if only a far one.
            let at = run.schedule.next().unwrap_or(deadline);
            if at <= now {
                run.schedule.wake_first();
                continue;
            }
            let mut until = at.min(deadline);
            if let Some(watch) = self.watch {
                let before = done(run);
                let pause = Pause { now, until, waiters: run.schedule.waiters() };
                match watch.pausing(&pause).await {
                    Next::At(moment) if moment > now => until = until.min(moment),
                    Next::At(_) | Next::GoOn => {}
                    Next::Stop => run.stop.stop(),
                }
                let result = settle(root.as_mut(), &run.in_flight).await;
                if let Some(result) = result.filter(|_| !run.stop.is_stopped()) {
                    return ended(run, execution, result);
                }
                // A heartbeat alone is no progress, or time would never pass.
                if run.stop.is_stopped() || done(run) != before {
                    continue;
                }
            }
            self.clock.advance_to(until);
        }
    }
}

/// How much the states have done so far.
fn done(run: &Run<'_>) -> (usize, usize) {
    let shared = lock(&run.shared);
    (shared.trace.payloads.len(), shared.trace.history.len())
}

/// Ends an execution from outside its states.
fn cut(run: &Run<'_>, execution: &Execution, end: impl Fn(String) -> End) -> End {
    let waiting = run.schedule.waiters().into_iter().next();
    let shared = lock(&run.shared);
    let last = shared.trace.visits.last().map(|visit| visit.state.clone());
    drop(shared);
    let state = waiting.map(|waiter| waiter.state).or(last).unwrap_or_default();
    let end = end(state);
    let timed_out = matches!(end, End::TimedOut { .. });
    run.last_event(execution, if timed_out { "ExecutionTimedOut" } else { "ExecutionAborted" });
    end
}

fn ended(run: &Run<'_>, execution: &Execution, result: Result<Value, Failure>) -> End {
    let result = result.and_then(|output| {
        run.event(execution, "", "ExecutionSucceeded")?;
        Ok(output)
    });
    match result {
        Ok(output) => End::Succeeded(output),
        Err(failure) if failure.class == Class::Stopped => {
            run.last_event(execution, "ExecutionAborted");
            End::Aborted { state: failure.state }
        }
        Err(failure) => {
            run.last_event(execution, "ExecutionFailed");
            failed(failure)
        }
    }
}

fn failed(failure: Failure) -> End {
    End::Failed { error: failure.error, cause: failure.cause, state: failure.state }
}
