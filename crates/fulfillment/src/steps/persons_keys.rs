//! The keys of single persons, where destroying them is how a collection is erased.
//!
//! To a plan such a key is a record: its key is the pseudonym of an identity, and the identity is what it
//! was found by. Nothing in the store is looked at, and no key is opened: one that is damaged is found and
//! destroyed like any other.

use domain::plan::{Record, Value};
use domain::{Identity, Personal, Pseudonym, TenantId};
use ports::{KeyScope, Keyring};

use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// The name of the pseudonym in a record's key.
const SUBJECT: &str = "subject";

/// A tenant's keys of persons.
pub(super) struct PersonsKeys<'a> {
    keyring: &'a dyn Keyring,
    tenant: &'a TenantId,
    names: Pseudonymiser,
}

impl<'a> PersonsKeys<'a> {
    pub(super) async fn of(keyring: &'a dyn Keyring, tenant: &'a TenantId) -> Result<Self, StepError> {
        Ok(Self { keyring, tenant, names: Pseudonymiser::of(keyring, tenant).await? })
    }

    /// The keys that there are for these identities: all that are known of the person, of whatever type
    /// a service sealed for.
    pub(super) async fn find(&self, identities: &[Identity]) -> Result<Vec<Record>, StepError> {
        let mut found = Vec::new();
        for identity in identities {
            let subject = self.names.subject(identity)?;
            let key = [(SUBJECT.to_owned(), Value::Text(Personal::new(subject.as_str())))].into();
            if self.keyring.exists(&self.scope(subject)).await? {
                let via_value = Value::Text(identity.value.clone());
                found.push(Record { key, via: identity.kind.to_string(), via_value, values: [].into() });
            }
        }
        Ok(found)
    }

    /// Destroys the keys of these records; how many there were.
    pub(super) async fn destroy(&self, records: &[Record]) -> Result<u64, StepError> {
        for record in records {
            self.keyring.destroy(&self.scope(subject_of(record)?)).await?;
        }
        Ok(records.len() as u64)
    }

    /// How many of these records' keys are still there.
    pub(super) async fn left(&self, records: &[Record]) -> Result<u64, StepError> {
        let mut left = 0;
        for record in records {
            left += u64::from(self.keyring.exists(&self.scope(subject_of(record)?)).await?);
        }
        Ok(left)
    }

    fn scope(&self, subject: Pseudonym) -> KeyScope {
        KeyScope::Subject(self.tenant.clone(), subject)
    }
}

fn subject_of(record: &Record) -> Result<Pseudonym, StepError> {
    let subject = record.key.get(SUBJECT).and_then(|subject| subject.expose().parse().ok());
    subject.ok_or_else(|| StepError::broken("shred", "a record without a pseudonym"))
}
