//! Masking over ports in memory.

use std::collections::BTreeMap;

use domain::access::Role;
use domain::{Personal, TenantId};
use jiff::SignedDuration;
use ports::Class;
use serde_json::{Value, json};
use testkit::inject::Plan;
use testkit::memory::World;

use super::*;
use crate::api::Principal;

/// Rules that make tokens.
fn by_tokens() -> Value {
    json!({"default": "token", "kinds": {"card": "partial"}, "custom": [{"name": "badge", "pattern": "B-[0-9]{4}"}]})
}

struct Front {
    world: World,
    ports: Ports,
}

/// One deployment with two tenants, `demo` and `other`, which have the same rules.
fn front(masking: Option<&Value>) -> Front {
    let world = World::new(7);
    for name in ["demo", "other"] {
        put(&world, name, masking);
    }
    Front { ports: ports(&world), world }
}

/// Another process.
fn ports(world: &World) -> Ports {
    let (tenants, keyring, clock) = (world.tenants(), world.keyring(), world.clock());
    Ports { tenants, keyring, clock, ready: Ready::default() }
}

fn put(world: &World, name: &str, masking: Option<&Value>) {
    let settings = json!({"tenant": name, "name": name, "cooling_off_for": "P30D", "masking": masking});
    world.put_settings(serde_json::from_value(settings).expect("settings"));
}

fn call(tenant: &str, role: Role, body: impl Into<Vec<u8>>) -> Call {
    let tenant: TenantId = tenant.parse().expect("a tenant");
    Call {
        method: "POST".into(),
        resource: "/v1/mask".into(),
        id: None,
        query: BTreeMap::new(),
        headers: vec![],
        body: body.into(),
        principal: Principal { tenant, role, sub: Personal::new("sub-1"), identities: vec![] },
    }
}

impl Front {
    async fn send(&self, body: &Value) -> Answer {
        self.of("demo", body).await
    }

    async fn of(&self, tenant: &str, body: &Value) -> Answer {
        answer(&self.ports, &call(tenant, Role::Backend, body.to_string())).await
    }

