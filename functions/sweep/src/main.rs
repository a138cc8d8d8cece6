//! Wakes what is past its own time.

use aws::{Account, serve};
use fulfillment::StepError;
use fulfillment::steps::sweep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = sweep::Ports { requests: account.requests()?, clock: account.clock() };
    aws::serve("sweep", StepError::error_type, async |_: serde_json::Value, _| sweep::run(&ports).await).await
}
