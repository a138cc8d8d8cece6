//! What the templates must say, because the local engine would accept anything.

use std::collections::BTreeSet;

use crate::repository::{files, read};

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
