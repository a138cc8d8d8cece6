//! Ends a request, if it can be ended truthfully.

use aws::{Account, serve};
use contract::step::Run;
use fulfillment::StepError;
use fulfillment::steps::close_request;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = close_request::Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        ledger: account.ledger()?,
        tenants: account.tenants()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("close-request", StepError::error_type, async |input: Run, budget| {
        close_request::run(&ports, &input, budget).await
    })
    .await
}
