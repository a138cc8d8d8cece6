//! `lacuna mask table`: copies for development of the music shop's tables.

use std::collections::BTreeMap;

use super::folder::{Folder, ended};
use super::golden::check;
use super::machine::{MARKED, Machine};

const CUSTOMERS: &str = include_str!("../../../../localstack/seed/customers.csv");
const INVOICES: &str = include_str!("../../../../localstack/seed/invoices.csv");

const OF_CUSTOMERS: &str = "
columns:
  CustomerId: {what: number, field: customer}
  FirstName: redact
  LastName: stars
  Company: empty
  Address: redact
  City: keep
  State: keep
  Country: keep
  PostalCode: {what: token_shape}
  Phone: {what: partial, kind: phone}
  Fax: text
  Email: {what: token_shape, kind: email}
  SupportRepId: keep
";

const OF_INVOICES: &str = "
columns:
  CustomerId: {what: number, field: customer}
  InvoiceId: keep
  InvoiceDate: keep
  Total: keep
others: empty
";

fn masked(folder: &Folder, columns: &str, table: &str, options: &str) -> String {
    folder.write("columns.yaml", columns.as_bytes());
    let line = format!("mask table --columns columns.yaml --key-file key{options}");
    let ran = folder.run(None, &line, table.as_bytes()).text();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{line}");
    ran.out
}

fn rows(table: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = csv::ReaderBuilder::new().from_reader(table.as_bytes());
    let rows = lines.deserialize();
    rows.map(|row| row.expect("a row")).collect()
}

/// What each customer's invoices come to, in cents, the smallest first.
fn spent(customers: &str, invoices: &str) -> Vec<u64> {
    let mut totals: BTreeMap<String, u64> =
        rows(customers).iter().map(|row| (row["CustomerId"].clone(), 0)).collect();
    for row in rows(invoices) {
        let cents = row["Total"].replace('.', "").parse::<u64>().expect("an amount");
        *totals.get_mut(&row["CustomerId"]).expect("the customer of the invoice") += cents;
    }
    let mut totals: Vec<u64> = totals.into_values().collect();
    totals.sort_unstable();
    totals
}

#[test]
fn a_shop_s_tables_still_join_and_name_nobody() {
    let folder = Folder::with_key("mask-tables");
    let customers = masked(&folder, OF_CUSTOMERS, CUSTOMERS, "");
    let invoices = masked(&folder, OF_INVOICES, INVOICES, "");
    assert_eq!(spent(&customers, &invoices), spent(CUSTOMERS, INVOICES));
    assert!(spent(CUSTOMERS, INVOICES)[0] > 0);
    let (before, after) = (rows(CUSTOMERS), rows(&customers));
    assert_eq!((before.len(), after.len()), (59, 59));
    for (person, row) in before.iter().zip(&after) {
        for column in ["CustomerId", "FirstName", "LastName", "Company", "Address", "Phone", "Fax", "Email"] {
            let value = &person[column];
            assert_ne!(value.is_empty(), &row[column] != value, "{column}");
        }
        for column in ["Address", "Phone", "Fax", "Email"] {
            assert!(person[column].is_empty() || !customers.contains(&person[column]), "{column}");
        }
        assert_eq!(row["City"], person["City"]);
        assert!(row["Email"].ends_with("@masked.example"));
        let end = |row: &BTreeMap<String, String>| row["Phone"].chars().rev().take(4).collect::<String>();
        assert_eq!(end(row).replace('*', ""), end(person).replace('*', ""));
    }
    let mut ids: Vec<&String> = after.iter().map(|row| &row["CustomerId"]).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 59);
    // Tomorrow's copy joins with today's, and another company's does not.
    assert_eq!(masked(&folder, OF_CUSTOMERS, CUSTOMERS, ""), customers);
    assert_ne!(masked(&folder, OF_CUSTOMERS, CUSTOMERS, " --tenant other"), customers);
}

