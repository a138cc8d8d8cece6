//! SQLite, through `sqlx`.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::Personal;
use domain::export::{Bytes, Datum};
use futures::TryStreamExt;
use ports::Class;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Row as _, TypeInfo, ValueRef};

use super::database::{Action, Bind, Cell, Database, ForeignKey, Path, Row, Taker, Trouble, Whole};
use super::dialect::{Dialect, SQLITE};
use super::statement::Statement;

/// How long one waits for somebody else's lock.
const BUSY_FOR: Duration = Duration::from_secs(5);

/// How long one call may take.
const CALL_FOR: Duration = Duration::from_secs(30);

/// How long one waits to empty the log of changes.
const EMPTY_FOR_MS: u32 = 200;

/// A database in a file.
///
/// Whoever restores the file puts another one in its place. A connection that is still open goes on with
/// the old one, which nobody else can see: what was erased there would be erased nowhere. So each call
/// looks at which file it is, before and after.
pub(super) struct Sqlite {
    path: PathBuf,
    options: SqliteConnectOptions,
    open: Mutex<Option<Arc<Open>>>,
}

/// The connections to one file.
struct Open {
    file: (u64, u64),
    usual: SqlitePool,
    apart: SqlitePool,
    /// For rows that may be large: no more than one is read ahead.
    whole: SqlitePool,
}

impl Sqlite {
    /// Over a file that exists.
    pub(super) fn at(url: &str) -> Result<Self, &'static str> {
        let path = url.strip_prefix("sqlite://").unwrap_or_default();
        if !path.starts_with('/') || path.contains('?') {
            return Err("write the URL as sqlite:///absolute/path");
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| "write the URL as sqlite:///absolute/path")?
            .create_if_missing(false)
            .busy_timeout(BUSY_FOR)
            // What is deleted is overwritten, or it could still be read from the file.
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        Ok(Self { path: PathBuf::from(path), options, open: Mutex::default() })
    }

    /// Which file it is now: its device and its number there. A number is not given to another file
    /// while a connection has the first one open.
    fn file(&self) -> Result<(u64, u64), Trouble> {
        let file = std::fs::metadata(&self.path);
        file.map(|file| (file.dev(), file.ino())).map_err(|_| Trouble::transient("the file is not there"))
    }

    /// The connections to the file that is there.
    fn open(&self) -> Result<Arc<Open>, Trouble> {
        let file = self.file()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = open.as_ref().filter(|open| open.file == file) {
            return Ok(Arc::clone(open));
        }
        let pool = |options, most| {
            SqlitePoolOptions::new()
                .max_connections(most)
                .acquire_timeout(Duration::from_secs(10))
                .idle_timeout(Duration::from_mins(1))
                .connect_lazy_with(options)
        };
        let reading = self.options.clone().read_only(true);
        let whole = pool(reading.clone().row_buffer_size(1), 2);
        let opened =
            Arc::new(Open { file, apart: pool(reading, 2), whole, usual: pool(self.options.clone(), 4) });
        *open = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Makes a call, in time, on the file that is there before and after it.
    async fn call<T, F>(&self, call: impl FnOnce(Arc<Open>) -> F + Send) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, sqlx::Error>> + Send,
    {
        let open = self.open()?;
        let file = open.file;
        let answer = in_time(call(open)).await?;
        if self.file()? == file { Ok(answer) } else { Err(Trouble::transient("the file was replaced")) }
    }

    /// Empties the write-ahead log, where the database has one: what is gone from the tables is still
    /// written there. Somebody who reads may be in the way; then the next call, or SQLite, does it.
    async fn empty_log(open: Arc<Open>) -> Result<(), sqlx::Error> {
        let mut connection = open.usual.acquire().await?;
        let journal = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
        if journal.try_get::<String, _>(0)? != "wal" {
            return Ok(());
        }
        // It waits less than the others, so it is not given back to them.
        connection.close_on_drop();
        let wait = format!("PRAGMA busy_timeout = {EMPTY_FOR_MS}");
        sqlx::query(AssertSqlSafe(wait)).execute(&mut *connection).await?;
        let empty = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        empty.execute(&mut *connection).await?;
        Ok(())
    }
}

