//! Buckets, logs, queues: closed, encrypted, and kept as long as they should be.

use std::collections::BTreeSet;

use contract::settings::LONGEST_OPEN_FOR;
use serde_json::{Value, json};

use super::cloudformation::{ROOT, Resource, Templates, check, need, under_our_key};

const STATE: &str = "infra/state.yaml";
const EVIDENCE: &str = "infra/evidence.yaml";
const QUEUES: &str = "infra/queues.yaml";
const ROLES: &str = "infra/roles.yaml";

fn open_buckets(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    // Whoever is at this path reads packages.
    let who = templates.of_kind("AWS::IAM::Role");
    let at_the_path =
        |role: &&Resource<'_>| templates.text(role.file, &role.properties()["Path"]).contains("reader");
    let readers: Vec<(&str, &Value)> =
        who.iter().filter(at_the_path).map(|role| (role.id, &role.properties()["Path"])).collect();
    let path = json!({ "Fn::Sub": "/${Prefix}/export-reader/" });
    need(&mut wrong, readers == [("ExportReaderRole", &path)], || format!("who reads packages: {readers:?}"));
    let policies = templates.of_kind("AWS::S3::BucketPolicy");
    for bucket in templates.of_kind("AWS::S3::Bucket") {
        let (at, properties) = (bucket.at(), bucket.properties());
        for block in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
            let blocks = properties["PublicAccessBlockConfiguration"][block] == true;
            need(&mut wrong, blocks, || format!("{at}: {block}"));
        }
        let rules = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"];
        let default = &rules[0]["ServerSideEncryptionByDefault"];
        // Packages are under a key of their own, each in its request's context: a bucket key would be in the bucket's.
        let key = &default["KMSMasterKeyID"];
        let is_exports = bucket.id == "ExportsBucket";
        let own = templates.text(bucket.file, key) == "ExportsKey.Arn";
        let own = if is_exports { own } else { under_our_key(templates, &bucket, key) };
        let shared = rules[0]["BucketKeyEnabled"] == !is_exports;
        // Proofs are under no key of ours: whoever had it destroyed would have destroyed them.
        let is_evidence = bucket.id == "EvidenceBucket";
        let plainly = rules[0] == json!({ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } });
        let by_our_key = default["SSEAlgorithm"] == "aws:kms" && own && shared;
        need(&mut wrong, if is_evidence { plainly } else { by_our_key }, || format!("{at}: encryption"));
        need(&mut wrong, bucket.is_retained(), || format!("{at}: it goes with the stack"));
        // Staging keeps no versions, which would outlive a deletion; the catalog keeps every one, and a lock is on versions.
        // Packages have versions, so that none is replaced unseen; all of them are destroyed.
        let kept = properties.get("VersioningConfiguration");
        let versioned = ["CatalogBucket", "EvidenceBucket", "ExportsBucket"].contains(&bucket.id);
        let expected = versioned.then(|| json!({ "Status": "Enabled" }));
        need(&mut wrong, kept == expected.as_ref(), || format!("{at}: versions are {kept:?}"));
        // What is orphaned expires, and a plan never does; a package always, in every version, and what was begun of one.
        let rules = &properties["LifecycleConfiguration"]["Rules"];
        let expires = rules.as_array().map(|all| if is_exports { ends(all) } else { ends_orphaned(all) });
        let expected = ["StagingBucket", "ExportsBucket"].contains(&bucket.id).then_some(true);
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
        // Of the evidence, `evidence.rs` has the rest.
        let old = own.map(|policy| &policy.properties()["PolicyDocument"]["Statement"][1]);
        let old = old.filter(|statement| {
            statement["Effect"] == "Deny"
                && statement["Principal"] == "*"
                && statement["Action"] == "s3:*"
                && statement["Condition"] == json!({ "NumericGreaterThan": { "s3:signatureAge": "600000" } })
        });
        need(&mut wrong, old.is_some() == is_exports, || format!("{at}: links that are old"));
        let read = own.map(|policy| &policy.properties()["PolicyDocument"]["Statement"][2]);
        let by_others = is_exports && read != Some(&only_the_reader_reads());
        need(&mut wrong, !by_others, || format!("{at}: read by others: {read:?}"));
    }
    wrong
}

