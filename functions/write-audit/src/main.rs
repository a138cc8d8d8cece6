//! Chains committed events into the audit.

use aws::{Account, serve};
use fulfillment::StepError;
use fulfillment::steps::write_audit;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = write_audit::Ports { audit_log: account.audit_log()? };
    aws::serve_events("write-audit", StepError::error_type, async |events, _| {
        write_audit::run(&ports, events).await
    })
    .await
}
