//! Journeys that end with a package in a person's hands, and with nothing of it left.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{
    Answered, As, ask, call, erasure, local, places, python, sanction, submit_this, token_of, url, wait_for,
};

/// Customers of the demonstration, whom no other journey is about.
const JENNIFER: &str = "jenniferp@rogers.ca";
const FRANK: &str = "fharris@google.com";
const KATHY: &str = "kachase@hotmail.com";

/// How often what takes a moment is looked for.
const TURNS: usize = 100;

fn access(email: &str, more: &Value) -> Value {
    let mut body = erasure(email, true);
    body["type"] = json!("access");
    for (name, value) in more.as_object().expect("fields") {
        body[name.as_str()] = value.clone();
    }
    body
}

fn script(arguments: &[&str]) -> Value {
    let (fine, text, told) = python("tests/it/engine/package.py", arguments);
    assert!(fine, "{told}");
    serde_json::from_str(&text).expect("JSON")
}

/// Asks for a link with a person's own token.
async fn link(id: &str, email: &str) -> Answered {
    ask(&url(&format!("/v1/requests/{id}/export")), Some(&token_of(email)), None).await
}

async fn page(id: &str, code: Option<&str>) -> Answered {
    let form = code.map(|code| format!("code={code}"));
    ask(&url(&format!("/v1/exports/demo/{id}")), None, form.as_deref()).await
}

/// Fetches the package that an answer leads to, and compares it with the stores.
async fn same(answer: &Answered, email: &str, name: &str) -> Value {
    assert_eq!(answer.status, 303, "{answer:?}");
    let package = ask(answer.location.as_deref().expect("a link"), None, None).await;
    assert_eq!(package.status, 200);
    let path = local().join(format!("tmp/{name}.zip"));
    std::fs::write(&path, package.body).expect("written");
    let found = script(&["same", path.to_str().expect("text"), email]);
    std::fs::remove_file(path).expect("removed: a test leaves nobody's data");
    found
}

/// The code of the letter that is sent once the packages are there.
async fn code_of(email: &str, id: &str) -> String {
    for _ in 0..TURNS {
        let letters = script(&["letters", email]);
        let letters = letters.as_array().expect("letters");
        let Some(letter) = letters.iter().filter_map(Value::as_str).rfind(|text| text.contains(id)) else {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            continue;
        };
        assert!(letter.contains(&url(&format!("/v1/exports/demo/{id}"))), "it says where: {letter}");
        assert!(!letter.contains("X-Amz"), "there is no link to a package in it: {letter}");
        let code = letter.split_whitespace().find(|word| word.len() == 64).expect("a code");
        return code.to_owned();
    }
    panic!("no letter about {id}");
}

