//! A file of SQLite, copied into another one.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, TypeInfo as _, ValueRef as _};

use super::references::dangling;
use super::schema::{self, Definition, Schema, quoted};
use super::{Change, CopyError, Table, TableKind, Value};

/// How long one waits for somebody else's lock.
const BUSY_FOR: Duration = Duration::from_secs(10);

/// Parameters of one statement at the most. More are no faster.
const PARAMETERS: usize = 1_000;
/// A row that is asked for has no more values (SQLite, "Limits", `SQLITE_MAX_COLUMN`).
const MOST_COLUMNS: usize = 2_000;

/// Bytes of values that one statement writes, about: what is held at once.
const AT_ONCE: usize = 1 << 20;

/// Steps of SQLite between two looks at whether it is to go on: well under a millisecond.
const LOOKS_EVERY: i32 = 10_000;

/// A file's header, in bytes; where in it stands how it is read; and what that is with a write-ahead log.
const HEADER: u64 = 100;
const READ_VERSION: usize = 19;
const LOGGED: u8 = 2;

/// How far it is, and whether it is to go on.
pub struct Progress<'p> {
    /// Bytes of values that were read so far.
    pub read: &'p AtomicU64,
    /// Set by whoever wants no more of it.
    pub stop: &'p Arc<AtomicBool>,
}

/// A database that is read, at one moment: what others write meanwhile is not in it. Without a write-ahead log they wait.
pub struct Source {
    connection: SqliteConnection,
    tables: Vec<Table>,
    schema: Schema,
}

impl Source {
    /// Opens a file for reading. It is not written to.
    ///
    /// A database with a write-ahead log that nobody has open gets its log for as long as it is read, and without it afterwards:
    /// whoever may only read could not take it away again.
    pub async fn open(file: &Path) -> Result<Self, CopyError> {
        let whole = resolved(file)?;
        let needs_log = needs_log(&whole)?;
        let options = SqliteConnectOptions::new()
            .filename(&whole)
            .read_only(!needs_log)
            .pragma("query_only", "ON")
            .foreign_keys(false)
            .busy_timeout(BUSY_FOR)
            // A row can be large: no more than one is read ahead.
            .row_buffer_size(1)
            .disable_statement_logging();
        let unread = |error: sqlx::Error| CopyError::unread(&error);
        let mut connection = SqliteConnection::connect_with(&options).await.map_err(unread)?;
        match begin(&mut connection).await {
            Ok((tables, schema)) => Ok(Self { connection, tables, schema }),
            Err(error) => {
                // Only what is closed takes its log away, and why it could not be says less.
                let _ = connection.close().await;
                Err(error)
            }
        }
    }

    /// Ends reading.
    pub async fn close(self) -> Result<(), CopyError> {
        self.connection.close().await.map_err(|error| CopyError::unread(&error))
    }

    /// The tables, in the order in which they were made.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Copies all of it into an empty file, and says how many rows each table has.
    /// What is in the file after an error is of no use.
    pub async fn copy(
        mut self,
        into: &Path,
        change: &mut dyn Change,
        progress: &Progress<'_>,
    ) -> Result<Vec<u64>, CopyError> {
        let copied = self.all(into, change, progress).await;
        let closed = self.close().await;
        // What was broken off says so in many ways.
        let copied = copied.map_err(|error| if is_stopped(progress) { CopyError::Stopped } else { error })?;
        closed.map(|()| copied)
    }

    async fn all(
        &mut self,
        into: &Path,
        change: &mut dyn Change,
        progress: &Progress<'_>,
    ) -> Result<Vec<u64>, CopyError> {
        // Nobody else reads the file before it is whole, and half of it is thrown away: it needs no journal.
        let options = SqliteConnectOptions::new()
            .filename(resolved(into)?)
            .foreign_keys(false)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .disable_statement_logging();
        let unwritten = |error: sqlx::Error| CopyError::unwritten(&error);
        let mut target = SqliteConnection::connect_with(&options).await.map_err(unwritten)?;
        let copied = self.fill(&mut target, change, progress).await;
        let closed = target.close().await;
        let copied = copied?;
        closed.map(|()| copied).map_err(unwritten)
    }

