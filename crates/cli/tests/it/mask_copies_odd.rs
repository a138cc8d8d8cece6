//! `lacuna mask copy` of databases that somebody else made: crafted, broken, or with more in them than meets the eye.

use std::time::{Duration, Instant};

use sqlx::Connection as _;

use super::folder::Folder;
use super::golden::check;
use super::mask_copies::{COPY, ask, in_it, made, number, open, quoted, sql, wait};

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
}

/// By the form of what it leads to, and by no other.
#[test]
fn a_malformed_reference_is_compared_as_the_database_does_it() {
    let tables = "{tables: {A: {code: {what: token, field: a}}, M: {a: {what: token, field: a}}}}";
    let copied = |name: &str, from: &str, code: &str, a: &str| {
        let statements = format!(
            "CREATE TABLE A (code TEXT); CREATE TABLE M (a {from} REFERENCES A (code));
             INSERT INTO A VALUES ({code}); INSERT INTO M VALUES ({a})"
        );
        made(name, &statements, tables).1
    };
    // One text, and one token.
    let ran = copied("mask-copy-malformed-same", "INTEGER", "'1'", "1");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    // One number, but two texts: it led nowhere before.
    let ran = copied("mask-copy-malformed-number", "INTEGER", "'01'", "1");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    // One text, and a number of which a token is that of another text.
    let ran = copied("mask-copy-malformed-text", "REAL", "'1.0'", "1.0");
    assert!(ran.code == 1 && ran.err.contains("references from M to A"), "{}", ran.err);
}

/// Each row beside each would be ten thousand million, which takes SQLite minutes.
#[test]
fn many_rows_of_a_malformed_reference_are_compared_in_a_moment() {
    let began = Instant::now();
    let (_, ran) = made(
        "mask-copy-malformed-many",
        "CREATE TABLE A (code TEXT); CREATE TABLE M (a INTEGER REFERENCES A (code));
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000) INSERT INTO A SELECT i % 90000 FROM n;
         INSERT INTO M SELECT code FROM A; INSERT INTO M VALUES (99999999), (NULL)",
        "{tables: {A: keep, M: keep}}",
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}

#[test]
fn what_an_unknown_module_keeps_is_left_out_with_it() {
    let (folder, ran) = made(
        "mask-copy-unknown",
        "CREATE VIRTUAL TABLE notes USING fts5(body, tokenize = 'ascii'); INSERT INTO notes VALUES ('call ines@example.com');
         CREATE TABLE notes_content_own (body TEXT); INSERT INTO notes_content_own VALUES ('call ida@example.com');
         CREATE TRIGGER kept AFTER INSERT ON notes_content BEGIN SELECT 1; END;
         PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'ascii', 'icu') WHERE name = 'notes'",
        "{others: text}",
    );
    check("mask-copy-unknown", &ran);
    let file = folder.read("dev.db");
    assert_eq!(in_it(&file, &["ines", "ida"].map(str::to_owned)), 0);
    assert_eq!(ask(&folder, "dev.db", "SELECT body FROM notes_content_own"), ["call i***@example.com"]);
    let draft = folder.run(None, "mask copy --from shop.db --draft", b"").text();
    assert!(draft.out.contains("  notes_content: empty\n"), "{}", draft.out);
    assert!(draft.out.contains("  notes_content_own:\n"), "{}", draft.out);
}

#[test]
fn bytes_in_which_nothing_can_be_found_do_not_pass_as_text() {
    let wide = "6900400065007800610070006c0065002e0063006f006d00";
    let statements = format!(
        "CREATE TABLE T (id INTEGER PRIMARY KEY, a BLOB, b NOT NULL, c TEXT);
         INSERT INTO T VALUES (1, x'{wide}', x'{wide}', cast(x'{wide}' AS TEXT)), (2, x'ff', x'696e657340', 'ok'),
            (3, cast('ines@example.com' AS BLOB), cast('x' AS BLOB), 'to ines@example.com'), (4, NULL, x'00', '');"
    );
    let tables = "{tables: {T: {id: keep, a: text, b: text, c: text}}}";
    let (folder, ran) = made("mask-copy-bytes", &statements, tables);
    check("mask-copy-bytes", &ran);
    assert_eq!(
        ask(&folder, "dev.db", "SELECT quote(a), quote(b), quote(c) FROM T ORDER BY id"),
        [
            "NULL|X''|NULL",
            "NULL|X'696E657340'|'ok'",
            "X'692A2A2A406578616D706C652E636F6D'|X'78'|'to i***@example.com'",
            "NULL|X''|''",
        ]
    );
    let json = folder.run(None, &format!("{} --json", COPY.replace("dev.db", "json.db")), b"").text();
    check("mask-copy-bytes-json", &json);
}

