//! The `registry` table: tenants and the issuers of their tokens, kept in memory for a minute.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use contract::settings::{Issuer, Settings};
use domain::TenantId;
use jiff::SignedDuration;
use ports::{Class, Clock, Code, Fault, Listed, Tenants};
use serde::de::DeserializeOwned;

use super::aged::Aged;
use super::items;
use super::keys::{self, Key};
use super::table::{Range, Search, Table};

/// How long a change of the registry may go unnoticed.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Tenants, and issuers, in memory.
const MOST: usize = 512;
/// The longest `iss`. It is asked for before the token is verified, and DynamoDB refuses keys of
/// more than 2,048 bytes.
const MOST_ISSUER: usize = 1_024;
const GET: &str = "dynamodb:GetItem";

/// The `registry` table. Only what is there is remembered: unknown names, which anybody can make
/// up, would push the known ones out.
pub struct RegistryTable {
    table: Table,
    clock: Arc<dyn Clock>,
    settings: Aged<TenantId, Arc<Settings>>,
    issuers: Aged<String, Arc<Issuer>>,
}

impl RegistryTable {
    /// The table by name. The clock says how old an entry in memory is.
    pub fn new(client: Client, registry: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self {
            table: Table::new(client, registry),
            clock,
            settings: Aged::new(MOST, BELIEVED_FOR),
            issuers: Aged::new(MOST, BELIEVED_FOR),
        }
    }

    async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Fault> {
        match self.table.get(key).await? {
            None => Ok(None),
            Some(item) => items::decode(&self.table.name, &item)
                .map(Some)
                .map_err(|_| self.invalid(GET, "unreadable-document")),
        }
    }

    fn invalid(&self, operation: &'static str, detail: &str) -> Fault {
        Fault::new(Class::Permanent, Code::SettingsInvalid, operation, &self.table.name, detail)
    }
}

#[async_trait]
impl Tenants for RegistryTable {
    async fn settings(&self, tenant: &TenantId) -> Result<Option<Arc<Settings>>, Fault> {
        let now = self.clock.now();
        if let Some(settings) = self.settings.get(tenant, now) {
            return Ok(Some(settings));
        }
        let read: Option<Settings> = self.read(&keys::settings(tenant)).await?;
        let Some(settings) = read.map(Arc::new) else {
            return Ok(None);
        };
        if &settings.tenant != tenant {
            return Err(self.invalid(GET, "the settings of another tenant"));
        }
        self.settings.put(tenant.clone(), Arc::clone(&settings), now);
        Ok(Some(settings))
    }

    async fn issuer(&self, issuer: &str) -> Result<Option<Arc<Issuer>>, Fault> {
        if issuer.is_empty() || issuer.len() > MOST_ISSUER {
            return Ok(None);
        }
        let (now, name) = (self.clock.now(), issuer.to_owned());
        if let Some(issuer) = self.issuers.get(&name, now) {
            return Ok(Some(issuer));
        }
        let read: Option<Issuer> = self.read(&keys::issuer(issuer)).await?;
        let Some(found) = read.map(Arc::new) else {
            return Ok(None);
        };
        if found.issuer != issuer {
            return Err(self.invalid(GET, "another issuer"));
        }
        self.issuers.put(name, Arc::clone(&found), now);
        Ok(Some(found))
    }

    /// By the index: what is a tenant is an item with a tenant's sort key, so that none can be set up without
    /// being found here.
    async fn all(&self, after: Option<&TenantId>, most: usize) -> Result<Listed, Fault> {
        let mut listed = Listed::default();
        let mut after = after.map(|after| keys::settings(after).pk);
        loop {
            let missing = most - listed.tenants.len();
            let range = after.take().map_or(Range::All, Range::After);
            let search = Search::new(keys::TENANT.to_owned(), range).index("by_kind", "sk", "pk").only("pk");
            let found = self.table.search(&search, Some(missing)).await?;
            for item in &found {
                match items::text(item, "pk").and_then(keys::parse_tenant) {
                    Some(tenant) => listed.tenants.push(tenant),
                    None => listed.unreadable += 1,
                }
            }
            after = found.last().and_then(|item| items::text(item, "pk")).map(str::to_owned);
            // In the place of what names nobody, others are asked for.
            if found.len() < missing || listed.tenants.len() == most || after.is_none() {
                return Ok(listed);
            }
        }
    }
}
