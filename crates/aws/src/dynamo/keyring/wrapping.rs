//! What KMS does: making keys, unwrapping them, wrapping them anew.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::types::DataKeySpec;
use ports::{Fault, KeyScope};
use vault::{DataKey, Material};
use zeroize::Zeroize;

use super::{KeysTable, unusable};
use crate::dynamo::fault;
use crate::dynamo::items::{Item, NewItem, s};
use crate::dynamo::keys::{self, Key};

impl KeysTable {
    /// The key in an item.
    pub(super) async fn unwrap(&self, scope: &KeyScope, version: u32, item: &Item) -> Result<DataKey, Fault> {
        const OPERATION: &str = "kms:Decrypt";
        let wrapped = item.get("wrapped").and_then(|v| v.as_b().ok());
        let Some(wrapped) = wrapped else {
            return Err(unusable(OPERATION, scope, "unreadable-item"));
        };
        // Under which root key it was wrapped is in what KMS made: an earlier one still opens it.
        let call = self
            .kms
            .decrypt()
            .ciphertext_blob(Blob::new(wrapped.as_ref()))
            .set_key_id(item.get("root").and_then(|root| root.as_s().ok()).cloned())
            .encryption_context("tenant", scope.tenant().as_str())
            .encryption_context("purpose", scope.purpose());
        match call.send().await {
            Ok(answer) => take_in(OPERATION, scope, version, answer.plaintext),
            Err(error) => Err(fault::kms(OPERATION, scope.purpose(), &error)),
        }
    }

    /// A fresh key, and the same wrapped.
    pub(super) async fn generate(&self, scope: &KeyScope, version: u32) -> Result<(DataKey, Blob), Fault> {
        const OPERATION: &str = "kms:GenerateDataKey";
        let call = self
            .kms
            .generate_data_key()
            .key_id(&self.root)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context("tenant", scope.tenant().as_str())
            .encryption_context("purpose", scope.purpose());
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(fault::kms(OPERATION, scope.purpose(), &error)),
        };
        let key = take_in(OPERATION, scope, version, answer.plaintext)?;
        let wrapped = answer.ciphertext_blob;
        let wrapped = wrapped.ok_or_else(|| unusable(OPERATION, scope, "no-ciphertext"))?;
        Ok((key, wrapped))
    }

    /// The same key under the present root key. It never leaves KMS.
    pub(super) async fn wrap_anew(&self, scope: &KeyScope, wrapped: &Blob) -> Result<Blob, Fault> {
        const OPERATION: &str = "kms:ReEncrypt";
        let (tenant, purpose) = (scope.tenant().as_str(), scope.purpose());
        let call = self
            .kms
            .re_encrypt()
            .ciphertext_blob(wrapped.clone())
            .source_encryption_context("tenant", tenant)
            .source_encryption_context("purpose", purpose)
            .destination_key_id(&self.root)
            .destination_encryption_context("tenant", tenant)
            .destination_encryption_context("purpose", purpose);
        match call.send().await {
            Ok(answer) => answer.ciphertext_blob.ok_or_else(|| unusable(OPERATION, scope, "no-ciphertext")),
            Err(error) => Err(fault::kms(OPERATION, purpose, &error)),
        }
    }

    /// An item with a wrapped key, where upkeep finds it.
    pub(super) fn wrapped_item(&self, key: &Key, wrapped: Blob) -> NewItem {
        let (partition, sort) = keys::by_root(&self.root, key);
        NewItem::new(key)
            .with("wrapped", AttributeValue::B(wrapped))
            .with("root", s(&self.root))
            .with("work_pk", s(partition))
            .with("work_sk", s(sort))
    }
}

/// Key material from the SDK's buffer into ours; the buffer is wiped.
fn take_in(
    operation: &'static str,
    scope: &KeyScope,
    version: u32,
    plaintext: Option<Blob>,
) -> Result<DataKey, Fault> {
    let mut bytes = plaintext.map(Blob::into_inner).unwrap_or_default();
    let material = Material::from_slice(&bytes);
    bytes.zeroize();
    material
        .map(|material| DataKey::new(&material, version))
        .map_err(|_| unusable(operation, scope, "key-length"))
}