/// What is left empty on both sides would be told as values that are gone, and not as references.
#[test]
fn bytes_that_are_referred_to_are_not_left_empty() {
    let keys = "CREATE TABLE K (id BLOB UNIQUE, name TEXT); CREATE TABLE L (k BLOB REFERENCES K (id));
         INSERT INTO K VALUES (x'ff00', 'Ines'), (x'ff01', 'Ida'); INSERT INTO L VALUES (x'ff00'), (x'ff01')";
    let (folder, ran) = made("mask-copy-text-keys", keys, "{others: text}");
    check("mask-copy-text-keys", &ran);
    assert_eq!(folder.names(), ["key", "shop.db", "tables.yaml"]);
    // Where no row may be without one it is the empty value, which no two may have.
    let needed = keys.replace("BLOB UNIQUE", "BLOB PRIMARY KEY");
    let (folder, ran) = made("mask-copy-text-keys-needed", &needed, "{tables: {K: text, L: text}}");
    assert!(ran.code == 1 && ran.err.contains("K.id: `text` leaves"), "{}", ran.err);
    assert_eq!(folder.names(), ["key", "shop.db", "tables.yaml"]);
    // What it says to write, and keys of bytes that are text.
    for tables in [
        "{tables: {K: {id: {what: token, field: k}, name: text}, L: {k: {what: token, field: k}}}}",
        "{tables: {K: {id: keep, name: text}, L: keep}}",
    ] {
        let (folder, ran) = made("mask-copy-text-keys-said", keys, tables);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{tables}");
        assert_eq!(number(&folder, "dev.db", "SELECT count(*) FROM K JOIN L ON L.k = K.id"), 2, "{tables}");
    }
    let (folder, ran) =
        made("mask-copy-text-keys-read", &keys.replace("x'ff0", "x'4142434"), "{others: text}");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(number(&folder, "dev.db", "SELECT count(*) FROM K JOIN L ON L.k = K.id"), 2);
}

#[test]
fn keys_of_bytes_stay_bytes() {
    let (folder, _) = made(
        "mask-copy-blob-keys",
        "CREATE TABLE K (id BLOB PRIMARY KEY, r REAL UNIQUE) STRICT; CREATE TABLE L (k BLOB REFERENCES K, r REAL REFERENCES K (r));
         INSERT INTO K VALUES (x'ff00', 1.5), (x'ff01', 2.5); INSERT INTO L VALUES (x'ff00', 1.5), (x'ff01', 2.5), (NULL, NULL)",
        "{}",
    );
    let draft = folder.run(None, "mask copy --from shop.db --draft", b"").text();
    folder.write("tables.yaml", draft.out.as_bytes());
    let ran = folder.run(None, COPY, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", draft.out);
    let joined = "SELECT count(*) FROM K JOIN L ON L.k = K.id AND L.r = K.r";
    assert_eq!(number(&folder, "dev.db", joined), 2);
    assert_eq!(number(&folder, "dev.db", "SELECT count(DISTINCT id) FROM K WHERE typeof(id) = 'blob'"), 2);
}

#[test]
fn a_number_is_called_what_its_column_is_called() {
    let (folder, ran) = made(
        "mask-copy-called",
        "CREATE TABLE Phone (id TEXT, phone TEXT); INSERT INTO Phone VALUES ('2125550123', '2125550123');
         CREATE TABLE Other (id TEXT PRIMARY KEY); INSERT INTO Other VALUES ('2125550123')",
        "{tables: {Phone: text, Other: {id: token}}}",
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ask(&folder, "dev.db", "SELECT id, phone FROM Phone"), ["2125550123|******0123"]);
}

/// The log is there for as long as the database is read, whatever comes of it.
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
        // A folder that is there, and in which nobody can make a file.
        let ran = folder.run(None, &COPY.replace("dev.db", "/proc/dev.db"), b"").text();
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert_eq!(folder.names(), ["key", "shop.db", "tables.yaml"], "{again}");
        sql(&folder, "shop.db", "DELETE FROM C");
    }
}

