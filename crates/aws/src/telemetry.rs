//! Metrics, in the embedded metric format (EMF): a log line that becomes a number.
//!
//! Every name is here. The only dimensions are the step and, of a failure, its class: a tenant or
//! a request as a dimension would be a new metric each, and is what logs are for.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ports::Clock;
use serde_json::{Value, json};

use crate::system::SystemClock;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Lacuna";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// How long an invocation took.
    Duration,
    /// Invocations that ended in an error, by its class.
    Failures,
    /// Invocations that crashed.
    Crashes,
    /// Items of a batch that will be delivered again.
    ItemFailures,
    /// Tokens that were not accepted.
    RefusedTokens,
    /// Single stored keys that do not open, of those that upkeep came by.
    DamagedKeys,
    /// Those who were to be told that packages are there, and could not be: each, each time.
    Untold,
    /// Events that can never be chained: each, each time that it is delivered.
    PoisonEvents,
    /// Events that were put into the stream again, and are not chained by that either.
    UnchainedEvents,
    /// How many seconds of events the sweeper of the audit should have looked through and has not.
    AuditSweepLag,
    /// Stores whose control person was not found: each, each time.
    ControlsMissing,
    /// Logs that are not what was signed, and what is kept of them: each, each time that it is noticed.
    LogsBroken,
    /// Logs that a run left without a checkpoint over their last entry.
    LogsUnsigned,
    /// Receipts that cannot be issued, since what they would say is not what was chained: each, each time it is tried.
    ReceiptsUnissuable,
    /// Items of the registry that should be a tenant's and name none: each, each time.
    TenantsUnreadable,
    /// Stores that a run did not come to before its time was up.
    StoresUnreached,
    /// Replays of the ledger that failed.
    ReplaysFailed,
    /// Replays of the ledger that have not got on for a day: each, each time.
    ReplaysLate,
    /// Lines of logs that are not in the masked copy and never will be: each.
    LinesNotCopied,
    /// People who were erased and were met again in a live store: each once for each request that is made.
    PeopleMet,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 20] = [
        Self::Duration,
        Self::Failures,
        Self::Crashes,
        Self::ItemFailures,
        Self::RefusedTokens,
        Self::DamagedKeys,
        Self::Untold,
        Self::PoisonEvents,
        Self::UnchainedEvents,
        Self::AuditSweepLag,
        Self::ControlsMissing,
        Self::LogsBroken,
        Self::LogsUnsigned,
        Self::ReceiptsUnissuable,
        Self::TenantsUnreadable,
        Self::StoresUnreached,
        Self::ReplaysFailed,
        Self::ReplaysLate,
        Self::LinesNotCopied,
        Self::PeopleMet,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duration => "Duration",
            Self::Failures => "Failures",
            Self::Crashes => "Crashes",
            Self::ItemFailures => "ItemFailures",
            Self::RefusedTokens => "RefusedTokens",
            Self::DamagedKeys => "DamagedKeys",
            Self::Untold => "Untold",
            Self::PoisonEvents => "PoisonEvents",
            Self::UnchainedEvents => "UnchainedEvents",
            Self::AuditSweepLag => "AuditSweepLag",
            Self::ControlsMissing => "ControlsMissing",
            Self::LogsBroken => "LogsBroken",
            Self::LogsUnsigned => "LogsUnsigned",
            Self::ReceiptsUnissuable => "ReceiptsUnissuable",
            Self::TenantsUnreadable => "TenantsUnreadable",
            Self::StoresUnreached => "StoresUnreached",
            Self::ReplaysFailed => "ReplaysFailed",
            Self::ReplaysLate => "ReplaysLate",
            Self::LinesNotCopied => "LinesNotCopied",
            Self::PeopleMet => "PeopleMet",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Duration => "Milliseconds",
            Self::AuditSweepLag => "Seconds",
            Self::Failures
            | Self::Crashes
            | Self::ItemFailures
            | Self::RefusedTokens
            | Self::DamagedKeys
            | Self::Untold
            | Self::PoisonEvents
            | Self::UnchainedEvents
            | Self::ControlsMissing
            | Self::LogsBroken
            | Self::LogsUnsigned
            | Self::ReceiptsUnissuable
            | Self::TenantsUnreadable
            | Self::StoresUnreached
            | Self::ReplaysFailed
            | Self::ReplaysLate
            | Self::LinesNotCopied
            | Self::PeopleMet => "Count",
        }
    }
}

/// Set once a function serves: nobody else's standard output is ours to write to.
static SERVING: AtomicBool = AtomicBool::new(false);

/// From now on metrics are written.
pub(crate) fn init() {
    SERVING.store(true, Ordering::Relaxed);
}

/// Counts something that a step did.
pub fn count(step: &'static str, metric: Metric, n: usize) {
    if n > 0 {
        emit(&line(step, None, metric, json!(n), now()));
    }
}

/// Says how much of something there is now, also that there is nothing of it; nothing where that is not
/// known.
pub fn measure(step: &'static str, metric: Metric, value: Option<u64>) {
    if let Some(value) = value {
        emit(&line(step, None, metric, json!(value), now()));
    }
}

/// Counts a failure, by its class.
pub(crate) fn failure(step: &'static str, error: &str) {
    emit(&line(step, Some(error), Metric::Failures, json!(1), now()));
}

/// Says how long a step took.
pub(crate) fn took(step: &'static str, time: Duration) {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    emit(&line(step, None, Metric::Duration, json!(millis), now()));
}

fn now() -> i64 {
    SystemClock.now().as_millisecond()
}

fn line(step: &str, error: Option<&str>, metric: Metric, value: Value, at: i64) -> Value {
    let dimensions = match error {
        None => json!([["step"]]),
        Some(_) => json!([["step"], ["step", "error"]]),
    };
    let mut line = json!({
        "_aws": {
            "Timestamp": at,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": dimensions,
                "Metrics": [{"Name": metric.as_str(), "Unit": metric.unit()}],
            }],
        },
        "step": step,
    });
    if let Some(map) = line.as_object_mut() {
        map.insert(metric.as_str().to_owned(), value);
        if let Some(error) = error {
            map.insert("error".to_owned(), error.into());
        }
    }
    line
}

fn emit(line: &Value) {
    if !SERVING.load(Ordering::Relaxed) {
        return;
    }
    // A metric that cannot be written is not worth a request.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        assert_eq!(
            line("plan", None, Metric::Duration, json!(12), 1_700_000_000_000),
            json!({
                "_aws": {"Timestamp": 1_700_000_000_000_i64, "CloudWatchMetrics": [{
                    "Namespace": "Lacuna",
                    "Dimensions": [["step"]],
                    "Metrics": [{"Name": "Duration", "Unit": "Milliseconds"}],
                }]},
                "step": "plan",
                "Duration": 12,
            })
        );
        let failure = line("plan", Some("Lacuna.Transient"), Metric::Failures, json!(1), 0);
        assert_eq!(failure["error"], "Lacuna.Transient");
        assert_eq!(
            failure["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
            json!([["step"], ["step", "error"]])
        );
    }

    #[test]
    fn every_metric_has_a_name_of_its_own() {
        let mut names: Vec<_> = Metric::ALL.iter().map(|m| m.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Metric::ALL.len());
    }
}
