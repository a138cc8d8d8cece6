//! What a database is made of.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::CopyError;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// The columns that rows are written with: not those that are computed.
    pub columns: Vec<Column>,
}

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// It has rows of its own.
    Plain,
    /// A module of the database answers for it, from tables of its own or from elsewhere: a full-text index. Its rows are not copied.
    Virtual,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it may not be null.
    pub needed: bool,
    /// Whether it is part of what no two rows share: the table's key, or another one.
    pub key: bool,
    /// Whether it holds whole numbers, by its declaration.
    pub integer: bool,
    /// What it refers to.
    pub refers_to: Option<Reference>,
}

/// A column of another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

/// The definitions of a database, in the order in which they are to be made.
pub(super) struct Schema {
    /// The tables' names and definitions, as `tables` has them.
    pub(super) made_first: Vec<(String, String)>,
    /// Of what is made when the rows are there: indexes, views, triggers.
    pub(super) made_last: Vec<(String, String)>,
}

/// An identifier. In double quotes a column that is not there would be a text; in brackets none can have a bracket.
pub(super) fn quoted(name: &str) -> String {
    if name.contains(']') { format!("\"{}\"", name.replace('"', "\"\"")) } else { format!("[{name}]") }
}

type Read<T> = Result<T, CopyError>;

async fn rows(
    connection: &mut SqliteConnection,
    question: &'static str,
    about: Option<&str>,
) -> Read<Vec<SqliteRow>> {
    let mut query = sqlx::query(question);
    if let Some(about) = about {
        query = query.bind(about.to_owned());
    }
    query.fetch_all(connection).await.map_err(|error| CopyError::unread(&error))
}

fn get<'r, T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(
    row: &'r SqliteRow,
    at: usize,
) -> Read<T> {
    row.try_get(at).map_err(|error| CopyError::unread(&error))
}

/// Reads all of them.
pub(super) async fn read(connection: &mut SqliteConnection) -> Read<(Vec<Table>, Schema)> {
    let encoding = rows(connection, "SELECT encoding = 'UTF-8' FROM pragma_encoding", None).await?;
    if !encoding.first().map(|row| get::<bool>(row, 0)).transpose()?.unwrap_or(false) {
        return Err(CopyError::Encoding);
    }
    // The database's own tables are left out: it makes them itself, and its statistics have values of columns in them.
    let question = "SELECT m.name, m.sql, l.type = 'virtual' \
        FROM sqlite_schema AS m JOIN pragma_table_list AS l ON l.schema = 'main' AND l.name = m.name \
        WHERE m.type = 'table' AND l.type IN ('table', 'virtual') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
        ORDER BY m.rowid";
    let (mut tables, mut made_first) = (Vec::new(), Vec::new());
    for row in rows(connection, question, None).await? {
        let (name, sql): (String, String) = (get(&row, 0)?, get(&row, 1)?);
        let kind = if get::<bool>(&row, 2)? { TableKind::Virtual } else { TableKind::Plain };
        let columns = columns(connection, &name).await?;
        made_first.push((name.clone(), sql));
        tables.push(Table { name, kind, columns });
    }
    let question = "SELECT name, sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL \
        ORDER BY CASE type WHEN 'index' THEN 0 WHEN 'view' THEN 1 ELSE 2 END, rowid";
    let made_last = rows(connection, question, None).await?;
    let made_last = made_last.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect::<Read<_>>()?;
    Ok((tables, Schema { made_first, made_last }))
}

async fn columns(connection: &mut SqliteConnection, table: &str) -> Read<Vec<Column>> {
    let question = "SELECT name, [notnull] OR pk > 0, pk > 0 OR name IN (SELECT i.name \
        FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i WHERE l.[unique] = 1), type LIKE '%INT%' \
        FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid";
    let mut columns = Vec::new();
    for row in rows(connection, question, Some(table)).await? {
        columns.push(Column {
            name: get(&row, 0)?,
            needed: get(&row, 1)?,
            key: get(&row, 2)?,
            integer: get(&row, 3)?,
            refers_to: None,
        });
    }
    // A foreign key that names no column refers to the primary key.
    let question = "SELECT f.[from], f.[table], \
        coalesce(f.[to], (SELECT i.name FROM pragma_table_info(f.[table]) AS i WHERE i.pk = f.seq + 1), '') \
        FROM pragma_foreign_key_list(?1) AS f ORDER BY f.id DESC, f.seq";
    for row in rows(connection, question, Some(table)).await? {
        let from: String = get(&row, 0)?;
        let to = Reference { table: get(&row, 1)?, column: get(&row, 2)? };
        let column = columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(&from));
        if let Some(column) = column.filter(|column| column.refers_to.is_none()) {
            column.refers_to = Some(to);
        }
    }
    Ok(columns)
}

/// How many rows of a table refer to nothing, by the table that they refer to. `None` if the database cannot tell: a
/// reference leads to what is no key.
pub(super) async fn dangling(connection: &mut SqliteConnection, table: &str) -> Option<Vec<(String, u64)>> {
    let question = "SELECT parent, count(*) FROM pragma_foreign_key_check(?1) GROUP BY parent";
    let found = rows(connection, question, Some(table)).await.ok()?;
    let count = |row: &SqliteRow| {
        let rows: i64 = get(row, 1).ok()?;
        Some((get(row, 0).ok()?, u64::try_from(rows).ok()?))
    };
    found.iter().map(count).collect()
}

/// The numbers by which programs know the form of a database.
pub(super) async fn marks(connection: &mut SqliteConnection) -> Read<Vec<String>> {
    let mut marks = Vec::new();
    for mark in ["user_version", "application_id"] {
        let row = sqlx::query(AssertSqlSafe(format!("PRAGMA {mark}"))).fetch_one(&mut *connection).await;
        let value: i64 = get(&row.map_err(|error| CopyError::unread(&error))?, 0)?;
        marks.push(format!("PRAGMA {mark} = {value}"));
    }
    Ok(marks)
}
