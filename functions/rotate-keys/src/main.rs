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
        entropy: account.entropy(),
    };
    aws::serve("rotate-keys", StepError::error_type, async |_: serde_json::Value, budget| {
        let done = rotate_keys::run(&ports, budget).await;
        let rotate_keys::Done { rotated, rewrapped, failed, damaged, out_of_time, .. } = done;
        tracing::info!(rotated, rewrapped, failed, damaged, out_of_time, "keys");
        done.ended()
    })
    .await
}
