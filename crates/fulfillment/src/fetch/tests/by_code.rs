//! Somebody without a login enters a code.

use super::*;
use testkit::inject::{Plan, Point};

/// A code that no key made.
const WRONG: &str = "93885a4b0d1f6e2c7a93885a4b0d1f6e2c7a93885a4b0d1f6e2c7a93885a4b0d";

#[tokio::test]
async fn a_code_opens_the_package_and_is_kept_as_a_digest_only() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let answer = door.make(&caller(Role::Officer), &id).await;
    assert_eq!((answer.status, &json_of(&answer)["expires_at"]), (201, &json!("2026-03-16T09:00:00Z")));
    assert_eq!(Door::header(&answer, "cache-control").as_deref(), Some("no-store"));
    let code = json_of(&answer)["code"].as_str().expect("a code").to_owned();
    assert!(code.len() == 64 && code.bytes().all(|b| b.is_ascii_hexdigit()), "256 bits");
    assert!(!format!("{answer:?}").contains(&code));
    let token = door.export(&id).token.expect("a token");
    assert_eq!(token.sha256, vault::sha256_hex(code.as_bytes()));
    let history = serde_json::to_string(&door.front.world.stream().history()).expect("JSON");
    assert!(!history.contains(&code) && !history.contains(&token.sha256));
    let link = link_of(&door.enter(&id, &code).await);
    assert_eq!(door.front.world.fetch(&link).expect("a package").bytes, PACKAGE);
    let event = door.events(&id, EventKind::Downloaded).remove(0);
    assert_eq!((event.who.as_str(), event.detail["by"].as_str()), ("subject:code", "code"));
    let made = door.events(&id, EventKind::TokenMade).remove(0);
    assert!(made.who.starts_with("officer:"), "{}", made.who);
}

#[tokio::test]
async fn a_code_gives_out_five_links_and_the_next_one_five_more() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let code = door.code(&id).await;
    for n in 1..=5 {
        assert_eq!(door.enter(&id, &code).await.status, 303, "{n}");
    }
    let used = door.enter(&id, &code).await;
    assert_eq!((used.status, door.export(&id).downloads), (409, 5));
    assert!(used.body.contains("has given out 5"), "{}", used.body);
    assert_eq!(door.fetch(&person(&[PERSON]), &id).await.status, 303, "a token of their own is not a code");
    let next = door.code(&id).await;
    assert_ne!(next, code);
    assert_eq!(door.enter(&id, &next).await.status, 303);
    assert_eq!(door.enter(&id, &code).await.status, 403, "the one before opens nothing any more");
}

#[tokio::test]
async fn after_ten_wrong_codes_the_right_one_opens_nothing() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let code = door.code(&id).await;
    for n in 1..=9 {
        assert_eq!(door.enter(&id, WRONG).await.status, 403, "{n}");
    }
    assert_eq!(door.enter(&id, &code).await.status, 303, "nine are not too many");
    let last = door.enter(&id, WRONG).await;
    assert_eq!(door.enter(&id, &code).await, last, "and nobody is told which");
    for _ in 0..3 {
        door.enter(&id, WRONG).await;
    }
    let refused = door.events(&id, EventKind::TokenRefused);
    assert_eq!(refused.len(), 10, "what opens nothing is not counted for ever");
    assert_eq!(refused[9].why.as_deref(), Some("too-many-tries"));
    assert!(refused.iter().all(|event| event.who == "somebody"));
    let next = door.code(&id).await;
    assert_eq!(door.enter(&id, &next).await.status, 303, "a new one opens");
}

#[tokio::test]
async fn what_is_no_code_is_not_counted() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let code = door.code(&id).await;
    for _ in 0..12 {
        assert_eq!(door.enter(&id, &code[..63]).await.status, 400);
    }
    assert!(door.events(&id, EventKind::TokenRefused).is_empty());
    assert_eq!(door.enter(&id, &code).await.status, 303);
}

