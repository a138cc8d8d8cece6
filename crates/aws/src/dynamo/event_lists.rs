//! The events of the `requests` table by the minute of their commit.
//!
//! The index `by_time` has every event under `EVENTS#<minute>#<0 to 7>`, its keys alone. An event that is
//! re-driven gets another minute, and an attribute `redriven` that counts how often: the stream tells of
//! that as it tells of every change, and the filter of `write-audit` lets those through.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use ports::{EventKey, EventLists, Fault, Minute};

use super::condition::Condition;
use super::fault;
use super::items::{self, Item, NewItem, n, s, text};
use super::keys::{self, Key};
use super::table::{Range, Search, Table};

/// The attribute that counts how often an event was re-driven.
pub(crate) const REDRIVEN: &str = "redriven";
/// The attribute that says up to where was looked.
const SWEPT_TO: &str = "swept_to";

/// The lists in the `requests` table.
pub struct EventListsTable {
    table: Table,
}

impl EventListsTable {
    /// The table by name.
    pub fn new(client: Client, requests: impl Into<String>) -> Self {
        Self { table: Table::new(client, requests) }
    }

    fn key(&self, item: &Item) -> Result<EventKey, Fault> {
        let key = Key::of(item).ok_or_else(|| items::unreadable(&self.table.name))?;
        Ok(EventKey { pk: key.pk, sk: key.sk })
    }
}

#[async_trait]
impl EventLists for EventListsTable {
    async fn listed(
        &self,
        minute: Minute,
        list: u32,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Vec<EventKey>, Fault> {
        let range = after.map_or(Range::All, |after| Range::After(keys::in_list(&after.pk, &after.sk)));
        let search = Search::new(keys::by_time(minute, list), range).index("by_time", "gsi4pk", "gsi4sk");
        let found = self.table.search(&search, Some(limit)).await?;
        found.iter().map(|item| self.key(item)).collect()
    }

    /// That it is still where it was found is the condition: of two who found it one moves it, and a
    /// repetition after a lost answer finds it moved.
    async fn redrive(&self, key: &EventKey, from: Minute, to: Minute) -> Result<Option<u32>, Fault> {
        let list = keys::list_of(&key.pk);
        let found = Condition::new("#list = :from")
            .name("#list", "gsi4pk")
            .name("#redriven", REDRIVEN)
            .value(":from", s(keys::by_time(from, list)))
            .value(":to", s(keys::by_time(to, list)))
            .value(":one", n(&1));
        let at = Key { pk: key.pk.clone(), sk: key.sk.clone() };
        let call = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(at.attributes()))
            .update_expression("SET #list = :to ADD #redriven :one")
            .condition_expression(found.expression.as_ref())
            .set_expression_attribute_names(found.names())
            .set_expression_attribute_values(found.values())
            .return_values(ReturnValue::UpdatedNew);
        let item = match call.send().await {
            Ok(updated) => updated.attributes.unwrap_or_default(),
            Err(error) => {
                let elsewhere = error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception);
                if elsewhere {
                    return Ok(None);
                }
                return Err(fault::dynamodb("dynamodb:UpdateItem", &self.table.name, &error));
            }
        };
        let times = item.get(REDRIVEN).and_then(|times| times.as_n().ok()).and_then(|n| n.parse().ok());
        let times: u32 = times.ok_or_else(|| items::unreadable(&self.table.name))?;
        // The only place that names which: whoever is paged looks for this line.
        tracing::warn!(pk = key.pk, sk = key.sk, times, "an event was not chained and is re-driven");
        Ok(Some(times))
    }

    async fn swept_to(&self) -> Result<Option<Minute>, Fault> {
        let Some(item) = self.table.get(&keys::swept_to()).await? else {
            return Ok(None);
        };
        let minute = text(&item, SWEPT_TO).and_then(|minute| minute.parse().ok());
        minute.map(Some).ok_or_else(|| items::unreadable(&self.table.name))
    }

    async fn keep_swept_to(&self, minute: Minute) -> Result<(), Fault> {
        // Minutes sort as texts.
        let minute = s(minute.to_string());
        let earlier = Condition::new("attribute_not_exists(pk) OR #swept_to < :swept_to")
            .name("#swept_to", SWEPT_TO)
            .value(":swept_to", minute.clone());
        let item = NewItem::new(&keys::swept_to()).with(SWEPT_TO, minute).build();
        self.table.put_if(item, &earlier).await.map(drop)
    }
}
