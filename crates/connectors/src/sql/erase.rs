//! Erasing rows: one transaction a page.

use domain::plan::Record;
use ports::Fault;
use ports::stores::{Settled, Target, Treatment};

use super::database::Database;
use super::statement::{Writer, groups};

const ERASE: &str = "sql:erase";

/// Brings records into the state that the treatment wants.
///
/// What is still there afterwards under the same keys, and is not as it is to be, names somebody else
/// by now. A record that is gone was settled, by this call or an earlier one; so was one whose key
/// itself is replaced, since it is found under its old key no more.
pub(super) async fn settle(
    database: &dyn Database,
    target: &Target<'_>,
    records: &[Record],
    treatment: &Treatment,
) -> Result<Settled, Fault> {
    let fields = match treatment {
        Treatment::Delete => None,
        Treatment::Anonymise(fields) => Some(fields),
    };
    let all = u64::try_from(records.len()).unwrap_or(u64::MAX);
    if all == 0 || fields.is_some_and(std::collections::BTreeMap::is_empty) {
        return Ok(Settled { done: all, foreign: 0 });
    }
    let dialect = database.dialect();
    let others = 2 * fields.map_or(0, std::collections::BTreeMap::len);
    let mut changes = Vec::new();
    let mut questions = Vec::new();
    for (via, group) in groups(dialect, target, records, others) {
        let mut with = Writer::new(dialect, target, ERASE);
        match fields {
            None => with.sql("DELETE FROM ").table()?,
            Some(fields) => with.sql("UPDATE ").table()?.set(fields)?,
        };
        with.sql(" WHERE ").these(&group, Some(via))?;
        changes.push(with.done());

        let mut with = Writer::new(dialect, target, ERASE);
        with.sql("SELECT COUNT(*) FROM ").table()?.sql(" WHERE ");
        with.these(&group, None)?;
        if let Some(fields) = fields {
            with.sql(" AND NOT ").holds(fields)?;
        }
        questions.push(with.done());
    }
    let foreign = database.settle(&changes, &questions).await;
    let foreign: u64 = foreign.map_err(|t| t.fault(target, ERASE))?.iter().sum();
    Ok(Settled { done: all.saturating_sub(foreign), foreign })
}
