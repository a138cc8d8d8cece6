//! Tells how a request ended.

use aws::{Account, serve};
use contract::step::Run;
use fulfillment::StepError;
use fulfillment::steps::announce;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = announce::Ports {
        requests: account.requests()?,
        tenants: account.tenants()?,
        announcer: account.announcer()?,
        clock: account.clock(),
    };
    aws::serve("announce", StepError::error_type, async |input: Run, _| announce::run(&ports, &input).await)
        .await
}
