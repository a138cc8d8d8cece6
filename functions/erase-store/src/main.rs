//! Erases a person's records of one wave in one store.

use std::sync::Arc;

use aws::{Account, serve};
use contract::step::StoreRun;
use fulfillment::steps::erase_store;
use fulfillment::{StepError, finished};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = erase_store::Ports {
        requests: account.requests()?,
        holds: account.holds()?,
        sanctions: account.sanctions()?,
        tenants: account.tenants()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        stores: Arc::new(connectors::Connectors::from_environment()),
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("erase-store", StepError::error_type, async |input: StoreRun, budget| {
        erase_store::run(&ports, &input, budget).await.and_then(finished)
    })
    .await
}
