//! Erases again whoever a backup has brought back.

use std::sync::Arc;

use aws::telemetry::{self, Metric};
use aws::{Account, serve};
use fulfillment::StepError;
use fulfillment::steps::replay_ledger;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = replay_ledger::Ports {
        ledger: account.ledger()?,
        requests: account.requests()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        stores: Arc::new(connectors::Connectors::from_environment()),
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("replay-ledger", StepError::error_type, async |_: serde_json::Value, budget| {
        let ran = replay_ledger::run(&ports, budget).await;
        telemetry::count("replay-ledger", Metric::ReplaysFailed, ran.failed);
        telemetry::count("replay-ledger", Metric::ReplaysLate, ran.late);
        ran.ended()
    })
    .await
}
