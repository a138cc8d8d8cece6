//! A call that waits for a slow port, and goes on long after the call that was made in its place.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::catalog::{Catalog, Store};
use futures::FutureExt;
use futures::channel::oneshot::{Receiver, Sender, channel};
use ports::stores::{Collector, Connector, Contents, Planter, Suppressor, Walker};
use ports::{Catalogs, Fault, Requests, Stores};
use testkit::memory::{Differing, Differs};

use super::*;

/// A port that answers its first call when it is told to.
pub struct Slow<P: ?Sized> {
    waits: Mutex<Option<Receiver<()>>>,
    port: Arc<P>,
}

impl<P: ?Sized> Slow<P> {
    /// It, and by what it is told.
    pub fn new(port: Arc<P>) -> (Sender<()>, Arc<Self>) {
        let (go_on, waits) = channel();
        (go_on, Arc::new(Self { waits: Mutex::new(Some(waits)), port }))
    }

    async fn wait(&self) {
        let waits = self.waits.lock().expect("not poisoned").take();
        if let Some(waits) = waits {
            waits.await.expect("it answers");
        }
    }
}

/// The first catalog takes its time.
#[async_trait]
impl Catalogs for Slow<dyn Catalogs> {
    fn current(&self) -> String {
        self.port.current()
    }

    async fn get(&self, tenant: &TenantId, version: &str) -> Result<Arc<Catalog>, Fault> {
        self.wait().await;
        self.port.get(tenant, version).await
    }
}

/// The first store that is connected takes its time.
#[async_trait]
impl Stores for Slow<dyn Stores> {
    async fn connector(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Connector>, Fault> {
        self.wait().await;
        self.port.connector(tenant, store).await
    }

    async fn suppressor(
        &self,
        tenant: &TenantId,
        store: &Store,
    ) -> Result<Option<Arc<dyn Suppressor>>, Fault> {
        self.port.suppressor(tenant, store).await
    }

    async fn collector(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Collector>, Fault> {
        self.port.collector(tenant, store).await
    }

    async fn contents(&self, tenant: &TenantId, store: &Store) -> Result<Option<Arc<dyn Contents>>, Fault> {
        self.port.contents(tenant, store).await
    }

    async fn walker(&self, tenant: &TenantId, store: &Store) -> Result<Arc<dyn Walker>, Fault> {
        self.port.walker(tenant, store).await
    }

    async fn planter(&self, tenant: &TenantId, store: &Store) -> Result<Option<Arc<dyn Planter>>, Fault> {
        self.port.planter(tenant, store).await
    }
}

/// The so-manieth time that a request is read takes its time.
struct SlowLoad {
    left: AtomicU32,
    waits: Mutex<Option<Receiver<()>>>,
}

#[async_trait]
impl Differs for SlowLoad {
    async fn load(
        &self,
        table: &dyn Requests,
        tenant: &TenantId,
        id: &RequestId,
    ) -> Result<Option<Request>, Fault> {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let waits = self.waits.lock().expect("not poisoned").take();
            waits.expect("once").await.expect("it answers");
        }
        table.load(tenant, id).await
    }
}

/// A table that waits before the so-manieth time that a request is read: the second is before the first change, which is
/// decided by what was read until then.
pub fn slow_load(table: Arc<dyn Requests>, nth: u32) -> (Sender<()>, Arc<dyn Requests>) {
    let (go_on, waits) = channel();
    let differs = SlowLoad { left: AtomicU32::new(nth), waits: Mutex::new(Some(waits)) };
    (go_on, Arc::new(Differing { table, differs }))
}

/// A call that waits, and who lets it go on.
pub struct Late {
    go_on: Sender<()>,
    call: Pin<Box<dyn Future<Output = Result<(), StepError>> + Send>>,
}

impl Late {
    /// `None` if the call comes to its end without waiting.
    pub fn begun<T>(
        go_on: Sender<()>,
        call: impl Future<Output = Result<T, StepError>> + Send + 'static,
    ) -> Option<Self> {
        let mut call: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(call.map(|ended| ended.map(|_| ())));
        call.as_mut().now_or_never().is_none().then_some(Self { go_on, call })
    }

    /// What it comes to.
    pub fn ends(self) -> Result<(), StepError> {
        self.go_on.send(()).expect("it waits");
        at_once(self.call)
    }
}

impl Stage {
    /// What a call by the present execution of a request is given.
    pub fn run_of(&self, id: &RequestId) -> Run {
        let generation = self.request(id).generation;
        Run { tenant: self.tenant.clone(), request_id: id.clone(), generation }
    }
}
