//! What roles see of answers that were made up.

use std::cell::Cell;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Personal, TenantId};
use ports::Class;
use serde_json::{Value, json};
use testkit::inject::{Plan, Point};
use testkit::memory::World;

use super::*;
use crate::api::Principal;

/// What people wrote.
const NOTE: &str = r#"{"note":"call 212-555-0123, john@example.com","phone":2125550123}"#;

/// What is left of it in part.
const PARTLY: &str = r#"{"note":"call ***-***-0123, j***@example.com","phone":2125550123}"#;

/// What is left of it where everything is redacted.
const REDACTED: &str = r#"{"note":"call [phone], [email]","phone":2125550123}"#;

struct Deployment {
    world: World,
    by_role: ByRole,
}

/// A deployment with two tenants, `demo` with this masking and `other` with none.
fn deployment(masking: &Value) -> Deployment {
    let world = World::new(7);
    put(&world, "demo", masking);
    put(&world, "other", &json!(null));
    Deployment { by_role: ByRole::new(world.tenants(), world.clock()), world }
}

fn put(world: &World, name: &str, masking: &Value) {
    let settings = json!({"tenant": name, "name": name, "cooling_off_for": "P30D", "masking": masking});
    world.put_settings(serde_json::from_value(settings).expect("settings"));
}

fn call(tenant: &str, role: Role, (method, resource): (&str, &str), body: &Value) -> Call {
    let tenant: TenantId = tenant.parse().expect("a tenant");
    Call {
        method: method.into(),
        resource: resource.into(),
        id: None,
        query: BTreeMap::new(),
        headers: vec![],
        body: body.to_string().into(),
        principal: Principal { tenant, role, sub: Personal::new("sub-1"), identities: vec![] },
    }
}

impl Deployment {
    /// What a role of a tenant sees of this body, of an operation without exceptions.
    async fn seen(&self, tenant: &str, role: Role, body: &str) -> Answer {
        let call = call(tenant, role, ("GET", "/v1/requests/{id}"), &json!(null));
        self.by_role.answer(&call, async |_| Answer::text(200, body.to_owned())).await
    }

    /// What a backend sees of something that the vault opened.
    async fn opened(&self, context: &str, plain: &[u8]) -> Answer {
        let asked = json!({"context": context, "sealed": "TENO"});
        let call = call("demo", Role::Backend, DECRYPT, &asked);
        let body = json!({"plaintext": STANDARD.encode(plain)}).to_string();
        self.by_role.answer(&call, async |_| Answer::text(200, body)).await
    }
}

/// What a backend with rules sees of something that the vault opened and that is no text.
pub(in crate::masking) async fn withheld() -> Answer {
    let deployment = deployment(&json!({"roles": {"backend": {"default": "redact"}}}));
    deployment.opened("orders/42", b"john@example.com \xff").await
}

fn plaintext(answer: &Answer) -> Vec<u8> {
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    STANDARD.decode(body["plaintext"].as_str().expect("a text")).expect("base64")
}

