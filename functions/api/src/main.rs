//! The front door.

use aws::{Account, serve};
use fulfillment::api::{Ports, answer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let verifier = account.verifier()?;
    let ports = Ports {
        requests: account.requests()?,
        holds: account.holds()?,
        ledger: account.ledger()?,
        packs: account.packs()?,
        tenants: account.tenants()?,
        catalogs: account.catalogs()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    let answer = async |call| answer(&ports, &call).await;
    aws::serve_api("api", async |request| door::open(&verifier, request, &answer).await).await
}
