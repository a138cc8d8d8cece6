//! Proofs under a lock, and who signs them.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockMode, ObjectLockRetentionMode,
    ObjectLockRule,
};
use testkit::contract_tests::evidence::{Archive, Inside};

use super::{account, engine, fresh, objects};

struct Bucket {
    client: Client,
    name: String,
}

#[async_trait]
impl Inside for Bucket {
    async fn overlay(&self, key: &str, bytes: Vec<u8>) {
        let put = self.client.put_object().bucket(&self.name).key(key).body(bytes.into()).send().await;
        put.expect("written");
    }

    async fn mark_deleted(&self, key: &str) {
        self.client.delete_object().bucket(&self.name).key(key).send().await.expect("marked");
    }
}

/// A bucket that locks what is written for a day, and a key.
async fn made() -> (Archive, Client, String) {
    let sdk = engine().await;
    let (client, name) = (objects(&sdk), fresh("evidence"));
    let made = client.create_bucket().bucket(&name).object_lock_enabled_for_bucket(true).send().await;
    made.expect("a bucket");
    let retention = DefaultRetention::builder().mode(ObjectLockRetentionMode::Compliance).days(1).build();
    let lock = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(ObjectLockRule::builder().default_retention(retention).build())
        .build();
    let put = client.put_object_lock_configuration().bucket(&name).object_lock_configuration(lock);
    put.send().await.expect("a lock");
    let keys = aws_sdk_kms::Client::new(&sdk);
    let made = keys.create_key().key_usage(KeyUsageType::SignVerify).key_spec(KeySpec::EccNistEdwards25519);
    let made = made.send().await.expect("a key");
    let key = made.key_metadata.and_then(|key| key.arn).expect("its ARN");
    let account = account(&sdk, &[("LACUNA_EVIDENCE_BUCKET", &name), ("LACUNA_NOTARY_KEY", &key)]);
    let archive = Archive {
        evidence: account.evidence().expect("the bucket"),
        notary: account.notary().expect("the key"),
        inside: Arc::new(Bucket { client: client.clone(), name: name.clone() }),
    };
    (archive, client, name)
}

async fn archive() -> Archive {
    made().await.0
}

testkit::evidence_tests!(archive, ignore = "needs an engine");

/// By the bucket's own retention: nothing is said of it when a proof is written.
#[tokio::test]
#[ignore = "needs an engine"]
async fn a_proof_cannot_be_deleted() {
    let (archive, client, bucket) = made().await;
    archive.evidence.put_once("a", vec![1]).await.expect("written");
    let listed = client.list_object_versions().bucket(&bucket).send().await.expect("a listing");
    let version = listed.versions()[0].version_id().expect("its id").to_owned();
    let head = client.head_object().bucket(&bucket).key("a").send().await.expect("there");
    assert_eq!(head.object_lock_mode(), Some(&ObjectLockMode::Compliance));
    let deleted = client.delete_object().bucket(&bucket).key("a").version_id(version).send().await;
    assert!(deleted.is_err(), "it is locked");
    assert_eq!(archive.evidence.get("a").await, Ok(Some(vec![1])));
}
