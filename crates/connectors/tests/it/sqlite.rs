//! SQL, on SQLite files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use connectors::sql::Sql;
use domain::Personal;
use domain::catalog::{FieldKind, Store};
use domain::export::{self, Bytes, Datum};
use domain::plan::{RecordKey, Value};
use ports::stores::Treatment;
use ports::{Collector, Connector, Planter, Suppressor, Walker};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Row as _};
use testkit::conformance::{Fixture, Row, Scene};

use crate::engine;

/// What kind of table it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// People by an indexed text, under a number of their own.
    Indexed,
    /// The same, with a write-ahead log.
    Logged,
    /// People by a number that is a part of the key, and that anonymising replaces.
    Composite,
}

pub struct SqliteFile {
    pool: SqlitePool,
    sql: Arc<Sql>,
    pub store: Store,
    shape: Shape,
    pub path: PathBuf,
    serial: AtomicI64,
}

impl Drop for SqliteFile {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.path.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A fresh file with one empty table.
pub async fn fresh(shape: Shape) -> SqliteFile {
    let path = std::env::temp_dir().join(engine::name("sqlite"));
    let mode = match shape {
        Shape::Logged => SqliteJournalMode::Wal,
        _ => SqliteJournalMode::Delete,
    };
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .busy_timeout(Duration::from_secs(20))
        .journal_mode(mode);
    let pool = SqlitePoolOptions::new().max_connections(2);
    let pool = pool.connect_with(options).await.expect("a file");
    let tables = "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, name TEXT, \
            code INTEGER, hidden INTEGER NOT NULL DEFAULT 0, filler TEXT); \
        CREATE INDEX by_email ON people (email); \
        CREATE TABLE years (customer INTEGER NOT NULL, year INTEGER NOT NULL, total REAL, \
            hidden INTEGER NOT NULL DEFAULT 0, filler TEXT, PRIMARY KEY (customer, year))";
    sqlx::raw_sql(tables).execute(&pool).await.expect("tables");
    let url = format!("sqlite://{}", path.display());
    SqliteFile {
        sql: Arc::new(Sql::at(&url, "crm").expect("a connector")),
        store: declared(shape),
        pool,
        shape,
        path,
        serial: AtomicI64::new(1),
    }
}

fn declared(shape: Shape) -> Store {
    let collection = match shape {
        Shape::Indexed | Shape::Logged => json!({
            "name": "people", "resource": "people", "key": ["id"], "suppress": "hidden",
            "version": "code",
            "fields": {
                "id": {"category": "system", "class": "internal", "kind": "number"},
                "email": {"category": "user.contact.email", "class": "confidential",
                    "identity": "email", "index": "by_email", "anonymise": "surrogate"},
                "name": {"category": "user.name", "class": "confidential", "anonymise": "remove"},
                "code": {"category": "user.unique_id", "class": "internal", "kind": "number",
                    "identity": "code", "anonymise": "remove"},
                "hidden": {"category": "system", "class": "internal", "kind": "number"}},
            "erasure": {"method": "anonymise", "reason": "r", "law": "l"}, "scan": true}),
        Shape::Composite => json!({
            "name": "years", "resource": "years", "key": ["customer", "year"], "suppress": "hidden",
            "version": "year",
            "fields": {
                "customer": {"category": "user.unique_id", "class": "confidential",
                    "kind": "number", "identity": "customer", "anonymise": "surrogate"},
                "year": {"category": "system", "class": "internal", "kind": "number"},
                "filler": {"category": "system", "class": "internal"},
                "hidden": {"category": "system", "class": "internal", "kind": "number"}},
            "erasure": {"method": "anonymise", "reason": "r", "law": "l"}}),
    };
    engine::store(json!({"id": "crm", "kind": "sql", "connection": "crm",
        "owner": {"team": "t", "page": "p"}, "collections": [collection]}))
}

impl SqliteFile {
    pub async fn run(&self, sql: &str) {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql));
        statement.execute(&self.pool).await.expect("it runs");
    }
}

