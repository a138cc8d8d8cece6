use proptest::prelude::*;
use vault::{DataKey, HEADER, Material, VaultError, open, open_key, overhead, seal, seal_key};

use crate::{CONTEXT, Numbers, key, other_contexts};

fn sealed() -> Vec<u8> {
    seal(&key(1), &CONTEXT, [7; 32], b"a plan").expect("sealed")
}

fn check(sealed: &[u8], expect: VaultError) {
    assert_eq!(open(&key(1), &CONTEXT, sealed), Err(expect));
}

#[test]
fn opens_only_with_its_key_and_in_its_context() {
    assert_eq!(open(&key(1), &CONTEXT, &sealed()).as_deref(), Ok(&b"a plan"[..]));
    assert_eq!(sealed().len(), overhead() + 6);
    assert_eq!(open(&key(2), &CONTEXT, &sealed()), Err(VaultError::OtherKey), "another tenant's");
    let next = DataKey::new(&Material::new([1; 32]), 2);
    assert_eq!(open(&next, &CONTEXT, &sealed()), Err(VaultError::KeyVersion));
    for other in other_contexts() {
        assert_eq!(open(&key(1), &other, &sealed()), Err(VaultError::OtherContext), "{other:?}");
    }
}

#[test]
fn each_damage_has_its_error() {
    let whole = sealed();
    for short in [0, 3, HEADER - 1, HEADER + 15, whole.len() - 1] {
        check(&whole[..short], VaultError::Truncated);
    }
    check(&[&whole[..], b"x"].concat(), VaultError::Trailing);
    for (at, expect) in [
        (0, VaultError::NotSealed),
        (4, VaultError::Version),
        (5, VaultError::Version),
        (6, VaultError::Altered),
        (11, VaultError::Altered),
        (15, VaultError::Altered),
        (16, VaultError::Altered),
        (24, VaultError::Altered),
        (56, VaultError::Altered),
        (95, VaultError::Altered),
        (HEADER, VaultError::Altered),
        (whole.len() - 1, VaultError::Altered),
    ] {
        let mut other = whole.clone();
        other[at] ^= 0x10;
        check(&other, expect);
    }
    // The body of one with the header of another.
    let other = seal(&key(1), &CONTEXT, [8; 32], b"b plan").expect("sealed");
    check(&[&whole[..HEADER], &other[HEADER..]].concat(), VaultError::Altered);
    // A stream is no message, though its header is whole.
    let stream = vault::SealWriter::new(Vec::new(), &key(1), &CONTEXT, [7; 32]).expect("begun");
    check(&stream.finish().expect("sealed"), VaultError::Version);
}

#[test]
fn a_commitment_that_is_forged_does_not_open() {
    // Whoever mends the check still cannot make another key's or context's commitment.
    let mut forged = sealed();
    forged[60] ^= 1;
    let check_of = vault::sha256(&forged[..88]);
    forged[88..96].copy_from_slice(&check_of[..8]);
    check(&forged, VaultError::OtherContext);
}

#[test]
fn ten_thousand_flipped_bits_are_refused() {
    let plain: Vec<u8> = (0..5_000_u32).map(|n| n.to_be_bytes()[3]).collect();
    let whole = seal(&key(1), &CONTEXT, [9; 32], &plain).expect("sealed");
    let mut numbers = Numbers(1);
    for _ in 0..10_000 {
        let mut flipped = whole.clone();
        let at = numbers.below(whole.len());
        flipped[at] ^= 1 << numbers.below(8);
        assert!(open(&key(1), &CONTEXT, &flipped).is_err(), "byte {at}");
    }
}

#[test]
fn a_key_is_sealed_under_a_key() {
    let sealed = seal_key(&key(1), &CONTEXT, [3; 32], &Material::new([5; 32])).expect("sealed");
    let opened = open_key(&key(1), &CONTEXT, &sealed).expect("opened");
    assert_eq!(opened.expose(), &[5; 32]);
    let not_a_key = seal(&key(1), &CONTEXT, [3; 32], b"short").expect("sealed");
    assert_eq!(open_key(&key(1), &CONTEXT, &not_a_key).map(drop), Err(VaultError::KeyLength));
}

#[test]
fn what_is_too_long_is_a_stream() {
    let plain = vec![0; vault::MOST_MESSAGE + 1];
    assert_eq!(seal(&key(1), &CONTEXT, [1; 32], &plain), Err(VaultError::TooLong));
}

proptest! {
    #[test]
    fn any_plain_text_round_trips(plain in proptest::collection::vec(any::<u8>(), 0..300), salt: [u8; 32]) {
        let sealed = seal(&key(3), &CONTEXT, salt, &plain).expect("sealed");
        prop_assert_eq!(open(&key(3), &CONTEXT, &sealed), Ok(plain));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&key(3), &CONTEXT, &bytes).is_err());
    }
}
