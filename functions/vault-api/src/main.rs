//! The vault's front door.

use aws::{Account, serve};
use door::Door;
use fulfillment::masking::ByRole;
use fulfillment::vault::{Ports, answer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let door = Door::new(account.verifier()?, ByRole::new(account.tenants()?, account.clock()));
    let ports = Ports {
        tenants: account.tenants()?,
        catalogs: account.catalogs()?,
        keyring: account.keyring()?,
        key_admin: account.key_admin()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve_api("vault-api", async |request| {
        door.open(request, async |call| answer(&ports, call).await).await
    })
    .await
}