/// Everything that a column can hold, as an expression with a bound text, and how it must be shown.
fn whole() -> Vec<(&'static str, String, Datum)> {
    let bound = |text: &str| ("?", text.to_owned(), Datum::text(text));
    let is = |expression, datum| (expression, String::new(), datum);
    let number = |expression, text: &str| (expression, String::new(), Datum::number(text));
    let bytes = |bytes: &[u8]| Datum::Bytes(Bytes::new(bytes.to_vec()));
    vec![
        bound(""),
        bound("O'Brien \"; DROP TABLE people; --"),
        bound("a\0b\nc\u{202e}"),
        bound("👩‍👩‍👧 🏳️‍🌈"),
        bound("12345678901234567890123456789012345678"),
        bound(&"é".repeat(200 << 10)),
        is("nullif(1, 1)", Datum::Null),
        is("x'ff0080'", bytes(b"\xff\0\x80")),
        is("x''", bytes(b"")),
        is("CAST(x'61ff62' AS TEXT)", bytes(b"a\xffb")),
        is("zeroblob(409600)", bytes(&[0; 409_600])),
        number("-9223372036854775808", "-9223372036854775808"),
        number("9223372036854775807", "9223372036854775807"),
        number("0.1 + 0.2", "0.30000000000000004"),
        number("7.0", "7.0"),
        number("-1e300", "-1e300"),
        number("9e999", "9e999"),
    ]
}

#[async_trait]
impl Fixture for SqliteFile {
    fn connector(&self) -> Arc<dyn Connector> {
        self.sql.clone()
    }

    fn suppressor(&self) -> Option<Arc<dyn Suppressor>> {
        Some(self.sql.clone())
    }

    fn collector(&self) -> Arc<dyn Collector> {
        self.sql.clone()
    }

    fn walker(&self) -> Arc<dyn Walker> {
        self.sql.clone()
    }

