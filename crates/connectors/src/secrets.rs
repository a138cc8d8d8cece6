//! Where the stores' connections come from.

use async_trait::async_trait;
use ports::Fault;

/// Reads secrets.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The text of a secret. Neither it nor a part of it may be in the fault.
    async fn get(&self, name: &str) -> Result<String, Fault>;
}

/// AWS Secrets Manager, found through the environment when it is first needed.
#[cfg(feature = "secretsmanager")]
#[derive(Default)]
pub struct SecretsManager {
    client: tokio::sync::OnceCell<aws_sdk_secretsmanager::Client>,
}

#[cfg(feature = "secretsmanager")]
#[async_trait]
impl Secrets for SecretsManager {
    async fn get(&self, name: &str) -> Result<String, Fault> {
        let connect = || async { aws_sdk_secretsmanager::Client::new(&crate::aws::environment().await) };
        let client = self.client.get_or_init(connect).await;
        let operation = "secretsmanager:GetSecretValue";
        let answer = client.get_secret_value().secret_id(name).send().await;
        let answer = answer.map_err(|e| crate::aws::fault(operation, name, &e))?;
        answer.secret_string.ok_or_else(|| {
            Fault::new(
                ports::Class::Permanent,
                ports::Code::StoreRefused,
                operation,
                name,
                "the secret is not a text",
            )
        })
    }
}