fn query(statement: &Statement) -> Query<'_, sqlx::Sqlite, SqliteArguments> {
    let mut query = sqlx::query(AssertSqlSafe(statement.text.as_str())).persistent(false);
    for bind in &statement.binds {
        query = match bind {
            Bind::Integer(integer) => query.bind(*integer),
            Bind::Real(real) => query.bind(*real),
            Bind::Text(text) => query.bind(text.expose()),
        };
    }
    query
}

fn cells(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    let cell = |at: usize| {
        let raw = row.try_get_raw(at)?;
        if raw.is_null() {
            return Ok(Cell::Null);
        }
        let form = raw.type_info().name().to_owned();
        Ok(match form.as_str() {
            "INTEGER" | "BOOLEAN" => Cell::Integer(row.try_get_unchecked(at)?),
            "REAL" => Cell::Real(row.try_get_unchecked(at)?),
            "TEXT" => match row.try_get_unchecked::<String, _>(at) {
                Ok(text) => Cell::Text(Personal::new(text)),
                Err(_) => Cell::Other,
            },
            _ => Cell::Other,
        })
    };
    (0..row.len()).map(cell).collect()
}

/// A row as it is. A text that is none, byte for byte, is bytes.
fn whole(row: &SqliteRow) -> Result<Whole, sqlx::Error> {
    let datum = |at: usize| {
        let form = row.try_get_raw(at)?.type_info().name().to_owned();
        if row.try_get_raw(at)?.is_null() {
            return Ok(Datum::Null);
        }
        let bytes = || Ok::<_, sqlx::Error>(Datum::Bytes(Bytes::new(row.try_get_unchecked(at)?)));
        match form.as_str() {
            "INTEGER" | "BOOLEAN" => Ok(Datum::number(row.try_get_unchecked::<i64, _>(at)?.to_string())),
            "REAL" => Ok(Datum::number(decimal(row.try_get_unchecked(at)?))),
            "TEXT" => row.try_get_unchecked::<String, _>(at).map(Datum::text).or_else(|_| bytes()),
            _ => bytes(),
        }
    };
    row.columns().iter().map(|column| Ok((column.name().to_owned(), datum(column.ordinal())?))).collect()
}

/// The shortest text that is read as the same real number again, and as no integer. The infinities are
/// written as SQLite reads them: it has no other form for them.
fn decimal(real: f64) -> String {
    if real.is_finite() {
        format!("{real:?}")
    } else if real > 0.0 {
        "9e999".to_owned()
    } else {
        "-9e999".to_owned()
    }
}

/// What a failure means. Its message can quote values, so only the code is kept.
fn trouble(error: &sqlx::Error) -> Trouble {
    let code = match error {
        sqlx::Error::Database(answer) => answer.code().and_then(|c| c.parse::<u32>().ok()),
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => {
            let detail = "the statement could not be made".to_owned();
            return Trouble { class: Class::Permanent, detail };
        }
        _ => return Trouble::transient("no answer"),
    };
    let Some(code) = code else {
        return Trouble::transient("no code");
    };
    // The lower eight bits are the primary result code.
    let (name, class) = match code & 0xff {
        1 => ("SQLITE_ERROR", Class::Permanent),
        5 => ("SQLITE_BUSY", Class::Transient),
        6 => ("SQLITE_LOCKED", Class::Transient),
        7 => ("SQLITE_NOMEM", Class::Transient),
        8 => ("SQLITE_READONLY", Class::Permanent),
        9 => ("SQLITE_INTERRUPT", Class::Transient),
        10 => ("SQLITE_IOERR", Class::Transient),
        11 => ("SQLITE_CORRUPT", Class::Permanent),
        13 => ("SQLITE_FULL", Class::Transient),
        // A file system that is not mounted looks like this, and it may come back.
        14 => ("SQLITE_CANTOPEN", Class::Transient),
        15 => ("SQLITE_PROTOCOL", Class::Transient),
        17 => ("SQLITE_SCHEMA", Class::Transient),
        18 => ("SQLITE_TOOBIG", Class::Permanent),
        19 => ("SQLITE_CONSTRAINT", Class::Permanent),
        23 => ("SQLITE_AUTH", Class::Permanent),
        26 => ("SQLITE_NOTADB", Class::Permanent),
        _ => ("SQLITE", Class::Permanent),
    };
    Trouble { class, detail: format!("{name} ({code})") }
}

