//! The vault over ports in memory.

mod access;
mod faults;
mod histories;
mod leaks;
mod opening;
mod refusing;
mod rotating;
mod scenes;
mod scheduled;
mod shredding;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::settings::{ExportSettings, Settings};
use contract::vault::Purpose;
use domain::access::Role;
use domain::{Identity, Personal, TenantId};
use ports::KeyScope;
use serde_json::{Value, json};
use testkit::memory::World;

use super::{Ports, answer};
use crate::api::{Answer, Call, Principal};
use crate::error::StepError;
use crate::subject::Pseudonymiser;

pub(crate) use scenes::scenes;

const CATALOG: &str = include_str!("../../api/tests/catalog.yaml");

/// Where a tenant's services keep what they seal for persons.
const ARCHIVE: &str = "
  - id: archive
    kind: s3
    owner: { team: data, page: data-oncall }
    collections:
      - name: events
        resource: shop-archive
        erasure:
          method: shred
          reason: The archive is only ever appended to.
          law: its own integrity (GDPR Art. 32)
          shredded_after: PT20M
        fields:
          email: { category: user.contact.email, class: confidential, identity: email }
";

/// The person of most tests.
const PERSON: &str = "ana.silva@example.com";

/// The vault of one deployment with two tenants, `demo` and `other`.
struct Front {
    world: World,
    ports: Ports,
}

fn front() -> Front {
    let world = World::new(7);
    world.publish_yaml(&format!("{CATALOG}{ARCHIVE}")).expect("a catalog");
    for tenant in ["demo", "other"] {
        world.put_settings(settings(tenant, &[]));
    }
    let ports = Ports {
        tenants: world.tenants(),
        catalogs: world.catalogs(),
        keyring: world.keyring(),
        key_admin: world.key_admin(),
        clock: world.clock(),
        entropy: world.entropy(),
    };
    Front { world, ports }
}

fn settings(tenant: &str, rotate: &[(Purpose, &str)]) -> Settings {
    Settings {
        tenant: self::tenant(tenant),
        name: tenant.into(),
        cooling_off_for: "P30D".into(),
        recheck_after: None,
        receipt_salt_for: None,
        catalog_version: None,
        webhook: None,
        topic: false,
        sanctions: vec![],
        allowed_hosts: vec![],
        rotate_keys_every: rotate.iter().map(|(purpose, every)| (*purpose, (*every).to_owned())).collect(),
        exports: ExportSettings::default(),
        masking: None,
    }
}

fn tenant(name: &str) -> TenantId {
    name.parse().expect("a tenant")
}

fn of(tenant: &str, role: Role) -> Principal {
    let sub = Personal::new("sub-1");
    Principal { tenant: self::tenant(tenant), role, sub, identities: vec![] }
}

/// Somebody of the tenant `demo`.
fn caller(role: Role) -> Principal {
    of("demo", role)
}

fn call(who: &Principal, method: &str, operation: &str, body: impl Into<Vec<u8>>) -> Call {
    Call {
        method: method.into(),
        resource: format!("/v1/vault/{operation}"),
        id: None,
        query: BTreeMap::new(),
        headers: vec![],
        body: body.into(),
        principal: who.clone(),
    }
}

/// The body of a sealing.
fn sealing(context: &str, plain: impl AsRef<[u8]>) -> Value {
    json!({"context": context, "plaintext": STANDARD.encode(plain)})
}

/// The body of an opening.
fn opening(context: &str, sealed: impl AsRef<[u8]>) -> Value {
    json!({"context": context, "sealed": STANDARD.encode(sealed)})
}

/// The same for a person.
fn for_person(mut body: Value, email: &str) -> Value {
    body["subject"] = json!({"type": "email", "value": email});
    body
}

/// Sealed bytes, and the version of the key.
#[derive(Clone)]
struct Kept {
    sealed: Vec<u8>,
    version: u64,
}

