//! Writes masked copies of the lines of log groups.

use aws::telemetry::{self, Metric};
use aws::{Account, serve};
use contract::logs::Invocation;
use fulfillment::StepError;
use fulfillment::masking::{self, Ready};
use fulfillment::steps::mask_logs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = mask_logs::Ports {
        masking: masking::Ports {
            tenants: account.tenants()?,
            keyring: account.keyring()?,
            clock: account.clock(),
            ready: Ready::default(),
        },
        tenant: account.masked_logs_tenant()?,
        copies: account.log_copies(),
        own_logs: account.own_logs(),
    };
    aws::serve("mask-logs", StepError::error_type, async |input: Invocation, _| {
        let done = mask_logs::run(&ports, &input).await?;
        telemetry::count("mask-logs", Metric::LinesNotCopied, done.left_out);
        Ok(done)
    })
    .await
}
