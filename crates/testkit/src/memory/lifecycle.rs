//! Executions by name, and the `intake` queue.

use std::collections::VecDeque;

use async_trait::async_trait;
use contract::step::Start;
use ports::{Executions, Fault, Intake};

use super::{World, lock};
use crate::inject::Point;

/// How an execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionState {
    /// It runs, or is about to.
    Running,
    /// It was stopped.
    Stopped,
    /// It ended by itself.
    Ended,
}

/// An execution that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// Its input.
    pub start: Start,
    /// How it is.
    pub state: ExecutionState,
}

/// Executions in the order of their starts, and what is queued.
#[derive(Default)]
pub(super) struct Lifecycle {
    executions: Vec<Execution>,
    taken: usize,
    queue: VecDeque<Start>,
    sent: Vec<Start>,
}

#[async_trait]
impl Executions for World {
    async fn start(&self, name: &str, start: &Start) -> Result<(), Fault> {
        self.injector().pass(Point::ExecutionsStart, name, || {
            let mut lifecycle = lock(&self.inner.lifecycle);
            if lifecycle.executions.iter().all(|e| e.name != name) {
                lifecycle.executions.push(Execution {
                    name: name.to_owned(),
                    start: start.clone(),
                    state: ExecutionState::Running,
                });
            }
            Ok(())
        })
    }

    async fn stop(&self, name: &str) -> Result<bool, Fault> {
        self.injector().pass(Point::ExecutionsStop, name, || Ok(self.settle(name, ExecutionState::Stopped)))
    }
}

#[async_trait]
impl Intake for World {
    async fn send(&self, start: &Start) -> Result<(), Fault> {
        let target = start.run.tenant.as_str();
        self.injector().pass(Point::IntakeSend, target, || {
            let mut lifecycle = lock(&self.inner.lifecycle);
            lifecycle.queue.push_back(start.clone());
            lifecycle.sent.push(start.clone());
            Ok(())
        })
    }
}

impl World {
    /// Takes what waits on the `intake` queue.
    pub fn drain_intake(&self) -> Vec<Start> {
        lock(&self.inner.lifecycle).queue.drain(..).collect()
    }

    /// Everything that was ever sent to the `intake` queue.
    pub fn sent_to_intake(&self) -> Vec<Start> {
        lock(&self.inner.lifecycle).sent.clone()
    }

    /// The executions that were started since this was last asked and still run: what a walker of
    /// the state machine has to walk.
    pub fn take_started(&self) -> Vec<Execution> {
        let mut lifecycle = lock(&self.inner.lifecycle);
        let from = lifecycle.taken;
        lifecycle.taken = lifecycle.executions.len();
        let new = lifecycle.executions.iter().skip(from);
        new.filter(|e| e.state == ExecutionState::Running).cloned().collect()
    }

    /// Every execution that was ever started, in that order.
    pub fn all_executions(&self) -> Vec<Execution> {
        lock(&self.inner.lifecycle).executions.clone()
    }

    /// How an execution is.
    pub fn execution_state(&self, name: &str) -> Option<ExecutionState> {
        let lifecycle = lock(&self.inner.lifecycle);
        let found = lifecycle.executions.iter().find(|e| e.name == name);
        found.map(|e| e.state)
    }

    /// An execution came to its end.
    pub fn end_execution(&self, name: &str) {
        self.settle(name, ExecutionState::Ended);
    }

    /// Ends a running execution; whether there ever was one of that name.
    fn settle(&self, name: &str, state: ExecutionState) -> bool {
        let mut lifecycle = lock(&self.inner.lifecycle);
        let found = lifecycle.executions.iter_mut().find(|e| e.name == name);
        let Some(execution) = found else { return false };
        if execution.state == ExecutionState::Running {
            execution.state = state;
        }
        true
    }
}
