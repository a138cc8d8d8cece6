//! Which rows refer to nothing.

use sqlx::sqlite::SqliteConnection;

use super::schema::{Read, get, quoted, rows};
use super::{CopyError, Table};

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
        // A foreign key that leads to what is no key is checked by nobody. Its values are compared, each once.
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

async fn missing(connection: &mut SqliteConnection, table: &Table, at: usize) -> Read<u64> {
    let Some(reference) = table.references.get(at) else { return Ok(0) };
    let names = |of: fn(&(String, String)) -> &String, between: &str| {
        let names: Vec<_> = reference.columns.iter().map(|pair| quoted(of(pair))).collect();
        names.join(between)
    };
    let question = format!(
        "SELECT count(*) FROM (SELECT {} FROM {} WHERE {} IS NOT NULL EXCEPT SELECT {} FROM {})",
        names(|pair| &pair.0, ", "),
        quoted(&table.name),
        names(|pair| &pair.0, " IS NOT NULL AND "),
        names(|pair| &pair.1, ", "),
        quoted(&reference.table),
    );
    match rows(connection, &question, None).await {
        Ok(found) => {
            let count = found.first().map(|row| get::<i64>(row, 0)).transpose()?;
            Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
        }
        // There is no such table, so all of them led nowhere before.
        Err(error) if is_mismatch(&error) => Ok(0),
        Err(error) => Err(CopyError::unread(&error)),
    }
}
