//! The erasure ledger.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::event::About;
use domain::ledger::{Entry, Found, Replay, ReplayStatus, Standing};
use domain::{Pseudonym, ReplayId, RequestId, StoreId, TenantId};
use ports::{Class, Code, Fault, Ledger, MOST_MARKS, Turn};

use super::{World, lock};
use crate::inject::Point;

/// Whom the walks of a replay found: the walk, the request at first, the request now.
type People = BTreeSet<(u32, RequestId, RequestId)>;

/// The `ledger` table.
#[derive(Default)]
pub(super) struct Books {
    entries: BTreeMap<(TenantId, StoreId, Pseudonym), Entry>,
    standings: BTreeMap<(TenantId, StoreId), Standing>,
    replays: BTreeMap<(TenantId, ReplayId), Replay>,
    found: BTreeMap<(TenantId, ReplayId), People>,
}

impl Books {
    fn put(&mut self, entry: &Entry) {
        let key = (entry.tenant.clone(), entry.store.clone(), entry.mark.clone());
        let earlier = self.entries.get(&key).is_none_or(|there| there.erased_at <= entry.erased_at);
        if earlier {
            self.entries.insert(key, entry.clone());
        }
    }

    /// Whether what a turn read is still there.
    fn is_as_read(&self, turn: &Turn) -> bool {
        let standing = turn.standing.as_ref().is_none_or(|(read, next)| {
            self.standings.get(&(next.tenant.clone(), next.store.clone())) == read.as_ref()
        });
        let replay = turn.replay.as_ref().is_none_or(|(read, next)| {
            self.replays.get(&(next.tenant.clone(), next.id.clone())) == read.as_ref()
        });
        standing && replay
    }
}

/// What no adapter would write.
fn mistake(detail: &str) -> Fault {
    Fault::new(Class::Permanent, Code::ControlUnavailable, "ledger", "ledger", detail)
}

#[async_trait]
impl Ledger for World {
    async fn write(&self, entries: &[Entry]) -> Result<(), Fault> {
        self.injector().pass_many(Point::LedgerWrite, "ledger", entries.len(), |upto| {
            let mut books = lock(&self.inner.ledger);
            entries.iter().take(upto).for_each(|entry| books.put(entry));
            Ok(())
        })
    }

    async fn find(
        &self,
        tenant: &TenantId,
        store: &StoreId,
        marks: &[Pseudonym],
    ) -> Result<Vec<Entry>, Fault> {
        self.injector().pass(Point::LedgerFind, store.as_str(), || {
            if marks.len() > MOST_MARKS {
                return Err(mistake("too many marks"));
            }
            let books = lock(&self.inner.ledger);
            let marks: BTreeSet<&Pseudonym> = marks.iter().collect();
            let found = marks.into_iter().map(|mark| (tenant.clone(), store.clone(), mark.clone()));
            Ok(found.filter_map(|key| books.entries.get(&key).cloned()).collect())
        })
    }

    async fn standing(&self, tenant: &TenantId, store: &StoreId) -> Result<Option<Standing>, Fault> {
        self.injector().pass(Point::LedgerStanding, store.as_str(), || {
            Ok(lock(&self.inner.ledger).standings.get(&(tenant.clone(), store.clone())).cloned())
        })
    }

    async fn standings(&self, tenant: &TenantId) -> Result<Vec<Standing>, Fault> {
        self.injector().pass(Point::LedgerStandings, tenant.as_str(), || {
            let books = lock(&self.inner.ledger);
            Ok(books.standings.values().filter(|standing| &standing.tenant == tenant).cloned().collect())
        })
    }

    async fn replay(&self, tenant: &TenantId, id: &ReplayId) -> Result<Option<Replay>, Fault> {
        self.injector().pass(Point::LedgerReplay, tenant.as_str(), || {
            Ok(lock(&self.inner.ledger).replays.get(&(tenant.clone(), id.clone())).cloned())
        })
    }

    async fn take(&self, turn: &Turn) -> Result<bool, Fault> {
        let now = self.fake_clock().peek();
        self.injector().pass(Point::LedgerTake, "ledger", || {
            let mut control = self.control();
            let mut books = lock(&self.inner.ledger);
            if !books.is_as_read(turn) {
                return Ok(false);
            }
            if let Some(event) = &turn.event {
                let next = turn.standing.as_ref().map(|(_, next)| next);
                let own = |next: &Standing| {
                    let about = About::Store(next.store.clone());
                    event.tenant == next.tenant && event.about == about && event.n == next.events
                };
                if !next.is_some_and(own) {
                    return Err(mistake("the event is not the store's next"));
                }
                control.record(event, now);
            }
            if let Some((_, next)) = &turn.standing {
                books.standings.insert((next.tenant.clone(), next.store.clone()), next.clone());
            }
            if let Some((_, next)) = &turn.replay {
                books.replays.insert((next.tenant.clone(), next.id.clone()), next.clone());
            }
            Ok(true)
        })
    }

    async fn running(&self, most: usize) -> Result<Vec<(TenantId, ReplayId)>, Fault> {
        self.injector().pass(Point::LedgerRunning, "ledger", || {
            let books = lock(&self.inner.ledger);
            let running = books.replays.values().filter(|replay| replay.status == ReplayStatus::Running);
            let mut running: Vec<_> = running.map(|r| (r.begun_at, r.tenant.clone(), r.id.clone())).collect();
            running.sort();
            Ok(running.into_iter().take(most).map(|(_, tenant, id)| (tenant, id)).collect())
        })
    }

    async fn note(&self, tenant: &TenantId, id: &ReplayId, found: &Found) -> Result<(), Fault> {
        self.injector().pass(Point::LedgerNote, tenant.as_str(), || {
            let found = (found.walk, found.original.clone(), found.request.clone());
            let mut books = lock(&self.inner.ledger);
            books.found.entry((tenant.clone(), id.clone())).or_default().insert(found);
            Ok(())
        })
    }

    async fn found(
        &self,
        tenant: &TenantId,
        id: &ReplayId,
        after: Option<&Found>,
        most: usize,
    ) -> Result<Vec<Found>, Fault> {
        self.injector().pass(Point::LedgerFound, tenant.as_str(), || {
            let books = lock(&self.inner.ledger);
            let all = books.found.get(&(tenant.clone(), id.clone())).into_iter().flatten();
            let rest = all.filter(|(walk, original, _)| {
                after.is_none_or(|after| (*walk, original) > (after.walk, &after.original))
            });
            let found = rest.take(most).map(|(walk, original, request)| Found {
                walk: *walk,
                original: original.clone(),
                request: request.clone(),
            });
            Ok(found.collect())
        })
    }

    async fn stores(
        &self,
        after: Option<&(TenantId, StoreId)>,
        most: usize,
    ) -> Result<Vec<(TenantId, StoreId)>, Fault> {
        self.injector().pass(Point::LedgerStores, "ledger", || {
            let books = lock(&self.inner.ledger);
            let rest = books.standings.keys().filter(|key| after.is_none_or(|after| *key > after));
            Ok(rest.take(most).cloned().collect())
        })
    }
}

impl World {
    /// Every entry of the erasure ledger.
    pub fn ledger_entries(&self) -> Vec<Entry> {
        lock(&self.inner.ledger).entries.values().cloned().collect()
    }
}
