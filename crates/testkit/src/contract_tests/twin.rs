//! The cases, held against the tables in memory.

use std::future::{Ready, ready};
use std::sync::Arc;

use async_trait::async_trait;
use contract::settings::Settings;
use jiff::SignedDuration;

use super::Deployment;
use super::evidence::Archive;
use super::log_copies::Groups;
use super::packages::Exports;
use super::registry::Registry;
use crate::memory::World;

fn memory() -> Ready<Deployment> {
    let world = World::default();
    ready(Deployment {
        requests: world.requests(),
        holds: world.holds(),
        audit_log: world.audit_log(),
        audit_marks: world.audit_marks(),
        event_lists: world.event_lists(),
        keyring: world.keyring(),
        key_admin: world.key_admin(),
        ledger: world.ledger(),
        packs: world.packs(),
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

#[async_trait]
impl super::evidence::Inside for Inside {
    async fn overlay(&self, key: &str, bytes: Vec<u8>) {
        self.0.overlay_evidence(key, bytes);
    }

    async fn mark_deleted(&self, key: &str) {
        self.0.mark_evidence_deleted(key);
    }
}

fn archive() -> Ready<Archive> {
    let world = World::default();
    ready(Archive { evidence: world.evidence(), notary: world.notary(), inside: Arc::new(Inside(world)) })
}

crate::evidence_tests!(archive);

#[async_trait]
impl super::registry::Inside for Inside {
    async fn set_up(&self, settings: Settings) {
        self.0.put_settings(settings);
    }
}

fn registry() -> Ready<Registry> {
    let world = World::default();
    ready(Registry { tenants: world.tenants(), inside: Arc::new(Inside(world)) })
}

crate::registry_tests!(registry);

#[async_trait]
impl super::log_copies::Inside for Inside {
    async fn make(&self) -> String {
        self.0.make_copy("/shop/masked");
        "/shop/masked".to_owned()
    }

    async fn lines(&self, copy: &str, stream: &str) -> Vec<(i64, String)> {
        self.0.copied(copy).remove(stream).unwrap_or_default()
    }
}

fn groups() -> Ready<Groups> {
    let world = World::default();
    let now = world.fake_clock().peek().as_millisecond();
    ready(Groups { copies: world.log_copies(), inside: Arc::new(Inside(world)), now })
}

crate::log_copy_tests!(groups);
