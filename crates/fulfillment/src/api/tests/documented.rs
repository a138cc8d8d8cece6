//! `infra/openapi.yaml` and the program say the same: every operation is routed and every route is
//! documented, and every example of an answer is what the program answers, field by field.

use std::collections::BTreeSet;

use contract::problem::Problem;
use domain::Status;
use domain::access::{Action, Role};
use domain::export::Format;
use domain::request::RequestType;
use serde_json::json;

use super::scenes::scenes;
use super::schema::Document;
use super::*;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// What is answered before the front door is reached.
const BEFORE: [&str; 3] = ["unauthenticated", "tokenEnded", "tooMany"];

/// An example of the document: its name, its schema, its value.
pub(super) struct Example {
    pub(super) name: String,
    schema: Value,
    value: Value,
}

pub(super) fn examples_of(document: &Document, response: &Value) -> Vec<Example> {
    let content = response.get("content").and_then(Value::as_object);
    let mut examples = Vec::new();
    // A page is for people: what is on it is tested where it is made.
    let documents = content.into_iter().flatten().filter(|(kind, _)| *kind != "text/html");
    for (_, media) in documents {
        for (name, example) in media["examples"].as_object().expect("examples") {
            let (name, schema) = (name.clone(), media["schema"].clone());
            examples.push(Example { name, schema, value: document.resolve(example)["value"].clone() });
        }
    }
    examples
}

/// Every operation: its method, its path and what the document says of it.
pub(super) fn operations(document: &Document) -> Vec<(String, String, &Value)> {
    let mut operations = Vec::new();
    for (path, item) in document.0["paths"].as_object().expect("paths") {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                operations.push((method.to_uppercase(), path.clone(), operation));
            }
        }
    }
    operations
}

/// Every example of an answer, those that operations share once.
fn answers(document: &Document) -> Vec<Example> {
    let mut all = Vec::new();
    for (_, _, operation) in operations(document) {
        let responses = operation["responses"].as_object().expect("responses").values();
        let own = responses.filter(|response| response.get("$ref").is_none());
        all.extend(own.flat_map(|response| examples_of(document, response)));
    }
    let shared = document.0["components"]["responses"].as_object().expect("responses").values();
    all.extend(shared.flat_map(|response| examples_of(document, response)));
    all
}

/// The body of an operation's example.
pub(super) fn body(document: &Document, name: &str) -> Value {
    let bodies =
        operations(document).into_iter().filter_map(|(_, _, operation)| operation.get("requestBody"));
    let mut examples = bodies.flat_map(|body| examples_of(document, body));
    examples.find(|example| example.name == name).expect("an example").value
}

#[test]
fn every_operation_is_routed_and_every_route_is_documented() {
    let document = Document::read();
    let documented: BTreeSet<_> = operations(&document)
        .into_iter()
        .map(|(method, path, operation)| (method, path, operation["operationId"].to_string()))
        .collect();
    let routed: BTreeSet<_> = ROUTES
        .iter()
        .map(|r| (r.method, r.resource, r.endpoint.as_str()))
        .chain(crate::vault::ROUTES.iter().map(|r| (r.method, r.resource, r.endpoint.as_str())))
        .chain(crate::auditing::ROUTES.iter().map(|r| (r.method, r.resource, r.endpoint.as_str())))
        .chain(crate::masking::ROUTES.iter().map(|r| (r.method, r.resource, r.endpoint.as_str())))
        .chain(crate::fetch::ROUTES.iter().map(|r| (r.method, r.resource, r.endpoint.as_str())))
        .chain(crate::fetch::PAGE_ROUTES.iter().map(|r| (r.method, r.resource, r.endpoint)))
        .map(|(method, path, name)| (method.to_owned(), path.to_owned(), format!("\"{name}\"")))
        .collect();
    assert_eq!(documented, routed);
}

#[test]
fn every_example_is_valid_and_every_parameter_is_named_in_its_path() {
    let document = Document::read();
    for (method, path, operation) in operations(&document) {
        let body = operation.get("requestBody").map(|body| examples_of(&document, body));
        for example in body.into_iter().flatten() {
            let errors = document.errors(&example.schema, &example.value, "");
            assert!(errors.is_empty(), "{method} {path} {}: {errors:?}", example.name);
        }
        let shared = document.0["paths"][&path]["parameters"].as_array().cloned().unwrap_or_default();
        let in_path = shared.iter().filter(|p| document.resolve(p)["in"] == "path").count();
        assert_eq!(in_path, path.matches('{').count(), "{path}");
    }
    let mut names = BTreeSet::new();
    for example in answers(&document) {
        let errors = document.errors(&example.schema, &example.value, "");
        assert!(errors.is_empty(), "{}: {errors:?}", example.name);
        assert!(names.insert(example.name.clone()), "{} is there twice", example.name);
    }
}

fn references(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            all.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| references(value, all));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, all)),
        _ => {}
    }
}

