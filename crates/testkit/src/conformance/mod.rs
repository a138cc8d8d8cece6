//! What every connector must do, whatever its store.
//!
//! A connector's tests give a [`Fixture`] of the real store and say [`conformance!`](crate::conformance!):
//! each case becomes a test of its own. The people are made up, and so are their records.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "the cases are tests: a case that fails panics"
)]

pub mod anonymising;
pub mod collecting;
pub mod confirming;
pub mod crashing;
pub mod erasing;
pub mod hiding;
pub mod locating;
pub mod looking;
pub mod planting;
pub mod volume;
pub mod walking;

mod cases;
mod scene;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::catalog::{Collection, FieldKind, Store};
use domain::plan::{RecordKey, Value};
use ports::stores::Treatment;
use ports::{Collector, Connector, Contents, Planter, Suppressor, Walker};

pub use scene::Scene;

/// A record as the store itself has it, read without the connector.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Its key, as the connector names it.
    pub key: RecordKey,
    /// Whose it is: the value of the field that is searched by.
    pub who: Value,
    /// Every field with its raw form, byte for byte; the key's among them.
    pub fields: BTreeMap<String, String>,
}

/// A fresh, empty collection in a real store. Nothing else uses it.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The connector under test.
    fn connector(&self) -> Arc<dyn Connector>;

    /// The same for hiding, if it can.
    fn suppressor(&self) -> Option<Arc<dyn Suppressor>>;

    /// The same for reading whole.
    fn collector(&self) -> Arc<dyn Collector>;

    /// The same for contents, if its records are objects.
    fn contents(&self) -> Option<Arc<dyn Contents>> {
        None
    }

    /// The same for walking.
    fn walker(&self) -> Arc<dyn Walker>;

    /// The same for keeping a control's record, if it can.
    fn planter(&self) -> Option<Arc<dyn Planter>>;

    /// The store, with this one collection.
    fn store(&self) -> &Store;

    /// The field that people are searched by.
    fn field(&self) -> &str;

    /// Adds records of a person, each with so many bytes that nobody needs. `false` if the store
    /// cannot hold them.
    async fn plant(&self, who: &Value, count: usize, weight: usize) -> bool;

    /// Adds records of a person that hold all that the store can hold, and tells how they must be shown.
    async fn plant_whole(&self, who: &Value) -> Vec<domain::export::Row>;

    /// All records.
    async fn rows(&self) -> Vec<Row>;

    /// Gives a record to somebody else. `false` if the key says whose it is.
    async fn reassign(&self, key: &RecordKey, to: &Value) -> bool;

    /// Whether a search for the value is refused, because the store may hold it in a way in which it
    /// would not be found.
    fn refuses(&self, _who: &Value) -> bool {
        false
    }

    /// What anonymising does here, if it can.
    fn anonymising(&self) -> Option<Treatment> {
        None
    }

    /// The collection.
    fn collection(&self) -> &Collection {
        &self.store().collections[0]
    }

    /// Whether people are known by texts or by numbers.
    fn kind(&self) -> FieldKind {
        self.collection().fields[self.field()].kind
    }

    /// The person with a number.
    fn person(&self, number: usize) -> Value {
        match self.kind() {
            FieldKind::Text => Value::of(FieldKind::Text, &format!("person-{number}@example.com")),
            FieldKind::Number => Value::of(FieldKind::Number, &number.to_string()),
        }
    }
}
