//! Whether the table is as the catalog says, looked at once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use ports::stores::Target;
use ports::{Class, Code, Fault};

use super::database::Database;
use crate::place;

const CHECK: &str = "sql:check";

/// Tables that were looked at and are in order.
#[derive(Default)]
pub(super) struct Checked {
    tables: Mutex<HashSet<(String, Vec<String>)>>,
}

impl Checked {
    /// A key that is not unique would page over some records and erase others twice.
    pub(super) async fn check(&self, database: &dyn Database, target: &Target<'_>) -> Result<(), Fault> {
        let table = target.collection.resource.clone();
        let key = target.collection.key.clone();
        let known = (table.clone(), key.clone());
        if self.known().contains(&known) {
            return Ok(());
        }
        let columns = database.columns(&table).await;
        let columns = columns.map_err(|t| t.fault(target, CHECK))?;
        if columns.is_empty() {
            return Err(Fault::new(
                Class::Permanent,
                Code::StoreRefused,
                CHECK,
                place::name(target),
                "there is no such table",
            ));
        }
        let missing = target
            .collection
            .fields
            .keys()
            .find(|field| !columns.iter().any(|column| column.eq_ignore_ascii_case(field)));
        if let Some(field) = missing {
            let what = format!("the table has no column {field}");
            return Err(place::mismatch(target, CHECK, what));
        }
        let unique = database.unique(&table).await;
        let unique = unique.map_err(|t| t.fault(target, CHECK))?;
        let declared = |column: &String| key.iter().any(|field| column.eq_ignore_ascii_case(field));
        if !unique.iter().any(|set| !set.is_empty() && set.iter().all(declared)) {
            let what = "the declared key is not unique: declare the table's primary key";
            return Err(place::mismatch(target, CHECK, what));
        }
        self.known().insert(known);
        Ok(())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<(String, Vec<String>)>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
