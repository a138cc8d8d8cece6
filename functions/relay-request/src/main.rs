//! Puts the starts and wakes that the requests table's stream tells of on the intake queue.

use aws::{Account, relay, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let intake = Account::from_env().await.intake()?;
    aws::serve_stream("relay-request", serve::class, async |records, budget| {
        relay(&*intake, records, budget).await
    })
    .await
}
