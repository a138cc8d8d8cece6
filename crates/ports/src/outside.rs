//! Who is asked, who is told, and who remembers.

use async_trait::async_trait;
use audit::{Block, Head};
use contract::outcome::Announcement;
use contract::page::Page;
use contract::sanction::Question;
use contract::settings::{SanctionSource, Settings};
use domain::TenantId;
use domain::event::Event;
use domain::hold::Verdict;
use jiff::Timestamp;

use crate::fault::Fault;

/// Sanction sources outside of Lacuna.
#[async_trait]
pub trait Sanctions: Send + Sync {
    /// Asks a source. Anything but a verdict is a fault: no answer is not `clear`.
    async fn ask(
        &self,
        settings: &Settings,
        source: &SanctionSource,
        question: &Question,
    ) -> Result<Verdict, Fault>;
}

/// Who is told how a request ended.
#[async_trait]
pub trait Announcer: Send + Sync {
    /// Calls the tenant's webhook, signed; nothing if it has none. Receivers may see it twice.
    async fn webhook(
        &self,
        settings: &Settings,
        announcement: &Announcement,
        at: Timestamp,
    ) -> Result<(), Fault>;

    /// Publishes on the topic. Receivers may see it twice.
    async fn topic(&self, announcement: &Announcement) -> Result<(), Fault>;
}

/// Who is woken when a person is to look at a store: its owner.
#[async_trait]
pub trait Pager: Send + Sync {
    /// Pages the owner of a store. Whoever is paged may be paged twice.
    async fn page(&self, page: &Page) -> Result<(), Fault>;
}

/// The audit table. Only `write-audit` may write it.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// The end of a tenant's chain, strongly consistent.
    async fn head(&self, tenant: &TenantId) -> Result<Head, Fault>;

    /// Those of the events that no entry has yet, in their order, strongly consistent.
    async fn unchained(&self, tenant: &TenantId, events: &[Event]) -> Result<Vec<Event>, Fault>;

    /// Writes a block with a marker per event; `false` if its place is taken or one of its events
    /// is chained already: read again and decide again.
    async fn append(&self, block: &Block) -> Result<bool, Fault>;

    /// At most `most` blocks with the entries from number `from` on, ascending, strongly consistent. The first
    /// may begin before `from`. As they are stored: whether they are a chain is for the reader to check.
    async fn read(&self, tenant: &TenantId, from: u64, most: usize) -> Result<Vec<Block>, Fault>;
}