/// What is left of a request's packages, once it is over.
async fn left(id: &str) -> Value {
    let mut found = script(&["left", id]);
    for _ in 0..TURNS {
        if found == json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        found = script(&["left", id]);
    }
    found
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn a_person_gets_all_that_is_held_and_nothing_of_anybody_else() {
    sanction(None);
    let id = submit_this(access(JENNIFER, &json!({}))).await;
    let request = wait_for(&id, &["ready"]).await;
    let code = code_of(JENNIFER, &id).await;

    let found = same(&link(&id, JENNIFER).await, JENNIFER, "json").await;
    let records = found["records"].as_object().expect("records");
    assert_eq!(request["export"]["records"], json!(records.values().filter_map(Value::as_u64).sum::<u64>()));
    assert!(records["support/tickets"].as_u64() >= Some(4), "every version of every ticket: {records:?}");

    // Another person learns nothing, and who has no token of a person gets no link.
    let another = link(&id, FRANK).await;
    assert_eq!((another.status, another.location), (404, None));
    for (who, status) in [(As::Backend, 403), (As::Officer, 403), (As::Admin, 403), (As::Nobody, 401)] {
        let path = format!("/v1/requests/{id}/export");
        assert_eq!(call(who, Method::GET, &path, None, None).await.status, status, "{who:?}");
    }

    // A link opens what it was signed for.
    let signed = link(&id, JENNIFER).await.location.expect("a link");
    for (from, to) in [("/package-", "/parcel-"), ("X-Amz-Expires=300", "X-Amz-Expires=301")] {
        assert!(signed.contains(from), "{signed}");
        assert_eq!(ask(&signed.replace(from, to), None, None).await.status, 403, "{to}");
    }

    // What S3 says of it by CloudTrail is in the timeline. The engine has no trail, so it is said in its place, twice.
    let key = signed.split_once("-us-east-1/").and_then(|(_, rest)| rest.split_once('?')).expect("a key").0;
    assert_eq!(script(&["tell", key]), json!([true, false]), "noted once");

    // Without a login: by the code of the letter, on a page that says of a request neither that it is nor that it is not.
    let (empty, unknown) = (page(&id, None).await, page("req_01j00000000000000000000000", None).await);
    assert_eq!((empty.status, &empty.body), (200, &unknown.body));
    let wrong = format!("{:064x}", 7);
    let refused = (page(&id, Some(&wrong)).await, page("req_01j00000000000000000000000", Some(&code)).await);
    assert_eq!((refused.0.status, refused.1.status), (403, 403));
    same(&page(&id, Some(&code)).await, JENNIFER, "code").await;

    // When the time is over it is over, by whichever way, and nothing is there any more.
    wait_for(&id, &["fulfilled"]).await;
    assert_eq!(link(&id, JENNIFER).await.status, 410);
    assert_eq!(ask(&signed, None, None).await.status, 404, "the link still works, and leads nowhere");
    let over = page(&id, Some(&code)).await;
    assert!(over.status == 410 && over.location.is_none(), "{over:?}");
    assert_eq!(left(&id).await, json!([]));
    let path = format!("/v1/requests/{id}/timeline?limit=100");
    let said = call(As::Auditor, Method::GET, &path, None, None).await.body.to_string();
    assert_eq!(said.matches("export.fetched").count(), 1, "{said}");
    assert!(!said.contains("not-by-a-link"), "{said}");
    for told in [JENNIFER, code.as_str(), "127.0.0.1"] {
        assert!(!said.contains(told), "the timeline names {told}");
    }
    assert!(!places(JENNIFER).is_empty(), "nothing was erased");
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn a_person_who_wants_a_table_gets_one_that_a_spreadsheet_reads() {
    sanction(None);
    let id = submit_this(access(FRANK, &json!({"type": "portability", "format": "csv"}))).await;
    wait_for(&id, &["ready"]).await;
    let found = same(&link(&id, FRANK).await, FRANK, "csv").await;
    assert_eq!(found["records"]["shop/customers"], 1);
    // Two people need not be told: it ends by itself, or because the person says so.
    let path = format!("/v1/requests/{id}");
    assert_eq!(call(As::Backend, Method::DELETE, &path, None, None).await.status, 202);
    wait_for(&id, &["cancelled", "fulfilled"]).await;
    assert_eq!(left(&id).await, json!([]));
}

#[tokio::test]
#[ignore = "needs the local engine: `make test` starts it"]
async fn an_erasure_gives_everything_first_and_then_nothing_is_left() {
    sanction(None);
    let mut body = erasure(KATHY, true);
    body["export_first"] = json!(true);
    let id = submit_this(body).await;
    wait_for(&id, &["ready"]).await;
    same(&link(&id, KATHY).await, KATHY, "first").await;
    let request = wait_for(&id, &["fulfilled"]).await;
    assert_eq!(request["proof"], "control");
    let path = format!("/v1/requests/{id}/timeline?limit=100");
    let timeline = call(As::Auditor, Method::GET, &path, None, None).await.body;
    let events = timeline["items"].as_array().expect("events").iter();
    let events: Vec<&str> = events.filter_map(|event| event["event"].as_str()).collect();
    let at = |name: &str| events.iter().position(|event| *event == name);
    let (packaged, destroyed) = (at("export.packaged"), at("export.destroyed"));
    let erased = at("store.erased");
    assert!(packaged.is_some() && packaged < destroyed && destroyed < erased, "{events:?}");
    assert_eq!(link(&id, KATHY).await.status, 410);
    assert_eq!(left(&id).await, json!([]));
    assert_eq!(places(KATHY), Vec::<String>::new());
}
