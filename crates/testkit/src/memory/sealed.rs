//! Keys, and the staging bucket.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::TenantId;
use jiff::{SignedDuration, Timestamp};
use ports::{Class, Code, Entropy, Fault, KeyAdmin, KeyScope, KeyState, Keyring, MOST_COUNTED, Staging};
use vault::{DataKey, Material};

use super::{World, lock};
use crate::inject::{Point, fault};

/// The most that one object may have.
const MOST_BYTES: usize = 16 << 20;

/// When a key that nobody set a schedule for is rotated.
const FIRST_ROTATION: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Keys and objects.
#[derive(Default)]
pub(super) struct Sealed {
    keys: BTreeMap<KeyScope, Vec<Kept>>,
    destroyed: Vec<KeyScope>,
    objects: BTreeMap<String, Vec<u8>>,
}

/// A version of a key.
struct Kept {
    version: u32,
    key: Option<DataKey>,
    made_at: Timestamp,
    rotate_by: Timestamp,
    /// For a person's own: the version of the key that it is sealed under.
    under: u32,
}

impl Sealed {
    fn current(&self, scope: &KeyScope) -> Option<&Kept> {
        self.keys.get(scope)?.last()
    }

    fn version_of_subjects(&self, scope: &KeyScope) -> u32 {
        self.current(&KeyScope::Subjects(scope.tenant().clone())).map_or(0, |kept| kept.version)
    }

    fn state(&self, scope: &KeyScope) -> Option<KeyState> {
        let current = self.current(scope)?;
        let outdated = |(of, kept): (&KeyScope, &Vec<Kept>)| {
            let theirs = matches!(of, KeyScope::Subject(tenant, _) if tenant == scope.tenant());
            let last = kept.last().filter(|last| last.key.is_some());
            theirs && last.is_some_and(|last| last.under < current.version)
        };
        let counts = matches!(scope, KeyScope::Subjects(_));
        let outdated = self.keys.iter().filter(|one| counts && outdated(*one)).count();
        Some(KeyState {
            scope: scope.clone(),
            version: current.version,
            made_at: current.made_at,
            rotate_by: current.rotate_by,
            to_rewrap: u32::try_from(outdated).unwrap_or(u32::MAX).min(MOST_COUNTED),
        })
    }
}

impl World {
    /// A new version of a key.
    fn make(&self, sealed: &mut Sealed, scope: &KeyScope, every: SignedDuration) -> Option<DataKey> {
        let now = self.clock().now();
        let version = sealed.current(scope).map_or(1, |kept| kept.version.saturating_add(1));
        let key = DataKey::new(&Material::new(self.inner.entropy.bytes()), version);
        if matches!(scope, KeyScope::Subject(..)) && sealed.version_of_subjects(scope) == 0 {
            let subjects = KeyScope::Subjects(scope.tenant().clone());
            self.make(sealed, &subjects, FIRST_ROTATION)?;
        }
        let under = sealed.version_of_subjects(scope);
        let rotate_by = now.checked_add(every).ok()?;
        let kept = Kept { version, key: Some(key.clone()), made_at: now, rotate_by, under };
        sealed.keys.entry(scope.clone()).or_default().push(kept);
        Some(key)
    }
}

#[async_trait]
impl Keyring for World {
    async fn obtain(&self, scope: &KeyScope) -> Result<DataKey, Fault> {
        let target = scope.tenant().as_str();
        self.injector().pass(Point::KeyringObtain, target, || {
            let mut sealed = lock(&self.inner.sealed);
            if let Some(key) = sealed.current(scope).and_then(|kept| kept.key.clone()) {
                return Ok(key);
            }
            let made = self.make(&mut sealed, scope, FIRST_ROTATION);
            made.ok_or_else(|| fault(Point::KeyringObtain, Class::Permanent, target, "the end of time"))
        })
    }

    async fn open(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault> {
        let target = scope.tenant().as_str();
        self.injector().pass(Point::KeyringOpen, target, || {
            Ok(lock(&self.inner.sealed).current(scope).and_then(|kept| kept.key.clone()))
        })
    }

    async fn open_version(&self, scope: &KeyScope, version: u32) -> Result<Option<DataKey>, Fault> {
        let target = scope.tenant().as_str();
        self.injector().pass(Point::KeyringOpen, target, || {
            let sealed = lock(&self.inner.sealed);
            let all = sealed.keys.get(scope).map_or(&[][..], Vec::as_slice);
            Ok(all.iter().find(|kept| kept.version == version).and_then(|kept| kept.key.clone()))
        })
    }

    async fn destroy(&self, scope: &KeyScope) -> Result<(), Fault> {
        let target = scope.tenant().as_str();
        self.injector().pass(Point::KeyringDestroy, target, || {
            let mut sealed = lock(&self.inner.sealed);
            let Some(kept) = sealed.keys.get_mut(scope) else { return Ok(()) };
            let destroyed = kept.iter_mut().filter_map(|one| one.key.take()).count();
            let was_there = destroyed > 0;
            if !matches!(scope, KeyScope::Subject(..)) {
                sealed.keys.remove(scope);
            }
            if was_there {
                sealed.destroyed.push(scope.clone());
            }
            Ok(())
        })
    }
}

#[async_trait]
impl KeyAdmin for World {
    async fn rotate(
        &self,
        scope: &KeyScope,
        expected: u32,
        every: SignedDuration,
    ) -> Result<KeyState, Fault> {
        let (point, target) = (Point::KeyringRotate, scope.tenant().as_str());
        self.injector().pass(point, target, || {
            if !scope.rotates() {
                return Err(fault(point, Class::Permanent, target, "this key does not rotate"));
            }
            let mut sealed = lock(&self.inner.sealed);
            if sealed.current(scope).map_or(0, |kept| kept.version) == expected {
                self.make(&mut sealed, scope, every);
            }
            let state = sealed.state(scope);
            state.ok_or_else(|| fault(point, Class::Permanent, target, "there is no such key"))
        })
    }

