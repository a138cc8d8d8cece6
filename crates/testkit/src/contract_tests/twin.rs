//! The cases, held against the tables in memory.

use std::future::{Ready, ready};

use super::Deployment;
use crate::memory::World;

fn memory() -> Ready<Deployment> {
    let world = World::default();
    ready(Deployment {
        requests: world.requests(),
        holds: world.holds(),
        audit_log: world.audit_log(),
        keyring: world.keyring(),
        key_admin: world.key_admin(),
    })
}

crate::contract_tests!(memory);
