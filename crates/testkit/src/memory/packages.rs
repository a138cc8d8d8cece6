//! The exports bucket, with every version that ever was, and links into it.

use std::collections::BTreeMap;
use std::mem;

use async_trait::async_trait;
use domain::{Personal, RequestId, TenantId};
use jiff::{SignedDuration, Timestamp};
use ports::packages::{LONGEST_LINK, is_name};
use ports::{Class, Fault, Link, Links, Packages, Upload};

use super::{World, lock};
use crate::inject::{Point, fault};

const TARGET: &str = "packages";

/// What is in the bucket.
#[derive(Default)]
pub(super) struct Bucket {
    /// By key, the oldest version first.
    objects: BTreeMap<String, Vec<Option<Vec<u8>>>>,
    /// By key and number.
    unfinished: BTreeMap<(String, u64), Vec<u8>>,
    links: BTreeMap<String, Grant>,
    /// What was numbered so far.
    count: u64,
}

struct Grant {
    key: String,
    file_name: String,
    expires_at: Timestamp,
}

/// One version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its key: `<tenant>/<request>/<name>`.
    pub key: String,
    /// Its bytes; `None` for a delete marker.
    pub bytes: Option<Vec<u8>>,
}

/// What a link gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The package.
    pub bytes: Vec<u8>,
    /// Under which name it is saved.
    pub file_name: String,
}

impl Bucket {
    fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn current(&self, key: &str) -> Option<&Vec<u8>> {
        self.objects.get(key)?.last()?.as_ref()
    }
}

fn prefix(tenant: &TenantId, id: &RequestId) -> String {
    format!("{tenant}/{id}/")
}

fn refused(point: Point, detail: &str) -> Fault {
    fault(point, Class::Permanent, TARGET, detail)
}

#[async_trait]
impl Packages for World {
    async fn begin(&self, tenant: &TenantId, id: &RequestId, name: &str) -> Result<Box<dyn Upload>, Fault> {
        let point = Point::PackagesBegin;
        if !is_name(name) {
            return Err(refused(point, "not a name"));
        }
        let key = format!("{}{name}", prefix(tenant, id));
        self.injector().pass(point, TARGET, || {
            let mut bucket = lock(&self.inner.packages);
            bucket.unfinished.retain(|(unfinished, _), _| *unfinished != key);
            let place = (key, bucket.number());
            bucket.unfinished.insert(place.clone(), Vec::new());
            let upload: Box<dyn Upload> = Box::new(Writing { world: self.clone(), place, broken: false });
            Ok(upload)
        })
    }

    async fn destroy(&self, tenant: &TenantId, id: &RequestId) -> Result<(), Fault> {
        let prefix = prefix(tenant, id);
        let count = self.stored_packages(&prefix).len() + self.unfinished_packages(&prefix).len();
        self.injector().pass_many(Point::PackagesDestroy, TARGET, count, |mut upto| {
            let mut bucket = lock(&self.inner.packages);
            let mut goes = |key: &str| {
                let goes = key.starts_with(&prefix) && upto > 0;
                upto -= usize::from(goes);
                goes
            };
            bucket.unfinished.retain(|(key, _), _| !goes(key));
            for (key, versions) in &mut bucket.objects {
                versions.retain(|_| !goes(key));
            }
            bucket.objects.retain(|_, versions| !versions.is_empty());
            Ok(())
        })
    }
}

struct Writing {
    world: World,
    place: (String, u64),
    broken: bool,
}

impl Writing {
    /// Goes on with the upload, unless a later attempt began.
    fn with<T>(&self, point: Point, effect: impl FnOnce(&mut Bucket) -> T) -> Result<T, Fault> {
        self.world.injector().pass(point, TARGET, || {
            let mut bucket = lock(&self.world.inner.packages);
            if !bucket.unfinished.contains_key(&self.place) {
                return Err(fault(point, Class::Transient, TARGET, "a later attempt began"));
            }
            Ok(effect(&mut bucket))
        })
    }
}

