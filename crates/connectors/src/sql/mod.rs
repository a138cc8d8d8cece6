//! SQL databases.
//!
//! A page of records is one transaction of a few statements over sets of keys, never a statement a
//! row. What a statement says is built in `statement`, in the words of a `dialect`; a database is
//! a `Database` that runs it: SQLite today, and another one is one more file.

mod check;
mod collect;
mod confirm;
pub mod copy;
mod database;
mod dialect;
mod erase;
mod hide;
mod locate;
mod look_again;
mod plant;
mod sqlite;
mod statement;
mod walk;

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::catalog::Store;
use domain::plan::{Record, Value};
use ports::stores::{Collected, Found, Remaining, Search, Settled, Since, Target, Treatment, Walked};
use ports::{Class, Code, Collector, Connector, Fault, Planter, Suppressor, Walker};
use serde::Deserialize;

use crate::{Connected, Outside, refused};
use check::Checked;
use database::Database;
use sqlite::Sqlite;

/// Tables in an SQL database.
pub struct Sql {
    database: Box<dyn Database>,
    checked: Checked,
}

impl Sql {
    /// Over the database at a URL: `sqlite:///absolute/path`. The store's id is for faults. Nothing
    /// is opened before it is needed.
    pub fn at(url: &str, store: &str) -> Result<Self, Fault> {
        let fault = |why| Fault::new(Class::Permanent, Code::StoreRefused, "connect", store, why);
        let database = match url.split_once(':') {
            Some(("sqlite", _)) => Sqlite::at(url).map_err(fault)?,
            _ => return Err(fault("the URL is of no database that this program speaks to")),
        };
        Ok(Self { database: Box::new(database), checked: Checked::default() })
    }
}

/// What a store's secret holds.
#[derive(Deserialize)]
struct Connection {
    url: String,
}

pub(crate) async fn open(outside: &Outside, store: &Store) -> Result<Connected, Fault> {
    let Some(name) = store.connection.as_deref() else {
        return Err(refused(store, "the catalog names no `connection`"));
    };
    let secret = outside.secrets.get(name).await?;
    let connection: Connection = serde_json::from_str(&secret)
        .map_err(|_| refused(store, "the connection's secret is not {\"url\": \"…\"}"))?;
    Ok(Connected::hiding(Sql::at(&connection.url, store.id.as_str())?))
}

#[async_trait]
impl Connector for Sql {
    async fn locate(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        cursor: Option<&str>,
    ) -> Result<Found, Fault> {
        self.checked.check(&*self.database, target).await?;
        locate::page(&*self.database, target, search, cursor).await
    }

    async fn erase(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<Settled, Fault> {
        self.checked.check(&*self.database, target).await?;
        erase::settle(&*self.database, target, records, treatment).await
    }

    async fn look_again(&self, target: &Target<'_>, records: &[Record]) -> Result<Vec<Since>, Fault> {
        self.checked.check(&*self.database, target).await?;
        look_again::records(&*self.database, target, records).await
    }

    async fn confirm_search(
        &self,
        target: &Target<'_>,
        search: &Search<'_>,
        _cursor: Option<&str>,
    ) -> Result<Remaining, Fault> {
        confirm::search(&*self.database, target, search).await
    }

    async fn confirm_records(
        &self,
        target: &Target<'_>,
        records: &[Record],
        treatment: &Treatment,
    ) -> Result<u64, Fault> {
        confirm::records(&*self.database, target, records, treatment).await
    }
}

#[async_trait]
impl Suppressor for Sql {
    async fn set_hidden(&self, target: &Target<'_>, records: &[Record], hidden: bool) -> Result<u64, Fault> {
        self.checked.check(&*self.database, target).await?;
        hide::set(&*self.database, target, records, hidden).await
    }
}

#[async_trait]
impl Collector for Sql {
    async fn collect(&self, target: &Target<'_>, records: &[Record]) -> Result<Collected, Fault> {
        self.checked.check(&*self.database, target).await?;
        collect::records(&*self.database, target, records).await
    }
}

#[async_trait]
impl Walker for Sql {
    async fn walk(&self, target: &Target<'_>, cursor: Option<&str>) -> Result<Walked, Fault> {
        self.checked.check(&*self.database, target).await?;
        walk::page(&*self.database, target, cursor).await
    }
}

#[async_trait]
impl Planter for Sql {
    async fn plant(
        &self,
        target: &Target<'_>,
        record: &BTreeMap<String, Value>,
        mark: &str,
    ) -> Result<(), Fault> {
        self.checked.check(&*self.database, target).await?;
        plant::record(&*self.database, target, record, mark).await
    }
}
