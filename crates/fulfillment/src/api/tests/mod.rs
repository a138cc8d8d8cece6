//! The front door over ports in memory.

mod accepting;
mod access;
mod by_role;
mod changing;
mod documented;
mod exporting;
mod faults;
mod holding;
mod leaks;
mod listing;
mod lost;
mod races;
mod refusing;
mod replaying;
mod scenes;
mod schema;
mod showing;
mod submitting;

use std::collections::BTreeMap;
use std::sync::Arc;

use audit::receipt::{DETAIL, sha256_of};
use contract::settings::{ExportSettings, Settings};
use domain::access::Role;
use domain::event::EventKind;
use domain::{Identity, Operation, Personal, Request, RequestId, Tally, Task, TaskStatus, TenantId};
use ports::Entropy;
use serde_json::{Value, json};
use testkit::clock::UnlimitedBudget;
use testkit::memory::World;

use super::{Answer, Call, Ports, Principal, ROUTES, answer};
use crate::change::{Actor, Amend, Draft, Scope, amend_plainly};
use crate::steps::write_audit;

const CATALOG: &str = include_str!("catalog.yaml");

/// The person of most tests.
pub(crate) const PERSON: &str = "ana.silva@example.com";

/// Always the same bits: the first request and the first hold of a test have known ids.
struct SameBits;

impl Entropy for SameBits {
    fn bytes(&self) -> [u8; 32] {
        [0x5a; 32]
    }
}

/// The front door of one deployment with two tenants, `demo` and `other`.
pub(crate) struct Front {
    pub(crate) world: World,
    pub(crate) ports: Ports,
}

fn ports_of(world: &World) -> Ports {
    Ports {
        requests: world.requests(),
        holds: world.holds(),
        ledger: world.ledger(),
        packs: world.packs(),
        tenants: world.tenants(),
        catalogs: world.catalogs(),
        keyring: world.keyring(),
        staging: world.staging(),
        clock: world.clock(),
        entropy: world.entropy(),
    }
}

pub(crate) fn front() -> Front {
    let world = World::new(7);
    world.publish_yaml(CATALOG).expect("a catalog");
    for tenant in ["demo", "other"] {
        world.put_settings(settings(tenant));
    }
    let ports = ports_of(&world);
    Front { world, ports }
}

/// With ids that can be written into a document.
pub(crate) fn plain_front() -> Front {
    let mut front = front();
    front.ports.entropy = Arc::new(SameBits);
    front
}

fn settings(tenant: &str) -> Settings {
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
        rotate_keys_every: [].into(),
        exports: ExportSettings::default(),
        masking: None,
    }
}

pub(crate) fn tenant(name: &str) -> TenantId {
    name.parse().expect("a tenant")
}

/// Somebody of the tenant `demo`.
pub(crate) fn caller(role: Role) -> Principal {
    Principal { tenant: tenant("demo"), role, sub: Personal::new("sub-1"), identities: vec![] }
}

pub(crate) fn identity(kind: &str, value: &str) -> Identity {
    Identity::new(kind.parse().expect("a type"), &Personal::new(value)).expect("an identity")
}

/// A person of the tenant `demo`, known by these addresses.
pub(crate) fn person(emails: &[&str]) -> Principal {
    let identities = emails.iter().map(|email| identity("email", email)).collect();
    Principal { sub: Personal::new(emails.join("+")), identities, ..caller(Role::Subject) }
}

/// `POST /v1/requests` for a person, verified a minute before the world begins.
pub(crate) fn submission(email: &str) -> Value {
    json!({
        "type": "erasure",
        "subject": {"identities": [{"type": "email", "value": email}]},
        "jurisdiction": "EU",
        "verification": verification(),
    })
}

fn unverified(email: &str) -> Value {
    let mut body = submission(email);
    body.as_object_mut().expect("an object").remove("verification");
    body
}

fn verification() -> Value {
    json!({"method": "session", "at": "2026-03-02T08:59:00Z", "reference": "session-8812"})
}

fn hold(email: &str) -> Value {
    json!({
        "identity": {"type": "email", "value": email},
        "reason": "litigation",
        "review_at": "2026-09-01T00:00:00Z",
    })
}

/// A call of a path, with its query, as a server would hand it over.
pub(crate) fn call(who: &Principal, method: &str, target: &str) -> Call {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if let Some(replay) = path.strip_prefix("/v1/ledger/replays/") {
        let resource = "/v1/ledger/replays/{id}".to_owned();
        return Call { id: Some(replay.to_owned()), ..call_of(who, method, resource, BTreeMap::new()) };
    }
    if path.starts_with("/v1/ledger/") || path == "/v1/audit/packs" {
        return call_of(who, method, path.to_owned(), BTreeMap::new());
    }
    let parts: Vec<&str> = path.split('/').collect();
    let id = parts.get(3).map(|id| (*id).to_owned());
    let resource = match parts.get(4) {
        _ if id.is_none() => path.to_owned(),
        None => format!("/v1/{}/{{id}}", parts[2]),
        Some(_) => format!("/v1/{}/{{id}}/{}", parts[2], parts[4..].join("/")),
    };
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query: BTreeMap<String, String> = query.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Call { id, ..call_of(who, method, resource, query) }
}

fn call_of(who: &Principal, method: &str, resource: String, query: BTreeMap<String, String>) -> Call {
    let principal = who.clone();
    Call { method: method.into(), resource, id: None, query, headers: vec![], body: vec![], principal }
}

