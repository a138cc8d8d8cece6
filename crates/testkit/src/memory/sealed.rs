//! The staging bucket.

use std::collections::BTreeMap;

use async_trait::async_trait;
use ports::{Class, Code, Fault, Staging};

use super::{World, lock};
use crate::inject::{Point, fault};

/// The most that one object may have.
const MOST_BYTES: usize = 16 << 20;

/// Objects.
#[derive(Default)]
pub(super) struct Sealed {
    objects: BTreeMap<String, Vec<u8>>,
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
}
