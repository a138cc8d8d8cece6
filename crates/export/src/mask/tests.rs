//! Masking, case by case, and for anything.

use std::collections::BTreeMap;

use domain::catalog::{Collection, ContentFormat, ObjectContent};
use proptest::prelude::*;

use super::*;

fn collection() -> Collection {
    serde_json::from_value(serde_json::json!({
        "name": "tickets", "resource": "tickets", "key": ["ticket_id"],
        "fields": {
            "email": {"category": "user.contact.email", "class": "confidential", "identity": "email"},
            "agent": {"category": "employee.name", "class": "confidential", "whose": "other"},
            "agent_no": {"category": "employee.id", "class": "internal", "kind": "number", "whose": "other"},
            "note": {"category": "user.content", "class": "internal"}
        },
        "erasure": {"method": "delete"}
    }))
    .expect("a collection")
}

fn check(fields: &[(&str, Datum)], own: &[&str], expect: &[(&str, Datum)], masked: u64) {
    let map = |all: &[(&str, Datum)]| {
        all.iter().map(|(n, d)| ((*n).to_owned(), d.clone())).collect::<BTreeMap<_, _>>()
    };
    let given = Row { fields: map(fields), version: None, content: None };
    let (row, count) = super::row(&collection(), given, own);
    assert!(row.fields == map(expect), "the row is another one");
    assert_eq!(count, masked);
}

#[test]
fn a_field_of_somebody_else_is_masked_and_so_is_what_it_said() {
    check(
        &[
            ("agent", Datum::text("Priya Raman")),
            ("agent_no", Datum::number("10042")),
            ("note", Datum::text("PRIYA RAMAN (no. 10042) called; Priya will call again")),
            (
                "tags",
                Datum::List(vec![Datum::text("by:priya raman"), Datum::number("10042"), Datum::number("7")]),
            ),
        ],
        &[],
        &[
            ("agent", Datum::Masked),
            ("agent_no", Datum::Masked),
            (
                "note",
                Datum::text("[another person's] (no. [another person's]) called; Priya will call again"),
            ),
            (
                "tags",
                Datum::List(vec![Datum::text("by:[another person's]"), Datum::Masked, Datum::number("7")]),
            ),
        ],
        5,
    );
}

#[test]
fn what_is_the_persons_own_stays_outside_of_others_fields() {
    check(
        &[
            ("agent", Datum::text("Anna")),
            ("email", Datum::text("anna@example.com")),
            ("note", Datum::text("Anna wrote to ANNA@example.com")),
        ],
        &[],
        &[
            ("agent", Datum::Masked),
            ("email", Datum::text("anna@example.com")),
            ("note", Datum::text("[another person's] wrote to ANNA@example.com")),
        ],
        2,
    );
    // The person served themselves: the field is masked, the rest of the record is theirs.
    check(
        &[("agent", Datum::text("C001")), ("note", Datum::text("C001 paid"))],
        &["c001"],
        &[("agent", Datum::Masked), ("note", Datum::text("C001 paid"))],
        1,
    );
    // An own value inside of somebody else's does not save that.
    check(
        &[("agent", Datum::text("anna.smit@shop.example")), ("note", Datum::text("anna.smit@shop.example"))],
        &["anna"],
        &[("agent", Datum::Masked), ("note", Datum::text("[another person's]"))],
        2,
    );
}

#[test]
fn nothing_and_short_texts_say_nothing() {
    check(
        &[("agent", Datum::Null), ("agent_no", Datum::number("7")), ("note", Datum::text("7 days"))],
        &[],
        &[("agent", Datum::Null), ("agent_no", Datum::Masked), ("note", Datum::text("7 days"))],
        1,
    );
}

#[test]
fn names_inside_of_a_value_are_cleaned_and_no_value_is_lost() {
    let map = |all: &[(&str, &str)]| {
        Datum::Map(all.iter().map(|(n, v)| ((*n).to_owned(), Datum::text(*v))).collect())
    };
    check(
        &[("agent", Datum::text("Priya")), ("note", map(&[("PRIYA", "a"), ("priya", "b"), ("x", "c")]))],
        &[],
        &[
            ("agent", Datum::Masked),
            ("note", map(&[("[another person's]", "a"), ("[another person's] 2", "b"), ("x", "c")])),
        ],
        3,
    );
}

fn rules(others: &[&str]) -> ObjectContent {
    ObjectContent { format: ContentFormat::Json, others: others.iter().map(|&p| p.to_owned()).collect() }
}