/// Reading, and so copying, is for links alone.
fn only_the_reader_reads() -> Value {
    let reader = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Prefix}/export-reader/*";
    json!({
        "Sid": "OnlyTheReaderReads", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject*",
        "Resource": { "Fn::Sub": "${ExportsBucket.Arn}/*" },
        "Condition": { "ArnNotLike": { "aws:PrincipalArn": { "Fn::Sub": reader } } },
    })
}

/// Whether only what is orphaned ends, and what was read for a package and left behind.
fn ends_orphaned(rules: &[Value]) -> bool {
    let [orphans, met, collected] = rules else { return false };
    let days = |rule: &Value| rule["ExpirationInDays"].as_u64().unwrap_or(0);
    [orphans, met, collected].iter().all(|rule| rule["Status"] == "Enabled")
        && (&orphans["Prefix"], &collected["Prefix"]) == (&json!("intake/"), &json!("collected/"))
        && met["Prefix"] == json!("replays/")
        && days(orphans) > 0
        && days(met) > 0
        && (1..=30).contains(&days(collected))
}

/// Whether everything ends: later than a package can be there at the most, and not much later. It is there while
/// somebody is still to be told, and as long again from then.
fn ends(rules: &[Value]) -> bool {
    let [packages, markers] = rules else { return false };
    let longest = 2 * LONGEST_OPEN_FOR.as_hours() / 24;
    [packages, markers].iter().all(|rule| rule["Status"] == "Enabled" && rule.get("Prefix").is_none())
        && packages["ExpirationInDays"]
            .as_i64()
            .is_some_and(|days| (longest + 1..=longest + 10).contains(&days))
        && packages["NoncurrentVersionExpiration"] == json!({ "NoncurrentDays": 1 })
        && packages["AbortIncompleteMultipartUpload"] == json!({ "DaysAfterInitiation": 1 })
        && markers["ExpiredObjectDeleteMarker"] == true
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
            (EVIDENCE, "RestrictPublicBuckets: true", "RestrictPublicBuckets: false"),
            (EVIDENCE, "SSEAlgorithm: AES256", "SSEAlgorithm: aws:kms"),
            (
                EVIDENCE,
                "VersioningConfiguration: {Status: Enabled}",
                "VersioningConfiguration: {Status: Suspended}",
            ),
            (
                EVIDENCE,
                "AWS::S3::Bucket\n    DeletionPolicy: Retain",
                "AWS::S3::Bucket\n    DeletionPolicy: Delete",
            ),
            (STATE, "SSEAlgorithm: aws:kms, KMSMasterKeyID: !GetAtt Key.Arn", "SSEAlgorithm: AES256"),
            (STATE, "Prefix: intake/", "Prefix: ''"),
            (STATE, "Id: orphans, Status: Enabled", "Id: orphans, Status: Disabled"),
            (STATE, "Id: collected, Status: Enabled", "Id: collected, Status: Disabled"),
            (STATE, "Id: met, Status: Enabled", "Id: met, Status: Disabled"),
            (STATE, "Prefix: collected/", "Prefix: plans/"),
            (STATE, "ExpirationInDays: 30,", "ExpirationInDays: 300,"),
            (STATE, "'aws:SecureTransport': 'false'", "'aws:SecureTransport': 'true'"),
            (STATE, "KMSMasterKeyID: !GetAtt ExportsKey.Arn", "KMSMasterKeyID: !GetAtt Key.Arn"),
            (STATE, "BucketKeyEnabled: false", "BucketKeyEnabled: true"),
            (STATE, "ExpirationInDays: 65", "ExpirationInDays: 365"),
            (STATE, "ExpirationInDays: 65", "ExpirationInDays: 60"),
            (STATE, "Action: s3:GetObject*", "Action: s3:GetObjectVersion"),
            (STATE, "ArnNotLike: {'aws:PrincipalArn'", "ArnLike: {'aws:PrincipalArn'"),
            (STATE, "role/${Prefix}/export-reader/*", "role/*"),
            (
                STATE,
                "Sub '${ExportsBucket.Arn}/*'\n            Condition: {Arn",
                "Sub '${ExportsBucket.Arn}/a/*'\n            Condition: {Arn",
            ),
            (ROLES, "Path: !Sub '/${Prefix}/export-reader/'", "Path: !Sub '/${Prefix}/'"),
            (
                ROLES,
                "  FetchExportRole:\n    Type: AWS::IAM::Role\n    Properties:",
                "  FetchExportRole:\n    Type: AWS::IAM::Role\n    Properties:\n      Path: !Sub '/${Prefix}/export-reader/'",
            ),
            (STATE, "NoncurrentVersionExpiration: {NoncurrentDays: 1}, ", ""),
            (STATE, "Id: packages, Status: Enabled", "Id: packages, Status: Enabled, Prefix: demo/"),
            (STATE, "'s3:signatureAge': '600000'", "'s3:signatureAge': '604800000'"),
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
    wrong
}

fn lost_keys(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let keys = templates.of_kind("AWS::KMS::Key");
    let names: BTreeSet<&str> = keys.iter().map(|key| key.id).collect();
    let expected = BTreeSet::from(["ExportsKey", "Key", "NotaryKey", "SigningKey"]);
    need(&mut wrong, names == expected, || format!("{names:?}"));
    for key in &keys {
        let (at, properties) = (key.at(), key.properties());
        need(&mut wrong, key.is_retained(), || format!("{at}: it goes with the stack"));
        // One that signs cannot rotate: it would be another one.
        let curve = match key.id {
            "SigningKey" => json!("ECC_NIST_P256"),
            "NotaryKey" => json!("ECC_NIST_EDWARDS25519"),
            _ => Value::Null,
        };
        let signs = properties["KeyUsage"] == "SIGN_VERIFY";
        let is_of_it = properties["KeySpec"] == curve && signs != curve.is_null();
        need(&mut wrong, is_of_it, || format!("{at}: what it is for"));
        let rotates = properties["EnableKeyRotation"] == true;
        need(&mut wrong, rotates != signs, || format!("{at}: its rotation"));
    }
    // What is under the packages' key is opened by S3 only, and only in a context that names whose it is.
    let exports = keys.iter().find(|key| key.id == "ExportsKey");
    let stated = exports.map(|key| &key.properties()["KeyPolicy"]["Statement"]);
    let denied: Vec<&Value> = stated
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|s| s["Effect"] == "Deny" && s["Principal"] == "*" && s["Resource"] == "*")
        .filter(|s| s["Action"].as_array().is_some_and(|all| all.contains(&json!("kms:Decrypt"))))
        .map(|s| &s["Condition"])
        .collect();
    let by_s3 =
        json!({ "StringNotEquals": { "kms:ViaService": { "Fn::Sub": "s3.${AWS::Region}.amazonaws.com" } } });
    let absent = |name: &str| json!({ "Null": { format!("kms:EncryptionContext:{name}"): "true" } });
    for condition in [by_s3, absent("tenant"), absent("request")] {
        need(&mut wrong, denied.contains(&&condition), || format!("packages open without {condition}"));
    }
    wrong
}

#[test]
fn keys_stay_and_a_package_is_opened_by_fetching_it() {
    check(
        lost_keys,
        &[
            (STATE, "EnableKeyRotation: true", "EnableKeyRotation: false"),
            (STATE, "KeySpec: ECC_NIST_P256", "KeySpec: RSA_2048"),
            (EVIDENCE, "KeySpec: ECC_NIST_EDWARDS25519", "KeySpec: ECC_NIST_P256"),
            (EVIDENCE, "KeyUsage: SIGN_VERIFY", "KeyUsage: GENERATE_VERIFY_MAC"),
            (
                EVIDENCE,
                "AWS::KMS::Key\n    DeletionPolicy: Retain",
                "AWS::KMS::Key\n    DeletionPolicy: Delete",
            ),
            (STATE, "KeyUsage: SIGN_VERIFY", "KeyUsage: SIGN_VERIFY\n      EnableKeyRotation: true"),
            (
                STATE,
                "ExportsKey:\n    Type: AWS::KMS::Key\n    DeletionPolicy: Retain",
                "ExportsKey:\n    Type: AWS::KMS::Key\n    DeletionPolicy: Delete",
            ),
            (STATE, "{StringNotEquals: {'kms:ViaService'", "{StringEquals: {'kms:ViaService'"),
            (STATE, "'kms:EncryptionContext:tenant': 'true'", "'kms:EncryptionContext:tenant': 'false'"),
            (STATE, "'kms:EncryptionContext:request': 'true'", "'kms:EncryptionContext:tenant': 'true'"),
        ],
    );
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
        ],
    );
}
