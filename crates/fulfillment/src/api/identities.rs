//! The identities that a call names, held to what the tenant's catalog can find.

use std::collections::BTreeSet;
use std::sync::Arc;

use contract::api::GivenIdentity;
use contract::problem::Invalid;
use contract::settings::Settings;
use domain::catalog::{Catalog, Method, Store, Whose};
use domain::{Identity, IdentityType, StoreId, TenantId};
use ports::{Catalogs, Class, Code, Fault, Tenants};

use super::body::{Field, Shape, anything, needed};
use super::{Call, Ports};
use crate::error::StepError;

/// Identities that one request may give at the most.
pub(crate) const MOST: usize = 10;

/// Erasing them would make every search of a store unproven.
const CONTROL: &str = "this is the catalog's control person, who was never anybody: name whom it is about";

/// The fields of an identity.
pub(crate) const IDENTITY: &[Field] = &[
    needed("type", Shape::Text("an identity type of the catalog, such as `email`", anything)),
    needed("value", Shape::Text("a text", anything)),
];

/// What the tenant has configured: its settings, and the catalog that is in force for it.
pub(crate) struct Configured {
    /// The catalog's version.
    pub(crate) version: String,
    /// The catalog.
    pub(crate) catalog: Arc<Catalog>,
}

/// Reads the tenant's configuration.
pub(super) async fn configured(ports: &Ports, call: &Call) -> Result<Configured, StepError> {
    Configured::of(&*ports.tenants, &*ports.catalogs, call.tenant()).await
}

/// A tenant's settings. One whose tokens are good and whose settings are not there was set up by
/// half: that is ours to mend.
pub(crate) async fn settings(tenants: &dyn Tenants, tenant: &TenantId) -> Result<Arc<Settings>, StepError> {
    let settings = tenants.settings(tenant).await?;
    Ok(settings.ok_or_else(|| {
        Fault::new(Class::Permanent, Code::SettingsInvalid, "settings", tenant.as_str(), "no such tenant")
    })?)
}

/// An identity of whatever type, whether the catalog still has it or not; it is at `at` in the body.
pub(crate) fn of_any_type(given: &GivenIdentity, at: &str, errors: &mut Vec<Invalid>) -> Option<Identity> {
    match given.kind.parse::<IdentityType>() {
        Ok(kind) => of_type(kind, given, at, errors),
        Err(error) => {
            errors.push(Invalid::new(format!("{at}/type"), error.to_string()));
            None
        }
    }
}

fn of_type(
    kind: IdentityType,
    given: &GivenIdentity,
    at: &str,
    errors: &mut Vec<Invalid>,
) -> Option<Identity> {
    match Identity::new(kind, &given.value) {
        Ok(identity) => Some(identity),
        Err(error) => {
            errors.push(Invalid::new(format!("{at}/value"), error.to_string()));
            None
        }
    }
}

impl Configured {
    /// What a tenant has configured.
    pub(crate) async fn of(
        tenants: &dyn Tenants,
        catalogs: &dyn Catalogs,
        tenant: &TenantId,
    ) -> Result<Self, StepError> {
        let settings = settings(tenants, tenant).await?;
        let version = settings.catalog_version.clone().unwrap_or_else(|| catalogs.current());
        let catalog = catalogs.get(tenant, &version).await?;
        Ok(Self { version, catalog })
    }

    /// The identity types by which a person can be found.
    fn known(&self) -> BTreeSet<&IdentityType> {
        let fields = self.catalog.collections().flat_map(|(_, collection)| collection.fields.values());
        fields.filter(|f| f.whose == Whose::Subject).filter_map(|f| f.identity.as_ref()).collect()
    }

    /// The catalog.
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// A store of the catalog.
    pub(crate) fn store(&self, id: &StoreId) -> Option<&Store> {
        self.catalog.store(id)
    }

    /// Whether erasing a person destroys their key: some collection is erased so.
    pub(crate) fn shreds(&self) -> bool {
        self.catalog.collections().any(|(_, collection)| collection.erasure.method == Method::Shred)
    }

    /// Those of a token's identities that the catalog can find anything by.
    pub(crate) fn findable(&self, identities: &[Identity]) -> Vec<Identity> {
        let known = self.known();
        let own = identities.iter().filter(|identity| known.contains(&identity.kind));
        own.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether any of them is a control person's.
    pub(crate) fn names_a_control(&self, identities: &[Identity]) -> bool {
        let controls = self.catalog.control_identities();
        identities.iter().any(|identity| controls.contains(&identity.plain()))
    }

    /// Checks a given identity, which is at `at` in the body.
    pub(crate) fn check(
        &self,
        given: &GivenIdentity,
        at: &str,
        errors: &mut Vec<Invalid>,
    ) -> Option<Identity> {
        let known = self.known();
        let kind = given.kind.parse().ok().filter(|kind| known.contains(kind));
        let Some(kind) = kind else {
            let names: Vec<&str> = known.iter().map(|kind| kind.as_str()).collect();
            let detail = format!("this must be one of {}", names.join(", "));
            errors.push(Invalid::new(format!("{at}/type"), detail));
            return None;
        };
        of_type(kind, given, at, errors)
    }

    /// Checks a list of identities, which is at `at` in the body. Each is kept once.
    pub(crate) fn check_all(
        &self,
        given: &[GivenIdentity],
        at: &str,
        errors: &mut Vec<Invalid>,
    ) -> Vec<Identity> {
        if !(1..=MOST).contains(&given.len()) {
            let detail = format!("this must have 1 to {MOST} identities of one person");
            errors.push(Invalid::new(at, detail));
            return Vec::new();
        }
        let mut identities = BTreeSet::new();
        let controls = self.catalog.control_identities();
        for (n, one) in given.iter().enumerate() {
            let identity = self.check(one, &format!("{at}/{n}"), errors);
            if identity.as_ref().is_some_and(|identity| controls.contains(&identity.plain())) {
                errors.push(Invalid::new(format!("{at}/{n}/value"), CONTROL));
            }
            identities.extend(identity);
        }
        identities.into_iter().collect()
    }
}
