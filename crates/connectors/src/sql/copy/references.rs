//! Which rows refer to nothing.

use sqlx::sqlite::SqliteConnection;

use super::schema::{Read, get, quoted, rows};
use super::{CopyError, Reference, Table};

/// How many references of each foreign key lead nowhere, by its place in the table's references.
pub(super) async fn dangling(connection: &mut SqliteConnection, table: &Table) -> Read<Vec<u64>> {
    let mut counts = vec![0; table.references.len()];
    if counts.is_empty() {
        return Ok(counts);
    }
    let question = "SELECT fkid, count(*) FROM pragma_foreign_key_check(?1) GROUP BY fkid";
    match rows(connection, question, Some(&table.name)).await {
        Ok(found) => {
            for row in &found {
                let at = usize::try_from(get::<i64>(row, 0)?).unwrap_or(usize::MAX);
                if let Some(count) = counts.get_mut(at) {
                    *count = u64::try_from(get::<i64>(row, 1)?).unwrap_or(0);
                }
            }
        }
        // One that leads to what is no key is checked by nobody, and neither is any other one of the table: each is compared here.
        Err(error) if is_mismatch(&error) => {
            for (at, count) in counts.iter_mut().enumerate() {
                *count = missing(connection, table, at).await?;
            }
        }
        Err(error) => return Err(CopyError::unread(&error)),
    }
    Ok(counts)
}

/// `SQLITE_ERROR`, which is what SQLite says of such a foreign key.
fn is_mismatch(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|answer| answer.code().map(|code| code == "1")).unwrap_or(false)
}

/// How many rows refer to nothing: compared as a foreign key is, by the collation and the affinity of what it leads to (the `+` leaves it
/// to that), and in one pass over either table.
async fn missing(connection: &mut SqliteConnection, table: &Table, at: usize) -> Read<u64> {
    let Some(Reference { table: other, columns }) = table.references.get(at) else { return Ok(0) };
    let Some((_, first)) = columns.first() else { return Ok(0) };
    let all = |of: &dyn Fn(&str, &str) -> String, between: &str| {
        let all: Vec<_> = columns.iter().map(|(from, to)| of(&quoted(from), &quoted(to))).collect();
        all.join(between)
    };
    let question = format!(
        "SELECT count(*) FROM {} AS c LEFT JOIN (SELECT DISTINCT {} FROM {}) AS p ON {} WHERE {} AND p.{} IS NULL",
        quoted(&table.name),
        all(&|_, to| to.to_owned(), ", "),
        quoted(other),
        all(&|from, to| format!("p.{to} = +c.{from}"), " AND "),
        all(&|from, _| format!("c.{from} IS NOT NULL"), " AND "),
        quoted(first),
    );
    match rows(connection, &question, None).await {
        Ok(found) => {
            let count = found.first().map(|row| get::<i64>(row, 0)).transpose()?;
            Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
        }
        // There is no such table or column, so all of them led nowhere before.
        Err(error) if is_mismatch(&error) => Ok(0),
        Err(error) => Err(CopyError::unread(&error)),
    }
}