    fn planter(&self) -> Option<Arc<dyn Planter>> {
        Some(self.sql.clone())
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn field(&self) -> &str {
        match self.shape {
            Shape::Composite => "customer",
            _ => "email",
        }
    }

    async fn plant(&self, who: &Value, count: usize, weight: usize) -> bool {
        let count = i64::try_from(count).expect("a count");
        let from = self.serial.fetch_add(count, Ordering::Relaxed);
        let numbers = "WITH RECURSIVE n(i) AS (VALUES (?2) UNION ALL SELECT i + 1 FROM n \
            WHERE i < ?2 + ?3 - 1)";
        let insert = match self.shape {
            Shape::Composite => {
                "INSERT INTO years (customer, year, total, filler) \
                SELECT CAST(?1 AS INTEGER), i, i * 0.5, substr(hex(zeroblob(?4)), 1, ?4) FROM n"
            }
            _ => {
                "INSERT INTO people (id, email, name, code, filler) \
                SELECT i, ?1, 'name ' || i, i * 7, substr(hex(zeroblob(?4)), 1, ?4) FROM n"
            }
        };
        let statement = format!("{numbers} {insert}");
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(who.expose().to_owned())
            .bind(from)
            .bind(count)
            .bind(i64::try_from(weight).expect("a weight"))
            .execute(&self.pool)
            .await;
        done.expect("it is planted");
        true
    }

    async fn plant_whole(&self, who: &Value) -> Vec<export::Row> {
        let table = self.collection().resource.clone();
        // A column without a type keeps every form.
        self.run(&format!("ALTER TABLE {table} ADD COLUMN [o'dd nàme]")).await;
        let mut rows = Vec::new();
        for (expression, text, datum) in whole() {
            let number = self.serial.load(Ordering::Relaxed);
            assert!(self.plant(who, 1, 0).await);
            let key = if self.shape == Shape::Composite { "year" } else { "id" };
            let update = format!(
                "UPDATE {table} SET [o'dd nàme] = {expression} WHERE {key} = {number} AND length(?) >= 0"
            );
            let update = sqlx::query(AssertSqlSafe(update)).bind(text.clone()).bind(text);
            update.execute(&self.pool).await.expect("it is written");
            let n = |number: i64| Datum::number(number.to_string());
            #[allow(clippy::cast_precision_loss, reason = "the numbers are small")]
            let half = format!("{:?}", number as f64 * 0.5);
            let own = match self.shape {
                Shape::Composite => vec![
                    ("customer", Datum::number(who.expose())),
                    ("year", n(number)),
                    ("total", Datum::number(half)),
                ],
                _ => vec![
                    ("id", n(number)),
                    ("email", Datum::text(who.expose())),
                    ("name", Datum::text(format!("name {number}"))),
                    ("code", n(number * 7)),
                ],
            };
            let rest = [("hidden", n(0)), ("filler", Datum::text("")), ("o'dd nàme", datum)];
            let fields = own.into_iter().chain(rest).map(|(name, datum)| (name.to_owned(), datum));
            let version = if self.shape == Shape::Composite { number } else { number * 7 };
            rows.push(export::Row {
                fields: fields.collect(),
                version: Some(version.to_string()),
                content: None,
            });
        }
        rows
    }

    async fn rows(&self) -> Vec<Row> {
        let (table, columns): (_, &[&str]) = match self.shape {
            Shape::Composite => ("years", &["customer", "year", "total", "hidden", "filler"]),
            _ => ("people", &["id", "email", "name", "code", "hidden", "filler"]),
        };
        let list: Vec<String> = columns.iter().map(|c| format!("CAST({c} AS TEXT)")).collect();
        let question = format!("SELECT {} FROM {table}", list.join(", "));
        let rows = sqlx::query(AssertSqlSafe(question)).fetch_all(&self.pool);
        let rows = rows.await.expect("rows");
        let collection = self.collection();
        let row = |row: &sqlx::sqlite::SqliteRow| {
            let fields: BTreeMap<String, String> = columns
                .iter()
                .enumerate()
                .filter_map(|(at, name)| {
                    let text: Option<String> = row.get(at);
                    Some(((*name).to_owned(), text?))
                })
                .collect();
            let value = |name: &str| {
                let text = fields.get(name).cloned().unwrap_or_default();
                Value::of(collection.fields[name].kind, &text)
            };
            let key = collection.key.iter();
            Row {
                key: key.map(|part| (part.clone(), value(part))).collect(),
                who: value(self.field()),
                fields,
            }
        };
        rows.iter().map(row).collect()
    }

    async fn reassign(&self, key: &RecordKey, to: &Value) -> bool {
        if self.shape == Shape::Composite {
            return false;
        }
        let done = sqlx::query("UPDATE people SET email = ? WHERE id = CAST(? AS INTEGER)")
            .bind(to.expose().to_owned())
            .bind(key["id"].expose().to_owned())
            .execute(&self.pool)
            .await;
        done.expect("it is given away").rows_affected() == 1
    }

    fn anonymising(&self) -> Option<Treatment> {
        let changes = match self.shape {
            Shape::Composite => {
                let surrogate = Value::of(FieldKind::Number, "4503599627370497");
                vec![("customer", Some(surrogate))]
            }
            _ => vec![
                ("email", Some(Value::Text(Personal::new("erased-0f'")))),
                ("name", None),
                ("code", None),
            ],
        };
        let changes = changes.into_iter().map(|(name, to)| (name.to_owned(), to));
        Some(Treatment::Anonymise(changes.collect()))
    }
}

testkit::conformance!(indexed, fresh(Shape::Indexed));
testkit::conformance!(logged, fresh(Shape::Logged));
testkit::conformance!(composite, fresh(Shape::Composite));

/// What was erased cannot be read from the database's files either.
#[tokio::test]
async fn erased_bytes_are_not_left_in_the_files() {
    for shape in [Shape::Indexed, Shape::Logged] {
        let file = fresh(shape).await;
        let scene = Scene::of(&file);
        let who = Value::Text(Personal::new("marked-person@example.com"));
        scene.plant(&who, 50).await;
        let is_written = || {
            ["", "-wal", "-journal"].iter().any(|end| {
                let path = format!("{}{end}", file.path.display());
                let bytes = std::fs::read(path).unwrap_or_default();
                bytes.windows(13).any(|part| part == b"marked-person")
            })
        };
        assert!(is_written());
        let found = scene.locate(&[who]).await;
        scene.erased(&found, &Treatment::Delete).await;
        assert!(!is_written(), "{shape:?}");
    }
}

/// A column that tells no cases apart finds a person however they are written, and once.
#[tokio::test]
async fn a_collation_is_followed() {
    let file = fresh(Shape::Indexed).await;
    file.run(
        "DROP TABLE people; CREATE TABLE people (id INTEGER PRIMARY KEY, \
        email TEXT COLLATE NOCASE, name TEXT, code INTEGER, hidden INTEGER, filler TEXT)",
    )
    .await;
    let text = |text: &str| Value::of(FieldKind::Text, text);
    let scene = Scene::of(&file);
    scene.plant(&text("Ann@Example.com"), 2).await;
    scene.plant(&text("bob@example.com"), 1).await;
    let ann = [text("ann@example.com"), text("ANN@example.com")];
    let found = scene.locate(&ann).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].via_value, text("Ann@Example.com"));
    assert_eq!(scene.confirm(&ann).await, 2);
    assert_eq!(scene.erased(&found, &Treatment::Delete).await.done, 2);
    assert_eq!(scene.confirm(&ann).await, 0);
    assert_eq!(scene.rows().await.len(), 1);
}
