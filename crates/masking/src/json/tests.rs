//! What becomes of texts that are JSON, and of those that are none.

use super::*;
use crate::{CustomRule, Mode, Rules};
use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

fn masked(masker: &Masker, text: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    masker.mask_json(text, &mut out)?;
    Some(String::from_utf8(out).expect("text"))
}

#[test]
fn numbers_stay_where_only_strings_are_masked() {
    let check = |text: &str, expect: &str, findings: u64| {
        let mut out = Vec::new();
        assert_eq!(Masker::default().mask_json_strings(text.as_bytes(), &mut out), Some(findings));
        assert_eq!(String::from_utf8(out).expect("text"), expect);
    };
    let counts = r#"{"phone":2125550123,"store":"ssn","id":123456782,"cards":[4111111111111111,true,null]}"#;
    assert_ne!(masked(&Masker::default(), counts.as_bytes()).as_deref(), Some(counts));
    check(counts, counts, 0);
    check(r#"[4111111111111111,"4111111111111111"]"#, r#"[4111111111111111,"************1111"]"#, 1);
    check(r#"{"john\u0040example.com":1}"#, r#"{"j***@example.com":1}"#, 1);
    assert_eq!(Masker::default().mask_json_strings(b"no JSON", &mut Vec::new()), None);
}

#[test]
fn what_escapes_hide_is_found() {
    fn check(text: &str, expect: &str) {
        let out = masked(&Masker::default(), text.as_bytes()).expect(text);
        assert_eq!(out, expect);
        serde_json::from_str::<Value>(&out).expect(&out);
    }
    check(r#"{"to":"john@example.com"}"#, r#"{"to":"j***@example.com"}"#);
    check(r#"{"to":"john\u0040example.com"}"#, r#"{"to":"j***@example.com"}"#);
    check(r#"{"to":"\u006aohn@example\u002ecom"}"#, r#"{"to":"j***@example.com"}"#);
    // As it stands this is the address of `njohn`, and a number with a letter before it.
    check(r#""a\njohn@example.com""#, r#""a\nj***@example.com""#);
    check(r#""a\t4111111111111111""#, r#""a\t************1111""#);
    check(r#"{"q":"\"john doe\"@example.com"}"#, r#"{"q":"j***@example.com"}"#);
    check(r#"{"j":"{\"to\":\"john@example.com\"}"}"#, r#"{"j":"{\"to\":\"j***@example.com\"}"}"#);
    check(r#"["\u0436\u0443\u043a@example.com"]"#, r#"["ж***@example.com"]"#);
    check(r#"["\ud83d\ude00 john@example.com"]"#, r#"["\ud83d\ude00 j***@example.com"]"#);
    // The word before a number is the member's name.
    check(r#"{"phone_number":"2125550123"}"#, r#"{"phone_number":"******0123"}"#);
    check(r#"{"phone_number":2125550123, "n":1}"#, r#"{"phone_number":"******0123", "n":1}"#);
    check(r#"{"order":2125550123}"#, r#"{"order":2125550123}"#);
    // And it is that of each item of a list, whether they have quotes or not.
    let all = r#"{"phones":["******0123","******0124","******0125"],"n":[1,2]}"#;
    check(r#"{"phones":["2125550123","2125550124","2125550125"],"n":[1,2]}"#, all);
    check(r#"{"phones":[2125550123,2125550124,2125550125],"n":[1,2]}"#, all);
    check(r#"{"phones":[2125550123,"2125550124",2125550125],"n":[1,2]}"#, all);
    let apart = r#"{"phones" : [ 2125550123 , 2125550124 ]}"#;
    check(apart, r#"{"phones" : [ "******0123" , "******0124" ]}"#);
    check("[[2125550123,2125550124],2125550125]", "[[2125550123,2125550124],2125550125]");
    check(r#"{"phone":1,"2":2125550124}"#, r#"{"phone":1,"2":2125550124}"#);
    check("{\n \"card\": 4111111111111111\n}\n", "{\n \"card\": \"************1111\"\n}\n");
    check(r#"{"john@example.com":true}"#, r#"{"j***@example.com":true}"#);
    check(r#"{"key":"AKIAIOSFODNN7EXAMPLE\\"}"#, r#"{"key":"AKIA***\\"}"#);
    // Half a character is none, and stays what it is.
    let half = masked(&Masker::default(), br#"["\ud83d john@example.com \ude00"]"#);
    assert_eq!(half.as_deref(), Some(r#"["\ud83d j***@example.com \ude00"]"#));
}

#[test]
fn a_number_has_the_name_of_what_it_is_a_member_of() {
    fn check(text: &str, expect: &str) {
        assert_eq!(masked(&Masker::default(), text.as_bytes()).as_deref(), Some(expect));
    }
    let last = |text: &str, number: &str, left: &str| check(text, &text.replace(number, left));
    last(r#"{"phone":{"type":"home","number":"2125550123"}}"#, "2125550123", "******0123");
    for name in ["téléphone", "Phone Number", "phone_2", "Phone 2", "mobile-phone"] {
        let text = format!(r#"{{"{name}":{{"type":"home","number":"0612345678"}}}}"#);
        last(&text, "0612345678", "******5678");
    }
    last(r#"{"phone":{"type":"x","value":{"kind":"y","text":"2125550123"}}}"#, "2125550123", "******0123");
    last(r#"{"phone" : { "rel" : "x", "display" : "2125550123" }}"#, "2125550123", "******0123");
    check(
        r#"{"phoneNumbers":[{"value":"2125550123","type":"work"},{"value":"2125550124"}]}"#,
        r#"{"phoneNumbers":[{"value":"******0123","type":"work"},{"value":"******0124"}]}"#,
    );
    last(r#"{"ssn":{"type":"us","of":"a person","value":"078051120"}}"#, "078051120", "*****1120");
    last(r#"{"bsn":{"rel":"a","of":"b","at":"c","value":"111222333"}}"#, "111222333", "*****2333");
    for text in [
        r#"{"phone":{"type":"x","order":"2125550123"}}"#,
        r#"{"phone":{"value":""},"value":"2125550123"}"#,
        r#"{"phone":{"type":"x"},"orders":[{"value":"2125550123"}]}"#,
        r#"{"phone":{"value":"order 2125550123"}}"#,
        r#"{"value":2125550123}"#,
    ] {
        check(text, text);
    }
}

#[test]
fn a_name_that_is_read_again_is_found_once() {
    let text = r#"{"john@example.com":{"value":"a"},"true":{"value":1}}"#;
    let custom = vec![CustomRule { name: "word".into(), pattern: "true".into(), mode: None }];
    let masker = Masker::new(&Rules { custom, ..Rules::default() }).expect("rules");
    let mut out = Vec::new();
    assert_eq!(masker.mask_json(text.as_bytes(), &mut out), Some(2));
    assert_eq!(out, br#"{"j***@example.com":{"value":"a"},"***":{"value":1}}"#);
}

#[test]
fn what_is_no_json_is_for_the_other() {
    for text in [
        "john@example.com",
        "{\"to\":\"john@example.com\"",
        "[10:00:00] card 4111111111111111, paid",
        "{} {}",
        "",
        " ",
        "{\"a\":\"\\x\"}",
    ] {
        assert_eq!(masked(&Masker::default(), text.as_bytes()), None, "{text}");
    }
    let mut out = Vec::new();
    let lines = b"[9] john@example.com\n{\"n\":\"john\\u0040example.com\"}\n\nend";
    assert_eq!(Masker::default().mask_lines(lines, &mut out), 2);
    assert_eq!(out, b"[9] j***@example.com\n{\"n\":\"j***@example.com\"}\n\nend");
}

#[test]
fn a_rule_that_matches_what_holds_json_together_leaves_it_whole() {
    let rule = |name: &str, pattern: &str| CustomRule {
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        mode: None,
    };
    let custom = vec![
        rule("across", "b.{1,6}c"),
        rule("word", "true"),
        rule("digits", "9[0-9]"),
        rule("employee", r"number\W{1,6}EMP-[0-9]{6}"),
        rule("other", r"employee:\W{0,2}[0-9]{4}"),
    ];
    let masker = Masker::new(&Rules { default: Mode::Redact, custom, ..Rules::default() }).expect("rules");
    let check = |text: &str, expect: &str| {
        assert_eq!(masked(&masker, text.as_bytes()).as_deref(), Some(expect));
        serde_json::from_str::<Value>(expect).expect("JSON");
    };
    check(r#"["ab","cd"]"#, r#"["a[across]","[across]d"]"#);
    check(r#"{"x":true,"y":19293945}"#, r#"{"x":"[word]","y":"1[digits][digits][digits]5"}"#);
    // That the name of what is around is read again changes nothing for them.
    let name = r#"{"employee":{"[employee]":"[employee]"}}"#;
    check(r#"{"employee":{"number":"EMP-123456"}}"#, name);
    check(r#"{"employee":{"n\u0075mber":"EMP-123456"}}"#, name);
    check(r#"{"employee":{"number":1234}}"#, r#"{"employee":{"number":1234}}"#);
}

#[test]
fn a_string_a_number_and_a_name_are_lines_to_rules_of_the_caller_s_own() {
    let rule = |name: &str, pattern: &str| CustomRule {
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        mode: None,
    };
    let custom = vec![rule("badge", "^EMP-[0-9]{6}$"), rule("pin", "^7[0-9]{3}$"), rule("first", "^xy")];
    let masker = Masker::new(&Rules { default: Mode::Redact, custom, ..Rules::default() }).expect("rules");
    let check = |text: &str, expect: &str| {
        assert_eq!(masked(&masker, text.as_bytes()).as_deref(), Some(expect));
    };
    check(r#"{"id":"EMP-123456","of":"an EMP-123456"}"#, r#"{"id":"[badge]","of":"an EMP-123456"}"#);
    check(
        r#"{"EMP-123456":["\u0045MP-123456", "EMP-1234567"]}"#,
        r#"{"[badge]":["[badge]", "EMP-1234567"]}"#,
    );
    check(r#"{"a":"note\nEMP-123456\r\nxyz"}"#, r#"{"a":"note\n[badge]\r\n[first]z"}"#);
    check("[7123,71234, 7124 ,\n7125\n]", "[\"[pin]\",71234, \"[pin]\" ,\n\"[pin]\"\n]");
    check("{\"a\":7123}", "{\"a\":\"[pin]\"}");
    check("{\"a\":-7123,\"b\":7123.5}", "{\"a\":-7123,\"b\":7123.5}");
    let mut out = Vec::new();
    let answer = br#"{"id":"EMP-123456","pin":7123}"#;
    assert_eq!(masker.mask_json_strings_but(answer, |_| false, &mut out), Some(1));
    assert_eq!(out, br#"{"id":"[badge]","pin":7123}"#);
    let (mut stream, mut lines) = (masker.stream_lines(), Vec::new());
    stream.push(b"EMP-123456\n{\"id\":\"EMP-123456\"}\nEMP-123456 is here\n", &mut lines);
    stream.finish(&mut lines);
    assert_eq!(lines, b"[badge]\n{\"id\":\"[badge]\"}\nEMP-123456 is here\n");
}

fn text() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "john@example.com",
        "4111 1111 1111 1111",
        "phone: 2125550123",
        "\"a b\"@example.com",
        "\\",
        "\n",
        "\t",
        "192.0.2.1",
        "ж",
        "😀",
    ]);
    let part =
        prop_oneof![known.prop_map(str::to_owned), "[ -~]{0,6}", any::<char>().prop_map(|c| c.to_string())];
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(json!(null)),
        Just(json!(4_111_111_111_111_111_u64)),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Writes every character that is no letter or digit as an escape.
fn escaped(plain: &str) -> String {
    let (mut out, mut inside) = (String::new(), false);
    let mut characters = plain.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                inside = !inside;
                out.push('"');
            }
            '\\' => {
                out.push('\\');
                out.extend(characters.next());
            }
            character if inside && !character.is_ascii_alphanumeric() => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}").expect("written");
                }
            }
            character => out.push(character),
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn json_stays_json_and_escapes_change_nothing(document in document()) {
        let document = json!([document]);
        let plain = document.to_string();
        let masker = Masker::default();
        let out = masked(&masker, plain.as_bytes()).expect("JSON");
        let read: Value = serde_json::from_str(&out).expect("JSON");
        let hidden = masked(&masker, escaped(&plain).as_bytes()).expect("JSON");
        prop_assert_eq!(&read, &serde_json::from_str::<Value>(&hidden).expect("JSON"));
        if !masker.find(&Reading::new(b"", plain.as_bytes()).text).any(|_| true) {
            prop_assert_eq!(out, plain);
        }
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut out = Vec::new();
        Masker::default().mask_lines(&bytes, &mut out);
        let quoted = [b"[\"", bytes.as_slice(), b"\"]"].concat();
        let _ = Masker::default().mask_json(&quoted, &mut out);
    }
}
