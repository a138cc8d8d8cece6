//! Hiding rows: a flag that the product looks at, and that nobody but Lacuna writes.

use domain::plan::Record;
use ports::Fault;
use ports::stores::Target;

use super::database::Database;
use super::statement::{Writer, groups};
use crate::place;

const HIDE: &str = "sql:hide";

/// Sets the flag to 1 or 0; how many rows are so now. Only rows that are still the person's are hidden;
/// shown is whatever was hidden, whoever it belongs to by then. A flag that holds anything else is somebody
/// else's: it is left as it is, and nobody goes on.
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
        let via = hidden.then_some(via);
        let mut with = Writer::new(dialect, target, HIDE);
        with.sql("UPDATE ").table()?.sql(" SET ").name(flag)?.sql(" = ");
        with.number(i64::from(hidden)).sql(" WHERE ");
        with.these(&group, via)?.sql(" AND ");
        is_ours(&mut with, flag)?;
        changes.push(with.done());

        let mut with = Writer::new(dialect, target, HIDE);
        with.sql("SELECT COUNT(*) FROM ").table()?.sql(" WHERE ");
        with.these(&group, via)?.sql(" AND ").name(flag)?.sql(" = ");
        with.number(i64::from(hidden));
        questions.push(with.done());

        let mut with = Writer::new(dialect, target, HIDE);
        with.sql("SELECT COUNT(*) FROM ").table()?.sql(" WHERE ");
        with.these(&group, via)?.sql(" AND NOT ");
        is_ours(&mut with, flag)?;
        questions.push(with.done());
    }
    let counts = database.settle(&changes, &questions).await;
    let counts = counts.map_err(|t| t.fault(target, HIDE))?;
    let (ours, theirs): (Vec<_>, Vec<_>) = counts.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    if theirs.iter().any(|(_, count)| **count > 0) {
        let what = format!("the suppression flag {flag} is neither 0 nor 1, so somebody else writes it");
        return Err(place::mismatch(target, HIDE, what));
    }
    Ok(ours.into_iter().map(|(_, count)| count).sum())
}

/// Whether the flag is as Lacuna leaves it.
fn is_ours(with: &mut Writer<'_>, flag: &str) -> Result<(), Fault> {
    with.sql("(").name(flag)?.sql(" IS NULL OR ").name(flag)?.sql(" IN (0, 1))");
    Ok(())
}
