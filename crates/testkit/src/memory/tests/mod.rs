//! The semantics that code relies on without seeing them.

mod collecting;
mod conforming;
mod connecting;
mod holding;
mod outside;
mod packaging;
mod planting;
mod refusing;
mod repeating;
mod rest;
mod walking;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::catalog::{Catalog, Collection, Store};
use domain::clock::Jurisdiction;
use domain::event::{About, Event, EventKind};
use domain::hold::Hold;
use domain::plan::Value;
use domain::request::RequestType;
use domain::{Generation, HoldId, Personal, Pseudonym, Request, RequestId, Status, TenantId};
use jiff::Timestamp;
use ports::control::Remembered;
use ports::{Change, NewRequest};

use super::{Database, Row, World};

fn tenant() -> TenantId {
    "demo".parse().expect("a tenant")
}

fn subject(n: u8) -> Pseudonym {
    format!("{n:064x}").parse().expect("a pseudonym")
}

fn beginning() -> Timestamp {
    super::BEGINNING.parse().expect("a time")
}

fn event(about: About, n: u32, kind: EventKind) -> Event {
    Event {
        tenant: tenant(),
        about,
        n,
        at: beginning(),
        kind,
        who: "step:plan".into(),
        generation: Generation::FIRST,
        status: None,
        store: None,
        tally: None,
        why: None,
        detail: BTreeMap::new(),
        wake: None,
    }
}

/// A request of the person with these pseudonyms; the number makes its id.
fn new_request(n: u128, subject: Vec<Pseudonym>) -> NewRequest {
    let id = RequestId::new(beginning(), n);
    NewRequest {
        beyond: Vec::new(),
        event: event(About::Request(id.clone()), 1, EventKind::Accepted),
        request: Request {
            status: Status::Accepted,
            subject,
            subject_object: "subject".into(),
            catalog_version: "v1".into(),
            ..Request::received((tenant(), id), RequestType::Erasure, Jurisdiction::Eu, None, beginning())
        },
        remember: None,
    }
}

/// The next change of a request: one more event, everything else as it is.
fn change(request: &Request) -> Change {
    let mut after = request.clone();
    after.events += 1;
    Change {
        event: event(About::Request(after.id.clone()), after.events, EventKind::Planning),
        expected: request.generation,
        request: after,
        tasks: vec![],
        statement: None,
        lock: vec![],
        unlock: vec![],
        wait_for: None,
        unless_held: vec![],
    }
}

fn remembered(n: u8, answer: &str) -> Remembered {
    Remembered {
        key: subject(n),
        body: subject(n),
        status: 202,
        answer: answer.into(),
        expires_at: beginning() + jiff::SignedDuration::from_hours(24),
    }
}

fn hold(n: u128, subject: Pseudonym) -> (Hold, Event) {
    let id = HoldId::new(beginning(), n);
    let placed = event(About::Hold(id.clone()), 1, EventKind::HoldPlaced);
    let hold = Hold {
        tenant: tenant(),
        id,
        subject,
        identity_type: "email".into(),
        reason: "litigation".into(),
        review_at: beginning(),
        placed_at: beginning(),
        placed_by: "officer".into(),
        released_at: None,
        too_late_for: vec![],
    };
    (hold, placed)
}

/// A world with one request in it.
async fn with_request(subjects: Vec<Pseudonym>) -> (World, Request) {
    let world = World::default();
    let new = new_request(1, subjects);
    world.requests().create(&new).await.expect("created");
    (world, new.request)
}

const CATALOG: &str = r#"
catalog: 1
stores:
  - id: shop
    kind: sql
    owner: { team: shop, page: "pager:shop" }
    connection: shop-db
    control:
      records:
        customers: { id: 990001, email: control@lacuna.invalid }
    collections:
      - name: customers
        resource: customers
        key: [id]
        suppress: hidden
        fields:
          id: { category: user.unique_id, class: internal, kind: number }
          email: { category: user.contact.email, class: confidential, identity: email, index: by_email, anonymise: surrogate }
          name: { category: user.name, class: confidential, anonymise: remove }
          hidden: { category: system.operations, class: internal, kind: number }
        erasure: { method: anonymise, reason: "the sum of sales", law: "HGB 257" }
  - id: files
    kind: s3
    owner: { team: files, page: "pager:files" }
    control:
      records:
        tickets: { customer: "990001", ticket: T990001 }
    collections:
      - name: tickets
        resource: files
        object: "tickets/{customer}/{ticket}.json"
        fields:
          customer: { category: user.unique_id, class: internal, identity: customer_id }
          ticket: { category: system.operations, class: internal }
        erasure: { method: delete }
"#;

fn text(value: &str) -> Value {
    Value::Text(Personal::new(value))
}

fn number(value: u32) -> Value {
    Value::Number(Personal::new(value.to_string()))
}

fn customer(id: u32, email: &str) -> Row {
    [("id", number(id)), ("email", text(email)), ("name", text("A Name"))]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// A published catalog with its stores empty.
fn shop() -> (World, Arc<Catalog>) {
    let world = World::default();
    world.publish_yaml(CATALOG).expect("a good catalog");
    let catalog = world.current_catalog().expect("published");
    world.provision(&tenant(), &catalog);
    (world, catalog)
}

fn part<'a>(catalog: &'a Catalog, store: &str) -> (&'a Store, &'a Collection) {
    let store = catalog.store(&store.parse().expect("an id")).expect("a store");
    (store, &store.collections[0])
}

fn database(world: &World, store: &str) -> Database {
    world.database(&tenant(), &store.parse().expect("an id"))
}
