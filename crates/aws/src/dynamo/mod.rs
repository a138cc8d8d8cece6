//! Our own state on DynamoDB: the tables `requests`, `holds`, `audit`, `registry`, `keys` and
//! `ledger`.
//!
//! Every item has a partition key `pk` and a sort key `sk`, both text. What a struct says is one
//! JSON text in `doc`; an attribute stands beside it only where a condition, an index, the stream's
//! filter or the time-to-live needs it. Every partition key begins with the tenant (an issuer's with
//! the issuer; two lists in `ledger` are of all tenants, and the sweeper's own item is nobody's), so that no key that is built from
//! a caller's tenant reaches another's items.
//!
//! Writes that belong together are one transaction. What makes a repeated write harmless is its
//! conditions, for ever; the token that the SDK gives each call covers its own retries, for ten
//! minutes, and nothing here relies on it.

mod aged;
mod audit_log;
mod condition;
mod cursor;
mod event_lists;
mod fault;
mod holds;
mod items;
mod keyring;
mod keys;
mod ledger;
mod packs;
mod requests;
mod table;
mod tenants;
mod transaction;
mod units;
mod visits;

use domain::event::Event;
use ports::EventKey;

pub use audit_log::AuditTable;
pub use event_lists::EventListsTable;
pub(crate) use event_lists::REDRIVEN;
pub use holds::HoldsTable;
pub use keyring::KeysTable;
pub use ledger::LedgerTable;
pub use packs::PacksTable;
pub use requests::RequestsTable;
pub use tenants::RegistryTable;
pub use units::{Ceiling, ceiling};
pub use visits::VisitsTable;

/// Where an event belongs.
pub(crate) fn event_key(event: &Event) -> EventKey {
    let keys::Key { pk, sk } = keys::event(event);
    EventKey { pk, sk }
}
