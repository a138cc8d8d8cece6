use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use serde_json::Value;

use super::{Customer, SealedCustomer, SealedSupplier, customer, item, sealer, supplier};

/// What must be in nothing that is stored or printed.
const SECRET: [&str; 8] = ["Ann", "ann@", "7946", "-44", "0.3000", "High", "65535", "doors"];

fn hides(text: &str) {
    let seen: Vec<&&str> = SECRET.iter().filter(|secret| text.contains(**secret)).collect();
    assert!(seen.is_empty(), "{seen:?} in {text}");
}

#[test]
fn through_json() {
    let demo = sealer("demo");
    let json = serde_json::to_string(&customer().seal(&demo).expect("sealed")).expect("JSON");
    hides(&json);
    let stored: Value = serde_json::from_str(&json).expect("JSON");
    let names: Vec<&String> = stored.as_object().expect("an object").keys().collect();
    assert_eq!(
        names,
        [
            "vault_header",
            "shop",
            "pk",
            "tags",
            "email",
            "email_search",
            "phone",
            "phone_search",
            "born_in",
            "born_in_search",
            "balance",
            "type",
            "address",
            "notes"
        ]
    );
    assert_eq!((&stored["shop"], &stored["pk"]), (&"north".into(), &u64::MAX.into()));
    assert!(stored["vault_header"].as_str().expect("base64").starts_with("TENOVgE"));
    let read: SealedCustomer = serde_json::from_str(&json).expect("a record");
    assert_eq!(read.open(&demo).expect("opened"), customer());
    assert_eq!(read.key_version().expect("a header"), 1);
}

#[test]
fn through_dynamodb_items() {
    let demo = sealer("demo");
    let sealed = customer().seal(&demo).expect("sealed");
    let stored = item(sealed.item());
    for name in ["vault_header", "email", "phone", "born_in", "balance", "type", "address", "notes"] {
        assert!(matches!(stored.get(name), Some(AttributeValue::B(_))), "{name}");
    }
    for name in ["email_search", "phone_search", "born_in_search"] {
        let Some(AttributeValue::S(text)) = stored.get(name) else { panic!("{name}") };
        assert!(text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
    }
    assert_eq!(stored["pk"], AttributeValue::N(u64::MAX.to_string()));
    assert_eq!(stored.len(), 14);
    let read: SealedCustomer = serde_dynamo::from_item(stored).expect("a record");
    assert_eq!(read.open(&demo).expect("opened"), customer());

    // Who forgets to say that it is an item stores base64, and can still read it.
    let text = item(&sealed);
    assert!(matches!(text.get("email"), Some(AttributeValue::S(_))));
    let read: SealedCustomer = serde_dynamo::from_item(text).expect("a record");
    assert_eq!(read.open(&demo).expect("opened"), customer());
}

#[test]
fn what_is_none_is_left_out_and_its_pseudonym_too() {
    let demo = sealer("demo");
    let none = Customer { phone: None, year: None, tags: vec![], ..customer() };
    let sealed = none.seal(&demo).expect("sealed");
    let stored = item(sealed.item());
    for name in ["phone", "phone_search", "born_in", "born_in_search", "tags"] {
        assert!(!stored.contains_key(name), "{name}");
    }
    let read: SealedCustomer = serde_dynamo::from_item(stored).expect("a record");
    assert_eq!(read.open(&demo).expect("opened"), none);
    let json = serde_json::to_value(&sealed).expect("JSON");
    assert!(json.get("phone").is_none());
    let read: SealedCustomer = serde_json::from_value(json).expect("a record");
    assert_eq!(read.open(&demo).expect("opened"), none);
    // What is empty is not none: an empty text is sealed, and searched by.
    let empty = Customer { phone: Some(String::new()), ..customer() };
    let sealed = empty.seal(&demo).expect("sealed");
    assert!(sealed.phone.is_some() && sealed.phone_search.is_some());
    assert_eq!(sealed.open(&demo).expect("opened"), empty);
}

#[test]
fn the_names_that_serde_is_told_are_kept() {
    let demo = sealer("demo");
    let json = serde_json::to_value(supplier().seal(&demo).expect("sealed")).expect("JSON");
    let names: Vec<&String> = json.as_object().expect("an object").keys().collect();
    assert_eq!(
        names,
        ["vault_header", "id", "openingHours", "email", "emailSearch", "secondEmail", "secondEmailSearch"]
    );
    let stored = item(supplier().seal(&demo).expect("sealed").item());
    assert!(names.iter().all(|name| stored.contains_key(*name)));
    let read: SealedSupplier = serde_json::from_value(json.clone()).expect("a record");
    assert_eq!(read.open(&demo).expect("opened"), supplier());
    let mut more = json;
    more["else"] = true.into();
    assert!(serde_json::from_value::<SealedSupplier>(more).is_err());
}

#[test]
fn every_sealing_has_other_bytes() {
    let demo = sealer("demo");
    let (one, two) = (customer().seal(&demo).expect("sealed"), customer().seal(&demo).expect("sealed"));
    assert_ne!(one.email, two.email);
    assert_ne!(one.vault_header, two.vault_header);
    assert_eq!(one.email_search, two.email_search);
    // And each field of a record: equal values do not show.
    let supplier = supplier().seal(&demo).expect("sealed");
    assert_ne!(Some(supplier.email), supplier.second_email);
}

#[test]
fn numbers_are_the_same_to_the_last_bit() {
    let demo = sealer("demo");
    let hard =
        [f64::MIN_POSITIVE, f64::MAX, 5e-324, 1.0 / 3.0, -0.0, 9_007_199_254_740_993.0, 2.225_073e-308];
    for balance in hard {
        let sealed = Customer { balance, ..customer() }.seal(&demo).expect("sealed");
        let opened = sealed.open_balance(&demo).expect("opened");
        assert_eq!(opened.to_bits(), balance.to_bits(), "{balance}");
    }
}

#[test]
fn nothing_that_is_sealed_prints() {
    let demo = sealer("demo");
    let sealed = customer().seal(&demo).expect("sealed");
    let found = Customer::search_email(&demo, "a").expect("a pseudonym");
    let printed = [
        format!("{sealed:?}"),
        format!("{:?} {:?}", sealed.email, sealed.phone),
        format!("{:?}", sealed.email_search),
        format!("{found:?}"),
        format!("{demo:?}"),
    ];
    assert_eq!(
        printed,
        [
            "SealedCustomer { .. }",
            "[sealed] Some([sealed])",
            "[pseudonym]",
            "[pseudonym]",
            "Sealer { tenant: \"demo\", version: 1, .. }"
        ]
    );
}

proptest! {
    #[test]
    fn any_values_round_trip(
        email: String, phone: Option<String>, year: Option<i32>, balance in proptest::num::f64::NORMAL,
        doors: Vec<u16>, notes: std::collections::BTreeMap<String, Option<String>>, id: u64,
    ) {
        let demo = sealer("demo");
        let mut any = Customer { id, email, phone, year, balance, notes, ..customer() };
        any.address.doors = doors;
        let sealed = any.seal(&demo).expect("sealed");
        let read: SealedCustomer = serde_dynamo::from_item(item(sealed.item())).expect("a record");
        prop_assert_eq!(&read.open(&demo).expect("opened"), &any);
        let json = serde_json::to_string(&sealed).expect("JSON");
        let read: SealedCustomer = serde_json::from_str(&json).expect("a record");
        prop_assert_eq!(read.open(&demo).expect("opened"), any);
    }
}