    /// What is written for one text.
    async fn masked(&self, tenant: &str, text: &str, field: Option<&str>) -> String {
        let answer = self.of(tenant, &json!({"texts": [text], "field": field})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        json_of(&answer)["texts"][0].as_str().expect("a text").to_owned()
    }
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect("JSON")
}

/// The calls whose answers `infra/openapi.yaml` has as examples. `body` is the example of that name of a call.
pub(crate) async fn scenes(body: impl Fn(&str) -> Value) -> Vec<(&'static str, Answer)> {
    let (plain, tokens) = (front(None), front(Some(&by_tokens())));
    let many = json!({"texts": vec![""; 1_001], "field": "orders note"});
    let long = call("demo", Role::Backend, vec![b' '; 300_000]);
    let joined = body("tokensOfAField");
    assert_eq!(tokens.send(&joined).await.status, 200);
    let dense = json!({"default": "token", "custom": [{"name": "at", "pattern": "@"}]});
    let dense = front(Some(&dense)).send(&json!({"texts": vec!["@".repeat(1_000); 80]})).await;
    let scenes = vec![
        ("masked", plain.send(&body("texts")).await),
        ("wrongTexts", plain.send(&json!({"texts": ["a", 1], "field": "orders note"})).await),
        ("manyTexts", plain.send(&json!({"texts": many["texts"]})).await),
        ("longTexts", answer(&plain.ports, &long).await),
        ("longMasks", dense),
        ("withheld", super::by_role::tests::withheld().await),
    ];
    tokens.world.injector().arm(Plan::outage("keyring.").class(Class::Transient));
    tokens.world.fake_clock().advance(SignedDuration::from_mins(5));
    let away = tokens.send(&joined).await;
    scenes.into_iter().chain([("nothingMasked", away)]).collect()
}

#[tokio::test]
async fn texts_are_masked_in_their_order_and_counted_by_kind() {
    let texts =
        json!({"texts": ["a@example.com, b@example.com", "", "none", "4111-1111-1111-1111 B-1234\n\u{1}é"]});
    let answer = json_of(&front(None).send(&texts).await);
    let expect = ["***@example.com, ***@example.com", "", "none", "****-****-****-1111 B-1234\n\u{1}é"];
    assert_eq!(answer, json!({"texts": expect, "findings": {"email": 2, "card": 1}}));
    let answer = json_of(&front(Some(&by_tokens())).send(&texts).await);
    assert_eq!(answer["findings"], json!({"email": 2, "card": 1, "badge": 1}));
    assert_eq!(json_of(&front(None).send(&json!({"texts": []})).await), json!({"texts": [], "findings": {}}));
}

#[tokio::test]
async fn json_in_a_text_is_read_as_json_and_stays_it() {
    let badge = json!({"custom": [{"name": "badge", "pattern": "^B-[0-9]{4}$", "mode": "redact"}]});
    let one = r#"{"to":"john\u0040example.com","phone":2125550123,"by":"\t212-555-0123"}"#;
    let masked = r#"{"to":"j***@example.com","phone":"******0123","by":"\t***-***-0123"}"#;
    let texts = json!({"texts": [one, format!("of a@example.com\n{one}\r\n{one}\nB-1234"), "[\"B-1234\"]", "{of B-1234"]});
    let answer = json_of(&front(Some(&badge)).send(&texts).await);
    let expect = [
        masked.to_owned(),
        format!("of ***@example.com\n{masked}\r\n{masked}\n[badge]"),
        "[\"[badge]\"]".to_owned(),
        "{of B-1234".to_owned(),
    ];
    assert_eq!(answer, json!({"texts": expect, "findings": {"email": 4, "phone": 6, "badge": 2}}));
    // Of a field its tokens are the same in a document.
    let front = front(Some(&by_tokens()));
    let plain = front.masked("demo", "john@example.com", Some("orders.email")).await;
    let document = front.masked("demo", "{\"to\":\"John@example.com\"}", Some("orders.email")).await;
    assert_eq!(document, format!("{{\"to\":\"{plain}\"}}"));
}

#[tokio::test]
async fn each_role_may_do_what_the_rules_say_and_nothing_else() {
    let front = front(None);
    for role in Role::ALL {
        let body = json!({"texts": ["x"]}).to_string();
        let expect = if role.may(Action::Mask) { 200 } else { 403 };
        assert_eq!(answer(&front.ports, &call("demo", role, body)).await.status, expect, "{role:?}");
    }
    let other = Call { method: "GET".into(), ..call("demo", Role::Backend, "") };
    assert_eq!(answer(&front.ports, &other).await.status, 405);
    let other = Call { resource: "/v1/masks".into(), ..call("demo", Role::Backend, "") };
    assert_eq!(answer(&front.ports, &other).await.status, 404);
}

#[tokio::test]
async fn a_token_is_the_same_in_every_process_and_at_any_time() {
    let front = front(Some(&by_tokens()));
    let first = front.masked("demo", "John@example.com", Some("orders.email")).await;
    assert!(first.starts_with("email_") && first.len() == 32, "{first}");
    front.world.fake_clock().advance(SignedDuration::from_hours(24 * 365));
    let later = Front { ports: ports(&front.world), world: front.world };
    assert_eq!(later.masked("demo", "john@example.com", Some("orders.email")).await, first);
    assert_eq!(later.masked("demo", "<john@example.com>", Some("orders.email")).await, format!("<{first}>"));
    // Of another field, of none, and another tenant's it is another.
    for (tenant, field) in [("demo", Some("crm.email")), ("demo", None), ("other", Some("orders.email"))] {
        assert_ne!(later.masked(tenant, "john@example.com", field).await, first, "{tenant} {field:?}");
    }
    // Without a field it is that of the kind, as `lacuna mask` and tables have it.
    let plain = later.masked("demo", "john@example.com", None).await;
    assert_eq!(later.masked("demo", "john@example.com", Some("email")).await, plain);
}

#[tokio::test]
async fn a_change_of_the_rules_is_in_force_at_once() {
    let front = front(None);
    assert_eq!(front.masked("demo", "B-1234 john@example.com", None).await, "B-1234 j***@example.com");
    let own = json!({"default": "redact", "custom": [{"name": "badge", "pattern": "B-[0-9]{4}"}]});
    put(&front.world, "demo", Some(&own));
    assert_eq!(front.masked("demo", "B-1234 john@example.com", None).await, "[badge] [email]");
    assert_eq!(front.masked("other", "B-1234 john@example.com", None).await, "B-1234 j***@example.com");
    assert!(front.world.keys().is_empty(), "a key is made when a rule needs one");
}

#[tokio::test]
async fn what_is_wrong_with_the_rules_is_told_to_the_operator_and_nothing_is_masked_by_half() {
    for (wrong, said) in [
        (json!({"default": "sha256"}), "sha256 is refused"),
        (json!({"kinds": {"names": "redact"}}), "names is no kind of data"),
        (json!({"custom": [{"name": "all", "pattern": ".+"}]}), "rule all: a match could be longer"),
        (json!([]), "masking: "),
    ] {
        let front = front(Some(&wrong));
        let answer = front.send(&json!({"texts": ["john@example.com"]})).await;
        assert_eq!(answer.status, 503);
        assert!(answer.body.contains("settings-invalid") && !answer.body.contains("john"), "{}", answer.body);
        let fault = answer.fault.expect("a fault").to_string();
        assert!(fault.contains(said) && fault.contains("demo"), "{fault}");
    }
}

#[tokio::test]
async fn without_its_key_nothing_is_masked() {
    for (class, retried) in [(Class::Transient, true), (Class::Throttled, true), (Class::Permanent, false)] {
        let front = front(Some(&by_tokens()));
        front.world.injector().arm(Plan::outage("keyring.").class(class));
        let answer = front.send(&json!({"texts": ["john@example.com"]})).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.headers.iter().any(|(name, _)| *name == "retry-after"), retried);
        front.world.injector().disarm();
        assert!(front.masked("demo", "john@example.com", None).await.starts_with("email_"));
    }
}

