//! Buckets, logs, queues: closed, encrypted, and kept as long as they should be.

use serde_json::{Value, json};

use super::cloudformation::{ROOT, Templates, check, need, under_our_key};

const STATE: &str = "infra/state.yaml";
const QUEUES: &str = "infra/queues.yaml";

fn open_buckets(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let policies = templates.of_kind("AWS::S3::BucketPolicy");
    for bucket in templates.of_kind("AWS::S3::Bucket") {
        let (at, properties) = (bucket.at(), bucket.properties());
        for block in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
            let blocks = properties["PublicAccessBlockConfiguration"][block] == true;
            need(&mut wrong, blocks, || format!("{at}: {block}"));
        }
        let rules = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"];
        let default = &rules[0]["ServerSideEncryptionByDefault"];
        let encrypted = default["SSEAlgorithm"] == "aws:kms"
            && under_our_key(templates, &bucket, &default["KMSMasterKeyID"]);
        need(&mut wrong, encrypted, || format!("{at}: encryption"));
        need(&mut wrong, bucket.is_retained(), || format!("{at}: it goes with the stack"));
        // Staging keeps no versions, which would outlive a deletion; the catalog keeps every one.
        let kept = properties.get("VersioningConfiguration");
        let expected = (bucket.id == "CatalogBucket").then(|| json!({ "Status": "Enabled" }));
        need(&mut wrong, kept == expected.as_ref(), || format!("{at}: versions are {kept:?}"));
        // What is orphaned expires, and a plan never does.
        let rules = &properties["LifecycleConfiguration"]["Rules"];
        let expires = rules.as_array().map(|all| {
            let rule = all.first().unwrap_or(&Value::Null);
            all.len() == 1
                && rule["Status"] == "Enabled"
                && rule["Prefix"] == "intake/"
                && rule["ExpirationInDays"].as_u64().is_some_and(|days| days > 0)
        });
        let expected = (bucket.id == "StagingBucket").then_some(true);
        need(&mut wrong, expires == expected, || format!("{at}: what expires is {rules}"));
        let own = policies.iter().find(|p| p.properties()["Bucket"] == json!({ "Ref": bucket.id }));
        let only_tls = own.is_some_and(|policy| {
            let statement = &policy.properties()["PolicyDocument"]["Statement"][0];
            let condition = json!({ "Bool": { "aws:SecureTransport": "false" } });
            (&statement["Effect"], &statement["Principal"], &statement["Action"])
                == (&json!("Deny"), &json!("*"), &json!("s3:*"))
                && statement["Condition"] == condition
        });
        need(&mut wrong, only_tls, || format!("{at}: it can be read in the clear"));
    }
    wrong
}

#[test]
fn buckets_are_closed_and_encrypted_under_our_key() {
    let staging = "BucketName: !Sub '${Prefix}-staging-${AWS::AccountId}-${AWS::Region}'";
    let versioned = format!("{staging}\n      VersioningConfiguration:\n        Status: Enabled");
    check(
        open_buckets,
        &[
            (STATE, staging, versioned.as_str()),
            (
                STATE,
                "VersioningConfiguration: {Status: Enabled}",
                "VersioningConfiguration: {Status: Suspended}",
            ),
            (STATE, "IgnorePublicAcls: true", "IgnorePublicAcls: false"),
            (STATE, "SSEAlgorithm: aws:kms, KMSMasterKeyID: !GetAtt Key.Arn", "SSEAlgorithm: AES256"),
            (STATE, "Prefix: intake/", "Prefix: ''"),
            (STATE, "Id: orphans, Status: Enabled", "Id: orphans, Status: Disabled"),
            (STATE, "'aws:SecureTransport': 'false'", "'aws:SecureTransport': 'true'"),
            (
                STATE,
                "Sid: OnlyOverTls\n            Effect: Deny",
                "Sid: OnlyOverTls\n            Effect: Allow",
            ),
        ],
    );
}

fn endless_logs(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    for group in templates.of_kind("AWS::Logs::LogGroup") {
        let kept_for = templates.text(group.file, &group.properties()["RetentionInDays"]);
        need(&mut wrong, kept_for == "${LogRetentionInDays}", || format!("{}: for {kept_for}", group.at()));
        need(&mut wrong, group.is_retained(), || format!("{}: it goes with the stack", group.at()));
    }
    let days = &templates.root()["Parameters"]["LogRetentionInDays"]["Default"];
    need(&mut wrong, days.as_u64().is_some_and(|n| (1..=365).contains(&n)), || format!("for {days} days"));
    // A function without this makes a log group of its own, which is kept for ever.
    let logging = &templates.root()["Globals"]["Function"]["LoggingConfig"]["LogGroup"];
    let logging = templates.text(ROOT, logging);
    need(&mut wrong, logging == "FunctionLogs", || format!("functions log to {logging}"));
    wrong
}

#[test]
fn logs_do_not_live_for_ever() {
    check(
        endless_logs,
        &[
            (STATE, ", RetentionInDays: !Ref LogRetentionInDays", ""),
            (
                ROOT,
                "LogRetentionInDays: {Type: Number, Default: 30",
                "LogRetentionInDays: {Type: Number, Default: 3650",
            ),
            (ROOT, ", LogGroup: !GetAtt State.Outputs.FunctionLogs", ""),
        ],
    );
}

fn open_queues(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let queues = templates.of_kind("AWS::SQS::Queue");
    for waiting in queues.iter().chain(&templates.of_kind("AWS::SNS::Topic")) {
        let key = &waiting.properties()["KmsMasterKeyId"];
        need(&mut wrong, under_our_key(templates, waiting, key), || format!("{}: encryption", waiting.at()));
    }
    for queue in queues.iter().filter(|q| !q.id.ends_with("DeadLetters")) {
        let dead = &queue.properties()["RedrivePolicy"]["deadLetterTargetArn"];
        let dead = templates.text(queue.file, dead);
        need(&mut wrong, dead.ends_with("DeadLetters.Arn"), || {
            format!("{}: poison goes to {dead}", queue.at())
        });
    }
    let key = templates.of_kind("AWS::KMS::Key");
    let rotates = key.iter().all(|k| k.properties()["EnableKeyRotation"] == true && k.is_retained());
    need(&mut wrong, rotates && key.len() == 1, || "there is one key; it is rotated, and stays".to_owned());
    wrong
}

#[test]
fn queues_are_encrypted_and_have_somewhere_to_put_poison() {
    check(
        open_queues,
        &[
            (QUEUES, "KmsMasterKeyId: !Ref KeyArn", "KmsMasterKeyId: alias/aws/sqs"),
            (
                QUEUES,
                "TopicName: !Sub '${Prefix}-outcomes'\n      KmsMasterKeyId: !Ref KeyArn",
                "TopicName: !Sub '${Prefix}-outcomes'",
            ),
            (
                QUEUES,
                "!GetAtt IntakeDeadLetters.Arn, maxReceiveCount",
                "!GetAtt IntakeQueue.Arn, maxReceiveCount",
            ),
            (STATE, "EnableKeyRotation: true", "EnableKeyRotation: false"),
        ],
    );
}
