//! Reading the restored store, page by page.

use domain::catalog::{Catalog, Collection, Store};
use domain::ledger::{Found, Phase, Replay, Standing, walked};
use domain::{Request, RequestId};
use futures::future::try_join_all;
use ports::{Budget, Class, Code, Fault};
use zeroize::Zeroizing;

use super::keeping::{GONE, Keeping};
use super::{AT_ONCE, Next, Ports, failed};
use crate::error::StepError;
use crate::ledger::Marks;
use crate::ledger::asking::id_of;
use crate::ledger::looking::{Look, Looked, Met};
use crate::sanctions::kept_by;

/// Reads the next page, and keeps what it says.
pub(super) async fn walk(
    ports: &Ports,
    replay: &Replay,
    standing: &Standing,
    budget: &dyn Budget,
) -> Result<Next, StepError> {
    let now = ports.clock.now();
    if !replay.may_read(now) {
        return Ok(Next::Rest);
    }
    let mut next = replay.clone();
    let tenant = &replay.tenant;
    let catalog = ports.catalogs.get(tenant, &replay.catalog_version).await?;
    let Some(store) = catalog.store(&replay.store) else {
        return Ok(Next::End(Box::new(failed(replay, "the catalog lacks the store"))));
    };
    let marks = Marks::open(&*ports.keyring, standing).await?;
    let (Some(marks), Some(collection)) = (marks, walked(store).nth(replay.collection)) else {
        // All was read; or nobody of this tenant was ever erased, and whoever is there may be.
        next.enter(Phase::Counting);
        return Ok(Next::Go(Box::new(next)));
    };
    let cursor = replay.cursor.as_ref();
    let cursor = cursor.map(|cursor| marks.open_cursor(tenant, replay.id.as_str(), cursor)).transpose()?;
    let walker = ports.stores.walker(tenant, store).await?;
    let (ledger, requests) = (&*ports.ledger, &*ports.requests);
    let store_marks = marks.store(&store.id)?;
    let look = Look { ledger, requests, tenant, catalog: &catalog, store, marks: &store_marks, now };
    let concerns = |entry: &domain::ledger::Entry| replay.concerns(entry.erased_at);
    let cursor = cursor.as_ref().map(|cursor| cursor.as_str());
    let looked = look.page(&*walker, collection, cursor, concerns).await?;
    let keeping = if replay.dry_run || looked.met.is_empty() {
        None
    } else {
        let Some(keeping) = Keeping::open(ports, replay).await? else {
            return Ok(Next::End(Box::new(failed(replay, GONE))));
        };
        Some(keeping)
    };
    let page = Page { ports, catalog: &catalog, store, collection, keeping };
    if !page.note(&mut next, &looked, budget).await? {
        return Ok(Next::Go(Box::new(next)));
    }
    next.noted = None;
    next.walked += looked.read as u64;
    next.pace(looked.read, now);
    next.control_seen |= looked.control;
    let cursor = looked.next.map(Zeroizing::new);
    if cursor.is_none() {
        let control = store.control.as_ref().filter(|control| control.is_to_be_seen(collection));
        if control.is_some() && !next.control_seen {
            return Err(unproven(store, collection).into());
        }
        (next.collection, next.control_seen) = (next.collection + 1, false);
    }
    let sealed = cursor.map(|c| marks.seal_cursor(tenant, replay.id.as_str(), &*ports.entropy, &c));
    next.cursor = sealed.transpose()?;
    Ok(Next::Go(Box::new(next)))
}

/// Whoever was erased may be in it as well: the control is, and was not read.
fn unproven(store: &Store, collection: &Collection) -> Fault {
    let detail = format!("the control is not in {}", collection.name);
    Fault::new(Class::Permanent, Code::StoreUnproven, "walk", store.id.as_str(), detail)
}

/// Where a page is of.
struct Page<'a> {
    ports: &'a Ports,
    catalog: &'a Catalog,
    store: &'a Store,
    collection: &'a Collection,
    /// Where what is known of people is kept; a dry run keeps nothing.
    keeping: Option<Keeping<'a>>,
}

impl Page<'_> {
    /// Notes whom a page has, some at a time; `false` if the time was up before the last of them: then it is read again,
    /// and goes on behind those that were noted.
    async fn note(&self, next: &mut Replay, looked: &Looked, budget: &dyn Budget) -> Result<bool, StepError> {
        let noted = next.noted.clone();
        let is_left = |original: &RequestId| noted.as_ref().is_none_or(|noted| original > noted);
        let left: Vec<(&RequestId, &Met)> =
            looked.met.iter().filter(|(original, _)| is_left(original)).collect();
        let mut groups = left.chunks(AT_ONCE).peekable();
        while let Some(group) = groups.next() {
            let noting = group.iter().map(|(original, met)| self.note_one(next, original, met));
            let stay = try_join_all(noting).await?;
            for ((original, met), stays) in group.iter().zip(stay) {
                *(if stays { &mut next.left } else { &mut next.found }) += met.records;
                next.noted = Some((*original).clone());
            }
            if groups.peek().is_some() && budget.is_spent() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps what is known of somebody, and that they were found; or `true`: they stay. What officers decided about those
    /// who came back by themselves is about live stores: what a backup has that is older than an erasure is from before it.
    async fn note_one(&self, replay: &Replay, original: &RequestId, met: &Met) -> Result<bool, StepError> {
        let (tenant, ports) = (&replay.tenant, self.ports);
        if self.is_kept(replay, original).await? {
            return Ok(true);
        }
        let request = request_of(replay, replay.walk, original);
        if let Some(keeping) = &self.keeping {
            keeping.add(original, &met.clues).await?;
        }
        let found = Found { walk: replay.walk, original: original.clone(), request };
        ports.ledger.note(tenant, &replay.id, &found).await?;
        Ok(false)
    }

    /// Whether a source wanted such records kept, or denied it, when an earlier walk asked for their erasure.
    async fn is_kept(&self, replay: &Replay, original: &RequestId) -> Result<bool, StepError> {
        let now = self.ports.clock.now();
        for walk in 1..replay.walk {
            let id = request_of(replay, walk, original);
            let request = self.ports.requests.load(&replay.tenant, &id).await?;
            let keeps = |request: &Request| {
                let kept = kept_by(request, self.catalog, self.store, self.collection, now);
                request.denied.is_some() || kept.is_some()
            };
            if request.as_ref().is_some_and(keeps) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The request by which a walk erases somebody again.
fn request_of(replay: &Replay, walk: u32, original: &RequestId) -> RequestId {
    let walk = walk.to_string();
    id_of(replay.begun_at, &["replay", replay.id.as_str(), &walk, original.as_str()])
}