#[test]
fn everything_that_is_referred_to_is_there() {
    let document = Document::read();
    let mut all = BTreeSet::new();
    references(&document.0, &mut all);
    let found = |to: &String| document.0.pointer(to.trim_start_matches('#')).is_some();
    let missing: Vec<_> = all.iter().filter(|to| !found(to)).collect();
    assert!(all.len() > 10 && missing.is_empty(), "{missing:?}");
}

#[test]
fn the_document_lists_what_the_program_knows() {
    let document = Document::read();
    let enumerated = |name: &str| document.0["components"]["schemas"][name]["enum"].clone();
    let statuses: Vec<&str> = Status::ALL.iter().map(|s| s.as_str()).collect();
    assert_eq!(enumerated("Status"), json!(statuses));
    assert_eq!(enumerated("Type"), json!(RequestType::ALL.map(RequestType::as_str)));
    assert_eq!(enumerated("Format"), json!(Format::ALL.map(Format::as_str)));
    let problems = [
        Problem::invalid(""),
        Problem::sealed_data(""),
        Problem::unauthenticated(""),
        Problem::forbidden(""),
        Problem::not_found(""),
        Problem::no_receipt(""),
        Problem::method_not_allowed(""),
        Problem::conflict(""),
        Problem::key_reused(""),
        Problem::key_destroyed(""),
        Problem::gone(""),
        Problem::too_large(""),
        Problem::unavailable(""),
    ];
    let kinds: Vec<&str> = problems.iter().map(|p| p.kind.as_str()).collect();
    let schema = &document.0["components"]["schemas"]["Problem"];
    assert_eq!(schema["properties"]["type"]["enum"], json!(kinds));
    let prose = document.0["info"]["description"].as_str().expect("a description");
    for problem in problems {
        assert!(prose.contains(&format!("| `{}` | {} |", problem.kind, problem.status)), "{}", problem.kind);
    }
}

/// Everything but the page is for those with a token, and a table says who they are.
#[test]
fn only_the_page_needs_no_token_and_the_table_of_roles_is_the_programs() {
    let document = Document::read();
    for (method, path, operation) in operations(&document) {
        let open = operation.get("security") == Some(&json!([]));
        assert_eq!(open, path == crate::fetch::PAGE, "{method} {path}");
    }
    let prose = document.0["info"]["description"].as_str().expect("a description");
    for (line, action) in [
        ("fetch what a request exported", Action::Fetch),
        ("make a download code", Action::MakeCode),
        ("read from where packages were fetched", Action::ReadVisits),
        ("submit a request", Action::Submit),
        ("read what a receipt names its person by", Action::ReadSalt),
        ("read the audit log and its checkpoints", Action::ReadAudit),
        ("accept that a store is unproven", Action::Accept),
        ("judge who was found again", Action::Judge),
        ("read holds", Action::ReadHolds),
        ("say that a store was restored, and replay", Action::Replay),
        ("read restores and replays", Action::ReadLedger),
        ("seal and open data", Action::Unseal),
        ("rotate a key", Action::RotateKeys),
        ("have texts masked", Action::Mask),
    ] {
        let row = prose.lines().find(|row| row.contains(&format!("| {line} |"))).expect("a row");
        let cells: Vec<bool> = row.split('|').skip(2).take(6).map(|cell| !cell.trim().is_empty()).collect();
        assert_eq!(cells, Role::ALL.map(|role| role.may(action)), "{line}");
    }
}

#[tokio::test]
async fn every_example_of_an_answer_is_what_the_program_answers() {
    let document = Document::read();
    let mut answered = Vec::new();
    for (name, answer) in Box::pin(scenes(&document)).await {
        let example = answers(&document).into_iter().find(|example| example.name == name);
        let example = example.unwrap_or_else(|| panic!("{name} is no example of the document"));
        let actual = json_of(&answer);
        let errors = document.errors(&example.schema, &actual, "");
        assert!(errors.is_empty(), "{name}: {errors:?}\n{actual:#}");
        assert_eq!(without_chance(actual), without_chance(example.value), "{name}");
        answered.push(name.to_owned());
    }
    answered.extend(BEFORE.map(str::to_owned));
    answered.sort();
    let mut documented: Vec<String> = answers(&document).into_iter().map(|e| e.name).collect();
    documented.sort();
    assert_eq!(answered, documented);
}

fn is_hash(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Pseudonyms, hashes, codes, cursors and what is sealed are the key's and not ours to write down.
fn without_chance(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let same = |(name, value): (String, Value)| match name.as_str() {
                "cursor" => (name, json!("CURSOR")),
                "sealed" => (name, json!("SEALED")),
                "checks" | "proof" | "lines" | "checkpoint" => (name, json!("PROOF")),
                "key" if value.is_string() => (name, json!("KEY")),
                _ if is_hash(&value) => (name, json!("HASH")),
                "who" | "packed_by" => {
                    let role =
                        value.as_str().and_then(|who| who.split_once(':')).map(|(role, _)| role.to_owned());
                    (name, json!(role))
                }
                _ => (name, without_chance(value)),
            };
            map.into_iter().map(same).collect()
        }
        Value::Array(items) => items.into_iter().map(without_chance).collect(),
        other => other,
    }
}
