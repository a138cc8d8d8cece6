use serde_json::json;

use super::*;

/// A table of people, one that refers to it, and the control of both.
fn catalog(contacts: &serde_json::Value, notes: &serde_json::Value) -> Catalog {
    let catalog = json!({"catalog": 1, "stores": [{"id": "crm", "kind": "sql", "connection": "c",
        "owner": {"team": "sales", "page": "p"},
        "control": {"records": {"contacts": contacts, "notes": notes}},
        "collections": [
        {"name": "notes", "resource": "notes", "key": ["id"], "erasure": {"method": "delete"}, "fields": {
            "id": {"category": "system", "class": "internal", "kind": "number"},
            "person": {"category": "user", "class": "internal", "references": "crm.contacts.id", "index": "i"}}},
        {"name": "contacts", "resource": "contacts", "key": ["id"], "erasure": {"method": "delete"}, "fields": {
            "id": {"category": "user", "class": "internal"},
            "number": {"category": "user", "class": "internal", "kind": "number", "identity": "customer_id",
                "index": "n"},
            "email": {"category": "user", "class": "internal", "identity": "email", "index": "e"}}}]}]});
    serde_json::from_value(catalog).expect("a catalog")
}

fn whole() -> Catalog {
    catalog(
        &json!({"id": "C0", "number": 990_001, "email": "control@lacuna.invalid"}),
        &json!({"id": 7, "person": "C0"}),
    )
}

fn problems(catalog: &Catalog) -> Vec<String> {
    catalog.check().into_iter().chain(catalog.unproven()).map(|problem| problem.to_string()).collect()
}

fn check(contacts: &serde_json::Value, notes: &serde_json::Value, expect: &str) {
    let found = problems(&catalog(contacts, notes));
    assert!(
        found.len() == 1 && found[0].starts_with(expect) && found[0].ends_with("(owner: sales)"),
        "{found:?}"
    );
    assert!(!found[0].contains("secret"), "a problem quotes no value: {found:?}");
}

#[test]
fn a_control_is_found_in_every_way() {
    assert_eq!(problems(&whole()), [""; 0]);
    let (full, note) =
        (json!({"id": "C0", "number": 1, "email": "a@x.test"}), json!({"id": 7, "person": "C0"}));
    check(
        &json!({"id": "C0", "number": 1}),
        &note,
        "crm.contacts: the control person's record is not whole; set email in",
    );
    check(&full, &json!({"person": "C0"}), "crm.notes: the control person's record is not whole; set id in");
    check(&full, &json!({"id": 7}), "crm.notes: the control person's record is not whole; set person in");
    check(
        &full,
        &json!({"id": 7, "person": "secret"}),
        "crm.notes.person: the control's value refers to nobody",
    );
}

#[test]
fn a_control_is_nobody() {
    let note = json!({"id": 7, "person": "C0"});
    for address in ["secret@gmail.com", "secret@example.dev", "secret@notexample.com", "secret@invalid.com"] {
        let contact = json!({"id": "C0", "number": 1, "email": address});
        check(
            &contact,
            &note,
            "crm.contacts.email: the control's value is an address that may be somebody's",
        );
    }
    for address in ["a@lacuna.invalid", "a@x.example", "a@x.test", "a@example.com", "a@b.example.org"] {
        let contact = json!({"id": "C0", "number": 1, "email": address});
        assert_eq!(problems(&catalog(&contact, &note)), [""; 0], "{address}");
    }
}

#[test]
fn a_value_has_the_form_of_its_field() {
    let note = json!({"id": 7, "person": "C0"});
    for (contact, at) in [
        (
            json!({"id": "C0", "number": "1", "email": "a@x.test"}),
            "crm.contacts.number: the control's value has another form",
        ),
        (
            json!({"id": "C0", "number": 1, "email": "secret"}),
            "crm.contacts.email: the control's value is not of its",
        ),
        (
            json!({"id": "C0", "number": 1, "email": "Secret@x.test"}),
            "crm.contacts.email: the control's value has capital",
        ),
        (
            json!({"id": "C0", "number": 1, "email": "a@x.test", "more": "x"}),
            "crm.contacts.more: the control's field is not",
        ),
        (
            json!({"id": "C0", "number": 1, "email": " secret@x.test"}),
            "crm.contacts.email: the control's value is empty",
        ),
    ] {
        check(&contact, &note, at);
    }
}

#[test]
fn a_store_without_one_says_what_to_write() {
    let mut catalog = whole();
    catalog.stores[0].control = None;
    let found: Vec<String> = catalog.unproven().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["crm: it has no control person, so that nothing proves that a search of it would find anybody; \
        set `control.records` to a synthetic person's record in each of: notes (id, person), contacts (email, id, number) \
        (owner: sales)"]
    );
    assert_eq!(catalog.check(), [], "what was published before is read still");
    for collection in &mut catalog.stores[0].collections {
        collection.erasure.method = Method::Retain;
    }
    assert_eq!(catalog.unproven(), [], "nothing of it is searched for what must be gone");
}

