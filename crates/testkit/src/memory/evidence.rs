//! The evidence bucket: versions under a lock, of which the first one counts.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;
use ports::{Class, Evidence, Fault, MOST_EVIDENCE, Put};

use super::{World, lock};
use crate::inject::{Point, fault};

/// The versions of each key, the oldest first. `None` is a delete marker. Nothing is ever taken out.
#[derive(Default)]
pub(super) struct Bucket {
    objects: BTreeMap<String, Vec<Option<Vec<u8>>>>,
}

impl Bucket {
    fn first(&self, key: &str) -> Option<&Vec<u8>> {
        self.objects.get(key)?.iter().flatten().next()
    }
}

#[async_trait]
impl Evidence for World {
    async fn put_once(&self, key: &str, bytes: Vec<u8>) -> Result<Put, Fault> {
        let point = Point::EvidencePutOnce;
        self.injector().pass(point, key, || {
            if bytes.len() > MOST_EVIDENCE {
                return Err(fault(point, Class::Permanent, key, "too-large"));
            }
            let mut bucket = lock(&self.inner.evidence);
            if bucket.first(key).is_some() {
                return Ok(Put::There);
            }
            bucket.objects.entry(key.to_owned()).or_default().push(Some(bytes));
            Ok(Put::Written)
        })
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.injector().pass(Point::EvidenceGet, key, || Ok(lock(&self.inner.evidence).first(key).cloned()))
    }

    async fn list(&self, prefix: &str, after: Option<&str>, most: usize) -> Result<Vec<String>, Fault> {
        self.injector().pass(Point::EvidenceList, prefix, || {
            let bucket = lock(&self.inner.evidence);
            let after = after.map_or(Bound::Unbounded, Bound::Excluded);
            let later = bucket.objects.range::<str, _>((after, Bound::Unbounded)).map(|(key, _)| key);
            let those = later.filter(|key| key.starts_with(prefix) && bucket.first(key).is_some());
            Ok(those.take(most).cloned().collect())
        })
    }
}

impl World {
    /// All versions of a key of the evidence bucket, the oldest first; `None` is a delete marker.
    pub fn evidence_versions(&self, key: &str) -> Vec<Option<Vec<u8>>> {
        lock(&self.inner.evidence).objects.get(key).cloned().unwrap_or_default()
    }

    /// Every key of the evidence bucket, in order.
    pub fn evidence_keys(&self) -> Vec<String> {
        lock(&self.inner.evidence).objects.keys().cloned().collect()
    }

    /// Writes a version above what is there, as somebody can whom the bucket's policy does not stop.
    pub fn overlay_evidence(&self, key: &str, bytes: Vec<u8>) {
        lock(&self.inner.evidence).objects.entry(key.to_owned()).or_default().push(Some(bytes));
    }

    /// Hides an object, as a delete does that names no version.
    pub fn mark_evidence_deleted(&self, key: &str) {
        lock(&self.inner.evidence).objects.entry(key.to_owned()).or_default().push(None);
    }
}
