//! What a request's stores are read again by after its end: all that its last pass searched for, and no record.
//!
//! It has the form of a plan with one pass, so that it is read as a confirmation is. The pages that a search takes its
//! values from are written anew with these values alone: what else was staged goes when the request is closed.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::{Catalog, Field, FieldRef, Method};
use domain::ledger::KnownKey;
use domain::plan::{Lookup, Page, PageRef, Pass, Plan, Record, Round, Source, Value};
use domain::request::{PlanRef, Request};
use domain::{Personal, StoreId};
use ports::{Budget, Code};

use crate::error::StepError;
use crate::papers::{Desk, MOST_SEEDS, Papers, recheck_prefix};
use crate::steps::locate_store::values_at;

/// What the paper is sealed as.
const PURPOSE: &str = "recheck";

/// Which of the new pages has what a field of a page has.
type Places<'a> = BTreeMap<(&'a str, &'a str), usize>;

/// A request that is about to end.
pub(super) struct Keeping<'a> {
    /// Where the paper goes.
    pub papers: Papers<'a>,
    /// The papers of the request, which go.
    pub from: &'a Desk<'a>,
    /// The request.
    pub request: &'a Request,
    /// Its plan.
    pub plan: &'a Plan,
    /// The catalog that it was planned with.
    pub catalog: &'a Catalog,
}

impl Keeping<'_> {
    /// Goes on after so many pages, and counts them; where the paper is then and which stores it looks in, or `None` if
    /// the time was up before the end. Doing any of it twice is fine.
    pub async fn keep(
        &self,
        pages: &mut u32,
        budget: &dyn Budget,
    ) -> Result<Option<(PlanRef, Vec<StoreId>)>, StepError> {
        let (tenant, id) = (&self.request.tenant, &self.request.id);
        let desk = self.papers.keep_recheck(tenant, id).await?;
        let earlier = match self.request.recheck.as_ref().and_then(|recheck| recheck.paper.as_ref()) {
            Some(paper) => match read(&desk, paper).await {
                // It may be of an earlier catalog.
                Ok(paper) => Some(readable(paper, self.catalog)),
                // The request ends all the same: what cannot be opened is not looked for any more.
                Err(StepError::Fault(fault)) if fault.code == Code::PlanUnreadable => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        let prefix = self.prefix();
        let wanted = self.wanted();
        for (n, (page, field)) in
            wanted.iter().enumerate().skip(usize::try_from(*pages).unwrap_or(usize::MAX))
        {
            let records = self.from.page(&page.object).await?.records;
            let values: BTreeSet<Value> =
                records.iter().filter_map(|r| r.values.get(field).cloned()).collect();
            let records = values.into_iter().map(|value| minimal(field, value)).collect();
            let page = Page { collection: page.collection.clone(), records, gone: false };
            desk.file_page(&format!("{prefix}{n}"), &page).await?;
            *pages = u32::try_from(n + 1).unwrap_or(u32::MAX);
            if budget.is_spent() && n + 1 < wanted.len() {
                return Ok(None);
            }
        }
        let paper = self.paper(earlier, &prefix, &wanted);
        let object = format!("{prefix}paper-{:032x}", self.papers.entropy.bits());
        let sha256 = desk.put(&object, PURPOSE, &paper).await?;
        Ok(Some((PlanRef { object, sha256 }, paper.stores())))
    }

    /// Where it is: a request that is closed twice keeps both.
    fn prefix(&self) -> String {
        let of = self.request.plan.as_ref().map_or("", |plan| plan.sha256.as_str());
        format!("{}{of}/", recheck_prefix(&self.request.tenant, &self.request.id))
    }

    /// The searches that are kept.
    fn searches<'s>(&'s self, store: &'s StoreId) -> impl Iterator<Item = &'s Lookup> {
        self.plan.searches(store).filter(move |lookup| is_looked_for(self.catalog, store, lookup))
    }

    /// The pages that searches take their values from, each field of each once, in an order that stays.
    fn wanted(&self) -> Vec<(PageRef, String)> {
        let (mut known, mut wanted) = (BTreeSet::new(), Vec::new());
        for store in self.plan.stores() {
            for lookup in self.searches(&store) {
                let Source::Pages { field, pages } = &lookup.source else { continue };
                for page in pages {
                    if known.insert((page.object.clone(), field.clone())) {
                        wanted.push((page.clone(), field.clone()));
                    }
                }
            }
        }
        wanted
    }

    fn paper(&self, earlier: Option<Plan>, prefix: &str, wanted: &[(PageRef, String)]) -> Plan {
        let places = wanted.iter().enumerate();
        let places: Places =
            places.map(|(n, (page, field))| ((page.object.as_str(), field.as_str()), n)).collect();
        let mut lookups: BTreeMap<StoreId, Vec<Lookup>> = BTreeMap::new();
        for store in self.plan.stores() {
            let kept = self.searches(&store).map(|lookup| kept(lookup, prefix, &places));
            let is_new = |lookup: &Lookup| {
                earlier.as_ref().is_none_or(|earlier| earlier.searches(&store).all(|known| known != lookup))
            };
            let kept: Vec<Lookup> = kept.filter(is_new).collect();
            if !kept.is_empty() {
                lookups.insert(store.clone(), kept);
            }
        }
        // What was looked for before, and found again, is looked for again.
        let before = earlier.into_iter().flat_map(|plan| plan.passes).flat_map(|pass| pass.rounds);
        let rounds = before.chain([Round { lookups, pages: BTreeMap::new() }]).collect();
        let pass = Pass { rounds, complete: true, for_erasing: true, generation: self.request.generation };
        Plan {
            identities: self.plan.identities.clone(),
            passes: vec![pass],
            ..Plan::new(self.plan.catalog_version.clone(), Vec::new(), 0)
        }
    }
}

/// A search that takes its values from where they are kept.
fn kept(lookup: &Lookup, prefix: &str, places: &Places) -> Lookup {
    let Source::Pages { field, pages } = &lookup.source else { return lookup.clone() };
    let moved = |page: &PageRef| {
        let place = places.get(&(page.object.as_str(), field.as_str()))?;
        Some(PageRef { object: format!("{prefix}{place}"), ..page.clone() })
    };
    let pages = pages.iter().filter_map(moved).collect();
    Lookup { source: Source::Pages { field: field.clone(), pages }, ..lookup.clone() }
}

/// A record of which one value is known.
fn minimal(field: &str, value: Value) -> Record {
    Record {
        key: BTreeMap::new(),
        via: String::new(),
        via_value: Value::Text(Personal::new("")),
        values: [(field.to_owned(), value)].into(),
    }
}

/// Whether a catalog has what a search looks through, and wants it looked through: what it retains is not searched for.
pub(super) fn is_looked_for(catalog: &Catalog, store: &StoreId, lookup: &Lookup) -> bool {
    let declared = catalog.store(store).and_then(|store| store.collection(&lookup.collection));
    declared.is_some_and(|collection| match (collection.erasure.method, &lookup.source) {
        (Method::Shred, source) => matches!(source, Source::Keys(_)),
        (Method::Retain, _) | (_, Source::Keys(_)) => false,
        _ => collection.ways().any(|way| way.name == lookup.field),
    })
}

/// A field of a catalog, if it has it.
pub(super) fn field_of<'a>(catalog: &'a Catalog, field: &FieldRef) -> Option<&'a Field> {
    catalog.store(&field.store)?.collection(&field.collection)?.fields.get(&field.field)
}

