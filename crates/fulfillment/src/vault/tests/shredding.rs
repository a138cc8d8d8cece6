//! A person's key is made only where erasing the person destroys it.

use super::*;

/// The catalog that is in force from now on.
fn publish(front: &Front, catalog: &str) {
    front.world.publish_yaml(catalog).expect("a catalog");
}

#[tokio::test]
async fn nothing_is_sealed_for_a_person_whose_key_nothing_would_destroy() {
    let front = front();
    publish(&front, CATALOG);
    let answer = front.encrypt("demo", &for_person(sealing("c", "p"), PERSON)).await;
    assert_eq!((answer.status, places(&answer)), (400, vec!["/subject".into()]), "{}", answer.body);
    assert!(answer.body.contains("`method: shred`"), "it says what to change: {}", answer.body);
    assert!(!retried(&answer), "the same call does not help");
    assert!(front.world.keys().is_empty(), "no key was made, not even the one that it would be sealed under");
    assert_eq!(front.seal("c", b"p", None).await.version, 1, "the tenant's own key is another matter");
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let front = front();
    publish(&front, CATALOG);
    let mut body = sealing("c", "p");
    body["plaintext"] = json!("?");
    body["subject"] = json!({"type": "shoe_size", "value": "42"});
    let answer = front.encrypt("demo", &body).await;
    assert_eq!(places(&answer), ["/plaintext", "/subject", "/subject/type"]);
}

/// The catalog that counts is the tenant's, not the deployment's.
#[tokio::test]
async fn the_catalog_in_force_for_the_tenant_decides() {
    let front = front();
    let with = front.world.catalogs().current();
    publish(&front, CATALOG);
    front.world.put_settings(Settings { catalog_version: Some(with), ..settings("other", &[]) });
    let body = for_person(sealing("c", "p"), PERSON);
    assert_eq!(front.encrypt("other", &body).await.status, 200);
    assert_eq!(front.encrypt("demo", &body).await.status, 400);
}

/// A key that is there is not used for more, and what it sealed is not lost.
#[tokio::test]
async fn what_was_sealed_before_the_catalog_changed_still_opens() {
    let front = front();
    let kept = front.seal("c", b"p", Some(PERSON)).await;
    // A type that nothing else in the catalog has.
    let badges = ARCHIVE.replace("email: {", "badge: {").replace("identity: email", "identity: badge");
    assert_ne!(badges, ARCHIVE);
    publish(&front, &format!("{CATALOG}{badges}"));
    let of_badge = |mut body: Value| {
        body["subject"] = json!({"type": "badge", "value": "B-57"});
        body
    };
    let badge = json_of(&front.encrypt("demo", &of_badge(sealing("c", "b"))).await);
    let badge = STANDARD.decode(badge["sealed"].as_str().expect("a text")).expect("base64");
    publish(&front, CATALOG);
    assert_eq!(opened(&front.decrypt("demo", &of_badge(opening("c", &badge))).await), b"b");
    assert_eq!(opened(&front.open("c", &kept.sealed, Some(PERSON)).await), b"p");
    let more = front.encrypt("demo", &for_person(sealing("c", "more"), PERSON)).await;
    assert_eq!(more.status, 400, "{}", more.body);
    front.erase(PERSON).await;
    assert_eq!(front.open("c", &kept.sealed, Some(PERSON)).await.status, 410);
}