    async fn fill(
        &mut self,
        target: &mut SqliteConnection,
        change: &mut dyn Change,
        progress: &Progress<'_>,
    ) -> Result<Vec<u64>, CopyError> {
        let unwritten = |error: sqlx::Error| CopyError::unwritten(&error);
        // An index of many rows, or their references, take long: SQLite itself looks whether it is to go on.
        watch(&mut self.connection, progress.stop).await.map_err(|error| CopyError::unread(&error))?;
        watch(target, progress.stop).await.map_err(unwritten)?;
        sqlx::query("BEGIN").execute(&mut *target).await.map_err(unwritten)?;
        define(target, &self.schema.made_first).await?;
        let mut copied = Vec::with_capacity(self.tables.len());
        for at in 0..self.tables.len() {
            copied.push(self.rows(target, at, change, progress).await?);
        }
        define(target, &self.schema.made_last).await?;
        for mark in schema::marks(&mut self.connection).await? {
            sqlx::query(AssertSqlSafe(mark)).execute(&mut *target).await.map_err(unwritten)?;
        }
        self.references(target, change).await?;
        sqlx::query("COMMIT").execute(&mut *target).await.map_err(unwritten)?;
        Ok(copied)
    }

    /// Copies the rows of a table; how many.
    async fn rows(
        &mut self,
        target: &mut SqliteConnection,
        at: usize,
        change: &mut dyn Change,
        progress: &Progress<'_>,
    ) -> Result<u64, CopyError> {
        let Some(table) = self.tables.get(at) else { return Ok(0) };
        if !change.takes(at) || table.kind != TableKind::Plain {
            return Ok(0);
        }
        let mut names: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
        // A row has no more values than that, its number among them.
        let has_place = names.len() < MOST_COLUMNS;
        names.extend(table.row_number.filter(|_| has_place && change.keeps(at)).map(str::to_owned));
        let width = names.len();
        let names = names.join(", ");
        let name = quoted(&table.name);
        let question = sqlx::query(AssertSqlSafe(format!("SELECT {names} FROM {name}"))).persistent(false);
        let mut rows = question.fetch(&mut self.connection);
        let mut batch = Batch::new(
            &table.name,
            width,
            // Whatever a definition would do with rows that break a rule of it: none is lost in silence.
            format!("INSERT OR ABORT INTO {name} ({names}) VALUES "),
        );
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(|error| CopyError::unread(&error))? {
            for column in 0..table.columns.len() {
                let (value, bytes) = value(&row, column).map_err(|error| CopyError::unread(&error))?;
                progress.read.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
                batch.push(change.change(at, column, value));
            }
            // Behind the columns it is the row's number.
            for more in table.columns.len()..width {
                batch.push(value(&row, more).map_err(|error| CopyError::unread(&error))?.0);
            }
            count += 1;
            if batch.is_full() {
                if is_stopped(progress) {
                    return Err(CopyError::Stopped);
                }
                batch.write(target).await?;
            }
        }
        batch.write(target).await?;
        drop(rows);
        if change.keeps(at) {
            schema::count_on(&mut self.connection, target, &table.name).await?;
        }
        Ok(count)
    }

    /// Every row that referred to another one does so still.
    async fn references(
        &mut self,
        target: &mut SqliteConnection,
        change: &dyn Change,
    ) -> Result<(), CopyError> {
        let is_left_out = |name: &str| {
            let at = self.tables.iter().position(|table| table.name.eq_ignore_ascii_case(name));
            at.is_some_and(|at| !change.takes(at))
        };
        for table in &self.tables {
            let before = dangling(&mut self.connection, table).await?;
            let after = dangling(target, table).await?;
            for ((reference, before), after) in table.references.iter().zip(before).zip(after) {
                if after > before && !is_left_out(&reference.table) {
                    let (from, to) = (table.name.clone(), reference.table.clone());
                    return Err(CopyError::Dangling(from, to, after - before));
                }
            }
        }
        Ok(())
    }
}

