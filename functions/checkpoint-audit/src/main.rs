//! Signs how each tenant's log stands, and issues receipts.

use aws::{Account, serve};
use fulfillment::StepError;
use fulfillment::steps::checkpoint_audit;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = checkpoint_audit::Ports {
        audit_log: account.audit_log()?,
        evidence: account.evidence()?,
        notary: account.notary()?,
        requests: account.requests()?,
        tenants: account.tenants()?,
        entropy: account.entropy(),
        log_name: account.log_name()?,
    };
    aws::serve("checkpoint-audit", StepError::error_type, async |_: serde_json::Value, budget| {
        let done = checkpoint_audit::run(&ports, budget).await?;
        done.errors.iter().for_each(|(tenant, error)| {
            tracing::error!(%tenant, %error, "a log was not signed, or a receipt not issued");
        });
        let checkpoint_audit::Done { signed, entries, receipts, packs, failed, out_of_time, .. } = done;
        tracing::info!(signed, entries, receipts, packs, failed, out_of_time, "checkpoints");
        done.ended()
    })
    .await
}
