//! Every port, in memory: real implementations with a fault injector in front of each call.
//!
//! A [`World`] holds the state of one deployment and of the company's stores. It is cheap to clone,
//! and clones share everything. Tests hand its ports to the code under test and look at the state
//! through the other methods, which neither fail nor count as calls.

mod audit_log;
mod collecting;
mod connector;
mod control;
mod database;
mod differing;
mod events;
mod evidence;
mod holds;
mod keyring;
mod ledger;
mod lifecycle;
mod log_copies;
mod mail;
mod notary;
mod objects;
mod outside;
mod packages;
mod packs;
mod planting;
mod registry;
mod requests;
mod sealed;
mod signer;
mod stores;
mod template;
#[cfg(test)]
mod tests;
mod visits;
mod walking;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use ports::{
    Announcer, AuditLog, AuditMarks, Catalogs, Clock, DeadLetter, DeadLetters, Entropy, EventLists, Evidence,
    Executions, Holds, Intake, KeyAdmin, Keyring, Ledger, Letter, Links, LogCopies, Mailer, Notary, Packages,
    Packs, Pager, Requests, Sanctions, Signer, Staging, Stores, Tenants, Visits,
};

use crate::clock::{FakeClock, SeededEntropy};
use crate::inject::Injector;

pub use database::{Contents, Database, Row};
pub use differing::{Differing, Differs};
pub use events::Stream;
pub use lifecycle::{Execution, ExecutionState};
pub use objects::{Earlier, Written};
pub use outside::{Announced, Asked, Channel};
pub use packages::{Fetched, Stored};
pub use stores::{Paging, Sight};

/// When a [`World`] begins: 2026-03-02, a Monday, at nine.
pub const BEGINNING: &str = "2026-03-02T09:00:00Z";

/// One deployment and the company's stores, in memory.
#[derive(Clone)]
pub struct World {
    inner: Arc<Inner>,
}

struct Inner {
    control: Mutex<control::Control>,
    registry: Mutex<registry::Registry>,
    keys: Mutex<keyring::Keys>,
    ledger: Mutex<ledger::Books>,
    sealed: Mutex<sealed::Sealed>,
    packages: Mutex<packages::Bucket>,
    signing_key: signer::SigningKey,
    letters: Mutex<Vec<Letter>>,
    visits: Mutex<Vec<visits::Kept>>,
    lifecycle: Mutex<lifecycle::Lifecycle>,
    outside: Mutex<outside::Outside>,
    audit: Mutex<audit_log::Chains>,
    evidence: Mutex<evidence::Bucket>,
    notary: notary::NotaryKey,
    dead_letters: Mutex<Vec<DeadLetter>>,
    copies: Mutex<log_copies::Copies>,
    stores: Mutex<stores::AllStores>,
    clock: Arc<FakeClock>,
    entropy: Arc<SeededEntropy>,
    injector: Injector,
}

impl Default for World {
    fn default() -> Self {
        Self::new(1)
    }
}

impl World {
    /// An empty world. The same seed and the same calls give the same ids and keys.
    pub fn new(seed: u64) -> Self {
        let beginning = BEGINNING.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        Self {
            inner: Arc::new(Inner {
                control: Mutex::default(),
                registry: Mutex::default(),
                keys: Mutex::default(),
                ledger: Mutex::default(),
                sealed: Mutex::default(),
                packages: Mutex::default(),
                signing_key: signer::SigningKey::new(seed),
                letters: Mutex::default(),
                visits: Mutex::default(),
                lifecycle: Mutex::default(),
                outside: Mutex::default(),
                audit: Mutex::default(),
                evidence: Mutex::default(),
                notary: notary::NotaryKey::new(seed),
                dead_letters: Mutex::default(),
                copies: Mutex::default(),
                stores: Mutex::default(),
                clock: Arc::new(FakeClock::at(beginning)),
                entropy: Arc::new(SeededEntropy::new(seed)),
                injector: Injector::default(),
            }),
        }
    }

    /// What makes calls fail.
    pub fn injector(&self) -> &Injector {
        &self.inner.injector
    }

    /// The clock, to be moved.
    pub fn fake_clock(&self) -> &Arc<FakeClock> {
        &self.inner.clock
    }

