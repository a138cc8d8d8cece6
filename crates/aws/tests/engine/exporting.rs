//! Packages, links, signatures and letters.

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::types::{BucketVersioningStatus, ServerSideEncryption, VersioningConfiguration};
use aws_sdk_sesv2::types::EmailTemplateContent;
use domain::{Personal, RequestId};
use jiff::{SignedDuration, Timestamp};
use ports::{Class, Code, Letter};
use testkit::contract_tests::packages::{Exports, Inside};

use super::{account, engine, fresh, objects};

const ROLE: &str = "arn:aws:iam::000000000000:role/lacuna-export-reader";

struct Bucket {
    client: Client,
    name: String,
}

#[async_trait]
impl Inside for Bucket {
    async fn read(&self, key: &str) -> Option<Vec<u8>> {
        let got = self.client.get_object().bucket(&self.name).key(key).send().await;
        match got {
            Ok(object) => Some(object.body.collect().await.expect("a body").to_vec()),
            Err(error) => {
                assert!(error.as_service_error().is_some_and(GetObjectError::is_no_such_key), "{error:?}");
                None
            }
        }
    }

    async fn versions(&self, prefix: &str) -> usize {
        let listed = self.client.list_object_versions().bucket(&self.name).prefix(prefix).send().await;
        let listed = listed.expect("a listing");
        listed.versions().len() + listed.delete_markers().len()
    }

    async fn unfinished(&self, prefix: &str) -> usize {
        let listed = self.client.list_multipart_uploads().bucket(&self.name).prefix(prefix).send().await;
        listed.expect("a listing").uploads().len()
    }

    async fn mark_deleted(&self, key: &str) {
        self.client.delete_object().bucket(&self.name).key(key).send().await.expect("marked");
    }

    async fn fetch(&self, url: &str) -> Option<Vec<u8>> {
        let answer = reqwest::get(url).await.expect("an answer");
        if !answer.status().is_success() {
            return None;
        }
        let said = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(said("content-disposition"), Some("attachment; filename=\"data.zip\""));
        assert_eq!(said("content-type"), Some("application/zip"));
        assert_eq!(said("cache-control"), Some("no-store"));
        Some(answer.bytes().await.expect("a body").to_vec())
    }

    async fn pass(&self, time: SignedDuration) {
        tokio::time::sleep(time.unsigned_abs()).await;
    }
}

async fn key(sdk: &SdkConfig, usage: KeyUsageType, spec: KeySpec) -> String {
    let made = aws_sdk_kms::Client::new(sdk).create_key().key_usage(usage).key_spec(spec).send().await;
    made.expect("a key").key_metadata.and_then(|key| key.arn).expect("its ARN")
}

async fn exports() -> Exports {
    let sdk = engine().await;
    let (client, name) = (objects(&sdk), fresh("exports"));
    client.create_bucket().bucket(&name).send().await.expect("a bucket");
    let versioned = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let put = client.put_bucket_versioning().bucket(&name).versioning_configuration(versioned).send().await;
    put.expect("versioned");
    let encrypting = key(&sdk, KeyUsageType::EncryptDecrypt, KeySpec::SymmetricDefault).await;
    let signing = key(&sdk, KeyUsageType::SignVerify, KeySpec::EccNistP256).await;
    let account = account(
        &sdk,
        &[
            ("LACUNA_EXPORTS_BUCKET", &name),
            ("LACUNA_EXPORTS_KEY", &encrypting),
            ("LACUNA_EXPORT_READER_ROLE", ROLE),
            ("LACUNA_SIGNING_KEY", &signing),
        ],
    );
    Exports {
        packages: account.packages().expect("packages"),
        links: account.links().expect("links"),
        signer: account.signer().expect("a signer"),
        inside: Arc::new(Bucket { client, name }),
    }
}

testkit::export_tests!(exports, ignore = "needs an engine");

/// However large it is: with the customer's own key, and not the bucket's.
#[tokio::test]
#[ignore = "needs an engine"]
async fn a_package_is_encrypted_under_its_own_key() {
    let sdk = engine().await;
    let (client, bucket) = (objects(&sdk), fresh("exports"));
    client.create_bucket().bucket(&bucket).send().await.expect("a bucket");
    let encrypting = key(&sdk, KeyUsageType::EncryptDecrypt, KeySpec::SymmetricDefault).await;
    let variables = [("LACUNA_EXPORTS_BUCKET", &*bucket), ("LACUNA_EXPORTS_KEY", &*encrypting)];
    let packages = account(&sdk, &variables).packages().expect("packages");
    let tenant = "demo".parse().expect("a tenant");
    for (n, size) in [(1, 10), (2, 9 << 20)] {
        let id = RequestId::new(Timestamp::UNIX_EPOCH, n);
        let mut upload = packages.begin(&tenant, &id, "export.zip").await.expect("begun");
        upload.write(vec![7; size]).await.expect("written");
        upload.finish().await.expect("finished");
        let head = client.head_object().bucket(&bucket).key(format!("demo/{id}/export.zip")).send().await;
        let head = head.expect("there");
        assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
        assert_eq!(head.ssekms_key_id(), Some(&*encrypting));
        assert_eq!(head.content_type(), Some("application/zip"));
        assert_eq!(head.cache_control(), Some("no-store"));
    }
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn a_letter_is_its_template_filled() {
    let sdk = engine().await;
    let mail = aws_sdk_sesv2::Client::new(&sdk);
    let template = fresh("ready");
    let content = EmailTemplateContent::builder().subject("Ready").text("Your code: {{code}}").build();
    let made = mail.create_email_template().template_name(&template).template_content(content);
    made.send().await.expect("a template");
    let sender = format!("{}@shop.example", fresh("privacy"));
    mail.create_email_identity().email_identity(&sender).send().await.expect("a sender");
    let mailer = account(&sdk, &[]).mailer();
    let mut letter = Letter {
        to: Personal::new("somebody@example.com"),
        from: sender.clone(),
        template: template.clone(),
        data: [("code".to_owned(), Personal::new("4711"))].into(),
    };
    assert_eq!(mailer.send(&letter).await, Ok(()));
    // What the engine sent is read by a way of its own.
    let url = format!("{}/_ministack/ses/messages", sdk.endpoint_url().expect("an engine"));
    let sent = reqwest::get(url).await.expect("an answer").text().await.expect("text");
    let sent: serde_json::Value = serde_json::from_str(&sent).expect("JSON");
    let accounts = sent["messages"].as_object().expect("by account").values();
    let all = accounts.flat_map(|one| one.as_array().expect("messages"));
    let mine: Vec<_> = all.filter(|message| message["Source"] == *sender).collect();
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0]["To"], serde_json::json!(["somebody@example.com"]));
    assert_eq!(mine[0]["BodyText"], "Your code: 4711");

    letter.template = "missing".to_owned();
    let fault = mailer.send(&letter).await.expect_err("no template");
    assert_eq!(
        (fault.class, fault.code, &*fault.detail),
        (Class::Permanent, Code::AnnouncementFailed, "NotFoundException")
    );
    letter.template = template;
    letter.from = "unverified@example.org".to_owned();
    let fault = mailer.send(&letter).await.expect_err("no sender");
    assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "MessageRejected"));
}
