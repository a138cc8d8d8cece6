//! Persons' own keys: sealed under the tenant's `subjects` key, destroyed to erase.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Pseudonym, TenantId};
use ports::{Fault, KeyScope, Keyring};
use vault::{Context, DataKey, Header, Material};

use super::{ATTEMPTS, KeysTable, unusable};
use crate::dynamo::condition::Condition;
use crate::dynamo::items::{Item, NewItem, n, s};
use crate::dynamo::keys;

/// What is stored of a person's key.
pub(super) struct Stored {
    pub version: u32,
    /// `None` once it was destroyed.
    pub sealed: Option<Vec<u8>>,
}

impl Stored {
    /// `None` if the item is damaged.
    pub fn of(item: &Item) -> Option<Self> {
        let sealed = match item.get("sealed") {
            Some(sealed) => Some(sealed.as_b().ok()?.as_ref().to_vec()),
            None if is_left_of_one(item) => None,
            None => return None,
        };
        Some(Self { version: version_of(item)?, sealed })
    }
}

/// Whether an item is what is left of a destroyed key. Anything else may still be opened by somebody.
pub(super) fn is_left_of_one(item: &Item) -> bool {
    item.contains_key("destroyed_at") && !item.contains_key("sealed")
}

fn version_of(item: &Item) -> Option<u32> {
    item.get("version")?.as_n().ok()?.parse().ok()
}

/// The version of the tenant's key that a person's is sealed under; `None` if the header that says so is
/// damaged. Believed, it would look as if that version were lost, and with it all that it sealed.
fn sealed_under(sealed: &[u8]) -> Option<u32> {
    Header::read(sealed).ok().filter(Header::is_whole).map(|header| header.key_version())
}

/// What is left in the place of a damaged key whose version cannot be read: later than any that there was,
/// so that whatever was sealed under it is told as destroyed.
const LATER: u32 = 1 << 31;

/// What a person's key is sealed as.
pub(super) fn context<'a>(tenant: &'a TenantId, subject: &'a Pseudonym) -> Context<'a> {
    Context { tenant: tenant.as_str(), purpose: "subject", object: subject.as_str() }
}

impl KeysTable {
    pub(super) async fn stored(&self, scope: &KeyScope) -> Result<Option<Stored>, Fault> {
        let item = self.table.get(&keys::data_key(scope)).await?;
        let unreadable = || unusable("dynamodb:GetItem", scope, "unreadable-item");
        item.map(|item| Stored::of(&item).ok_or_else(unreadable)).transpose()
    }

    pub(super) async fn person(
        &self,
        scope: &KeyScope,
        tenant: &TenantId,
        subject: &Pseudonym,
    ) -> Result<Option<DataKey>, Fault> {
        match self.stored(scope).await? {
            Some(Stored { version, sealed: Some(sealed) }) => {
                let material = self.unseal(scope, tenant, subject, &sealed).await?;
                Ok(Some(DataKey::new(&material, version)))
            }
            _ => Ok(None),
        }
    }

    /// Opens the material of a person's key, under whichever version it was sealed.
    pub(super) async fn unseal(
        &self,
        scope: &KeyScope,
        tenant: &TenantId,
        subject: &Pseudonym,
        sealed: &[u8],
    ) -> Result<Material, Fault> {
        const OPERATION: &str = "open";
        let damaged = || unusable(OPERATION, scope, "sealed-key-does-not-open");
        let under = sealed_under(sealed).ok_or_else(damaged)?;
        let key = self.version(&KeyScope::Subjects(tenant.clone()), under).await?;
        let key = key.ok_or_else(|| unusable(OPERATION, scope, "no-such-version"))?;
        vault::open_key(&key, &context(tenant, subject), sealed).map_err(|_| damaged())
    }

    pub(super) async fn obtain_person(
        &self,
        scope: &KeyScope,
        tenant: &TenantId,
        subject: &Pseudonym,
    ) -> Result<DataKey, Fault> {
        for _ in 0..ATTEMPTS {
            let (version, before) = match self.stored(scope).await? {
                Some(Stored { version, sealed: Some(sealed) }) => {
                    let material = self.unseal(scope, tenant, subject, &sealed).await?;
                    return Ok(DataKey::new(&material, version));
                }
                // Destroyed: whoever comes back begins with the next one.
                Some(Stored { version, sealed: None }) => (version.saturating_add(1), Some(version)),
                None => (1, None),
            };
            let under = self.obtain(&KeyScope::Subjects(tenant.clone())).await?;
            let material = Material::new(self.entropy.bytes());
            let item = self.person_item(scope, tenant, subject, (&under, &material, version))?;
            let condition = match before {
                None => Condition::absent(),
                Some(before) => Condition::new("#version = :version AND attribute_not_exists(sealed)")
                    .name("#version", "version")
                    .value(":version", n(&before)),
            };
            if self.table.put_if(item, &condition).await? {
                return Ok(DataKey::new(&material, version));
            }
        }
        Err(self.contended())
    }

    /// The item of a person's key, sealed under a version of the tenant's.
    pub(super) fn person_item(
        &self,
        scope: &KeyScope,
        tenant: &TenantId,
        subject: &Pseudonym,
        (under, material, version): (&DataKey, &Material, u32),
    ) -> Result<Item, Fault> {
        let sealed = vault::seal_key(under, &context(tenant, subject), self.entropy.bytes(), material);
        let sealed = sealed.map_err(|_| unusable("seal", scope, "refused"))?;
        let (partition, sort) = keys::by_version(tenant, under.version(), subject);
        Ok(NewItem::new(&keys::data_key(scope))
            .with("version", n(&version))
            .with("sealed", AttributeValue::B(Blob::new(sealed)))
            .with("under", n(&under.version()))
            .with("work_pk", s(partition))
            .with("work_sk", s(sort))
            .build())
    }

    /// Leaves the version behind, and since when it is gone: what was sealed under it is told apart from
    /// what never was. Nothing is opened for it: a damaged key can be destroyed.
    pub(super) async fn destroy_person(&self, scope: &KeyScope) -> Result<(), Fault> {
        for _ in 0..ATTEMPTS {
            let item = self.table.get(&keys::data_key(scope)).await?;
            let Some(item) = item.filter(|item| !is_left_of_one(item)) else {
                return Ok(());
            };
            let left = NewItem::new(&keys::data_key(scope))
                .with("version", n(&version_of(&item).unwrap_or(LATER)))
                .with("destroyed_at", s(self.clock.now().to_string()));
            // Sealed anew meanwhile it is the same key, and goes; one that was made anew has another version.
            let same = match item.get("version") {
                Some(version) => Condition::new("#version = :version").value(":version", version.clone()),
                None => Condition::new("attribute_exists(pk) AND attribute_not_exists(#version)"),
            };
            if self.table.put_if(left.build(), &same.name("#version", "version")).await? {
                return Ok(());
            }
        }
        Err(self.contended())
    }
}
