//! Keeping a control person's row: one transaction, in which a row of the same key that is somebody's stays
//! as it is.

use std::collections::BTreeMap;

use domain::plan::Value;
use ports::Fault;
use ports::stores::Target;

use super::database::Database;
use super::statement::{Statement, Writer};
use crate::planting;

const PLANT: &str = "sql:plant";

/// Makes the row be there, and be seen.
///
/// It is changed where it is the control's own, then added where there is none, and then looked at. Which
/// columns together are unique is the database's affair: adding goes round any row that has the same in them,
/// and if that is not the control's, the look says so.
pub(super) async fn record(
    database: &dyn Database,
    target: &Target<'_>,
    record: &BTreeMap<String, Value>,
    mark: &str,
) -> Result<(), Fault> {
    let fields = planting::fields(target, record, mark, PLANT)?;
    let row = Control { database, target, fields, mark };
    let changes: Vec<Statement> = row.change()?.into_iter().chain([row.add()?]).collect();
    let there = database.settle(&changes, &[row.look()?]).await;
    let there = there.map_err(|t| t.fault(target, PLANT))?;
    if there.iter().sum::<u64>() == 1 { Ok(()) } else { Err(planting::taken(target, PLANT)) }
}

struct Control<'a> {
    database: &'a dyn Database,
    target: &'a Target<'a>,
    fields: BTreeMap<&'a str, &'a Value>,
    mark: &'a str,
}

impl<'a> Control<'a> {
    fn statement(&self) -> Writer<'a> {
        Writer::new(self.database.dialect(), self.target, PLANT)
    }

    /// Everything but its key; `None` if it has nothing else.
    fn change(&self) -> Result<Option<Statement>, Fault> {
        let key = &self.target.collection.key;
        let mut with = self.statement();
        with.sql("UPDATE ").table()?.sql(" SET ");
        let mut some = false;
        for (field, value) in self.fields.iter().filter(|(field, _)| !key.iter().any(|part| part == *field)) {
            with.sql(if some { ", " } else { "" }).name(field)?.sql(" = ").value(field, value.expose())?;
            some = true;
        }
        if let Some(flag) = &self.target.collection.suppress {
            with.sql(if some { ", " } else { "" }).name(flag)?.sql(" = ").number(0);
            some = true;
        }
        self.is_own(&mut with)?;
        Ok(some.then(|| with.done()))
    }

    fn add(&self) -> Result<Statement, Fault> {
        let flag = self.target.collection.suppress.as_deref();
        let mut with = self.statement();
        with.sql("INSERT INTO ").table()?.sql(" (");
        with.names(self.fields.keys().copied().chain(flag))?.sql(") VALUES (");
        for (at, (field, value)) in self.fields.iter().enumerate() {
            with.sql(if at == 0 { "" } else { ", " }).value(field, value.expose())?;
        }
        if flag.is_some() {
            with.sql(", ").number(0);
        }
        with.sql(") ON CONFLICT DO NOTHING");
        Ok(with.done())
    }

    fn look(&self) -> Result<Statement, Fault> {
        let mut with = self.statement();
        with.sql("SELECT COUNT(*) FROM ").table()?;
        self.is_own(&mut with)?;
        Ok(with.done())
    }

    /// The row with its key, while it has its mark.
    fn is_own(&self, with: &mut Writer<'_>) -> Result<(), Fault> {
        let key = self.target.collection.key.iter().map(String::as_str);
        for (at, field) in key.chain([self.mark]).enumerate() {
            let value = self.fields.get(field).map_or("", |value| value.expose());
            with.sql(if at == 0 { " WHERE " } else { " AND " })
                .name(field)?
                .sql(" = ")
                .value(field, value)?;
        }
        Ok(())
    }
}
