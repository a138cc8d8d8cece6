//! Tenants and issuers.

use std::sync::Arc;

use async_trait::async_trait;
use contract::settings::Settings;
use jiff::SignedDuration;
use ports::{Class, Code, Tenants};
use testkit::contract_tests::fixtures::tenant;
use testkit::contract_tests::registry::{Inside, Registry};

use crate::engine::{Engine, engine};

#[async_trait]
impl Inside for Engine {
    async fn set_up(&self, settings: Settings) {
        let pk = format!("T#{}", settings.tenant);
        let document = serde_json::to_string(&settings).expect("json");
        self.put(&self.names.registry, &pk, "TENANT", &document).await;
    }
}

/// What the contract is held against.
pub async fn registry() -> Registry {
    let engine = engine().await;
    Registry { tenants: Arc::new(engine.registry()), inside: Arc::new(engine) }
}

fn settings(tenant: &str, name: &str) -> String {
    format!(r#"{{"tenant":"{tenant}","name":"{name}","cooling_off_for":"P30D"}}"#)
}

fn issuer(issuer: &str, audience: &str) -> String {
    format!(
        r#"{{"issuer":"{issuer}","audience":"{audience}","jwks_url":"https://id.example/keys","algorithms":["ES256"],"tenants":["demo"]}}"#
    )
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn settings_are_believed_for_a_minute() {
    let engine = engine().await;
    let (registry, table) = (engine.registry(), &engine.names.registry);
    let mine = tenant("registry");
    assert_eq!(registry.settings(&mine).await, Ok(None));
    engine.put(table, "T#registry", "TENANT", &settings("registry", "One")).await;
    let name = async || {
        let settings = registry.settings(&mine).await.expect("an answer");
        settings.map(|settings| settings.name.clone())
    };
    assert_eq!(name().await.as_deref(), Some("One"), "nothing was remembered");
    engine.put(table, "T#registry", "TENANT", &settings("registry", "Two")).await;
    engine.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(name().await.as_deref(), Some("One"));
    engine.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(name().await.as_deref(), Some("Two"));
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn issuers_are_found_by_their_whole_name() {
    let engine = engine().await;
    let (registry, table) = (engine.registry(), &engine.names.registry);
    let name = "https://id.example/realm#1";
    assert_eq!(registry.issuer(name).await, Ok(None));
    let pk = format!("ISS#{name}");
    engine.put(table, &pk, "ISSUER", &issuer(name, "lacuna")).await;
    let found = registry.issuer(name).await.expect("an answer");
    assert_eq!(found.map(|i| i.audience.clone()).as_deref(), Some("lacuna"));
    for unknown in ["", "https://id.example/realm", &"x".repeat(5_000)] {
        assert_eq!(registry.issuer(unknown).await, Ok(None));
    }
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn what_is_not_settings_is_a_permanent_fault() {
    let engine = engine().await;
    let (registry, table) = (engine.registry(), &engine.names.registry);
    let documents = [
        "{".to_owned(),
        "{}".to_owned(),
        settings("registry-bad", "Marked").replace("name", "nickname"),
        settings("another", "Marked"),
    ];
    for document in documents {
        engine.put(table, "T#registry-bad", "TENANT", &document).await;
        let answer = registry.settings(&tenant("registry-bad")).await;
        let fault = answer.expect_err("a fault");
        let what = (fault.class, fault.code);
        assert_eq!(what, (Class::Permanent, Code::SettingsInvalid));
        assert!(!fault.to_string().contains("Marked"), "{fault}");
    }
    let document = issuer("https://other.example", "lacuna");
    let name = "https://bad.example";
    let pk = format!("ISS#{name}");
    engine.put(table, &pk, "ISSUER", &document).await;
    let fault = registry.issuer(name).await.expect_err("a fault");
    assert_eq!(fault.code, Code::SettingsInvalid);
}
