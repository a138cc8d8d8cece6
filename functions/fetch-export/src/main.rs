//! Lets a person fetch their package. The only function that may have one read.

use aws::serve::Request;
use aws::{Account, serve};
use door::Door;
use fulfillment::fetch::Ports;
use fulfillment::masking::ByRole;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let door = Door::new(account.verifier()?, ByRole::new(account.tenants()?, account.clock()));
    let ports = Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        links: account.links()?,
        visits: account.visits()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve_api("fetch-export", async |request: Request| door.fetch(&ports, request).await).await
}
