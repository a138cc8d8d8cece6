//! Keys, and the sealed objects under them.

use async_trait::async_trait;
use domain::{RequestId, TenantId};
use vault::DataKey;

use crate::fault::Fault;

/// What a data key is for. Keys by purpose, each destroyed at its own end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyScope {
    /// A tenant's pseudonyms. Lives as long as the tenant.
    Pseudonyms(TenantId),
    /// One request's identities, plan and pages. Destroyed when the request is closed.
    Plan(TenantId, RequestId),
}

impl KeyScope {
    /// Whose it is.
    pub fn tenant(&self) -> &TenantId {
        match self {
            Self::Pseudonyms(tenant) | Self::Plan(tenant, _) => tenant,
        }
    }

    /// The `purpose` of the KMS encryption context.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Pseudonyms(_) => "pseudonyms",
            Self::Plan(..) => "plan",
        }
    }
}

/// Data keys, wrapped by KMS and kept in the `keys` table.
#[async_trait]
pub trait Keyring: Send + Sync {
    /// The key of a scope; made if there is none. Two callers at once get the same key.
    async fn obtain(&self, scope: &KeyScope) -> Result<DataKey, Fault>;

    /// The key of a scope; `None` if there is none, or none any more.
    async fn open(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault>;

    /// Destroys a key: nothing sealed under it can be read again. Doing it twice is fine.
    async fn destroy(&self, scope: &KeyScope) -> Result<(), Fault>;
}

/// The staging bucket: objects that are sealed before they are put.
#[async_trait]
pub trait Staging: Send + Sync {
    /// Puts an object; the same key again replaces it.
    async fn put(&self, key: &str, sealed: Vec<u8>) -> Result<(), Fault>;

    /// Gets an object of at most 16 MiB; `None` if it is not there.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault>;

    /// Deletes all objects whose keys begin with the prefix, and looks again: none is there any more, or
    /// it is a fault. Doing it twice is fine.
    async fn delete_all(&self, prefix: &str) -> Result<(), Fault>;
}
