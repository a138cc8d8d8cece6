//! Every answer of every operation of every function behind the API, masked by its caller's role.

use std::collections::{BTreeMap, BTreeSet};

use super::documented::{examples_of, operations};
use super::scenes::scenes;
use super::schema::Document;
use super::*;
use crate::masking::{ByRole, UNMASKED};

/// Its answer is masked within the base64: `masking::by_role` has its tests.
const DECRYPT: (&str, &str) = ("POST", "/v1/vault/decrypt");

/// The scene in which there is personal data on purpose: who fetched a package, from where.
const DOWNLOADS: &str = "downloads";

fn of(world: &World) -> ByRole {
    ByRole::new(world.tenants(), world.clock())
}

/// What a role gets to see of an answer to an operation.
async fn seen(by_role: &ByRole, role: Role, (method, path): (&str, &str), answer: &Answer) -> Answer {
    let call = Call { resource: path.to_owned(), ..call(&caller(role), method, "/v1/requests") };
    by_role.answer(&call, async |_| answer.clone()).await
}

/// The places of all texts in a document.
fn texts(value: &Value, at: &str, all: &mut Vec<String>) {
    match value {
        Value::String(_) => all.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, v)| texts(v, &format!("{at}/{n}"), all));
        }
        Value::Object(map) => {
            map.iter().for_each(|(name, v)| texts(v, &format!("{at}/{}", name.replace('/', "~1")), all));
        }
        _ => {}
    }
}

/// The document with something written behind one of its texts.
fn planted(value: &Value, at: &str, behind: &str) -> Value {
    let mut value = value.clone();
    let text = value.pointer_mut(at).expect("a text");
    *text = json!(format!("{} {behind}", text.as_str().expect("a text")));
    value
}

/// The scenes of each operation: what the document has as an example of its answers, those that operations share too.
async fn scenes_by_operation(document: &Document) -> BTreeMap<(String, String), Vec<(String, Answer)>> {
    let scenes: BTreeMap<_, _> = Box::pin(scenes(document)).await.into_iter().collect();
    let mut all = BTreeMap::new();
    for (method, path, operation) in operations(document) {
        let responses = operation["responses"].as_object().expect("responses").values();
        let examples = responses.flat_map(|response| examples_of(document, document.resolve(response)));
        let answers = examples.filter_map(|e| Some((e.name.clone(), scenes.get(e.name.as_str())?.clone())));
        all.insert((method, path), answers.collect());
    }
    all
}

#[tokio::test]
async fn whatever_an_answer_says_somewhere_is_masked_there_and_nothing_else() {
    let document = Document::read();
    let front = front();
    let rules = json!({"roles": {"auditor": {"default": "redact"}}});
    front.world.put_settings(Settings { masking: Some(rules), ..settings("demo") });
    let by_role = of(&front.world);
    let see = async |place: (&str, &str), answer: &Answer| seen(&by_role, Role::Auditor, place, answer).await;
    let (mut masked, mut kept) = (BTreeSet::new(), BTreeSet::new());
    let by_operation = scenes_by_operation(&document).await;
    for ((method, path), answers) in &by_operation {
        let place = (method.as_str(), path.as_str());
        for (name, answer) in answers.iter().filter(|(_, answer)| !answer.body.is_empty()) {
            let done = answer.status < 300;
            if done && place == DECRYPT {
                continue;
            }
            let unmasked = done && UNMASKED.contains(&place);
            let plain = json_of(&see(place, answer).await);
            let changed = plain != json_of(answer);
            assert_eq!(changed, name == DOWNLOADS, "{name}: {plain:#}");
            let mut all = Vec::new();
            texts(&plain, "", &mut all);
            for at in all {
                let body = planted(&json_of(answer), &at, "ask john@example.com").to_string();
                let answer = Answer { body, ..answer.clone() };
                let shown = see(place, &answer).await;
                let expect = if unmasked { "ask john@example.com" } else { "ask [email]" };
                assert_eq!(json_of(&shown), planted(&plain, &at, expect), "{place:?} {name} {at}");
                let rest = |answer: &Answer| (answer.status, answer.headers.clone(), answer.fault.clone());
                assert_eq!(rest(&shown), rest(&answer), "{name}");
                let all = if unmasked { &mut kept } else { &mut masked };
                all.insert((method.clone(), path.clone()));
            }
        }
    }
    let all = operations(&document).into_iter().map(|(method, path, _)| (method, path));
    let by_token: BTreeSet<_> = all.filter(|(_, path)| path != crate::fetch::PAGE).collect();
    assert_eq!(masked, by_token, "each of them has an answer that is masked");
    let named = UNMASKED.map(|(method, path)| (method.to_owned(), path.to_owned()));
    assert_eq!(kept, named.into(), "each of the exceptions is an operation, and has an answer");
}

