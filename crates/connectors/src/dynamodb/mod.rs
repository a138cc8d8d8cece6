//! Amazon DynamoDB.
//!
//! A person's items are queried by the partition key or by a named index; a whole table is read only
//! where the catalog allows it, and then page by page. An index is behind its table, so whatever it
//! says is checked against the table before anything is changed: every write carries the condition
//! that the item still names the person.

mod attribute;
mod collect;
mod confirm;
mod erase;
mod expression;
mod hide;
mod locate;
mod look_again;
mod plant;
mod walk;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use domain::catalog::Store;
use domain::plan::{Record, Value};
use ports::stores::{Collected, Found, Remaining, Search, Settled, Since, Target, Treatment, Walked};
use ports::{Collector, Connector, Fault, Planter, Suppressor, Walker};

use crate::{Connected, Outside, no_connection, place};

/// Writes that are under way at the same time.
const AT_ONCE: usize = 16;

/// Tables in Amazon DynamoDB.
pub struct DynamoDb {
    client: Client,
}

impl DynamoDb {
    /// Over a client.
    pub fn over(client: Client) -> Self {
        Self { client }
    }
}

pub(crate) async fn open(outside: &Outside, store: &Store) -> Result<Connected, Fault> {
    no_connection(store)?;
    let client = Client::new(outside.aws().await);
    Ok(Connected::hiding(DynamoDb::over(client)))
}

/// How a field's items are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route<'a> {
    /// By the table's partition key.
    Key,
    /// By an index.
    Index(&'a str),
    /// By reading the whole table.
    Scan,
}

fn route<'a>(target: &Target<'a>, field: &str, operation: &'static str) -> Result<Route<'a>, Fault> {
    let declared = place::field(target, field, operation)?;
    if target.collection.key.first().is_some_and(|key| key == field) {
        Ok(Route::Key)
    } else if let Some(index) = &declared.index {
        Ok(Route::Index(index))
    } else if target.collection.scan {
        Ok(Route::Scan)
    } else {
        Err(place::mismatch(
            target,
            operation,
            format!("the field {field} has no index, and reading the whole table is not allowed"),
        ))
    }
}

#[async_trait]
impl Connector for DynamoDb {
    async fn locate(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<Found, Fault> {
        match route(target, search.field, "dynamodb:locate")? {
            Route::Scan => locate::by_scan(&self.client, target, search, cursor).await,
            route => locate::by_query(&self.client, target, route, search, cursor).await,
        }
    }

    async fn erase(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<Settled, Fault> {
        erase::settle(&self.client, target, records, treatment).await
    }

    async fn look_again(&self, target: &Target<'_>, records: &[Record]) -> Result<Vec<Since>, Fault> {
        look_again::records(&self.client, target, records).await
    }

    async fn confirm_search(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<Remaining, Fault> {
        let route = route(target, search.field, "dynamodb:confirm")?;
        confirm::search(&self.client, target, route, search, cursor).await
    }

    async fn confirm_records(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<u64, Fault> {
        confirm::records(&self.client, target, records, treatment).await
    }
}

#[async_trait]
impl Suppressor for DynamoDb {
    async fn set_hidden(&self, target: &Target<'_>, records: &[Record], hidden: bool) -> Result<u64, Fault> {
        hide::set(&self.client, target, records, hidden).await
    }
}

#[async_trait]
impl Collector for DynamoDb {
    async fn collect(&self, target: &Target<'_>, records: &[Record]) -> Result<Collected, Fault> {
        collect::records(&self.client, target, records).await
    }
}

#[async_trait]
impl Walker for DynamoDb {
    async fn walk(&self, target: &Target<'_>, cursor: Option<&str>) -> Result<Walked, Fault> {
        walk::page(&self.client, target, cursor).await
    }
}

#[async_trait]
impl Planter for DynamoDb {
    async fn plant(
        &self,
        target: &Target<'_>,
        record: &BTreeMap<String, Value>,
        mark: &str,
    ) -> Result<(), Fault> {
        plant::record(&self.client, target, record, mark).await
    }
}
