//! What the templates must say, because the local engine would accept anything.

use std::collections::BTreeSet;

use crate::repository::{files, folders, pascal, read};

/// A resource of a template: its logical id and its lines.
struct Resource {
    file: String,
    id: String,
    lines: Vec<String>,
}

impl Resource {
    fn kind(&self) -> &str {
        let line = self.lines.iter().find(|l| l.trim_start().starts_with("Type: AWS::"));
        line.and_then(|l| l.trim().strip_prefix("Type: ")).unwrap_or_default()
    }

    fn has(&self, text: &str) -> bool {
        self.lines.iter().any(|l| l.contains(text))
    }
}

/// The resources of all templates. The files are ours, and formatted alike: a resource begins with
/// two spaces and its id.
fn resources() -> Vec<Resource> {
    let mut all = Vec::new();
    let templates = files().into_iter().filter(|f| {
        f == "template.yaml" || (f.starts_with("infra/") && f.ends_with(".yaml") && f != "infra/openapi.yaml")
    });
    for file in templates {
        let text = read(&file);
        let body = text.split("\nResources:\n").nth(1).unwrap_or_else(|| panic!("{file} has no resources"));
        for line in body.lines() {
            let top = line.starts_with(|c: char| c.is_ascii_alphabetic());
            if top {
                break;
            }
            let id = line.strip_prefix("  ").filter(|l| l.starts_with(|c: char| c.is_ascii_uppercase()));
            if let Some(id) = id.and_then(|l| l.strip_suffix(':')) {
                all.push(Resource { file: file.clone(), id: id.to_owned(), lines: Vec::new() });
            }
            if let Some(current) = all.last_mut().filter(|r| r.file == file) {
                current.lines.push(line.to_owned());
            }
        }
    }
    assert!(all.len() > 60, "{} resources were read only", all.len());
    all
}

fn of_kind(kind: &str) -> Vec<Resource> {
    let found: Vec<Resource> = resources().into_iter().filter(|r| r.kind() == kind).collect();
    assert!(!found.is_empty(), "no {kind} in the templates");
    found
}

#[test]
fn tables_are_protected_encrypted_and_can_be_restored_but_for_the_keys() {
    let tables = of_kind("AWS::DynamoDB::Table");
    let names: BTreeSet<&str> = tables.iter().map(|t| t.id.as_str()).collect();
    for table in &tables {
        let at = format!("{}: {}", table.file, table.id);
        assert!(table.has("DeletionProtectionEnabled: true"), "{at}");
        assert!(table.has("SSEType: KMS") || table.has("SSEEnabled: true"), "{at}");
        assert!(table.has("DeletionPolicy: Retain"), "{at}");
        let restorable = table.has("PointInTimeRecoveryEnabled: true");
        let is_keys = table.id.starts_with("Keys");
        assert_eq!(
            restorable, !is_keys,
            "{at}: what is destroyed in `keys` must be gone, all else must be restorable"
        );
        assert!(!is_keys || !table.has("StreamSpecification"), "{at}: a stream would keep keys for a day");
    }
    assert!(names.len() >= 5, "{names:?}");
    let requests = tables.iter().find(|t| t.id.starts_with("Requests")).expect("the requests table");
    assert!(requests.has("TimeToLiveSpecification") && requests.has("AttributeName: expires_at"));
}

#[test]
fn nobody_but_its_writer_writes_the_audit() {
    let audit = read("infra/audit.yaml");
    assert!(audit.contains("ResourcePolicy"), "the audit table has a resource policy");
    for action in [
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:PartiQLUpdate",
        "dynamodb:PartiQLDelete",
        "dynamodb:PartiQLInsert",
    ] {
        assert!(audit.contains(action), "{action} is not denied on the audit table");
    }
    for role in of_kind("AWS::IAM::Role").iter().filter(|r| !r.file.ends_with("audit.yaml")) {
        assert!(!role.has("AuditTable"), "{} reaches the audit table", role.id);
    }
}

