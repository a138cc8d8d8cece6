//! The `keys` table: who may write which keys in it, and that there is no copy of it.

use serde_json::{Value, json};

use super::cloudformation::{Templates, check, need};
use super::roles::{documents, statements};

const ROLES: &str = "infra/roles.yaml";
const STORE_ROLES: &str = "infra/roles-stores.yaml";
const STATE: &str = "infra/state.yaml";

/// Partitions of replays, of requests, and of persons.
const REPLAYS: &str = "T#*#L#*";
const REQUESTS: &str = "T#*#R#*";
const PERSONS: &str = "T#*#S#*";
/// Partitions of anything but a tenant.
const NOT_TENANTS: &str = "T#*#*";
/// All, but for some.
const ALL: &str = "T#*";

/// Who writes, by which action, in which partitions, and in which of these not.
const WRITERS: [(&str, &str, &str, Option<&str>); 21] = [
    ("AnnounceRole", "PutItem", REQUESTS, None),
    ("ApiRole", "DeleteItem", REQUESTS, None),
    ("ApiRole", "PutItem", ALL, Some(PERSONS)),
    ("CloseRequestRole", "DeleteItem", REQUESTS, None),
    // The keys of a receipt, and of what is read again by.
    ("CloseRequestRole", "PutItem", REQUESTS, None),
    ("CloseRequestRole", "PutItem", ALL, Some(NOT_TENANTS)),
    ("EraseStoreRole", "PutItem", PERSONS, None),
    ("FetchExportRole", "PutItem", ALL, Some(PERSONS)),
    // The key of the tenant's tokens.
    ("MaskApiRole", "PutItem", ALL, Some(NOT_TENANTS)),
    ("MaskLogsRole", "PutItem", ALL, Some(NOT_TENANTS)),
    ("PinPlanRole", "PutItem", ALL, Some(PERSONS)),
    // The key of a plan, for somebody who is erased again.
    ("RecheckRole", "DeleteItem", REQUESTS, None),
    ("RecheckRole", "PutItem", REQUESTS, None),
    // Its own, and what it had filed for a request that was not made.
    ("ReplayLedgerRole", "DeleteItem", REPLAYS, None),
    ("ReplayLedgerRole", "DeleteItem", REQUESTS, None),
    ("ReplayLedgerRole", "PutItem", ALL, Some(PERSONS)),
    ("RotateKeysRole", "PutItem", ALL, Some(REQUESTS)),
    // While the root key is replaced.
    ("RotateKeysRole", "PutItem", REQUESTS, None),
    ("SampleStoresRole", "PutItem", ALL, Some(PERSONS)),
    ("SweepRole", "DeleteItem", REQUESTS, None),
    ("VaultApiRole", "PutItem", ALL, Some(REQUESTS)),
];

fn bound_to(like: &str, unlike: Option<&str>) -> Value {
    let mut condition = json!({ "ForAllValues:StringLike": { "dynamodb:LeadingKeys": like } });
    if let Some(unlike) = unlike {
        condition["ForAllValues:StringNotLike"] = json!({ "dynamodb:LeadingKeys": unlike });
    }
    condition
}

fn writing_anywhere(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for role in templates.of_kind("AWS::IAM::Role") {
        for statement in documents(templates, &role).into_iter().flat_map(statements) {
            let on = templates.text(role.file, &statement["Resource"]);
            if statement["Effect"] != "Allow" || !on.contains("KeysTable.Arn") {
                continue;
            }
            for action in statement["Action"].as_array().into_iter().flatten() {
                let action = action.as_str().unwrap_or_default().trim_start_matches("dynamodb:");
                if !["GetItem", "Query"].contains(&action) {
                    found.push((role.id.to_owned(), action.to_owned(), statement["Condition"].to_string()));
                }
            }
        }
    }
    found.sort();
    let mut expected: Vec<_> = WRITERS
        .iter()
        .map(|(role, action, like, unlike)| {
            ((*role).to_owned(), (*action).to_owned(), bound_to(like, *unlike).to_string())
        })
        .collect();
    expected.sort();
    for one in found.iter().filter(|one| !expected.contains(one)) {
        need(&mut wrong, false, || format!("{one:?}"));
    }
    need(&mut wrong, found == expected, || format!("{found:#?}"));
    wrong
}