/// Whether the file says that it has a write-ahead log, and there is none: SQLite, "Database File Format", 1.3.
fn needs_log(file: &Path) -> Result<bool, CopyError> {
    let unread = |error: std::io::Error| CopyError::Unread(error.kind().to_string());
    let mut header = Vec::new();
    std::fs::File::open(file).and_then(|file| file.take(HEADER).read_to_end(&mut header)).map_err(unread)?;
    let has = |end: &str| {
        let mut beside = file.as_os_str().to_owned();
        beside.push(end);
        Path::new(&beside).exists()
    };
    match (header.get(READ_VERSION) == Some(&LOGGED), has("-wal"), has("-shm")) {
        // Whoever reads it would leave an index of the log behind, and whoever writes it would empty the log.
        (true, true, false) => {
            let why = "its log (-wal) was left over: open it once with the program that it belongs to";
            Err(CopyError::Unread(why.to_owned()))
        }
        (logged, log, _) => Ok(logged && !log),
    }
}

/// The file that a name leads to, which is what SQLite writes a log beside. It cannot be taken for a URI.
fn resolved(file: &Path) -> Result<PathBuf, CopyError> {
    std::fs::canonicalize(file).map_err(|error| CopyError::Unread(error.kind().to_string()))
}

/// From now on it is read as it is at this moment.
async fn begin(connection: &mut SqliteConnection) -> Result<(Vec<Table>, Schema), CopyError> {
    sqlx::query("BEGIN").execute(&mut *connection).await.map_err(|error| CopyError::unread(&error))?;
    schema::read(connection).await
}

fn is_stopped(progress: &Progress<'_>) -> bool {
    progress.stop.load(Ordering::Relaxed)
}

/// Whatever runs in it breaks off when somebody wants no more of it.
async fn watch(connection: &mut SqliteConnection, stop: &Arc<AtomicBool>) -> Result<(), sqlx::Error> {
    let stop = Arc::clone(stop);
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(LOOKS_EVERY, move || !stop.load(Ordering::Relaxed));
    Ok(())
}

async fn define(target: &mut SqliteConnection, definitions: &[Definition]) -> Result<(), CopyError> {
    for definition in definitions {
        let sql = AssertSqlSafe(definition.sql.as_str());
        let made = sqlx::query(sql).persistent(false).execute(&mut *target).await;
        made.map_err(|error| CopyError::of_definition(definition, &error))?;
    }
    Ok(())
}

/// Values that wait to be written together.
struct Batch<'t> {
    table: &'t str,
    begin: String,
    /// How many values a row has.
    width: usize,
    most: usize,
    values: Vec<Value>,
    bytes: usize,
}

impl<'t> Batch<'t> {
    fn new(table: &'t str, width: usize, begin: String) -> Self {
        let width = width.max(1);
        Self { table, begin, width, most: (PARAMETERS / width).max(1) * width, values: Vec::new(), bytes: 0 }
    }

    fn push(&mut self, value: Value) {
        self.bytes += match &value {
            Value::Text(text) => text.len(),
            Value::Raw(bytes) | Value::Bytes(bytes) => bytes.len(),
            Value::Null | Value::Integer(_) | Value::Real(_) => 0,
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
        let mut sql = self.begin.clone();
        for (n, value) in self.values.iter().enumerate() {
            sql.push_str(match (n % self.width, n) {
                (0, 0) => "(",
                (0, _) => "), (",
                _ => ", ",
            });
            // A driver takes no other text than UTF-8; bytes that are made a text stay what they are.
            sql.push_str(if matches!(value, Value::Raw(_)) { "CAST(? AS TEXT)" } else { "?" });
        }
        sql.push(')');
        let is_raw = self.values.iter().any(|value| matches!(value, Value::Raw(_)));
        // The statement of a full batch comes again and again; the last one of a table does not.
        let again = self.values.len() == self.most && !is_raw;
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(again);
        for value in self.values.drain(..) {
            query = match value {
                Value::Null => query.bind(None::<i64>),
                Value::Integer(integer) => query.bind(integer),
                Value::Real(real) => query.bind(real),
                Value::Text(text) => query.bind(text),
                Value::Raw(bytes) | Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        self.bytes = 0;
        let written = query.execute(target).await;
        written.map(|_| ()).map_err(|error| CopyError::of_rows(self.table, &error))
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
                String::from_utf8(bytes).map_or_else(|error| Value::Raw(error.into_bytes()), Value::Text)
            };
            (if form == "TEXT" { text(bytes) } else { Value::Bytes(bytes) }, count)
        }
    })
}
