//! Finds a person's records in one store.

use std::sync::Arc;

use aws::{Account, serve};
use contract::step::StoreRun;
use fulfillment::steps::locate_store;
use fulfillment::{StepError, finished};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = locate_store::Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        stores: Arc::new(connectors::Connectors::from_environment()),
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("locate-store", StepError::error_type, async |input: StoreRun, budget| {
        locate_store::run(&ports, &input, budget).await.and_then(finished)
    })
    .await
}
