//! Asks everyone who may object.

use aws::{Account, serve};
use contract::step::CheckRun;
use fulfillment::StepError;
use fulfillment::steps::check_sanctions;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = check_sanctions::Ports {
        requests: account.requests()?,
        holds: account.holds()?,
        sanctions: account.sanctions()?,
        tenants: account.tenants()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("check-sanctions", StepError::error_type, async |input: CheckRun, _| {
        check_sanctions::run(&ports, &input).await
    })
    .await
}
