//! Counting rows again, on connections that cannot write.

use domain::plan::Record;
use ports::Fault;
use ports::stores::{Remaining, Search, Target, Treatment};

use super::database::{Cell, Database, Path};
use super::statement::{Statement, Writer, groups};
use crate::{place, values};

const CONFIRM: &str = "sql:confirm";

/// Counts what any of the values still finds: one question, whatever it finds.
pub(super) async fn search(
    database: &dyn Database,
    target: &Target<'_>,
    search: &Search<'_>,
) -> Result<Remaining, Fault> {
    let field = place::field(target, search.field, CONFIRM)?;
    let values = values::distinct(field.kind, search.values);
    let mut records = 0;
    if !values.is_empty() {
        let mut with = Writer::new(database.dialect(), target, CONFIRM);
        with.sql("SELECT COUNT(*) FROM ").table()?.sql(" WHERE ");
        for (at, value) in values.iter().enumerate() {
            with.sql(if at == 0 { "" } else { " OR " }).name(search.field)?;
            with.sql(" = ").value(search.field, value)?;
            // An address in other letters is the person's as well.
            if field.is_address() {
                with.sql(" OR lower(").name(search.field)?.sql(") = lower(");
                with.value(search.field, value)?.sql(")");
            }
        }
        records = count(database, target, with.done()).await?;
    }
    Ok(Remaining { records, next: None })
}

/// Counts the records that are not as the treatment wants them and still name the person.
pub(super) async fn records(
    database: &dyn Database,
    target: &Target<'_>,
    records: &[Record],
    treatment: &Treatment,
) -> Result<u64, Fault> {
    let others = match treatment {
        Treatment::Delete => 0,
        Treatment::Anonymise(fields) => fields.len(),
    };
    let mut still = 0;
    for (via, group) in groups(database.dialect(), target, records, others) {
        let mut with = Writer::new(database.dialect(), target, CONFIRM);
        with.sql("SELECT COUNT(*) FROM ").table()?.sql(" WHERE ");
        with.these(&group, Some(via))?;
        if let Treatment::Anonymise(fields) = treatment {
            with.sql(" AND NOT ").holds(fields)?;
        }
        still += count(database, target, with.done()).await?;
    }
    Ok(still)
}

async fn count(database: &dyn Database, target: &Target<'_>, question: Statement) -> Result<u64, Fault> {
    let rows = database.read(Path::Apart, &question).await;
    let rows = rows.map_err(|t| t.fault(target, CONFIRM))?;
    match rows.first().and_then(|row| row.first()) {
        Some(Cell::Integer(count)) => Ok(u64::try_from(*count).unwrap_or(0)),
        _ => Err(place::senseless(target, CONFIRM, "a count that is none")),
    }
}
