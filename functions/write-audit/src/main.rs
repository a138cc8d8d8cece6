//! Chains committed events into the audit.

use aws::telemetry::{self, Metric};
use aws::{Account, serve};
use fulfillment::StepError;
use fulfillment::steps::write_audit;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = write_audit::Ports { audit_log: account.audit_log()?, dead_letters: account.dead_letters()? };
    aws::serve_events("write-audit", StepError::error_type, async |batch, budget| {
        let written = write_audit::run(&ports, &batch, budget).await;
        telemetry::count("write-audit", Metric::PoisonEvents, written.poison);
        written.failed
    })
    .await
}
