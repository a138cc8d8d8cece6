//! What the templates must say, because the local engine would accept anything. They are read as
//! the account reads them, in whatever style they are written.

mod alarms;
mod cloudformation;
mod events;
mod evidence;
mod keys;
mod masked_logs;
mod roles;
mod root_key;
mod storage;
mod wiring;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use cloudformation::{ROOT, Templates, check, need, under_our_key};

const STATE: &str = "infra/state.yaml";
const AUDIT: &str = "infra/audit.yaml";
const EVIDENCE: &str = "infra/evidence.yaml";

fn unsafe_tables(templates: &Templates) -> Vec<String> {
    let (mut wrong, mut names) = (Vec::new(), BTreeSet::new());
    for table in templates.of_kind("AWS::DynamoDB::Table") {
        let (at, properties) = (table.at(), table.properties());
        names.insert(table.id);
        need(&mut wrong, properties["DeletionProtectionEnabled"] == true, || format!("{at}: protection"));
        need(&mut wrong, table.is_retained(), || format!("{at}: it goes with the stack"));
        let sse = &properties["SSESpecification"];
        let encrypted = sse["SSEEnabled"] == true
            && sse["SSEType"] == "KMS"
            && under_our_key(templates, &table, &sse["KMSMasterKeyId"]);
        need(&mut wrong, encrypted, || format!("{at}: encryption"));
        // What is destroyed in `keys` must be gone; all else must be restorable.
        let is_keys = table.id == "KeysTable";
        let restorable = &properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        need(&mut wrong, *restorable == !is_keys, || format!("{at}: recovery is {restorable}"));
        let streams = properties.get("StreamSpecification").is_some();
        need(&mut wrong, streams == (table.id == "RequestsTable"), || format!("{at}: its stream"));
        // Answers of idempotency keys end, and from where a package was fetched; nothing else does, least of all by a clock.
        let ends = properties.get("TimeToLiveSpecification");
        let expected = json!({ "AttributeName": "expires_at", "Enabled": true });
        let expected = ["KeysTable", "RequestsTable"].contains(&table.id).then_some(&expected);
        need(&mut wrong, ends == expected, || format!("{at}: its time to live is {ends:?}"));
    }
    let expected = ["AuditTable", "HoldsTable", "KeysTable", "LedgerTable", "RegistryTable", "RequestsTable"];
    need(&mut wrong, names == BTreeSet::from(expected), || format!("{names:?}"));
    wrong
}

#[test]
fn tables_are_protected_encrypted_and_can_be_restored_but_for_the_keys() {
    let recovers = "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}";
    check(
        unsafe_tables,
        &[
            (STATE, recovers, "PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: false}"),
            (STATE, "PointInTimeRecoveryEnabled: false", "PointInTimeRecoveryEnabled: true"),
            (AUDIT, recovers, "PointInTimeRecoverySpecification:\n        PointInTimeRecoveryEnabled: false"),
            (AUDIT, "DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false"),
            (AUDIT, "DeletionPolicy: Retain", "DeletionPolicy: Delete"),
            (AUDIT, "UpdateReplacePolicy: Retain", "UpdateReplacePolicy: Delete"),
            (AUDIT, "SSEType: KMS, KMSMasterKeyId: !Ref KeyArn", "SSEType: KMS"),
            (AUDIT, "SSEEnabled: true", "SSEEnabled: false"),
            (
                ROOT,
                "KeyArn: !GetAtt State.Outputs.KeyArn\n        RequestsStreamArn",
                "KeyArn: alias/aws/dynamodb\n        RequestsStreamArn",
            ),
            (
                STATE,
                "TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}",
                "TimeToLiveSpecification: {AttributeName: expires_at, Enabled: false}",
            ),
            (
                STATE,
                "TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}\n      AttributeDefinitions:\n        - {AttributeName: pk, AttributeType: S}\n        - {AttributeName: sk, AttributeType: S}\n        - {AttributeName: work_pk",
                "AttributeDefinitions:\n        - {AttributeName: pk, AttributeType: S}\n        - {AttributeName: sk, AttributeType: S}\n        - {AttributeName: work_pk",
            ),
            (
                STATE,
                "TableName: !Sub '${Prefix}-keys'",
                "TableName: !Sub '${Prefix}-keys'\n      StreamSpecification: {StreamViewType: NEW_IMAGE}",
            ),
        ],
    );
}