#[test]
fn json_lines_stay_what_they_were_where_nothing_was_masked() {
    let folder = Folder::with_key("mask-json");
    let columns = "
columns:
  id: {what: number, field: customer}
  sum: keep
  raw: keep
  address.city: keep
  address.street: redact
  mail: {what: token, kind: email}
  notes: text
  gone: empty
  flags: text
";
    let table = concat!(
        r#"{"sum": 1.10, "id":17,"raw":{"a" :[1e400, 12345678901234567890]},"address":{"street":"Main St 1","city":"Oslo"}}"#,
        "\n\n",
        r#"{"id":"17","mail":["a@example.com","b@example.com",null],"notes":{"by":"cleo@example.com","n":4111111111111111,"dora@example.com":[true]}}"#,
        "\n",
        r#"{"gone":{"x":1},"flags":[false,7,"z"],"address":[{"street":""}]}"#,
    );
    let got = masked(&folder, columns, table, " --format jsonl");
    let lines: Vec<&str> = got.lines().collect();
    let id = lines[0].split("\"id\":").nth(1).and_then(|rest| rest.split(',').next()).expect("an id");
    assert_eq!(
        lines[0],
        format!(
            r#"{{"sum":1.10,"id":{id},"raw":{{"a" :[1e400, 12345678901234567890]}},"address":{{"street":"[masked]","city":"Oslo"}}}}"#
        )
    );
    assert_eq!(lines[1], "");
    assert!(lines[2].starts_with(&format!(r#"{{"id":"{id}","mail":["email_"#)), "{}", lines[2]);
    assert!(
        lines[2].ends_with(
            r#",null],"notes":{"by":"c***@example.com","n":"************1111","d***@example.com":[true]}}"#
        ),
        "{}",
        lines[2]
    );
    assert_eq!(lines[3], r#"{"gone":null,"flags":[false,7,"z"],"address":[{"street":""}]}"#);
    // The same person in a table of another form.
    let csv = masked(&folder, "columns: {customer: number}", "customer\n17\n", "");
    assert_eq!(csv, format!("customer\n{id}\n"));
}

#[test]
fn csv_as_it_comes() {
    let folder = Folder::with_key("mask-csv");
    let columns = "{columns: {a: text, b: keep}}";
    // A mark before the header, quotes, a line end within a value, semicolons, any bytes.
    let table = "\u{feff}a;b\r\n\"x;\"\"john@example.com\"\"\";\"1\n2\"\r\n;\r\n";
    let got = masked(&folder, columns, table, " --delimiter ;");
    assert_eq!(got, "a;b\n\"x;\"\"j***@example.com\"\"\";\"1\n2\"\n;\n");
    assert_eq!(masked(&folder, columns, "b,a", ""), "b,a\n");
    let ran = folder.run(None, "mask table --columns columns.yaml", b"a,b\n\xff,\xfe\n");
    assert_eq!((ran.code, ran.out), (0, b"a,b\n\xff,\xfe\n".to_vec()));
}

/// Values of one column, each in a line, and some of them empty.
#[test]
fn no_row_is_lost() {
    let folder = Folder::with_key("mask-rows");
    assert_eq!(masked(&folder, "columns: {a: redact}", "\na\n1\n\n2\n\n", ""), "a\n[masked]\n\n[masked]\n\n");
    assert_eq!(masked(&folder, "columns: {a: redact, b: keep}", "a,b\n\n1,2\n", ""), "a,b\n[masked],2\n");
    assert_eq!(masked(&folder, "columns: {a: empty}", "a\n1\n", ""), "a\n\"\"\n");
    assert_eq!(masked(&folder, "columns: {a: empty, b: keep}", "a,b\n\"1,2\",\"3\"\n", ""), "a,b\n,\"3\"\n");
}

/// To who reads it, an empty value in quotes is a text, and one without, or what the exporter writes for it, is none.
#[test]
fn what_is_no_value_stays_none() {
    let folder = Folder::with_key("mask-null");
    let columns = "columns: {a: redact, b: keep, c: {what: number, field: e}}";
    let table = "a,b,c\n\"\",\"\",\n,,\"\"\n\"x, y\",\"y\",\n";
    let expect = "a,b,c\n\"\",\"\",\n,,\"\"\n[masked],\"y\",\n";
    assert_eq!(masked(&folder, columns, table, ""), expect);
    let table = "a,b,c\n\\N,\\N,\\N\n\"\\N\",x,\\N\n";
    let expect = "a,b,c\n\\N,\\N,\\N\n[masked],x,\\N\n";
    assert_eq!(masked(&folder, columns, table, " --null \\N"), expect);
    assert_ne!(masked(&folder, columns, table, ""), expect);
    // Of what is left empty it cannot be seen what it was, nor whether it was anything.
    let table = "a,b\n1,x\n\\N,x\n\"\",x\n\"\\N\",x\n,x\n";
    let columns = "columns: {a: empty, b: keep}";
    assert_eq!(masked(&folder, columns, table, " --null \\N"), "a,b\n\\N,x\n\\N,x\n\\N,x\n\\N,x\n\\N,x\n");
    assert_eq!(masked(&folder, columns, table, ""), "a,b\n,x\n,x\n,x\n,x\n,x\n");
    for options in [" --null ,", " --null a\"b", " --null x --format jsonl"] {
        let ran = folder.run(None, &format!("mask table --columns columns.yaml{options}"), b"").text();
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.starts_with("error: --null: "), "{}", ran.err);
    }
}

/// A member that can be an object, an array, a value, or nothing.
#[test]
fn a_column_within_a_member_decides_where_there_is_one() {
    let folder = Folder::with_key("mask-nullable");
    let columns = "columns: {id: keep, address.city: redact, items.sku: redact}";
    let table = concat!(
        r#"{"id":1,"address":{"city":"Graz"},"items":[{"sku":"a"},null]}"#,
        "\n",
        r#"{"id":2,"address":null,"items":null}"#,
        "\n",
    );
    let expect = concat!(
        r#"{"id":1,"address":{"city":"[masked]"},"items":[{"sku":"[masked]"},null]}"#,
        "\n",
        r#"{"id":2,"address":null,"items":null}"#,
        "\n",
    );
    assert_eq!(masked(&folder, columns, table, " --format jsonl"), expect);
    // What is decided of the whole member does not show what is decided of its parts.
    let columns = "columns: {id: keep, address: keep, address.city: redact, items: empty, items.sku: redact}";
    assert_eq!(masked(&folder, columns, table, " --format jsonl"), expect);
    let table = r#"{"id":1,"address":"Graz","items":["a"]}"#.to_owned() + "\n" + table;
    let expect = r#"{"id":1,"address":"Graz","items":[null]}"#.to_owned() + "\n" + expect;
    assert_eq!(masked(&folder, columns, &table, " --format jsonl"), expect);
}

/// Without a header, the first line is somebody.
#[test]
fn names_that_are_somebodys_are_refused() {
    let folder = Folder::with_key("mask-names");
    let run = |columns: &str, table: &str| {
        folder.write("columns.yaml", columns.as_bytes());
        folder.run(None, "mask table --columns columns.yaml", table.as_bytes())
    };
    let table = "id,john@example.com\n1,x\n";
    for others in ["text", "empty"] {
        let ran = run(&format!("{{columns: {{id: keep}}, others: {others}}}"), table);
        assert_eq!((ran.code, ran.out.as_slice()), (2, &b""[..]));
        assert!(
            ran.err.contains("column 2 is personal data itself: is the line of names missing?"),
            "{}",
            ran.err
        );
        assert!(!ran.err.contains("john"), "{}", ran.err);
    }
    let named = "{columns: {id: keep, john@example.com: keep}}";
    assert_eq!(masked(&folder, named, table, ""), "id,john@example.com\n1,x\n");
    // What a rule of one's own finds in a name is masked.
    let columns = "{columns: {id: keep}, others: text, rules: {custom: [{name: staff, pattern: 'EMP-[0-9]{3}', mode: redact}]}}";
    assert_eq!(masked(&folder, columns, "id,EMP-123\n1,x\n", ""), "id,[staff]\n1,x\n");
}

#[test]
fn what_is_no_such_table_says_what_it_may_be() {
    let folder = Folder::with_key("mask-slips");
    let run = |columns: &str, table: &str| {
        folder.write("columns.yaml", columns.as_bytes());
        let ran = folder.run(None, "mask table --columns columns.yaml", table.as_bytes());
        assert_eq!((ran.code, ran.out.as_slice()), (2, &b""[..]), "{}", ran.err);
        ran.err
    };
    for table in [
        "{\"name\":\"Ines\"}\n",
        "{\"name\": \"Ines\", \"id\": 1}\n",
        "{\"name\":\"Ines\",\"city\":\"Graz\"}\n",
        "{}\n",
    ] {
        for columns in ["others: text", "columns: {name: redact, id: keep}"] {
            let said = run(columns, table);
            assert!(said.contains("Is it JSON lines? Then it is `--format jsonl`"), "{said}");
            assert!(!said.contains("Ines"), "{said}");
        }
    }
    assert_eq!(masked(&folder, "columns: {'{id}': keep}", "{id}\n1\n", ""), "{id}\n1\n");
    let columns = "columns: {id: keep, EMail: redact}";
    let said = run(columns, "id, email \n1,x\n");
    assert!(said.contains("no column EMail: its first line has the names. Column 2 is EMail but for capitals or blanks around it"), "{said}");
    let said = run(columns, "1,Ines\n2,Ole\n");
    assert!(
        said.contains(
            "no column EMail, id: its first line has the names; is that line missing, or a name misspelt?"
        ),
        "{said}"
    );
}

/// A column's name is the word before a number, a document in a value is read as one, and a name may be empty.
#[test]
fn text_is_read_where_it_stands() {
    let folder = Folder::with_key("mask-text");
    let table = "phone,note,order\n2125550123,\"{\"\"phone\"\":2125550123,\"\"m\"\":\"\"a\\t4111111111111111\"\"}\",2125550123\n";
    assert_eq!(
        masked(&folder, "others: text", table, ""),
        "phone,note,order\n******0123,\"{\"\"phone\"\":\"\"******0123\"\",\"\"m\"\":\"\"a\\t************1111\"\"}\",2125550123\n"
    );
    let table = concat!(
        r#"{"phone":2125550123,"order":2125550123,"mobile":["2125550123"],"doc":"{\"phone\":2125550123}"}"#,
        "\n",
        r#"{"contact":{"fax":"2125550123"},"notes":{"phone":2125550123,"order":2125550123}}"#,
        "\n",
    );
    assert_eq!(
        masked(&folder, "{columns: {notes: text}, others: text}", table, " --format jsonl"),
        concat!(
            r#"{"phone":"******0123","order":2125550123,"mobile":["******0123"],"doc":"{\"phone\":\"******0123\"}"}"#,
            "\n",
            r#"{"contact":{"fax":"******0123"},"notes":{"phone":"******0123","order":2125550123}}"#,
            "\n",
        )
    );
    // What is in a column is called what the column is.
    let table = "{\"mobile\":{\"number\":2125550123},\"order\":{\"number\":2125550123}}\n";
    assert_eq!(
        masked(&folder, "{columns: {mobile: text, order: text}}", table, " --format jsonl"),
        "{\"mobile\":{\"number\":\"******0123\"},\"order\":{\"number\":2125550123}}\n"
    );
    let table = "{\"\":{\"id\":\"Ines Weber\"},\"id\":1}\n";
    assert_eq!(
        masked(&folder, "{columns: {id: keep}, others: empty}", table, " --format jsonl"),
        "{\"\":{\"id\":null},\"id\":1}\n"
    );
}

#[test]
fn a_table_that_is_not_decided_on_is_refused_before_anything_is_written() {
    let folder = Folder::with_key("mask-undecided");
    folder.write("few.yaml", b"columns: {a: keep, b: redact}\n");
    folder.write("hash.yaml", b"columns: {a: sha256}\n");
    folder.write("token.yaml", b"columns: {a: {what: token, kind: email}}\n");
    folder.write("group.yaml", b"columns: {a: {what: partial, kind: national_id}}\n");
    folder.write("word.yaml", b"columns: {a: hide}\n");
    let marked_csv = format!("a,b,{MARKED},d\n1,2,3,4\n");
    let marked_json = format!("{{\"a\":1,\"in\":{{\"{MARKED}\":2}}}}\n");
    folder.write("key.yaml", format!("{MARKED}: {MARKED}\n").as_bytes());
    folder.write("twice.yaml", format!("columns: {{{MARKED}: keep, {MARKED}: keep}}\n").as_bytes());
    for (name, options, table) in [
        ("mask-table-open", "--columns few.yaml", "a,b,c,d\n1,2,3,4\n"),
        ("mask-table-headless", "--columns few.yaml", marked_csv.as_str()),
        ("mask-table-missing", "--columns few.yaml", "a,c\n1,2\n"),
        ("mask-table-empty", "--columns few.yaml", "\n"),
        ("mask-table-one-column", "--columns few.yaml --delimiter ;", "a,b\n1,2\n"),
        ("mask-table-json-open", "--columns few.yaml --format jsonl", marked_json.as_str()),
        ("mask-table-json-array", "--columns few.yaml --format jsonl", "[{\"a\":1,\"b\":2}]\n"),
        ("mask-table-json-pretty", "--columns few.yaml --format jsonl", "{\n  \"a\": 1\n}\n"),
        ("mask-table-group", "--columns group.yaml", ""),
        ("mask-table-json-number", "--columns few.yaml --format jsonl", "{\"a\":1,\"2125550123\":1}\n"),
        ("mask-table-file", "--columns key.yaml", ""),
        ("mask-table-file-twice", "--columns twice.yaml", ""),
        ("mask-table-hash", "--columns hash.yaml", ""),
        ("mask-table-no-key", "--columns token.yaml", ""),
        ("mask-table-word", "--columns word.yaml", ""),
        ("mask-table-delimiter", "--columns few.yaml --delimiter ab", ""),
    ] {
        let ran = folder.run(None, &format!("mask table {options}"), table.as_bytes()).text();
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}: {}", ran.err);
        assert!(!ran.err.contains(MARKED), "{}", ran.err);
        check(name, &ran);
    }
    check("help-mask-table", &Machine::default().run("mask table --help"));
}

#[test]
fn what_breaks_off_says_that_it_is_not_whole() {
    let folder = Folder::with_key("mask-broken");
    folder.write("columns.yaml", b"columns: {a: keep, b: redact}\n");
    folder.write("object.yaml", b"columns: {a: keep, b: redact, c.d: keep}\n");
    folder.write("misspelt.yaml", b"{columns: {a: keep, Emial: redact, c.d: keep}, others: text}\n");
    let ran = folder
        .run(None, "mask table --columns misspelt.yaml --format jsonl", b"{\"a\":1,\"c\":{\"e\":1}}\n")
        .text();
    assert_eq!((ran.code, ran.out.as_str()), (2, "{\"a\":1,\"c\":{\"e\":1}}\n"), "{}", ran.err);
    check("mask-table-json-misspelt", &ran);
    // Without a row nothing is known.
    let ran = folder.run(None, "mask table --columns misspelt.yaml --format jsonl", b"\n").text();
    assert_eq!((ran.code, ran.out.as_str()), (0, "\n"));
    for (name, options, table, written) in [
        (
            "mask-table-quote",
            "--columns columns.yaml",
            "b,a\nIda,1\nInes,\"1.10\nWeber,2.20\n",
            "b,a\n[masked],1\n",
        ),
        (
            "mask-table-quote-closed",
            "--columns columns.yaml",
            "b,a\nIda,1\nInes,\"1.10\nWeber,\"2.20\n",
            "b,a\n[masked],1\n",
        ),
        ("mask-table-ragged", "--columns columns.yaml", "a,b\n1,2\n3\n", "a,b\n1,[masked]\n"),
        (
            "mask-table-json-later",
            "--columns columns.yaml --format jsonl",
            "{\"a\":1,\"b\":2}\n{\"a\":1,\"c\":2}\n",
            "{\"a\":1,\"b\":\"[masked]\"}\n",
        ),
        ("mask-table-no-json", "--columns columns.yaml --format jsonl", "{\"a\":1}\n[1]\n", "{\"a\":1}\n"),
        (
            "mask-table-object",
            "--columns object.yaml --format jsonl",
            "{\"c\":{\"d\":1}}\n{\"b\":{}}\n",
            "{\"c\":{\"d\":1}}\n",
        ),
    ] {
        let ran = folder.run(None, &format!("mask table {options}"), table.as_bytes()).text();
        assert_eq!((ran.code, ran.out.as_str()), (1, written), "{name}: {}", ran.err);
        check(name, &ran);
    }
}

/// A quote that nobody closes is no reason to hold the rest of the file in memory.
#[cfg(target_os = "linux")]
#[test]
fn a_large_table_and_a_row_without_end_take_less_than_64_mib() {
    use std::io::{Read as _, Write as _};

    let folder = Folder::with_key("mask-table-memory");
    folder.write("columns.yaml", b"columns: {a: text, b: redact}\n");
    let run = |line: &str, begin: &str, piece: &str| {
        let mut child = folder.lacuna(None, line).spawn().expect("a run");
        let (mut input, mut output) =
            (child.stdin.take().expect("its input"), child.stdout.take().expect("its output"));
        let reading = std::thread::spawn(move || {
            let (mut count, mut buffer) = (0, vec![0; 1 << 16]);
            loop {
                match output.read(&mut buffer).expect("what was masked") {
                    0 => return count,
                    read => count += read,
                }
            }
        });
        let mut written = input.write_all(begin.as_bytes()).is_ok();
        for _ in 0..256 {
            written = written && input.write_all(piece.as_bytes()).is_ok();
        }
        // A process that has ended has no size.
        let highest = if written { super::folder::resident(&child) } else { 0 };
        drop(input);
        let count = reading.join().expect("a count");
        (ended(child).code, count, highest, written)
    };
    let rows = "write to john@example.com,2\n".repeat(1 << 15);
    let (code, count, highest, written) = run("mask table --columns columns.yaml", "a,b\n", &rows);
    assert_eq!((code, written), (0, true));
    assert_eq!(count, 4 + "write to j***@example.com,[masked]\n".len() * 256 * (1 << 15));
    assert!(highest < 64 * 1024, "resident: {highest} KiB");
    let (code, count, ..) = run("mask table --columns columns.yaml", "a,b\n1,\"", &"x".repeat(1 << 20));
    assert_eq!((code, count), (1, 4));
    let (code, count, ..) =
        run("mask table --columns columns.yaml --format jsonl", "{\"a\":\"", &"x".repeat(1 << 20));
    assert_eq!((code, count), (2, 0));
}

/// A value is a line of its own to rules of one's own, whatever its column is called.
#[test]
fn a_rule_for_a_whole_line_finds_whole_values() {
    let folder = Folder::with_key("mask-whole");
    let columns = "
columns: {id: text, note: text}
rules: {custom: [{name: badge, pattern: '^EMP-[0-9]{6}$', mode: redact}]}
";
    assert_eq!(
        masked(&folder, columns, "id,note\nEMP-123456,an EMP-123456\n", ""),
        "id,note\n[badge],an EMP-123456\n"
    );
    let lines = "{\"id\":\"EMP-123456\",\"note\":{\"of\":\"EMP-123456\",\"by\":\"an EMP-123456\"}}\n";
    assert_eq!(
        masked(&folder, columns, lines, " --format jsonl"),
        "{\"id\":\"[badge]\",\"note\":{\"of\":\"[badge]\",\"by\":\"an EMP-123456\"}}\n"
    );
}

/// Half of a surrogate pair is allowed in JSON, and is no character.
#[test]
fn half_a_character_is_read_as_one_that_nobody_knows() {
    let folder = Folder::with_key("mask-half");
    let columns = "{columns: {note: text, kept: keep, id: {what: token, field: id}}, others: text}";
    let line = concat!(
        r#"{"note":"\ud83d","kept":"\ud83d","\ude00":"to john@example.com \ud83d\ude00","a\ud83d":["\u00e9\ud83d"]}"#,
        "\n",
    );
    assert_eq!(
        masked(&folder, columns, &format!("{{\"id\":\"\"}}\n{line}"), " --format jsonl"),
        format!(
            "{{\"id\":\"\"}}\n{}",
            line.replace(r"john@example.com \ud83d\ude00", "j***@example.com \u{1F600}")
        )
    );
    let token = |value: &str| {
        let line = format!("{{\"note\":1,\"kept\":1,\"id\":\"{value}\"}}\n");
        masked(&folder, columns, &line, " --format jsonl")
    };
    assert_eq!(token(r"a\ud83d"), token("a\u{FFFD}"));
    assert_ne!(token(r"a\ud83d"), token("a"));
    // What is written anew is what was read.
    let named = masked(
        &folder,
        columns,
        "{\"note\":1,\"kept\":1,\"id\":\"\",\"john@example.com\\ud83d\":1}\n",
        " --format jsonl",
    );
    assert_eq!(named, "{\"note\":1,\"kept\":1,\"id\":\"\",\"j***@example.com\u{FFFD}\":1}\n");
}