async fn in_time<T>(call: impl Future<Output = Result<T, sqlx::Error>> + Send) -> Result<T, Trouble> {
    match tokio::time::timeout(CALL_FOR, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(trouble(&error)),
        Err(_) => Err(Trouble::transient("no answer in time")),
    }
}

#[async_trait]
impl Database for Sqlite {
    fn dialect(&self) -> &Dialect {
        &SQLITE
    }

    async fn columns(&self, table: &str) -> Result<Vec<String>, Trouble> {
        let rows = sqlx::query("SELECT name FROM pragma_table_info(?)").bind(table);
        let rows = self.call(async |open| rows.fetch_all(&open.usual).await).await?;
        rows.iter().map(|row| row.try_get(0).map_err(|e| trouble(&e))).collect()
    }

    async fn unique(&self, table: &str) -> Result<Vec<Vec<String>>, Trouble> {
        let question = "SELECT '', name FROM pragma_table_info(?1) WHERE pk > 0 \
            UNION ALL SELECT l.name, i.name \
            FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i \
            WHERE l.[unique] = 1 AND l.partial = 0";
        let rows = sqlx::query(question).bind(table);
        let rows = self.call(async |open| rows.fetch_all(&open.usual).await).await?;
        let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in &rows {
            let index = row.try_get(0).map_err(|e| trouble(&e))?;
            // An index over an expression has no column; then it says nothing about columns.
            let column: Option<String> = row.try_get(1).map_err(|e| trouble(&e))?;
            sets.entry(index).or_default().push(column.unwrap_or_default());
        }
        Ok(sets.into_values().collect())
    }

    async fn foreign_keys(&self) -> Result<Vec<ForeignKey>, Trouble> {
        // A foreign key that names no column refers to the primary key.
        let question = "SELECT m.name, f.[table], \
            coalesce(f.[to], (SELECT i.name FROM pragma_table_info(f.[table]) AS i WHERE i.pk = f.seq + 1), ''), \
            f.on_delete, f.on_update \
            FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'";
        let rows = self.call(async |open| sqlx::query(question).fetch_all(&open.usual).await).await?;
        let text = |row: &SqliteRow, at: usize| row.try_get::<String, _>(at).map_err(|e| trouble(&e));
        let action = |row: &SqliteRow, at| {
            Ok(match text(row, at)?.to_ascii_uppercase().as_str() {
                "CASCADE" => Some(Action::Cascade),
                "SET NULL" | "SET DEFAULT" => Some(Action::Set),
                _ => None,
            })
        };
        let key = |row: &SqliteRow| {
            Ok(ForeignKey {
                table: text(row, 0)?,
                to: (text(row, 1)?, text(row, 2)?),
                on_delete: action(row, 3)?,
                on_update: action(row, 4)?,
            })
        };
        rows.iter().map(key).collect()
    }

    async fn read(&self, path: Path, question: &Statement) -> Result<Vec<Row>, Trouble> {
        self.call(async |open| {
            let pool = match path {
                Path::Usual => &open.usual,
                Path::Apart => &open.apart,
            };
            let rows = query(question).fetch_all(pool).await?;
            rows.iter().map(cells).collect()
        })
        .await
    }

