//! What idempotency keys answer.

use domain::{Pseudonym, TenantId};
use jiff::Timestamp;
use ports::control::Remembered;
use ports::{Fault, Refused};
use serde::{Deserialize, Serialize};

use super::RequestsTable;
use crate::dynamo::condition::Condition;
use crate::dynamo::items::{Item, NewItem, n, s};
use crate::dynamo::keys;
use crate::dynamo::transaction::{Cancelled, Transaction};

/// The document of an answer.
#[derive(Serialize, Deserialize)]
struct Answer {
    key: Pseudonym,
    body: Pseudonym,
    status: u16,
    text: String,
    expires_at: Timestamp,
}

impl From<&Remembered> for Answer {
    fn from(remembered: &Remembered) -> Self {
        Self {
            key: remembered.key.clone(),
            body: remembered.body.clone(),
            status: remembered.status,
            text: remembered.answer.clone(),
            expires_at: remembered.expires_at,
        }
    }
}

impl From<Answer> for Remembered {
    fn from(answer: Answer) -> Self {
        Self {
            key: answer.key,
            body: answer.body,
            status: answer.status,
            answer: answer.text,
            expires_at: answer.expires_at,
        }
    }
}

/// The item: `expires_at` is for the table's time-to-live, which knows whole seconds and comes up
/// to days late; `until` is what conditions compare with.
pub(super) fn item(tenant: &TenantId, answer: &Remembered) -> Result<Item, Fault> {
    let seconds = answer.expires_at.as_second().saturating_add(1);
    Ok(NewItem::new(&keys::idempotency(tenant, &answer.key))
        .doc(&Answer::from(answer))?
        .with("expires_at", n(&seconds))
        .with("until", s(keys::instant(answer.expires_at)))
        .build())
}

/// The key is unused, or what it answered is forgotten.
pub(super) fn forgotten(now: Timestamp) -> Condition {
    Condition::new("attribute_not_exists(pk) OR #until <= :now")
        .name("#until", "until")
        .value(":now", s(keys::instant(now)))
}

impl RequestsTable {
    pub(super) async fn get_answer(
        &self,
        tenant: &TenantId,
        key: &Pseudonym,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Fault> {
        let item = self.table.get(&keys::idempotency(tenant, key)).await?;
        let answer: Option<Answer> = item.map(|item| self.decode(&item)).transpose()?;
        Ok(answer.filter(|a| a.expires_at > now).map(Remembered::from))
    }

    pub(super) async fn put_answer(&self, tenant: &TenantId, answer: &Remembered) -> Result<(), Refused> {
        let now = self.clock.now();
        let mut transaction = Transaction::new();
        let key = keys::idempotency(tenant, &answer.key);
        let condition = Some(forgotten(now));
        transaction.put((), &self.table.name, key, item(tenant, answer)?, condition);
        let sent = transaction.send(&self.table.client, &self.table.name);
        match sent.await {
            Ok(()) => Ok(()),
            Err(Cancelled::Fault(fault)) => Err(fault.into()),
            // The very same answer: ours, whose confirmation was lost.
            Err(Cancelled::Refused(_)) => match self.get_answer(tenant, &answer.key, now).await? {
                Some(stored) if &stored == answer => Ok(()),
                Some(_) => Err(Refused::Remembered),
                None => Err(Refused::Conflict),
            },
        }
    }
}
