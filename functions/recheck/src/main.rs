//! Reads every store once more, long after a request has ended.

use std::sync::Arc;

use aws::{Account, serve};
use contract::step::Run;
use fulfillment::StepError;
use fulfillment::steps::recheck;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = recheck::Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        tenants: account.tenants()?,
        stores: Arc::new(connectors::Connectors::from_environment()),
        pager: account.pager()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("recheck", StepError::error_type, async |input: Run, budget| {
        recheck::run(&ports, &input, budget).await
    })
    .await
}
