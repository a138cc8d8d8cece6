//! Puts together what was found, and pins the plan.

use aws::{Account, serve};
use contract::step::Run;
use fulfillment::StepError;
use fulfillment::steps::pin_plan;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = pin_plan::Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("pin-plan", StepError::error_type, async |input: Run, _| pin_plan::run(&ports, &input).await)
        .await
}
