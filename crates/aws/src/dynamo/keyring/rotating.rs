//! Keys that rotate: the word which version is in force, and every version.

use jiff::{SignedDuration, Timestamp};
use ports::{Class, Code, Fault, KeyScope, KeyState};
use vault::DataKey;

use super::{ATTEMPTS, KeysTable};
use crate::dynamo::condition::Condition;
use crate::dynamo::items::{Item, NewItem, n, s, text};
use crate::dynamo::keys;
use crate::dynamo::transaction::{Cancelled, Transaction};

/// When a key that nobody set a schedule for is rotated.
const FIRST_ROTATION: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Which version is in force.
pub(super) struct Head {
    pub version: u32,
    pub made_at: Timestamp,
    pub rotate_by: Timestamp,
}

impl Head {
    pub fn of(item: &Item) -> Option<Self> {
        Some(Self {
            version: item.get("version")?.as_n().ok()?.parse().ok()?,
            made_at: text(item, "made_at")?.parse().ok()?,
            rotate_by: text(item, "rotate_by")?.parse().ok()?,
        })
    }
}

impl KeysTable {
    pub(super) async fn head(&self, scope: &KeyScope) -> Result<Option<Head>, Fault> {
        let item = self.table.get(&keys::rotating_key(scope)).await?;
        let unreadable = || super::unusable("dynamodb:GetItem", scope, "unreadable-item");
        item.map(|item| Head::of(&item).ok_or_else(unreadable)).transpose()
    }

    /// The version in force, or for some minutes the one before.
    pub(super) async fn present(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault> {
        let now = self.clock.now();
        if let Some(version) = self.in_force.get(scope, now) {
            return self.version(scope, version).await;
        }
        let Some(head) = self.head(scope).await? else { return Ok(None) };
        self.in_force.put(scope.clone(), head.version, now);
        self.version(scope, head.version).await
    }

    /// A version, as it is kept unwrapped or else unwrapped now.
    pub(super) async fn version(&self, scope: &KeyScope, version: u32) -> Result<Option<DataKey>, Fault> {
        if let Some(key) = self.cached(scope, version) {
            return Ok(Some(key));
        }
        let Some(item) = self.table.get(&keys::key_version(scope, version)).await? else {
            return Ok(None);
        };
        let key = self.unwrap(scope, version, &item).await?;
        self.cache(scope, version, &key);
        Ok(Some(key))
    }

    pub(super) async fn obtain_rotating(&self, scope: &KeyScope) -> Result<DataKey, Fault> {
        if let Some(key) = ports::Keyring::open(self, scope).await? {
            return Ok(key);
        }
        self.make_version(scope, 0, FIRST_ROTATION).await?;
        // A version is put together with the word that it is in force, and nobody deletes one: if it is not
        // there, it never will be.
        let key = ports::Keyring::open(self, scope).await?;
        key.ok_or_else(|| super::unusable("open", scope, "no-such-version"))
    }

    /// Makes the version after `expected`, unless another one is in force by now.
    pub(super) async fn make_version(
        &self,
        scope: &KeyScope,
        expected: u32,
        every: SignedDuration,
    ) -> Result<KeyState, Fault> {
        let permanent =
            |detail| Fault::new(Class::Permanent, Code::KeyUnavailable, "rotate", scope.purpose(), detail);
        for _ in 0..ATTEMPTS {
            let head = self.head(scope).await?;
            if let Some(head) = head.filter(|head| head.version != expected) {
                return Ok(state(scope, &head));
            }
            let version = expected.checked_add(1).ok_or_else(|| permanent("too many versions"))?;
            let made_at = self.clock.now();
            let rotate_by = made_at.checked_add(every).map_err(|_| permanent("too long an interval"))?;
            let head = Head { version, made_at, rotate_by };
            let (key, wrapped) = self.generate(scope, version).await?;
            let at = keys::key_version(scope, version);
            let item = self.wrapped_item(&at, wrapped).with("made_at", s(made_at.to_string()));
            let mut transaction = Transaction::new();
            transaction.put((), &self.table.name, at, item.build(), Some(Condition::absent()));
            let (at, item, condition) = head_item(scope, &head, expected);
            transaction.put((), &self.table.name, at, item, Some(condition));
            match transaction.send(&self.table.client, &self.table.name).await {
                Ok(()) => {
                    self.cache(scope, version, &key);
                    self.in_force.forget(scope);
                    return Ok(state(scope, &head));
                }
                // Somebody else is rotating it: look again. Our key was never used.
                Err(Cancelled::Refused(_)) => {}
                Err(Cancelled::Fault(fault)) => return Err(fault),
            }
        }
        Err(self.contended())
    }
}

pub(super) fn state(scope: &KeyScope, head: &Head) -> KeyState {
    KeyState { scope: scope.clone(), version: head.version, made_at: head.made_at, rotate_by: head.rotate_by }
}

fn head_item(scope: &KeyScope, head: &Head, expected: u32) -> (keys::Key, Item, Condition) {
    let key = keys::rotating_key(scope);
    let (partition, sort) = keys::by_rotation(head.rotate_by, &key);
    let item = NewItem::new(&key)
        .with("version", n(&head.version))
        .with("made_at", s(head.made_at.to_string()))
        .with("rotate_by", s(head.rotate_by.to_string()))
        .with("work_pk", s(partition))
        .with("work_sk", s(sort));
    let condition = match expected {
        0 => Condition::absent(),
        _ => {
            Condition::new("#version = :version").name("#version", "version").value(":version", n(&expected))
        }
    };
    (key, item.build(), condition)
}
