//! Where a request stands, and what it needs next.

use aws::{Account, serve};
use contract::step::Run;
use fulfillment::StepError;
use fulfillment::steps::plan;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = plan::Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("plan", StepError::error_type, async |input: Run, _| plan::run(&ports, &input).await).await
}
