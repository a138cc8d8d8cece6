//! Reading a table from one end to the other, in the order of its key: where one page ended, the next one
//! begins, whoever came and went meanwhile.

use std::collections::BTreeMap;

use domain::plan::{RecordKey, Value};
use ports::Fault;
use ports::stores::{MOST_COLLECTED, PAGE, Seen, Target, Walked};

use super::database::{Database, Row};
use super::statement::{Statement, Writer};
use crate::cursor::Cursor;
use crate::place;

const WALK: &str = "sql:walk";

/// The last record's key, in the order of the key's fields.
type After = Vec<Value>;

/// One page: as many records as it has room for, or fewer if they are large.
pub(super) async fn page(
    database: &dyn Database,
    target: &Target<'_>,
    cursor: Option<&str>,
) -> Result<Walked, Fault> {
    let at = place::name(target);
    let fields = place::walked(target);
    let after = Cursor::<After>::read(cursor, &at)?.after;
    let question = question(database, target, &fields, after.as_deref())?;
    let read = database.some(&question, MOST_COLLECTED).await;
    let (mut rows, all) = read.map_err(|t| t.fault(target, WALK))?;
    let more = !all || rows.len() > PAGE;
    rows.truncate(PAGE);
    let mut records = Vec::with_capacity(rows.len());
    for row in &rows {
        records.push(seen(target, &fields, row)?);
    }
    let last = records.last().filter(|_| more);
    let next = last.map(|last| {
        let parts = target.collection.key.iter();
        parts.filter_map(|part| last.key.get(part).cloned()).collect::<After>()
    });
    if next.is_some() && next == after {
        // Its own key is not after itself, unless it is stored in another form than it is compared in.
        return Err(place::mismatch(target, WALK, "the key is compared in an unexpected way"));
    }
    let next = next.map(|after| Cursor { value: 0, after: Some(after) }.write(&at)).transpose()?;
    for record in &mut records {
        record.values.retain(|field, _| target.wanted.contains(field));
    }
    Ok(Walked { records, next })
}

fn question(
    database: &dyn Database,
    target: &Target<'_>,
    fields: &[String],
    after: Option<&[Value]>,
) -> Result<Statement, Fault> {
    let mut with = Writer::new(database.dialect(), target, WALK);
    with.sql("SELECT ").names(fields.iter().map(String::as_str))?.sql(" FROM ").table()?;
    if let Some(after) = after {
        with.sql(" WHERE ").beyond(after)?;
    }
    with.sql(" ORDER BY ").names(target.collection.key.iter().map(String::as_str))?.sql(" LIMIT ");
    // One more than there is room for tells whether there is more.
    with.number(i64::try_from(PAGE + 1).unwrap_or(i64::MAX));
    Ok(with.done())
}

/// A row with all of the fields that it has.
fn seen(target: &Target<'_>, fields: &[String], row: &Row) -> Result<Seen, Fault> {
    let mut values = BTreeMap::new();
    for (field, cell) in fields.iter().zip(row) {
        if let Some(value) = cell.value(target, field, WALK)? {
            values.insert(field.clone(), value);
        }
    }
    let mut key = RecordKey::new();
    for part in &target.collection.key {
        let value = values.get(part).cloned().ok_or_else(|| {
            place::mismatch(target, WALK, format!("a row has nothing in the field {part} of its key"))
        })?;
        key.insert(part.clone(), value);
    }
    Ok(Seen { key, values })
}
