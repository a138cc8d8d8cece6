//! The vault's front door.

use aws::{Account, serve};
use fulfillment::vault::{Ports, answer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let verifier = account.verifier()?;
    let ports = Ports {
        tenants: account.tenants()?,
        catalogs: account.catalogs()?,
        keyring: account.keyring()?,
        key_admin: account.key_admin()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    let answer = async |call| answer(&ports, &call).await;
    aws::serve_api("vault-api", async |request| door::open(&verifier, request, &answer).await).await
}
