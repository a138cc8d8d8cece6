//! Tenants and issuers.

use aws::dynamo::RegistryTable;
use jiff::SignedDuration;
use ports::{Class, Code, Tenants};
use serde_json::json;
use std::sync::Arc;
use testkit::clock::FakeClock;
use testkit::contract_tests::fixtures::{now, tenant};

use crate::canned::answering;
use crate::engine::engine;

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

/// Each page says where the next begins, though none of it was a tenant.
#[tokio::test]
async fn tenants_are_listed_page_by_page() {
    let key = |pk: &str, sk: &str| json!({"pk": {"S": pk}, "sk": {"S": sk}});
    let pages = [
        json!({"Items": [key("T#demo", "TENANT"), key("T#not a tenant", "TENANT")], "LastEvaluatedKey": key("T#demo", "TENANT")}),
        json!({"Items": [], "LastEvaluatedKey": key("ISS#https://id.example", "ISSUER")}),
        json!({"Items": [key("T#other", "TENANT")]}),
    ];
    let (client, calls) = answering(pages.iter().map(|page| (200, page.to_string())).collect()).await;
    let registry = RegistryTable::new(client, "registry", Arc::new(FakeClock::at(now())));
    let (mut tenants, mut cursor) = (Vec::new(), None);
    for _ in &pages {
        let page = registry.list(cursor.as_deref(), 2).await.expect("a page");
        tenants.extend(page.tenants);
        cursor = page.next;
    }
    assert_eq!((tenants, cursor), (vec![tenant("demo"), tenant("other")], None));
    let starts: Vec<_> = calls.all().iter().map(|(_, body)| body["ExclusiveStartKey"].clone()).collect();
    assert_eq!(starts, [json!(null), key("T#demo", "TENANT"), key("ISS#https://id.example", "ISSUER")]);
    assert!(calls.all().iter().all(|(what, body)| what.ends_with("Scan") && body["Limit"] == 2));
    let (client, _) = answering(vec![]).await;
    let registry = RegistryTable::new(client, "registry", Arc::new(FakeClock::at(now())));
    let fault = registry.list(Some("not ours"), 2).await.expect_err("no cursor");
    assert_eq!(fault.class, Class::Permanent);
}

#[tokio::test]
#[ignore = "needs an engine at AWS_ENDPOINT_URL"]
async fn every_tenant_is_listed_once_and_nothing_else_is() {
    let engine = engine().await;
    let (registry, table) = (engine.registry(), &engine.names.registry);
    let mine = ["registry-list-a", "registry-list-b", "registry-list-c"];
    for name in mine {
        engine.put(table, &format!("T#{name}"), "TENANT", &settings(name, "One")).await;
    }
    engine.put(table, "ISS#https://list.example", "ISSUER", &issuer("https://list.example", "lacuna")).await;
    let (mut listed, mut cursor) = (Vec::new(), None);
    for _ in 0..1_000 {
        let page = registry.list(cursor.as_deref(), 2).await.expect("a page");
        listed.extend(page.tenants);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    listed.retain(|tenant| mine.contains(&tenant.as_str()));
    listed.sort();
    assert_eq!(listed, mine.map(tenant));
}
