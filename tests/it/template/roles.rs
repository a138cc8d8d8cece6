//! Who may do what. The golden file `roles.txt` lists it for every role, and each line of it is
//! something that the function calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use super::cloudformation::{ROOT, Resource, Templates, check, need};
use crate::repository::{folders, pascal};

const ROLES: &str = "infra/roles.yaml";
const STORE_ROLES: &str = "infra/roles-stores.yaml";
const STATE: &str = "infra/state.yaml";
const AUDIT: &str = "infra/audit.yaml";
const EVIDENCE: &str = "infra/evidence.yaml";

/// Statements that name no resource, with the reason: what they allow has none. (template, resource, statement)
const UNBOUND: [(&str, &str, &str); 1] = [(ROLES, "LifecycleRole", "DeliverLogs")];

/// Statements that allow a family of actions: an account that cannot administer its key loses it.
const FAMILIES: [(&str, &str, &str); 4] = [
    (STATE, "Key", "AccountAdministers"),
    (STATE, "ExportsKey", "AccountAdministers"),
    (STATE, "SigningKey", "AccountAdministers"),
    (EVIDENCE, "NotaryKey", "AccountAdministers"),
];

/// One value, or several.
fn several(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    }
}

/// The statements of a document, also those that a condition leaves out.
pub(super) fn statements(document: &Value) -> Vec<&Value> {
    let branches = |one: &'_ Value| one.get("Fn::If").is_some();
    let (either, plain): (Vec<&Value>, Vec<&Value>) =
        several(&document["Statement"]).into_iter().partition(|one| branches(one));
    let either = either.into_iter().flat_map(|one| several(&one["Fn::If"]).into_iter().skip(1));
    plain.into_iter().chain(either.filter(|one| one.get("Ref").is_none())).collect()
}

/// All statements anywhere in a value: of roles, of policies, of keys, buckets, queues and tables.
fn all_statements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(all) => all.iter().flat_map(all_statements).collect(),
        Value::Object(map) if map.contains_key("Statement") => statements(value),
        Value::Object(map) => map.values().flat_map(all_statements).collect(),
        _ => Vec::new(),
    }
}

fn allows(statement: &Value) -> bool {
    statement["Effect"] == "Allow"
}

/// The documents that a role has: its own, and those of policies that name it.
pub(super) fn documents<'a>(templates: &'a Templates, role: &Resource<'a>) -> Vec<&'a Value> {
    let own = several(&role.properties()["Policies"]).into_iter().map(|policy| &policy["PolicyDocument"]);
    let named = json!({ "Ref": role.id });
    let policies = templates.resources().filter(|r| r.kind() == "AWS::IAM::Policy" && r.file == role.file);
    let policies = policies.filter(|r| several(&r.properties()["Roles"]).contains(&&named));
    own.chain(policies.map(|r| &r.properties()["PolicyDocument"])).collect()
}

/// Each action with each resource, and on which condition.
fn lines(templates: &Templates, file: &str, document: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for statement in statements(document) {
        let effect = if allows(statement) { "" } else { "NOT " };
        let condition = match &statement["Condition"] {
            Value::Null => String::new(),
            condition => format!("  if {}", templates.plain(file, condition)),
        };
        for action in several(&statement["Action"]) {
            for resource in several(&statement["Resource"]) {
                let (action, resource) = (templates.text(file, action), templates.text(file, resource));
                lines.insert(format!("{effect}{action}  {resource}{condition}"));
            }
        }
    }
    lines
}

/// The functions by the role that each runs under.
fn holders(templates: &Templates) -> BTreeMap<String, Vec<&str>> {
    let mut holders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for function in templates.of_kind("AWS::Serverless::Function") {
        let role = templates.text(ROOT, &function.properties()["Role"]);
        holders.entry(role).or_default().push(function.id);
    }
    holders
}

/// The table of all roles.
fn table(templates: &Templates) -> String {
    let holders = holders(templates);
    let mut parts = BTreeMap::new();
    for role in templates.of_kind("AWS::IAM::Role") {
        let (file, properties) = (role.file, role.properties());
        let mut part = String::new();
        for trust in statements(&properties["AssumeRolePolicyDocument"]) {
            let condition = match &trust["Condition"] {
                Value::Null => String::new(),
                condition => format!("  if {}", templates.plain(file, condition)),
            };
            let by = templates.plain(file, &trust["Principal"]);
            let _ = writeln!(part, "  taken by {by}{condition}");
        }
        for document in documents(templates, &role) {
            for line in lines(templates, file, document) {
                let _ = writeln!(part, "  {line}");
            }
        }
        if let Some(managed) = properties.get("ManagedPolicyArns") {
            let _ = writeln!(part, "  all of {}", templates.text(file, managed));
        }
        let who = holders.get(&format!("{}.Arn", role.id)).map_or("no function".to_owned(), |f| f.join(", "));
        parts.insert(format!("{} ({who})", role.id), part);
    }
    for policy in templates.of_kind("AWS::IAM::ManagedPolicy") {
        let file = policy.file;
        let lines = lines(templates, file, &policy.properties()["PolicyDocument"]);
        let lines: Vec<String> = lines.iter().map(|line| format!("  {line}\n")).collect();
        parts.insert(format!("{} ({file})", policy.id), lines.concat());
    }
    let parts: Vec<String> = parts.iter().map(|(name, part)| format!("{name}\n{part}")).collect();
    parts.join("\n")
}

