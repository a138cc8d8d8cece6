//! Batches: of a table's stream, and of a queue.
//!
//! Both answer which items are not done (`ReportBatchItemFailures`); the others are never seen
//! again. Of a stream everything from the first such item on is delivered again, in order.

use std::collections::BTreeMap;
use std::fmt::Display;

use domain::event::Event;
use futures::future::join_all;
use ports::{Budget, Delivered, EventKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::Instrument;

use super::{Error, Failure, read, run, span, write};
use crate::dynamo::{self, REDRIVEN};
use crate::telemetry::{self, Metric};

/// A change of an item, as the stream tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// Its place in the stream: what a failure is reported by.
    pub sequence: String,
    image: BTreeMap<String, Value>,
}

impl From<Streamed> for StreamRecord {
    fn from(record: Streamed) -> Self {
        Self { sequence: record.dynamodb.sequence, image: record.dynamodb.image }
    }
}

impl StreamRecord {
    /// A text attribute of the item as it is now.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.image.get(name)?.get("S")?.as_str()
    }

    /// The item's document: the JSON text in its attribute `doc`.
    pub fn doc<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.text("doc")?).ok()
    }

    /// The event that it tells of. One that stands where another belongs, in another tenant's place
    /// perhaps, is none.
    fn delivered(self) -> Delivered {
        let text = |name| self.text(name).unwrap_or_default().to_owned();
        let key = EventKey { pk: text("pk"), sk: text("sk") };
        let event = self.doc().filter(|event: &Event| dynamo::event_key(event) == key);
        let times = self.image.get(REDRIVEN).and_then(|times| times.get("N")?.as_str()?.parse().ok());
        Delivered { key, redriven: times.unwrap_or(0), event, sequence: self.sequence }
    }
}

/// Only the place: the item may be about a person.
impl std::fmt::Debug for StreamRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamRecord").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Batch<T> {
    #[serde(rename = "Records")]
    records: Vec<T>,
}

#[derive(Deserialize)]
pub(super) struct Streamed {
    dynamodb: Changed,
}

#[derive(Deserialize)]
struct Changed {
    #[serde(rename = "SequenceNumber")]
    sequence: String,
    #[serde(rename = "NewImage", default)]
    image: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Queued {
    #[serde(rename = "messageId")]
    id: String,
    body: String,
}

/// What is not done.
#[derive(Serialize)]
struct Undone {
    #[serde(rename = "batchItemFailures")]
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    #[serde(rename = "itemIdentifier")]
    id: String,
}

fn undone(name: &'static str, ids: Vec<String>) -> Result<Value, Failure> {
    telemetry::count(name, Metric::ItemFailures, ids.len());
    let items = ids.into_iter().map(|id| Item { id }).collect();
    write(&Undone { items })
}

/// Serves a table's stream. The handler gets the batch, in order, and returns the records that it
/// could not deal with, each with its error; from the first of them on all are delivered again.
pub async fn serve_stream<E, R>(
    name: &'static str,
    error_type: impl Fn(&E) -> R,
    handler: impl AsyncFn(Vec<StreamRecord>, &dyn Budget) -> Vec<(StreamRecord, E)>,
) -> Result<(), Error>
where
    E: Display,
    R: Into<String>,
{
    run(name, async |payload, budget| stream(name, payload, budget, &error_type, &handler).await).await
}

pub(super) async fn stream<E, R>(
    name: &'static str,
    payload: Value,
    budget: &dyn Budget,
    error_type: &impl Fn(&E) -> R,
    handler: &impl AsyncFn(Vec<StreamRecord>, &dyn Budget) -> Vec<(StreamRecord, E)>,
) -> Result<Value, Failure>
where
    E: Display,
    R: Into<String>,
{
    let batch: Batch<Streamed> = read(payload)?;
    let records = batch.records.into_iter().map(StreamRecord::from);
    let failed = handler(records.collect(), budget).await;
    let ids = failed.into_iter().map(|(record, error)| {
        Failure::of(&error, error_type).tell(name);
        record.sequence
    });
    undone(name, ids.collect())
}

/// Serves the requests table's stream to a handler that takes events: all of a batch, with those that do
/// not read among them. It answers the place of the first that has to come again, and why: everything from
/// there on is delivered again.
pub async fn serve_events<E, R>(
    name: &'static str,
    error_type: impl Fn(&E) -> R,
    handler: impl AsyncFn(Vec<Delivered>, &dyn Budget) -> Option<(String, E)>,
) -> Result<(), Error>
where
    E: Display,
    R: Into<String>,
{
    run(name, async |payload, budget| events(name, payload, budget, &error_type, &handler).await).await
}

pub(super) async fn events<E, R>(
    name: &'static str,
    payload: Value,
    budget: &dyn Budget,
    error_type: &impl Fn(&E) -> R,
    handler: &impl AsyncFn(Vec<Delivered>, &dyn Budget) -> Option<(String, E)>,
) -> Result<Value, Failure>
where
    E: Display,
    R: Into<String>,
{
    let batch: Batch<Streamed> = read(payload)?;
    let records = batch.records.into_iter().map(|record| StreamRecord::from(record).delivered());
    let Some((sequence, error)) = handler(records.collect(), budget).await else {
        return undone(name, Vec::new());
    };
    Failure::of(&error, error_type).tell(name);
    undone(name, vec![sequence])
}

/// Serves a queue whose messages are JSON. The handler gets one message; those of a batch are dealt
/// with at the same time, and one that fails is delivered again alone.
pub async fn serve_queue<I, E, R>(
    name: &'static str,
    error_type: impl Fn(&E) -> R,
    handler: impl AsyncFn(I, &dyn Budget) -> Result<(), E>,
) -> Result<(), Error>
where
    I: DeserializeOwned,
    E: Display,
    R: Into<String>,
{
    run(name, async |payload, budget| queue(name, payload, budget, &error_type, &handler).await).await
}

pub(super) async fn queue<I, E, R>(
    name: &'static str,
    payload: Value,
    budget: &dyn Budget,
    error_type: &impl Fn(&E) -> R,
    handler: &impl AsyncFn(I, &dyn Budget) -> Result<(), E>,
) -> Result<Value, Failure>
where
    I: DeserializeOwned,
    E: Display,
    R: Into<String>,
{
    let batch: Batch<Queued> = read(payload)?;
    let messages = batch.records.into_iter().map(async |message: Queued| {
        let body: Value = serde_json::from_str(&message.body).unwrap_or_default();
        let span = span(name, &body);
        let dealt = async {
            let input = read(body)?;
            handler(input, budget).await.map_err(|error| Failure::of(&error, error_type))
        };
        let failure = dealt.instrument(span.clone()).await.err()?;
        span.in_scope(|| failure.tell(name));
        Some(message.id)
    });
    let failed = join_all(messages).await;
    undone(name, failed.into_iter().flatten().collect())
}
