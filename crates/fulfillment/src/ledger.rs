//! The erasure ledger: marks, and what is written when a request is closed.
//!
//! A mark is an HMAC under a key that is derived for one store from the tenant's ledger key. So what one store's key
//! opens says nothing of another store, and neither can be joined with the pseudonyms of requests or of the audit.

pub(crate) mod asking;
pub(crate) mod looking;
pub(crate) mod standing;

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{Catalog, Method, Store};
use domain::ledger::{Clue, Entry, Standing, clues_of, ways_in};
use domain::plan::{Page, PageRef, Plan, RecordKey, Value};
use domain::request::Ledgered;
use domain::{Operation, Pseudonym, Request, StoreId, Task, TenantId};
use jiff::Timestamp;
use ports::{Budget, KeyScope, Keyring, Ledger, Turn};
use vault::{DataKey, PseudonymKey};

use crate::error::StepError;
use crate::papers::Desk;
use crate::steps::treatment::{Handling, handling};

/// A tenant's ledger key.
pub struct Marks(DataKey);

/// The marks of one store.
pub struct StoreMarks(PseudonymKey);

impl Marks {
    /// The tenant's, made if there is none.
    pub async fn of(keyring: &dyn Keyring, tenant: &TenantId) -> Result<Self, StepError> {
        Ok(Self(keyring.obtain(&KeyScope::Ledger(tenant.clone())).await?))
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

impl StoreMarks {
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
}

impl Closing<'_> {
    /// Goes on from where an earlier call ended, page by page. Each clue of a record that was erased is marked for every
    /// store that may know the person by it: a backup of one store can bring back what another one's records led
    /// to. `false` if the time was up before the end; then `done` says how far it is.
    pub(crate) async fn write(&self, done: &mut Ledgered, budget: &dyn Budget) -> Result<bool, StepError> {
        let pages = self.pages();
        if pages.is_empty() {
            return Ok(true);
        }
        let places = self.places().await?;
        if done.pages == 0 {
            let people = self.plan.people().into_iter().map(Clue::Identity);
            let keys = self.plan.keys.iter().cloned().map(Clue::Key);
            done.marks += self.mark(done.at, &places, &people.chain(keys).collect()).await?;
            for place in &places {
                self.stand(place).await?;
            }
        }
        while let Some((store, page)) = usize::try_from(done.pages).ok().and_then(|at| pages.get(at)) {
            let page = self.desk.page(&page.object).await?;
            done.marks += self.mark(done.at, &places, &self.clues(store, &page)).await?;
            done.pages += 1;
            if budget.is_spent() && (done.pages as usize) < pages.len() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The pages of records that were erased, in an order that is the same each time: by pass, by round, by store. Of
    /// the last pass those that were settled, or begun: some of their records may be gone.
    fn pages(&self) -> Vec<(&StoreId, &PageRef)> {
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
                if touched && self.is_erased(store, &page.collection) {
                    pages.push((store, page));
                }
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

    /// Every store that knows people in any way that leaves a mark.
    async fn places(&self) -> Result<Vec<Place>, StepError> {
        let marks = Marks::of(self.keyring, &self.request.tenant).await?;
        let place = |store: &Store| {
            let ways = ways_in(self.catalog, store);
            Ok(Place { id: store.id.clone(), ways, marks: marks.store(&store.id)? })
        };
        self.catalog
            .stores
            .iter()
            .map(place)
            .filter(|place| !matches!(place, Ok(p) if p.ways.is_empty()))
            .collect()
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
    async fn mark(
        &self,
        erased_at: Timestamp,
        places: &[Place],
        clues: &BTreeSet<Clue>,
    ) -> Result<u64, StepError> {
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
                        erased_at,
                        request: self.request.id.clone(),
                        original: original.clone(),
                    });
                }
            }
        }
        self.ledger.write(&entries).await?;
        Ok(entries.len() as u64)
    }

    /// From now on it is looked whether anybody comes back to the store.
    async fn stand(&self, place: &Place) -> Result<(), StepError> {
        let standing = Standing::new(self.request.tenant.clone(), place.id.clone());
        // One that is there stays as it is.
        let turn = Turn { standing: Some((None, standing)), ..Turn::default() };
        self.ledger.take(&turn).await.map(drop)?;
        Ok(())
    }
}
