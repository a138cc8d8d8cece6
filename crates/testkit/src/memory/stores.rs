//! The connectors, by kind, all over the same memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use domain::catalog::{Catalog, Store, StoreKind};
use domain::{StoreId, TenantId};
use ports::stores::PAGE;
use ports::{Collector, Connector, Contents, Fault, Planter, Stores, Suppressor, Walker};

use super::connector::MemoryConnector;
use super::database;
use super::{World, lock};
use crate::inject::Point;

/// How searches are cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// Records of a page at the most: 1 to [`PAGE`].
    pub size: usize,
    /// Whether a search begins with a page that has no records although there is more, as a filtered
    /// read of a real store may.
    pub begins_empty: bool,
}

impl Default for Paging {
    /// So small that three records of a person make a second page.
    fn default() -> Self {
        Self { size: 2, begins_empty: false }
    }
}

/// A way of looking for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// As locating looks.
    Locate,
    /// As confirming looks.
    Confirm,
    /// As a collection is read from one end to the other.
    Walk,
}

/// Every tenant's stores.
#[derive(Default)]
pub(super) struct AllStores {
    pub(super) contents: BTreeMap<(TenantId, StoreId), database::Contents>,
    pub(super) paging: Paging,
    /// The searches that silently find nobody.
    pub(super) blind: BTreeSet<(StoreId, Sight)>,
    /// Bytes after which no more records are read whole.
    pub(super) most_collected: Option<usize>,
}

#[async_trait]
impl Stores for World {
    async fn connector(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Connector>, Fault> {
        let target = store.id.as_str();
        self.injector().pass(Point::StoresConnector, target, || {
            let connector: Arc<dyn Connector> = Arc::new(self.connect(tenant, store));
            Ok(connector)
        })
    }

    async fn suppressor(
        &self,
        tenant: &TenantId,
        store: &Store,
    ) -> Result<Option<Arc<dyn Suppressor>>, Fault> {
        let target = store.id.as_str();
        self.injector().pass(Point::StoresSuppressor, target, || {
            if store.kind == StoreKind::S3 {
                return Ok(None);
            }
            let suppressor: Arc<dyn Suppressor> = Arc::new(self.connect(tenant, store));
            Ok(Some(suppressor))
        })
    }

    async fn collector(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Collector>, Fault> {
        self.injector().pass(Point::StoresCollector, store.id.as_str(), || {
            let collector: Arc<dyn Collector> = Arc::new(self.connect(tenant, store));
            Ok(collector)
        })
    }

    async fn contents(&self, tenant: &TenantId, store: &Store) -> Result<Option<Arc<dyn Contents>>, Fault> {
        self.injector().pass(Point::StoresContents, store.id.as_str(), || {
            if store.kind != StoreKind::S3 {
                return Ok(None);
            }
            let contents: Arc<dyn Contents> = Arc::new(self.connect(tenant, store));
            Ok(Some(contents))
        })
    }

    async fn walker(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Walker>, Fault> {
        self.injector().pass(Point::StoresWalker, store.id.as_str(), || {
            let walker: Arc<dyn Walker> = Arc::new(self.connect(tenant, store));
            Ok(walker)
        })
    }

    async fn planter(&self, tenant: &TenantId, store: &Store) -> Result<Option<Arc<dyn Planter>>, Fault> {
        self.injector().pass(Point::StoresPlanter, store.id.as_str(), || {
            let planter: Arc<dyn Planter> = Arc::new(self.connect(tenant, store));
            Ok(Some(planter))
        })
    }
}

impl World {
    /// Makes the empty tables and buckets of every store of a catalog. What was not made does not
    /// exist: searching it is an error, not an empty answer.
    pub fn provision(&self, tenant: &TenantId, catalog: &Catalog) {
        for store in &catalog.stores {
            self.database(tenant, &store.id).provision(store);
        }
    }

    /// How searches are cut into pages from now on.
    pub fn set_paging(&self, paging: Paging) {
        let size = paging.size.clamp(1, PAGE);
        lock(&self.inner.stores).paging = Paging { size, ..paging };
    }

    /// Searches of a store find nobody from now on, without any error, as broken ones may.
    pub fn make_blind(&self, store: &StoreId, sight: Sight) {
        lock(&self.inner.stores).blind.insert((store.clone(), sight));
    }

    /// All searches find again what is there.
    pub fn make_see(&self) {
        lock(&self.inner.stores).blind.clear();
    }

    /// After how many bytes no more records are read whole, from now on: at least one is.
    pub fn set_most_collected(&self, bytes: usize) {
        lock(&self.inner.stores).most_collected = Some(bytes);
    }

    fn connect(&self, tenant: &TenantId, store: &Store) -> MemoryConnector {
        MemoryConnector { world: self.clone(), place: (tenant.clone(), store.id.clone()) }
    }
}
