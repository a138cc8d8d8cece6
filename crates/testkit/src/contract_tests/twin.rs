//! The cases, held against the tables in memory.

use std::future::{Ready, ready};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::Deployment;
use super::packages::Exports;
use crate::memory::World;

fn memory() -> Ready<Deployment> {
    let world = World::default();
    ready(Deployment {
        requests: world.requests(),
        holds: world.holds(),
        audit_log: world.audit_log(),
        keyring: world.keyring(),
        key_admin: world.key_admin(),
        ledger: world.ledger(),
    })
}

crate::contract_tests!(memory);

struct Inside(World);

#[async_trait]
impl super::packages::Inside for Inside {
    async fn read(&self, key: &str) -> Option<Vec<u8>> {
        self.0.package(key)
    }

    async fn versions(&self, prefix: &str) -> usize {
        self.0.stored_packages(prefix).len()
    }

    async fn unfinished(&self, prefix: &str) -> usize {
        self.0.unfinished_packages(prefix).len()
    }

    async fn mark_deleted(&self, key: &str) {
        self.0.mark_package_deleted(key);
    }

    async fn fetch(&self, url: &str) -> Option<Vec<u8>> {
        self.0.fetch(url).map(|fetched| fetched.bytes)
    }

    async fn pass(&self, time: SignedDuration) {
        self.0.fake_clock().advance(time);
    }
}

fn exports() -> Ready<Exports> {
    let world = World::default();
    ready(Exports {
        packages: world.packages(),
        links: world.links(),
        signer: world.signer(),
        inside: Arc::new(Inside(world)),
    })
}

crate::export_tests!(exports);