fn writable_audit(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let table = templates.of_kind("AWS::DynamoDB::Table").into_iter().find(|t| t.id == "AuditTable");
    let table = table.expect("the audit table");
    let itself = json!({ "Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Prefix}-audit" });
    let deny = |sid: &str, action: Value, but_for: Option<Value>| {
        let mut statement = json!({ "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": itself.clone() });
        if let Some(role) = but_for {
            statement["Condition"] = json!({ "ArnNotEquals": { "aws:PrincipalArn": role } });
        }
        statement
    };
    // PartiQL and batches have actions of their own.
    let changes = json!([
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:PartiQLInsert",
        "dynamodb:PartiQLUpdate",
        "dynamodb:PartiQLDelete",
    ]);
    let administers = json!([
        "dynamodb:DeleteTable",
        "dynamodb:UpdateTable",
        "dynamodb:UpdateTimeToLive",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:PutResourcePolicy",
        "dynamodb:DeleteResourcePolicy",
    ]);
    let writer = json!({ "Fn::GetAtt": ["WriteAuditRole", "Arn"] });
    let admin = deny("AdministrationIsBreakGlass", administers, Some(json!({ "Ref": "AuditAdminRoleArn" })));
    let expected = json!([
        deny("NobodyChangesAnEntry", changes, None),
        deny("OneWriter", json!("dynamodb:PutItem"), Some(writer)),
        { "Fn::If": ["HasAdmin", admin, { "Ref": "AWS::NoValue" }] },
    ]);
    let stated = &table.properties()["ResourcePolicy"]["PolicyDocument"]["Statement"];
    need(&mut wrong, *stated == expected, || format!("{}: {stated:#}", table.at()));
    let named = &table.properties()["TableName"];
    need(&mut wrong, *named == json!({ "Fn::Sub": "${Prefix}-audit" }), || format!("it is called {named}"));
    for role in templates.of_kind("AWS::IAM::Role").into_iter().filter(|r| r.file != AUDIT) {
        for document in roles::documents(templates, &role) {
            for statement in roles::statements(document) {
                let reached = templates.plain(role.file, statement).to_string();
                let named = reached.contains("AuditTable") || reached.contains("-audit\"");
                // It reads what it proves; it asks which events are chained, and no more.
                let may = |id: &str, actions: &Value| role.id == id && statement["Action"] == *actions;
                let reads = may("CheckpointAuditRole", &json!(["dynamodb:Query"]))
                    || may("AuditApiRole", &json!(["dynamodb:Query"]))
                    || may("SweepRole", &json!(["dynamodb:BatchGetItem"]));
                need(&mut wrong, !named || reads, || format!("{} reaches the audit table", role.at()));
            }
        }
    }
    wrong
}

#[test]
fn nobody_but_its_writer_writes_the_audit() {
    let administration = "Sid: AdministrationIsBreakGlass\n                Effect: Deny";
    check(
        writable_audit,
        &[
            (
                AUDIT,
                "Sid: NobodyChangesAnEntry\n              Effect: Deny",
                "Sid: NobodyChangesAnEntry\n              Effect: Allow",
            ),
            (
                AUDIT,
                "Sid: OneWriter\n              Effect: Deny",
                "Sid: OneWriter\n              Effect: Allow",
            ),
            (AUDIT, administration, "Sid: AdministrationIsBreakGlass\n                Effect: Allow"),
            (AUDIT, "Principal: '*'", "Principal: {Service: lambda.amazonaws.com}"),
            (AUDIT, "dynamodb:PartiQLUpdate, ", ""),
            (AUDIT, "Action: dynamodb:PutItem", "Action: dynamodb:GetItem"),
            (
                AUDIT,
                "ArnNotEquals: {'aws:PrincipalArn': !GetAtt WriteAuditRole.Arn}",
                "ArnEquals: {'aws:PrincipalArn': !GetAtt WriteAuditRole.Arn}",
            ),
            (AUDIT, "!GetAtt WriteAuditRole.Arn}}", "'*'}}"),
            (AUDIT, "table/${Prefix}-audit'", "table/${Prefix}-audits'"),
            (AUDIT, "- !If\n              - HasAdmin", "- !If\n              - Never"),
            (
                ROOT,
                "HoldsTableArn: !GetAtt State.Outputs.HoldsTableArn",
                "HoldsTableArn: !GetAtt Audit.Outputs.AuditTableArn",
            ),
            (
                EVIDENCE,
                "Sid: Chains, Effect: Allow, Action: ['dynamodb:Query']",
                "Sid: Chains, Effect: Allow, Action: ['dynamodb:Query', 'dynamodb:PutItem']",
            ),
            (
                "infra/roles.yaml",
                "Action: [dynamodb:BatchGetItem], Resource: !Ref AuditTableArn",
                "Action: [dynamodb:BatchGetItem, dynamodb:PutItem], Resource: !Ref AuditTableArn",
            ),
        ],
    );
}

fn misheard(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let heard = |function: &str| -> Vec<Value> {
        let events = &templates.root()["Resources"][function]["Properties"]["Events"];
        let filters = events["Requests"]["Properties"]["FilterCriteria"]["Filters"].as_array();
        let patterns = filters.into_iter().flatten().filter_map(|filter| filter["Pattern"].as_str());
        patterns.map(|pattern| serde_json::from_str(pattern).expect("JSON")).collect()
    };
    let event = json!({ "sk": { "S": [{ "prefix": "EVENT#" }] } });
    let of = |name: &str, image: Option<Value>| {
        let mut dynamodb = json!({ "Keys": event.clone() });
        if let Some(image) = image {
            dynamodb["NewImage"] = image;
        }
        json!({ "eventName": [name], "dynamodb": dynamodb })
    };
    let redriven = json!({ "redriven": { "N": [{ "exists": true }] } });
    let chained = vec![of("INSERT", None), of("MODIFY", Some(redriven))];
    let relayed = vec![of("INSERT", Some(json!({ "relay": { "S": ["wake"] } })))];
    for (function, expected) in [("WriteAuditFunction", chained), ("RelayRequestFunction", relayed)] {
        let heard = heard(function);
        need(&mut wrong, heard == expected, || format!("{function} hears of {heard:?}"));
    }
    wrong
}

/// What the sweeper touches comes to the audit again, and starts nothing.
#[test]
fn a_redriven_event_is_heard_by_the_audit_alone() {
    check(
        misheard,
        &[
            (ROOT, r#""eventName":["INSERT"]"#, r#""eventName":["INSERT","MODIFY"]"#),
            (ROOT, r#","NewImage":{"redriven":{"N":[{"exists":true}]}}"#, ""),
            (ROOT, r#""eventName":["MODIFY"]"#, r#""eventName":["REMOVE"]"#),
        ],
    );
}
