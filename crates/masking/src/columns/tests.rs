//! What becomes of columns.

use super::*;

fn table(json: &str) -> Table {
    let columns: Columns = serde_json::from_str(json).expect("columns");
    Table::new(&columns, Some(Tokens::new(&[7; 32], "shop").expect("a key"))).expect("a table")
}

fn written(table: &Table, column: &str, value: &str) -> String {
    let mut out = Vec::new();
    table.column(column).expect("decided").write(value.as_bytes(), &mut out);
    String::from_utf8(out).expect("text")
}

#[test]
fn each_column_becomes_what_was_decided() {
    let table = table(
        r#"{"columns": {"a": "keep", "b": "redact", "c": {"what": "partial", "kind": "email"}, "d": "partial", "e": "text",
            "f": "empty", "g": {"what": "redact", "kind": "phone"}, "h": "stars", "i": {"what": "partial", "kind": "phone"}}}"#,
    );
    let check = |column: &str, value: &str, expect: &str| assert_eq!(written(&table, column, value), expect);
    check("a", "Ines", "Ines");
    check("b", "Ines", "[masked]");
    check("c", "ines@example.com", "i***@example.com");
    check("d", "ines@example.com", "***");
    check("i", "212-555-0123", "***-***-0123");
    check("i", "1985-03-12 10", "***");
    check("e", "write to ines@example.com", "write to i***@example.com");
    check("f", "Ines", "");
    check("g", "anything", "[phone]");
    check("h", "Ines", "***");
    for column in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        check(column, "", "");
    }
    assert!(table.column("j").is_none());
}

#[test]
fn a_text_is_a_line_of_its_own_to_rules_of_the_caller_s_own() {
    let table = table(
        r#"{"columns": {"phone": "text", "aws_secret_access_key": "text"}, "rules": {"custom": [
            {"name": "badge", "pattern": "^EMP-[0-9]{6}$", "mode": "redact"}, {"name": "end", "pattern": "[a-z]7$"}]}}"#,
    );
    let check = |value: &str, expect: &str| assert_eq!(written(&table, "phone", value), expect);
    check("EMP-123456", "[badge]");
    check("note\r\nEMP-123456\r\nx7\nx7 ", "note\r\n[badge]\r\n***\nx7 ");
    check("an EMP-123456", "an EMP-123456");
    check("[\"EMP-123456\"]", "[\"[badge]\"]");
    // The column's name is still the word before a number.
    check("2125550123", "******0123");
    check("2125550123\r\n(415) 555-0100\n", "******0123\r\n(***) ***-0100\n");
    let secret = "wJalrXUtnFEMIoKxMDENGobPxRfiCYEXAMPLEKEY";
    assert_eq!(written(&table, "aws_secret_access_key", secret), "***");
    check("at home\n2125550123\nSSN:\n123-45-6789\n7", "at home\n******0123\nSSN:\n***-**-6789\n7");
}

#[test]
fn a_document_is_behind_its_column_s_name_too() {
    let table = table(
        r#"{"others": "text", "rules": {"custom": [{"name": "badge", "pattern": "^EMP-[0-9]{6}$", "mode": "redact"}]}}"#,
    );
    let check = |column: &str, value: &str, expect: &str| {
        assert_eq!(written(&table, column, value), expect, "{column}");
    };
    check("phones", "[2125550123, \"2125550124\"]", "[\"******0123\", \"******0124\"]");
    check("phone", "{\"number\":\"212\\u00355501\\u00323\"}", "{\"number\":\"******0123\"}");
    check("orders", "[2125550123, \"2125550124\"]", "[2125550123, \"2125550124\"]");
    check("badge", "[\"EMP-123456\"]", "[\"[badge]\"]");
    for path in ["phone.number", "phones.value", "customer.mobile.value", "phone"] {
        check(path, "2125550123", "******0123");
        check(path, "[2125550123]", "[\"******0123\"]");
    }
    check("phones.id", "2125550123", "2125550123");
    // The name is written nowhere, whatever is in it.
    for name in ["", "\"", "phone\\", "{", "ines@example.com", "[1,", "EMP-123456"] {
        check(name, "{\"to\":\"ines@example.com\"}", "{\"to\":\"i***@example.com\"}");
    }
    check("phone", "{\"number\":2125550123", "{\"number\":******0123");
}

#[test]
fn tokens_agree_where_fields_do() {
    let table = table(
        r#"{"columns": {"customers.id": {"what": "number", "field": "customer"},
            "orders.customer": {"what": "number", "field": "customer"}, "orders.id": "number",
            "mail": {"what": "token", "kind": "email"}, "contact": {"what": "token", "kind": "email"}}}"#,
    );
    let one = written(&table, "customers.id", "17");
    assert_eq!(one, written(&table, "orders.customer", "17"));
    assert_ne!(one, written(&table, "orders.id", "17"));
    assert_ne!(one, written(&table, "customers.id", "18"));
    let number: u64 = one.parse().expect("a number");
    assert!((1_000_000_000_000_000..1 << 53).contains(&number));
    assert_eq!(written(&table, "mail", "A@example.com"), written(&table, "contact", "a@example.com"));
    // As the log has it.
    let tokens = Tokens::new(&[7; 32], "shop").expect("a key");
    let log = Masker::with_tokens(&Rules::all(Mode::Token), tokens).expect("rules");
    let mut out = Vec::new();
    log.mask(b"a@example.com", &mut out);
    assert_eq!(written(&table, "mail", "a@example.com").as_bytes(), out);
}