/// Where a table is referred to, its row must be there first.
#[test]
fn what_is_referred_to_is_planted_first() {
    let catalog = whole();
    let order: Vec<&str> = catalog.planted(&catalog.stores[0]).iter().map(|c| c.name.as_str()).collect();
    assert_eq!(order, ["contacts", "notes"]);
    assert_eq!(catalog.stores[0].collections[1].mark(), Some("email"));
    assert_eq!(catalog.stores[0].collections[0].mark(), Some("person"));
}

#[test]
fn the_identities_of_controls_are_known() {
    let known: Vec<String> = whole()
        .control_identities()
        .iter()
        .map(|one| format!("{} {}", one.kind, one.value.expose()))
        .collect();
    assert_eq!(known, ["customer_id 990001", "email control@lacuna.invalid"]);
}

/// Somebody real who got the number of a control is no control.
#[test]
fn only_the_control_s_own_record_is_its_own() {
    let catalog = whole();
    let (store, contacts) = (&catalog.stores[0], &catalog.stores[0].collections[1]);
    let text = |text: &str| Value::Text(Personal::new(text));
    let number = |text: &str| Value::Number(Personal::new(text));
    let check = |key: &str, by: (&str, Value), values: [(&str, Value); 2], expect: bool| {
        let record = Record {
            key: [("id".to_owned(), text(key))].into(),
            via: by.0.to_owned(),
            via_value: by.1,
            values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        };
        assert_eq!(
            store.control.as_ref().expect("a control").is_own(contacts, &record),
            expect,
            "{key} {by:?}",
            by = by.0
        );
    };
    let own = ("email", text("control@lacuna.invalid"));
    let number_is = |n: &str| ("number", number(n));
    check("C0", own.clone(), [own.clone(), number_is("990001")], true);
    check("C0", number_is("990001"), [own.clone(), number_is("990001")], true);
    check("C1", own.clone(), [own.clone(), number_is("990001")], false);
    check("C0", number_is("990001"), [("email", text("ana@example.com")), number_is("990001")], false);
    check("C0", own.clone(), [own, number_is("1")], false);
}

/// Whoever got the control's number has objects of their own in the folder.
#[test]
fn an_object_is_the_control_s_by_its_whole_key() {
    let catalog = json!({"catalog": 1, "stores": [{"id": "files", "kind": "s3",
        "owner": {"team": "support", "page": "p"},
        "control": {"records": {"tickets": {"person": "7", "ticket": "T0"}, "folders": {"person": "7"}}},
        "collections": [
        {"name": "tickets", "resource": "b", "object": "tickets/{person}/{ticket}.json",
            "erasure": {"method": "delete"}, "fields": {
            "person": {"category": "user", "class": "internal", "identity": "customer_id"},
            "ticket": {"category": "system", "class": "internal"}}},
        {"name": "folders", "resource": "b", "object": "folders/{person}/", "erasure": {"method": "delete"},
            "fields": {"person": {"category": "user", "class": "internal", "identity": "customer_id"}}}]}]});
    let catalog: Catalog = serde_json::from_value(catalog).expect("a catalog");
    let store = &catalog.stores[0];
    let is_own = |collection: &str, key: &str| {
        let person = Value::Text(Personal::new("7"));
        let record = Record {
            key: [("object".to_owned(), Value::Text(Personal::new(key)))].into(),
            values: [("person".to_owned(), person.clone())].into(),
            via: "person".into(),
            via_value: person,
        };
        store
            .control
            .as_ref()
            .expect("a control")
            .is_own(store.collection(collection).expect("there"), &record)
    };
    assert!(is_own("tickets", "tickets/7/T0.json") && !is_own("tickets", "tickets/7/T1.json"));
    assert!(is_own("folders", "folders/7/lacuna-control") && !is_own("folders", "folders/7/photo.png"));
}

/// Read from one end to the other it is known by its key and by all by which it would be found.
#[test]
fn a_walk_knows_the_control_by_its_key_and_its_ways() {
    let catalog = whole();
    let store = &catalog.stores[0];
    let contacts = store.collection("contacts").expect("contacts");
    let control = store.control.as_ref().expect("a control");
    let text = |text: &str| Value::Text(Personal::new(text));
    let number = |text: &str| Value::Number(Personal::new(text));
    let check = |values: &[(&str, Value)], expect: bool| {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        assert_eq!(control.is_seen(contacts, &values), expect, "{values:?}");
    };
    let own = [("id", text("C0")), ("email", text("control@lacuna.invalid")), ("number", number("990001"))];
    check(&own, true);
    for (at, other) in [("id", text("C1")), ("email", text("ana@example.com")), ("number", number("1"))] {
        let mut values = own.clone();
        values.iter_mut().filter(|(name, _)| *name == at).for_each(|(_, value)| *value = other.clone());
        check(&values, false);
    }
    check(&own[..2], false);
    check(&[], false);
}