/// Nobody deletes a tenant's or a person's key, and who erases writes persons' alone.
#[test]
fn who_writes_keys_writes_those_of_its_work() {
    let (requests, persons) = ("'dynamodb:LeadingKeys': 'T#*#R#*'", "'dynamodb:LeadingKeys': 'T#*#S#*'");
    let anything = "'dynamodb:LeadingKeys': '*'";
    check(
        writing_anywhere,
        &[
            (ROLES, requests, anything),
            (ROLES, persons, requests),
            (STORE_ROLES, persons, requests),
            (
                STORE_ROLES,
                "Sid: DestroyKeys, Effect: Allow, Action: [dynamodb:PutItem]",
                "Sid: DestroyKeys, Effect: Allow, Action: [dynamodb:PutItem, dynamodb:DeleteItem]",
            ),
            (
                ROLES,
                "Sid: Keys, Effect: Allow, Action: [dynamodb:GetItem]",
                "Sid: Keys, Effect: Allow, Action: [dynamodb:GetItem, dynamodb:UpdateItem]",
            ),
            (ROLES, ", Condition: {'ForAllValues:StringLike': {'dynamodb:LeadingKeys': 'T#*#R#*'}}", ""),
            (ROLES, "ForAllValues:StringNotLike", "ForAnyValue:StringNotLike"),
        ],
    );
}

fn copied(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let table = templates.of_kind("AWS::DynamoDB::Table").into_iter().find(|t| t.id == "KeysTable");
    let table = table.expect("the keys table");
    let itself = json!({ "Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Prefix}-keys" });
    // Those that make a copy. AWS Backup's own action is none of those that a table's policy takes.
    let copies = json!([
        "dynamodb:CreateBackup",
        "dynamodb:ExportTableToPointInTime",
        "dynamodb:RestoreTableToPointInTime",
        "dynamodb:EnableKinesisStreamingDestination",
    ]);
    let changes = json!(["dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable"]);
    let by_a_stack =
        json!({ "ForAllValues:StringNotEquals": { "aws:CalledVia": ["cloudformation.amazonaws.com"] } });
    let expected = json!([
        { "Sid": "NobodyCopiesIt", "Effect": "Deny", "Principal": "*", "Action": copies, "Resource": itself },
        { "Sid": "OnlyAStackChangesIt", "Effect": "Deny", "Principal": "*", "Action": changes, "Resource": itself, "Condition": by_a_stack },
    ]);
    let stated = &table.properties()["ResourcePolicy"]["PolicyDocument"]["Statement"];
    need(&mut wrong, *stated == expected, || format!("{}: {stated:#}", table.at()));
    let named = &table.properties()["TableName"];
    need(&mut wrong, *named == json!({ "Fn::Sub": "${Prefix}-keys" }), || format!("it is called {named}"));
    for copy in ["StreamSpecification", "KinesisStreamSpecification", "ImportSourceSpecification"] {
        need(&mut wrong, table.properties().get(copy).is_none(), || format!("{}: {copy}", table.at()));
    }
    let tags = json!([{ "Key": "lacuna:backup", "Value": "never" }]);
    need(&mut wrong, table.properties()["Tags"] == tags, || format!("{}: its tags", table.at()));
    wrong
}

/// That a destroyed key is gone, and since when, rests on it.
#[test]
fn nobody_makes_a_copy_of_the_keys() {
    check(
        copied,
        &[
            (
                STATE,
                "Sid: NobodyCopiesIt\n              Effect: Deny",
                "Sid: NobodyCopiesIt\n              Effect: Allow",
            ),
            (STATE, "[dynamodb:CreateBackup, ", "["),
            (STATE, "dynamodb:UpdateContinuousBackups, ", ""),
            (
                STATE,
                "'ForAllValues:StringNotEquals': {'aws:CalledVia'",
                "'ForAllValues:StringEquals': {'aws:CalledVia'",
            ),
            (STATE, "table/${Prefix}-keys'", "table/${Prefix}-key'"),
            (STATE, "Value: never", "Value: daily"),
            (
                STATE,
                "TableName: !Sub '${Prefix}-keys'",
                "TableName: !Sub '${Prefix}-keys'\n      KinesisStreamSpecification: {StreamArn: 'arn'}",
            ),
        ],
    );
}