#[test]
fn addresses_of_either_version_can_stand_in_one_column() {
    for kind in ["ip", "ipv4", "ipv6"] {
        let table = table(&format!(
            r#"{{"columns": {{"a": {{"what": "partial", "kind": "{kind}"}}, "b": {{"what": "token", "kind": "{kind}"}}}}}}"#
        ));
        assert_eq!(written(&table, "a", "192.0.2.1"), "192.0.*.*");
        assert_eq!(written(&table, "a", "2001:db8::1"), "2001:***");
        assert_eq!(written(&table, "a", "::ffff:192.0.2.1"), ":***");
        assert_eq!(written(&table, "a", "192.0.2.1:443"), "***");
        assert_eq!(written(&table, "a", "Ines"), "***");
        assert!(written(&table, "b", "192.0.2.1").starts_with("ipv4_"));
        assert!(written(&table, "b", "2001:db8::1").starts_with("ipv6_"));
        assert_eq!(written(&table, "b", "2001:db8::1"), written(&table, "b", "2001:DB8:0:0::1"));
    }
}

#[test]
fn what_nothing_is_found_in_is_not_shown() {
    let table = table(r#"{"others": "text"}"#);
    let wide: String = "ines@example.com".chars().flat_map(|c| ['\0', c]).collect();
    assert_eq!(written(&table, "a", &wide), "***");
    assert_eq!(written(&table, "a", &format!("Ines\n{wide}")), "***");
    let mut out = Vec::new();
    table.text(wide.as_bytes(), &mut out);
    assert_eq!(out, b"***");
    let escaped = wide.replace('\0', "\\u0000");
    assert_eq!(written(&table, "a", &format!("{{\"to\":\"{escaped}\"}}\n")), "\"***\"\n");
    assert_eq!(written(&table, "a", r#"["\\\u0000"]"#), "\"***\"");
    // No zero, but how a pattern has one.
    let pattern = r#"{"pattern":"^[^\\u0000-\\u001F]*$"}"#;
    assert_eq!(written(&table, "a", pattern), pattern);
}

#[test]
fn documents_stand_anywhere_in_a_text() {
    let table = table(r#"{"others": "text"}"#);
    let check = |value: &str, expect: &str| assert_eq!(written(&table, "a", value), expect);
    check(" {\"to\":\"ines\\u0040example.com\"}", " {\"to\":\"i***@example.com\"}");
    check("\"ines\\u0040example.com\"", "\"i***@example.com\"");
    let (one, masked) = ("{\"to\":\"ines\\u0040example.com\"}", "{\"to\":\"i***@example.com\"}");
    check(&format!("{one}\r\n{one}"), &format!("{masked}\r\n{masked}"));
    check(
        &format!("of ines@example.com\n{one}\nwrite\n"),
        &format!("of i***@example.com\n{masked}\nwrite\n"),
    );
    assert_eq!(written(&table, "phone", &format!("{one}\n2125550123")), format!("{masked}\n******0123"));
}

#[test]
fn what_is_not_named_is_refused_unless_it_is_said_what_it_is() {
    assert!(table("{}").column("a").is_none());
    let text = table(r#"{"others": "text"}"#);
    assert_eq!(written(&text, "a", "to ines@example.com"), "to i***@example.com");
    assert_eq!(written(&table(r#"{"others": "empty"}"#), "a", "Ines"), "");
    assert!(serde_json::from_str::<Columns>(r#"{"others": "keep"}"#).is_err());
}

#[test]
fn what_cannot_be_used_says_what_to_write() {
    fn check(column: &str, expect: &str) {
        let error = serde_json::from_str::<Columns>(&format!(r#"{{"columns": {{"a": {column}}}}}"#));
        let error = error.expect_err("refused").to_string();
        assert!(error.contains(expect), "{error}");
    }
    check("\"sha256\"", "sha256 is refused");
    check("\"off\"", "write keep");
    check("false", "write keep");
    check("true", "a column is keep, text, empty");
    check("\"hide\"", "a column is keep, text, empty");
    check(r#"{"what": "redact", "kind": "names"}"#, "names is no kind of data");
    check(r#"{"what": "redact", "kind": "national_id"}"#, "a column is of one of them: ca_sin, ");
    check(r#"{"mode": "redact"}"#, "unknown field");
    check("7", "a word such as redact");
    let columns: Columns = serde_json::from_str(r#"{"columns": {"a": "number"}}"#).expect("columns");
    assert!(matches!(Table::new(&columns, None), Err(RulesError::NoKey)));
}