impl Front {
    pub(crate) async fn send(&self, call: &Call) -> Answer {
        answer(&self.ports, call).await
    }

    /// A call without a body.
    pub(crate) async fn ask(&self, who: &Principal, method: &str, target: &str) -> Answer {
        self.send(&call(who, method, target)).await
    }

    /// A call with a body.
    pub(crate) async fn post(&self, who: &Principal, target: &str, body: &Value) -> Answer {
        self.send(&Call { body: body.to_string().into(), ..call(who, "POST", target) }).await
    }

    /// A call with a body and an idempotency key.
    pub(crate) async fn post_with(&self, who: &Principal, target: &str, key: &str, body: &Value) -> Answer {
        self.send(&with_key(who, target, key, body)).await
    }

    /// A request that is taken in.
    pub(crate) async fn submit(&self, email: &str) -> RequestId {
        let who = caller(Role::Backend);
        let answer = self.post_with(&who, "/v1/requests", email, &submission(email)).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        id_of(&answer)
    }

    pub(crate) fn request(&self, id: &RequestId) -> Request {
        self.world.request(&tenant("demo"), id).expect("a request")
    }

    /// Changes a request as the lifecycle would, past the rules of the front door.
    pub(crate) async fn change(&self, id: &RequestId, change: impl Fn(&mut Draft)) {
        let (tenant, actor) = (tenant("demo"), Actor::step("test"));
        let scope = Scope {
            requests: &*self.ports.requests,
            clock: &*self.ports.clock,
            tenant: &tenant,
            id,
            generation: None,
            actor: &actor,
        };
        amend_plainly(&scope, |request| {
            let mut draft = Draft::new(request, EventKind::Checked, scope.clock.now());
            change(&mut draft);
            Ok(Amend::commit(draft, ()))
        })
        .await
        .expect("a change");
    }

    /// Has whatever happened chained.
    pub(crate) async fn chained(&self) {
        let world = &self.world;
        let ports = write_audit::Ports { audit_log: world.audit_log(), dead_letters: world.dead_letters() };
        let written = write_audit::run(&ports, &world.stream().deliver(usize::MAX), &UnlimitedBudget).await;
        assert_eq!(written, write_audit::Written::default());
    }

    /// Takes a request in and closes it, and has that chained: three entries. The closing names the statement that was
    /// meant, and this one is kept.
    pub(crate) async fn closed(&self, email: &str, meant: &str, kept: &str) -> RequestId {
        let id = self.submit(email).await;
        self.change(&id, |draft| draft.request.status = domain::Status::Planning).await;
        let now = self.world.fake_clock().peek();
        self.change(&id, |draft| {
            draft.kind = EventKind::Closed;
            draft.request.status = domain::Status::NoMatch;
            draft.request.closed_at = Some(now);
            draft.detail = [(DETAIL.to_owned(), sha256_of(meant.as_bytes()))].into();
            draft.statement = Some(kept.to_owned());
        })
        .await;
        self.chained().await;
        id
    }

    /// Locks a request's identities, as pinning its plan does.
    pub(crate) async fn pin(&self, id: &RequestId) {
        self.change(id, |draft| {
            draft.request.status = domain::Status::Planning;
            draft.lock.clone_from(&draft.request.subject);
            draft.request.locks.clone_from(&draft.request.subject);
        })
        .await;
    }
}

pub(crate) fn with_key(who: &Principal, target: &str, key: &str, body: &Value) -> Call {
    let headers = vec![("IDEMPOTENCY-key".to_owned(), key.to_owned())];
    Call { headers, body: body.to_string().into(), ..call(who, "POST", target) }
}

pub(crate) fn id_of(answer: &Answer) -> RequestId {
    json_of(answer)["request_id"].as_str().expect("an id").parse().expect("a request id")
}

pub(crate) fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Where the problem says that the input is wrong.
pub(crate) fn places(answer: &Answer) -> Vec<String> {
    let errors = json_of(answer)["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|e| e["at"].as_str().expect("a place").to_owned()).collect()
}

/// A task as it might be stored.
fn task(op: Operation, store: &str, tally: Tally) -> Task {
    let store = store.parse().expect("a store");
    let at = "2026-03-02T09:00:00Z".parse().expect("an instant");
    Task { tally, status: TaskStatus::Done, begun: op == Operation::Erase, ..Task::new(op, store, 1, at) }
}

/// An erase task with the counts of each of its collections.
fn erase_task(store: &str, counts: &[(&str, Tally)]) -> Task {
    let mut tally = Tally::default();
    for (_, one) in counts {
        tally += *one;
    }
    let collections = counts.iter().map(|(name, one)| ((*name).to_owned(), *one)).collect();
    Task { collections, ..task(Operation::Erase, store, tally) }
}

fn erased(erased: u64) -> Tally {
    Tally { erased, ..Tally::default() }
}

fn anonymised(anonymised: u64) -> Tally {
    Tally { anonymised, ..Tally::default() }
}

fn retained(retained: u64) -> Tally {
    Tally { retained, ..Tally::default() }
}

#[test]
fn every_route_is_there_once_and_all_have_their_own_names() {
    let mut names: Vec<&str> = ROUTES.iter().map(|route| route.endpoint.as_str()).collect();
    let mut places: Vec<_> = ROUTES.iter().map(|route| (route.method, route.resource)).collect();
    names.sort_unstable();
    names.dedup();
    places.sort_unstable();
    places.dedup();
    assert_eq!((names.len(), places.len()), (ROUTES.len(), ROUTES.len()));
}