#[async_trait]
impl Upload for Writing {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        let point = Point::PackagesWrite;
        if self.broken {
            return Err(refused(point, "broken"));
        }
        let written = self.with(point, |bucket| {
            if let Some(there) = bucket.unfinished.get_mut(&self.place) {
                there.extend_from_slice(&bytes);
            }
        });
        self.broken = written.is_err();
        written
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        let point = Point::PackagesFinish;
        if self.broken {
            return Err(refused(point, "broken"));
        }
        self.with(point, |bucket| {
            let bytes = bucket.unfinished.remove(&self.place);
            bucket.objects.entry(self.place.0.clone()).or_default().push(bytes);
        })
    }

    async fn abandon(self: Box<Self>) -> Result<(), Fault> {
        self.world.injector().pass(Point::PackagesAbandon, TARGET, || {
            lock(&self.world.inner.packages).unfinished.remove(&self.place);
            Ok(())
        })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // A process that died gives nothing up.
        if !self.world.injector().is_dead() {
            lock(&self.world.inner.packages).unfinished.remove(&self.place);
        }
    }
}

#[async_trait]
impl Links for World {
    async fn sign(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        name: &str,
        file_name: &str,
        works_for: SignedDuration,
    ) -> Result<Option<Link>, Fault> {
        let point = Point::LinksSign;
        let whole = SignedDuration::from_secs(works_for.as_secs());
        if !is_name(name) {
            return Err(refused(point, "not a name"));
        }
        if whole < SignedDuration::from_secs(1) || works_for > LONGEST_LINK {
            return Err(refused(point, "works too long or not at all"));
        }
        let key = format!("{}{name}", prefix(tenant, id));
        self.injector().pass(point, TARGET, || {
            let mut bucket = lock(&self.inner.packages);
            if bucket.current(&key).is_none() {
                return Ok(None);
            }
            let now = self.inner.clock.peek();
            let expires_at = now.saturating_add(whole).unwrap_or(now);
            let url = format!("memory://packages/{key}?link={}", bucket.number());
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let file_name = file_name.replace(|c| !plain(c), "_");
            bucket.links.insert(url.clone(), Grant { key, file_name, expires_at });
            Ok(Some(Link { url: Personal::new(url), expires_at }))
        })
    }
}

impl World {
    /// Every version and every delete marker whose key begins so, a key's oldest first.
    pub fn stored_packages(&self, prefix: &str) -> Vec<Stored> {
        let bucket = lock(&self.inner.packages);
        let found = bucket.objects.iter().filter(|(key, _)| key.starts_with(prefix));
        found
            .flat_map(|(key, versions)| {
                versions.iter().map(|bytes| Stored { key: key.clone(), bytes: bytes.clone() })
            })
            .collect()
    }

    /// The keys of the unfinished uploads that begin so.
    pub fn unfinished_packages(&self, prefix: &str) -> Vec<String> {
        let bucket = lock(&self.inner.packages);
        let keys = bucket.unfinished.keys().map(|(key, _)| key.clone());
        keys.filter(|key| key.starts_with(prefix)).collect()
    }

    /// The package with this key, if it is there.
    pub fn package(&self, key: &str) -> Option<Vec<u8>> {
        lock(&self.inner.packages).current(key).cloned()
    }

    /// Puts a delete marker on a key, as whoever deletes without naming a version does.
    pub fn mark_package_deleted(&self, key: &str) {
        lock(&self.inner.packages).objects.entry(key.to_owned()).or_default().push(None);
    }

    /// What a link gives now: nothing if it was not signed here exactly so, or is too old.
    pub fn fetch(&self, url: &str) -> Option<Fetched> {
        let now = self.inner.clock.peek();
        let bucket = lock(&self.inner.packages);
        let grant = bucket.links.get(url).filter(|grant| now < grant.expires_at)?;
        let bytes = bucket.current(&grant.key)?.clone();
        Some(Fetched { bytes, file_name: grant.file_name.clone() })
    }

    /// Forgets unfinished uploads, as a lifecycle rule does in the end.
    pub fn expire_unfinished_packages(&self) {
        mem::take(&mut lock(&self.inner.packages).unfinished);
    }
}
