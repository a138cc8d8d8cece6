//! Open connections, kept for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::TenantId;
use domain::catalog::{Store, StoreKind};
use tokio::sync::OnceCell;
use tokio::time::Instant;

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
    pub(crate) fn cell(&self, tenant: &TenantId, store: &Store) -> Arc<OnceCell<Connected>> {
        let key = Key {
            tenant: tenant.clone(),
            store: store.id.to_string(),
            kind: store.kind,
            connection: store.connection.clone(),
        };
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|slot| slot.since.elapsed() < KEPT_FOR);
        let slot = match slots.iter().position(|slot| slot.key == key) {
            Some(at) => slots.remove(at),
            None => Slot {
                key,
                since: Instant::now(),
                cell: Arc::default(),
            },
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

    fn tenant(id: &str) -> TenantId {
        id.parse().expect("a tenant")
    }

    #[tokio::test]
    async fn a_connection_is_shared_by_nobody_but_its_tenant_and_store() {
        let cache = Cache::default();
        let first = cache.cell(&tenant("a"), &store("s"));
        assert!(Arc::ptr_eq(&first, &cache.cell(&tenant("a"), &store("s"))));
        assert!(!Arc::ptr_eq(&first, &cache.cell(&tenant("b"), &store("s"))));
        assert!(!Arc::ptr_eq(&first, &cache.cell(&tenant("a"), &store("r"))));
    }

    #[tokio::test]
    async fn the_least_recently_used_goes_first() {
        let cache = Cache::default();
        let kept = cache.cell(&tenant("a"), &store("s0"));
        let lost = cache.cell(&tenant("a"), &store("s1"));
        for n in 2..MOST_OPEN {
            cache.cell(&tenant("a"), &store(&format!("s{n}")));
        }
        cache.cell(&tenant("a"), &store("s0"));
        cache.cell(&tenant("a"), &store("one-more"));
        assert!(Arc::ptr_eq(&kept, &cache.cell(&tenant("a"), &store("s0"))));
        assert!(!Arc::ptr_eq(&lost, &cache.cell(&tenant("a"), &store("s1"))));
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_connection_is_made_anew() {
        let cache = Cache::default();
        let old = cache.cell(&tenant("a"), &store("s"));
        tokio::time::advance(KEPT_FOR).await;
        assert!(!Arc::ptr_eq(&old, &cache.cell(&tenant("a"), &store("s"))));
    }
}
