//! Evidence packs: an event each, in the `requests` table.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use domain::event::{About, Event};
use ports::{Class, Clock, Code, Fault, Packs};

use super::condition::Condition;
use super::table::Table;
use super::transaction::{Cancelled, Transaction};
use super::{items, keys};

/// The events of packs in the `requests` table.
pub struct PacksTable {
    table: Table,
    clock: Arc<dyn Clock>,
}

impl PacksTable {
    /// The table by name. The clock says in which minute an event is committed.
    pub fn new(client: Client, requests: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { table: Table::new(client, requests), clock }
    }

    fn mistake(&self, detail: &str) -> Fault {
        Fault::new(Class::Permanent, Code::ControlUnavailable, "packs.note", &self.table.name, detail)
    }
}

#[async_trait]
impl Packs for PacksTable {
    async fn note(&self, event: &Event) -> Result<Event, Fault> {
        if !matches!(event.about, About::Pack(_)) || event.n != 1 {
            return Err(self.mistake("not the first event of a pack"));
        }
        let (key, item) = (keys::event(event), items::event(event, self.clock.now())?);
        let mut transaction = Transaction::new();
        transaction.put((), &self.table.name, key.clone(), item, Some(Condition::absent()));
        match transaction.send(&self.table.client, &self.table.name).await {
            Ok(()) => Ok(event.clone()),
            Err(Cancelled::Fault(fault)) => Err(fault),
            Err(Cancelled::Refused(_)) => {
                let there = self.table.get(&key).await?;
                let there = there.ok_or_else(|| self.mistake("refused, and not there"))?;
                items::decode(&self.table.name, &there)
            }
        }
    }
}
