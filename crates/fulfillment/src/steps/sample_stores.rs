//! `sample-stores`: look, a few pages at a time, whether anybody who was erased is in a live store again.
//!
//! A backup is not the only way back: a queue is replayed, a file is loaded again, somebody restores a table and tells
//! nobody. But a person may also have come back by themselves, and then it is their right to stay. No program can
//! tell these apart, so nothing is erased from here: a request is made that waits to be verified, one at a time for
//! whoever was erased by an earlier request, and an officer who knows more verifies or cancels it. Whom an officer lets
//! stay is not asked about again; where nobody looked in time, somebody is asked again.

use std::sync::Arc;

use domain::catalog::Catalog;
use domain::ledger::{Sampling, Standing, walked};
use domain::request::Origin;
use domain::{RequestId, StoreId, TenantId};
use futures::future::try_join_all;
use jiff::SignedDuration;
use ports::{Budget, Catalogs, Clock, Entropy, Keyring, Ledger, Requests, Staging, Stores, Tenants, Turn};
use zeroize::Zeroizing;

use crate::api::identities::Configured;
use crate::error::StepError;
use crate::ledger::Marks;
use crate::ledger::asking::{Asking, Wish};
use crate::ledger::deciding::{Decided, decided};
use crate::ledger::looking::{Look, Met};

/// Pages of one store that one call reads.
const PAGES: usize = 4;

/// Stores that are listed at once.
const SOME: usize = 100;

/// People who are asked about at the same time.
const AT_ONCE: usize = 8;

/// A store that was looked at since is not looked at again by another call of the same hour.
const AGAIN: SignedDuration = SignedDuration::from_mins(30);

/// Who does it, as the audit names them.
const WHO: &str = "step:sample-stores";

/// What the step needs.
pub struct Ports {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// The papers.
    pub staging: Arc<dyn Staging>,
    /// The catalogs.
    pub catalogs: Arc<dyn Catalogs>,
    /// The stores.
    pub stores: Arc<dyn Stores>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

impl Ports {
    fn asking(&self) -> Asking<'_> {
        Asking {
            requests: &*self.requests,
            keyring: &*self.keyring,
            staging: &*self.staging,
            clock: &*self.clock,
            entropy: &*self.entropy,
            who: WHO,
        }
    }
}

/// What one run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// People who were met, and about whom somebody is asked now.
    pub met: usize,
    /// Stores that the time was up before.
    pub unreached: usize,
    /// The first error.
    error: Option<StepError>,
}

impl Done {
    /// How the run ended: its first error is its own, after all had their turn.
    pub fn ended(self) -> Result<usize, StepError> {
        self.error.map_or(Ok(self.met), Err)
    }

    fn note(&mut self, error: StepError) {
        self.error.get_or_insert(error);
    }
}

/// Runs the step: a few pages of each store that somebody was erased from. It begins with one by chance, so that no store
/// is always the one that the time is up before. A store that fails does not keep the others from it.
pub async fn run(ports: &Ports, budget: &dyn Budget) -> Done {
    let mut done = Done::default();
    let stores = match all(ports).await {
        Ok(stores) => stores,
        Err(error) => {
            done.note(error);
            return done;
        }
    };
    for (at, (tenant, store)) in stores.iter().enumerate() {
        if budget.is_spent() {
            done.unreached = stores.len() - at;
            break;
        }
        match sample(ports, tenant, store, budget).await {
            Ok(met) => done.met += met,
            Err(error) => done.note(error),
        }
    }
    done
}

/// All stores of all tenants that somebody was erased from, beginning with one by chance.
async fn all(ports: &Ports) -> Result<Vec<(TenantId, StoreId)>, StepError> {
    let mut all: Vec<(TenantId, StoreId)> = Vec::new();
    loop {
        let some = ports.ledger.stores(all.last(), SOME).await?;
        let more = some.len() == SOME;
        all.extend(some);
        if !more {
            break;
        }
    }
    let count = u128::try_from(all.len()).unwrap_or(u128::MAX).max(1);
    all.rotate_left(usize::try_from(ports.entropy.bits() % count).unwrap_or_default());
    Ok(all)
}

