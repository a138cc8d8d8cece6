//! Reading located rows again, by their keys: one question for many of them.
//!
//! Which row is whose is left to the database, which answers with the record's number: what it takes
//! for the same key (in other letters, by a column's collation) is the row that erasing would reach.

use std::collections::BTreeMap;

use domain::plan::{Record, RecordKey, Value};
use ports::Fault;
use ports::stores::{Since, Target};

use super::database::{Cell, Database, Path};
use super::dialect::Dialect;
use super::statement::{Statement, Writer, groups};
use crate::place;

const LOOK_AGAIN: &str = "sql:look_again";

/// What became of each record.
pub(super) async fn records(
    database: &dyn Database,
    target: &Target<'_>,
    records: &[Record],
) -> Result<Vec<Since>, Fault> {
    place::page(target, records, LOOK_AGAIN)?;
    let mut held: BTreeMap<(&str, &RecordKey), Option<Value>> = BTreeMap::new();
    for (via, group) in groups(database.dialect(), target, records, 0) {
        let question = question(database.dialect(), target, via, &group)?;
        let rows = database.read(Path::Usual, &question).await;
        for row in rows.map_err(|t| t.fault(target, LOOK_AGAIN))? {
            let asked = match row.as_slice() {
                [Cell::Integer(number), cell] => {
                    let number = usize::try_from(*number).ok();
                    number.and_then(|number| group.get(number)).map(|record| (*record, cell))
                }
                _ => None,
            };
            let Some((record, cell)) = asked else {
                return Err(place::senseless(target, LOOK_AGAIN, "a row that nobody asked for"));
            };
            held.insert((via, &record.key), cell.value(target, via, LOOK_AGAIN)?);
        }
    }
    let since = |record: &Record| match held.get(&(record.via.as_str(), &record.key)) {
        Some(value) => Since::Holds(value.clone()),
        None => Since::Gone,
    };
    Ok(records.iter().map(since).collect())
}

/// Asks for the numbers of the records that are there, each with what its `via` field holds. A record
/// takes as many parameters as [`groups`] counts for it: its key, and one more.
pub(super) fn question(
    dialect: &Dialect,
    target: &Target<'_>,
    via: &str,
    records: &[&Record],
) -> Result<Statement, Fault> {
    let mut with = Writer::new(dialect, target, LOOK_AGAIN);
    with.sql("SELECT asked.column1, kept.").name(via)?.sql(" FROM (VALUES ");
    for (number, record) in records.iter().enumerate() {
        with.sql(if number == 0 { "(" } else { ", (" });
        with.number(i64::try_from(number).unwrap_or(i64::MAX));
        for part in &target.collection.key {
            let text = place::key_part(target, record, part, LOOK_AGAIN)?;
            with.sql(", ").value(part, text)?;
        }
        with.sql(")");
    }
    // SQLite reads the left side of a `CROSS JOIN` first, and so the table by its key.
    with.sql(") AS asked CROSS JOIN ").table()?.sql(" AS kept WHERE ");
    for (at, part) in target.collection.key.iter().enumerate() {
        with.sql(if at == 0 { "kept." } else { " AND kept." }).name(part)?;
        with.sql(&format!(" = asked.column{}", at + 2));
    }
    Ok(with.done())
}
