use std::collections::BTreeMap;

use serde_json::json;

use super::*;

/// Two archives that are erased by destroying keys, each with an identity of its own, and a table.
fn catalog() -> Catalog {
    let archive = |id: &str, kind: &str, after: &str, form: &str| {
        json!({"id": id, "kind": "s3", "owner": {"team": "data", "page": "p"}, "collections": [
            {"name": "events", "resource": "bucket",
                "erasure": {"method": "shred", "reason": "r", "law": "l", "shredded_after": after},
                "fields": {"who": {"category": "user", "class": "internal", "kind": form, "identity": kind}}}]})
    };
    let table = json!({"id": "shop", "kind": "sql", "connection": "c", "owner": {"team": "shop", "page": "p"},
        "collections": [{"name": "customers", "resource": "customers", "key": ["id"],
            "erasure": {"method": "delete"}, "fields": {
                "id": {"category": "user", "class": "internal", "kind": "number", "identity": "customer_id"},
                "email": {"category": "user", "class": "internal", "identity": "email", "index": "i"}}}]});
    let stores = [
        archive("archive", "customer_id", "PT20M", "number"),
        archive("badges", "badge", "PT24H", "text"),
        table,
    ];
    let catalog: Catalog =
        serde_json::from_value(json!({"catalog": 1, "stores": stores})).expect("a catalog");
    assert_eq!(catalog.check(), []);
    catalog
}

fn identity(kind: &str, value: &str) -> Identity {
    Identity::new(kind.parse().expect("a type"), &Personal::new(value)).expect("an identity")
}

/// Whose keys the round under way looks for, by store.
fn keys(plan: &Plan) -> BTreeMap<String, Vec<Identity>> {
    let lookups = plan.current_round().into_iter().flat_map(|round| &round.lookups);
    let of = |lookups: &[Lookup]| {
        let mut keys = lookups.iter().filter_map(|lookup| match &lookup.source {
            Source::Keys(people) => Some(people.clone()),
            _ => None,
        });
        let first = keys.next();
        assert_eq!(keys.next(), None, "one for each collection");
        first
    };
    lookups.filter_map(|(store, lookups)| Some((store.to_string(), of(lookups)?))).collect()
}

fn both(people: &[Identity]) -> BTreeMap<String, Vec<Identity>> {
    ["archive", "badges"].map(|store| (store.to_owned(), people.to_vec())).into()
}

fn begun(catalog: &Catalog, given: Vec<Identity>) -> Plan {
    let mut plan = Plan::new("v1".into(), given, 7);
    plan.begin_pass(catalog, false, Generation::FIRST);
    plan
}

/// A service may have sealed for any of them, whatever the collection names.
#[test]
fn keys_are_looked_for_under_identities_of_every_type() {
    let catalog = catalog();
    for person in [
        identity("email", "ana@example.com"),
        identity("customer_id", "guest-57"),
        identity("customer_id", "57"),
        identity("badge", "b"),
    ] {
        let plan = begun(&catalog, vec![person.clone()]);
        assert_eq!(keys(&plan), both(&[person]));
    }
    assert_eq!(keys(&begun(&catalog, vec![])), [].into(), "nobody is known");
}

/// Each once, in the round after it was learned, and again in every pass.
#[test]
fn keys_of_identities_that_are_learned_are_looked_for() {
    let catalog = catalog();
    let (email, number) = (identity("email", "ana@example.com"), identity("customer_id", "57"));
    let mut plan = begun(&catalog, vec![email.clone()]);
    plan.learn(number.clone());
    let written = Identity::of_record("email".parse().expect("a type"), &Personal::new("Ana@Example.com"));
    plan.learn(written.expect("an identity"));
    assert!(plan.advance(&catalog, [].into()));
    assert_eq!(
        keys(&plan),
        both(std::slice::from_ref(&number)),
        "the address is known, however it is written"
    );
    assert!(!plan.advance(&catalog, [].into()));
    plan.begin_pass(&catalog, true, Generation::FIRST);
    assert_eq!(keys(&plan), both(&[email]));
    assert!(plan.advance(&catalog, [].into()));
    assert_eq!(keys(&plan), both(&[number]));
}

