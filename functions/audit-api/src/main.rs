//! The auditors' front door.

use aws::{Account, serve};
use door::Door;
use fulfillment::auditing::{Ports, answer};
use fulfillment::masking::ByRole;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let door = Door::new(account.verifier()?, ByRole::new(account.tenants()?, account.clock()));
    let ports = Ports {
        audit_log: account.audit_log()?,
        evidence: account.evidence()?,
        notary: account.notary()?,
        requests: account.requests()?,
        keyring: account.keyring()?,
        log_name: account.log_name()?,
    };
    aws::serve_api("audit-api", async |request| {
        door.open(request, async |call| answer(&ports, call).await).await
    })
    .await
}
