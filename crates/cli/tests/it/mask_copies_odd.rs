//! `lacuna mask copy` of databases that somebody else made: crafted, broken, or with more in them than meets the eye.

use super::golden::check;
use super::mask_copies::{made, quoted};

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