#[tokio::test]
async fn without_settings_nothing_changes_where_nobody_is_named() {
    let document = Document::read();
    let front = front();
    let by_role = of(&front.world);
    for ((method, path), answers) in scenes_by_operation(&document).await {
        for (name, answer) in answers {
            for role in Role::ALL {
                let shown = seen(&by_role, role, (&method, &path), &answer).await;
                let clear = matches!(role, Role::Officer | Role::Subject | Role::Backend);
                if name == DOWNLOADS && !clear {
                    let address = &json_of(&shown)["items"][0]["address"];
                    assert_eq!(address, "203.0.*.*", "{role:?}");
                } else {
                    assert_eq!(shown, answer, "{name} to {role:?}");
                }
            }
        }
    }
}

/// Whether it is one of the texts that a rule for dates and one for ids leave as they are in answers.
fn holds_together(text: &str) -> bool {
    let id = ["req_", "hold_", "rpl_"].iter().any(|prefix| text.starts_with(prefix) && !text.contains(' '));
    let hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    id || hash || text.parse::<jiff::Timestamp>().is_ok()
}

#[tokio::test]
async fn rules_of_a_tenants_own_change_no_instant_id_hash_and_cursor_and_nothing_for_a_role_that_is_not_named()
 {
    let document = Document::read();
    let front = front();
    let custom = json!([{"name": "day", "pattern": "[0-9]{4}-[0-9]{2}-[0-9]{2}"},
        {"name": "id", "pattern": "[a-z]{3,4}_[0-9a-z]{26}"}, {"name": "word", "pattern": "[0-9A-Za-z_-]{20,100}"}]);
    let rules = json!({"custom": custom, "roles": {"auditor": {"kinds": {"ip": "off"}}}});
    front.world.put_settings(Settings { masking: Some(rules), ..settings("demo") });
    let by_role = of(&front.world);
    let (mut stayed, mut cursors) = (0, 0);
    for ((method, path), answers) in scenes_by_operation(&document).await {
        for (name, answer) in answers.into_iter().filter(|(_, answer)| !answer.body.is_empty()) {
            let place = (method.as_str(), path.as_str());
            if name != DOWNLOADS {
                assert_eq!(seen(&by_role, Role::Admin, place, &answer).await, answer, "{name}");
            }
            let shown = json_of(&seen(&by_role, Role::Auditor, place, &answer).await);
            let plain = json_of(&answer);
            let mut all = Vec::new();
            texts(&plain, "", &mut all);
            for at in all {
                let text = plain.pointer(&at).and_then(Value::as_str).expect("a text");
                let cursor = at.ends_with("/cursor");
                if cursor || holds_together(text) {
                    assert_eq!(shown.pointer(&at), plain.pointer(&at), "{name} {at}");
                    (stayed, cursors) = (stayed + 1, cursors + usize::from(cursor));
                }
            }
        }
    }
    assert!(stayed > 100 && cursors > 0, "{stayed} {cursors}");
    // Elsewhere they are found.
    let note = Answer::text(200, r#"{"note":"req_01arz3ndektsv4rrffq69g5fav of 2026-03-02"}"#.to_owned());
    let shown = seen(&by_role, Role::Auditor, ("GET", "/v1/requests"), &note).await;
    assert_eq!(shown.body, r#"{"note":"*** of ***"}"#);
}
