//! The evidence: where proofs are kept so that nobody takes them back, and who signs them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cloudformation::{ROOT, Resource, Templates, check, need};
use super::roles::{documents, statements};

const EVIDENCE: &str = "infra/evidence.yaml";
const STATE: &str = "infra/state.yaml";

/// What all roles are allowed on what is called so: the role, the action, and on which condition.
fn rights<'a>(templates: &'a Templates, on: &str) -> Vec<(&'a str, String, &'a Value)> {
    let mut rights = Vec::new();
    for role in templates.of_kind("AWS::IAM::Role") {
        let of: Vec<&Value> = documents(templates, &role).into_iter().flat_map(statements).collect();
        for statement in of.into_iter().filter(|statement| statement["Effect"] == "Allow") {
            let what = templates.text(role.file, &statement["Resource"]);
            if !what.contains(on) {
                continue;
            }
            let actions = statement["Action"].as_array();
            let actions = actions.map_or_else(|| vec![&statement["Action"]], |all| all.iter().collect());
            for action in actions {
                let action = action.as_str().unwrap_or_default().to_owned();
                rights.push((role.id, action, &statement["Condition"]));
            }
        }
    }
    rights.sort_by_key(|(role, action, _)| (*role, action.clone()));
    rights
}

fn named<'a>(templates: &'a Templates, kind: &str, id: &str) -> Resource<'a> {
    let found = templates.of_kind(kind).into_iter().find(|resource| resource.id == id);
    found.unwrap_or_else(|| panic!("no {id} in the templates"))
}

