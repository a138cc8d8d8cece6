//! Notes that a package was really downloaded, as CloudTrail tells.

use aws::{Account, serve};
use contract::trail::Told;
use fulfillment::StepError;
use fulfillment::steps::record_download;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = record_download::Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        clock: account.clock(),
        reader: account.export_reader()?,
    };
    aws::serve("record-download", StepError::error_type, async |input: Told, _| {
        record_download::run(&ports, &input).await
    })
    .await
}
