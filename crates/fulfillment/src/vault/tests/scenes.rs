//! The calls whose answers `infra/openapi.yaml` has as examples.

use jiff::SignedDuration;
use testkit::inject::{Plan, When};

use super::*;

/// An example's name, and what the program answers. `body` is the example of that name of a call.
pub(crate) async fn scenes(body: impl Fn(&str) -> Value) -> Vec<(&'static str, Answer)> {
    let front = front();
    let (tenants, persons) = (body("forTheTenant"), body("forAPerson"));
    let sealed = front.encrypt("demo", &tenants).await;
    let for_person = front.encrypt("demo", &persons).await;
    let open = |example: &str, answer: &Answer| {
        let mut asked = body(example);
        asked["sealed"] = json_of(answer)["sealed"].clone();
        asked
    };
    let opened = front.decrypt("demo", &open("openForTheTenant", &sealed)).await;
    let persons_own = open("openForAPerson", &for_person);
    assert_eq!(front.decrypt("demo", &persons_own).await.status, 200, "the example is the person's");
    let mut elsewhere = open("openForTheTenant", &sealed);
    elsewhere["context"] = json!("orders/43");
    let other_context = front.decrypt("demo", &elsewhere).await;
    let mut not_base64 = elsewhere;
    not_base64["sealed"] = json!("TENOVg");
    let (mut wrong, mut long) = (tenants.clone(), tenants.clone());
    wrong["plaintext"] = json!("4111 1111");
    wrong["subject"] = json!({"type": "shoe_size", "value": "42"});
    long["plaintext"] = json!(STANDARD.encode(vec![0; 70_000]));
    let rotated = front.rotate("fields").await;
    front.rotate("subjects").await;
    front.world.fake_clock().advance(SignedDuration::from_hours(24 * 355));
    let keys = front.send(&call(&caller(Role::Auditor), "GET", "status", "")).await;
    front.erase(persons["subject"]["value"].as_str().expect("an address")).await;
    let scenes = vec![
        ("sealed", sealed),
        ("sealedForAPerson", for_person),
        ("opened", opened),
        ("otherContext", other_context),
        ("wrongSealed", front.decrypt("demo", &not_base64).await),
        ("personErased", front.decrypt("demo", &persons_own).await),
        ("wrongPlaintext", front.encrypt("demo", &wrong).await),
        ("longPlaintext", front.encrypt("demo", &long).await),
        ("longBody", front.send(&call(&caller(Role::Backend), "POST", "decrypt", vec![b' '; 140_000])).await),
        ("keyRotated", rotated),
        ("keys", keys),
        ("wrongPurpose", front.rotate("plan").await),
        ("notAdmin", front.post(&caller(Role::Backend), "rotate", &body("rotateFields")).await),
    ];
    front.world.injector().arm(Plan::outage("keyring.").when(When::Before));
    let away = front.encrypt("demo", &tenants).await;
    let perhaps = front.rotate("fields").await;
    front.world.injector().disarm();
    front.world.publish_yaml(CATALOG).expect("a catalog without `shred`");
    let undying = front.encrypt("demo", &persons).await;
    let last = [("nothingSealed", away), ("perhapsRotated", perhaps), ("neverDestroyed", undying)];
    scenes.into_iter().chain(last).collect()
}
