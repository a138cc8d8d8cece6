//! Distributed Map states: iterations that are executions of their own.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{Execution, Place, Run, Seen, Stay};
use crate::walker::failure::{Class, Failure, THRESHOLD};
use crate::walker::model::{Distributed, Map, Port};
use crate::walker::scene::{Broken, Variables};
use crate::walker::tasks::{Call, TaskError};
use crate::walker::trace::Role;

/// How many children run at once, also if `MaxConcurrency` says nothing.
const CONCURRENCY: usize = 10_000;

/// How many items may fail.
struct Tolerance {
    count: Option<u64>,
    percentage: Option<u64>,
    total: usize,
}

impl Tolerance {
    /// Source: Amazon States Language, "Map State Failure Tolerance": either threshold fails the
    /// Map when it is breached, and without any the first failed item does.
    fn is_breached(&self, failed: usize) -> bool {
        let failed = failed as u64;
        let share = |percentage: u64| failed * 100 > percentage * self.total as u64;
        match (self.count, self.percentage) {
            (None, None) => failed > 0,
            (count, percentage) => count.is_some_and(|count| failed > count) || percentage.is_some_and(share),
        }
    }
}

impl Run<'_> {
    /// A Distributed Map. Its children see none of its variables, and have histories of their own.
    ///
    /// Source of the parent's events: executions on AWS recorded by `LocalStack`
    /// (`test_map_state_tolerated_failure_values`). What stands in the result for a tolerated
    /// failure is not documented; here it is `{Error, Cause}`.
    pub(super) async fn distributed(
        &self,
        stay: &Stay<'_>,
        map: &Map,
        distributed: &Distributed,
    ) -> Result<Value, Failure> {
        let execution = &stay.place.execution;
        let items = self.read(stay, map, distributed).await?;
        let prepared = self.plan(stay, map, distributed, &items);
        let (batches, tolerance, most) = prepared.map_err(|b| self.broken(stay, &b))?;
        self.event(execution, stay.name(), "MapStateStarted")?;
        self.event(execution, stay.name(), "MapRunStarted")?;

        let failed = AtomicUsize::new(0);
        let results = self
            .concurrently(batches.len(), most, |index| {
                let (input, weight) = &batches[index];
                Box::pin(self.child(stay, map, index, (input, *weight), (&failed, &tolerance)))
            })
            .await;
        match results {
            Ok(results) => {
                let result = self.write(stay, distributed, results).await?;
                self.event(execution, stay.name(), "MapRunSucceeded")?;
                self.event(execution, stay.name(), "MapStateSucceeded")?;
                Ok(result)
            }
            Err((failure, _)) => {
                self.event(execution, stay.name(), "MapRunFailed")?;
                self.event(execution, stay.name(), "MapStateFailed")?;
                Err(failure)
            }
        }
    }

    async fn child(
        &self,
        stay: &Stay<'_>,
        map: &Map,
        index: usize,
        (input, weight): (&Value, usize),
        (failed, tolerance): (&AtomicUsize, &Tolerance),
    ) -> Result<Value, Failure> {
        let name = format!("{}.{}.{index}", stay.place.execution.name, stay.name());
        let child = Execution::new(name, input.clone(), self.clock.now(), true);
        let mut place = stay.place.inside(stay.name(), index);
        place.execution = std::sync::Arc::clone(&child);
        match self.whole(map, &place, input.clone()).await {
            Ok(result) => Ok(result),
            Err(failure) if failure.class == Class::Stopped => Err(failure),
            Err(failure) => {
                self.last_event(&child, "ExecutionFailed");
                let failed = failed.fetch_add(weight, Ordering::Relaxed) + weight;
                if tolerance.is_breached(failed) {
                    let cause = "The specified tolerated failure threshold was exceeded";
                    return Err(Failure::new(stay.name(), THRESHOLD, cause));
                }
                Ok(failure.output())
            }
        }
    }

    /// A child execution, from its first event to its last but a failed one.
    async fn whole(&self, map: &Map, place: &Place, input: Value) -> Result<Value, Failure> {
        let child = &place.execution;
        self.event(child, "", "ExecutionStarted")?;
        let result = self.scope(&map.processor, place.clone(), Variables::new(), input).await?;
        self.event(child, "", "ExecutionSucceeded")?;
        Ok(result)
    }

    /// The items, from the reader if there is one.
    async fn read(
        &self,
        stay: &Stay<'_>,
        map: &Map,
        distributed: &Distributed,
    ) -> Result<Vec<Value>, Failure> {
        let Some(reader) = &distributed.reader else {
            return self.items(stay, map).map_err(|broken| self.broken(stay, &broken));
        };
        let failed = |cause: String| Failure::new(stay.name(), "States.ItemReaderFailed", &cause);
        let most = reader.max_items.as_ref().map(|template| {
            let scene = stay.scene(self, Seen::default());
            scene.whole(template, "ItemReader/MaxItems", 1, 100_000_000)
        });
        let most = most.transpose().map_err(|broken| self.broken(stay, &broken))?;
        let read = self.port(stay, reader, "ItemReader/Arguments", |_| {}).await?;
        match read {
            Ok(Value::Array(mut items)) => {
                let most = most.and_then(|most| usize::try_from(most).ok());
                items.truncate(most.unwrap_or(usize::MAX));
                Ok(items)
            }
            Ok(_) => Err(failed("Attempting to map over non-iterable node.".to_owned())),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Hands the results to the writer if there is one.
    async fn write(
        &self,
        stay: &Stay<'_>,
        distributed: &Distributed,
        results: Vec<Value>,
    ) -> Result<Value, Failure> {
        let flat = |result| match result {
            Value::Array(items) if distributed.flatten => items,
            other => vec![other],
        };
        let results: Vec<_> = results.into_iter().flat_map(flat).collect();
        let Some(writer) = &distributed.writer else {
            return self.gathered(stay, results);
        };
        let add = |arguments: &mut Value| arguments["Results"] = Value::Array(results);
        let written = self.port(stay, writer, "ResultWriter/Arguments", add).await?;
        if let Err(error) = written {
            return Err(Failure::new(stay.name(), "States.ResultWriterFailed", &error.to_string()));
        }
        let arguments = writer.arguments.as_ref();
        let arguments = arguments
            .map(|template| stay.scene(self, Seen::default()).evaluate(template, "ResultWriter/Arguments"));
        let arguments = arguments.transpose().map_err(|broken| self.broken(stay, &broken))?;
        let arguments = arguments.unwrap_or_default();
        let run = format!("arn:aws:states:walker:000000000000:mapRun:walk/{}", stay.name());
        let prefix = arguments["Prefix"].as_str().unwrap_or_default();
        Ok(json!({
            "MapRunArn": run,
            "ResultWriterDetails": {
                "Bucket": arguments["Bucket"],
                "Key": format!("{prefix}/manifest.json"),
            },
        }))
    }

    async fn port(
        &self,
        stay: &Stay<'_>,
        port: &Port,
        field: &str,
        add: impl FnOnce(&mut Value),
    ) -> Result<Result<Value, TaskError>, Failure> {
        let arguments = port.arguments.as_ref();
        let arguments = arguments.map(|template| stay.scene(self, Seen::default()).evaluate(template, field));
        let arguments = arguments.transpose().map_err(|broken| self.broken(stay, &broken))?;
        let mut payload = arguments.unwrap_or_else(|| json!({}));
        self.payload(stay.place, stay.name(), Role::Arguments, &payload)?;
        add(&mut payload);
        let call = Call {
            state: stay.name().to_owned(),
            within: stay.place.within.clone(),
            resource: port.resource.clone(),
            function: String::new(),
            payload,
            attempt: stay.attempt,
            token: None,
            execution: stay.place.execution.name.clone(),
        };
        Ok(self.call(&call).await)
    }

    /// The inputs of the children with the number of items in each, what may fail, and how many
    /// run at once.
    #[expect(clippy::type_complexity, reason = "three answers of one evaluation")]
    fn plan(
        &self,
        stay: &Stay<'_>,
        map: &Map,
        distributed: &Distributed,
        items: &[Value],
    ) -> Result<(Vec<(Value, usize)>, Tolerance, usize), Broken> {
        let scene = stay.scene(self, Seen::default());
        let whole = |template: Option<&_>, field: &str, most| {
            template.map(|template| scene.whole(template, field, 0, most)).transpose()
        };
        let tolerance = Tolerance {
            count: whole(distributed.tolerated_count.as_ref(), "ToleratedFailureCount", u64::MAX)?,
            percentage: whole(distributed.tolerated_percentage.as_ref(), "ToleratedFailurePercentage", 100)?,
            total: items.len(),
        };
        let most = self.most(stay, map)?.map_or(CONCURRENCY, |most| most.min(CONCURRENCY));
        let mut selected = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            selected.push(self.select(stay, map, index, item)?);
        }
        let batches = match &distributed.batcher {
            None => selected.into_iter().map(|item| (item, 1)).collect(),
            Some(batcher) => self.batches(stay, batcher, selected)?,
        };
        Ok((batches, tolerance, most))
    }
}
