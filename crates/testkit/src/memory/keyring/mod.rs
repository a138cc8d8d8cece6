//! Keys. A person's own is really sealed under their tenant's, so that it opens after a rotation only if
//! sealing it anew is right.

mod admin;

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{Pseudonym, TenantId};
use jiff::{SignedDuration, Timestamp};
use ports::{Class, Entropy, Fault, KeyScope, Keyring};
use vault::{Context, DataKey, Header, Material};

use super::{World, lock};
use crate::inject::{Point, fault};

/// When a key that nobody set a schedule for is rotated.
const FIRST_ROTATION: SignedDuration = SignedDuration::from_hours(365 * 24);

/// All keys.
#[derive(Default)]
pub(super) struct Keys {
    kept: BTreeMap<KeyScope, Vec<Kept>>,
    destroyed: Vec<KeyScope>,
}

/// A version of a key.
struct Kept {
    version: u32,
    held: Held,
    made_at: Timestamp,
    rotate_by: Timestamp,
}

/// What there is of it.
enum Held {
    Key(DataKey),
    /// A person's own.
    Sealed(Vec<u8>),
    /// A person's own that was destroyed.
    Nothing,
}

fn context<'a>(tenant: &'a TenantId, subject: &'a Pseudonym) -> Context<'a> {
    Context { tenant: tenant.as_str(), purpose: "subject", object: subject.as_str() }
}

fn subjects_of(scope: &KeyScope) -> KeyScope {
    KeyScope::Subjects(scope.tenant().clone())
}

fn broken(point: Point, scope: &KeyScope, detail: &str) -> Fault {
    fault(point, Class::Permanent, scope.tenant().as_str(), detail)
}

impl Keys {
    fn current(&self, scope: &KeyScope) -> Option<&Kept> {
        self.kept.get(scope)?.last()
    }

    fn current_version(&self, scope: &KeyScope) -> u32 {
        self.current(scope).map_or(0, |kept| kept.version)
    }

    fn key(&self, scope: &KeyScope, version: u32) -> Option<&Kept> {
        self.kept.get(scope)?.iter().find(|kept| kept.version == version)
    }

    /// Opens a version of a key.
    fn open(&self, scope: &KeyScope, kept: Option<&Kept>) -> Result<Option<DataKey>, Fault> {
        match kept.map(|kept| (&kept.held, kept.version)) {
            None | Some((Held::Nothing, _)) => Ok(None),
            Some((Held::Key(key), _)) => Ok(Some(key.clone())),
            Some((Held::Sealed(sealed), version)) => {
                let material = self
                    .unseal(scope, sealed)
                    .ok_or_else(|| broken(Point::KeyringOpen, scope, "the sealed key does not open"))?;
                Ok(Some(DataKey::new(&material, version)))
            }
        }
    }

    /// The material of a person's key, under whichever version it was sealed.
    fn unseal(&self, scope: &KeyScope, sealed: &[u8]) -> Option<Material> {
        let KeyScope::Subject(tenant, subject) = scope else { return None };
        let under = self.key(&subjects_of(scope), under(sealed)?)?;
        let Held::Key(under) = &under.held else { return None };
        vault::open_key(under, &context(tenant, subject), sealed).ok()
    }

    /// A person's key, sealed under the present version of their tenant's.
    fn seal(&self, scope: &KeyScope, salt: [u8; 32], material: &Material) -> Option<Vec<u8>> {
        let KeyScope::Subject(tenant, subject) = scope else { return None };
        let Held::Key(under) = &self.current(&subjects_of(scope))?.held else { return None };
        vault::seal_key(under, &context(tenant, subject), salt, material).ok()
    }
}

/// The version that it is sealed under.
fn under(sealed: &[u8]) -> Option<u32> {
    Header::read(sealed).ok().map(|header| header.key_version())
}