/// What is looked for. It is nowhere in the program.
const MARK: &str = "Zqx7Mark";

#[tokio::test]
async fn a_body_is_repeated_in_no_refusal_and_in_no_log() {
    let front = front(Some(&by_tokens()));
    let marked = format!("{MARK}@example.com");
    for body in [
        json!({"texts": [marked], "field": MARK}),
        json!({"texts": {MARK: marked}}),
        json!({"texts": [marked, 7]}),
        json!({"texts": [marked], MARK: 1}),
        json!({"texts": vec![marked.clone(); 1_001]}),
        json!({"texts": [marked]}),
        json!([marked]),
    ] {
        let answer = front.send(&body).await;
        let fault = answer.fault.as_ref().map(ToString::to_string).unwrap_or_default();
        let printed = format!("{answer:?} {fault} {}", answer.body);
        assert!(!printed.contains(MARK), "{printed}");
        let cut = body.to_string();
        let answer =
            super::answer(&front.ports, &call("demo", Role::Backend, &cut.as_bytes()[..cut.len() / 2])).await;
        assert!(!answer.body.contains(MARK), "{}", answer.body);
    }
    // What is no personal data is answered, and printed nowhere.
    let answer = front.send(&json!({"texts": [MARK]})).await;
    assert!(answer.body.contains(MARK) && !format!("{answer:?}").contains(MARK));
}

#[tokio::test]
async fn there_is_a_most_of_everything() {
    let front = front(Some(&by_tokens()));
    assert_eq!(front.send(&json!({"texts": vec!["x"; 1_000]})).await.status, 200);
    assert_eq!(front.send(&json!({"texts": vec!["x"; 1_001]})).await.status, 400);
    assert_eq!(front.send(&json!({"texts": ["x".repeat(262_000)]})).await.status, 200);
    assert_eq!(front.send(&json!({"texts": ["x".repeat(263_000)]})).await.status, 413);
}
