use proptest::prelude::*;
use vault::{Context, DataKey, RecordKey, VaultError};

use crate::{CONTEXT, key, other_contexts};

fn record() -> RecordKey {
    RecordKey::new(&key(1), &CONTEXT, [7; 32]).expect("a key")
}

#[test]
fn a_field_opens_under_its_record_and_name() {
    let sealed = record().seal("email", [1; 12], b"a@example.com").expect("sealed");
    let again = RecordKey::open(&key(1), &CONTEXT, record().header().as_bytes()).expect("the same key");
    assert_eq!(again.unseal("email", &sealed).as_deref(), Ok(&b"a@example.com"[..]));
    assert_eq!(again.unseal("phone", &sealed), Err(VaultError::Altered), "moved to another field");
    let other = RecordKey::new(&key(1), &CONTEXT, [8; 32]).expect("a key");
    assert_eq!(other.unseal("email", &sealed), Err(VaultError::Altered), "moved to another record");
    for short in [0, 11, 27] {
        assert_eq!(again.unseal("email", &sealed[..short]), Err(VaultError::Truncated));
    }
}

#[test]
fn a_records_header_opens_with_its_key_and_in_its_context() {
    fn open(key: &DataKey, context: &Context<'_>, header: &[u8]) -> Result<(), VaultError> {
        RecordKey::open(key, context, header).map(drop)
    }
    let header = record().header().as_bytes().to_vec();
    assert_eq!(open(&key(2), &CONTEXT, &header), Err(VaultError::OtherKey));
    for other in other_contexts() {
        assert_eq!(open(&key(1), &other, &header), Err(VaultError::OtherContext));
    }
    assert_eq!(open(&key(1), &CONTEXT, &header[..95]), Err(VaultError::Truncated));
    assert_eq!(open(&key(1), &CONTEXT, &[&header[..], b"x"].concat()), Err(VaultError::Trailing));
    for at in 0..header.len() {
        let mut damaged = header.clone();
        damaged[at] ^= 4;
        assert!(open(&key(1), &CONTEXT, &damaged).is_err(), "byte {at}");
    }
}

proptest! {
    #[test]
    fn any_field_round_trips_and_no_flipped_bit_opens(
        plain in proptest::collection::vec(any::<u8>(), 0..200), nonce: [u8; 12],
        at in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let mut sealed = record().seal("f", nonce, &plain).expect("sealed");
        prop_assert_eq!(record().unseal("f", &sealed), Ok(plain));
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(record().unseal("f", &sealed), Err(VaultError::Altered));
    }
}
