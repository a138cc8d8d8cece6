//! Wakes what is past its own time, and destroys packages whose time is over.

use aws::{Account, serve};
use contract::step::Sweep;
use fulfillment::StepError;
use fulfillment::steps::{sweep, sweep_export};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let overdue = sweep::Ports { requests: account.requests()?, clock: account.clock() };
    let export = sweep_export::Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        packages: account.packages()?,
        clock: account.clock(),
    };
    aws::serve("sweep", StepError::error_type, async |input: Sweep, _| match input {
        Sweep::Export(run) => sweep_export::run(&export, &run).await.map(|()| None),
        Sweep::Overdue(_) => sweep::run(&overdue).await.map(Some),
    })
    .await
}