    async fn stream(&self, question: &Statement, take: &mut Taker<'_>) -> Result<(), Trouble> {
        let in_utf_8 = self
            .call(async |open| {
                // In another encoding, the bytes of a text are not those that are taken for it.
                let encoding = sqlx::query("SELECT encoding = 'UTF-8' FROM pragma_encoding");
                if !encoding.fetch_one(&open.whole).await?.try_get::<bool, _>(0)? {
                    return Ok(false);
                }
                let mut rows = query(question).fetch(&open.whole);
                while let Some(row) = rows.try_next().await? {
                    if !take(whole(&row)?) {
                        break;
                    }
                }
                Ok(true)
            })
            .await?;
        let other = || Trouble {
            class: Class::Permanent,
            detail: "the database's texts are in another encoding than UTF-8".to_owned(),
        };
        if in_utf_8 { Ok(()) } else { Err(other()) }
    }

    async fn some(&self, question: &Statement, most: usize) -> Result<(Vec<Row>, bool), Trouble> {
        self.call(async |open| {
            let mut rows = query(question).fetch(&open.whole);
            let (mut some, mut bytes) = (Vec::new(), 0);
            while let Some(row) = rows.try_next().await? {
                if bytes >= most {
                    return Ok((some, false));
                }
                let row = cells(&row)?;
                bytes += row.iter().map(Cell::size).sum::<usize>();
                some.push(row);
            }
            Ok((some, true))
        })
        .await
    }

    async fn settle(&self, changes: &[Statement], questions: &[Statement]) -> Result<Vec<u64>, Trouble> {
        let answers = self
            .call(async |open| {
                // The lock is taken at the beginning: taken later, two writers could each wait for the
                // other.
                let mut transaction = open.usual.begin_with("BEGIN IMMEDIATE").await?;
                for change in changes {
                    query(change).execute(&mut *transaction).await?;
                }
                let mut answers = Vec::with_capacity(questions.len());
                for question in questions {
                    let count: i64 = query(question).fetch_one(&mut *transaction).await?.try_get(0)?;
                    answers.push(u64::try_from(count).unwrap_or(0));
                }
                transaction.commit().await?;
                Ok(answers)
            })
            .await?;
        // What was asked for is done, whether or not this succeeds.
        let _ = self.call(Self::empty_log).await;
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::collect::{self, Numbered};
    use crate::sql::look_again;
    use crate::sql::statement::Writer;
    use domain::catalog::{FieldKind, Store};
    use domain::plan::{Record, Value};
    use ports::stores::Target;

    /// An index on the small letters is used, beside the field's own.
    #[tokio::test]
    async fn addresses_are_found_by_an_index_on_their_small_letters() {
        let table = "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT); \
            CREATE INDEX a ON people (email); CREATE INDEX b ON people (lower(email))";
        let text = "SELECT id FROM people WHERE (email IN (?, ?) OR lower(email) IN (lower(?), lower(?))) \
            AND (id) > (?) ORDER BY id LIMIT ?";
        let plan = plan(Statement { text: text.to_owned(), binds: Vec::new() }, table).await;
        assert!(plan.contains("INDEX a (email=?") && plan.contains("INDEX b (<expr>=?"), "{plan}");
        assert!(!plan.contains("SCAN"), "{plan}");
    }

    const STORE: &str = r#"{"id":"crm","kind":"sql","connection":"c","owner":{"team":"t","page":"p"},
        "collections":[{"name":"years","resource":"years","key":["customer","year"],
        "fields":{"customer":{"category":"c","class":"internal","kind":"number"},
        "year":{"category":"c","class":"internal"},
        "email":{"category":"c","class":"internal"}},"erasure":{"method":"delete"}}]}"#;