    async fn status(&self, tenant: &TenantId) -> Result<Vec<KeyState>, Fault> {
        let scopes = [KeyScope::Fields(tenant.clone()), KeyScope::Subjects(tenant.clone())];
        self.injector().pass(Point::KeyringStatus, tenant.as_str(), || {
            let sealed = lock(&self.inner.sealed);
            Ok(scopes.iter().filter_map(|scope| sealed.state(scope)).collect())
        })
    }

    async fn due(&self, now: Timestamp, most: usize) -> Result<Vec<KeyState>, Fault> {
        self.injector().pass(Point::KeyringStatus, "keys", || {
            let sealed = lock(&self.inner.sealed);
            let rotating = sealed.keys.keys().filter(|scope| scope.rotates());
            let mut due: Vec<KeyState> = rotating.filter_map(|scope| sealed.state(scope)).collect();
            due.retain(|state| state.rotate_by <= now);
            due.sort_by_key(|state| state.rotate_by);
            due.truncate(most);
            Ok(due)
        })
    }

    async fn rewrap(&self, most: usize) -> Result<usize, Fault> {
        self.injector().pass(Point::KeyringRewrap, "keys", || {
            let mut sealed = lock(&self.inner.sealed);
            let people = sealed.keys.keys().filter(|scope| matches!(scope, KeyScope::Subject(..)));
            let people: Vec<KeyScope> = people.cloned().collect();
            let mut done = 0;
            for scope in people {
                let present = sealed.version_of_subjects(&scope);
                let last = sealed.keys.get_mut(&scope).and_then(|kept| kept.last_mut());
                let outdated = last.filter(|last| last.key.is_some() && last.under < present);
                if let Some(outdated) = outdated.filter(|_| done < most) {
                    outdated.under = present;
                    done += 1;
                }
            }
            Ok(done)
        })
    }
}

#[async_trait]
impl Staging for World {
    async fn put(&self, key: &str, sealed: Vec<u8>) -> Result<(), Fault> {
        self.injector().pass(Point::StagingPut, "staging", || {
            lock(&self.inner.sealed).objects.insert(key.to_owned(), sealed);
            Ok(())
        })
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let point = Point::StagingGet;
        self.injector().pass(point, "staging", || {
            let object = lock(&self.inner.sealed).objects.get(key).cloned();
            if object.as_ref().is_some_and(|o| o.len() > MOST_BYTES) {
                return Err(Fault::new(
                    Class::Permanent,
                    Code::PlanUnreadable,
                    point.name(),
                    "staging",
                    "the object is larger than 16 MiB",
                ));
            }
            Ok(object)
        })
    }

    async fn delete_all(&self, prefix: &str) -> Result<(), Fault> {
        let point = Point::StagingDeleteAll;
        if prefix.is_empty() {
            let detail = "an empty prefix is everything";
            return Err(fault(point, Class::Permanent, "staging", detail));
        }
        let mut keys = self.staged();
        keys.retain(|key| key.starts_with(prefix));
        self.injector().pass_many(point, "staging", keys.len(), |upto| {
            let mut sealed = lock(&self.inner.sealed);
            for key in keys.iter().take(upto) {
                sealed.objects.remove(key);
            }
            Ok(())
        })
    }
}

impl World {
    /// The keys of the staged objects.
    pub fn staged(&self) -> Vec<String> {
        lock(&self.inner.sealed).objects.keys().cloned().collect()
    }

    /// The bytes of a staged object, to look at or to damage with [`World::stage`].
    pub fn staged_object(&self, key: &str) -> Option<Vec<u8>> {
        lock(&self.inner.sealed).objects.get(key).cloned()
    }

    /// Puts bytes where a staged object is.
    pub fn stage(&self, key: &str, bytes: Vec<u8>) {
        lock(&self.inner.sealed).objects.insert(key.to_owned(), bytes);
    }

    /// The scopes that have a key now.
    pub fn keys(&self) -> Vec<KeyScope> {
        lock(&self.inner.sealed).keys.keys().cloned().collect()
    }

    /// The scopes whose keys were destroyed, in that order.
    pub fn destroyed_keys(&self) -> Vec<KeyScope> {
        lock(&self.inner.sealed).destroyed.clone()
    }
}
