//! What the owner of a store is paged with.
//!
//! It is published with the message attributes `team` and `page`, as the catalog has them for the store, so that each
//! team subscribes to its own.

use domain::{RequestId, StoreId, TenantId};
use serde::{Deserialize, Serialize};

/// A page. Names the request and the store, never the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The same however often it is sent: what a receiver removes doubles by.
    pub id: String,
    /// Whose request.
    pub tenant: TenantId,
    /// The request.
    pub request_id: RequestId,
    /// The store that somebody is to look at.
    pub store: StoreId,
    /// What is wrong: an error's code.
    pub code: String,
    /// The team that owns the store.
    pub team: String,
    /// Where that team is paged: a pager service, a channel, an address.
    pub page: String,
    /// Where the code is explained.
    pub doc: String,
}

/// Where a code is explained, from the root of the repository.
pub fn doc(code: &str) -> String {
    format!("docs/errors/{code}.md")
}
