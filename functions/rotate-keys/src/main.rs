//! Rotates the keys that are due.

use aws::{Account, serve};
use fulfillment::StepError;
use fulfillment::vault::rotate_keys;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = rotate_keys::Ports {
        tenants: account.tenants()?,
        key_admin: account.key_admin()?,
        clock: account.clock(),
    };
    aws::serve("rotate-keys", StepError::error_type, async |_: serde_json::Value, budget| {
        let done = rotate_keys::run(&ports, budget).await;
        tracing::info!(rotated = done.rotated, rewrapped = done.rewrapped, failed = done.failed, "keys");
        done.ended()
    })
    .await
}