#[test]
fn no_policy_allows_every_action() {
    for resource in resources().iter().filter(|r| r.kind().starts_with("AWS::IAM::")) {
        for line in &resource.lines {
            let actions = line.split("Action: ").nth(1).unwrap_or_default();
            let actions = actions.split("Resource").next().unwrap_or_default();
            assert!(
                !actions.contains('*'),
                "{}: {} allows a family of actions: {line}",
                resource.file,
                resource.id
            );
            let anything = line.contains("Effect: Allow") && line.contains("Resource: '*'");
            let scoped = line.contains("Condition") || line.contains("logs:") || line.contains("cloudwatch:");
            assert!(!anything || scoped, "{}: {} allows it on anything: {line}", resource.file, resource.id);
        }
    }
}

#[test]
fn every_function_has_a_role_of_its_own() {
    let functions = of_kind("AWS::Serverless::Function");
    let mut roles = BTreeSet::new();
    for function in &functions {
        let role = function.lines.iter().find(|l| l.trim_start().starts_with("Role: "));
        let role = role.unwrap_or_else(|| panic!("{} has no role", function.id)).trim().to_owned();
        assert!(roles.insert(role.clone()), "{} shares {role}", function.id);
    }
}

/// A function, its `main.rs` and its role. The name joins them: `close-request` is
/// `CloseRequestFunction`, with `CloseRequestRole`.
fn programs() -> Vec<(Resource, String, Resource)> {
    let (mut functions, mut roles) = (of_kind("AWS::Serverless::Function"), of_kind("AWS::IAM::Role"));
    let take = |all: &mut Vec<Resource>, id: String| {
        let at = all.iter().position(|r| r.id == id).unwrap_or_else(|| panic!("no {id} in the templates"));
        all.swap_remove(at)
    };
    folders("functions")
        .into_iter()
        .map(|name| {
            let function = take(&mut functions, format!("{}Function", pascal(&name)));
            let role = take(&mut roles, format!("{}Role", pascal(&name)));
            assert!(
                function.has(&format!("Outputs.{}Arn", role.id)),
                "{} does not have {}",
                function.id,
                role.id
            );
            (function, read(&format!("functions/{name}/src/main.rs")), role)
        })
        .collect()
}

/// Which variable an adapter cannot be without.
const VARIABLES: [(&str, &str); 8] = [
    ("requests()", "LACUNA_REQUESTS_TABLE"),
    ("holds()", "LACUNA_HOLDS_TABLE"),
    ("tenants()", "LACUNA_REGISTRY_TABLE"),
    ("keyring()", "LACUNA_KEYS_TABLE"),
    ("staging()", "LACUNA_STAGING_BUCKET"),
    ("catalogs()", "LACUNA_CATALOG_BUCKET"),
    ("executions()", "LACUNA_STATE_MACHINE"),
    ("intake()", "LACUNA_INTAKE_QUEUE"),
];

#[test]
fn a_function_has_the_variables_of_the_adapters_that_it_asks_for() {
    let mut asked = BTreeSet::new();
    for (function, main, _) in programs() {
        for (adapter, variable) in VARIABLES.iter().filter(|(adapter, _)| main.contains(adapter)) {
            asked.insert(*adapter);
            assert!(
                function.has(&format!(" {variable}: ")),
                "{} asks for {adapter} without {variable}",
                function.id
            );
        }
    }
    assert_eq!(asked.len(), VARIABLES.len(), "an adapter that nobody asks for proves nothing: {asked:?}");
}

/// No step only destroys keys: each opens what is sealed, also the one that closes.
#[test]
fn a_function_that_holds_the_keyring_may_unwrap_a_tenants_keys() {
    let holders: Vec<_> = programs().into_iter().filter(|(_, main, _)| main.contains("keyring()")).collect();
    assert!(!holders.is_empty(), "nobody holds the keyring");
    for (function, _, role) in holders {
        assert!(function.has(" LACUNA_KMS_KEY: "), "{} has no LACUNA_KMS_KEY", function.id);
        let unwraps = |line: &String| {
            line.contains("kms:Decrypt")
                && line.contains("!Ref KeyArn")
                && line.contains("Condition: {'Null': {'kms:EncryptionContext:tenant': 'false'}}")
        };
        assert!(role.lines.iter().any(unwraps), "{}: {} may not unwrap a key", role.file, role.id);
    }
}

