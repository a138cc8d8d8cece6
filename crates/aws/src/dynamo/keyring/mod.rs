//! The `keys` table: data keys, wrapped by KMS or sealed under one that is.
//!
//! | item | pk | sk | attributes |
//! |---|---|---|---|
//! | a tenant's key for pseudonyms | `T#<tenant>` | `PSEUDONYMS` | `wrapped`, `root` |
//! | a request's key | `T#<tenant>#R#<request>` | `PLAN` | `wrapped`, `root` |
//! | the key of its packages | the same | `EXPORT` | `wrapped`, `root` |
//! | a replay's key | `T#<tenant>#L#<replay>` | `REPLAY` | `wrapped`, `root` |
//! | a version of a rotating key | `T#<tenant>` | `KEY#<purpose>#<version>` | `wrapped`, `root`, `made_at` |
//! | which version is in force | `T#<tenant>` | `KEY#<purpose>` | `version`, `made_at`, `rotate_by` |
//! | a person's own key | `T#<tenant>#S#<pseudonym>` | `SUBJECT` | `sealed`, `under`, `version` |
//! | what is left of it once destroyed | the same | the same | `version`, `destroyed_at` |
//!
//! `wrapped` is what KMS made under the key `root`, in the encryption context `tenant` and `purpose`; the
//! context shows in KMS's own audit trail, so it never names a person. A person's key is sealed under the
//! tenant's `subjects` key of version `under`: a million persons cost KMS nothing.
//!
//! The index `by_work` finds what upkeep has to do: in the partition `ROTATE` the rotating keys by when
//! they are due, in `ROOT#<shard>` the wrapped keys by their root key, in `T#<tenant>#W` the persons'
//! keys by the version that they are sealed under. What is done leaves the range that is searched; what
//! fails stays, and is gone past, or left with all that is like it. Upkeep keeps no position: every run
//! begins somewhere, by chance.
//!
//! The table has no backup, no point-in-time recovery and no stream: a deleted key is gone, and so is all
//! that it sealed.

mod persons;
mod rewrapping;
mod rotating;
mod upkeep;
mod wrapping;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use jiff::SignedDuration;
use ports::{Class, Clock, Code, Entropy, Fault, KeyScope, Keyring};
use vault::{DataKey, KeyCache, Limits};

use super::aged::Aged;
use super::condition::Condition;
use super::keys;
use super::table::Table;

/// How long, and for how much, a tenant's key is kept unwrapped: what KMS is spared, and how long a key
/// that was destroyed elsewhere still works here. A request's and a person's key are read for each use.
const KEPT: Limits = Limits { seconds: 300, uses: 100_000, bytes: 4 << 30, keys: 64 };
/// How long it is believed which version of a key is in force. Only the number is kept: the key itself has
/// its own age, whichever way it is asked for.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_secs(300);
/// What one use may seal or open at the most: no more is known here.
const BYTES_A_USE: u64 = 64 * 1024;
/// The version of a key that has no others.
const ONLY: u32 = 1;
/// How often a key that is made and destroyed by others at the same time is sought.
const ATTEMPTS: u32 = 4;

/// The `keys` table and the key service.
pub struct KeysTable {
    table: Table,
    kms: aws_sdk_kms::Client,
    /// The root key: its ARN, so that what was wrapped under another one can be told.
    root: String,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// By scope and version.
    unwrapped: KeyCache<(KeyScope, u32)>,
    /// Which version of a rotating key is in force.
    in_force: Aged<KeyScope, u32>,
}

