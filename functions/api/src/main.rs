//! The front door.

use aws::{Account, serve};
use door::Door;
use fulfillment::api::{Ports, answer};
use fulfillment::masking::ByRole;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let door = Door::new(account.verifier()?, ByRole::new(account.tenants()?, account.clock()));
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
    aws::serve_api("api", async |request| door.open(request, async |call| answer(&ports, call).await).await)
        .await
}