    async fn plan(question: Statement, table: &str) -> String {
        let path = std::env::temp_dir().join(format!("plan-{}-{}", std::process::id(), table.len()));
        std::fs::write(&path, "").expect("a file");
        let sqlite = Sqlite::at(&format!("sqlite://{}", path.display())).expect("a database");
        let made =
            sqlite.call(async |open| sqlx::raw_sql(AssertSqlSafe(table)).execute(&open.usual).await).await;
        assert!(made.is_ok(), "a table");
        let text = format!("EXPLAIN QUERY PLAN {}", question.text);
        let rows = sqlite.read(Path::Usual, &Statement { text, binds: question.binds }).await;
        std::fs::remove_file(&path).expect("it goes");
        let Ok(rows) = rows else {
            panic!("no plan");
        };
        let texts = rows.iter().filter_map(|row| match row.last() {
            Some(Cell::Text(text)) => Some(text.expose().to_owned()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("; ")
    }

    /// However many records a statement is about, each is found by the key's index, in whatever form
    /// the columns keep their values.
    #[tokio::test]
    async fn sets_of_keys_are_found_by_the_key_s_index() {
        let store: Store = serde_json::from_str(STORE).expect("a store");
        let target = Target { store: &store, collection: &store.collections[0], wanted: &[] };
        let text = |text| Value::of(FieldKind::Text, text);
        let key =
            [("customer".to_owned(), Value::of(FieldKind::Number, "7")), ("year".to_owned(), text("2026"))];
        let record =
            Record { key: key.into(), via: "email".to_owned(), via_value: text("x"), values: [].into() };
        for columns in [
            "(customer INTEGER, year TEXT, email TEXT, PRIMARY KEY (customer, year))",
            "(customer INT, year VARCHAR(9), email, PRIMARY KEY (customer, year)) WITHOUT ROWID",
            "(customer TEXT, year INTEGER, email TEXT, PRIMARY KEY (customer, year))",
        ] {
            let mut with = Writer::new(&SQLITE, &target, "test");
            let mut write = || -> Result<(), ports::Fault> {
                with.sql("DELETE FROM ").table()?.sql(" WHERE ");
                with.these(&[&record; 500], Some("email"))?;
                Ok(())
            };
            write().expect("it is written");
            let again = look_again::question(&SQLITE, &target, "email", &[&record; 500]);
            let whole: Vec<_> = (0..500).map(|number| Numbered { number, record: &record }).collect();
            let whole = collect::question(&SQLITE, &target, &whole).expect("it is written");
            let table = format!("CREATE TABLE years {columns}");
            let again = again.expect("it is written");
            for (question, name) in [(with.done(), "years"), (again, "kept"), (whole, "kept")] {
                let plan = plan(question, &table).await;
                assert!(plan.contains(&format!("SEARCH {name} USING")), "{plan}");
                assert!(plan.contains("customer=? AND year=?"), "{plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{plan}");
            }
        }
    }

    #[test]
    fn a_real_number_reads_back_as_itself() {
        let check = |real: f64, expect: &str| {
            assert_eq!(decimal(real), expect);
            assert_eq!(expect.parse(), Ok(real));
        };
        check(0.1 + 0.2, "0.30000000000000004");
        check(7.0, "7.0");
        check(-0.0, "-0.0");
        check(1e300, "1e300");
        check(5e-324, "5e-324");
        check(123_456_789_012_345_680.0, "1.2345678901234568e17");
        check(f64::INFINITY, "9e999");
        check(f64::NEG_INFINITY, "-9e999");
    }

    #[test]
    fn only_an_absolute_file_is_a_database() {
        assert!(Sqlite::at("sqlite:relative").is_err());
        assert!(Sqlite::at("sqlite://relative").is_err());
        assert!(Sqlite::at("sqlite::memory:").is_err());
        assert!(Sqlite::at("sqlite:///x?mode=rwc").is_err());
    }
}
