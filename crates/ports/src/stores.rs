//! The company's own stores.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::TenantId;
use domain::catalog::{Collection, Store};
use domain::plan::{Record, Value};

use crate::fault::Fault;

/// Values that one search compares with at the most.
pub const MOST_VALUES: usize = 100;

/// Records that one page has at the most.
pub const PAGE: usize = 500;

/// A collection of a store.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The store.
    pub store: &'a Store,
    /// The collection.
    pub collection: &'a Collection,
    /// The fields whose values a record must bring, from [`domain::catalog::Catalog::wanted`].
    pub wanted: &'a [String],
}

/// What is looked for: records whose field has one of the values.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The field.
    pub field: &'a str,
    /// 1 to [`MOST_VALUES`] values.
    pub values: &'a [Value],
}

/// What became of a record since it was located.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// It is not there any more.
    Gone,
    /// It is there. The field that it was found by holds this now; `None`: nothing.
    Holds(Option<Value>),
}

/// A page of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The records; may be empty though there is more.
    pub records: Vec<Record>,
    /// Where to go on; `None` at the end. It can contain keys, so it is sealed before it is kept.
    pub next: Option<String>,
}

/// What becomes of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Treatment {
    /// They go.
    Delete,
    /// Their fields are set or emptied (`None`).
    Anonymise(BTreeMap<String, Option<Value>>),
}

/// What became of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// They are in the wanted state now, by this call or an earlier one.
    pub done: u64,
    /// They belong to somebody else by now, and were left alone.
    pub foreign: u64,
}

/// What a second reading found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    /// Records that still are as they were.
    pub records: u64,
    /// Where to go on; `None` at the end. Sealed before it is kept.
    pub next: Option<String>,
}

/// A kind of store. Paged, batched, idempotent, bounded in memory.
#[async_trait]
pub trait Connector: Send + Sync {
    /// One page of at most [`PAGE`] records that the search finds. A record that has the field in
    /// several of the values is found once. Reads consistently where the store can.
    async fn locate(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<Found, Fault>;

    /// Brings at most [`PAGE`] records into the state that the treatment wants. A record is touched
    /// only while its `via` field still has its `via_value`. Doing it twice is doing it once: a
    /// record that is gone, or is as the treatment wants it, counts as done.
    async fn erase(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<Settled, Fault>;

    /// What became of at most [`PAGE`] located records, in their order; one that is told twice is
    /// answered twice. Reads by their keys, consistently where the store can.
    async fn look_again(&self, target: &Target<'_>, records: &[Record]) -> Result<Vec<Since>, Fault>;

    /// Searches again, by other code and by another reading path than [`Connector::locate`] and
    /// [`Connector::erase`] use where the store has one, and counts what is still found.
    async fn confirm_search(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<Remaining, Fault>;

    /// Reads at most [`PAGE`] records again by their keys, consistently, and counts those that are
    /// not as the treatment wants them and still have their `via_value`.
    async fn confirm_records(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<u64, Fault>;
}

/// A store that can hide a person and show them again.
#[async_trait]
pub trait Suppressor: Send + Sync {
    /// Sets the collection's suppression flag on at most [`PAGE`] records, those that still have their
    /// `via_value`; or clears it on all of them, since whoever was hidden must not stay so. How many
    /// are in that state now. Doing it twice is doing it once.
    async fn set_hidden(&self, target: &Target<'_>, records: &[Record], hidden: bool) -> Result<u64, Fault>;
}

/// The connectors, by kind.
#[async_trait]
pub trait Stores: Send + Sync {
    /// The connector that speaks to a store, connected.
    async fn connector(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Connector>, Fault>;

    /// The same, for hiding; `None` if the kind cannot.
    async fn suppressor(
        &self,
        tenant: &TenantId,
        store: &Store,
    ) -> Result<Option<Arc<dyn Suppressor>>, Fault>;
}
