use std::collections::{BTreeSet, HashMap};

use super::{Customer, Supplier, customer, sealer, supplier};

#[test]
fn equal_values_of_a_field_of_a_tenant_are_found() {
    let demo = sealer("demo");
    let sealed = customer().seal(&demo).expect("sealed");
    for written in ["ann@example.com", "ANN@EXAMPLE.COM", "Ann@Example.com"] {
        assert_eq!(Customer::search_email(&demo, written), Ok(sealed.email_search.clone()), "{written}");
    }
    let other = Customer { id: 3, ..customer() }.seal(&demo).expect("sealed");
    assert_eq!(other.email_search, sealed.email_search, "the index finds both");
    let phone = customer().phone.expect("a phone");
    assert_eq!(Customer::search_phone(&demo, &phone).ok(), sealed.phone_search);
    assert_eq!(Customer::search_year(&demo, &-44).ok(), sealed.year_search);
}

#[test]
fn what_differs_in_value_field_type_or_tenant_has_another_pseudonym() {
    let (ours, theirs) = (sealer("demo"), sealer("other"));
    let found = [
        Customer::search_email(&ours, "ann@example.com"),
        Customer::search_email(&ours, "ann@example.con"),
        Customer::search_email(&ours, ""),
        Customer::search_email(&ours, "44"),
        // Another field, and another type's.
        Customer::search_phone(&ours, "ann@example.com"),
        Customer::search_phone(&ours, "ANN@example.com"),
        Customer::search_phone(&ours, "44"),
        Customer::search_year(&ours, &44),
        Customer::search_year(&ours, &-44),
        Supplier::search_email(&ours, "ann@example.com"),
        Supplier::search_second_email(&ours, "ann@example.com"),
        // Another tenant, even with the same key.
        Customer::search_email(&theirs, "ann@example.com"),
        Supplier::search_email(&theirs, "ann@example.com"),
    ];
    let found: BTreeSet<String> = found.into_iter().map(|one| one.expect("a pseudonym").into()).collect();
    assert_eq!(found.len(), 13);
    let sealed = supplier().seal(&ours).expect("sealed");
    assert_ne!(Some(sealed.email_search), sealed.second_email_search);
}

/// What is no text is searched by what it says, not by the order in which it happens to say it.
#[test]
fn maps_are_found_whatever_their_order() {
    let demo = sealer("demo");
    let find = |map: &HashMap<u32, u32>| demo.pseudonym("customers", "map", map).expect("a pseudonym");
    let ascending: HashMap<u32, u32> = (0..50).map(|n| (n, n)).collect();
    let descending: HashMap<u32, u32> = (0..50).rev().map(|n| (n, n)).collect();
    assert_eq!(find(&ascending), find(&descending));
}

/// A function of the type itself, for what is no text.
#[test]
fn numbers_are_normalised_too() {
    #[allow(clippy::trivially_copy_pass_by_ref)] // A reference is taken of every type.
    fn century(year: &u16) -> u16 {
        *year / 100
    }
    #[derive(vault::Sealed)]
    #[record(purpose = "births", key = "id")]
    struct Birth {
        #[class(public)]
        id: String,
        #[class(restricted, searchable)]
        #[normalise(century)]
        year: u16,
    }
    let demo = sealer("demo");
    let sealed = Birth { id: String::new(), year: 1970 }.seal(&demo).expect("sealed");
    assert_eq!(Birth::search_year(&demo, &1999), Ok(sealed.year_search.clone()));
    assert_ne!(Birth::search_year(&demo, &2000), Ok(sealed.year_search.clone()));
    let opened = sealed.open(&demo).expect("opened");
    assert_eq!((opened.id.as_str(), opened.year), ("", 1970), "what is sealed is the value as it was");
}