/// Under an execution role KMS is called directly: such a condition keeps executions from starting.
#[test]
fn an_execution_role_is_not_bound_to_the_service_that_calls() {
    let roles: Vec<_> =
        of_kind("AWS::IAM::Role").into_iter().filter(|r| r.has("Service: states.amazonaws.com")).collect();
    assert!(!roles.is_empty(), "no role is Step Functions'");
    for role in roles {
        // A comment may say why it is not there.
        let bound = |line: &&String| line.contains("kms:ViaService") && !line.trim_start().starts_with('#');
        assert_eq!(role.lines.iter().find(bound), None, "{}: {}", role.file, role.id);
    }
}

#[test]
fn buckets_are_closed_and_encrypted_under_our_key() {
    for bucket in of_kind("AWS::S3::Bucket") {
        let at = format!("{}: {}", bucket.file, bucket.id);
        assert!(bucket.has("BlockPublicAcls: true") && bucket.has("RestrictPublicBuckets: true"), "{at}");
        assert!(bucket.has("SSEAlgorithm: aws:kms"), "{at}");
    }
    let staging =
        of_kind("AWS::S3::Bucket").into_iter().find(|b| b.id.starts_with("Staging")).expect("staging");
    assert!(staging.has("LifecycleConfiguration"), "what is orphaned in staging must expire");
    assert!(!staging.has("Status: Enabled}") || !staging.has("VersioningConfiguration: {Status: Enabled}"));
}

#[test]
fn logs_do_not_live_for_ever() {
    for group in of_kind("AWS::Logs::LogGroup") {
        assert!(group.has("RetentionInDays"), "{}: {}", group.file, group.id);
    }
}

#[test]
fn queues_are_encrypted_and_have_somewhere_to_put_poison() {
    let queues = of_kind("AWS::SQS::Queue");
    for queue in &queues {
        assert!(
            queue.has("KmsMasterKeyId") || queue.has("SqsManagedSseEnabled"),
            "{}: {}",
            queue.file,
            queue.id
        );
    }
    let intake = queues.iter().find(|q| q.id.starts_with("Intake") && q.has("RedrivePolicy"));
    assert!(intake.is_some(), "the intake queue has a dead-letter queue");
}

/// The API's paths, in the template and in the document that describes them.
#[test]
fn the_template_serves_what_the_openapi_document_describes() {
    let template = read("template.yaml");
    let openapi = read("infra/openapi.yaml");
    let served: BTreeSet<String> = template
        .lines()
        .filter(|l| l.contains("Type: Api,"))
        .filter_map(|l| {
            let method = l.split("Method: ").nth(1)?.split([',', '}']).next()?.trim().to_lowercase();
            let path = l.split("Path: ").nth(1)?.trim_matches(|c: char| " '}".contains(c)).to_owned();
            let path = if path.contains('{') && !path.ends_with('}') && path.ends_with("{id") {
                path + "}"
            } else {
                path
            };
            Some(format!("{method} {path}"))
        })
        .collect();
    let mut described = BTreeSet::new();
    let mut path = None;
    for line in openapi.split("\npaths:\n").nth(1).expect("paths").lines() {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            break;
        }
        if let Some(found) = line.strip_prefix("  /") {
            path = Some(format!("/{}", found.trim_end_matches(':')));
        } else if let Some(method) = line.strip_prefix("    ").filter(|l| !l.starts_with(' ')) {
            let method = method.trim_end_matches(':');
            if ["get", "post", "delete", "put", "patch"].contains(&method) {
                described.insert(format!("{method} {}", path.clone().expect("a path")));
            }
        }
    }
    assert_eq!(served, described);
    let routed: BTreeSet<String> = fulfillment::api::ROUTES
        .iter()
        .map(|r| format!("{} {}", r.method.to_lowercase(), r.resource))
        .collect();
    assert_eq!(routed, described);
}
