//! The erasure ledger: marks, and what is written when a request is closed.
//!
//! A mark is an HMAC under a key that is derived for one store from the tenant's ledger key. So what one store's key
//! opens says nothing of another store, and neither can be joined with the pseudonyms of requests or of the audit.

pub(crate) mod asking;
pub(crate) mod deciding;
pub(crate) mod looking;
pub(crate) mod standing;

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{Catalog, Method};
use domain::ledger::{Clue, Entry, Standing, clues_of, ways_in};
use domain::plan::{Page, PageRef, Plan, RecordKey, Value};
use domain::request::Ledgered;
use domain::{Operation, Pseudonym, Request, RequestId, StoreId, Task, TenantId};
use jiff::Timestamp;
use ports::{Budget, Class, Code, Fault, KeyScope, Keyring, Ledger, Requests, Turn};
use vault::{DataKey, PseudonymKey};

use crate::error::StepError;
use crate::papers::Desk;
use crate::steps::treatment::{Handling, handling};

/// A tenant's ledger key.
pub struct Marks(DataKey);

/// The marks of one store.
pub struct StoreMarks(PseudonymKey);

impl Marks {
    /// The tenant's, made if there is none: for whoever writes the first mark.
    async fn make(keyring: &dyn Keyring, tenant: &TenantId) -> Result<Self, StepError> {
        Ok(Self(keyring.obtain(&KeyScope::Ledger(tenant.clone())).await?))
    }

    /// The tenant's, for whoever looks for marks of a store; `None` if nobody was ever erased. A key that is gone, or is not
    /// the one that the store's marks were made with, is an error: with another key nobody is found, and that would look
    /// as if nobody were there.
    pub async fn open(keyring: &dyn Keyring, standing: &Standing) -> Result<Option<Self>, StepError> {
        let key = keyring.open(&KeyScope::Ledger(standing.tenant.clone())).await?.map(Self);
        let (Some(check), store) = (&standing.check, &standing.store) else { return Ok(key) };
        match key {
            Some(key) if key.store(store)?.check()? == *check => Ok(Some(key)),
            Some(_) => Err(lost(store, "another key than that of the marks")),
            None => Err(lost(store, "there is no key")),
        }
    }

    /// Those of one of its stores.
    pub fn store(&self, store: &StoreId) -> Result<StoreMarks, StepError> {
        Ok(StoreMarks(PseudonymKey::new(&self.0, &format!("ledger-store:{store}"))?))
    }

    /// The key that cursors of walks are sealed under.
    pub(crate) fn key(&self) -> &DataKey {
        &self.0
    }
}

fn lost(store: &StoreId, detail: &str) -> StepError {
    Fault::new(Class::Permanent, Code::LedgerKeyLost, "open", store.as_str(), detail).into()
}

impl StoreMarks {
    /// The mark of nobody, by which the key is known again.
    fn check(&self) -> Result<Pseudonym, StepError> {
        // A clue has two parts.
        self.0.pseudonym(&["check"]).parse().map_err(|_| StepError::broken("mark", "not hexadecimal"))
    }

    /// The mark of a clue.
    pub fn mark(&self, clue: &Clue) -> Result<Pseudonym, StepError> {
        let mark = self.0.pseudonym(&[&clue.way(), clue.value()]);
        mark.parse().map_err(|_| StepError::broken("mark", "not hexadecimal"))
    }
}

/// Writing into the ledger what a request has erased.
pub(crate) struct Closing<'a> {
    /// The ledger.
    pub ledger: &'a dyn Ledger,
    /// The requests.
    pub requests: &'a dyn Requests,
    /// The keys.
    pub keyring: &'a dyn Keyring,
    /// The request's papers.
    pub desk: &'a Desk<'a>,
    /// The request.
    pub request: &'a Request,
    /// Its plan.
    pub plan: &'a Plan,
    /// The catalog that it was made with.
    pub catalog: &'a Catalog,
    /// What was done in the stores.
    pub tasks: &'a [Task],
    /// Now.
    pub now: Timestamp,
}