/// One key protects what is in all of them.
#[test]
fn keys_are_gone_when_the_last_cache_of_any_collection_is() {
    let mut catalog = catalog();
    assert_eq!(catalog.shredded_after(), Some(jiff::SignedDuration::from_hours(24)));
    assert_eq!(catalog.shredded().count(), 2);
    catalog.stores[1].collections[0].erasure.shredded_after = Some("soon".into());
    assert_eq!(catalog.shredded_after(), None);
    catalog.stores.truncate(1);
    assert_eq!(catalog.shredded_after(), Some(jiff::SignedDuration::from_mins(20)));
}

/// No record of it is read, so nothing can be followed from it.
#[test]
fn nothing_refers_to_what_is_never_read() {
    let mut catalog = catalog();
    let field = catalog.stores[2].collections[0].fields.get_mut("email").expect("a field");
    field.identity = None;
    field.references = Some("badges.events.who".to_owned().try_into().expect("a reference"));
    let problems: Vec<String> = catalog.check().iter().map(ToString::to_string).collect();
    let at = |p: &&String| {
        p.starts_with("shop.customers.email: it refers to a collection with `shred`")
            && p.ends_with("(owner: shop)")
    };
    assert_eq!(problems.iter().filter(at).count(), 1, "{problems:?}");
}

/// By what refers to them and, where that finds anything, by themselves; in each pass, in its first round.
#[test]
fn keys_that_were_given_are_looked_for_where_each_pass_begins() {
    let catalog: Catalog = serde_json::from_value(json!({"catalog": 1, "stores": [
        {"id": "crm", "kind": "sql", "connection": "c", "owner": {"team": "t", "page": "p"}, "collections": [
            {"name": "contacts", "resource": "contacts", "key": ["id"], "erasure": {"method": "delete"}, "fields": {
                "id": {"category": "user", "class": "internal", "kind": "number"},
                "code": {"category": "user", "class": "internal"},
                "email": {"category": "user", "class": "internal", "identity": "email", "index": "i"}}},
            {"name": "calls", "resource": "calls", "key": ["call"], "erasure": {"method": "delete"}, "fields": {
                "call": {"category": "system", "class": "internal"},
                "contact": {"category": "user", "class": "internal", "kind": "number",
                    "references": "crm.contacts.id", "index": "j"}}}]}]}))
    .expect("a catalog");
    let key = |field: &str, value: &str| KnownKey {
        field: field.to_owned().try_into().expect("a field"),
        value: Value::of(FieldKind::Text, value),
    };
    // One of them is no number, so no number field has it; by the other field nothing is found.
    let keys = vec![
        key("crm.contacts.id", "7"),
        key("crm.contacts.id", "x"),
        key("crm.contacts.id", "7"),
        key("crm.contacts.code", "c"),
    ];
    let mut plan = Plan::new("v1".into(), vec![], 7).with_keys(keys);
    let seven = vec![Value::of(FieldKind::Number, "7")];
    let lookup = |collection: &str, field: &str, source| Lookup {
        collection: collection.to_owned(),
        field: field.to_owned(),
        source,
    };
    let expect = [
        lookup("contacts", "id", Source::Own(seven.clone())),
        lookup("calls", "contact", Source::Given(seven)),
    ];
    let crm: StoreId = "crm".parse().expect("a store");
    for _ in 0..2 {
        plan.begin_pass(&catalog, false, Generation::FIRST);
        assert_eq!(plan.current_round().expect("a round").lookups, [(crm.clone(), expect.to_vec())].into());
        assert_eq!(
            plan.searches(&crm).collect::<Vec<_>>(),
            [&expect[1]],
            "a record that stays keeps its key"
        );
        assert!(!plan.advance(&catalog, BTreeMap::new()), "no later round looks for them");
    }
}

/// What a replay erases stands in one store. A person's keys are theirs in all of them.
#[test]
fn a_plan_that_is_limited_to_a_store_looks_in_no_other_and_for_no_keys() {
    let catalog = catalog();
    let looked_in = |only: &str| {
        let given = vec![identity("email", "ana@example.com"), identity("customer_id", "57")];
        let mut plan = Plan::new("v1".into(), given, 7).only_in(only.parse().ok());
        plan.begin_pass(&catalog, true, Generation::FIRST);
        plan.learn(identity("badge", "b"));
        while plan.advance(&catalog, BTreeMap::new()) {}
        assert!(only.is_empty() || keys(&plan).is_empty());
        plan.stores().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(looked_in(""), ["archive", "badges", "shop"], "all of them");
    assert_eq!(looked_in("shop"), ["shop"]);
    assert_eq!(looked_in("archive"), Vec::<String>::new());
}