/// Of a log that somebody left over with its index, only that is written: which part of the log counts.
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

#[test]
fn what_is_kept_is_kept_as_it_was() {
    let (folder, ran) = made(
        "mask-copy-kept",
        "CREATE TABLE note (body); INSERT INTO note VALUES ('a'), ('b'), ('c'); DELETE FROM note WHERE body = 'a';
         CREATE TABLE tag (note_rowid, body); INSERT INTO tag VALUES (2, 'b'), (3, 'c');
         CREATE TABLE name (text TEXT PRIMARY KEY, mail TEXT); INSERT INTO name VALUES
            (cast(x'4df86c' AS TEXT), cast(x'f8206a6f686e406578616d706c652e636f6d' AS TEXT)), (cast(x'4de46c' AS TEXT), 'none');",
        "{tables: {note: keep, tag: keep, name: {text: {what: token, field: n}, mail: text}}}",
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let joined = "SELECT count(*) FROM note JOIN tag ON tag.note_rowid = note.rowid AND tag.body = note.body";
    assert_eq!(number(&folder, "dev.db", joined), 2);
    // Texts of other bytes differ still, and what is in them is found.
    assert_eq!(number(&folder, "dev.db", "SELECT count(DISTINCT text) FROM name"), 2);
    let mail = "SELECT replace(mail, cast(x'f8' AS TEXT), '?') FROM name ORDER BY mail = 'none'";
    assert_eq!(ask(&folder, "dev.db", mail), ["? j***@example.com", "none"]);
    sql(&folder, "empty.db", "CREATE TABLE gone (x); DROP TABLE gone");
    let draft = folder.run(None, "mask copy --from empty.db --draft", b"").text();
    folder.write("tables.yaml", draft.out.as_bytes());
    let ran = folder.run(None, "mask copy --from empty.db --tables tables.yaml --out none.db", b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", draft.out);
    let ran = folder.run(None, "mask copy --from empty.db --tables tables.yaml --out -", b"").text();
    assert_eq!((ran.code, ran.err.contains("a database is no stream")), (2, true), "{}", ran.err);
}

/// Tables whose keys are another one's: of its lines, and one for each of its rows.
#[test]
fn a_draft_joins_keys_that_are_another_tables() {
    let statements = "
        CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL);
        CREATE TABLE order_items (order_id INTEGER, line INTEGER, PRIMARY KEY (order_id, line));
        CREATE TABLE shipments (order_id INTEGER, at TEXT);
        CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE profiles (user_id INTEGER PRIMARY KEY);
        CREATE TABLE visits (user_id INTEGER);
        INSERT INTO orders VALUES (9, 2.5); INSERT INTO order_items VALUES (9, 1); INSERT INTO shipments VALUES (9, 'x');
        INSERT INTO users VALUES (7); INSERT INTO profiles VALUES (7); INSERT INTO visits VALUES (7);";
    let (folder, _) = made("mask-copy-draft-keys", statements, "{}");
    let draft = folder.run(None, "mask copy --from shop.db --draft", b"").text();
    folder.write("tables.yaml", draft.out.as_bytes());
    let ran = folder.run(None, COPY, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", draft.out);
    for joined in [
        "SELECT count(*) FROM orders AS o JOIN order_items AS i ON i.order_id = o.id JOIN shipments AS s ON s.order_id = i.order_id",
        "SELECT count(*) FROM users AS u JOIN profiles AS p ON p.user_id = u.id JOIN visits AS v ON v.user_id = u.id",
    ] {
        assert_eq!(
            (number(&folder, "shop.db", joined), number(&folder, "dev.db", joined)),
            (1, 1),
            "{}",
            draft.out
        );
    }
}
