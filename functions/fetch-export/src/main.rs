//! Lets a person fetch their package. The only function that may have one read.

use aws::serve::Request;
use aws::{Account, serve};
use fulfillment::fetch::Ports;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let verifier = account.verifier()?;
    let ports = Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        links: account.links()?,
        visits: account.visits()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve_api("fetch-export", async |request: Request| door::fetch(&verifier, &ports, request).await)
        .await
}
