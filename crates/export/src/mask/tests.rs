//! Masking, case by case, and for anything.

mod documents;

use std::collections::BTreeMap;

use domain::catalog::Collection;
use domain::export::Content;

use super::*;

fn collection() -> Collection {
    serde_json::from_value(serde_json::json!({
        "name": "tickets", "resource": "tickets", "key": ["ticket_id"], "version": "changed",
        "fields": {
            "ticket_id": {"category": "system.operations", "class": "internal"},
            "changed": {"category": "system.operations", "class": "internal"},
            "order": {"category": "user.content", "class": "internal", "references": "shop.orders.id"},
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
            ("note", Datum::text("[another person's] (no. 10042) called; Priya will call again")),
            (
                "tags",
                Datum::List(vec![
                    Datum::text("by:[another person's]"),
                    Datum::number("10042"),
                    Datum::number("7"),
                ]),
            ),
        ],
        4,
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

/// What a record says of the person is not made untrue by what it says of somebody else.
#[test]
fn a_record_stays_true() {
    check(
        &[
            ("agent", Datum::List(vec![Datum::text("Anna"), Datum::text("1003"), Datum::text("2024-05-01")])),
            ("agent_no", Datum::number("2024")),
            ("changed", Datum::text("by Anna, 7")),
            ("note", Datum::text("Annapolis, Hanna and Anna_2 on 2024-05-01, invoice 1003, +31 2024 1003")),
            ("order", Datum::text("Anna-7")),
            ("ticket_id", Datum::text("Anna-7")),
            ("total", Datum::number("1003")),
            ("year", Datum::number("2024")),
        ],
        &[],
        &[
            ("agent", Datum::Masked),
            ("agent_no", Datum::Masked),
            ("changed", Datum::text("by Anna, 7")),
            (
                "note",
                Datum::text(
                    "Annapolis, Hanna and [another person's]_2 on 2024-05-01, invoice 1003, +31 2024 1003",
                ),
            ),
            ("order", Datum::text("Anna-7")),
            ("ticket_id", Datum::text("Anna-7")),
            ("total", Datum::number("1003")),
            ("year", Datum::number("2024")),
        ],
        3,
    );
}

#[test]
fn a_telephone_number_is_found_as_text_and_as_a_number() {
    check(
        &[
            ("agent", Datum::List(vec![Datum::text("+31 20 1234567"), Datum::text("4915112345")])),
            ("note", Datum::text("call +31 20 1234567, not +31 20 12345678")),
            (
                "numbers",
                Datum::List(vec![
                    Datum::number("4915112345.0"),
                    Datum::number("4915112345"),
                    Datum::number("4915112345.5"),
                ]),
            ),
        ],
        &[],
        &[
            ("agent", Datum::Masked),
            ("note", Datum::text("call [another person's], not +31 20 12345678")),
            ("numbers", Datum::List(vec![Datum::Masked, Datum::Masked, Datum::number("4915112345.5")])),
        ],
        4,
    );
}

#[test]
fn large_letters_and_marks_hide_nobody() {
    check(
        &[
            ("agent", Datum::List(vec![Datum::text("Zoë Özil"), Datum::text("李小龙")])),
            ("note", Datum::text("ZOË ÖZIL, zoe\u{308} o\u{308}zil und Zoe Ozil; 由李小龙处理")),
        ],
        &[],
        &[
            ("agent", Datum::Masked),
            (
                "note",
                Datum::text("[another person's], [another person's] und Zoe Ozil; 由[another person's]处理"),
            ),
        ],
        2,
    );
}

#[test]
fn bytes_that_are_text_are_text() {
    let bytes = |text: &[u8]| Datum::Bytes(Bytes::new(text.to_vec()));
    check(
        &[("agent", bytes(b"Priya")), ("note", bytes(b"by Priya")), ("scan", bytes(b"\xFFPriya"))],
        &[],
        &[("agent", Datum::Masked), ("note", bytes(b"by [another person's]")), ("scan", bytes(b"\xFFPriya"))],
        2,
    );
}

/// A name that the catalog knows is a name; any other can be made of data.
#[test]
fn names_of_fields_are_cleaned_unless_the_catalog_has_them() {
    check(
        &[
            ("agent", Datum::List(vec![Datum::text("priya@shop"), Datum::text("note")])),
            ("note", Datum::text("hi")),
            ("seen_by_PRIYA@shop", Datum::Bool(false)),
            ("seen_by_priya@shop", Datum::Bool(true)),
        ],
        &[],
        &[
            ("agent", Datum::Masked),
            ("note", Datum::text("hi")),
            ("seen_by_[another person's]", Datum::Bool(false)),
            ("seen_by_[another person's] 2", Datum::Bool(true)),
        ],
        3,
    );
}

#[test]
fn a_name_in_what_is_masked_is_looked_for_if_it_says_who() {
    let map =
        |all: &[&str]| Datum::Map(all.iter().map(|name| ((*name).to_owned(), Datum::Bool(true))).collect());
    check(
        &[
            ("agent", map(&["priya@shop", "email", "First name", "Tom Orde"])),
            ("form", map(&["First name"])),
            ("note", Datum::text("my email and first name; priya@shop, tom orde")),
        ],
        &[],
        &[
            ("agent", Datum::Masked),
            ("form", map(&["First name"])),
            ("note", Datum::text("my email and first name; [another person's], [another person's]")),
        ],
        2,
    );
}

fn check_key(template: &str, key: &str, fields: &[(&str, Datum)], expect: &str) {
    let fields = fields.iter().map(|(n, d)| ((*n).to_owned(), d.clone())).collect();
    let content =
        serde_json::from_value::<Content>(serde_json::json!({"key": key, "is_latest": true, "size": 0}));
    let given = Row { fields, version: None, content: Some(content.expect("a content")) };
    let (row, _) = super::row(&Collection { object: Some(template.to_owned()), ..collection() }, given, &[]);
    let content = row.content.expect("a content");
    assert_eq!(content.key.expose(), key, "it is read by its own key");
    assert_eq!(content.shown_key().expose(), expect);
}

#[test]
fn an_objects_file_names_nobody_else() {
    let agent = |name: &str| [("email", Datum::text("a@x")), ("agent", Datum::text(name))];
    check_key(
        "chats/{email}/{agent}.json",
        "chats/a@x/Bo.json",
        &agent("Bo"),
        "chats/a@x/[another person's].json",
    );
    check_key(
        "{email}/{agent}-{note}",
        "a@x/Bo-Tim",
        &[agent("Bo").as_slice(), &[("note", Datum::text("Tim"))]].concat(),
        "a@x/[another person's]-Tim",
    );
    // The number is written in another way than it is read.
    check_key(
        "{email}/n{note}-{agent_no}.txt",
        "a@x/n7-007.txt",
        &[("email", Datum::text("a@x")), ("agent_no", Datum::number("7")), ("note", Datum::text("7"))],
        "a@x/n[another person's].txt",
    );
    // What they are called stands in the rest of the key too.
    check_key(
        "{email}/{agent}/",
        "a@x/Priya/to/priya.txt",
        &agent("Priya"),
        "a@x/[another person's]/to/[another person's].txt",
    );
    check_key("{email}/{note}", "a@x/b", &[("email", Datum::text("a@x"))], "a@x/b");
}
