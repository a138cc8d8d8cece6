//! Keys, and the sealed objects under them.

use async_trait::async_trait;
use domain::{Pseudonym, ReplayId, RequestId, TenantId};
use jiff::{SignedDuration, Timestamp};
use vault::DataKey;

use crate::fault::Fault;
use crate::time::Budget;

/// What a data key is for. Keys by purpose, each destroyed at its own end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyScope {
    /// A tenant's pseudonyms. Lives as long as the tenant.
    Pseudonyms(TenantId),
    /// A tenant's erasure ledger: the marks of each store are made under a key that is derived from it, and from
    /// no other. Lives as long as the tenant.
    Ledger(TenantId),
    /// A tenant's tokens: what stands for values in masked texts. Lives as long as the tenant and never rotates, since tables that are
    /// masked a year apart must still join.
    Masks(TenantId),
    /// One request's identities, plan and pages. Destroyed when the request is closed.
    Plan(TenantId, RequestId),
    /// What one request's packages can be fetched with. Destroyed with the packages.
    Export(TenantId, RequestId),
    /// What one request's receipt names the person by. Destroyed some time after its end.
    Receipt(TenantId, RequestId),
    /// What one request's stores are searched for again after its end. Destroyed when that is over.
    Recheck(TenantId, RequestId),
    /// What one replay keeps of the people whom it finds, until requests are made of it. Destroyed when the replay ends.
    Replay(TenantId, ReplayId),
    /// What a tenant's services seal. Rotates.
    Fields(TenantId),
    /// Under which the keys of a tenant's persons are sealed. Rotates.
    Subjects(TenantId),
    /// One person's own. Destroyed to erase what is sealed under it; made anew, it has the next version.
    Subject(TenantId, Pseudonym),
}

impl KeyScope {
    /// Whose it is.
    pub fn tenant(&self) -> &TenantId {
        match self {
            Self::Pseudonyms(tenant)
            | Self::Ledger(tenant)
            | Self::Masks(tenant)
            | Self::Plan(tenant, _)
            | Self::Export(tenant, _)
            | Self::Receipt(tenant, _)
            | Self::Recheck(tenant, _)
            | Self::Replay(tenant, _)
            | Self::Fields(tenant)
            | Self::Subjects(tenant)
            | Self::Subject(tenant, _) => tenant,
        }
    }

    /// The `purpose` of the KMS encryption context.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Pseudonyms(_) => "pseudonyms",
            Self::Ledger(_) => "ledger",
            Self::Masks(_) => "masks",
            Self::Plan(..) => "plan",
            Self::Export(..) => "export",
            Self::Receipt(..) => "receipt",
            Self::Recheck(..) => "recheck",
            Self::Replay(..) => "replay",
            Self::Fields(_) => "fields",
            Self::Subjects(_) => "subjects",
            Self::Subject(..) => "subject",
        }
    }

    /// Whether it has versions that follow each other, of which each still opens what it sealed.
    pub fn rotates(&self) -> bool {
        matches!(self, Self::Fields(_) | Self::Subjects(_))
    }
}

/// Data keys, wrapped by KMS and kept in the `keys` table.
#[async_trait]
pub trait Keyring: Send + Sync {
    /// The key of a scope, in its present version; made if there is none. Two callers at once get the
    /// same key.
    async fn obtain(&self, scope: &KeyScope) -> Result<DataKey, Fault>;

    /// The key of a scope, in its present version; `None` if there is none, or none any more.
    async fn open(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault>;

    /// A version of a scope's key; `None` if there never was one, or it was destroyed.
    async fn open_version(&self, scope: &KeyScope, version: u32) -> Result<Option<DataKey>, Fault>;

    /// Whether a scope has a key. It is looked at where it is stored and not opened, so one that is damaged
    /// is there as well.
    async fn exists(&self, scope: &KeyScope) -> Result<bool, Fault>;

    /// Destroys a key: nothing sealed under it can be read again. Doing it twice is fine. One that is
    /// damaged can be destroyed; one that rotates does not end, and that is a permanent fault.
    async fn destroy(&self, scope: &KeyScope) -> Result<(), Fault>;
}

/// A rotating key, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Which.
    pub scope: KeyScope,
    /// The version that seals.
    pub version: u32,
    /// Since when.
    pub made_at: Timestamp,
    /// When the next one is due, by what its tenant wanted when this one was made.
    pub rotate_by: Timestamp,
}

/// A rotating key, and what is still to be done after its rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// As it stands.
    pub key: KeyState,
    /// Keys that are still sealed under an earlier version, or under an earlier root key; at the most
    /// [`MOST_COUNTED`] are counted.
    pub to_rewrap: u32,
}

/// How far [`KeyAdmin::status`] counts.
pub const MOST_COUNTED: u32 = 1_000;

/// Some of all tenants' rotating keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RotatingKeys {
    /// Each as it stands, or why it cannot be read.
    pub keys: Vec<Result<KeyState, Fault>>,
    /// Where the next ones begin; `None` after the last.
    pub next: Option<String>,
}

/// Where a list of rotating keys begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// With the one that is due first.
    First,
    /// With the first that is due after an instant.
    DueAfter(Timestamp),
    /// Where an earlier answer ended.
    At(String),
}

/// After so many faults in a row sealing anew leaves a tenant until the next time: what is broken there
/// takes no time from the others.
pub const FAULTS_IN_A_ROW: usize = 5;

/// What sealing anew came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// Keys that were sealed anew.
    pub done: usize,
    /// Single keys that are damaged where they are stored, and rows of an index that name none: trying again
    /// does not help.
    pub damaged: usize,
    /// What could not be read or sealed anew for another reason.
    pub failed: usize,
    /// Why not, of the first.
    pub fault: Option<Fault>,
    /// Whether the time was up before it was at each.
    pub out_of_time: bool,
}

impl Rewrapped {
    /// Counts what failed, for another reason than that it is damaged.
    pub fn note(&mut self, fault: Fault) {
        self.failed += 1;
        self.fault.get_or_insert(fault);
    }
}

/// Rotation. What a key sealed before stays readable; what is sealed under an earlier key is sealed
/// anew in the background.
#[async_trait]
pub trait KeyAdmin: Send + Sync {
    /// Makes the next version of a rotating key, or its first; the state after it. `expected` is the
    /// version that the caller saw (0: none): another one by now means that somebody was first, and is
    /// left as it is.
    async fn rotate(&self, scope: &KeyScope, expected: u32, every: SignedDuration)
    -> Result<KeyState, Fault>;

    /// The rotating keys of a tenant that exist, by purpose.
    async fn status(&self, tenant: &TenantId) -> Result<Vec<KeyStatus>, Fault>;

    /// At most `most` rotating keys, of all tenants, by their `rotate_by`. A key that is rotated meanwhile
    /// may come twice.
    async fn rotating(&self, begin: &Begin, most: usize) -> Result<RotatingKeys, Fault>;

    /// Goes through the stored keys that are not sealed under the present version and root key, and seals
    /// them anew, until it was at each, or the time is up, or the key service is away or says slower. Doing
    /// it twice, or stopping anywhere, is fine.
    ///
    /// It keeps no position: it begins somewhere, by chance, each time. A tenant is left after
    /// [`FAULTS_IN_A_ROW`], and at once if the version does not open that its keys are to be sealed under.
    /// So what is broken for ever takes a little of each call, and not all of every call.
    async fn rewrap(&self, budget: &dyn Budget) -> Rewrapped;
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