/// A store that marks are written for.
struct Place {
    id: StoreId,
    ways: BTreeMap<String, Method>,
    marks: StoreMarks,
    /// When what is marked was erased there, and by which request.
    erased: (Timestamp, RequestId),
}

/// A page of records that were to be erased.
struct Located<'a> {
    store: &'a StoreId,
    page: &'a PageRef,
    /// Whether they were, or may have been.
    erased: bool,
}

/// How often another writer may be first.
const TRIES: u32 = 8;

impl Closing<'_> {
    /// Goes on from where an earlier call ended, page by page. Each clue of a record that was erased is marked for every
    /// store that may know the person by it: a backup of one store can bring back what another one's records led
    /// to. `false` if the time was up before the end; then `done` says how far it is.
    pub(crate) async fn write(&self, done: &mut Ledgered, budget: &dyn Budget) -> Result<bool, StepError> {
        let pages = self.pages();
        if !pages.iter().any(|one| one.erased) {
            return Ok(true);
        }
        let places = self.places(done.at, &pages).await?;
        if done.pages == 0 {
            let people = self.plan.people().into_iter().map(Clue::Identity);
            let keys = self.plan.keys.iter().cloned().map(Clue::Key);
            done.marks += self.mark(&places, &people.chain(keys).collect()).await?;
            for place in &places {
                self.stand(place).await?;
            }
        }
        while let Some(one) = usize::try_from(done.pages).ok().and_then(|at| pages.get(at)) {
            if one.erased {
                let page = self.desk.page(&one.page.object).await?;
                done.marks += self.mark(&places, &self.clues(one.store, &page)).await?;
            }
            done.pages += 1;
            if one.erased && budget.is_spent() && (done.pages as usize) < pages.len() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Every page that was made for erasing, in an order that is the same each time: by pass, by round, by store. What
    /// was erased of them can look otherwise in a later call, since what is kept is kept for a time; so it is no part
    /// of the order. Of the last pass those were that were settled, or begun: some of their records may be gone.
    fn pages(&self) -> Vec<Located<'_>> {
        let last = self.plan.passes.len().saturating_sub(1);
        let mut pages = Vec::new();
        for (number, pass) in self.plan.passes.iter().enumerate().filter(|(_, pass)| pass.for_erasing) {
            for (store, page) in pass
                .rounds
                .iter()
                .flat_map(|round| &round.pages)
                .flat_map(|(s, p)| p.iter().map(move |p| (s, p)))
            {
                let touched = page.gone || number < last || self.is_touched(store, page);
                let erased = touched && self.is_erased(store, &page.collection);
                pages.push(Located { store, page, erased });
            }
        }
        pages
    }

    /// Whether a page of the last pass was settled, or may be half settled.
    fn is_touched(&self, store: &StoreId, page: &PageRef) -> bool {
        let pass = self.plan.pass_number();
        let task =
            self.tasks.iter().find(|t| t.op == Operation::Erase && &t.store == store && t.pass == pass);
        let Some(task) = task else { return false };
        let order = self.plan.erase_order(store);
        let at = order.iter().position(|(_, one)| one.object == page.object);
        let settled = usize::try_from(task.pages).unwrap_or(usize::MAX);
        at.is_some_and(|at| {
            let begun = at == settled && order.get(at).is_some_and(|(wave, _)| *wave == task.round);
            at < settled || (begun && task.begun)
        })
    }

    /// Whether the records of a collection are erased by this request: what somebody wanted kept is not.
    fn is_erased(&self, store: &StoreId, collection: &str) -> bool {
        let store = self.catalog.store(store);
        store.and_then(|store| Some((store, store.collection(collection)?))).is_some_and(
            |(store, collection)| {
                let handling = handling((self.request, self.plan), self.catalog, store, collection, self.now);
                !matches!(handling, Handling::Keep)
            },
        )
    }

    /// The stores that marks are written for: those that know people in any way that leaves a mark.
    ///
    /// Of a request that was given up only those from which something was erased: in the others the person is kept, and
    /// was never gone. Of one that a replay made, and that erased in a single store, the others have the time and the
    /// name of the first erasure: whoever came back since did so after that one, and is no backup's.
    async fn places(&self, at: Timestamp, pages: &[Located<'_>]) -> Result<Vec<Place>, StepError> {
        let marks = Marks::make(self.keyring, &self.request.tenant).await?;
        let own = (at, self.request.id.clone());
        let first = self.first().await?;
        let mut places = Vec::new();
        for store in &self.catalog.stores {
            let begun = || pages.iter().any(|one| one.erased && one.store == &store.id);
            let ways = ways_in(self.catalog, store);
            if ways.is_empty() || (self.request.is_given_up() && !begun()) {
                continue;
            }
            let elsewhere = self.request.only_in().is_some_and(|only| only != &store.id);
            let Some(erased) = (if elsewhere { first.clone() } else { Some(own.clone()) }) else { continue };
            places.push(Place { id: store.id.clone(), ways, marks: marks.store(&store.id)?, erased });
        }
        Ok(places)
    }

    /// When the person was erased at first, and by which request, if this one only does it again.
    async fn first(&self) -> Result<Option<(Timestamp, RequestId)>, StepError> {
        let Some(origin) = self.request.origin.as_ref().filter(|_| self.request.only_in().is_some()) else {
            return Ok(None);
        };
        let first = self.requests.load(&self.request.tenant, &origin.request).await?;
        let at = first.and_then(|first| first.ledgered.map(|done| done.at).or(first.closed_at));
        Ok(at.map(|at| (at, origin.request.clone())))
    }

    /// Whose the records of a page say that they are, each clue once.
    fn clues(&self, store: &StoreId, page: &Page) -> BTreeSet<Clue> {
        let Some(store) = self.catalog.store(store) else { return BTreeSet::new() };
        let Some(collection) = store.collection(&page.collection) else { return BTreeSet::new() };
        let of = |record: &domain::plan::Record| {
            let mut values: RecordKey = record.values.clone();
            values.extend(record.key.iter().map(|(name, value)| (name.clone(), value.clone())));
            let via: (String, Value) = (record.via.clone(), record.via_value.clone());
            values.extend([via]);
            clues_of(self.catalog, store, collection, &values)
        };
        page.records.iter().flat_map(of).collect()
    }

    /// Writes the marks of clues; how many.
    async fn mark(&self, places: &[Place], clues: &BTreeSet<Clue>) -> Result<u64, StepError> {
        let origin = self.request.origin.as_ref().map(|origin| &origin.request);
        let original = origin.unwrap_or(&self.request.id);
        let mut entries = Vec::new();
        for place in places {
            let mut known = BTreeSet::new();
            for clue in clues {
                let Some(method) = place.ways.get(&clue.way()) else { continue };
                let mark = place.marks.mark(clue)?;
                if known.insert(mark.clone()) {
                    entries.push(Entry {
                        tenant: self.request.tenant.clone(),
                        store: place.id.clone(),
                        mark,
                        method: *method,
                        erased_at: place.erased.0,
                        request: place.erased.1.clone(),
                        original: original.clone(),
                    });
                }
            }
        }
        self.ledger.write(&entries).await?;
        Ok(entries.len() as u64)
    }

    /// From now on it is looked whether anybody comes back to the store, with the key of these marks. One whose check is
    /// there keeps it: what was marked with another key is found by that key or not at all.
    async fn stand(&self, place: &Place) -> Result<(), StepError> {
        let (tenant, store) = (&self.request.tenant, &place.id);
        let check = place.marks.check()?;
        for _ in 0..TRIES {
            let read = self.ledger.standing(tenant, store).await?;
            if read.as_ref().is_some_and(|standing| standing.check.is_some()) {
                return Ok(());
            }
            let next = read.clone().unwrap_or_else(|| Standing::new(tenant.clone(), store.clone()));
            let next = Standing { check: Some(check.clone()), ..next };
            let turn = Turn { standing: Some((read, next)), ..Turn::default() };
            if self.ledger.take(&turn).await? {
                return Ok(());
            }
        }
        let detail = "others say things of this store at the same time";
        Err(Fault::new(Class::Throttled, Code::ControlUnavailable, "take", "ledger", detail).into())
    }
}