/// What of a paper is still looked for by a catalog that may be later than the paper's.
pub(super) fn readable(paper: Plan, catalog: &Catalog) -> Plan {
    let mut paper = paper;
    for round in paper.passes.iter_mut().flat_map(|pass| &mut pass.rounds) {
        round.lookups.retain(|store, lookups| {
            lookups.retain(|lookup| is_looked_for(catalog, store, lookup));
            !lookups.is_empty()
        });
    }
    paper
}

/// The paper.
pub(super) async fn read(desk: &Desk<'_>, paper: &PlanRef) -> Result<Plan, StepError> {
    desk.get(&paper.object, PURPOSE, Some(&paper.sha256)).await
}

/// The catalogs that a person is erased again by.
pub(super) struct Versions<'a> {
    /// That of the paper, which says what its searches refer to.
    pub before: &'a Catalog,
    /// That by which they are erased.
    pub now: &'a Catalog,
    /// The latter's version.
    pub version: &'a str,
}

/// The plan by which the person is erased again: it begins with all that the paper looks for.
pub(super) async fn plan_again(
    desk: &Desk<'_>,
    paper: &Plan,
    request: &Request,
    catalogs: &Versions<'_>,
    surrogate: u128,
) -> Result<Plan, StepError> {
    let plan = Plan::new(catalogs.version.to_owned(), Vec::new(), surrogate);
    let plan = plan.with_keys(keys(desk, paper, catalogs).await?).after_pass(request.pass);
    // One that erased in a restored store alone does so again: elsewhere the person may have come back.
    let plan = plan.only_in(request.only_in().cloned());
    Ok(Plan { identities: paper.identities.clone(), ..plan })
}

/// The values that the paper looks for in fields that refer to others which are still there: at most [`MOST_SEEDS`]. What
/// is found by more than these is found when the stores are read again after that.
async fn keys(desk: &Desk<'_>, paper: &Plan, catalogs: &Versions<'_>) -> Result<Vec<KnownKey>, StepError> {
    let mut keys = BTreeSet::new();
    for store in paper.stores() {
        for lookup in paper.searches(&store) {
            let (collection, field) = (lookup.collection.clone(), lookup.field.clone());
            let searched = FieldRef { store: store.clone(), collection, field };
            let target = field_of(catalogs.before, &searched).and_then(|field| field.references.clone());
            let is_there = |target: &FieldRef| field_of(catalogs.now, target).is_some();
            let Some(target) = target.filter(is_there) else { continue };
            let mut page = 0;
            while let Some(values) = values_at(desk, lookup, page).await? {
                for value in values {
                    if keys.len() >= MOST_SEEDS {
                        return Ok(keys.into_iter().collect());
                    }
                    keys.insert(KnownKey { field: target.clone(), value });
                }
                page += 1;
            }
        }
    }
    Ok(keys.into_iter().collect())
}
