//! Copying a database: of one moment, and as it is where nothing is changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use connectors::sql::copy::{Change, CopyError, Progress, Source, Value};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

/// Changes nothing.
struct Same;

impl Change for Same {
    fn takes(&self, _: usize) -> bool {
        true
    }

    fn keeps(&self, _: usize) -> bool {
        true
    }

    fn change(&mut self, _: usize, _: usize, value: Value) -> Value {
        value
    }
}

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

async fn open(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).foreign_keys(false);
    SqliteConnection::connect_with(&options).await.expect("a database")
}

async fn run(database: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(database).await.expect(sql);
}

async fn copy(source: Source, into: &Path) -> Result<Vec<u64>, CopyError> {
    std::fs::File::create(into).expect("a file");
    let (read, stop) = (AtomicU64::new(0), Arc::default());
    source.copy(into, &mut Same, &Progress { read: &read, stop: &stop }).await
}

#[tokio::test]
async fn a_copy_is_of_the_moment_in_which_it_began() {
    let folder = folder("copy-moment");
    let mut database = open(&folder.join("shop.db")).await;
    run(
        &mut database,
        "PRAGMA journal_mode = WAL; CREATE TABLE customers (id INTEGER PRIMARY KEY);
         CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer REFERENCES customers);
         INSERT INTO customers VALUES (1); INSERT INTO invoices VALUES (1, 1)",
    )
    .await;
    let source = Source::open(&folder.join("shop.db")).await.expect("a source");
    run(
        &mut database,
        "INSERT INTO customers VALUES (2); INSERT INTO invoices VALUES (2, 2); DROP TABLE invoices",
    )
    .await;
    assert_eq!(copy(source, &folder.join("dev.db")).await, Ok(vec![1, 1]));
}

#[tokio::test]
async fn what_is_not_changed_is_the_same() {
    let folder = folder("copy-same");
    let mut database = open(&folder.join("shop.db")).await;
    run(
        &mut database,
        "PRAGMA user_version = 4; PRAGMA application_id = 5;
         CREATE TABLE \"a ]\"\" b\" (\"x ]\" TEXT, [y \"] ANY, z AS ([y \"] || 'z') STORED) ;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO \"a ]\"\" b\" SELECT CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN 'text' || char(0) || i ELSE '' END,
            CASE i % 5 WHEN 0 THEN i WHEN 1 THEN i / 7.0 WHEN 2 THEN randomblob(i % 40) WHEN 3 THEN -9e999 ELSE NULL END FROM n;
         CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, other REFERENCES t);
         INSERT INTO t VALUES (7, NULL), (9, 7), (12, 99);
         CREATE INDEX i ON t (other) WHERE other > 3;",
    )
    .await;
    let source = Source::open(&folder.join("shop.db")).await.expect("a source");
    let names: Vec<_> = source.tables().iter().map(|table| table.name.clone()).collect();
    assert_eq!(names, ["a ]\" b", "t"]);
    // A reference that led nowhere before may do so still.
    assert_eq!(copy(source, &folder.join("dev.db")).await, Ok(vec![5000, 3]));
    let attach = format!("ATTACH '{}' AS dev", folder.join("dev.db").display());
    run(&mut database, &attach).await;
    for (what, question) in [
        (
            "rows",
            "SELECT count(*) FROM (SELECT * FROM main.\"a ]\"\" b\" EXCEPT SELECT * FROM dev.\"a ]\"\" b\")",
        ),
        ("ids", "SELECT count(*) FROM (SELECT * FROM main.t EXCEPT SELECT * FROM dev.t)"),
        (
            "definitions",
            "SELECT count(*) FROM (SELECT type, name, sql FROM main.sqlite_schema EXCEPT SELECT type, name, sql FROM dev.sqlite_schema)",
        ),
    ] {
        let row = sqlx::query(question).fetch_one(&mut database).await.expect(what);
        assert_eq!(row.try_get::<i64, _>(0).expect(what), 0, "{what}");
    }
    for (question, expect) in [("PRAGMA dev.user_version", 4), ("PRAGMA dev.application_id", 5)] {
        let row = sqlx::query(question).fetch_one(&mut database).await.expect(question);
        assert_eq!(row.try_get::<i64, _>(0).expect(question), expect, "{question}");
    }
}

