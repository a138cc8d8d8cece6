//! Hiding rows: a flag that the product looks at.

use domain::plan::Record;
use ports::Fault;
use ports::stores::Target;

use super::database::Database;
use super::statement::{Writer, groups};
use crate::place;

const HIDE: &str = "sql:hide";

/// Sets the flag to 1 or 0; how many rows are so now.
pub(super) async fn set(
    database: &dyn Database,
    target: &Target<'_>,
    records: &[Record],
    hidden: bool,
) -> Result<u64, Fault> {
    let Some(flag) = target.collection.suppress.as_deref() else {
        let what = "the collection has no suppression flag";
        return Err(place::mismatch(target, HIDE, what));
    };
    if records.is_empty() {
        return Ok(0);
    }
    let dialect = database.dialect();
    let mut changes = Vec::new();
    let mut questions = Vec::new();
    for (via, group) in groups(dialect, target, records, 2) {
        let mut with = Writer::new(dialect, target, HIDE);
        with.sql("UPDATE ").table()?.sql(" SET ").name(flag)?.sql(" = ");
        with.number(i64::from(hidden)).sql(" WHERE ");
        with.these(&group, Some(via))?;
        changes.push(with.done());

        let mut with = Writer::new(dialect, target, HIDE);
        with.sql("SELECT COUNT(*) FROM ").table()?.sql(" WHERE ");
        with.these(&group, Some(via))?.sql(" AND ").name(flag)?.sql(" = ");
        with.number(i64::from(hidden));
        questions.push(with.done());
    }
    let set = database.settle(&changes, &questions).await;
    Ok(set.map_err(|t| t.fault(target, HIDE))?.iter().sum())
}
