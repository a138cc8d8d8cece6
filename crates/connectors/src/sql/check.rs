//! Whether the table is as the catalog says, looked at once.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use domain::catalog::{Collection, Method};
use ports::stores::Target;
use ports::{Class, Code, Fault};

use super::database::{Action, Database, ForeignKey};
use super::dialect::is_plain;
use crate::place;

const CHECK: &str = "sql:check";

/// What was looked at and is in order.
#[derive(Default)]
pub(super) struct Checked {
    looked_at: Mutex<HashSet<Look>>,
}

/// All that the answer depends on: a second collection on the same table, or a newer catalog, is
/// looked at anew.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Look {
    table: String,
    key: Vec<String>,
    fields: Vec<String>,
    method: Method,
    replaced: Vec<String>,
    /// The store's tables whose records are deleted.
    deleted: BTreeSet<String>,
}

impl Look {
    fn at(target: &Target<'_>) -> Self {
        let collection = target.collection;
        let replaced = collection.fields.iter().filter(|(_, field)| field.anonymise.is_some());
        let collections = target.store.collections.iter();
        // A table that another collection keeps is not one whose records may go.
        let kept = |table: &str| {
            let same = |c: &&Collection| c.resource.eq_ignore_ascii_case(table);
            let mut all = target.store.collections.iter().filter(same);
            all.any(|c| c.erasure.method != Method::Delete)
        };
        Self {
            table: collection.resource.clone(),
            key: collection.key.clone(),
            fields: collection.fields.keys().cloned().collect(),
            method: collection.erasure.method,
            replaced: replaced.map(|(name, _)| name.clone()).collect(),
            deleted: collections
                .filter(|c| !kept(&c.resource))
                .map(|c| c.resource.to_ascii_lowercase())
                .collect(),
        }
    }
}

impl Checked {
    /// A key that is not unique would page over some records and erase others twice, and a foreign
    /// key that acts by itself would change what nobody was asked about.
    pub(super) async fn check(&self, database: &dyn Database, target: &Target<'_>) -> Result<(), Fault> {
        let look = Look::at(target);
        if self.looked_at().contains(&look) {
            return Ok(());
        }
        let columns = database.columns(&look.table).await;
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
        let missing =
            look.fields.iter().find(|field| !columns.iter().any(|column| column.eq_ignore_ascii_case(field)));
        if let Some(field) = missing {
            let what = format!("the table has no column {field}");
            return Err(place::mismatch(target, CHECK, what));
        }
        let unique = database.unique(&look.table).await;
        let unique = unique.map_err(|t| t.fault(target, CHECK))?;
        let declared = |column: &String| look.key.iter().any(|field| column.eq_ignore_ascii_case(field));
        if !unique.iter().any(|set| !set.is_empty() && set.iter().all(declared)) {
            let what = "the declared key is not unique: declare the table's primary key";
            return Err(place::mismatch(target, CHECK, what));
        }
        let keys = database.foreign_keys().await;
        let keys = keys.map_err(|t| t.fault(target, CHECK))?;
        if let Some((table, rule)) = reaches(&look, &keys) {
            let table = if is_plain(table) { table } else { "another table" };
            let what = format!(
                "by a foreign key with {rule}, erasing from {} would change {table}, and the catalog does not \
                 say that records of {table} are deleted: {} must catalog it in this store with `delete`, or \
                 change the foreign key",
                look.table, target.store.owner.team
            );
            return Err(place::mismatch(target, CHECK, what));
        }
        self.looked_at().insert(look);
        Ok(())
    }

    fn looked_at(&self) -> std::sync::MutexGuard<'_, HashSet<Look>> {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A table that erasing would change by itself though it may not, and by which rule.
///
/// A deletion goes on from table to table. Rows of the table itself are not excepted: those that refer
/// to a person's row may be somebody else's.
fn reaches<'k>(look: &Look, keys: &'k [ForeignKey]) -> Option<(&'k str, &'static str)> {
    let may = |key: &ForeignKey| {
        let table = key.table.to_ascii_lowercase();
        !table.eq_ignore_ascii_case(&look.table) && look.deleted.contains(&table)
    };
    match look.method {
        Method::Retain | Method::Shred => None,
        Method::Anonymise => {
            let replaced = |column: &str| look.replaced.iter().any(|name| name.eq_ignore_ascii_case(column));
            let mut acting = keys.iter().filter(|key| {
                key.on_update.is_some() && key.to.0.eq_ignore_ascii_case(&look.table) && replaced(&key.to.1)
            });
            let key = acting.find(|key| !may(key))?;
            Some((&key.table, named(key.on_update, "ON UPDATE CASCADE", "ON UPDATE SET NULL or SET DEFAULT")))
        }
        Method::Delete => {
            let mut seen = BTreeSet::from([look.table.to_ascii_lowercase()]);
            let mut tables = vec![look.table.as_str()];
            while let Some(table) = tables.pop() {
                let acting =
                    keys.iter().filter(|k| k.on_delete.is_some() && k.to.0.eq_ignore_ascii_case(table));
                for key in acting {
                    if !may(key) {
                        return Some((
                            &key.table,
                            named(key.on_delete, "ON DELETE CASCADE", "ON DELETE SET NULL or SET DEFAULT"),
                        ));
                    }
                    if key.on_delete == Some(Action::Cascade) && seen.insert(key.table.to_ascii_lowercase()) {
                        tables.push(&key.table);
                    }
                }
            }
            None
        }
    }
}

fn named(action: Option<Action>, cascade: &'static str, set: &'static str) -> &'static str {
    if action == Some(Action::Set) { set } else { cascade }
}
