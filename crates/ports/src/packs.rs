//! Evidence packs, as far as they are on record.

use async_trait::async_trait;
use domain::event::Event;

use crate::fault::Fault;

/// What is known of packs: that they were made, which is an event in the `requests` table and nothing else.
#[async_trait]
pub trait Packs: Send + Sync {
    /// Writes the first and only event of a pack, unless one is there; the one that is there then. A pack is named by its
    /// content, so whoever says it again says the same.
    async fn note(&self, event: &Event) -> Result<Event, Fault>;
}
