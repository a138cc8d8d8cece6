//! A file of SQLite, copied into another one.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, TypeInfo as _, ValueRef as _};

use super::error::rule;
use super::schema::{self, Schema, dangling, quoted};
use super::{Change, Copied, CopyError, Table, TableKind, Value};

/// How long one waits for somebody else's lock.
const BUSY_FOR: Duration = Duration::from_secs(10);

/// Parameters of one statement at the most. More are no faster.
const PARAMETERS: usize = 1_000;

/// Bytes of values that one statement writes, about: what is held at once.
const AT_ONCE: usize = 1 << 20;

/// A database that is read, at one moment: what others write meanwhile is not in it. Without a write-ahead log they wait.
pub struct Source {
    connection: SqliteConnection,
    tables: Vec<Table>,
    schema: Schema,
}

impl Source {
    /// Opens a file for reading. It is not written to.
    pub async fn open(file: &Path) -> Result<Self, CopyError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .read_only(true)
            .foreign_keys(false)
            .busy_timeout(BUSY_FOR)
            .row_buffer_size(64)
            .disable_statement_logging();
        let unread = |error: sqlx::Error| CopyError::unread(&error);
        let mut connection = SqliteConnection::connect_with(&options).await.map_err(unread)?;
        sqlx::query("BEGIN").execute(&mut connection).await.map_err(unread)?;
        let (tables, schema) = schema::read(&mut connection).await?;
        Ok(Self { connection, tables, schema })
    }

    /// The tables, in the order in which they were made.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Copies all of it into an empty file, and counts the bytes of values that it has read. What is in the file after
    /// an error is of no use.
    pub async fn copy(
        mut self,
        into: &Path,
        change: &mut dyn Change,
        read: &AtomicU64,
    ) -> Result<Copied, CopyError> {
        // Nobody else reads the file before it is whole, and half of it is thrown away: it needs no journal.
        let options = SqliteConnectOptions::new()
            .filename(into)
            .foreign_keys(false)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .disable_statement_logging();
        let unwritten = |error: sqlx::Error| CopyError::unwritten(&error);
        let mut target = SqliteConnection::connect_with(&options).await.map_err(unwritten)?;
        sqlx::query("BEGIN").execute(&mut target).await.map_err(unwritten)?;
        define(&mut target, &self.schema.made_first).await?;
        let mut copied = Copied { rows: Vec::with_capacity(self.tables.len()), cut: Vec::new() };
        for at in 0..self.tables.len() {
            copied.rows.push(self.rows(&mut target, at, change, read).await?);
        }
        define(&mut target, &self.schema.made_last).await?;
        for mark in schema::marks(&mut self.connection).await? {
            sqlx::query(AssertSqlSafe(mark)).execute(&mut target).await.map_err(unwritten)?;
        }
        copied.cut = self.references(&mut target, change).await?;
        sqlx::query("COMMIT").execute(&mut target).await.map_err(unwritten)?;
        target.close().await.map_err(unwritten)?;
        Ok(copied)
    }

    /// Copies the rows of a table; how many.
    async fn rows(
        &mut self,
        target: &mut SqliteConnection,
        at: usize,
        change: &mut dyn Change,
        read: &AtomicU64,
    ) -> Result<u64, CopyError> {
        let Some(table) = self.tables.get(at) else { return Ok(0) };
        if !change.takes(at) || table.kind == TableKind::Virtual {
            return Ok(0);
        }
        let names: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
        let names = names.join(", ");
        let name = quoted(&table.name);
        let question = sqlx::query(AssertSqlSafe(format!("SELECT {names} FROM {name}"))).persistent(false);
        let mut rows = question.fetch(&mut self.connection);
        let mut batch = Batch::new(table, format!("INSERT INTO {name} ({names}) VALUES "));
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(|error| CopyError::unread(&error))? {
            for column in 0..table.columns.len() {
                let (value, bytes) = value(&row, column).map_err(|error| CopyError::unread(&error))?;
                read.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
                batch.push(change.change(at, column, value));
            }
            count += 1;
            if batch.is_full() {
                batch.write(target).await?;
            }
        }
        batch.write(target).await?;
        Ok(count)
    }

    /// Every row that referred to another one refers to one still; what was cut on purpose is said.
    async fn references(
        &mut self,
        target: &mut SqliteConnection,
        change: &dyn Change,
    ) -> Result<Vec<(String, String)>, CopyError> {
        let empty = |name: &str| {
            let at = self.tables.iter().position(|table| table.name.eq_ignore_ascii_case(name));
            at.is_some_and(|at| !change.takes(at))
        };
        let mut cut = Vec::new();
        for table in &self.tables {
            let Some(before) = dangling(&mut self.connection, &table.name).await else { continue };
            let Some(after) = dangling(target, &table.name).await else { continue };
            for (to, rows) in after {
                let already = before.iter().find(|(other, _)| *other == to).map_or(0, |(_, rows)| *rows);
                if empty(&to) {
                    cut.push((table.name.clone(), to));
                } else if rows > already {
                    return Err(CopyError::Dangling(table.name.clone(), to, rows - already));
                }
            }
        }
        Ok(cut)
    }
}

