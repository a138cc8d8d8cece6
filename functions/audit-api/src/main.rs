//! The auditors' front door.

use aws::{Account, serve};
use fulfillment::auditing::{Ports, answer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let verifier = account.verifier()?;
    let ports = Ports {
        audit_log: account.audit_log()?,
        evidence: account.evidence()?,
        notary: account.notary()?,
        requests: account.requests()?,
        keyring: account.keyring()?,
        log_name: account.log_name()?,
    };
    let answer = async |call| answer(&ports, &call).await;
    aws::serve_api("audit-api", async |request| door::open(&verifier, request, &answer).await).await
}
