//! `lacuna mask copy` of databases that somebody else made: crafted, broken, or with more in them than meets the eye.

use sqlx::Connection as _;

use super::folder::Folder;
use super::golden::check;
use super::mask_copies::{COPY, made, number, open, quoted, sql, wait};

/// Puts something into a database as its definition, which SQLite itself would not write.
fn crafted(kind: &str, name: &str, definition: &str) -> String {
    // A character that no literal can have is written as its number.
    let literal =
        quoted(definition).replace('\0', "' || char(0) || '").replace('\u{feff}', "' || char(65279) || '");
    let table = if kind == "trigger" { "C" } else { name };
    format!(
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = '{name}';
         INSERT INTO sqlite_schema VALUES ('{kind}', '{name}', '{table}', {}, {literal});",
        if name == "C" { "2" } else { "0" },
    )
}

#[test]
fn nothing_is_run_that_a_definition_only_has_behind_it() {
    let check_refused = |name: &str, kind: &str, made_as: &str, definition: &str| {
        let statements = format!(
            "CREATE TABLE C (id); INSERT INTO C VALUES ('Ines'); {}",
            crafted(kind, made_as, definition)
        );
        let (folder, ran) = made(name, &statements, "{tables: {C: {id: redact}}, others: empty}");
        check(name, &ran);
        assert_eq!(folder.names(), ["key", "shop.db", "tables.yaml"], "{name}");
    };
    // SQLite takes a byte order mark for white space, but only where a word would begin.
    check_refused(
        "mask-copy-mark",
        "trigger",
        "v",
        "CREATE TRIGGER v AFTER INSERT ON C BEGIN SELECT 1;\u{feff}END; ATTACH 'shop.db' AS o; DELETE FROM main.C; \
         INSERT INTO main.C SELECT * FROM o.C; CREATE TRIGGER w AFTER INSERT ON C BEGIN SELECT 1; END",
    );
    // And a vertical tab, but only behind other white space.
    check_refused(
        "mask-copy-tab",
        "trigger",
        "v",
        "CREATE TRIGGER v AFTER INSERT ON C BEGIN SELECT 1; \u{b}END; ATTACH 'shop.db' AS o; DELETE FROM main.C; \
         INSERT INTO main.C SELECT * FROM o.C; CREATE TRIGGER w AFTER INSERT ON C BEGIN SELECT 1; END",
    );
    // A parameter can have a quote in it.
    check_refused(
        "mask-copy-parameter",
        "table",
        "v",
        "CREATE VIRTUAL TABLE v USING fts4(a, $x(')); CREATE TABLE leak AS SELECT 1; --')",
    );
    // What is prepared of it never comes to an end.
    check_refused("mask-copy-nul", "table", "C", "CREATE TABLE C (id)\0x");
}

#[test]
fn a_malformed_reference_hides_no_other_one() {
    // To the database these are the same, and no token is.
    let (folder, ran) = made(
        "mask-copy-malformed-beside",
        "CREATE TABLE A (code); CREATE TABLE U (id TEXT PRIMARY KEY COLLATE NOCASE); CREATE TABLE M (u REFERENCES U, a REFERENCES A (code));
         INSERT INTO A VALUES (1); INSERT INTO U VALUES ('Ann'); INSERT INTO M VALUES ('ann', 1)",
        "{tables: {A: keep, U: {id: {what: token, field: u}}, M: {a: keep, u: {what: token, field: u}}}}",
    );
    check("mask-copy-malformed-beside", &ran);
    assert_eq!(folder.names(), ["key", "shop.db", "tables.yaml"]);
    // Many rows that refer to many are compared in a moment, and a number with a text as the database does it.
    let (_, ran) = made(
        "mask-copy-malformed-many",
        "CREATE TABLE A (code TEXT); CREATE TABLE M (a INTEGER REFERENCES A (code));
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) INSERT INTO A SELECT i % 30000 FROM n;
         INSERT INTO M SELECT code FROM A; INSERT INTO M VALUES (99999999), (NULL)",
        "{tables: {A: keep, M: keep}}",
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn a_copy_that_fails_leaves_no_log() {
    let statements = "PRAGMA journal_mode = WAL; CREATE TABLE C (id); INSERT INTO C VALUES (1);";
    for again in 0..8 {
        let crafted = crafted("table", "C", "CREATE TABLE C (id); SELECT 1");
        let (folder, ran) =
            made("mask-copy-crafted-log", &format!("{statements} {crafted}"), "{tables: {C: keep}}");
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert_eq!(folder.names(), ["key", "shop.db", "tables.yaml"], "{again}");
        let (folder, _) = made("mask-copy-nowhere-log", statements, "{}");
        folder.write("tables.yaml", b"{tables: {C: keep}}");
        let ran = folder.run(None, &COPY.replace("dev.db", "none/dev.db"), b"").text();
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert_eq!(folder.names(), ["key", "shop.db", "tables.yaml"], "{again}");
        sql(&folder, "shop.db", "DELETE FROM C");
    }
}

#[test]
fn a_log_that_was_left_over_whole_is_read_and_stays() {
    let folder = Folder::with_key("mask-copy-left-whole");
    sql(&folder, "shop.db", "PRAGMA journal_mode = WAL; CREATE TABLE C (id)");
    wait(async {
        let mut database = open(&folder.path("shop.db")).await;
        sqlx::raw_sql("INSERT INTO C VALUES (1)").execute(&mut database).await.expect("a row");
        for end in ["", "-wal", "-shm"] {
            let (from, to) = (format!("shop.db{end}"), format!("left.db{end}"));
            std::fs::copy(folder.path(&from), folder.path(&to)).expect("a copy");
        }
        database.close().await.expect("its end");
    });
    folder.write("tables.yaml", b"{tables: {C: keep}}");
    let before = (folder.names(), folder.read("left.db"), folder.read("left.db-wal"));
    let ran = folder.run(None, &COPY.replace("shop.db", "left.db"), b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(number(&folder, "dev.db", "SELECT count(*) FROM C"), 1);
    std::fs::remove_file(folder.path("dev.db")).expect("the copy");
    assert!((folder.names(), folder.read("left.db"), folder.read("left.db-wal")) == before);
}
