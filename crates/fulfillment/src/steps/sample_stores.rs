//! `sample-stores`: look, a few pages at a time, whether anybody who was erased is in a live store again.
//!
//! A backup is not the only way back: a queue is replayed, a file is loaded again, somebody restores a table and tells
//! nobody. But a person may also have come back by themselves, and then it is their right to stay. No program can
//! tell these apart, so nothing is erased from here: a request is made that waits to be verified, once for each
//! earlier request and store, and an officer who knows more verifies or cancels it.

use std::sync::Arc;

use domain::catalog::Catalog;
use domain::ledger::{Sampling, Standing, walked};
use domain::request::Origin;
use domain::{StoreId, TenantId};
use jiff::SignedDuration;
use ports::{Budget, Catalogs, Clock, Entropy, Keyring, Ledger, Requests, Staging, Stores, Tenants, Turn};
use zeroize::Zeroizing;

use crate::api::identities::Configured;
use crate::error::StepError;
use crate::ledger::Marks;
use crate::ledger::asking::{Asking, Wish, id_of};
use crate::ledger::looking::Look;

/// Pages of one store that one call reads.
const PAGES: usize = 4;

/// Stores that are listed at once.
const SOME: usize = 50;

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

/// Runs the step: a few pages of each store that somebody was erased from; how many people were met for the first
/// time. It begins somewhere, by chance, so that no store is always the one that the time is up before. A store that
/// fails does not keep the others from it.
pub async fn run(ports: &Ports, budget: &dyn Budget) -> Result<usize, StepError> {
    let begin = (somewhere(ports)?, "a".parse().map_err(|_| StepError::broken("sample", "not a store"))?);
    let mut failed = None;
    let mut met = 0;
    for range in [Range::After(&begin), Range::UpTo(&begin)] {
        let mut after = range.begins();
        loop {
            let some = ports.ledger.stores(after.as_ref(), SOME).await?;
            let Some(last) = some.last().cloned() else { break };
            for (tenant, store) in some.iter().filter(|place| range.has(place)) {
                if budget.is_spent() {
                    return failed.map_or(Ok(met), Err);
                }
                match sample(ports, tenant, store, budget).await {
                    Ok(more) => met += more,
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            if !range.has(&last) {
                break;
            }
            after = Some(last);
        }
    }
    failed.map_or(Ok(met), Err)
}

/// One of the two halves that a round of all stores is in.
enum Range<'a> {
    After(&'a (TenantId, StoreId)),
    UpTo(&'a (TenantId, StoreId)),
}

impl Range<'_> {
    fn begins(&self) -> Option<(TenantId, StoreId)> {
        match self {
            Self::After(place) => Some((*place).clone()),
            Self::UpTo(_) => None,
        }
    }

    fn has(&self, place: &(TenantId, StoreId)) -> bool {
        match self {
            Self::After(begin) => place > *begin,
            Self::UpTo(begin) => place <= *begin,
        }
    }
}

/// A name that a tenant might have.
fn somewhere(ports: &Ports) -> Result<TenantId, StepError> {
    const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let letters = ports.entropy.bytes().into_iter().take(4);
    let name = letters.filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()));
    let name: String = name.map(|letter| char::from(*letter)).collect();
    name.parse().map_err(|_| StepError::broken("sample", "not a tenant"))
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
    let marks = Marks::of(&*ports.keyring, tenant).await?;
    let cursor = sampling.cursor.as_ref();
    // One that does not open, because the catalog has changed, begins the collection anew.
    let cursor = cursor.and_then(|cursor| marks.open_cursor(tenant, &object, cursor).ok());
    let walker = ports.stores.walker(tenant, store).await?;
    let store_marks = marks.store(&store.id)?;
    let (ledger, requests) = (&*ports.ledger, &*ports.requests);
    let look = Look { ledger, requests, tenant, catalog, store, marks: &store_marks, now };
    let cursor = cursor.as_ref().map(|cursor| cursor.as_str());
    let looked = look.page(&*walker, collection, cursor, |_| true).await?;
    let mut asked = 0;
    for (original, met) in &looked.met {
        let reasons = ["sample", store.id.as_str(), original.as_str()];
        let id = id_of(met.entry.erased_at, &reasons);
        if ports.requests.load(tenant, &id).await?.is_some() {
            // Somebody decides about it, or did.
            continue;
        }
        ports.asking().keep(tenant, &id, &met.clues).await?;
        let origin = Origin { request: original.clone(), replay: None };
        let wish = Wish { tenant, id: &id, origin, catalog_version: version, reference: None };
        asked += usize::from(ports.asking().make(&wish).await?);
    }
    let cursor = looked.next.map(Zeroizing::new);
    let count = walked(store).count();
    let collection = (sampling.collection + usize::from(cursor.is_none())) % count.max(1);
    let sealed = cursor.map(|cursor| marks.seal_cursor(tenant, &object, &*ports.entropy, &cursor));
    let next = Sampling { collection, cursor: sealed.transpose()?, at: Some(now) };
    Ok(Some((asked, next)))
}