#[tokio::test]
async fn a_wrong_code_and_no_such_request_are_the_same_page() {
    let door = door();
    let id = door.ready(PERSON, 2).await;
    let (code, over, early) =
        (door.code(&id).await, door.ready("b@example.com", 1).await, door.submitted("c@example.com").await);
    let plain = door.front.submit("d@example.com").await;
    let old = door.code(&over).await;
    door.front
        .change(&over, |draft| {
            let export = draft.request.export.as_mut().expect("an export");
            (export.destroyed_at, export.token) = (export.ready_at, None);
        })
        .await;
    let wrong = door.enter(&id, WRONG).await;
    assert_eq!(wrong.status, 403);
    let form = format!("code={code}");
    let with_package = format!("code={WRONG}&package=7");
    for (tenant, id, form) in [
        ("demo", "req_01kjq7h2g0b5d5n5d5n5d5n5d5", form.as_str()),
        ("demo", "not-an-id", &form),
        ("demo", over.as_str(), &form),
        ("demo", over.as_str(), &format!("code={old}")),
        ("demo", early.as_str(), &form),
        ("demo", plain.as_str(), &form),
        ("other", id.as_str(), &form),
        ("nowhere", id.as_str(), &form),
        ("Not A Tenant", id.as_str(), &form),
        ("demo", id.as_str(), &with_package),
    ] {
        assert_eq!(door.post_form(tenant, id, form.as_bytes()).await, wrong, "{tenant} {id}");
    }
}

#[tokio::test]
async fn a_code_ends_with_the_packages() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let code = door.code(&id).await;
    door.advance(OPEN_FOR);
    let over = door.enter(&id, &code).await;
    assert_eq!(over.status, 410);
    assert!(over.body.contains("destroyed"), "{}", over.body);
    assert_eq!(door.enter(&id, WRONG).await.status, 403);
    assert!(door.events(&id, EventKind::TokenRefused).is_empty(), "it opens nothing anyway");
    assert_eq!(door.make(&caller(Role::Backend), &id).await.status, 410);
}

#[tokio::test]
async fn a_code_is_made_only_for_packages_that_are_there_and_leaves_no_key_otherwise() {
    let door = door();
    let early = door.submitted(PERSON).await;
    let plain = door.front.submit("b@example.com").await;
    let over = door.ready("c@example.com", 1).await;
    door.front
        .change(&over, |draft| {
            let export = draft.request.export.as_mut().expect("an export");
            export.destroyed_at = export.ready_at;
        })
        .await;
    for (id, expect) in [(&early, 409), (&plain, 409), (&over, 410)] {
        assert_eq!(door.make(&caller(Role::Admin), id).await.status, expect);
    }
    let export_key = |key: &ports::KeyScope| matches!(key, ports::KeyScope::Export(..));
    assert!(!door.front.world.keys().iter().any(export_key), "a destroyed key is not made again");
    let there = Principal { tenant: tenant("other"), ..caller(Role::Admin) };
    assert_eq!(door.make(&there, &over).await.status, 404);
}

#[tokio::test]
async fn several_packages_are_asked_for_one_by_one() {
    let door = door();
    let id = door.ready(PERSON, 3).await;
    let code = door.code(&id).await;
    let which = door.enter(&id, &code).await;
    assert_eq!((which.status, door.export(&id).downloads), (200, 0), "no link yet");
    assert!(which.body.contains("<option value=\"3\">3 of 3, 15 bytes</option>"), "{}", which.body);
    assert!(!which.body.contains(&code));
    let post = async |form: String| door.post_form("demo", id.as_str(), form.as_bytes()).await;
    let third = link_of(&post(format!("package=3&code={code}")).await);
    assert_eq!(door.front.world.fetch(&third).expect("a package").file_name, format!("{id}-3.zip"));
    assert_eq!(post(format!("package=4&code={code}")).await.status, 403);
    for _ in 1..15 {
        assert_eq!(post(format!("package=1&code={code}")).await.status, 303);
    }
    assert_eq!(post(format!("package=2&code={code}")).await.status, 409, "five for each of three");
}

#[tokio::test]
async fn a_code_that_is_replaced_while_it_is_entered_is_refused() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let code = door.code(&id).await;
    let request = door.front.request(&id);
    door.code(&id).await;
    let fetcher = super::super::give::Fetcher {
        actor: crate::change::Actor("subject:code".to_owned()),
        code: request.export.and_then(|export| export.token).map(|token| token.number),
        visitor: &visitor("198.51.100.9"),
    };
    let stale = door.front.request(&id);
    let link = super::super::give::link(&door.ports, &stale, 1, &fetcher).await;
    assert!(link.is_err() && door.export(&id).downloads == 0, "{code}");
}

#[tokio::test]
async fn when_something_is_away_the_page_says_so_and_nothing_is_learned() {
    let door = door();
    let id = door.ready(PERSON, 1).await;
    let code = door.code(&id).await;
    door.front.world.injector().arm(Plan::nth(Point::LinksSign, 0));
    let away = door.enter(&id, &code).await;
    assert_eq!((away.status, Door::header(&away, "location")), (503, None));
    assert!(away.fault.is_some() && !away.body.contains("control-unavailable"), "{}", away.body);
    assert_eq!(door.export(&id).downloads, 1);
}
