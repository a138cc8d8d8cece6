//! Published catalogs and the `registry` table.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use contract::catalog::{CatalogError, Published, read_yaml};
use contract::settings::{Issuer, Settings};
use domain::TenantId;
use domain::catalog::Catalog;
use ports::{Catalogs, Class, Fault, Listed, Tenants};

use super::{World, lock};
use crate::inject::{Point, fault};

/// What is configured.
#[derive(Default)]
pub(super) struct Registry {
    current: String,
    catalogs: BTreeMap<String, Arc<Catalog>>,
    settings: BTreeMap<TenantId, Arc<Settings>>,
    issuers: BTreeMap<String, Arc<Issuer>>,
    unreadable: usize,
}

#[async_trait]
impl Catalogs for World {
    fn current(&self) -> String {
        lock(&self.inner.registry).current.clone()
    }

    async fn get(&self, tenant: &TenantId, version: &str) -> Result<Arc<Catalog>, Fault> {
        let point = Point::CatalogsGet;
        self.injector().pass(point, tenant.as_str(), || {
            let registry = lock(&self.inner.registry);
            let found = registry.catalogs.get(version).cloned();
            found.ok_or_else(|| {
                fault(point, Class::Permanent, tenant.as_str(), "no such version was published")
            })
        })
    }
}

#[async_trait]
impl Tenants for World {
    async fn settings(&self, tenant: &TenantId) -> Result<Option<Arc<Settings>>, Fault> {
        self.injector().pass(Point::TenantsSettings, tenant.as_str(), || {
            Ok(lock(&self.inner.registry).settings.get(tenant).cloned())
        })
    }

    async fn issuer(&self, issuer: &str) -> Result<Option<Arc<Issuer>>, Fault> {
        self.injector().pass(Point::TenantsIssuer, "issuer", || {
            Ok(lock(&self.inner.registry).issuers.get(issuer).cloned())
        })
    }

    async fn all(&self, after: Option<&TenantId>, most: usize) -> Result<Listed, Fault> {
        self.injector().pass(Point::TenantsAll, "tenants", || {
            let registry = lock(&self.inner.registry);
            let later = registry.settings.keys().filter(|tenant| after.is_none_or(|after| *tenant > after));
            let tenants: Vec<TenantId> = later.take(most).cloned().collect();
            // They are come by with the first ones.
            let unreadable = if after.is_none() { registry.unreadable } else { 0 };
            Ok(Listed { tenants, unreadable })
        })
    }
}

impl World {
    /// Reads, checks and publishes a YAML catalog, which is in force from now on; its version.
    pub fn publish_yaml(&self, text: &str) -> Result<String, CatalogError> {
        read_yaml(text).map(|published| self.publish(published))
    }

    /// Publishes a catalog, which is in force from now on; its version.
    pub fn publish(&self, published: Published) -> String {
        let mut registry = lock(&self.inner.registry);
        let catalog = Arc::new(published.catalog);
        registry.catalogs.insert(published.version.clone(), catalog);
        registry.current.clone_from(&published.version);
        published.version
    }

    /// Puts a version in force, published or not.
    pub fn set_current(&self, version: &str) {
        version.clone_into(&mut lock(&self.inner.registry).current);
    }

    /// The catalog in force, if one was published.
    pub fn current_catalog(&self) -> Option<Arc<Catalog>> {
        let registry = lock(&self.inner.registry);
        registry.catalogs.get(&registry.current).cloned()
    }

    /// Sets a tenant up, or changes its settings.
    pub fn put_settings(&self, settings: Settings) {
        let mut registry = lock(&self.inner.registry);
        registry.settings.insert(settings.tenant.clone(), Arc::new(settings));
    }

    /// Puts in an item that should be a tenant's and names none.
    pub fn put_unreadable_tenant(&self) {
        lock(&self.inner.registry).unreadable += 1;
    }

    /// Makes an issuer known.
    pub fn put_issuer(&self, issuer: Issuer) {
        let mut registry = lock(&self.inner.registry);
        registry.issuers.insert(issuer.issuer.clone(), Arc::new(issuer));
    }
}
