//! The outside: the API over HTTP, the company's stores through the seeder, the audit table.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use audit::{Block, Entry};
use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::repository::root;

/// How long a journey waits for a status. Cooling-off is five seconds here.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long it waits for one that exports: packages are there for 45 seconds here (`LACUNA_OPEN_FOR`).
const LONG_PATIENCE: Duration = Duration::from_mins(3);

#[allow(clippy::disallowed_methods, reason = "the launcher says where the engine is, and no one else")]
fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: `make test` starts the engine and sets it"))
}

/// Who calls.
#[derive(Debug, Clone, Copy)]
pub enum As {
    Backend,
    Officer,
    Auditor,
    Admin,
    Owner,
    Subject,
    OtherTenant,
    OtherAdmin,
    Nobody,
}

impl As {
    /// Their token, if they have one.
    pub fn token(self) -> Option<String> {
        let name = match self {
            Self::Backend => "LACUNA_TOKEN_BACKEND",
            Self::Officer => "LACUNA_TOKEN_OFFICER",
            Self::Auditor => "LACUNA_TOKEN_AUDITOR",
            Self::Admin => "LACUNA_TOKEN_ADMIN",
            Self::Owner => "LACUNA_TOKEN_OWNER",
            Self::Subject => "LACUNA_TOKEN_SUBJECT",
            Self::OtherTenant => "LACUNA_TOKEN_OTHER",
            Self::OtherAdmin => "LACUNA_TOKEN_OTHER_ADMIN",
            Self::Nobody => return None,
        };
        Some(variable(name))
    }
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// Calls the API.
pub async fn call(who: As, method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> Answer {
    let client =
        reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build().expect("a client");
    let mut request = client.request(method, url(path));
    if let Some(token) = who.token() {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.expect("the API answers");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

/// An answer as it came, wherever it leads.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub location: Option<String>,
    pub body: Vec<u8>,
}

/// Asks for an address with a token or without one, or sends it a form. Follows nothing.
pub async fn ask(url: &str, token: Option<&str>, form: Option<&str>) -> Answered {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy();
    let client = client.redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut request = match form {
        None => client.get(url),
        Some(_) => client.post(url).header("Content-Type", "application/x-www-form-urlencoded"),
    };
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let response = request.body(form.unwrap_or_default().to_owned()).send().await.expect("an answer");
    let location = response.headers().get("location").map(|to| to.to_str().expect("text").to_owned());
    let status = response.status().as_u16();
    Answered { status, location, body: response.bytes().await.expect("a body").to_vec() }
}

/// An address of the API.
pub fn url(path: &str) -> String {
    format!("{}{path}", variable("LACUNA_URL"))
}

/// The token of a customer of the demonstration.
pub fn token_of(email: &str) -> String {
    let (fine, token, told) = python("localstack/tokens.py", &["subject", email]);
    assert!(fine, "{told}");
    token.trim().to_owned()
}

/// The body of an erasure request.
pub fn erasure(email: &str, verified: bool) -> Value {
    let mut body = json!({
        "type": "erasure",
        "subject": {"identities": [{"type": "email", "value": email}]},
        "jurisdiction": "EU",
    });
    if verified {
        let at = now();
        body["verification"] = json!({"method": "session", "at": at, "reference": "journey"});
    }
    body
}

/// The time, as the API takes it.
#[allow(clippy::disallowed_methods, reason = "a journey is a client of its own, with a clock of its own")]
pub fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// The time from now.
#[allow(clippy::disallowed_methods, reason = "a journey is a client of its own, with a clock of its own")]
pub fn in_days(days: i64) -> String {
    let later = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(24 * days));
    later.expect("in time").to_string()
}

/// A key that no earlier run used.
pub fn fresh_key(name: &str) -> String {
    format!("{name}-{}", now())
}

/// Submits an erasure for somebody who was verified; the request's id.
pub async fn submit(email: &str) -> String {
    submit_this(erasure(email, true)).await
}

/// Submits a request; its id.
pub async fn submit_this(body: Value) -> String {
    let answer =
        call(As::Backend, Method::POST, "/v1/requests", Some(&fresh_key("submit")), Some(body)).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    answer.body["request_id"].as_str().expect("an id").to_owned()
}

/// The request.
pub async fn show(id: &str) -> Value {
    let answer = call(As::Officer, Method::GET, &format!("/v1/requests/{id}"), None, None).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

/// Waits until the request has one of the statuses.
pub async fn wait_for(id: &str, statuses: &[&str]) -> Value {
    let began = Instant::now();
    loop {
        let request = show(id).await;
        let status = request["status"].as_str().unwrap_or_default();
        if statuses.contains(&status) {
            return request;
        }
        let patience = if request.get("export").is_some() { LONG_PATIENCE } else { PATIENCE };
        assert!(began.elapsed() < patience, "{id} is {status}, not {statuses:?}: {request:#}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Where the launcher keeps what it makes.
pub fn local() -> PathBuf {
    root().join(variable("LACUNA_LOCAL"))
}

/// What the sanction source answers from now on; `None`: clear.
pub fn sanction(verdict: Option<Value>) {
    let path = local().join("sanction.json");
    match verdict {
        Some(verdict) => std::fs::write(path, verdict.to_string()).expect("written"),
        None => drop(std::fs::remove_file(path)),
    }
}

fn seeder(arguments: &[&str]) -> (bool, String, String) {
    python("localstack/seed.py", arguments)
}

/// Runs a script; whether it went well, what it printed, and what it said of itself.
pub fn python(script: &str, arguments: &[&str]) -> (bool, String, String) {
    let done = Command::new(root().join(".venv/bin/python"))
        .arg(script)
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("the script runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.success(), text(&done.stdout), text(&done.stderr))
}

/// Everywhere a text still is: stores, tables, buckets, logs, executions, queues, files.
pub fn places(text: &str) -> Vec<String> {
    let (nowhere, places, told) = seeder(&["find", text]);
    let places: Vec<String> = places.lines().map(str::to_owned).collect();
    // A search that broke found nothing either.
    let looked = told.lines().any(|line| line.starts_with("looked at "));
    assert!(looked && nowhere == places.is_empty(), "{told}");
    places
}

/// How many of a customer's records the product does not show: in the shop, in the CRM.
pub fn hidden(email: &str) -> (u64, u64) {
    let (fine, text, told) = seeder(&["hidden", email]);
    assert!(fine, "{told}");
    let counts: Value = serde_json::from_str(&text).expect("JSON");
    (counts["shop"].as_u64().expect("a count"), counts["crm"].as_u64().expect("a count"))
}

/// Customers and revenue, from the shop and from the CRM.
pub fn figures() -> Value {
    let (fine, text, told) = seeder(&["stats"]);
    assert!(fine, "{told}");
    serde_json::from_str(&text).expect("JSON")
}

/// The webhooks that arrived: headers and body.
pub fn webhooks() -> Vec<(Value, String)> {
    let text = std::fs::read_to_string(local().join("webhooks.jsonl")).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|line| (line["headers"].clone(), line["body"].as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// Every entry of the tenant's audit, in order: its blocks are spread over four partitions.
pub async fn audit_entries(tenant: &str) -> Vec<Entry> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_dynamodb::Client::new(&config);
    let mut entries = Vec::new();
    for spread in ["", "#1", "#2", "#3"] {
        let mut from = None;
        loop {
            let page = client
                .query()
                .table_name("lacuna-audit")
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":pk", AttributeValue::S(format!("T#{tenant}{spread}")))
                .expression_attribute_values(":sk", AttributeValue::S("SEQ#".into()))
                .consistent_read(true)
                .set_exclusive_start_key(from)
                .send()
                .await
                .expect("the audit table answers");
            for item in page.items() {
                let doc = item["doc"].as_s().expect("a document");
                let block: Block = serde_json::from_str(doc).expect("a block");
                entries.extend(block.entries);
            }
            from = page.last_evaluated_key().cloned();
            if from.is_none() {
                break;
            }
        }
    }
    entries.sort_by_key(|entry| entry.seq);
    entries
}

/// Has a function do what its schedule has it do.
pub fn run_function(name: &str) {
    let (done, out, err) = python("localstack/invoke.py", &[name]);
    assert!(done, "{name}: {out}{err}");
}
