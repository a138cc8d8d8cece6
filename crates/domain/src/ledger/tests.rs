use jiff::SignedDuration;

use super::*;

const CATALOG: &str = r#"{"catalog": 1, "stores": [
  {"id": "shop", "kind": "sql", "connection": "c", "owner": {"team": "t", "page": "p"}, "collections": [
    {"name": "customers", "resource": "customers", "key": ["id"], "erasure": {"method": "delete"}, "fields": {
      "id": {"category": "user.unique_id", "class": "internal", "kind": "number"},
      "email": {"category": "user.contact.email", "class": "confidential", "identity": "email"},
      "rep": {"category": "user.unique_id", "class": "internal", "identity": "employee_id", "whose": "other"}}},
    {"name": "bills", "resource": "bills", "key": ["bill"],
      "erasure": {"method": "anonymise", "reason": "tax", "law": "tax law"}, "fields": {
      "bill": {"category": "system", "class": "internal", "kind": "number"},
      "who": {"category": "user.unique_id", "class": "internal", "kind": "number",
        "references": "shop.customers.id", "anonymise": "surrogate"},
      "street": {"category": "user.contact", "class": "confidential", "anonymise": "remove"},
      "state": {"category": "user", "class": "internal", "anonymise": {"fixed": "gone"}}}},
    {"name": "lines", "resource": "lines", "key": ["line"],
      "erasure": {"method": "retain", "reason": "tax", "law": "tax law"}, "fields": {
      "line": {"category": "system", "class": "internal"},
      "bill": {"category": "system", "class": "internal", "kind": "number", "references": "shop.bills.bill"}}}]}]}"#;

fn catalog() -> Catalog {
    serde_json::from_str(CATALOG).expect("a catalog")
}

fn values(all: &[(&str, &str)]) -> BTreeMap<String, Value> {
    all.iter().map(|(name, value)| ((*name).to_owned(), Value::of(FieldKind::Text, value))).collect()
}

#[test]
fn a_record_says_whose_it_is_in_several_ways() {
    fn check(collection: &str, given: &[(&str, &str)], expect: &[(&str, &str)]) {
        let catalog = catalog();
        let store = &catalog.stores[0];
        let clues = clues_of(&catalog, store, store.collection(collection).expect("it"), &values(given));
        let mut said: Vec<_> = clues.iter().map(|clue| (clue.way(), clue.value().to_owned())).collect();
        said.sort();
        let expect: Vec<_> = expect.iter().map(|(way, value)| ((*way).into(), (*value).into())).collect();
        assert_eq!(said, expect, "{collection}");
    }
    // What is somebody else's, and what nothing refers to, says nothing.
    check(
        "customers",
        &[("id", "7"), ("email", " A@Example.com"), ("rep", "3")],
        &[("email", "a@example.com"), ("shop.customers.id", "7")],
    );
    check("bills", &[("bill", "12"), ("who", "7")], &[("shop.bills.bill", "12"), ("shop.customers.id", "7")]);
    check("lines", &[("line", "1"), ("bill", "12")], &[("shop.bills.bill", "12")]);
    check("customers", &[("email", " "), ("unknown", "x"), ("id", "")], &[]);
}

#[test]
fn what_is_retained_leaves_no_mark() {
    let catalog = catalog();
    let ways = ways_in(&catalog, &catalog.stores[0]);
    let expect = [
        ("email", Method::Delete),
        ("shop.bills.bill", Method::Anonymise),
        ("shop.customers.id", Method::Delete),
    ];
    assert_eq!(ways, expect.map(|(way, method)| (way.to_owned(), method)).into());
    let names: Vec<&str> = walked(&catalog.stores[0]).map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["customers", "bills"]);
    let wanted = wanted_by_walk(&catalog, &catalog.stores[0], &catalog.stores[0].collections[1]);
    assert_eq!(wanted, ["bill", "state", "street", "who"]);
}

#[test]
fn a_record_that_was_anonymised_is_known_by_its_form() {
    fn check(given: &[(&str, &str)], marked: bool, expect: bool) {
        let catalog = catalog();
        let bills = catalog.stores[0].collection("bills").expect("bills");
        assert_eq!(is_anonymised(bills, &values(given), |_| marked), expect, "{given:?}");
    }
    let plan = crate::plan::Plan::new(String::new(), vec![], 99);
    let surrogate = plan.surrogate_for(FieldKind::Number);
    let surrogate = surrogate.expose();
    check(&[("bill", "1"), ("who", surrogate), ("state", "gone")], false, true);
    check(&[("bill", "1"), ("state", "gone")], false, true);
    check(&[("bill", "1"), ("who", surrogate), ("state", "gone")], true, false);
    check(&[("bill", "1"), ("who", "7"), ("state", "gone")], false, false);
    check(&[("bill", "1"), ("who", surrogate), ("state", "Texas")], false, false);
    check(&[("bill", "1"), ("who", surrogate), ("state", "gone"), ("street", "x")], false, false);
    assert!(is_surrogate(FieldKind::Text, plan.surrogate_for(FieldKind::Text).expose()));
    assert!(!is_surrogate(FieldKind::Text, "erased-7"));
}

fn replay(rate: u32, now: Timestamp) -> Replay {
    let standing = Standing::new("demo".parse().expect("a tenant"), "shop".parse().expect("a store"));
    let id = crate::ids::ReplayId::new(now, 1);
    Replay { rate, ..Replay::new(&standing, id, "officer:x".into(), now) }
}

/// It is called once in a minute, and may then read as much as the rate gives a minute, and one page more.
#[test]
fn a_replay_keeps_to_its_rate() {
    fn check(rate: u32, page: usize, expect: u64) {
        let begun: Timestamp = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let mut replay = replay(rate, begun);
        let mut read = 0;
        for minute in 1..=10 {
            let now = begun.checked_add(SignedDuration::from_mins(minute)).expect("in time");
            while replay.may_read(now) {
                replay.pace(page, now);
                read += page as u64;
            }
        }
        assert_eq!(read, expect, "{rate} a second");
    }
    check(100, 500, 100 * 600 + 500);
    check(1, 500, 1_000);
    check(500, 500, 500 * 600 + 500);
}

/// A tenth more may have been erased since somebody counted; of few people nobody.
#[test]
fn a_count_allows_a_tenth_more_for_a_day() {
    for (counted, most) in [(0, 0), (1, 1), (9, 9), (10, 11), (1_000, 1_100), (u64::MAX, u64::MAX)] {
        assert_eq!(Replay::most_for(counted), most);
    }
    let counted = Counted { at: Timestamp::UNIX_EPOCH, people: 3 };
    let after = |hours| counted.is_recent(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours));
    assert_eq!([0, 24, 25].map(after), [true, true, false]);
}
