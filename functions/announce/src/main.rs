//! Tells that a person's packages are there, and how a request ended.

use aws::telemetry::Metric;
use aws::{Account, serve};
use contract::step::{AnnounceRun, What};
use fulfillment::StepError;
use fulfillment::steps::{announce, announce_export};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let outcome = announce::Ports {
        requests: account.requests()?,
        tenants: account.tenants()?,
        announcer: account.announcer()?,
        clock: account.clock(),
    };
    let export = announce_export::Ports {
        requests: account.requests()?,
        tenants: account.tenants()?,
        catalogs: account.catalogs()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        announcer: account.announcer()?,
        mailer: account.mailer(),
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve("announce", StepError::error_type, async |input: AnnounceRun, _| match input.what {
        What::Outcome => announce::run(&outcome, &input.run).await.map(|()| None),
        What::Export => {
            let announced = announce_export::run(&export, &input.run).await?;
            aws::telemetry::count("announce", Metric::Untold, announced.untold);
            Ok(Some(announced.decision))
        }
    })
    .await
}
