//! Looks whether anybody who was erased is in a live store again.

use std::sync::Arc;

use aws::telemetry::{self, Metric};
use aws::{Account, serve};
use fulfillment::StepError;
use fulfillment::steps::sample_stores;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = sample_stores::Ports {
        ledger: account.ledger()?,
        requests: account.requests()?,
        tenants: account.tenants()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        stores: Arc::new(connectors::Connectors::from_environment()),
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("sample-stores", StepError::error_type, async |_: serde_json::Value, budget| {
        let done = sample_stores::run(&ports, budget).await;
        telemetry::count("sample-stores", Metric::PeopleMet, done.met);
        telemetry::count("sample-stores", Metric::StoresUnreached, done.unreached);
        done.ended()
    })
    .await
}