async fn define(target: &mut SqliteConnection, definitions: &[(String, String)]) -> Result<(), CopyError> {
    for (name, sql) in definitions {
        let made = sqlx::query(AssertSqlSafe(sql.as_str())).persistent(false).execute(&mut *target).await;
        made.map_err(|error| match (rule(&error), CopyError::unwritten(&error)) {
            // A rule that is an index of its own is broken when the rows are there already.
            (Some(rule), _) => CopyError::Refused(name.clone(), rule),
            (None, CopyError::Unwritten(code)) => CopyError::Definition(name.clone(), code),
            (None, other) => other,
        })?;
    }
    Ok(())
}

/// Values that wait to be written together.
struct Batch<'t> {
    table: &'t Table,
    begin: String,
    most: usize,
    values: Vec<Value>,
    bytes: usize,
}

impl<'t> Batch<'t> {
    fn new(table: &'t Table, begin: String) -> Self {
        let columns = table.columns.len().max(1);
        Self { table, begin, most: (PARAMETERS / columns).max(1) * columns, values: Vec::new(), bytes: 0 }
    }

    fn push(&mut self, value: Value) {
        self.bytes += match &value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        self.values.push(value);
    }

    fn is_full(&self) -> bool {
        self.values.len() >= self.most || self.bytes >= AT_ONCE
    }

    async fn write(&mut self, target: &mut SqliteConnection) -> Result<(), CopyError> {
        if self.values.is_empty() {
            return Ok(());
        }
        let columns = self.table.columns.len();
        let row = format!("({})", vec!["?"; columns].join(", "));
        let sql = format!("{}{}", self.begin, vec![row; self.values.len() / columns].join(", "));
        // The statement of a full batch comes again and again; the last one of a table does not.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(self.values.len() == self.most);
        for value in self.values.drain(..) {
            query = match value {
                Value::Null => query.bind(None::<i64>),
                Value::Integer(integer) => query.bind(integer),
                Value::Real(real) => query.bind(real),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        self.bytes = 0;
        let written = query.execute(target).await;
        written.map(|_| ()).map_err(|error| match rule(&error) {
            Some(rule) => CopyError::Refused(self.table.name.clone(), rule),
            None => CopyError::unwritten(&error),
        })
    }
}

/// A cell, and how many bytes it has.
fn value(row: &SqliteRow, at: usize) -> Result<(Value, usize), sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok((Value::Null, 0));
    }
    let form = raw.type_info().name().to_owned();
    Ok(match form.as_str() {
        "INTEGER" | "BOOLEAN" => (Value::Integer(row.try_get_unchecked(at)?), size_of::<i64>()),
        "REAL" => (Value::Real(row.try_get_unchecked(at)?), size_of::<f64>()),
        form => {
            let bytes: Vec<u8> = row.try_get_unchecked(at)?;
            let count = bytes.len();
            let text = |bytes| {
                String::from_utf8(bytes)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
            };
            (if form == "TEXT" { Value::Text(text(bytes)) } else { Value::Bytes(bytes) }, count)
        }
    })
}
