//! Masks texts for services.

use aws::{Account, serve};
use door::Door;
use fulfillment::masking::{ByRole, Ports, Ready, answer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let door = Door::new(account.verifier()?, ByRole::new(account.tenants()?, account.clock()));
    let ports = Ports {
        tenants: account.tenants()?,
        keyring: account.keyring()?,
        clock: account.clock(),
        ready: Ready::default(),
    };
    aws::serve_api("mask-api", async |request| {
        door.open(request, async |call| answer(&ports, call).await).await
    })
    .await
}
