//! Wakes what is past its own time, has events chained that are not, and destroys packages whose time is
//! over.

use aws::telemetry::{self, Metric};
use aws::{Account, serve};
use contract::step::Sweep;
use fulfillment::StepError;
use fulfillment::steps::{sweep, sweep_audit, sweep_export};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let overdue = sweep::Ports { requests: account.requests()?, clock: account.clock() };
    let audit = sweep_audit::Ports {
        lists: account.event_lists()?,
        marks: account.audit_marks()?,
        clock: account.clock(),
    };
    let export = sweep_export::Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        packages: account.packages()?,
        clock: account.clock(),
    };
    aws::serve("sweep", StepError::error_type, async |input: Sweep, budget| match input {
        Sweep::Export(run) => sweep_export::run(&export, &run).await.map(|()| None),
        Sweep::Overdue(_) => {
            // At the same time: neither waits for the other, or for its failure.
            let (woken, swept) = tokio::join!(sweep::run(&overdue), sweep_audit::run(&audit, budget));
            telemetry::count("sweep", Metric::UnchainedEvents, swept.unchained);
            telemetry::measure("sweep", Metric::AuditSweepLag, swept.behind);
            let woken = woken?;
            swept.failed.map_or(Ok(Some(woken)), Err)
        }
    })
    .await
}