/// Reads the next pages of a store; how many people were met for the first time.
async fn sample(
    ports: &Ports,
    tenant: &TenantId,
    store: &StoreId,
    budget: &dyn Budget,
) -> Result<usize, StepError> {
    let Some(mut standing) = ports.ledger.standing(tenant, store).await? else { return Ok(0) };
    let now = ports.clock.now();
    let lately = standing.sampling.at.is_some_and(|at| now.duration_since(at) < AGAIN);
    if lately || !standing.is_fit() {
        // A replay looks at all of it.
        return Ok(0);
    }
    let configured = Configured::of(&*ports.tenants, &*ports.catalogs, tenant).await?;
    let mut met = 0;
    for _ in 0..PAGES {
        let Some((more, next)) = page(ports, &configured.catalog, &configured.version, &standing).await?
        else {
            return Ok(met);
        };
        met += more;
        let wrapped = next.collection == 0 && next.cursor.is_none();
        let sampled = Standing { sampling: next, ..standing.clone() };
        let turn = Turn { standing: Some((Some(standing), sampled.clone())), ..Turn::default() };
        if !ports.ledger.take(&turn).await? || wrapped || budget.is_spent() {
            return Ok(met);
        }
        standing = sampled;
    }
    Ok(met)
}

/// Reads one page, and asks for those in it; where sampling goes on. `None` if the catalog has nothing to read there.
async fn page(
    ports: &Ports,
    catalog: &Catalog,
    version: &str,
    standing: &Standing,
) -> Result<Option<(usize, Sampling)>, StepError> {
    let now = ports.clock.now();
    let (tenant, sampling) = (&standing.tenant, &standing.sampling);
    let Some(store) = catalog.store(&standing.store) else { return Ok(None) };
    let Some(collection) = walked(store).nth(sampling.collection) else {
        let begin = Sampling { at: Some(now), ..Sampling::default() };
        // What was the last collection is none any more.
        return Ok((sampling.collection > 0).then_some((0, begin)));
    };
    // The name is in what is sealed: of another collection it opens nothing.
    let object = format!("{}.{}", store.id, collection.name);
    let Some(marks) = Marks::open(&*ports.keyring, standing).await? else { return Ok(None) };
    let cursor = sampling.cursor.as_ref();
    // One that does not open, because the catalog has changed, begins the collection anew.
    let cursor = cursor.and_then(|cursor| marks.open_cursor(tenant, &object, cursor).ok());
    let walker = ports.stores.walker(tenant, store).await?;
    let store_marks = marks.store(&store.id)?;
    let (ledger, requests) = (&*ports.ledger, &*ports.requests);
    let look = Look { ledger, requests, tenant, catalog, store, marks: &store_marks, now };
    let cursor = cursor.as_ref().map(|cursor| cursor.as_str());
    let looked = look.page(&*walker, collection, cursor, |_| true).await?;
    // Where an erasure was given up, whoever is left is not back: somebody wanted them kept.
    let back: Vec<_> = looked.met.iter().filter(|(_, met)| !met.given_up).collect();
    let mut asked = 0;
    for some in back.chunks(AT_ONCE) {
        let asking = some.iter().map(|(original, met)| ask(ports, tenant, version, original, met));
        asked += try_join_all(asking).await?.into_iter().map(usize::from).sum::<usize>();
    }
    let cursor = looked.next.map(Zeroizing::new);
    let count = walked(store).count();
    let collection = (sampling.collection + usize::from(cursor.is_none())) % count.max(1);
    let sealed = cursor.map(|cursor| marks.seal_cursor(tenant, &object, &*ports.entropy, &cursor));
    let next = Sampling { collection, cursor: sealed.transpose()?, at: Some(now) };
    Ok(Some((asked, next)))
}

/// Asks for somebody, unless somebody was asked already; whether it did.
async fn ask(
    ports: &Ports,
    tenant: &TenantId,
    version: &str,
    original: &RequestId,
    met: &Met,
) -> Result<bool, StepError> {
    let Decided::Nothing(id) = decided(&*ports.requests, tenant, original).await? else { return Ok(false) };
    ports.asking().keep(tenant, &id, &met.clues).await?;
    let origin = Origin { request: original.clone(), replay: None, store: None };
    let wish = Wish { tenant, id: &id, origin, catalog_version: version, reference: None };
    ports.asking().make(&wish).await
}
