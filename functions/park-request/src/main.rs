//! Stops a request with a cause and a way on.

use aws::{Account, serve};
use contract::step::Park;
use fulfillment::StepError;
use fulfillment::steps::park_request;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = park_request::Ports { requests: account.requests()?, clock: account.clock() };
    aws::serve("park-request", StepError::error_type, async |input: Park, _| {
        park_request::run(&ports, &input).await
    })
    .await
}
