//! The `keys` table: data keys, wrapped by KMS.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | a tenant's key for pseudonyms | `T#<tenant>` | `PSEUDONYMS` |
//! | a request's key | `T#<tenant>#R#<request>` | `PLAN` |
//!
//! `wrapped` is what KMS made, under the encryption context `tenant` and `purpose`; the context
//! shows in the key's own audit trail, so it never names a person. The table has no backup, no
//! point-in-time recovery and no stream: a deleted key is gone, and so is all that it sealed.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::types::DataKeySpec;
use domain::TenantId;
use jiff::SignedDuration;
use ports::{Class, Clock, Code, Fault, KeyScope, Keyring};
use vault::{DataKey, Material};
use zeroize::Zeroize;

use super::aged::Aged;
use super::condition::Condition;
use super::fault;
use super::items::{Item, NewItem};
use super::keys;
use super::table::Table;

/// How long a tenant's key is kept unwrapped: what KMS is spared, and how long a key that was
/// destroyed elsewhere still works here. A request's key is unwrapped by each step anew.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Unwrapped keys in memory.
const MOST: usize = 64;
/// How often a key that is made and destroyed by others at the same time is sought.
const ATTEMPTS: u32 = 4;

/// The `keys` table and the key service.
pub struct KeysTable {
    table: Table,
    kms: aws_sdk_kms::Client,
    kms_key: String,
    clock: Arc<dyn Clock>,
    unwrapped: Aged<TenantId, DataKey>,
}

impl KeysTable {
    /// The table by name, and the KMS key by id, ARN or alias. The clock says how old an unwrapped
    /// key is.
    pub fn new(
        client: Client,
        kms: aws_sdk_kms::Client,
        keys: impl Into<String>,
        kms_key: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            table: Table::new(client, keys),
            kms,
            kms_key: kms_key.into(),
            clock,
            unwrapped: Aged::new(MOST, BELIEVED_FOR),
        }
    }

    fn cached(&self, scope: &KeyScope) -> Option<DataKey> {
        match scope {
            KeyScope::Pseudonyms(tenant) => self.unwrapped.get(tenant, self.clock.now()),
            KeyScope::Plan(..) => None,
        }
    }

    fn cache(&self, scope: &KeyScope, key: &DataKey) {
        if let KeyScope::Pseudonyms(tenant) = scope {
            self.unwrapped.put(tenant.clone(), key.clone(), self.clock.now());
        }
    }

    async fn read(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault> {
        match self.table.get(&keys::data_key(scope)).await? {
            None => Ok(None),
            Some(item) => self.unwrap(scope, &item).await.map(Some),
        }
    }

    async fn unwrap(&self, scope: &KeyScope, item: &Item) -> Result<DataKey, Fault> {
        const OPERATION: &str = "kms:Decrypt";
        let wrapped = item.get("wrapped").and_then(|v| v.as_b().ok());
        let Some(wrapped) = wrapped else {
            return Err(unusable(OPERATION, scope, "unreadable-item"));
        };
        let call = self
            .kms
            .decrypt()
            .key_id(&self.kms_key)
            .ciphertext_blob(Blob::new(wrapped.as_ref()))
            .encryption_context("tenant", scope.tenant().as_str())
            .encryption_context("purpose", scope.purpose());
        match call.send().await {
            Ok(answer) => take_in(OPERATION, scope, answer.plaintext),
            Err(error) => Err(fault::kms(OPERATION, scope.purpose(), &error)),
        }
    }

    /// A fresh key, and the same wrapped.
    async fn generate(&self, scope: &KeyScope) -> Result<(DataKey, Blob), Fault> {
        const OPERATION: &str = "kms:GenerateDataKey";
        let call = self
            .kms
            .generate_data_key()
            .key_id(&self.kms_key)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context("tenant", scope.tenant().as_str())
            .encryption_context("purpose", scope.purpose());
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(fault::kms(OPERATION, scope.purpose(), &error)),
        };
        let key = take_in(OPERATION, scope, answer.plaintext)?;
        let wrapped = answer.ciphertext_blob;
        let wrapped = wrapped.ok_or_else(|| unusable(OPERATION, scope, "no-ciphertext"))?;
        Ok((key, wrapped))
    }

    /// `false` if another key is there.
    async fn put(&self, scope: &KeyScope, wrapped: Blob) -> Result<bool, Fault> {
        let item = NewItem::new(&keys::data_key(scope)).with("wrapped", AttributeValue::B(wrapped));
        let call = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .set_item(Some(item.build()))
            .condition_expression(Condition::absent().expression);
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let refused =
                    error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception);
                if refused {
                    return Ok(false);
                }
                let (operation, table) = ("dynamodb:PutItem", &self.table.name);
                Err(fault::dynamodb(operation, table, &error))
            }
        }
    }
}

/// Key material from the SDK's buffer into ours; the buffer is wiped.
fn take_in(operation: &'static str, scope: &KeyScope, plaintext: Option<Blob>) -> Result<DataKey, Fault> {
    let mut bytes = plaintext.map(Blob::into_inner).unwrap_or_default();
    let material = Material::from_slice(&bytes);
    bytes.zeroize();
    material.map(|material| DataKey::new(&material, 1)).map_err(|_| unusable(operation, scope, "key-length"))
}

fn unusable(operation: &'static str, scope: &KeyScope, detail: &str) -> Fault {
    let code = Code::KeyUnavailable;
    Fault::new(Class::Permanent, code, operation, scope.purpose(), detail)
}

#[async_trait]
impl Keyring for KeysTable {
    async fn obtain(&self, scope: &KeyScope) -> Result<DataKey, Fault> {
        for _ in 0..ATTEMPTS {
            if let Some(key) = self.open(scope).await? {
                return Ok(key);
            }
            let (key, wrapped) = self.generate(scope).await?;
            if self.put(scope, wrapped).await? {
                self.cache(scope, &key);
                return Ok(key);
            }
            // Another caller was first: theirs is the key, and ours was never used.
        }
        Err(Fault::new(
            Class::Transient,
            Code::KeyUnavailable,
            "dynamodb:PutItem",
            &self.table.name,
            "made and destroyed at once",
        ))
    }

    async fn open(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault> {
        if let Some(key) = self.cached(scope) {
            return Ok(Some(key));
        }
        let key = self.read(scope).await?;
        if let Some(key) = &key {
            self.cache(scope, key);
        }
        Ok(key)
    }

    async fn destroy(&self, scope: &KeyScope) -> Result<(), Fault> {
        let destroyed = self.table.delete(&keys::data_key(scope)).await;
        // Also when the call failed: it may have gone through.
        if let KeyScope::Pseudonyms(tenant) = scope {
            self.unwrapped.forget(tenant);
        }
        destroyed
    }
}
