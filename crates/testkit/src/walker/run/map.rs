//! Parallel and inline Map states: what runs concurrently inside one execution.

use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::Value;

use super::scope::Boxed;
use super::{Run, Seen, Stay};
use crate::walker::failure::{Failure, QUERY};
use crate::walker::model::{Kind, Map, Scope};
use crate::walker::scene::Broken;
use crate::walker::template::Template;
use crate::walker::trace::Role;

/// How many iterations of an inline Map run at once (developer guide, "Map state processing modes").
const INLINE_CONCURRENCY: usize = 40;

impl Run<'_> {
    /// Runs `count` things, at most `most` at once, and answers their results in order. The first
    /// failure ends the others; with it comes how many were running.
    pub(super) async fn concurrently<'f>(
        &'f self,
        count: usize,
        most: usize,
        start: impl Fn(usize) -> Boxed<'f, Result<Value, Failure>>,
    ) -> Result<Vec<Value>, (Failure, usize)> {
        let numbered = |index: usize| {
            let work = start(index);
            async move { (index, work.await) }
        };
        let mut results = vec![Value::Null; count];
        let mut line = self.schedule.line_up(count).into_iter();
        let mut running: FuturesUnordered<_> = line.by_ref().take(most).map(numbered).collect();
        while let Some((index, result)) = running.next().await {
            match result {
                Ok(result) => results[index] = result,
                Err(failure) => return Err((failure, running.len())),
            }
            running.extend(line.next().map(numbered));
        }
        Ok(results)
    }

    /// A Parallel: every branch has the same input.
    pub(super) async fn parallel(
        &self,
        stay: &Stay<'_>,
        branches: &[Scope],
        arguments: Option<&Template>,
    ) -> Result<Value, Failure> {
        let execution = &stay.place.execution;
        let input = match arguments {
            None => stay.input.clone(),
            Some(template) => {
                let input = stay.scene(self, Seen::default()).evaluate(template, "Arguments");
                let input = input.map_err(|broken| self.broken(stay, &broken))?;
                self.payload(stay.place, stay.name(), Role::Arguments, &input)?;
                input
            }
        };
        self.event(execution, stay.name(), "ParallelStateStarted")?;
        let results = self
            .concurrently(branches.len(), branches.len(), |index| {
                let place = stay.place.inside(stay.name(), index);
                self.scope(&branches[index], place, stay.variables.clone(), input.clone())
            })
            .await;
        match results {
            Ok(results) => {
                self.event(execution, stay.name(), "ParallelStateSucceeded")?;
                self.gathered(stay, results)
            }
            Err((failure, running)) => {
                self.aborted(stay, running + usize::from(is_task(branches, &failure)), &[])?;
                self.event(execution, stay.name(), "ParallelStateFailed")?;
                Err(failure)
            }
        }
    }

    /// An inline Map.
    ///
    /// Source of the events: executions on AWS recorded by `LocalStack` (`test_base_map`,
    /// `test_service_lambda_map_timeout`). Which events the other iterations have when one fails
    /// depends on what they were at; here each has one for its state and one for itself.
    pub(super) async fn inline(&self, stay: &Stay<'_>, map: &Map) -> Result<Value, Failure> {
        let execution = &stay.place.execution;
        let prepared = self.items(stay, map).and_then(|items| Ok((items, self.most(stay, map)?)));
        let (items, most) = match prepared {
            Ok(prepared) => prepared,
            Err(broken) => {
                let failure = self.broken(stay, &broken);
                self.event(execution, stay.name(), "MapStateFailed")?;
                return Err(failure);
            }
        };
        let most = most.map_or(INLINE_CONCURRENCY, |most| most.min(INLINE_CONCURRENCY));
        self.event(execution, stay.name(), "MapStateStarted")?;
        let results = self
            .concurrently(items.len(), most, |index| {
                Box::pin(self.iteration(stay, map, index, &items[index]))
            })
            .await;
        match results {
            Ok(results) => {
                self.event(execution, stay.name(), "MapStateSucceeded")?;
                self.gathered(stay, results)
            }
            Err((failure, running)) => {
                self.aborted(stay, running, &["MapIterationAborted"])?;
                self.event(execution, stay.name(), "MapStateFailed")?;
                Err(failure)
            }
        }
    }

    async fn iteration(
        &self,
        stay: &Stay<'_>,
        map: &Map,
        index: usize,
        item: &Value,
    ) -> Result<Value, Failure> {
        let execution = &stay.place.execution;
        self.event(execution, stay.name(), "MapIterationStarted")?;
        let input = self.select(stay, map, index, item).map_err(|b| self.broken(stay, &b))?;
        let place = stay.place.inside(stay.name(), index);
        // Outer variables can be read. What an iteration assigns ends with it.
        let result = self.scope(&map.processor, place, stay.variables.clone(), input).await;
        let kind = if result.is_ok() { "MapIterationSucceeded" } else { "MapIterationFailed" };
        self.event(execution, stay.name(), kind)?;
        if let Err(failure) = &result {
            let own = usize::from(is_task(std::slice::from_ref(&map.processor), failure));
            self.aborted(stay, own, &[])?;
        }
        result
    }

    /// The items of a Map that has no reader. `JSONata` answers the item itself, not an array of
    /// it, where a filter leaves one item: AWS refuses that, and so does this.
    pub(super) fn items(&self, stay: &Stay<'_>, map: &Map) -> Result<Vec<Value>, Broken> {
        match (&map.items, stay.input) {
            (Some(items), _) => stay.scene(self, Seen::default()).list(items, "Items"),
            (None, Value::Array(items)) => Ok(items.clone()),
            (None, _) => Err(Broken {
                field: "Items".to_owned(),
                cause: "The input of a Map state without Items must be an array.".to_owned(),
            }),
        }
    }

    /// `MaxConcurrency`; nothing if it is 0 or absent.
    pub(super) fn most(&self, stay: &Stay<'_>, map: &Map) -> Result<Option<usize>, Broken> {
        let Some(template) = &map.max_concurrency else {
            return Ok(None);
        };
        let scene = stay.scene(self, Seen::default());
        let most = scene.whole(template, "MaxConcurrency", 0, u64::from(u32::MAX))?;
        Ok(usize::try_from(most).ok().filter(|most| *most > 0))
    }

    /// The input of one iteration.
    pub(super) fn select(
        &self,
        stay: &Stay<'_>,
        map: &Map,
        index: usize,
        item: &Value,
    ) -> Result<Value, Broken> {
        let Some(selector) = &map.selector else {
            return Ok(item.clone());
        };
        let seen = Seen { item: Some((index, item)), ..Seen::default() };
        stay.scene(self, seen).evaluate(selector, "ItemSelector")
    }

    /// The results together, which must fit a payload.
    pub(super) fn gathered(&self, stay: &Stay<'_>, results: Vec<Value>) -> Result<Value, Failure> {
        let result = Value::Array(results);
        self.payload(stay.place, stay.name(), Role::Result, &result)?;
        Ok(result)
    }

    /// The events of states that end because another one failed.
    fn aborted(&self, stay: &Stay<'_>, count: usize, more: &[&'static str]) -> Result<(), Failure> {
        for _ in 0..count {
            for kind in more.iter().chain(&["TaskStateAborted"]) {
                self.event(&stay.place.execution, stay.name(), kind)?;
            }
        }
        Ok(())
    }
}

/// A Task that fails its branch has an event for that; other states have none.
fn is_task(scopes: &[Scope], failure: &Failure) -> bool {
    let mut states = scopes.iter().filter_map(|scope| scope.states.get(&failure.state));
    failure.error != QUERY && states.any(|state| matches!(state.kind, Kind::Task(_)))
}
