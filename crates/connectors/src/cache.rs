//! Open connections, kept for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::TenantId;
use domain::catalog::{Store, StoreKind};
use tokio::sync::OnceCell;

use crate::Connected;

/// Connections that are kept at the most; the one that was not used for longest goes.
const MOST_OPEN: usize = 64;

/// A connection is made anew after this time, so that a rotated secret is noticed.
const KEPT_FOR: Duration = Duration::from_mins(15);

/// What makes two connections the same.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    tenant: TenantId,
    store: String,
    kind: StoreKind,
    connection: Option<String>,
}

struct Slot {
    key: Key,
    since: Instant,
    cell: Arc<OnceCell<Connected>>,
}

/// The open connections, the most recently used last.
#[derive(Default)]
pub(crate) struct Cache {
    slots: Mutex<Vec<Slot>>,
}

impl Cache {
    /// The place of a store's connection. Whoever comes first connects; the others wait for it.
    pub(crate) fn cell(&self, tenant: &TenantId, store: &Store, now: Instant) -> Arc<OnceCell<Connected>> {
        let key = Key {
            tenant: tenant.clone(),
            store: store.id.to_string(),
            kind: store.kind,
            connection: store.connection.clone(),
        };
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|slot| now.duration_since(slot.since) < KEPT_FOR);
        let slot = match slots.iter().position(|slot| slot.key == key) {
            Some(at) => slots.remove(at),
            None => Slot { key, since: now, cell: Arc::default() },
        };
        let cell = slot.cell.clone();
        if slots.len() == MOST_OPEN {
            slots.remove(0);
        }
        slots.push(slot);
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(id: &str) -> Store {
        let text = format!(
            r#"{{"id":"{id}","kind":"s3","owner":{{"team":"t","page":"p"}},"connection":null,"collections":[]}}"#
        );
        serde_json::from_str(&text).expect("a store")
    }

    struct Place {
        cache: Cache,
        now: Instant,
    }

    impl Place {
        fn new() -> Self {
            Self { cache: Cache::default(), now: Instant::now() }
        }

        fn cell(&self, tenant: &str, id: &str) -> Arc<OnceCell<Connected>> {
            let tenant = tenant.parse().expect("a tenant");
            self.cache.cell(&tenant, &store(id), self.now)
        }
    }

    #[test]
    fn a_connection_is_shared_by_nobody_but_its_tenant_and_store() {
        let place = Place::new();
        let first = place.cell("a", "s");
        assert!(Arc::ptr_eq(&first, &place.cell("a", "s")));
        assert!(!Arc::ptr_eq(&first, &place.cell("b", "s")));
        assert!(!Arc::ptr_eq(&first, &place.cell("a", "r")));
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let place = Place::new();
        let kept = place.cell("a", "s0");
        let lost = place.cell("a", "s1");
        for n in 2..MOST_OPEN {
            place.cell("a", &format!("s{n}"));
        }
        place.cell("a", "s0");
        place.cell("a", "one-more");
        assert!(Arc::ptr_eq(&kept, &place.cell("a", "s0")));
        assert!(!Arc::ptr_eq(&lost, &place.cell("a", "s1")));
    }

    #[test]
    fn an_old_connection_is_made_anew() {
        let mut place = Place::new();
        let old = place.cell("a", "s");
        place.now += KEPT_FOR;
        assert!(!Arc::ptr_eq(&old, &place.cell("a", "s")));
    }
}