fn check_json(others: &[&str], own: &[&str], given: &str, expect: &str, masked: u64) {
    let (bytes, count) = json(&rules(others), given.as_bytes(), own).expect("it is readable");
    assert_eq!(String::from_utf8(bytes).expect("it is text"), expect);
    assert_eq!(count, masked);
}

#[test]
fn a_document_keeps_everything_but_what_is_masked() {
    check_json(
        &["/agent", "/messages/*/by"],
        &[],
        "{ \"z\":1.10, \"agent\" : {\"name\":\"Priya \\u0052aman\",\"no\":10042},\n \"messages\":[{\"by\":\"Tom Orde\",\"text\":\"hi, tom orde here\"},{\"by\":null,\"text\":\"for Priya Raman 10042\"}],\"n\":10042,\"a\":12345678901234567890.0}\n",
        "{ \"z\":1.10, \"agent\" : \"[another person's]\",\n \"messages\":[{\"by\":\"[another person's]\",\"text\":\"hi, [another person's] here\"},{\"by\":null,\"text\":\"for [another person's] [another person's]\"}],\"n\":\"[another person's]\",\"a\":12345678901234567890.0}\n",
        5,
    );
    check_json(&["/a~1b/~0"], &[], r#"{"a/b":{"~":"x"}}"#, r#"{"a/b":{"~":"[another person's]"}}"#, 1);
    check_json(&["/l/1"], &[], r#"{"l":[1,2,3]}"#, r#"{"l":[1,"[another person's]",3]}"#, 1);
    check_json(&[""], &[], "[1]", "\"[another person's]\"", 1);
    check_json(&["/none"], &[], r#"{"a": 1e5}"#, r#"{"a": 1e5}"#, 0);
    check_json(
        &["/a"],
        &[],
        r#"{"a":"one!","a":"two!","b":"two! one!"}"#,
        r#"{"a":"[another person's]","a":"[another person's]","b":"[another person's] [another person's]"}"#,
        3,
    );
    check_json(
        &["/by"],
        &["anna@x.org"],
        r#"{"by":"anna","to":"anna@x.org"}"#,
        r#"{"by":"[another person's]","to":"anna@x.org"}"#,
        1,
    );
    check_json(
        &["/by"],
        &[],
        r#"{"by":"Priya","log":{"priya":1}}"#,
        r#"{"by":"[another person's]","log":{"[another person's]":1}}"#,
        2,
    );
}

#[test]
fn what_cannot_be_read_is_not_given_out() {
    let fails =
        |others: &[&str], bytes: &[u8]| json(&rules(others), bytes, &[]).expect_err("it is not readable");
    assert_eq!(fails(&[], b"{"), NotReadable::Json);
    assert_eq!(fails(&[], b""), NotReadable::Json);
    assert_eq!(fails(&[], b"{} {}"), NotReadable::Json);
    assert_eq!(fails(&[], b"\"\xFF\""), NotReadable::Json);
    assert_eq!(fails(&["a"], b"{}"), NotReadable::Pointer);
    assert_eq!(fails(&["/a"], br#"{"a":"\ud800"}"#), NotReadable::Json);
    assert_eq!(fails(&[], &vec![b' '; LARGEST + 1]), NotReadable::Large);
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    assert!(matches!(fails(&[], &deep), NotReadable::Deep | NotReadable::Json));
}

proptest! {
    #[test]
    fn no_document_keeps_what_is_masked(name in "[a-zA-Z ]{4,12}", before in ".{0,20}", after in ".{0,20}") {
        let name = name.trim().to_owned();
        prop_assume!(name.len() >= 4 && !Datum::MASKED.to_ascii_lowercase().contains(&name.to_ascii_lowercase()));
        let given = serde_json::json!({"by": name, "text": format!("{before}{}{after}", name.to_uppercase()), "n": 1});
        let (bytes, _) = json(&rules(&["/by"]), given.to_string().as_bytes(), &[]).expect("it is readable");
        let read: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
        prop_assert!(!read["text"].as_str().expect("a text").replace(Datum::MASKED, "\0").to_ascii_lowercase().contains(&name.to_ascii_lowercase()));
        prop_assert_eq!(&read["n"], 1);
    }

    #[test]
    fn a_document_without_rules_stays_as_it_is(text in r#"[\[\]{}",:0-9a-z\\ ]{0,40}"#) {
        if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
            let (bytes, masked) = json(&rules(&["/a/*", "/0"]), text.as_bytes(), &["own"]).expect("it is readable");
            prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok());
            if masked == 0 { prop_assert_eq!(bytes, text.into_bytes()); }
        }
    }
}