impl KeysTable {
    /// The table by name, and the KMS key by its ARN. The clock says how old an unwrapped key is.
    pub fn new(
        client: Client,
        kms: aws_sdk_kms::Client,
        keys: impl Into<String>,
        root: impl Into<String>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Self {
        Self {
            table: Table::new(client, keys),
            kms,
            root: root.into(),
            clock,
            entropy,
            unwrapped: KeyCache::new(KEPT),
            in_force: Aged::new(KEPT.keys, BELIEVED_FOR),
        }
    }

    fn cached(&self, scope: &KeyScope, version: u32) -> Option<DataKey> {
        let now = self.clock.now().as_second();
        self.unwrapped.get(&(scope.clone(), version), now, BYTES_A_USE)
    }

    /// Keeps a key that was unwrapped this moment: never one that was kept already, which would make it
    /// younger than it is.
    fn cache(&self, scope: &KeyScope, version: u32, key: &DataKey) {
        if !matches!(
            scope,
            KeyScope::Plan(..)
                | KeyScope::Export(..)
                | KeyScope::Receipt(..)
                | KeyScope::Recheck(..)
                | KeyScope::Replay(..)
                | KeyScope::Subject(..)
        ) {
            self.unwrapped.put((scope.clone(), version), key.clone(), self.clock.now().as_second());
        }
    }

    /// A key that has one version only.
    async fn single(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault> {
        if let Some(key) = self.cached(scope, ONLY) {
            return Ok(Some(key));
        }
        let Some(item) = self.table.get(&keys::data_key(scope)).await? else {
            return Ok(None);
        };
        let key = self.unwrap(scope, ONLY, &item).await?;
        self.cache(scope, ONLY, &key);
        Ok(Some(key))
    }

    async fn obtain_single(&self, scope: &KeyScope) -> Result<DataKey, Fault> {
        for _ in 0..ATTEMPTS {
            if let Some(key) = self.open(scope).await? {
                return Ok(key);
            }
            let (key, wrapped) = self.generate(scope, ONLY).await?;
            let item = self.wrapped_item(&keys::data_key(scope), wrapped).build();
            if self.table.put_if(item, &Condition::absent()).await? {
                self.cache(scope, ONLY, &key);
                return Ok(key);
            }
            // Another caller was first: theirs is the key, and ours was never used.
        }
        Err(self.contended())
    }

    fn contended(&self) -> Fault {
        let detail = "made and destroyed at once";
        let (code, table) = (Code::KeyUnavailable, &self.table.name);
        Fault::new(Class::Transient, code, "dynamodb:PutItem", table, detail)
    }
}

fn unusable(operation: &'static str, scope: &KeyScope, detail: &str) -> Fault {
    let code = Code::KeyUnavailable;
    Fault::new(Class::Permanent, code, operation, scope.purpose(), detail)
}

#[async_trait]
impl Keyring for KeysTable {
    async fn obtain(&self, scope: &KeyScope) -> Result<DataKey, Fault> {
        match scope {
            KeyScope::Pseudonyms(_)
            | KeyScope::Ledger(_)
            | KeyScope::Masks(_)
            | KeyScope::Plan(..)
            | KeyScope::Export(..)
            | KeyScope::Receipt(..)
            | KeyScope::Recheck(..)
            | KeyScope::Replay(..) => self.obtain_single(scope).await,
            KeyScope::Fields(_) | KeyScope::Subjects(_) => self.obtain_rotating(scope).await,
            KeyScope::Subject(tenant, subject) => self.obtain_person(scope, tenant, subject).await,
        }
    }

    async fn open(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault> {
        match scope {
            KeyScope::Pseudonyms(_)
            | KeyScope::Ledger(_)
            | KeyScope::Masks(_)
            | KeyScope::Plan(..)
            | KeyScope::Export(..)
            | KeyScope::Receipt(..)
            | KeyScope::Recheck(..)
            | KeyScope::Replay(..) => self.single(scope).await,
            KeyScope::Fields(_) | KeyScope::Subjects(_) => self.present(scope).await,
            KeyScope::Subject(tenant, subject) => self.person(scope, tenant, subject).await,
        }
    }

    async fn open_version(&self, scope: &KeyScope, version: u32) -> Result<Option<DataKey>, Fault> {
        if scope.rotates() {
            return self.version(scope, version).await;
        }
        Ok(self.open(scope).await?.filter(|key| key.version() == version))
    }

    async fn exists(&self, scope: &KeyScope) -> Result<bool, Fault> {
        let item = self.table.get(&keys::data_key(scope)).await?;
        Ok(item.is_some_and(|item| !persons::is_left_of_one(&item)))
    }

    async fn destroy(&self, scope: &KeyScope) -> Result<(), Fault> {
        match scope {
            KeyScope::Pseudonyms(_)
            | KeyScope::Ledger(_)
            | KeyScope::Masks(_)
            | KeyScope::Plan(..)
            | KeyScope::Export(..)
            | KeyScope::Receipt(..)
            | KeyScope::Recheck(..)
            | KeyScope::Replay(..) => {
                let destroyed = self.table.delete(&keys::data_key(scope)).await;
                // Also when the call failed: it may have gone through.
                self.unwrapped.forget(&(scope.clone(), ONLY));
                destroyed
            }
            // What services sealed under it is in their own stores, and nobody here knows where.
            KeyScope::Fields(_) | KeyScope::Subjects(_) => {
                Err(unusable("destroy", scope, "this key does not end"))
            }
            KeyScope::Subject(..) => self.destroy_person(scope).await,
        }
    }
}
