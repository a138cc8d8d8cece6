//! Writes down that a store was given up.

use aws::{Account, serve};
use contract::step::Caught;
use fulfillment::StepError;
use fulfillment::steps::record_failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = record_failure::Ports { requests: account.requests()?, clock: account.clock() };
    aws::serve("record-failure", StepError::error_type, async |input: Caught, _| {
        record_failure::run(&ports, &input).await
    })
    .await
}