/// One statement that denies everybody.
fn deny(sid: &str, action: &Value, resource: &Value, condition: Option<Value>) -> Value {
    let mut statement =
        json!({ "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

fn but_for(role: &Value) -> Value {
    json!({ "ArnNotEquals": { "aws:PrincipalArn": role } })
}

fn writer() -> Value {
    json!({ "Fn::GetAtt": ["CheckpointAuditRole", "Arn"] })
}

fn admin() -> Value {
    json!({ "Ref": "AuditAdminRoleArn" })
}

fn none() -> Value {
    json!({ "Ref": "AWS::NoValue" })
}

fn takes_back(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let bucket = named(templates, "AWS::S3::Bucket", "EvidenceBucket");
    let properties = bucket.properties();
    let lock = json!({
        "ObjectLockEnabled": "Enabled",
        "Rule": { "DefaultRetention": { "Mode": { "Ref": "EvidenceLockMode" }, "Days": { "Ref": "EvidenceLockDays" } } },
    });
    need(&mut wrong, properties["ObjectLockEnabled"] == true, || "it is made without a lock".to_owned());
    let stated = &properties["ObjectLockConfiguration"];
    need(&mut wrong, *stated == lock, || format!("its lock is {stated}"));
    let passed = ["EvidenceLockMode", "EvidenceLockDays"].map(|name| {
        let nested = &templates.root()["Resources"]["Evidence"]["Properties"]["Parameters"][name];
        (*nested == json!({ "Ref": name })).then(|| templates.root()["Parameters"][name]["Default"].clone())
    });
    // As long as the audit is kept: seven years, with their leap days.
    let expected = [Some(json!("COMPLIANCE")), Some(json!(7 * 365 + 2))];
    need(&mut wrong, passed == expected, || format!("it locks by default: {passed:?}"));
    let expires = properties.get("LifecycleConfiguration");
    need(&mut wrong, expires.is_none(), || format!("proofs expire: {expires:?}"));

    let all = json!({ "Fn::Sub": "${EvidenceBucket.Arn}/*" });
    let itself = json!({ "Fn::GetAtt": ["EvidenceBucket", "Arn"] });
    let both = json!([itself, all]);
    let in_the_clear = json!({ "Bool": { "aws:SecureTransport": "false" } });
    let over = json!({ "Null": { "s3:if-none-match": "true" } });
    let locks = json!({ "Fn::If": ["HasAdmin", but_for(&admin()), none()] });
    let administers = json!([
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutReplicationConfiguration",
        "s3:PutEncryptionConfiguration",
    ]);
    let administration = deny("AdministrationIsBreakGlass", &administers, &itself, Some(but_for(&admin())));
    let touches = json!(["s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:PutObjectLegalHold"]);
    let deletes = json!(["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ReplicateDelete"]);
    let writes = json!(["s3:PutObject", "s3:ReplicateObject"]);
    let expected = json!([
        deny("OnlyOverTls", &json!("s3:*"), &both, Some(in_the_clear)),
        deny("OneWriter", &writes, &all, Some(but_for(&writer()))),
        deny("WrittenOnce", &json!("s3:PutObject"), &all, Some(over)),
        deny("NobodyDeletes", &deletes, &all, None),
        deny("NobodyTouchesALock", &touches, &all, Some(locks)),
        { "Fn::If": ["HasAdmin", administration, none()] },
    ]);
    let policy = named(templates, "AWS::S3::BucketPolicy", "EvidenceBucketPolicy");
    let stated = &policy.properties()["PolicyDocument"]["Statement"];
    need(&mut wrong, *stated == expected, || format!("{}: {stated:#}", policy.at()));
    need(&mut wrong, policy.is_retained(), || format!("{}: it goes with the stack", policy.at()));

    let who: Vec<(&str, String)> =
        rights(templates, "EvidenceBucket").into_iter().map(|(role, action, _)| (role, action)).collect();
    let expected = ["s3:GetObjectVersion", "s3:ListBucketVersions", "s3:PutObject"];
    let expected = expected.map(|action| ("CheckpointAuditRole", action.to_owned()));
    need(&mut wrong, who == expected, || format!("who reaches the evidence: {who:?}"));
    wrong
}

/// Neither whoever writes it, nor an administrator, nor a role of ours with a right too many.
#[test]
fn evidence_is_written_once_and_never_taken_back() {
    check(
        takes_back,
        &[
            (EVIDENCE, "      ObjectLockEnabled: true\n", ""),
            (EVIDENCE, "        ObjectLockEnabled: Enabled\n", ""),
            (EVIDENCE, "Mode: !Ref EvidenceLockMode", "Mode: GOVERNANCE"),
            (EVIDENCE, "Days: !Ref EvidenceLockDays", "Days: 1"),
            (ROOT, "Default: COMPLIANCE", "Default: GOVERNANCE"),
            (ROOT, "Default: 2557", "Default: 365"),
            (ROOT, "EvidenceLockDays: !Ref EvidenceLockDays", "EvidenceLockDays: 1"),
            (
                EVIDENCE,
                "VersioningConfiguration: {Status: Enabled}",
                "VersioningConfiguration: {Status: Enabled}\n      LifecycleConfiguration: {Rules: [{Id: old, Status: Enabled, ExpirationInDays: 3000}]}",
            ),
            (
                EVIDENCE,
                "Sid: OneWriter\n            Effect: Deny",
                "Sid: OneWriter\n            Effect: Allow",
            ),
            (EVIDENCE, "'aws:PrincipalArn': !GetAtt CheckpointAuditRole.Arn", "'aws:PrincipalArn': '*'"),
            (EVIDENCE, "{'Null': {'s3:if-none-match': 'true'}}", "{'Null': {'s3:if-none-match': 'false'}}"),
            (EVIDENCE, "s3:DeleteObjectVersion, ", ""),
            (EVIDENCE, "s3:BypassGovernanceRetention, ", ""),
            (EVIDENCE, "s3:PutObjectRetention, ", ""),
            (EVIDENCE, "s3:PutBucketObjectLockConfiguration, ", ""),
            (EVIDENCE, "!If [HasAdmin, {ArnNotEquals", "!If [HasAdmin, {ArnEquals"),
            (
                EVIDENCE,
                "AWS::S3::BucketPolicy\n    DeletionPolicy: Retain",
                "AWS::S3::BucketPolicy\n    DeletionPolicy: Delete",
            ),
            (EVIDENCE, "[s3:PutObject, s3:GetObjectVersion]", "[s3:PutObject, s3:PutObjectRetention]"),
            (
                ROOT,
                "StagingBucketArn: !GetAtt State.Outputs.StagingBucketArn",
                "StagingBucketArn: !GetAtt Evidence.Outputs.EvidenceBucket",
            ),
        ],
    );
}

fn signs(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let key = named(templates, "AWS::KMS::Key", "NotaryKey");
    let root = json!({ "AWS": { "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" } });
    let destroys = json!(["kms:ScheduleKeyDeletion", "kms:DisableKey"]);
    let itself = json!("*");
    let administration = deny("AdministrationIsBreakGlass", &destroys, &itself, Some(but_for(&admin())));
    let expected = json!([
        { "Sid": "AccountAdministers", "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*" },
        deny("OneSigner", &json!("kms:Sign"), &itself, Some(but_for(&writer()))),
        { "Fn::If": ["HasAdmin", administration, none()] },
    ]);
    let stated = &key.properties()["KeyPolicy"]["Statement"];
    need(&mut wrong, *stated == expected, || format!("{}: {stated:#}", key.at()));

    let rights = rights(templates, "NotaryKey");
    let who: Vec<(&str, &str)> = rights.iter().map(|(role, action, _)| (*role, action.as_str())).collect();
    let expected = ["kms:GetPublicKey", "kms:Sign"].map(|action| ("CheckpointAuditRole", action));
    need(&mut wrong, who == expected, || format!("who uses the notary's key: {who:?}"));
    // A digest that is signed could be of anything: what is signed is seen by whoever signs it.
    let whole =
        json!({ "StringEquals": { "kms:SigningAlgorithm": "ED25519_SHA_512", "kms:MessageType": "RAW" } });
    let signing: Vec<&Value> = rights
        .iter()
        .filter(|(_, action, _)| action == "kms:Sign")
        .map(|(.., condition)| *condition)
        .collect();
    need(&mut wrong, signing == [&whole], || format!("what is signed: {signing:?}"));
    wrong
}

/// And only texts. Who else signed could say that another audit was this one.
#[test]
fn only_the_checkpoints_are_signed_by_the_notary() {
    check(
        signs,
        &[
            (
                EVIDENCE,
                "Sid: OneSigner\n            Effect: Deny",
                "Sid: OneSigner\n            Effect: Allow",
            ),
            (EVIDENCE, "Action: kms:Sign\n", "Action: kms:Verify\n"),
            (
                EVIDENCE,
                "Resource: '*'\n            Condition: {ArnNotEquals: {'aws:PrincipalArn': !GetAtt",
                "Resource: '*'\n            Condition: {ArnEquals: {'aws:PrincipalArn': !GetAtt",
            ),
            (EVIDENCE, "kms:ScheduleKeyDeletion, ", ""),
            (EVIDENCE, "'kms:MessageType': RAW", "'kms:MessageType': DIGEST"),
            (EVIDENCE, "Action: ['kms:GetPublicKey']", "Action: ['kms:GetPublicKey', 'kms:CreateGrant']"),
            (
                ROOT,
                "SigningKeyArn: !GetAtt State.Outputs.SigningKeyArn",
                "SigningKeyArn: !GetAtt Evidence.Outputs.NotaryKeyArn",
            ),
        ],
    );
}

fn forgets(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let indexes =
        |id: &str| &named(templates, "AWS::DynamoDB::Table", id).properties()["GlobalSecondaryIndexes"];
    let expected = json!([{
        "IndexName": "by_kind",
        "KeySchema": [{ "AttributeName": "sk", "KeyType": "HASH" }, { "AttributeName": "pk", "KeyType": "RANGE" }],
        "Projection": { "ProjectionType": "KEYS_ONLY" },
    }]);
    let stated = indexes("RegistryTable");
    need(&mut wrong, *stated == expected, || format!("tenants are found by {stated}"));
    let reach = |on: &str| -> BTreeSet<String> {
        rights(templates, on)
            .into_iter()
            .filter(|(role, ..)| *role == "CheckpointAuditRole")
            .map(|(_, action, _)| action)
            .collect()
    };
    let reads = reach("RegistryTable.Arn/index/by_kind");
    need(&mut wrong, reads == BTreeSet::from(["dynamodb:Query".to_owned()]), || format!("it asks {reads:?}"));
    wrong
}

/// Whoever is a tenant is in the index: its keys are those of the item itself.
#[test]
fn no_tenants_audit_is_left_without_checkpoints() {
    check(
        forgets,
        &[
            (
                STATE,
                "{AttributeName: sk, KeyType: HASH}, {AttributeName: pk",
                "{AttributeName: pk, KeyType: HASH}, {AttributeName: sk",
            ),
            (STATE, "IndexName: by_kind", "IndexName: by_sort"),
            (EVIDENCE, "/index/by_kind", "/index/by_sort"),
        ],
    );
}
