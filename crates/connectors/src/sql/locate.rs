//! Finding a person's rows: page by page in the order of the key, so that no row is passed over when
//! others come and go.
//!
//! Values are compared as the column compares them, one by one, so that the field's index finds them.
//! E-mail addresses are one person's in capital letters too, so they are compared in small letters as
//! well, and all at once: an index on `lower(field)` finds them; where the owner made none, one page
//! reads the table once, whoever is in it (0.2 s for a million rows of 250 bytes). SQLite's `lower()`
//! knows the letters A to Z alone; a database with another one finds more.

use std::collections::BTreeMap;

use domain::catalog::FieldKind;
use domain::plan::{Record, Value};
use ports::Fault;
use ports::stores::{Found, PAGE, Search, Target};

use super::database::{Database, Path, Row, is_meant};
use super::statement::{Statement, Writer};
use crate::cursor::Cursor;
use crate::place;
use crate::values::distinct;

const LOCATE: &str = "sql:locate";

/// The last record's key, in the order of the key's fields.
type After = Vec<Value>;

/// One page.
pub(super) async fn page(
    database: &dyn Database,
    target: &Target<'_>,
    search: &Search<'_>,
    cursor: Option<&str>,
) -> Result<Found, Fault> {
    let at = place::name(target);
    let field = place::field(target, search.field, LOCATE)?;
    let kind = field.kind;
    let values = distinct(kind, search.values);
    let at_once = if field.is_address() { values.len() } else { 1 };
    let chunks: Vec<&[&str]> = values.chunks(at_once.max(1)).collect();
    let brought = place::brought(target, search.field);
    let mut from = Cursor::<After>::read(cursor, &at)?;
    let mut records = Vec::new();
    while let Some(chunk) = chunks.get(from.value) {
        let room = PAGE - records.len();
        if room == 0 {
            return Ok(Found { records, next: Some(from.write(&at)?) });
        }
        let compared = match chunk {
            [value] if !field.is_address() => {
                let earlier = values.get(..from.value).unwrap_or_default();
                Compared::AsTheColumnDoes { value, not: alike(kind, value, earlier) }
            }
            _ => Compared::InAnyCase(chunk),
        };
        let asked = Asked { field: search.field, compared, room };
        let question = question(database, target, &brought, &asked, from.after.as_deref())?;
        let rows = database.read(Path::Usual, &question).await;
        let mut rows = rows.map_err(|t| t.fault(target, LOCATE))?;
        let more = rows.len() > room;
        rows.truncate(room);
        let mut last = None;
        for row in &rows {
            let record = record(target, search.field, &brought, row)?;
            last = Some(record.key.clone());
            if chunk.iter().any(|value| is_meant(kind, record.via_value.expose(), value)) {
                records.push(record);
            } else {
                let what = format!("the field {} is compared in an unexpected way", search.field);
                return Err(place::mismatch(target, LOCATE, what));
            }
        }
        from = match last {
            Some(key) if more => {
                let parts = target.collection.key.iter();
                let after = parts.filter_map(|part| key.get(part).cloned()).collect();
                Cursor { value: from.value, after: Some(after) }
            }
            _ => Cursor::at(from.value + 1),
        };
    }
    Ok(Found { records, next: None })
}

/// The earlier values that a collation may take for this one: what they found is not found again.
fn alike<'v>(kind: FieldKind, value: &str, earlier: &[&'v str]) -> Vec<&'v str> {
    if kind == FieldKind::Number {
        return Vec::new();
    }
    let lower = value.to_lowercase();
    let earlier = earlier.iter().copied();
    earlier.filter(|other| other.to_lowercase() == lower).collect()
}

struct Asked<'a> {
    field: &'a str,
    compared: Compared<'a>,
    room: usize,
}

/// How a field is compared.
enum Compared<'a> {
    /// With one value, and not with those that may have found the same.
    AsTheColumnDoes { value: &'a str, not: Vec<&'a str> },
    /// With all of these, as the column does and in small letters.
    InAnyCase(&'a [&'a str]),
}

fn question(
    database: &dyn Database,
    target: &Target<'_>,
    brought: &[String],
    asked: &Asked<'_>,
    after: Option<&[Value]>,
) -> Result<Statement, Fault> {
    let key = || target.collection.key.iter().map(String::as_str);
    let mut with = Writer::new(database.dialect(), target, LOCATE);
    with.sql("SELECT ").names(brought.iter().map(String::as_str))?;
    with.sql(" FROM ").table()?.sql(" WHERE ");
    match &asked.compared {
        Compared::AsTheColumnDoes { value, not } => {
            with.name(asked.field)?.sql(" = ").value(asked.field, value)?;
            for other in not {
                with.sql(" AND ").name(asked.field)?.sql(" <> ").value(asked.field, other)?;
            }
        }
        Compared::InAnyCase(values) => {
            with.sql("(").name(asked.field)?.sql(" IN (");
            for (at, value) in values.iter().enumerate() {
                with.sql(if at == 0 { "" } else { ", " }).value(asked.field, value)?;
            }
            with.sql(") OR lower(").name(asked.field)?.sql(") IN (");
            for (at, value) in values.iter().enumerate() {
                with.sql(if at == 0 { "lower(" } else { ", lower(" }).value(asked.field, value)?.sql(")");
            }
            with.sql("))");
        }
    }
    if let Some(after) = after {
        with.sql(" AND ").beyond(after)?;
    }
    with.sql(" ORDER BY ").names(key())?.sql(" LIMIT ");
    // One more than there is room for tells whether there is more.
    with.number(i64::try_from(asked.room + 1).unwrap_or(i64::MAX));
    Ok(with.done())
}

fn record(target: &Target<'_>, via: &str, brought: &[String], row: &Row) -> Result<Record, Fault> {
    let mut values = BTreeMap::new();
    for (field, cell) in brought.iter().zip(row) {
        if let Some(value) = cell.value(target, field, LOCATE)? {
            values.insert(field.clone(), value);
        }
    }
    let need = |name: &str| {
        values
            .get(name)
            .cloned()
            .ok_or_else(|| place::mismatch(target, LOCATE, format!("a row has nothing in the field {name}")))
    };
    let mut key = BTreeMap::new();
    for part in &target.collection.key {
        key.insert(part.clone(), need(part)?);
    }
    let via_value = need(via)?;
    Ok(Record { key, via: via.to_owned(), via_value, values })
}
