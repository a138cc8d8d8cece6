//! Signs how each tenant's log stands, and issues receipts.

use aws::telemetry::{self, Metric};
use aws::{Account, serve};
use fulfillment::StepError;
use fulfillment::steps::checkpoint_audit::{self, Turns};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = checkpoint_audit::Ports {
        audit_log: account.audit_log()?,
        evidence: account.evidence()?,
        notary: account.notary()?,
        requests: account.requests()?,
        tenants: account.tenants()?,
        clock: account.clock(),
        entropy: account.entropy(),
        log_name: account.log_name()?,
        turns: Turns::default(),
    };
    aws::serve("checkpoint-audit", StepError::error_type, async |_: serde_json::Value, budget| {
        let done = checkpoint_audit::run(&ports, budget).await?;
        done.errors.iter().for_each(|(tenant, error)| {
            tracing::error!(%tenant, %error, "a log was not signed, or a receipt not issued");
        });
        telemetry::count("checkpoint-audit", Metric::LogsBroken, done.broken);
        telemetry::count("checkpoint-audit", Metric::LogsUnsigned, done.unsigned);
        telemetry::count("checkpoint-audit", Metric::ReceiptsUnissuable, done.unissuable);
        telemetry::count("checkpoint-audit", Metric::TenantsUnreadable, done.unreadable);
        let checkpoint_audit::Done {
            signed, entries, receipts, packs, failed, unsigned, out_of_time, ..
        } = done;
        tracing::info!(signed, entries, receipts, packs, failed, unsigned, out_of_time, "checkpoints");
        done.ended()
    })
    .await
}
