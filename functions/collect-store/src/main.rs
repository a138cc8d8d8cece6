//! Reads a person's records in one store whole.

use std::sync::Arc;

use aws::{Account, serve};
use contract::step::StoreRun;
use fulfillment::steps::collect_store;
use fulfillment::{StepError, finished};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = collect_store::Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        stores: Arc::new(connectors::Connectors::from_environment()),
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("collect-store", StepError::error_type, async |input: StoreRun, budget| {
        collect_store::run(&ports, &input, budget).await.and_then(finished)
    })
    .await
}
