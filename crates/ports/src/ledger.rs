//! The erasure ledger.

use async_trait::async_trait;
use domain::event::Event;
use domain::ledger::{Entry, Found, Replay, Standing};
use domain::{Pseudonym, ReplayId, StoreId, TenantId};

use crate::fault::Fault;

/// Marks that one call asks for at the most.
pub const MOST_MARKS: usize = 100;

/// One turn of a store or of a replay: what changes is written together with its event, or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turn {
    /// The store as it was read, if it was there, and as it will be.
    pub standing: Option<(Option<Standing>, Standing)>,
    /// The replay as it was read, if it was there, and as it will be.
    pub replay: Option<(Option<Replay>, Replay)>,
    /// What happened. About the store; its number is the `events` of the store as it will be.
    pub event: Option<Event>,
}

/// The `ledger` table.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Writes entries, however many; of two with one mark the one with the later `erased_at` stays. Writing them
    /// twice, or some of them, is fine. Not one transaction: after a fault some may be there.
    async fn write(&self, entries: &[Entry]) -> Result<(), Fault>;

    /// The entries of a store with these marks, at most [`MOST_MARKS`], in whatever order; strongly consistent.
    async fn find(
        &self,
        tenant: &TenantId,
        store: &StoreId,
        marks: &[Pseudonym],
    ) -> Result<Vec<Entry>, Fault>;

    /// How a store stands; `None` if nothing was ever said about it. Strongly consistent.
    async fn standing(&self, tenant: &TenantId, store: &StoreId) -> Result<Option<Standing>, Fault>;

    /// How a tenant's stores stand about which something was said, by their ids.
    async fn standings(&self, tenant: &TenantId) -> Result<Vec<Standing>, Fault>;

    /// A replay, strongly consistent.
    async fn replay(&self, tenant: &TenantId, id: &ReplayId) -> Result<Option<Replay>, Fault>;

    /// Takes a turn; `false` if what was read is not what is there any more, and nothing is written. A turn that was
    /// taken already, by a call whose answer was lost, may be either.
    async fn take(&self, turn: &Turn) -> Result<bool, Fault>;

    /// At most so many running replays of all tenants, those that began first before the others.
    async fn running(&self, most: usize) -> Result<Vec<(TenantId, ReplayId)>, Fault>;

    /// Remembers whom a walk of a replay found; once is as good as often.
    async fn note(&self, tenant: &TenantId, id: &ReplayId, found: &Found) -> Result<(), Fault>;

    /// Whom the walks of a replay found, by walk, at most so many after `after`, in order.
    async fn found(
        &self,
        tenant: &TenantId,
        id: &ReplayId,
        after: Option<&Found>,
        most: usize,
    ) -> Result<Vec<Found>, Fault>;

    /// Stores of all tenants that have a standing, at most so many after this one, in the order of tenants, then of stores.
    async fn stores(
        &self,
        after: Option<&(TenantId, StoreId)>,
        most: usize,
    ) -> Result<Vec<(TenantId, StoreId)>, Fault>;
}
