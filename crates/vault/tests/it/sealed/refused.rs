use serde_json::{Value, json};
use vault::VaultError;
use vault::sealed::{SealError, SealedBytes, Sealer};

use super::{Customer, SealedCustomer, customer, key, random, sealer, supplier};

/// Another record, of the same shop.
fn other() -> Customer {
    Customer { id: 2, ..customer() }
}

fn check(sealed: &SealedCustomer, by: &Sealer<'_>, expect: SealError) {
    assert_eq!(sealed.open(by).map(drop), Err(expect));
}

fn damaged(field: &'static str) -> SealError {
    SealError::Field { field, source: VaultError::Altered }
}

#[test]
fn another_tenant() {
    let sealed = customer().seal(&sealer("demo")).expect("sealed");
    check(&sealed, &sealer("other"), SealError::Header(VaultError::OtherContext));
    let theirs = Sealer::new("demo", key(2, 1), key(9, 1), random());
    check(&sealed, &theirs, SealError::Header(VaultError::OtherKey));
    // Theirs has a version that ours has not.
    let newer = Sealer::new("demo", key(3, 2), key(9, 1), random()).with_older(key(2, 1));
    check(&sealed, &newer, SealError::Header(VaultError::OtherKey));
}

#[test]
fn a_field_that_was_moved_to_another_field() {
    let demo = sealer("demo");
    let mut sealed = customer().seal(&demo).expect("sealed");
    sealed.email = sealed.phone.clone().expect("a phone");
    check(&sealed, &demo, damaged("email"));
    assert_eq!(sealed.open_email(&demo), Err(damaged("email")));
    assert_eq!(sealed.open_phone(&demo), Ok(customer().phone), "the others still open");
}

#[test]
fn a_field_that_was_moved_to_another_record() {
    let demo = sealer("demo");
    let mut sealed = customer().seal(&demo).expect("sealed");
    sealed.year = other().seal(&demo).expect("sealed").year;
    // Under the name that it is stored by.
    check(&sealed, &demo, damaged("born_in"));
    // Nor from an earlier sealing of the same record: that has another header.
    sealed.year = customer().seal(&demo).expect("sealed").year;
    check(&sealed, &demo, damaged("born_in"));
}

#[test]
fn a_record_that_was_moved() {
    let demo = sealer("demo");
    let sealed = customer().seal(&demo).expect("sealed");
    let moved = SealError::Header(VaultError::OtherContext);
    check(&SealedCustomer { id: 2, ..sealed.clone() }, &demo, moved);
    check(&SealedCustomer { shop: "south".to_owned(), ..sealed.clone() }, &demo, moved);
    // What is in the one part of the key and what in the other is told apart.
    let one = Customer { shop: "n1".to_owned(), id: 2, ..customer() }.seal(&demo).expect("sealed");
    check(&SealedCustomer { shop: "n".to_owned(), id: 12, ..one }, &demo, moved);
    // Its fields with the header of another.
    let header = other().seal(&demo).expect("sealed").vault_header;
    check(&SealedCustomer { vault_header: header.clone(), ..sealed.clone() }, &demo, moved);
    check(&SealedCustomer { vault_header: header, id: 2, ..sealed }, &demo, damaged("email"));
}

#[test]
fn a_record_of_another_type() {
    let demo = sealer("demo");
    let theirs = supplier().seal(&demo).expect("sealed");
    let header = demo.open("suppliers", &[&7], &theirs.vault_header).map(drop);
    assert_eq!(header, Ok(()));
    let header = demo.open("customers", &[&7], &theirs.vault_header).map(drop);
    assert_eq!(header, Err(SealError::Header(VaultError::OtherContext)));
}

#[test]
fn every_flipped_bit() {
    let demo = sealer("demo");
    let sealed = customer().seal(&demo).expect("sealed");
    let flip = |bytes: &SealedBytes, at: usize, bit: u8| {
        let mut bytes = bytes.as_slice().to_vec();
        bytes[at] ^= 1 << bit;
        SealedBytes::from(bytes)
    };
    for bit in 0..8 {
        for at in 0..sealed.email.as_slice().len() {
            let email = flip(&sealed.email, at, bit);
            check(&SealedCustomer { email, ..sealed.clone() }, &demo, damaged("email"));
        }
        for at in 0..sealed.vault_header.as_slice().len() {
            let vault_header = flip(&sealed.vault_header, at, bit);
            let expect = match at {
                0..4 => VaultError::NotSealed,
                4..6 => VaultError::Version,
                _ => VaultError::Altered,
            };
            check(&SealedCustomer { vault_header, ..sealed.clone() }, &demo, SealError::Header(expect));
        }
    }
    let short = |bytes: &SealedBytes, to: usize| SealedBytes::from(bytes.as_slice()[..to].to_vec());
    let truncated = SealError::Field { field: "email", source: VaultError::Truncated };
    check(&SealedCustomer { email: short(&sealed.email, 27), ..sealed.clone() }, &demo, truncated);
    let cut = SealedCustomer { vault_header: short(&sealed.vault_header, 95), ..sealed };
    check(&cut, &demo, SealError::Header(VaultError::Truncated));
    assert_eq!(cut.key_version(), Err(SealError::Header(VaultError::Truncated)));
}

#[test]
fn json_that_is_no_sealed_record() {
    let whole = serde_json::to_value(customer().seal(&sealer("demo")).expect("sealed")).expect("JSON");
    for wrong in [json!("not base64!"), json!(5), Value::Null, json!([1, 2])] {
        let mut json = whole.clone();
        json["email"] = wrong;
        assert!(serde_json::from_value::<SealedCustomer>(json).is_err());
    }
    let mut without = whole;
    without.as_object_mut().expect("an object").remove("vault_header");
    assert!(serde_json::from_value::<SealedCustomer>(without).is_err());
}

/// JSON writes it as null, which is no number when it is read.
#[test]
fn a_value_that_could_not_be_read_again() {
    let demo = sealer("demo");
    for balance in [f64::NAN, f64::INFINITY] {
        let sealed = Customer { balance, ..customer() }.seal(&demo).map(drop);
        assert_eq!(sealed, Err(SealError::Unwritable("balance")));
    }
    let mut sealed = customer().seal(&demo).expect("sealed");
    assert_eq!(sealed.set_balance(&demo, &f64::NAN), Err(SealError::Unwritable("balance")));
    assert_eq!(sealed.open(&demo), Ok(customer()), "and nothing was changed");
}

/// A field whose type is another one now. The error has no word of the value.
#[test]
fn a_value_of_another_type() {
    #[derive(Debug, vault::Sealed)]
    #[record(purpose = "customers", key = "shop, pk")]
    struct Narrow {
        #[class(public)]
        shop: String,
        #[class(internal)]
        pk: u64,
        #[class(restricted)]
        email: u32,
    }
    let demo = sealer("demo");
    let stored = serde_json::to_value(customer().seal(&demo).expect("sealed")).expect("JSON");
    let read: SealedNarrow = serde_json::from_value(stored).expect("a record");
    let error = read.open(&demo).map(drop).expect_err("no number");
    assert_eq!(error, SealError::OtherType("email"));
    assert_eq!(error.to_string(), "the field email opens, and is not of the type that it has now");
    assert!(std::error::Error::source(&error).is_none());
}
