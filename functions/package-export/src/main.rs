//! Puts what was read of a person into packages.

use aws::{Account, serve};
use contract::step::Run;
use fulfillment::StepError;
use fulfillment::steps::package_export;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = package_export::Ports {
        requests: account.requests()?,
        tenants: account.tenants()?,
        keyring: account.keyring()?,
        staging: account.staging()?,
        catalogs: account.catalogs()?,
        packages: account.packages()?,
        signer: account.signer()?,
        clock: account.clock(),
        entropy: account.entropy(),
        limits: package_export::Limits::default(),
    };
    aws::serve("package-export", StepError::error_type, async |input: Run, budget| {
        // Boxed: a package under way is large.
        Box::pin(package_export::run(&ports, &input, budget)).await
    })
    .await
}
