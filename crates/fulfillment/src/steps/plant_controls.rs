//! `plant-controls`: keep every store's control person there, and see that each search finds them (G4).
//!
//! For each tenant, with the catalog that is in force for it. A record is written anew each time, so that whatever
//! became of it in between is mended; what the store's owner plants is only looked for. It keeps no place of its own:
//! each run begins by chance, each time with another tenant and another store of it, so where a run does not come to all of them the next
//! ones come to the rest. Two at once do no harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::catalog::{Catalog, Control, PlantedBy, Store};
use domain::{StoreId, TenantId};
use ports::stores::Target;
use ports::{Budget, Catalogs, Class, Code, Entropy, Fault, Stores, Tenants};

use crate::api::identities::Configured;
use crate::control::{Locating, look};
use crate::error::StepError;
use crate::everybody::everybody;

/// Pages that one search for a control reads at the most, where no index leads to it.
const MOST_LOOKED: u32 = 20;

/// What the step needs.
pub struct Ports {
    /// The tenants, and their settings.
    pub tenants: Arc<dyn Tenants>,
    /// The catalogs.
    pub catalogs: Arc<dyn Catalogs>,
    /// The stores.
    pub stores: Arc<dyn Stores>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// A store whose control was not found, or could not be planted. Names only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Whose store.
    pub tenant: TenantId,
    /// The store.
    pub store: StoreId,
    /// The search that did not find it, as `collection.field`; or what failed.
    pub why: String,
}

/// What one run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Stores whose control was found by every search.
    pub found: usize,
    /// Those where it was not.
    pub missing: Vec<Missing>,
    /// Those with a search that reads a whole collection, which is more than is read here: their control is planted.
    pub unsure: usize,
    /// Stores that the time was up before, and tenants, whose stores are not counted. The next runs come to them.
    pub unreached: usize,
    /// The first failure.
    error: Option<StepError>,
}

impl Done {
    /// How the run ended: its first failure is its own, after all had their turn.
    pub fn ended(self) -> Result<(), StepError> {
        self.error.map_or(Ok(()), Err)
    }

    fn note(&mut self, error: StepError) {
        self.error.get_or_insert(error);
    }
}

/// Runs the step, until each store had its turn or the time is up. What cannot be done in one store, or for one
/// tenant, does not keep the others from it.
pub async fn run(ports: &Ports, budget: &dyn Budget) -> Done {
    let mut done = Done::default();
    let tenants = match everybody(&*ports.tenants, &*ports.entropy).await {
        Ok(tenants) => tenants,
        Err(fault) => {
            done.note(fault.into());
            return done;
        }
    };
    for (at, tenant) in tenants.iter().enumerate() {
        if let Err(error) = keep_all(ports, tenant, budget, &mut done).await {
            done.note(error);
        }
        if done.unreached > 0 {
            done.unreached += tenants.len() - at - 1;
            break;
        }
    }
    done
}

async fn keep_all(
    ports: &Ports,
    tenant: &TenantId,
    budget: &dyn Budget,
    done: &mut Done,
) -> Result<(), StepError> {
    let configured = Configured::of(&*ports.tenants, &*ports.catalogs, tenant).await?;
    let catalog = configured.catalog();
    let with_control = catalog.stores.iter().filter_map(|store| Some((store, store.control.as_ref()?)));
    let mut with_control: Vec<(&Store, &Control)> = with_control.collect();
    let count = u128::try_from(with_control.len()).unwrap_or(u128::MAX).max(1);
    with_control.rotate_left(usize::try_from(ports.entropy.bits() % count).unwrap_or_default());
    for (at, (store, control)) in with_control.iter().copied().enumerate() {
        if budget.is_spent() {
            done.unreached = with_control.len() - at;
            return Ok(());
        }
        let missing = |why: String| Missing { tenant: tenant.clone(), store: store.id.clone(), why };
        match keep(ports, tenant, catalog, (store, control), budget).await {
            Ok(Looked::Found) => done.found += 1,
            Ok(Looked::Missing(way)) => done.missing.push(missing(way)),
            Ok(Looked::Unsure) => done.unsure += 1,
            Err(fault) => {
                done.missing.push(missing(fault.to_string()));
                done.note(fault.into());
            }
        }
    }
    Ok(())
}

/// What looking for a control came to.
enum Looked {
    /// Every search finds it.
    Found,
    /// This one does not: `collection.field`.
    Missing(String),
    /// One reads too much for it to be told here.
    Unsure,
}

/// Plants a store's control, where that is for Lacuna to do, and looks for it.
async fn keep(
    ports: &Ports,
    tenant: &TenantId,
    catalog: &Catalog,
    (store, control): (&Store, &Control),
    budget: &dyn Budget,
) -> Result<Looked, Fault> {
    if control.planted_by == PlantedBy::Lacuna {
        plant(ports, tenant, catalog, (store, control)).await?;
    }
    let connector = ports.stores.connector(tenant, store).await?;
    for collection in store.collections.iter().filter(|collection| collection.wants_control()) {
        let wanted = catalog.wanted(store, collection);
        let target = Target { store, collection, wanted: &wanted };
        for way in collection.ways() {
            let name = || format!("{}.{}", collection.name, way.name);
            let Some(value) = control.value(&collection.name, way.name) else {
                return Ok(Looked::Missing(name()));
            };
            let patience = Patience { budget, pages: AtomicU32::new(0) };
            match look(&Locating(&*connector), &target, (way.name, &value), &mut None, &patience).await? {
                Some(true) => {}
                Some(false) => return Ok(Looked::Missing(name())),
                None => return Ok(Looked::Unsure),
            }
        }
    }
    Ok(Looked::Found)
}

async fn plant(
    ports: &Ports,
    tenant: &TenantId,
    catalog: &Catalog,
    (store, control): (&Store, &Control),
) -> Result<(), Fault> {
    let Some(planter) = ports.stores.planter(tenant, store).await? else {
        let detail = "Lacuna cannot write there: let its owner plant it";
        return Err(Fault::new(Class::Permanent, Code::StoreRefused, "plant", store.id.as_str(), detail));
    };
    for collection in catalog.planted(store) {
        let Some((record, mark)) = control.record(&collection.name).zip(collection.mark()) else { continue };
        let wanted = catalog.wanted(store, collection);
        planter.plant(&Target { store, collection, wanted: &wanted }, &record, mark).await?;
    }
    Ok(())
}

/// The time of one search: that of the run, and not more than so many pages of it.
struct Patience<'a> {
    budget: &'a dyn Budget,
    pages: AtomicU32,
}

impl Budget for Patience<'_> {
    fn is_spent(&self) -> bool {
        self.pages.fetch_add(1, Ordering::Relaxed) >= MOST_LOOKED || self.budget.is_spent()
    }

    fn is_half_spent(&self) -> bool {
        self.budget.is_half_spent()
    }
}
