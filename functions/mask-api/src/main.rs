//! Masks texts for services.

use aws::{Account, serve};
use fulfillment::masking::{Maskers, Ports, answer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let verifier = account.verifier()?;
    let ports = Ports {
        tenants: account.tenants()?,
        keyring: account.keyring()?,
        clock: account.clock(),
        maskers: Maskers::default(),
    };
    let answer = async |call| answer(&ports, &call).await;
    aws::serve_api("mask-api", async |request| door::open(&verifier, request, &answer).await).await
}
