//! Whatever a store has, readers of other makes read the same out of each format.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::export::{Bytes, Datum, Format, Row};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::support::{columns, fields, one_file};

/// Text with everything that a format could take for something else.
fn hostile() -> impl Strategy<Value = String> {
    let marks = r#"[=+\-@＝＋－＠\t\r\n,;"'<>&\]\[\\/\x00-\x1f {}a0\u{feff}\u{202e}\u{2028}\u{fffe}\u{ffff}😀é]{0,12}"#;
    prop_oneof![marks, ".{0,24}", Just("]]>".to_owned()), Just("'=x".to_owned()), Just("a;=1\n=2".to_owned())]
}

fn row() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(hostile(), 3)
}

fn rows(texts: &[Vec<String>]) -> Vec<Row> {
    let names = ["_id", "name", "note \"x\"<&>"];
    texts
        .iter()
        .map(|texts| {
            let all: Vec<(&str, Datum)> =
                names.iter().copied().zip(texts.iter().map(|text| Datum::text(text.as_str()))).collect();
            fields(&all)
        })
        .collect()
}

fn attribute(start: &quick_xml::events::BytesStart<'_>, name: &str) -> Option<String> {
    let find = |name: &str| {
        let found = start.attributes().map(|a| a.expect("an attribute")).find(|a| a.key.as_ref() == name);
        found
            .map(|a| a.normalized_value(quick_xml::XmlVersion::Implicit1_0).expect("it is text").into_owned())
    };
    let decoded = |text: String| String::from_utf8(STANDARD.decode(text).expect("base64")).expect("text");
    find(name).or_else(|| find(&format!("{name}-base64")).map(decoded))
}

