//! Input that is refused, and where it is wrong.

use contract::vault::{MOST_CONTEXT, MOST_PLAINTEXT};

use super::*;

/// Nothing was made, least of all a key.
async fn refuse(operation: &str, body: impl Into<Vec<u8>>) -> Answer {
    let front = front();
    let answer = front.send(&call(&caller(Role::Backend), "POST", operation, body)).await;
    assert!(front.world.keys().is_empty(), "{operation}");
    answer
}

async fn check(operation: &str, body: Value, expect: &[&str]) {
    let answer = refuse(operation, body.to_string()).await;
    assert_eq!((answer.status, places(&answer)), (400, expect.iter().map(|at| (*at).to_owned()).collect()));
}

#[tokio::test]
async fn a_wrong_member_is_named() {
    for (operation, member, good) in
        [("encrypt", "plaintext", sealing("c", "p")), ("decrypt", "sealed", opening("c", [0; 200]))]
    {
        let bytes = format!("/{member}");
        let set = |name: &str, value: Value| {
            let mut body = good.clone();
            body[name] = value;
            body
        };
        check(operation, json!({}), &["/context", &bytes]).await;
        check(operation, json!([]), &[""]).await;
        check(operation, set("context", json!("")), &["/context"]).await;
        check(operation, set("context", json!(7)), &["/context"]).await;
        check(operation, set("context", json!("c".repeat(MOST_CONTEXT + 1))), &["/context"]).await;
        check(operation, set("context", json!("\u{e9}".repeat(MOST_CONTEXT / 2 + 1))), &["/context"]).await;
        check(operation, set("purpose", json!("fields")), &[""]).await;
        for wrong in ["?", "YQ", "YQ= ", "YR==", "a-_a"] {
            check(operation, set(member, json!(wrong)), &[&bytes]).await;
        }
        check(operation, set("subject", json!(PERSON)), &["/subject"]).await;
        check(operation, set("subject", json!({"type": "email"})), &["/subject/value"]).await;
        // What the catalog does not have it may have had, when something was sealed for it.
        let kind = if operation == "encrypt" { "shoe_size" } else { "shoe size" };
        let shoe = json!({"type": kind, "value": "42"});
        check(operation, set("subject", shoe), &["/subject/type"]).await;
        let mut both = set("subject", json!({"type": "email", "value": "a"}));
        both[member] = json!("?");
        check(operation, both, &[&bytes, "/subject/value"]).await;
    }
}

#[tokio::test]
async fn a_subject_that_is_null_is_none() {
    let front = front();
    let mut body = sealing("c", "p");
    body["subject"] = json!(null);
    assert_eq!(json_of(&front.encrypt("demo", &body).await)["key"]["purpose"], "fields");
}

#[tokio::test]
async fn what_is_too_long_is_named_and_not_decoded() {
    let answer = refuse("encrypt", sealing("c", vec![0; MOST_PLAINTEXT + 1]).to_string()).await;
    assert_eq!((answer.status, places(&answer)), (413, vec!["/plaintext".into()]));
    assert!(answer.body.contains("lacuna vault encrypt"), "{}", answer.body);
    let most = MOST_PLAINTEXT + vault::overhead();
    let answer = refuse("decrypt", opening("c", vec![0; most + 1]).to_string()).await;
    assert_eq!((answer.status, places(&answer)), (413, vec!["/sealed".into()]));
    let large = json!({"context": "c", "plaintext": "?".repeat(100_000)});
    assert_eq!(refuse("encrypt", large.to_string()).await.status, 413);
    for operation in ["encrypt", "decrypt"] {
        let answer = refuse(operation, vec![b' '; (128 << 10) + 1]).await;
        assert_eq!((answer.status, refused(&answer).1.as_str()), (413, "too-large"));
        assert_eq!(refuse(operation, vec![b' '; 128 << 10]).await.status, 400);
    }
}

/// The longest of everything fits in a body.
#[tokio::test]
async fn the_longest_of_everything_is_taken() {
    let front = front();
    let context = "\u{1}".repeat(MOST_CONTEXT);
    let plain = vec![7; MOST_PLAINTEXT];
    let kept = front.seal(&context, &plain, Some(PERSON)).await;
    assert_eq!(opened(&front.open(&context, &kept.sealed, Some(PERSON)).await), plain);
}

#[tokio::test]
async fn only_two_keys_rotate() {
    let front = front();
    for wrong in ["subject", "plan", "pseudonyms", "Fields", ""] {
        let answer = front.rotate(wrong).await;
        assert_eq!((answer.status, places(&answer)), (400, vec!["/purpose".into()]), "{wrong}");
        assert!(answer.body.contains("`fields` or `subjects`"), "{}", answer.body);
    }
    assert!(front.world.keys().is_empty());
}

#[tokio::test]
async fn a_member_that_is_there_twice_is_refused() {
    let answer = refuse("encrypt", r#"{"context":"c","context":"d","plaintext":"YQ=="}"#).await;
    assert_eq!((answer.status, answer.body.contains("twice")), (400, true), "{}", answer.body);
}
