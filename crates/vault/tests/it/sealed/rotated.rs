use vault::sealed::{SealError, Sealer};
use vault::{PseudonymKey, VaultError};

use super::{Customer, customer, item, key, random, sealer};

/// The same tenant after its key was changed: version 2 is current, version 1 is at hand.
fn later() -> Sealer<'static> {
    Sealer::new("demo", key(2, 2), key(9, 1), random()).with_older(key(1, 1))
}

/// After version 1 was destroyed.
fn last() -> Sealer<'static> {
    Sealer::new("demo", key(2, 2), key(9, 1), random())
}

#[test]
fn what_an_older_version_sealed_opens_and_is_sealed_anew_under_the_current_one() {
    let old = customer().seal(&sealer("demo")).expect("sealed");
    assert_eq!(old.key_version(), Ok(1));
    assert_eq!(old.open(&later()), Ok(customer()));
    assert_eq!(old.open(&last()), Err(SealError::NoKey(1)));

    let new = old.reseal(&later()).expect("sealed anew");
    assert_eq!(new.key_version(), Ok(later().key_version()));
    assert_eq!(new.open(&last()), Ok(customer()));
    assert_eq!(new.open(&sealer("demo")), Err(SealError::NoKey(2)));
    assert_eq!((new.email_search, new.phone_search), (old.email_search, old.phone_search));
}

#[test]
fn a_damaged_header_is_damaged_and_not_of_a_version_that_is_missing() {
    let sealed = customer().seal(&sealer("demo")).expect("sealed");
    let mut header = sealed.vault_header.as_slice().to_vec();
    header[11] = 77;
    let sealed = super::SealedCustomer { vault_header: header.into(), ..sealed };
    assert_eq!(sealed.open(&later()), Err(SealError::Header(VaultError::Altered)));
}

#[test]
fn one_field_is_changed_under_the_header_that_the_record_has() {
    let mut sealed = customer().seal(&sealer("demo")).expect("sealed");
    let before = item(sealed.item());
    sealed.set_email(&later(), "bob@example.com").expect("changed");
    sealed.set_phone(&later(), None).expect("changed");
    sealed.set_year(&later(), Some(&1970)).expect("changed");
    sealed.set_balance(&later(), &1.5).expect("changed");
    assert_eq!(sealed.key_version(), Ok(1));
    let after = item(sealed.item());
    let mut changed: Vec<&str> = before
        .iter()
        .filter(|(name, value)| after.get(*name) != Some(value))
        .map(|(name, _)| name.as_str())
        .collect();
    changed.sort_unstable();
    let expect = ["balance", "born_in", "born_in_search", "email", "email_search", "phone", "phone_search"];
    assert_eq!(changed, expect);
    assert!(!after.contains_key("phone") && !after.contains_key("phone_search"));
    let expect = Customer {
        email: "bob@example.com".to_owned(),
        phone: None,
        year: Some(1970),
        balance: 1.5,
        ..customer()
    };
    assert_eq!(sealed.open(&later()), Ok(expect.clone()));
    assert_eq!(sealed.email_search, expect.seal(&last()).expect("sealed").email_search);
}

/// Changing one field opens nothing else: another that is damaged does not hinder.
#[test]
fn changing_a_field_does_not_read_the_others() {
    let demo = sealer("demo");
    let mut sealed = customer().seal(&demo).expect("sealed");
    sealed.address = vec![0; 40].into();
    sealed.set_email(&demo, "bob@example.com").expect("changed");
    assert_eq!(sealed.open_email(&demo).as_deref(), Ok("bob@example.com"));
    assert_eq!(sealed.open_type(&demo).as_deref(), Ok(""));
    assert!(sealed.open(&demo).is_err());
    // But the record must be this one.
    sealed.id = 5;
    let moved = Err(SealError::Header(VaultError::OtherContext));
    assert_eq!(sealed.set_email(&demo, "eve@example.com"), moved);
}

/// Another key of pseudonyms finds nothing that was stored before, until it is sealed anew.
#[test]
fn another_key_of_pseudonyms_has_others() {
    let other = Sealer::new("demo", key(1, 1), key(8, 1), random());
    let sealed = customer().seal(&sealer("demo")).expect("sealed");
    let asked = Customer::search_email(&other, &customer().email).expect("a pseudonym");
    assert_ne!(sealed.email_search, asked);
    assert_eq!(sealed.reseal(&other).expect("sealed anew").email_search, asked);
}

/// What is stored for years must be made the same for years.
#[test]
fn the_pseudonym_is_what_it_was() {
    let key = PseudonymKey::new(&key(9, 1), "6:search9:customers5:email").expect("a key");
    let found = Customer::search_email(&sealer("demo"), "Ann@Example.com").expect("a pseudonym");
    assert_eq!(found.as_str(), key.pseudonym(&["demo", "\"ann@example.com\""]));
}
