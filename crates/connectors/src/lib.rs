//! How Lacuna reaches the company's stores: one module per kind.
//!
//! A new kind is its module and its line in `Outside::open`. Whatever a store answers may be late,
//! doubled or wrong, so every call has a time limit, every write is a condition that holds whoever
//! comes second, and an error is reduced to its code: drivers quote keys and values in their
//! messages.

#![cfg_attr(
    not(all(feature = "dynamodb", feature = "s3", feature = "sql")),
    allow(
        dead_code,
        unused_imports,
        clippy::unused_async,
        reason = "what the kinds share is not all used when some are left out"
    )
)]

mod by_value;
mod cache;
mod collecting;
mod cursor;
mod place;
mod planting;
mod secrets;
mod values;

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "sql")]
pub mod sql;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use contract::settings::is_own_secret;
use domain::TenantId;
use domain::catalog::{Store, StoreKind};
use ports::{Class, Code, Collector, Connector, Contents, Fault, Planter, Stores, Suppressor, Walker};

use cache::Cache;
pub use secrets::Secrets;
#[cfg(feature = "secretsmanager")]
pub use secrets::SecretsManager;

/// A store that is spoken to.
#[derive(Clone)]
pub struct Connected {
    /// Finds, erases, re-reads.
    pub connector: Arc<dyn Connector>,
    /// Hides and shows again, if the kind can.
    pub suppressor: Option<Arc<dyn Suppressor>>,
    /// Reads whole.
    pub collector: Arc<dyn Collector>,
    /// Reads what records hold beside their fields, if the kind has such.
    pub contents: Option<Arc<dyn Contents>>,
    /// Reads collections from one end to the other.
    pub walker: Arc<dyn Walker>,
    /// Keeps a control person's record, if the kind can.
    pub planter: Option<Arc<dyn Planter>>,
}

impl Connected {
    /// A kind of store that can hide.
    pub fn hiding<T>(store: T) -> Self
    where
        T: Connector + Suppressor + Collector + Walker + Planter + 'static,
    {
        let store = Arc::new(store);
        Self {
            connector: store.clone(),
            suppressor: Some(store.clone()),
            collector: store.clone(),
            contents: None,
            walker: store.clone(),
            planter: Some(store),
        }
    }

    /// A kind of store that cannot, and whose records are objects.
    pub fn objects<T>(store: T) -> Self
    where
        T: Connector + Collector + Contents + Walker + Planter + 'static,
    {
        let store = Arc::new(store);
        Self {
            connector: store.clone(),
            suppressor: None,
            collector: store.clone(),
            contents: Some(store.clone()),
            walker: store.clone(),
            planter: Some(store),
        }
    }
}

/// What connecting needs from outside. Nothing is asked before a store needs it.
struct Outside {
    secrets: Arc<dyn Secrets>,
    #[cfg(feature = "aws")]
    aws: tokio::sync::OnceCell<aws_config::SdkConfig>,
}

impl Outside {
    async fn open(&self, store: &Store) -> Result<Connected, Fault> {
        match store.kind {
            #[cfg(feature = "dynamodb")]
            StoreKind::Dynamodb => dynamodb::open(self, store).await,
            #[cfg(feature = "s3")]
            StoreKind::S3 => s3::open(self, store).await,
            #[cfg(feature = "sql")]
            StoreKind::Sql => sql::open(self, store).await,
            #[allow(unreachable_patterns, reason = "reached when a feature is off")]
            _ => Err(refused(store, "this program lacks the store's connector")),
        }
    }

    #[cfg(feature = "aws")]
    async fn aws(&self) -> &aws_config::SdkConfig {
        self.aws.get_or_init(aws::environment).await
    }
}

/// The connectors of this program, by kind. Connects once per store and keeps the connection for a
/// while; both are bounded.
pub struct Connectors {
    outside: Outside,
    open: Cache,
}

impl Connectors {
    /// Connectors that read the stores' secrets here. AWS is found through the environment
    /// (`AWS_REGION`, `AWS_ENDPOINT_URL`, credentials).
    pub fn new(secrets: Arc<dyn Secrets>) -> Self {
        Self {
            outside: Outside {
                secrets,
                #[cfg(feature = "aws")]
                aws: tokio::sync::OnceCell::new(),
            },
            open: Cache::default(),
        }
    }

    /// Connectors that read the stores' secrets from AWS Secrets Manager.
    #[cfg(feature = "secretsmanager")]
    pub fn from_environment() -> Self {
        Self::new(Arc::new(SecretsManager::default()))
    }

    async fn connected(&self, tenant: &TenantId, store: &Store) -> Result<Connected, Fault> {
        let foreign = store.connection.as_deref().is_some_and(|name| !is_own_secret(tenant, name));
        if foreign {
            return Err(refused(
                store,
                "`connection` is not a secret of this tenant: lacuna/<tenant>/<name>",
            ));
        }
        let cell = self.open.cell(tenant, store, Instant::now());
        let connected = cell.get_or_try_init(|| self.outside.open(store)).await?;
        Ok(connected.clone())
    }
}

#[async_trait]
impl Stores for Connectors {
    async fn connector(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Connector>, Fault> {
        Ok(self.connected(tenant, store).await?.connector)
    }

    async fn suppressor(
        &self,
        tenant: &TenantId,
        store: &Store,
    ) -> Result<Option<Arc<dyn Suppressor>>, Fault> {
        Ok(self.connected(tenant, store).await?.suppressor)
    }

    async fn collector(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Collector>, Fault> {
        Ok(self.connected(tenant, store).await?.collector)
    }

    async fn contents(&self, tenant: &TenantId, store: &Store) -> Result<Option<Arc<dyn Contents>>, Fault> {
        Ok(self.connected(tenant, store).await?.contents)
    }

    async fn walker(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Walker>, Fault> {
        Ok(self.connected(tenant, store).await?.walker)
    }

    async fn planter(&self, tenant: &TenantId, store: &Store) -> Result<Option<Arc<dyn Planter>>, Fault> {
        Ok(self.connected(tenant, store).await?.planter)
    }
}

fn refused(store: &Store, why: &str) -> Fault {
    Fault::new(Class::Permanent, Code::StoreRefused, "connect", store.id.as_str(), why)
}

/// A `connection` that the kind would not look at must not be passed over in silence: the owner
/// believes that it says which account is read.
#[cfg(feature = "aws")]
fn no_connection(store: &Store) -> Result<(), Fault> {
    if store.connection.is_some() {
        return Err(refused(
            store,
            "this kind is reached with the program's own credentials, so `connection` must be left out",
        ));
    }
    Ok(())
}
