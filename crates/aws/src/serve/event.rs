//! Events that rules and schedules deliver.

use std::fmt::Display;

use ports::Budget;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{Error, serve};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Event<D> {
    /// Its id: the same when it is delivered again.
    pub id: String,
    /// Who says it: `aws.states`, `aws.events`.
    pub source: String,
    /// What kind it is: `Scheduled Event`, `Step Functions Execution Status Change`.
    #[serde(rename = "detail-type")]
    pub kind: String,
    /// What it says.
    pub detail: D,
}

/// An event of a schedule: it says nothing but that it is time.
pub type Tick = Event<IgnoredAny>;

/// Serves a rule, or with [`Tick`] a schedule.
pub async fn serve_event<D, E, R>(
    name: &'static str,
    error_type: impl Fn(&E) -> R,
    handler: impl AsyncFn(Event<D>, &dyn Budget) -> Result<(), E>,
) -> Result<(), Error>
where
    D: DeserializeOwned,
    E: Display,
    R: Into<String>,
{
    serve(name, error_type, handler).await
}