/// The texts of the fields of each record.
fn read_xml(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = Reader::from_reader(bytes);
    let mut records: Vec<Vec<String>> = Vec::new();
    let (mut text, mut encoded) = (String::new(), false);
    loop {
        match reader.read_event().expect("it is well-formed") {
            Event::Start(start) if start.name().as_ref() == "record" => records.push(Vec::new()),
            Event::Start(start) if start.name().as_ref() == "field" => {
                text.clear();
                encoded = attribute(&start, "encoding").is_some();
                assert_eq!(attribute(&start, "type").as_deref(), Some("text"));
            }
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(part) => {
                let character = part.resolve_char_ref().expect("a reference");
                let name = &*part;
                let named =
                    || quick_xml::escape::resolve_predefined_entity(name).expect("a known name").to_owned();
                text.push_str(&character.map_or_else(named, String::from));
            }
            Event::End(end) if end.name().as_ref() == "field" => {
                let whole = std::mem::take(&mut text);
                let decoded =
                    |text: &str| String::from_utf8(STANDARD.decode(text).expect("base64")).expect("text");
                let whole = if encoded { decoded(&whole) } else { whole };
                records.last_mut().expect("a record").push(whole);
            }
            Event::Eof => return records,
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn csv_reads_back_as_it_was(texts in prop::collection::vec(row(), 1..6)) {
        let rows = rows(&texts);
        let bytes = one_file(Format::Csv, &rows, &columns(&rows[0]));
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let head = reader.headers().expect("a head").clone();
        prop_assert_eq!(head.iter().collect::<Vec<_>>(), ["_id", "name", "note \"x\"<&>", "_version"]);
        let read: Vec<_> = reader.records().map(|r| r.expect("a record")).collect();
        prop_assert_eq!(read.len(), texts.len());
        for (read, texts) in read.iter().zip(&texts) {
            for (cell, text) in read.iter().zip(texts) {
                prop_assert_eq!(&export::restore_cell(cell), text);
                let seen = cell.trim_start_matches([' ', '"', '\u{feff}', '\u{a0}']);
                prop_assert!(!seen.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{:?} would run", cell);
                // Where semicolons separate cells, a line ends the row and a quote inside of one quotes nothing.
                for begun in cell.split([';', '\t', '\r', '\n']) {
                    let seen = begun.trim_start_matches([' ', '"', '\u{feff}', '\u{a0}']);
                    prop_assert!(!seen.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{:?} would run", cell);
                }
            }
        }
    }

    #[test]
    fn json_reads_back_as_it_was(texts in prop::collection::vec(row(), 1..6)) {
        let rows = rows(&texts);
        let bytes = one_file(Format::Json, &rows, &[]);
        let lines: Vec<&str> = std::str::from_utf8(&bytes).expect("text").strip_suffix('\n').expect("an end").split('\n').collect();
        prop_assert_eq!(lines.len(), texts.len());
        for (line, texts) in lines.iter().zip(&texts) {
            let read: Value = serde_json::from_str(line).expect("JSON");
            let read: Vec<&str> = read.as_object().expect("an object").values().map(|v| v.as_str().expect("text")).collect();
            prop_assert_eq!(read, texts.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    #[test]
    fn xml_reads_back_as_it_was(texts in prop::collection::vec(row(), 1..6)) {
        let bytes = one_file(Format::Xml, &rows(&texts), &[]);
        prop_assert_eq!(read_xml(&bytes), texts);
    }
}

fn every_kind() -> Row {
    let mut row = fields(&[
        ("bool", Datum::Bool(true)),
        ("bytes", Datum::Bytes(Bytes::new(vec![0, 255]))),
        ("list", Datum::List(vec![Datum::number("1.10"), Datum::Null, Datum::text("=x")])),
        ("map", Datum::Map([("k".to_owned(), Datum::text("<v>"))].into())),
        ("masked", Datum::Masked),
        ("nan", Datum::number("NaN")),
        ("null", Datum::Null),
        ("number", Datum::number("12345678901234567890.10")),
    ]);
    row.version = Some("3".to_owned());
    row
}

fn check(format: Format, row: &Row, expect: &str) {
    let bytes = one_file(format, std::slice::from_ref(row), &columns(row));
    assert_eq!(String::from_utf8(bytes).expect("text"), expect);
}

#[test]
fn every_kind_of_value_has_its_form() {
    check(
        Format::Json,
        &every_kind(),
        "{\"bool\":true,\"bytes\":\"AP8=\",\"list\":[1.10,null,\"=x\"],\"map\":{\"k\":\"<v>\"},\
         \"masked\":\"[another person's]\",\"nan\":\"NaN\",\"null\":null,\"number\":12345678901234567890.10,\
         \"_version\":\"3\"}\n",
    );
    check(
        Format::Csv,
        &every_kind(),
        "\u{FEFF}bool,bytes,list,map,masked,nan,null,number,_version\r\n\
         true,AP8=,\"[1.10,null,\"\"=x\"\"]\",\"{\"\"k\"\":\"\"<v>\"\"}\",[another person's],NaN,,12345678901234567890.10,3\r\n",
    );
    check(
        Format::Xml,
        &every_kind(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<records store=\"shop\" collection=\"orders\">\n\
         <record version=\"3\"><field name=\"bool\" type=\"bool\">true</field>\
         <field name=\"bytes\" type=\"bytes\" encoding=\"base64\">AP8=</field>\
         <field name=\"list\" type=\"list\"><item type=\"number\">1.10</item><item type=\"null\"/><item type=\"text\">=x</item></field>\
         <field name=\"map\" type=\"map\"><field name=\"k\" type=\"text\">&lt;v&gt;</field></field>\
         <field name=\"masked\" type=\"masked\">[another person&apos;s]</field>\
         <field name=\"nan\" type=\"number\">NaN</field><field name=\"null\" type=\"null\"/>\
         <field name=\"number\" type=\"number\">12345678901234567890.10</field></record>\n</records>\n",
    );
}

#[test]
fn a_number_that_no_double_reaches_is_text_in_json() {
    let long = format!("1{}", "0".repeat(400));
    let numbers = ["9e999", "-9e999", "1e308", "0.1E-400", &long];
    let row = fields(&[("n", Datum::List(numbers.into_iter().map(Datum::number).collect()))]);
    let bytes = one_file(Format::Json, std::slice::from_ref(&row), &[]);
    let read: Value = serde_json::from_slice(&bytes).expect("a reader of doubles reads it");
    let texts: Vec<Option<&str>> = read["n"].as_array().expect("a list").iter().map(Value::as_str).collect();
    assert_eq!(texts, [Some("9e999"), Some("-9e999"), None, None, Some(long.as_str())]);
    check(
        Format::Xml,
        &fields(&[("n", Datum::number("9e999"))]),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<records store=\"shop\" collection=\"orders\">\n\
         <record><field name=\"n\" type=\"number\">9e999</field></record>\n</records>\n",
    );
}

#[test]
fn a_field_called_as_ours_is_the_stores_own() {
    let mut row = fields(&[("_version", Datum::text("theirs"))]);
    row.version = Some("ours".to_owned());
    check(Format::Json, &row, "{\"_version\":\"theirs\"}\n");
    check(Format::Csv, &row, "\u{FEFF}_version\r\ntheirs\r\n");
}

/// CSV has so many columns and no more: whatever else a record has is in the last cell, where nothing is lost.
#[test]
fn fields_beyond_the_columns_are_in_one_cell() {
    let columns: Vec<String> = (1..=export::MOST_COLUMNS).map(|n| format!("{n:04}")).collect();
    let few = fields(&[("0001", Datum::text("one"))]);
    let many = fields(&[
        ("0001", Datum::text("one")),
        ("_more", Datum::text("=1")),
        ("a \"b\"", Datum::List(vec![Datum::number("38.00")])),
    ]);
    let bytes = one_file(Format::Csv, &[few, many], &columns);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let head = reader.headers().expect("a head").clone();
    let at = head.iter().position(|name| name == "_more").expect("a column of its own");
    assert_eq!((at, head.get(at + 1)), (export::MOST_COLUMNS, Some("_version")));
    let cells: Vec<String> = reader.records().map(|r| r.expect("a record")[at].to_owned()).collect();
    assert_eq!(cells, ["", r#"{"_more":"=1","a \"b\"":[38.00]}"#]);
    let mut taken = columns;
    taken[0] = "_more".to_owned();
    taken.sort();
    let bytes = one_file(Format::Csv, &[fields(&[("_more", Datum::text("theirs"))])], &taken);
    let head = csv::Reader::from_reader(bytes.as_slice()).headers().expect("a head").clone();
    let named = head.iter().filter(|name| name.starts_with("_more")).collect::<Vec<_>>();
    assert_eq!(named, ["_more", "_more_"]);
}

#[test]
fn a_field_without_a_column_is_refused_and_not_lost() {
    let stores = crate::support::stores();
    let mut packager =
        export::Packager::begin(crate::support::about(Format::Csv), export::Limits::default(), None)
            .expect("it begins");
    packager.open(&stores[0], &stores[0].collections[0], &["a".to_owned()]).expect("it opens");
    let refused = packager.record(&fields(&[("marked", Datum::text("marked"))]), 0);
    let refused = refused.expect_err("it has no column");
    assert_eq!(refused.to_string(), "a record has a field that is not among the columns of shop.orders");
}
