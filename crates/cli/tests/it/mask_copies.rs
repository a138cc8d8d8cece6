//! `lacuna mask copy`: a copy for development of the music shop's database.

use std::fmt::Write as _;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use super::folder::{Folder, ended, resident};
use super::golden::check;
use super::machine::{Machine, Ran};

const CUSTOMERS: &str = include_str!("../../../../localstack/seed/customers.csv");
const INVOICES: &str = include_str!("../../../../localstack/seed/invoices.csv");

const SHOP: &str = "
PRAGMA user_version = 7;
CREATE TABLE Customer (CustomerId INTEGER PRIMARY KEY, FirstName TEXT NOT NULL, Email TEXT NOT NULL COLLATE NOCASE, Phone TEXT,
    Fax TEXT, Photo BLOB, Score REAL, Domain TEXT AS (substr(Email, instr(Email, '@') + 1)) VIRTUAL);
CREATE UNIQUE INDEX CustomerEmail ON Customer (Email);
CREATE TABLE Invoice (InvoiceId INTEGER PRIMARY KEY AUTOINCREMENT, CustomerId INTEGER NOT NULL REFERENCES Customer,
    Total REAL NOT NULL);
CREATE TABLE [Fan list] (CustomerId INTEGER, Artist TEXT, PRIMARY KEY (CustomerId, Artist),
    FOREIGN KEY (CustomerId) REFERENCES Customer (CustomerId)) WITHOUT ROWID;
CREATE VIRTUAL TABLE Search USING fts5(name);
CREATE VIEW Spent AS SELECT CustomerId, sum(Total) AS Total FROM Invoice GROUP BY CustomerId;
CREATE TRIGGER Found AFTER INSERT ON Customer BEGIN INSERT INTO Search (name) VALUES (new.FirstName); END;
";

const DECIDED: &str = "
tables:
  Customer:
    CustomerId: {what: number, field: customer}
    FirstName: redact
    Email: {what: token_shape, kind: email}
    Phone: {what: partial, kind: phone}
    Fax: text
    Photo: empty
    Score: keep
  Invoice: {InvoiceId: keep, CustomerId: {what: number, field: customer}, Total: keep}
  Fan list: {CustomerId: {what: number, field: customer}, Artist: keep}
  Search: empty
rules: {default: redact}
";

/// Runs in the middle of a test that is not asynchronous.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

pub async fn open(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).foreign_keys(false);
    SqliteConnection::connect_with(&options).await.expect("a database")
}

/// Runs statements.
pub fn sql(folder: &Folder, name: &str, statements: &str) {
    wait(async {
        let mut database = open(&folder.path(name)).await;
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut database).await.expect(statements);
        database.close().await.expect("its end");
    });
}

/// What a question is answered with: every row a line, its cells apart by bars.
pub fn ask(folder: &Folder, name: &str, question: &str) -> Vec<String> {
    wait(async {
        let mut database = open(&folder.path(name)).await;
        let rows = sqlx::query(AssertSqlSafe(question)).fetch_all(&mut database).await.expect(question);
        let cell = |row: &sqlx::sqlite::SqliteRow, at: usize| {
            row.try_get_unchecked::<Option<Vec<u8>>, _>(at).map_or_else(
                |_| row.try_get_unchecked::<f64, _>(at).expect("a number").to_string(),
                |text| {
                    text.map_or_else(|| "null".to_owned(), |text| String::from_utf8_lossy(&text).into_owned())
                },
            )
        };
        let line = |row| (0..sqlx::Row::len(row)).map(|at| cell(row, at)).collect::<Vec<_>>().join("|");
        rows.iter().map(line).collect()
    })
}

pub fn number(folder: &Folder, name: &str, question: &str) -> i64 {
    wait(async {
        let mut database = open(&folder.path(name)).await;
        let row = sqlx::query(AssertSqlSafe(question)).fetch_one(&mut database).await.expect(question);
        row.try_get(0).expect("a number")
    })
}

