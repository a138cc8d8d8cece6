//! JSON documents.

use domain::catalog::{ContentFormat, ObjectContent};
use proptest::prelude::*;

use super::super::*;

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
        "{ \"z\":1.10, \"agent\" : \"[another person's]\",\n \"messages\":[{\"by\":\"[another person's]\",\"text\":\"hi, [another person's] here\"},{\"by\":null,\"text\":\"for [another person's] 10042\"}],\"n\":10042,\"a\":12345678901234567890.0}\n",
        4,
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
fn names_of_members_are_names_of_people_too() {
    // The name that leads to what is masked stays, and what it holds is masked whole.
    check_json(
        &["/participants"],
        &[],
        r#"{"participants":{"priya@shop":{},"email":1},"log":"priya@shop closed; email me"}"#,
        r#"{"participants":"[another person's]","log":"[another person's] closed; email me"}"#,
        2,
    );
    check_json(
        &["/r/*"],
        &[],
        r#"{"r":{"priya@shop":1}}"#,
        r#"{"r":{"priya@shop":"[another person's]"}}"#,
        1,
    );
    // An address is nobody's form, however often it is a name.
    check_json(
        &["/reactions"],
        &[],
        r#"{"reactions":{"priya@shop":1},"read_by":{"priya@shop":2},"log":"priya@shop closed"}"#,
        r#"{"reactions":"[another person's]","read_by":{"[another person's]":2},"log":"[another person's] closed"}"#,
        3,
    );
    // What is a name elsewhere too is the form of the document.
    check_json(
        &["/agent"],
        &[],
        r#"{"agent":{"First name":"Priya"},"customer":{"First name":"Ann"}}"#,
        r#"{"agent":"[another person's]","customer":{"First name":"Ann"}}"#,
        1,
    );
}

/// A reader keeps one of two members of the same name.
#[test]
fn no_member_is_lost_by_masking_its_name() {
    check_json(
        &["/by"],
        &[],
        r#"{"by":"Priya","log":{"priya":1, "PRIYA" :{"Priya":2},"x":["priya"],"Priya":3},"l":{"priya":4}}"#,
        r#"{"by":"[another person's]","log":{"[another person's]":1, "[another person's] 2" :{"[another person's]":2},"x":["[another person's]"],"[another person's] 3":3},"l":{"[another person's]":4}}"#,
        7,
    );
}

#[test]
fn many_others_in_a_large_document_take_no_long_time() {
    let by: Vec<String> = (0..100_000).map(|n| format!("agent {n}")).collect();
    let log: Vec<String> = (0..100_000).map(|n| format!("by agent {n}.")).collect();
    let given = serde_json::json!({"by": by, "log": log}).to_string();
    let begun = std::time::Instant::now();
    let (bytes, masked) = json(&rules(&["/by"]), given.as_bytes(), &["agent 7"]).expect("it is readable");
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    assert_eq!(masked, 100_000);
    let read: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!((&read["log"][7], &read["log"][8]), (&"by agent 7.".into(), &"by [another person's].".into()));
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
        let given = serde_json::json!({"by": name, "text": format!("{before} {}-{after}", name.to_uppercase()), "n": 1});
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
