//! Pseudonyms: what stands for people, callers and keys in our own state.

use domain::ledger::KnownKey;
use domain::plan::Plan;
use domain::{Identity, Pseudonym, TenantId};
use ports::{KeyScope, Keyring};
use vault::PseudonymKey;

use crate::error::StepError;

/// Makes a tenant's pseudonyms. Those of different purposes cannot be joined.
pub struct Pseudonymiser {
    subject: PseudonymKey,
    actor: PseudonymKey,
    idempotency: PseudonymKey,
    reference: PseudonymKey,
    visitor: PseudonymKey,
}

impl Pseudonymiser {
    /// The tenant's.
    pub async fn of(keyring: &dyn Keyring, tenant: &TenantId) -> Result<Self, StepError> {
        let key = keyring.obtain(&KeyScope::Pseudonyms(tenant.clone())).await?;
        Ok(Self {
            subject: PseudonymKey::new(&key, "subject")?,
            actor: PseudonymKey::new(&key, "actor")?,
            idempotency: PseudonymKey::new(&key, "idempotency")?,
            reference: PseudonymKey::new(&key, "reference")?,
            visitor: PseudonymKey::new(&key, "visitor")?,
        })
    }

    /// Of an identity: what is locked, held and found again by.
    pub fn subject(&self, identity: &Identity) -> Result<Pseudonym, StepError> {
        made(&self.subject, &[identity.kind.as_str(), identity.value.expose()])
    }

    /// Of a person of whom nothing is known but this key.
    fn key(&self, key: &KnownKey) -> Result<Pseudonym, StepError> {
        // An identity's type is not empty.
        made(&self.subject, &["", &String::from(key.field.clone()), key.value.expose()])
    }

    /// Of whoever calls: the `sub` of their token.
    pub fn actor(&self, sub: &str) -> Result<Pseudonym, StepError> {
        made(&self.actor, &[sub])
    }

    /// Of an idempotency key, or of a body.
    pub fn idempotency(&self, parts: &[&str]) -> Result<Pseudonym, StepError> {
        made(&self.idempotency, parts)
    }

    /// Of the address that somebody fetches a package from.
    pub fn visitor(&self, address: &str) -> Result<Pseudonym, StepError> {
        made(&self.visitor, &[address])
    }

    /// Of a backend's verification reference.
    pub fn reference(&self, text: &str) -> Result<Pseudonym, StepError> {
        made(&self.reference, &[text])
    }
}

fn made(key: &PseudonymKey, parts: &[&str]) -> Result<Pseudonym, StepError> {
    key.pseudonym(parts).parse().map_err(|_| StepError::broken("pseudonym", "not hexadecimal"))
}

/// The pseudonyms of every identity that a plan knows, sorted. Of somebody who is known by keys alone it is that of
/// the first key: whoever is erased is locked.
pub fn pseudonyms_of(pseudonymiser: &Pseudonymiser, plan: &Plan) -> Result<Vec<Pseudonym>, StepError> {
    let mut all: Vec<Pseudonym> =
        plan.identities.iter().map(|k| pseudonymiser.subject(&k.identity)).collect::<Result<_, _>>()?;
    if all.is_empty() {
        all.extend(plan.keys.first().map(|key| pseudonymiser.key(key)).transpose()?);
    }
    all.sort();
    all.dedup();
    Ok(all)
}