impl World {
    /// A new version of a key.
    fn make(&self, keys: &mut Keys, scope: &KeyScope, every: SignedDuration) -> Option<DataKey> {
        let made_at = self.clock().now();
        let version = keys.current_version(scope).saturating_add(1);
        let material = Material::new(self.inner.entropy.bytes());
        let key = DataKey::new(&material, version);
        let held = if matches!(scope, KeyScope::Subject(..)) {
            if keys.current(&subjects_of(scope)).is_none() {
                self.make(keys, &subjects_of(scope), FIRST_ROTATION)?;
            }
            Held::Sealed(keys.seal(scope, self.inner.entropy.bytes(), &material)?)
        } else {
            Held::Key(key.clone())
        };
        let kept = Kept { version, held, made_at, rotate_by: made_at.checked_add(every).ok()? };
        keys.kept.entry(scope.clone()).or_default().push(kept);
        Some(key)
    }
}

#[async_trait]
impl Keyring for World {
    async fn obtain(&self, scope: &KeyScope) -> Result<DataKey, Fault> {
        let point = Point::KeyringObtain;
        self.injector().pass(point, scope.tenant().as_str(), || {
            let mut keys = lock(&self.inner.keys);
            if let Some(key) = keys.open(scope, keys.current(scope))? {
                return Ok(key);
            }
            let made = self.make(&mut keys, scope, FIRST_ROTATION);
            made.ok_or_else(|| broken(point, scope, "the end of time"))
        })
    }

    async fn open(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault> {
        self.injector().pass(Point::KeyringOpen, scope.tenant().as_str(), || {
            let keys = lock(&self.inner.keys);
            keys.open(scope, keys.current(scope))
        })
    }

    async fn open_version(&self, scope: &KeyScope, version: u32) -> Result<Option<DataKey>, Fault> {
        self.injector().pass(Point::KeyringOpen, scope.tenant().as_str(), || {
            let keys = lock(&self.inner.keys);
            keys.open(scope, keys.key(scope, version))
        })
    }

    async fn exists(&self, scope: &KeyScope) -> Result<bool, Fault> {
        self.injector().pass(Point::KeyringExists, scope.tenant().as_str(), || {
            let keys = lock(&self.inner.keys);
            Ok(keys.current(scope).is_some_and(|kept| !matches!(kept.held, Held::Nothing)))
        })
    }

    async fn destroy(&self, scope: &KeyScope) -> Result<(), Fault> {
        let point = Point::KeyringDestroy;
        self.injector().pass(point, scope.tenant().as_str(), || {
            if scope.rotates() {
                return Err(broken(point, scope, "this key does not end"));
            }
            let mut keys = lock(&self.inner.keys);
            let Some(last) = keys.kept.get_mut(scope).and_then(|kept| kept.last_mut()) else {
                return Ok(());
            };
            if matches!(std::mem::replace(&mut last.held, Held::Nothing), Held::Nothing) {
                return Ok(());
            }
            if !matches!(scope, KeyScope::Subject(..)) {
                keys.kept.remove(scope);
            }
            keys.destroyed.push(scope.clone());
            Ok(())
        })
    }
}

impl World {
    /// A key is gone as if it had never been, and whoever obtains it makes another one.
    pub fn lose_key(&self, scope: &KeyScope) {
        lock(&self.inner.keys).kept.remove(scope);
    }

    /// The scopes that have a key now, or had one that left its version behind.
    pub fn keys(&self) -> Vec<KeyScope> {
        lock(&self.inner.keys).kept.keys().cloned().collect()
    }

    /// The scopes whose keys were destroyed, in that order.
    pub fn destroyed_keys(&self) -> Vec<KeyScope> {
        lock(&self.inner.keys).destroyed.clone()
    }

    /// Damages a person's key where it is stored: it is there, and does not open.
    pub fn damage_key(&self, scope: &KeyScope) {
        let mut keys = lock(&self.inner.keys);
        let last = keys.kept.get_mut(scope).and_then(|kept| kept.last_mut());
        if let Some(Held::Sealed(sealed)) = last.map(|last| &mut last.held) {
            sealed.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1);
        }
    }
}
