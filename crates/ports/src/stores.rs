//! The company's own stores.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::TenantId;
use domain::catalog::{Collection, Store};
use domain::export::{Content, Row};
use domain::plan::{Record, RecordKey, Value};

use crate::fault::Fault;
use crate::stream::Chunks;

/// Values that one search compares with at the most.
pub const MOST_VALUES: usize = 100;

/// Records that one page has at the most.
pub const PAGE: usize = 500;

/// Bytes that the rows of one [`Collector::collect`] take, about: no more is read once they are that many.
pub const MOST_COLLECTED: usize = 4 << 20;

/// Bytes of one record at the most that is read whole. It is held several times over while it is masked and
/// sealed.
pub const MOST_RECORD: usize = 16 << 20;

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

/// What became of a version's content since it was named.
pub enum Opened {
    /// It is there, from its first byte.
    There(Box<dyn Chunks>),
    /// It is not there any more: it was deleted, or other bytes were written in its place.
    Gone,
    /// It is in an archive of the store's own, from which nobody reads it before it is brought back.
    Archived,
}

impl Opened {
    /// The content, if it is there.
    pub fn there(self) -> Option<Box<dyn Chunks>> {
        match self {
            Self::There(chunks) => Some(chunks),
            Self::Gone | Self::Archived => None,
        }
    }
}

/// What a second reading found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    /// Records that still are as they were.
    pub records: u64,
    /// Where to go on; `None` at the end. Sealed before it is kept.
    pub next: Option<String>,
}

/// What located records hold now. Each different record among those that are taken is shown, gone or foreign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// The records that are there and still the person's, in the order in which they were first asked for. An
    /// object has a row for each of its versions, the latest first; delete markers and unfinished uploads are
    /// none.
    pub rows: Vec<Row>,
    /// How many of the records, from the first on, this answers for: at least one if any were asked for, and
    /// fewer than that if the rows became too many bytes, or took too many requests.
    pub taken: usize,
    /// Of those: they are not there any more, or are objects without a version that could be shown.
    pub gone: u64,
    /// Of those: their `via` field holds something else by now. They are not shown.
    pub foreign: u64,
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

/// A store whose records can be read whole.
#[async_trait]
pub trait Collector: Send + Sync {
    /// Reads at most [`PAGE`] located records whole, each field as the store has it, under the name that the
    /// catalog has for it if it has one. Nothing is masked.
    ///
    /// A record is shown only while its `via` field still has its `via_value` (an e-mail address in SQL: in
    /// whatever letters). One whose key is told several times, because it was found in several ways, is shown
    /// once, in the place of the first, while any of the ways still holds; the others are taken and bring
    /// nothing. That is so within one call: which records other calls showed is the caller's to know.
    ///
    /// Reads by their keys, consistently where the store can; holds about [`MOST_COLLECTED`] bytes, or one
    /// record if that is larger. One of more than [`MOST_RECORD`] is not begun: it is a permanent fault.
    async fn collect(&self, target: &Target<'_>, records: &[Record]) -> Result<Collected, Fault>;
}

/// A store whose records have content: objects.
#[async_trait]
pub trait Contents: Send + Sync {
    /// The content of the version that [`Collector::collect`] named. Other bytes that were written in its
    /// place are never read as if they were the same. Content that ends before, or after, its `size` is a
    /// transient fault.
    async fn content(&self, target: &Target<'_>, content: &Content) -> Result<Opened, Fault>;
}

/// A record, as a walk shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its key.
    pub key: RecordKey,
    /// The values of the target's `wanted` fields, those that it has.
    pub values: BTreeMap<String, Value>,
}

/// A page of a walk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walked {
    /// The records; may be empty though there is more.
    pub records: Vec<Seen>,
    /// Where to go on; `None` at the end. It can contain keys, so it is sealed before it is kept.
    pub next: Option<String>,
}

/// A store whose collections can be read from one end to the other, whoever is in them.
#[async_trait]
pub trait Walker: Send + Sync {
    /// One page of at most [`PAGE`] records of the whole collection, with the values of the target's `wanted`
    /// fields. A record that is there during the whole walk comes at least once, and once only if nobody
    /// writes meanwhile. One that comes, or goes, while others are read may be shown or not.
    ///
    /// A record that does not look as the catalog says is a permanent fault: passed over, it would be
    /// somebody who is not found. An object whose key is not of the collection's template is none of its
    /// records. Reads consistently where the store can.
    async fn walk(&self, target: &Target<'_>, cursor: Option<&str>) -> Result<Walked, Fault>;
}

/// A store in which a control person's record can be kept.
#[async_trait]
pub trait Planter: Send + Sync {
    /// Makes the record be there with these values, replacing an older form of itself, and be seen: the
    /// collection's suppression flag is cleared. `record` has every field of the primary key, or of the key's
    /// template; an object has no other fields, so of `record` no others are used. Twice is once.
    ///
    /// `mark` names the field that says that the record is the control's own, with its value in `record`. If a
    /// record with the same key is there whose `mark` field holds anything else, or nothing, it is somebody's:
    /// nothing is written, and that is a permanent fault ([`Code::CatalogMismatch`]). An object is marked by
    /// itself, whatever `mark` names. One that its owner deleted is not there, though the bucket may keep its
    /// versions.
    ///
    /// [`Code::CatalogMismatch`]: crate::Code::CatalogMismatch
    async fn plant(
        &self,
        target: &Target<'_>,
        record: &BTreeMap<String, Value>,
        mark: &str,
    ) -> Result<(), Fault>;
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

    /// The same, for reading whole.
    async fn collector(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Collector>, Fault>;

    /// The same, for reading the content of objects; `None` if the kind has none.
    async fn contents(&self, tenant: &TenantId, store: &Store) -> Result<Option<Arc<dyn Contents>>, Fault>;

    /// The same, for reading whole collections.
    async fn walker(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Walker>, Fault>;

    /// The same, for keeping a control person's record; `None` if the kind cannot.
    async fn planter(&self, tenant: &TenantId, store: &Store) -> Result<Option<Arc<dyn Planter>>, Fault>;
}