#[tokio::test]
async fn rows_keep_their_numbers_and_texts_their_bytes() {
    let folder = folder("copy-numbers");
    let mut database = open(&folder.join("shop.db")).await;
    run(
        &mut database,
        "CREATE TABLE note (body); INSERT INTO note VALUES ('a'), ('b'), ('c'); DELETE FROM note WHERE body = 'a';
         CREATE TABLE odd (rowid TEXT, _ROWID_ AS (rowid), body); INSERT INTO odd VALUES ('x', 'a'), ('y', 'b');
         DELETE FROM odd WHERE body = 'a';
         CREATE TABLE taken (rowid, _rowid_, oid); INSERT INTO taken VALUES (7, 7, 7);
         CREATE TABLE none (a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO none VALUES (1, 2);
         CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, x); INSERT INTO counted (x) VALUES (1), (2), (3);
         DELETE FROM counted WHERE x > 1;
         CREATE TABLE latin (name TEXT UNIQUE); INSERT INTO latin VALUES (CAST(x'4df8' AS TEXT)), (CAST(x'4de4' AS TEXT)), ('Mø')",
    )
    .await;
    let source = Source::open(&folder.join("shop.db")).await.expect("a source");
    copy(source, &folder.join("dev.db")).await.expect("a copy");
    let mut dev = open(&folder.join("dev.db")).await;
    for (question, expect) in [
        ("SELECT group_concat(rowid || body) FROM note", "2b,3c"),
        ("SELECT group_concat(oid || rowid) FROM odd", "2y"),
        ("SELECT rowid || oid FROM taken", "77"),
        ("SELECT a || b FROM none", "12"),
        ("SELECT name || seq FROM sqlite_sequence", "counted3"),
        ("SELECT group_concat(hex(name) || typeof(name)) FROM latin", "4DF8text,4DE4text,4DC3B8text"),
    ] {
        let row = sqlx::query(question).fetch_one(&mut dev).await.expect(question);
        assert_eq!(row.try_get::<String, _>(0).expect(question), expect, "{question}");
    }
}

#[tokio::test]
async fn texts_in_another_encoding_are_refused() {
    let folder = folder("copy-encoding");
    run(&mut open(&folder.join("shop.db")).await, "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (x)").await;
    assert_eq!(Source::open(&folder.join("shop.db")).await.err(), Some(CopyError::Encoding));
    std::fs::write(folder.join("none.db"), "x".repeat(200)).expect("a file");
    let error = Source::open(&folder.join("none.db")).await.err();
    assert_eq!(error, Some(CopyError::Unread("it is no SQLite database".to_owned())));
}

/// Wants no more of it when it has seen the last table's row.
struct Last(Arc<AtomicBool>);

impl Change for Last {
    fn takes(&self, _: usize) -> bool {
        true
    }

    fn keeps(&self, _: usize) -> bool {
        false
    }

    fn change(&mut self, table: usize, _: usize, value: Value) -> Value {
        self.0.fetch_or(table == 1, Ordering::Relaxed);
        value
    }
}

/// What takes long when all rows are there is broken off, and the database is closed: nothing is left beside it.
#[tokio::test]
async fn a_copy_stops_when_all_rows_are_there_too() {
    for (name, made) in [
        ("copy-stops-index", "CREATE INDEX i ON t (other)"),
        ("copy-stops-references", "CREATE VIEW v AS SELECT 1"),
    ] {
        let folder = folder(name);
        let mut database = open(&folder.join("shop.db")).await;
        let rows = "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, other REFERENCES t); CREATE TABLE last (id);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO t SELECT i, i FROM n;
            INSERT INTO last VALUES (1);";
        // Without references only the index is left to be broken off.
        let rows =
            if name == "copy-stops-index" { rows.replace(" REFERENCES t", "") } else { rows.to_owned() };
        run(&mut database, &format!("{rows} {made}")).await;
        database.close().await.expect("its end");
        let source = Source::open(&folder.join("shop.db")).await.expect("a source");
        std::fs::File::create(folder.join("dev.db")).expect("a file");
        let (read, stop) = (AtomicU64::new(0), Arc::<AtomicBool>::default());
        let progress = Progress { read: &read, stop: &stop };
        let copied = source.copy(&folder.join("dev.db"), &mut Last(Arc::clone(&stop)), &progress).await;
        assert_eq!(copied, Err(CopyError::Stopped), "{name}");
        for end in ["-wal", "-shm"] {
            assert!(!folder.join(format!("shop.db{end}")).exists(), "{name} {end}");
        }
    }
}