#[tokio::test]
async fn a_role_sees_what_its_rules_say_and_the_others_what_they_saw() {
    let custom = json!([{"name": "badge", "pattern": "B-[0-9]{4}", "mode": "token"}]);
    let roles = json!({"auditor": {"default": "redact"}, "backend": {"kinds": {"email": "stars", "phone": "off"}},
        "owner": {"default": "off"}, "officer": {}});
    let deployment = deployment(&json!({"default": "token", "custom": custom, "roles": roles}));
    let check = async |role, expect: &str| {
        assert_eq!(deployment.seen("demo", role, NOTE).await.body, expect, "{role:?}");
    };
    check(Role::Auditor, REDACTED).await;
    check(Role::Backend, r#"{"note":"call 212-555-0123, ***","phone":2125550123}"#).await;
    check(Role::Owner, NOTE).await;
    check(Role::Officer, PARTLY).await;
    check(Role::Subject, NOTE).await;
    check(Role::Admin, PARTLY).await;
    // The tenant's own rules are for the roles that it names.
    assert_eq!(deployment.seen("demo", Role::Auditor, r#"["B-1234"]"#).await.body, r#"["[badge]"]"#);
    assert_eq!(deployment.seen("demo", Role::Officer, r#"["B-1234"]"#).await.body, r#"["***"]"#);
    assert_eq!(deployment.seen("demo", Role::Admin, r#"["B-1234"]"#).await.body, r#"["B-1234"]"#);
    assert_eq!(deployment.seen("demo", Role::Owner, r#"["B-1234"]"#).await.body, r#"["B-1234"]"#);
    assert!(deployment.world.keys().is_empty(), "no key is made or fetched");
}

/// `^` and `$` are the ends of a string too: an answer has no lines.
#[tokio::test]
async fn a_rule_for_a_whole_line_finds_whole_strings() {
    let custom = json!([{"name": "badge", "pattern": "^B-[0-9]{4}$"}]);
    let deployment =
        deployment(&json!({"custom": custom, "roles": {"auditor": {"default": "redact"}, "backend": {}}}));
    let seen = deployment.seen("demo", Role::Auditor, r#"{"id":"B-1234","of":["a B-1234","B-1235"]}"#).await;
    assert_eq!(seen.body, r#"{"id":"[badge]","of":["a B-1234","[badge]"]}"#);
    assert_eq!(plaintext(&deployment.opened("customers/42/badge", b"B-1234").await), b"***");
}

#[tokio::test]
async fn a_tenants_rules_are_never_anothers() {
    let deployment = deployment(&json!({"roles": {"auditor": {"default": "redact"}}}));
    for _ in 0..3 {
        assert_eq!(deployment.seen("demo", Role::Auditor, NOTE).await.body, REDACTED);
        assert_eq!(deployment.seen("other", Role::Auditor, NOTE).await.body, PARTLY);
    }
    put(&deployment.world, "other", &json!({"roles": {"auditor": {"default": "off"}}}));
    assert_eq!(deployment.seen("demo", Role::Auditor, NOTE).await.body, REDACTED);
    assert_eq!(deployment.seen("other", Role::Auditor, NOTE).await.body, NOTE);
    // A change is in force at once, and for one's own alone.
    put(&deployment.world, "demo", &json!(null));
    assert_eq!(deployment.seen("demo", Role::Auditor, NOTE).await.body, PARTLY);
    assert_eq!(deployment.seen("other", Role::Auditor, NOTE).await.body, NOTE);
}

#[tokio::test]
async fn while_the_rules_cannot_be_read_nothing_is_done_and_nothing_is_shown() {
    let deployment = deployment(&json!({"roles": {"auditor": {"default": "redact"}}}));
    let refused = async |tenant, role, said: &str| {
        let done = Cell::new(false);
        let call = call(tenant, role, ("GET", "/v1/requests"), &json!(null));
        let answer = deployment.by_role.answer(&call, async |_| {
            done.set(true);
            Answer::text(200, NOTE.to_owned())
        });
        let answer = answer.await;
        assert_eq!((answer.status, done.get()), (503, false), "{said}");
        assert!(answer.body.contains(said) && !answer.body.contains("john"), "{}", answer.body);
        answer.fault.expect("a fault, for the log").to_string()
    };
    assert_eq!(deployment.seen("demo", Role::Auditor, NOTE).await.body, REDACTED);
    deployment.world.injector().arm(Plan::nth(Point::TenantsSettings, 0).class(Class::Transient));
    refused("demo", Role::Auditor, "so nothing was done. Send the same again.").await;
    refused("nobody", Role::Officer, "(settings-invalid)").await;
    for (wrong, said) in [
        (json!({"roles": {"auditors": {}}}), "unknown variant `auditors`"),
        (json!({"roles": {"auditor": {"default": "token"}}}), "no tokens are made in answers"),
        (json!({"roles": {"auditor": {"kinds": {"names": "redact"}}}}), "names is no kind of data"),
        (json!({"custom": [{"name": "a", "pattern": "("}]}), "rule a"),
        (json!({"default": "sha256"}), "sha256 is refused"),
        (json!("redact"), "must be an object"),
    ] {
        put(&deployment.world, "demo", &wrong);
        let told = refused("demo", Role::Auditor, "(settings-invalid)").await;
        assert!(told.contains(said), "{told}");
    }
    // A role whose rules are in order, and need no pattern, is not let through by a mistake elsewhere either.
    let badge = json!([{"name": "badge", "pattern": "("}]);
    for (wrong, said) in [
        (json!({"roles": {"auditors": {}, "officer": {"default": "off"}}}), "unknown variant `auditors`"),
        (json!({"roles": {"auditor": {"kinds": {"names": "redact"}}}}), "names is no kind of data"),
        (json!({"roles": {"auditor": {}}, "custom": badge, "default": "off"}), "rule badge"),
        (json!({"kinds": {"names": "redact"}}), "names is no kind of data"),
        (json!({"custom": badge}), "rule badge"),
        (json!({"custom": badge, "default": "token"}), "rule badge"),
    ] {
        put(&deployment.world, "demo", &wrong);
        for role in Role::ALL {
            let told = refused("demo", role, "(settings-invalid)").await;
            assert!(told.contains(said), "{role:?} {told}");
        }
    }
    // That tokens need a key is no mistake: those of texts are made elsewhere.
    put(&deployment.world, "demo", &json!({"default": "token"}));
    assert_eq!(deployment.seen("demo", Role::Officer, NOTE).await.body, NOTE);
}

#[tokio::test]
async fn what_is_no_json_is_masked_as_text_and_what_is_empty_stays() {
    let deployment = deployment(&json!(null));
    let seen = deployment.seen("demo", Role::Owner, "john@example.com\n4111-1111-1111-1111").await;
    assert_eq!(seen.body, "j***@example.com\n****-****-****-1111");
    let cut = &NOTE[..NOTE.len() - 1];
    assert_eq!(deployment.seen("demo", Role::Owner, cut).await.body.len(), PARTLY.len() - 1);
    let link = Answer::see_other(&Personal::new("https://example.com/?mail=john@example.com"));
    let call = call("demo", Role::Owner, ("GET", "/v1/requests/{id}/export"), &json!(null));
    assert_eq!(deployment.by_role.answer(&call, async |_| link.clone()).await, link);
}

#[tokio::test]
async fn the_largest_answers_are_masked_to_the_end() {
    let deployment = deployment(&json!({"custom": [{"name": "dot", "pattern": "[.]"}],
        "roles": {"auditor": {"default": "redact"}}}));
    let end = r#""john@example.com"]"#;
    let text = format!("[{}{end}", "\"x\",".repeat(((6 << 20) - end.len()) / 4));
    let seen = deployment.seen("demo", Role::Admin, &text).await;
    assert!(seen.status == 200 && seen.body.ends_with(r#""x","j***@example.com"]"#));
    // What is written can be longer than what was found: then there is no answer, and no half of one.
    let dots = format!("[\"{}\"]", ".".repeat(5 << 20));
    let seen = deployment.seen("demo", Role::Auditor, &dots).await;
    assert_eq!(seen.status, 503);
    assert!(seen.body.len() < 1_000 && seen.fault.is_some());
}

#[tokio::test]
async fn what_the_vault_opens_is_clear_for_a_role_without_rules() {
    let binary = [0xff, 0x00, 0xfe];
    for masking in [json!(null), json!({"roles": {"backend": {"default": "off"}}})] {
        let deployment = deployment(&masking);
        assert_eq!(plaintext(&deployment.opened("orders/42", NOTE.as_bytes()).await), NOTE.as_bytes());
        assert_eq!(plaintext(&deployment.opened("orders/42", &binary).await), binary);
    }
}

#[tokio::test]
async fn what_the_vault_opens_is_masked_for_a_role_with_rules_and_withheld_if_it_is_no_text() {
    let deployment = deployment(&json!({"roles": {"backend": {"default": "redact"}}}));
    let masked = br#"{"note":"call [phone], [email]","phone":"[phone]"}"#;
    assert_eq!(plaintext(&deployment.opened("orders/42", NOTE.as_bytes()).await), masked);
    assert_eq!(plaintext(&deployment.opened("customers/42/phone", b"2125550123").await), b"[phone]");
    // UTF-16 without a mark is UTF-8 too.
    let wide: Vec<u8> = "john@example.com".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(std::str::from_utf8(&wide).is_ok());
    assert_eq!(deployment.opened("orders/42", &wide).await.status, 403);
    let lines = b"{\"to\":\"john\\u0040example.com\"}\n{\"phone\":2125550123}\n";
    let masked = b"{\"to\":\"[email]\"}\n{\"phone\":\"[phone]\"}\n";
    assert_eq!(plaintext(&deployment.opened("orders/42", lines).await), masked);
    let answer = withheld().await;
    assert_eq!((answer.status, answer.fault.is_none()), (403, true));
    assert!(answer.body.contains("is not shown") && !answer.body.contains(&STANDARD.encode("john")));
    // Whoever is refused reads why.
    let call = call("demo", Role::Backend, DECRYPT, &json!({"context": "c", "sealed": "x"}));
    let problem = r#"{"detail":"not by john@example.com"}"#;
    let answer = deployment.by_role.answer(&call, async |_| Answer::text(400, problem.to_owned())).await;
    assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"detail":"not by [email]"}"#));
}

#[tokio::test]
async fn counts_stay_numbers_whatever_stands_beside_them() {
    let deployment = deployment(&json!({"roles": {"auditor": {"default": "redact"}}}));
    for word in ["phone", "ssn", "sin", "nhs", "bsn", "pesel", "cpf", "aadhaar", "card"] {
        let body = json!({"store": word, "n": 2_125_550_123_u64, "walked": 123_456_782, "bytes": 4_111_111_111_111_111_u64})
            .to_string();
        assert_eq!(deployment.seen("demo", Role::Auditor, &body).await.body, body);
    }
}