pub fn quoted(text: &str) -> String {
    if text.is_empty() { "NULL".to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// The music shop, and who is in it: addresses, numbers.
fn shop(name: &str) -> (Folder, Vec<String>) {
    let folder = Folder::with_key(name);
    let (mut statements, mut personal) = (format!("{SHOP}BEGIN;"), Vec::new());
    for row in csv::Reader::from_reader(CUSTOMERS.as_bytes()).records() {
        let row = row.expect("a customer");
        let [id, first, phone, fax, email] = [0, 1, 9, 10, 11].map(|at| row.get(at).expect("a column"));
        let _ = writeln!(
            statements,
            "INSERT INTO Customer VALUES ({id}, {}, {}, {}, {}, x'00ff', {id}.5);\n\
             INSERT INTO [Fan list] VALUES ({id}, 'Queen'), ({id}, 'Abba');",
            quoted(first),
            quoted(email),
            quoted(phone),
            quoted(fax),
        );
        // A name as short as `Eve` stands by chance in other places.
        let all = [first, phone, fax, email].into_iter().filter(|text| text.len() > 5);
        personal.extend(all.map(str::to_owned));
    }
    let mut invoices = csv::Reader::from_reader(INVOICES.as_bytes());
    let header = invoices.headers().expect("a header").clone();
    let place = |name: &str| header.iter().position(|column| column == name).expect("a column");
    for row in invoices.records() {
        let row = row.expect("an invoice");
        let [id, customer, total] =
            ["InvoiceId", "CustomerId", "Total"].map(|name| row.get(place(name)).expect("a column"));
        let _ = writeln!(statements, "INSERT INTO Invoice VALUES ({id}, {customer}, {total});");
    }
    sql(&folder, "shop.db", &format!("{statements}COMMIT; ANALYZE;"));
    folder.write("tables.yaml", DECIDED.as_bytes());
    (folder, personal)
}

/// How many of the texts are anywhere in a file.
pub fn in_it(file: &[u8], texts: &[String]) -> usize {
    let has = |text: &&String| file.windows(text.len()).any(|window| window == text.as_bytes());
    texts.iter().filter(has).count()
}

pub const COPY: &str = "mask copy --from shop.db --tables tables.yaml --key-file key --out dev.db";

#[test]
fn a_shop_s_database_still_joins_and_names_nobody() {
    let (folder, personal) = shop("mask-copy");
    let before = folder.read("shop.db");
    let ran = folder.run(None, COPY, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    check("mask-copy", &ran);
    assert!(folder.read("shop.db") == before);
    assert_eq!(folder.mode("dev.db"), 0o600);

    let same = |question: &str| {
        let was = ask(&folder, "shop.db", question);
        assert_eq!(ask(&folder, "dev.db", question), was, "{question}");
        assert!(!was.is_empty(), "{question}");
    };
    same("SELECT s.Total FROM Spent AS s JOIN Customer AS c USING (CustomerId) ORDER BY s.Total, c.Score");
    same(
        "SELECT c.Score, f.Artist FROM [Fan list] AS f JOIN Customer AS c USING (CustomerId) ORDER BY c.Score, f.Artist",
    );
    same("SELECT InvoiceId, Total FROM Invoice ORDER BY InvoiceId");
    same("SELECT Fax IS NULL, Phone IS NULL FROM Customer ORDER BY Score");
    same(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' AND name NOT LIKE 'Search_%' ORDER BY name",
    );
    same("SELECT user_version FROM pragma_user_version");
    assert_eq!(ask(&folder, "dev.db", "PRAGMA integrity_check"), ["ok"]);
    assert_eq!(ask(&folder, "dev.db", "PRAGMA foreign_key_check"), Vec::<String>::new());
    // A column that is computed is computed of what stands there now.
    assert_eq!(ask(&folder, "dev.db", "SELECT DISTINCT Domain FROM Customer"), ["masked.example"]);
    assert_eq!(number(&folder, "dev.db", "SELECT count(*) FROM Customer WHERE Photo IS NULL"), 59);
    assert_eq!(number(&folder, "dev.db", "SELECT count(DISTINCT CustomerId) FROM Customer"), 59);
    // What triggers do goes on, with an index that was empty.
    assert_eq!(number(&folder, "dev.db", "SELECT count(*) FROM Search"), 0);
    sql(
        &folder,
        "dev.db",
        "INSERT INTO Customer (CustomerId, FirstName, Email) VALUES (1, 'Ines', 'ines@example.com')",
    );
    assert_eq!(number(&folder, "dev.db", "SELECT count(*) FROM Search('Ines')"), 1);

    // Nothing is left anywhere in the file: neither in statistics nor in free pages.
    let (file, was) = (folder.read("dev.db"), folder.read("shop.db"));
    assert!(personal.len() > 120, "{}", personal.len());
    assert_eq!((in_it(&was, &personal), in_it(&file, &personal)), (personal.len(), 0));
    // Tomorrow's copy has the same tokens.
    folder.run(None, &COPY.replace("dev.db", "again.db"), b"");
    let emails = "SELECT Email FROM Customer WHERE Score IS NOT NULL ORDER BY Score";
    assert_eq!(ask(&folder, "again.db", emails), ask(&folder, "dev.db", emails));
}

#[test]
fn a_draft_shows_nothing_and_can_be_used_as_it_is() {
    let (folder, personal) = shop("mask-copy-draft");
    let ran = folder.run(None, "mask copy --from shop.db --draft", b"").text();
    check("mask-copy-draft", &ran);
    folder.write("tables.yaml", ran.out.as_bytes());
    let ran = folder.run(None, COPY, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let fans =
        "SELECT count(*) FROM [Fan list] JOIN Customer USING (CustomerId) JOIN Invoice USING (CustomerId)";
    assert_eq!(number(&folder, "dev.db", fans), number(&folder, "shop.db", fans));
    let file = folder.read("dev.db");
    assert_eq!(in_it(&file, &personal), 0);
    // An address has to differ from the others, so one text for all of them is refused.
    folder.write("tables.yaml", DECIDED.replace("{what: token_shape, kind: email}", "redact").as_bytes());
    let refused = folder.run(None, &COPY.replace("dev.db", "other.db"), b"").text();
    check("mask-copy-unique", &refused);
    assert!(!folder.names().iter().any(|name| name.contains("other") || name.contains("partial")));
}

#[test]
fn what_is_not_decided_on_is_refused_before_anything_is_written() {
    let (folder, _) = shop("mask-copy-refused");
    folder.write("some.db", b"not a database, though it is long enough to be one");
    folder.write("old.db-wal", b"");
    let write = |name: &str, yaml: &str| folder.write(name, yaml.as_bytes());
    write("open.yaml", "{tables: {Customer: {Email: redact}, Search: empty}}");
    write("names.yaml", "{tables: {customer: keep, Invoice: {total: keep}}, others: text}");
    write("virtual.yaml", "{tables: {Search: keep}, others: text}");
    write("columns.yaml", "{columns: {Email: redact}}");
    write("word.yaml", "{tables: {Customer: hide}}");
    write("hash.yaml", "{tables: {Customer: {Email: md5}}}");
    let names = folder.names();
    for (name, options) in [
        ("mask-copy-open", "--from shop.db --tables open.yaml --out dev.db"),
        ("mask-copy-names", "--from shop.db --tables names.yaml --out dev.db"),
        ("mask-copy-virtual", "--from shop.db --tables virtual.yaml --out dev.db"),
        ("mask-copy-columns", "--from shop.db --tables columns.yaml --out dev.db"),
        ("mask-copy-word", "--from shop.db --tables word.yaml --out dev.db"),
        ("mask-copy-hash", "--from shop.db --tables hash.yaml --out dev.db"),
        ("mask-copy-no-key", "--from shop.db --tables tables.yaml --out dev.db"),
        ("mask-copy-there", "--from shop.db --tables tables.yaml --key-file key --out shop.db"),
        ("mask-copy-beside", "--from shop.db --tables tables.yaml --key-file key --out old.db"),
        ("mask-copy-missing", "--from none.db --tables tables.yaml --out dev.db"),
        ("mask-copy-half", "--from shop.db --out dev.db"),
    ] {
        let ran = folder.run(None, &format!("mask copy {options}"), b"").text();
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}: {}", ran.err);
        check(name, &ran);
    }
    let ran = folder.run(None, "mask copy --from some.db --draft", b"").text();
    check("mask-copy-no-database", &ran);
    assert_eq!(folder.names(), names);
    check("help-mask-copy", &Machine::default().run("mask copy --help"));
}

#[test]
fn references_that_would_break_are_told_and_nothing_is_left() {
    let (folder, _) = shop("mask-copy-references");
    let names = folder.names();
    let other = DECIDED.replace(
        "Invoice: {InvoiceId: keep, CustomerId: {what: number, field: customer}",
        "Invoice: {InvoiceId: keep, CustomerId: {what: number, field: client}",
    );
    folder.write("tables.yaml", other.as_bytes());
    check("mask-copy-other-field", &folder.run(None, COPY, b"").text());
    assert_eq!(folder.names(), names);
    // Those that were broken before are as they were.
    sql(&folder, "shop.db", "PRAGMA foreign_keys = OFF; INSERT INTO Invoice VALUES (999, 999, 1.0)");
    folder.write("tables.yaml", DECIDED.as_bytes());
    let ran = folder.run(None, COPY, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    // Who leaves out a table or a reference has decided so, and is told.
    folder.write("tables.yaml", b"{tables: {Customer: empty, Search: empty}, others: text}");
    check("mask-copy-cut", &folder.run(None, &COPY.replace("dev.db", "few.db"), b"").text());
    let json = folder.run(None, &format!("{} --json", COPY.replace("dev.db", "json.db")), b"").text();
    check("mask-copy-json", &json);
    folder.write(
        "tables.yaml",
        b"{tables: {Customer: keep, Fan list: keep, Invoice: {InvoiceId: keep, Total: keep}}, others: empty}",
    );
    check("mask-copy-needed", &folder.run(None, &COPY.replace("dev.db", "column.db"), b"").text());
    let (_, ran) = made(
        "mask-copy-cut-column",
        "CREATE TABLE U (id INTEGER PRIMARY KEY); CREATE TABLE M (id, u REFERENCES U); INSERT INTO U VALUES (1); INSERT INTO M VALUES (1, 1)",
        "{tables: {U: keep, M: {id: keep, u: empty}}}",
    );
    check("mask-copy-cut-column", &ran);
}

/// Copies what the statements make; the folder, and what came of it.
pub fn made(name: &str, statements: &str, tables: &str) -> (Folder, Ran) {
    let folder = Folder::with_key(name);
    sql(&folder, "shop.db", statements);
    folder.write("tables.yaml", tables.as_bytes());
    let ran = folder.run(None, COPY, b"").text();
    (folder, ran)
}

#[test]
fn what_would_be_lost_in_silence_is_told() {
    let check_refused = |name: &str, statements: &str, tables: &str| {
        let (folder, ran) = made(name, statements, tables);
        check(name, &ran);
        assert_eq!(folder.names(), ["key", "shop.db", "tables.yaml"], "{name}");
        assert_ne!(ran.code, 0, "{name}");
    };
    // A table with no column is not decided on.
    check_refused("mask-copy-no-columns", "CREATE TABLE C (id, name)", "{tables: {C: {}}}");
    // One reference hides no other one to the same table, and one that is malformed hides none at all.
    check_refused(
        "mask-copy-two-references",
        "CREATE TABLE U (id TEXT PRIMARY KEY); CREATE TABLE M (s REFERENCES U, r REFERENCES U); INSERT INTO U VALUES ('a'), ('b');
         INSERT INTO M VALUES ('x', 'a'), ('y', 'b')",
        "{tables: {U: {id: token}, M: {s: empty, r: token}}}",
    );
    check_refused(
        "mask-copy-malformed",
        "CREATE TABLE A (code); CREATE TABLE B (id TEXT PRIMARY KEY); CREATE TABLE K (a REFERENCES A (code), b REFERENCES B);
         INSERT INTO A VALUES (1); INSERT INTO B VALUES ('b'); INSERT INTO K VALUES (1, 'b')",
        "{tables: {A: keep, B: {id: token}, K: {a: keep, b: {what: token, field: id, kind: email}}}}",
    );
    // To the database these are the same, and no token is.
    check_refused(
        "mask-copy-dangling",
        "CREATE TABLE U (id TEXT PRIMARY KEY COLLATE NOCASE); CREATE TABLE M (u REFERENCES U); INSERT INTO U VALUES ('Ann');
         INSERT INTO M VALUES ('ann')",
        "{tables: {U: {id: {what: token, field: u}}, M: {u: {what: token, field: u}}}}",
    );
    // Each is found in no other column.
    check_refused(
        "mask-copy-dangling-text",
        "CREATE TABLE U (phone TEXT PRIMARY KEY); CREATE TABLE M (caller REFERENCES U); INSERT INTO U VALUES ('2125550123');
         INSERT INTO M VALUES ('2125550123')",
        "{tables: {U: text, M: text}}",
    );
    check_refused(
        "mask-copy-check",
        "CREATE TABLE C (s TEXT CHECK (s IN ('a', 'b'))); INSERT INTO C VALUES ('a')",
        "{tables: {C: {s: redact}}}",
    );
    // Rows that a definition would drop.
    check_refused(
        "mask-copy-replaced",
        "CREATE TABLE C (email TEXT UNIQUE ON CONFLICT REPLACE); INSERT INTO C VALUES ('a'), ('b')",
        "{tables: {C: {email: redact}}}",
    );
    check_refused(
        "mask-copy-mismatch",
        "CREATE TABLE C (id INTEGER PRIMARY KEY); INSERT INTO C VALUES (1)",
        "{tables: {C: {id: redact}}}",
    );
    check_refused(
        "mask-copy-computed",
        "CREATE TABLE C (j TEXT, n AS (json_extract(j, '$.n')) STORED); INSERT INTO C (j) VALUES ('{}')",
        "{tables: {C: {j: redact}}}",
    );
    // A file that somebody else made: all of a definition would be run.
    check_refused(
        "mask-copy-crafted-name",
        "CREATE TABLE trigger (id); PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE TABLE trigger (id); CREATE TABLE leak AS SELECT 1; END' WHERE name = 'trigger'",
        "{tables: {trigger: keep}}",
    );
    check_refused(
        "mask-copy-index",
        "CREATE TABLE C (doc); CREATE INDEX i ON C (json_extract(doc, '$.a')); INSERT INTO C VALUES ('{}')",
        "{tables: {C: {doc: redact}}}",
    );
    check_refused(
        "mask-copy-crafted",
        "CREATE TABLE C (id); PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE TABLE C (id); ATTACH ''shop.db'' AS s; DELETE FROM s.C' WHERE name = 'C'",
        "{tables: {C: keep}}",
    );
}

#[test]
fn what_modules_make_is_told_from_what_only_looks_so() {
    let (folder, ran) = made(
        "mask-copy-shadow",
        "CREATE TABLE notes_content (id INTEGER PRIMARY KEY, body TEXT);
         CREATE VIRTUAL TABLE notes USING fts5(body, content='notes_content', content_rowid='id');
         CREATE TRIGGER added AFTER INSERT ON notes_content BEGIN INSERT INTO notes (rowid, body) VALUES (new.id, new.body); END;
         INSERT INTO notes_content VALUES (1, 'call ines@example.com');
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING vec0(a)');",
        "{tables: {notes_content: text, notes: empty, v: empty}}",
    );
    check("mask-copy-shadow", &ran);
    assert_eq!(ask(&folder, "dev.db", "SELECT body FROM notes_content"), ["call i***@example.com"]);
    sql(&folder, "dev.db", "INSERT INTO notes (notes) VALUES ('rebuild')");
    assert_eq!(number(&folder, "dev.db", "SELECT count(*) FROM notes('call')"), 1);
    check("mask-copy-shadow-draft", &folder.run(None, "mask copy --from shop.db --draft", b"").text());
}

#[test]
fn a_draft_fits_where_texts_are_not_taken() {
    let statements = "
        CREATE TABLE S (id INT PRIMARY KEY, sum REAL, photo BLOB, name TEXT, anything ANY) STRICT;
        CREATE TABLE U (email TEXT); CREATE UNIQUE INDEX i ON U (lower(email));
        CREATE TABLE G (email TEXT, small TEXT AS (lower(email)) UNIQUE);
        CREATE TABLE A (id INTEGER PRIMARY KEY REFERENCES B (id), code NUMERIC UNIQUE);
        CREATE TABLE B (id INTEGER PRIMARY KEY REFERENCES A (id), a INTEGER REFERENCES A (code));
        CREATE TABLE [del\u{7f}] (x, y DATE);
        INSERT INTO S VALUES (1, 2.5, x'00', 'Ines', 'Weber'); INSERT INTO U VALUES ('ines@example.com'), ('ida@example.com');
        INSERT INTO G VALUES ('ines@example.com'), ('ida@example.com');
        INSERT INTO A VALUES (1, 7); INSERT INTO B VALUES (1, 7); INSERT INTO [del\u{7f}] VALUES ('Ines', '1999-12-31');";
    let (folder, _) = made("mask-copy-draft-fits", statements, "{}");
    let draft = folder.run(None, "mask copy --from shop.db --draft", b"").text();
    check("mask-copy-draft-fits", &draft);
    folder.write("tables.yaml", draft.out.as_bytes());
    let ran = folder.run(None, COPY, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let joined = "SELECT count(*) FROM A JOIN B ON B.id = A.id AND B.a = A.code";
    assert_eq!(number(&folder, "dev.db", joined), 1);
    let file = folder.read("dev.db");
    assert_eq!(in_it(&file, &["Ines", "Weber", "example.com", "1999-12-31"].map(str::to_owned)), 0);
}

/// What nobody declared is joined by name, where one name alone can be meant.
#[test]
fn a_draft_keeps_what_is_joined_by_a_name() {
    let statements = "
        CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT UNIQUE);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, item_id INTEGER, total REAL);
        CREATE TABLE item (id INTEGER PRIMARY KEY); CREATE TABLE items (id INTEGER PRIMARY KEY);
        CREATE TABLE mails (OrdersId INTEGER, Email TEXT, id TEXT);
        INSERT INTO customers VALUES (7, 'ines@example.com'); INSERT INTO orders VALUES (9, 7, 1, 2.5);
        INSERT INTO mails VALUES (9, 'ines@example.com', 'x');";
    let (folder, _) = made("mask-copy-draft-names", statements, "{}");
    let draft = folder.run(None, "mask copy --from shop.db --draft", b"").text();
    check("mask-copy-draft-names", &draft);
    folder.write("tables.yaml", draft.out.as_bytes());
    let ran = folder.run(None, COPY, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let joined = "SELECT count(*) FROM customers AS c JOIN orders AS o ON o.customer_id = c.id
        JOIN mails AS m ON m.OrdersId = o.id AND m.Email = c.email";
    assert_eq!((number(&folder, "shop.db", joined), number(&folder, "dev.db", joined)), (1, 1));
    assert_eq!(in_it(&folder.read("dev.db"), &["ines@example.com".to_owned()]), 0);
}

#[test]
fn the_database_is_left_as_it_was() {
    let folder = Folder::with_key("mask-copy-log");
    sql(&folder, "shop.db", "PRAGMA journal_mode = WAL; CREATE TABLE T (a); INSERT INTO T VALUES (1)");
    // A name that could be taken for an address of another file.
    sql(&folder, "other.db", "CREATE TABLE Other (a)");
    std::fs::copy(folder.path("other.db"), folder.path("file:shop.db")).expect("a copy");
    folder.write("tables.yaml", b"tables: {T: keep}");
    let (names, before) = (folder.names(), folder.read("shop.db"));
    let draft = folder.run(None, "mask copy --from shop.db --draft", b"").text();
    assert_eq!((draft.code, draft.out.contains("  T:\n    a: redact\n")), (0, true), "{}", draft.out);
    assert_eq!(folder.names(), names);
    let ran = folder.run(None, COPY, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    folder.run(None, &COPY.replace("tables.yaml", "none.yaml").replace("dev", "no"), b"");
    std::fs::remove_file(folder.path("dev.db")).expect("the copy");
    assert_eq!(folder.names(), names);
    assert!(folder.read("shop.db") == before);
    // A log that somebody left would have to be changed to be read.
    std::fs::copy(folder.path("shop.db"), folder.path("left.db")).expect("a copy");
    folder.write("left.db-wal", b"");
    check("mask-copy-left", &folder.run(None, "mask copy --from left.db --draft", b"").text());
    // Nor is it changed through another name: the log stands beside the file that the name leads to.
    std::os::unix::fs::symlink("left.db", folder.path("link.db")).expect("a link");
    let (names, left) = (folder.names(), folder.read("left.db"));
    check("mask-copy-left-link", &folder.run(None, "mask copy --from link.db --draft", b"").text());
    assert_eq!((folder.names(), folder.read("left.db") == left), (names, true));
    let other = folder.run(None, "mask copy --from file:shop.db --draft", b"").text();
    assert!(other.out.contains("  Other:\n"), "{} {}", other.out, other.err);
}

#[test]
fn values_of_every_form_come_over() {
    let folder = Folder::with_key("mask-copy-values");
    sql(
        &folder,
        "shop.db",
        "CREATE TABLE T (a, b NOT NULL, c TEXT, d ANY);
             INSERT INTO T VALUES (1, 2, 'to john@example.com', 9.25), ('', x'00', cast(x'ff61' AS TEXT), x'ff'),
                (NULL, 'x', '', 4111111111111111), (-9223372036854775808, 1.5, 'order 1234567890', 9e999);
             CREATE TABLE S (n INTEGER) STRICT; INSERT INTO S VALUES (5);",
    );
    folder.write("tables.yaml", b"{tables: {T: {a: keep, b: empty, c: text, d: text}, S: text}}");
    let ran = folder.run(None, COPY, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let got = ask(
        &folder,
        "dev.db",
        "SELECT quote(a), quote(b), replace(c, cast(x'ff' AS TEXT), '?'), quote(d) FROM T",
    );
    assert_eq!(
        got,
        [
            "1|0|to j***@example.com|9.25".to_owned(),
            "''|X''|?a|NULL".to_owned(),
            "NULL|''||'************1111'".to_owned(),
            "-9223372036854775808|0.0|order 1234567890|9.0e+999".to_owned(),
        ]
    );
    // A table that takes numbers only says so.
    folder.write("tables.yaml", b"{tables: {T: keep, S: {n: redact}}}");
    let ran = folder.run(None, &COPY.replace("dev.db", "strict.db"), b"").text();
    check("mask-copy-strict", &ran);
}

/// Whoever stops it finds everything as it was: no copy, no half of one, and nothing beside the database.
#[test]
fn a_copy_that_is_stopped_leaves_nothing() {
    let folder = Folder::with_key("mask-copy-stopped");
    sql(
        &folder,
        "shop.db",
        "PRAGMA journal_mode = WAL; CREATE TABLE T (text TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)
         INSERT INTO T SELECT 'somebody' || i || '@example.com wrote ' || hex(zeroblob(100)) FROM n",
    );
    folder.write("tables.yaml", b"tables: {T: {text: text}}");
    let names = folder.names();
    let child = folder.lacuna(None, COPY).spawn().expect("a run");
    for left in (0..6_000).rev() {
        let draft = folder.names().into_iter().find(|name| name.ends_with(".partial"));
        if draft
            .is_some_and(|name| std::fs::metadata(folder.path(&name)).is_ok_and(|file| file.len() > 1 << 20))
        {
            break;
        }
        assert!(left > 0, "nothing is written");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let sent = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("a signal");
    assert!(sent.success());
    let ran = ended(child).text();
    assert_eq!((ran.code, ran.err.as_str()), (130, "Interrupted: nothing was written.\n"));
    assert_eq!(folder.names(), names);
}

#[cfg(target_os = "linux")]
#[test]
fn a_large_database_takes_less_than_64_mib() {
    let folder = Folder::with_key("mask-copy-memory");
    sql(
        &folder,
        "shop.db",
        "CREATE TABLE T (id INTEGER PRIMARY KEY, text TEXT, large BLOB);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
         INSERT INTO T SELECT i, 'somebody' || i || '@example.com wrote ' || hex(zeroblob(100)), zeroblob(100) FROM n;
         INSERT INTO T SELECT 400000 + id, 'x', zeroblob(3000000) FROM T WHERE id <= 40;",
    );
    folder.write("tables.yaml", b"{tables: {T: {id: number, text: text, large: keep}}}");
    let child = folder.lacuna(None, COPY).spawn().expect("a run");
    let mut highest = 0;
    for _ in 0..6_000 {
        let now = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        if !now.contains("VmHWM") {
            break;
        }
        highest = highest.max(resident(&child));
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let ran = ended(child).text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(folder.read("dev.db").len() > 80_000_000);
    assert!(highest > 0 && highest < 64 * 1024, "{highest} KiB");
    assert_eq!(
        number(&folder, "dev.db", "SELECT count(*) FROM T WHERE text LIKE 's***@example.com%'"),
        300_000
    );
}

/// A number of a database and the text of a table are one value: the same field, the same token.
#[test]
fn a_copy_joins_with_a_table_of_another_form() {
    let folder = Folder::with_key("mask-copy-joins");
    sql(
        &folder,
        "visits.db",
        "CREATE TABLE Visit (Person INTEGER, Shop INTEGER); INSERT INTO Visit VALUES (17, 17)",
    );
    let columns = "{Person: {what: number, field: person}, Shop: {what: token, field: shop}}";
    folder.write("tables.yaml", format!("tables: {{Visit: {columns}}}").as_bytes());
    folder.write("columns.yaml", format!("columns: {columns}").as_bytes());
    let line = "mask copy --from visits.db --tables tables.yaml --key-file key --out dev.db";
    let ran = folder.run(None, line, b"").text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let line = "mask table --columns columns.yaml --key-file key";
    let table = folder.run(None, line, b"Person,Shop\n17,17\n").text();
    let copied = ask(&folder, "dev.db", "SELECT CAST(Person AS TEXT) || ',' || Shop FROM Visit");
    assert!(copied[0].contains(",token_"), "{copied:?}");
    assert_eq!(table.out, format!("Person,Shop\n{}\n", copied[0]));
}
