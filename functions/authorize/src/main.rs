//! Lets a caller in who has a good token.

use aws::Account;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), aws::serve::Error> {
    let verifier = Account::from_env().await.verifier()?;
    aws::serve_authorizer("authorize", verifier).await
}
