//! No answer repeats what was sent, wherever in the call it was.

use domain::access::Role;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What is looked for in answers. It is nowhere in the program.
const MARK: &str = "Zqx7Mark";

/// A value that somebody could send, with the mark in it.
fn marked() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just(MARK.to_owned()),
        Just(format!("{MARK}@example.com")),
        Just(format!("2026-03-02T09:00:00Z {MARK}")),
        Just(format!("\u{0}\n{MARK}\"'\\")),
        "[a-z]{0,4}".prop_map(|end| format!("{MARK}{end}")),
    ];
    let leaf = prop_oneof![text.clone().prop_map(Value::from), Just(json!(7)), Just(json!(null))];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(text.clone(), inner, 1..4)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

/// Every place in a body that can be replaced.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(name, v)| pointers(v, &format!("{at}/{name}"), all)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, v)| pointers(v, &format!("{at}/{n}"), all));
        }
        _ => {}
    }
}

fn replaced(mut body: Value, at: prop::sample::Index, with: Value) -> Value {
    let mut all = Vec::new();
    pointers(&body, "", &mut all);
    if let Some(place) = body.pointer_mut(at.get::<String>(&all)) {
        *place = with;
    }
    body
}

fn exporting() -> Value {
    let mut body = submission(PERSON);
    body["type"] = json!("erasure");
    body["export_first"] = json!(true);
    body["format"] = json!("csv");
    body["recipient"] = json!({"age": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"});
    body["min_versions"] = json!({"shop": "7"});
    body
}

fn clean(answer: &Answer) {
    assert!(!answer.body.contains(MARK), "{}", answer.body);
    assert!(answer.headers.iter().all(|(_, value)| !value.contains(MARK)));
    let fault = answer.fault.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(!fault.contains(MARK), "{fault}");
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(test);
}

proptest! {
    #[test]
    fn a_body_is_never_repeated(
        which in 0_usize..4, at in any::<prop::sample::Index>(), again in any::<prop::sample::Index>(),
        with in marked(), and in marked(),
    ) {
        run(async {
            let front = front();
            let id = front.submit("b@example.com").await;
            let (target, body) = [
                ("/v1/requests".to_owned(), submission(PERSON)),
                ("/v1/requests".to_owned(), exporting()),
                ("/v1/holds".to_owned(), hold(PERSON)),
                (format!("/v1/requests/{id}/verification"), verification()),
            ][which].clone();
            let body = replaced(replaced(body, at, with), again, and);
            let who = caller(Role::Admin);
            clean(&front.post_with(&who, &target, "k", &body).await);
            let extra = json!({MARK: body});
            clean(&front.post_with(&who, &target, "k", &extra).await);
        });
    }

    #[test]
    fn bytes_that_are_no_json_are_never_repeated(cut in any::<prop::sample::Index>(), with in ".{0,8}") {
        run(async {
            let mut body = submission(&format!("{MARK}@example.com")).to_string();
            let mut at = cut.index(body.len());
            while !body.is_char_boundary(at) { at -= 1; }
            body.truncate(at);
            let body = format!("{body}{with}{MARK}");
            let who = caller(Role::Backend);
            let call = Call { body: body.into(), ..with_key(&who, "/v1/requests", "k", &json!(null)) };
            clean(&front().send(&call).await);
        });
    }
}

#[tokio::test]
async fn headers_queries_and_ids_are_never_repeated() {
    let front = front();
    let who = caller(Role::Admin);
    let post = |key: &str| with_key(&who, "/v1/requests", key, &submission(PERSON));
    clean(&front.send(&post(&format!("{MARK} {MARK}"))).await);
    clean(&front.send(&post(MARK)).await);
    clean(&front.post_with(&who, "/v1/requests", MARK, &submission("b@example.com")).await);
    for target in [
        "/v1/requests?status=MARK",
        "/v1/requests?limit=MARK",
        "/v1/requests?cursor=MARK",
        "/v1/requests?MARK=1",
        "/v1/requests/MARK",
        "/v1/requests/MARK/timeline",
        "/v1/holds?cursor=MARK",
    ] {
        clean(&front.ask(&who, "GET", &target.replace("MARK", MARK)).await);
    }
    clean(&front.ask(&who, "DELETE", &format!("/v1/holds/{MARK}")).await);
    clean(&front.ask(&who, MARK, "/v1/requests").await);
}

/// The person, the caller and the caller's own words are in no answer, event or stored request.
#[tokio::test]
async fn what_is_stored_names_nobody() {
    let front = front();
    let who = Principal { sub: Personal::new(MARK), ..caller(Role::Admin) };
    let mut body = unverified(&format!("{MARK}@example.com"));
    body["verification"] = json!({"method": "session", "at": "2026-03-02T08:59:00Z", "reference": MARK});
    let submitted = front.post_with(&who, "/v1/requests", MARK, &body).await;
    assert_eq!(submitted.status, 202, "{}", submitted.body);
    let id = id_of(&submitted);
    front.pin(&id).await;
    let held = front.post_with(&who, "/v1/holds", MARK, &hold(&format!("{MARK}@example.com"))).await;
    assert_eq!(held.status, 201);
    for target in ["", "/timeline"] {
        clean(&front.ask(&who, "GET", &format!("/v1/requests/{id}{target}")).await);
    }
    clean(&front.ask(&who, "GET", "/v1/requests").await);
    clean(&front.ask(&who, "GET", "/v1/holds").await);
    let stored = serde_json::to_string(&front.world.all_requests()).expect("JSON");
    let events = serde_json::to_string(&front.world.stream().history()).expect("JSON");
    let papers = front.world.staged().concat();
    let mark = MARK.to_lowercase();
    for text in [stored, events, papers] {
        assert!(!text.to_lowercase().contains(&mark), "{text}");
    }
}