impl Front {
    async fn send(&self, call: &Call) -> Answer {
        answer(&self.ports, call).await
    }

    async fn post(&self, who: &Principal, operation: &str, body: &Value) -> Answer {
        self.send(&call(who, "POST", operation, body.to_string())).await
    }

    /// As the tenant's backend.
    async fn encrypt(&self, tenant: &str, body: &Value) -> Answer {
        self.post(&of(tenant, Role::Backend), "encrypt", body).await
    }

    /// As the tenant's backend.
    async fn decrypt(&self, tenant: &str, body: &Value) -> Answer {
        self.post(&of(tenant, Role::Backend), "decrypt", body).await
    }

    /// Seals for the tenant `demo`, or for a person of it.
    async fn seal(&self, context: &str, plain: &[u8], person: Option<&str>) -> Kept {
        let body = with(sealing(context, plain), person);
        let answer = self.encrypt("demo", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json = json_of(&answer);
        let purpose = if person.is_some() { "subject" } else { "fields" };
        assert_eq!(json["key"]["purpose"], purpose);
        let sealed = STANDARD.decode(json["sealed"].as_str().expect("a text")).expect("base64");
        Kept { sealed, version: json["key"]["version"].as_u64().expect("a version") }
    }

    async fn open(&self, context: &str, sealed: &[u8], person: Option<&str>) -> Answer {
        self.decrypt("demo", &with(opening(context, sealed), person)).await
    }

    /// As an administrator of the tenant `demo`.
    async fn rotate(&self, purpose: &str) -> Answer {
        self.rotate_of("demo", purpose).await
    }

    /// As the tenant's administrator.
    async fn rotate_of(&self, tenant: &str, purpose: &str) -> Answer {
        self.post(&of(tenant, Role::Admin), "rotate", &json!({"purpose": purpose})).await
    }

    async fn status(&self, tenant: &str) -> Value {
        let answer = self.send(&call(&of(tenant, Role::Auditor), "GET", "status", "")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        json_of(&answer)["items"].clone()
    }

    /// A person's own key, whether there is one or not.
    async fn scope(&self, email: &str) -> KeyScope {
        self.find_scope(email).await.expect("a scope")
    }

    /// The same; finding it asks for the key of the pseudonyms.
    async fn find_scope(&self, email: &str) -> Result<KeyScope, StepError> {
        let names = Pseudonymiser::of(&*self.ports.keyring, &tenant("demo")).await?;
        let kind = "email".parse().expect("a type");
        let identity = Identity::new(kind, &Personal::new(email)).expect("an identity");
        Ok(KeyScope::Subject(tenant("demo"), names.subject(&identity)?))
    }

    /// Destroys a person's key, as erasing them does.
    async fn erase(&self, email: &str) {
        let scope = self.scope(email).await;
        self.ports.keyring.destroy(&scope).await.expect("destroyed");
    }
}

fn with(body: Value, person: Option<&str>) -> Value {
    match person {
        None => body,
        Some(email) => for_person(body, email),
    }
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect("JSON")
}

/// What was opened.
fn opened(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    STANDARD.decode(json_of(answer)["plaintext"].as_str().expect("a text")).expect("base64")
}

/// The status, and which of the problem's causes it is.
fn refused(answer: &Answer) -> (u16, String) {
    let json = json_of(answer);
    let kind = json["type"].as_str().expect("a type").trim_start_matches("urn:lacuna:problem:").to_owned();
    match json["code"].as_str() {
        Some(code) => (answer.status, format!("{kind}/{code}")),
        None => (answer.status, kind),
    }
}

/// Where the problem says that the input is wrong.
fn places(answer: &Answer) -> Vec<String> {
    let errors = json_of(answer)["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|e| e["at"].as_str().expect("a place").to_owned()).collect()
}

fn retried(answer: &Answer) -> bool {
    answer.headers.iter().any(|(name, _)| *name == "retry-after")
}