    /// The clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock.clone()
    }

    /// Randomness, the same for the same seed.
    pub fn entropy(&self) -> Arc<dyn Entropy> {
        self.inner.entropy.clone()
    }

    /// The `requests` table.
    pub fn requests(&self) -> Arc<dyn Requests> {
        Arc::new(self.clone())
    }

    /// The `holds` table.
    pub fn holds(&self) -> Arc<dyn Holds> {
        Arc::new(self.clone())
    }

    /// The keys.
    pub fn keyring(&self) -> Arc<dyn Keyring> {
        Arc::new(self.clone())
    }

    /// The same, for rotation.
    pub fn key_admin(&self) -> Arc<dyn KeyAdmin> {
        Arc::new(self.clone())
    }

    /// The erasure ledger.
    pub fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::new(self.clone())
    }

    /// Evidence packs on record.
    pub fn packs(&self) -> Arc<dyn Packs> {
        Arc::new(self.clone())
    }

    /// The staging bucket.
    pub fn staging(&self) -> Arc<dyn Staging> {
        Arc::new(self.clone())
    }

    /// The exports bucket.
    pub fn packages(&self) -> Arc<dyn Packages> {
        Arc::new(self.clone())
    }

    /// Who signs links into it.
    pub fn links(&self) -> Arc<dyn Links> {
        Arc::new(self.clone())
    }

    /// The signing key.
    pub fn signer(&self) -> Arc<dyn Signer> {
        Arc::new(self.clone())
    }

    /// From where packages were fetched.
    pub fn visits(&self) -> Arc<dyn Visits> {
        Arc::new(self.clone())
    }

    /// Who takes letters.
    pub fn mailer(&self) -> Arc<dyn Mailer> {
        Arc::new(self.clone())
    }

    /// The published catalogs.
    pub fn catalogs(&self) -> Arc<dyn Catalogs> {
        Arc::new(self.clone())
    }

    /// The `registry` table.
    pub fn tenants(&self) -> Arc<dyn Tenants> {
        Arc::new(self.clone())
    }

    /// The state machine's executions.
    pub fn executions(&self) -> Arc<dyn Executions> {
        Arc::new(self.clone())
    }

    /// The `intake` queue.
    pub fn intake(&self) -> Arc<dyn Intake> {
        Arc::new(self.clone())
    }

    /// The sanction sources.
    pub fn sanctions(&self) -> Arc<dyn Sanctions> {
        Arc::new(self.clone())
    }

    /// Who is told.
    pub fn announcer(&self) -> Arc<dyn Announcer> {
        Arc::new(self.clone())
    }

    /// Who pages the owners of stores.
    pub fn pager(&self) -> Arc<dyn Pager> {
        Arc::new(self.clone())
    }

    /// The audit table.
    pub fn audit_log(&self) -> Arc<dyn AuditLog> {
        Arc::new(self.clone())
    }

    /// The evidence bucket.
    pub fn evidence(&self) -> Arc<dyn Evidence> {
        Arc::new(self.clone())
    }

    /// Who signs notes.
    pub fn notary(&self) -> Arc<dyn Notary> {
        Arc::new(self.clone())
    }

    /// The same, for whoever only asks what is chained.
    pub fn audit_marks(&self) -> Arc<dyn AuditMarks> {
        Arc::new(self.clone())
    }

    /// The audit's dead-letter queue.
    pub fn dead_letters(&self) -> Arc<dyn DeadLetters> {
        Arc::new(self.clone())
    }

    /// Masked copies of log groups.
    pub fn log_copies(&self) -> Arc<dyn LogCopies> {
        Arc::new(self.clone())
    }

    /// The events by the minute of their commit.
    pub fn event_lists(&self) -> Arc<dyn EventLists> {
        Arc::new(self.clone())
    }

    /// The company's stores.
    pub fn stores(&self) -> Arc<dyn Stores> {
        Arc::new(self.clone())
    }

    /// The stream of the tables: the events committed since it was last drained.
    pub fn stream(&self) -> Stream {
        Stream { world: self.clone() }
    }

    fn control(&self) -> MutexGuard<'_, control::Control> {
        lock(&self.inner.control)
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

/// A panic elsewhere leaves the state as the last finished write left it, so it can be used on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
