//! Starts the execution that a request calls for.

use aws::{Account, serve};
use contract::step::Start;
use fulfillment::StepError;
use fulfillment::steps::start_request;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = start_request::Ports { requests: account.requests()?, executions: account.executions()? };
    aws::serve_queue("start-request", StepError::error_type, async |input: Start, _| {
        start_request::run(&ports, &input).await
    })
    .await
}