/// A right more, or less, is a line in a difference that somebody reads.
#[test]
fn a_role_may_do_what_its_function_calls_and_nothing_else() {
    let templates = Templates::of_the_repository();
    let table = table(&templates);
    crate::golden::check("roles.txt", &table);
    let breaks = [
        // In one line, in block style, by another way to the same table, or to another one.
        (STORE_ROLES, "dynamodb:PutItem]", "dynamodb:PutItem, dynamodb:DeleteItem]"),
        (ROLES, "Action: lambda:InvokeFunction", "Action:\n                  - s3:*"),
        (ROLES, "index/by_progress", "index/*"),
        (ROLES, "index/by_time", "index/*"),
        (
            ROOT,
            "KeysTableArn: !GetAtt State.Outputs.KeysTableArn",
            "KeysTableArn: !GetAtt Audit.Outputs.AuditTableArn",
        ),
        (ROOT, "Role: !GetAtt Roles.Outputs.SweepRoleArn", "Role: !GetAtt Roles.Outputs.ApiRoleArn"),
        (
            ROLES,
            "Condition: {'Null': {'kms:EncryptionContext:tenant': 'false'}",
            "Condition: {'Null': {'kms:EncryptionContext:tenant': 'true'}",
        ),
        (
            STORE_ROLES,
            "!Ref StoreHidePolicyArns, !Ref AWS::NoValue",
            "!Ref StoreErasePolicyArns, !Ref AWS::NoValue",
        ),
        (
            ROOT,
            "StoreHidePolicyArns: !Join [',', !Ref StoreHidePolicyArns]",
            "StoreHidePolicyArns: !Join [',', !Ref StoreErasePolicyArns]",
        ),
        (AUDIT, "Action: 'sqs:SendMessage'", "Action: 'sqs:*'"),
        (
            "infra/store-access.yaml",
            "[dynamodb:UpdateItem, dynamodb:GetItem]",
            "[dynamodb:UpdateItem, dynamodb:GetItem, dynamodb:Scan]",
        ),
    ];
    for (file, from, to) in breaks {
        assert_ne!(self::table(&templates.with(file, from, to)), table, "{file}: `{to}` is not in the table");
    }
}

fn unbound(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    for resource in templates.resources() {
        // In its own policy a key calls itself `*`.
        let is_key = resource.kind() == "AWS::KMS::Key";
        for statement in all_statements(resource.properties()) {
            let sid = statement["Sid"].as_str().unwrap_or("without a name");
            let at = format!("{}, {sid}", resource.at());
            let listed = |list: &[(&str, &str, &str)]| list.contains(&(resource.file, resource.id, sid));
            for inverse in ["NotAction", "NotResource", "NotPrincipal"] {
                need(&mut wrong, statement.get(inverse).is_none(), || format!("{at}: {inverse}"));
            }
            need(&mut wrong, allows(statement) || statement["Effect"] == "Deny", || {
                format!("{at}: its effect")
            });
            if !allows(statement) {
                continue;
            }
            let of = |name: &str| -> Vec<String> {
                several(&statement[name]).iter().map(|v| templates.text(resource.file, v)).collect()
            };
            let family = of("Action").into_iter().find(|action| action.contains('*'));
            need(&mut wrong, family.is_none() || listed(&FAMILIES), || format!("{at}: {family:?}"));
            let anything = of("Resource").iter().any(|what| what == "*");
            need(&mut wrong, !anything || is_key || listed(&UNBOUND), || format!("{at}: on anything"));
            let anybody = several(&statement["Principal"]["AWS"]).contains(&&json!("*"));
            let anybody = anybody || statement["Principal"] == "*";
            let ours = statement["Condition"]["StringEquals"]["kms:CallerAccount"]
                == json!({ "Ref": "AWS::AccountId" });
            need(&mut wrong, !anybody || ours, || format!("{at}: to anybody"));
        }
    }
    wrong
}

