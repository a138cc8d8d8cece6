//! Published catalogs in their bucket.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use contract::catalog::{CatalogError, read_published};
use domain::TenantId;
use domain::catalog::Catalog;
use ports::{Catalogs, Class, Code, Fault};

use crate::objects;

/// Versions that are kept at the most: the deployment's, and those that running requests pinned.
const KEPT: usize = 8;

/// Catalogs under `catalog/<version>.json`, where the version is the SHA-256 of the bytes.
#[derive(Debug)]
pub struct S3Catalogs {
    client: Client,
    bucket: String,
    current: String,
    kept: Kept,
}

impl S3Catalogs {
    /// The catalogs of a bucket. `current` is the version in force: empty where a function only
    /// reads what a request pinned.
    pub fn new(client: Client, bucket: impl Into<String>, current: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), current: current.into(), kept: Kept::default() }
    }
}

/// The versions that were read last. A version never changes, so none goes stale.
#[derive(Debug, Default)]
struct Kept(Mutex<VecDeque<(String, Arc<Catalog>)>>);

impl Kept {
    fn get(&self, version: &str) -> Option<Arc<Catalog>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(name, _)| name == version).map(|(_, catalog)| Arc::clone(catalog))
    }

    fn put(&self, version: &str, catalog: &Arc<Catalog>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(name, _)| name != version);
        kept.push_back((version.to_owned(), Arc::clone(catalog)));
        if kept.len() > KEPT {
            kept.pop_front();
        }
    }
}

fn unreadable(class: Class, version: &str, detail: &str) -> Fault {
    Fault::new(class, Code::CatalogUnreadable, "s3:GetObject", format!("catalog {version}"), detail)
}

/// A version is a SHA-256 in hex, so it can be put into a key as it is.
fn is_version(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[async_trait]
impl Catalogs for S3Catalogs {
    fn current(&self) -> String {
        self.current.clone()
    }

    async fn get(&self, _tenant: &TenantId, version: &str) -> Result<Arc<Catalog>, Fault> {
        if !is_version(version) {
            return Err(unreadable(Class::Permanent, "?", "not-a-version"));
        }
        if let Some(catalog) = self.kept.get(version) {
            return Ok(catalog);
        }
        let key = format!("catalog/{version}.json");
        let json = objects::get(&self.client, &self.bucket, &key, Code::CatalogUnreadable)
            .await?
            .ok_or_else(|| unreadable(Class::Permanent, version, "not-published"))?;
        let catalog = read_published(version, &json).map_err(|error| {
            let detail = match error {
                CatalogError::Form(_) => "does-not-read",
                CatalogError::Problems(_) => "does-not-check",
                CatalogError::Version => "not-its-version",
            };
            unreadable(Class::Permanent, version, detail)
        })?;
        let catalog = Arc::new(catalog);
        self.kept.put(version, &catalog);
        Ok(catalog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_versions_are_kept_and_the_newest_stay() {
        let kept = Kept::default();
        let catalog = Arc::new(Catalog { catalog: 1, stores: vec![] });
        for n in 0..=KEPT {
            kept.put(&n.to_string(), &catalog);
            kept.put(&n.to_string(), &catalog);
        }
        assert!(kept.get("0").is_none());
        assert!(kept.get("1").is_some());
        assert!(kept.get(&KEPT.to_string()).is_some());
    }

    #[test]
    fn a_version_cannot_name_another_object() {
        assert!(is_version(&"0f".repeat(32)));
        assert!(!is_version(""));
        assert!(!is_version("../secret"));
        assert!(!is_version(&"0F".repeat(32)));
    }
}
