//! What a process remembers from run to run.
//!
//! Nothing of it decides what is signed: a process that remembers nothing begins by chance, and searches.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use audit::VerifierKey;
use domain::TenantId;
use ports::Entropy;

use crate::everybody::by_chance;

/// Whose turn it is, and where each log stood.
#[derive(Debug, Default)]
pub struct Turns(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    signed: Option<TenantId>,
    seen: Option<TenantId>,
    /// By the log's name and its key's id.
    logs: BTreeMap<String, Log>,
}

#[derive(Debug, Default)]
struct Log {
    known: u64,
    seen_to: Option<u64>,
    tried: Option<String>,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts those first that come after the one whose log was signed last; after one by chance if none was.
    pub(super) fn begin_after_signed(&self, tenants: &mut [TenantId], entropy: &dyn Entropy) {
        let place = match &self.lock().signed {
            Some(last) => tenants.partition_point(|tenant| tenant <= last) % tenants.len().max(1),
            None => by_chance(tenants.len(), entropy),
        };
        tenants.rotate_left(place);
    }

    /// This one had its turn.
    pub(super) fn signed(&self, tenant: &TenantId) {
        self.lock().signed = Some(tenant.clone());
    }

    /// Puts those first that come after the one whose log was looked at again last.
    pub(super) fn begin_after_seen(&self, tenants: &mut [(TenantId, u64)]) {
        let seen = self.lock().seen.clone();
        let place = seen.and_then(|seen| tenants.iter().position(|(tenant, _)| *tenant == seen));
        let place = place.map_or(0, |place| (place + 1) % tenants.len().max(1));
        tenants.rotate_left(place);
    }

    /// This one's log was.
    pub(super) fn seen(&self, tenant: &TenantId) {
        self.lock().seen = Some(tenant.clone());
    }

    /// The size of a checkpoint of a log that there is; 0 if none is known.
    pub(super) fn known(&self, key: &VerifierKey) -> u64 {
        self.lock().logs.get(&name(key)).map_or(0, |log| log.known)
    }

    /// There is a checkpoint of this size.
    pub(super) fn know(&self, key: &VerifierKey, size: u64) {
        self.lock().logs.entry(name(key)).or_default().known = size;
    }

    /// To which checkpoint a log was looked at again.
    pub(super) fn seen_to(&self, key: &VerifierKey) -> Option<u64> {
        self.lock().logs.get(&name(key)).and_then(|log| log.seen_to)
    }

    /// It was, to this one.
    pub(super) fn saw_to(&self, key: &VerifierKey, size: u64) {
        self.lock().logs.entry(name(key)).or_default().seen_to = Some(size);
    }

    /// The object, among those that say what could not be issued, up to which that was tried again.
    pub(super) fn tried(&self, key: &VerifierKey) -> Option<String> {
        self.lock().logs.get(&name(key)).and_then(|log| log.tried.clone())
    }

    /// It was, up to this one; `None` if it was up to the last.
    pub(super) fn try_after(&self, key: &VerifierKey, object: Option<String>) {
        self.lock().logs.entry(name(key)).or_default().tried = object;
    }
}

fn name(key: &VerifierKey) -> String {
    format!("{}+{}", key.name(), key.id())
}