#[test]
fn no_policy_allows_every_action_or_names_every_resource() {
    check(
        unbound,
        &[
            (
                ROLES,
                "Action: lambda:InvokeFunction",
                "Action:\n                  - s3:GetObject\n                  - s3:*",
            ),
            (ROLES, "Action: ['states:StartExecution']", "Action: '*'"),
            (ROLES, "Resource: !Ref OutcomeTopicArn", "Resource: '*'"),
            (ROLES, "Sid: DeliverLogs", "Sid: Deliver"),
            (AUDIT, "Action: 'sqs:SendMessage', Resource", "NotAction: 'sqs:SendMessage', Resource"),
            ("infra/queues.yaml", "Resource: !GetAtt EventDeadLetters.Arn", "Resource:\n              - '*'"),
            (STATE, "kms:CallerAccount: !Ref AWS::AccountId", "kms:CallerAccount: '*'"),
            (
                STATE,
                "Sid: OnlyOverTls\n            Effect: Deny",
                "Sid: OnlyOverTls\n            Effect: Allow",
            ),
            (
                "infra/store-access.yaml",
                "[s3:ListBucketVersions, s3:ListBucketMultipartUploads]",
                "['s3:List*']",
            ),
            ("infra/queues.yaml", "Action: sqs:SendMessage", "Action: sqs:*"),
        ],
    );
}

fn shared(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let holders = holders(templates);
    for name in folders("functions") {
        let (role, function) = (format!("{}Role.Arn", pascal(&name)), format!("{}Function", pascal(&name)));
        let who = holders.get(&role).cloned().unwrap_or_default();
        need(&mut wrong, who == [function.as_str()], || format!("{role} is of {who:?}"));
    }
    need(&mut wrong, holders.len() == folders("functions").len(), || format!("{holders:?}"));
    wrong
}

/// The name joins them: `close-request` is `CloseRequestFunction`, with `CloseRequestRole`.
#[test]
fn every_function_has_a_role_of_its_own() {
    check(
        shared,
        &[
            (ROOT, "Role: !GetAtt Roles.Outputs.SweepRoleArn", "Role: !GetAtt Roles.Outputs.ApiRoleArn"),
            (
                ROLES,
                "SweepRoleArn: {Value: !GetAtt SweepRole.Arn}",
                "SweepRoleArn: {Value: !GetAtt ApiRole.Arn}",
            ),
        ],
    );
}

fn reading_packages(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    for role in templates.of_kind("AWS::IAM::Role") {
        let of: Vec<&Value> = documents(templates, &role).into_iter().flat_map(statements).collect();
        for statement in of.into_iter().filter(|s| allows(s)) {
            let reaches = templates.text(role.file, &statement["Resource"]).contains("ExportsBucket.Arn");
            let reads = several(&statement["Action"]).into_iter().any(|a| *a == "s3:GetObject");
            need(&mut wrong, !(reaches && reads) || role.id == "ExportReaderRole", || role.at());
        }
        if role.id == "ExportReaderRole" {
            let trusted = templates.text(
                role.file,
                &role.properties()["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"],
            );
            need(&mut wrong, trusted == "FetchExportRole.Arn", || format!("{}: {trusted}", role.at()));
        }
    }
    wrong
}

/// A package is read by a session that is cut down to it, and by nothing else.
#[test]
fn nobody_but_the_reader_of_exports_reads_a_package() {
    check(
        reading_packages,
        &[
            (ROLES, "Principal: {AWS: !GetAtt FetchExportRole.Arn}", "Principal: {AWS: !GetAtt ApiRole.Arn}"),
            (
                ROLES,
                "Sid: Catalog, Effect: Allow, Action: [s3:GetObject], Resource: !Sub '${CatalogBucketArn}/*'",
                "Sid: Catalog, Effect: Allow, Action: [s3:GetObject], Resource: !Sub '${ExportsBucketArn}/*'",
            ),
        ],
    );
}

fn bound_to_a_service(templates: &Templates) -> Vec<String> {
    let mut wrong = Vec::new();
    let executes = |r: &Resource<'_>| {
        r.properties()["AssumeRolePolicyDocument"].to_string().contains("states.amazonaws.com")
    };
    let roles: Vec<_> = templates.of_kind("AWS::IAM::Role").into_iter().filter(executes).collect();
    need(&mut wrong, roles.len() == 1, || "Step Functions has one role".to_owned());
    for role in roles {
        let said = role.properties().to_string();
        need(&mut wrong, !said.contains("kms:ViaService"), || role.at());
    }
    wrong
}

/// Under an execution role KMS is called directly: such a condition keeps executions from starting.
#[test]
fn an_execution_role_is_not_bound_to_the_service_that_calls() {
    let (from, to) = ("'kms:EncryptionContext:SourceArn'", "'kms:ViaService'");
    check(
        bound_to_a_service,
        &[(ROLES, from, to), (ROLES, "states.amazonaws.com}", "lambda.amazonaws.com}")],
    );
}
