//! Sealing: AES-256-GCM under keys that are derived for one object and used once.
//!
//! A [`DataKey`] never encrypts anything itself. For each object HKDF-SHA-256 (RFC 5869) derives a
//! key from it, a random 256-bit salt and the [`Context`]; so no nonce can repeat, and an object
//! opens only in the context it was sealed in. GCM does not commit to its key, so a second derived
//! value does: it is stored in the header and compared in constant time before decrypting.
//!
//! ```text
//! magic "LCNV" | version 1 | salt 32 | commitment 32 | ciphertext | tag 16
//! ```
//!
//! The header and the context are the additional data.

mod pseudonym;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::{Zeroize, ZeroizeOnDrop};

pub use pseudonym::PseudonymKey;

const MAGIC: &[u8; 4] = b"LCNV";
const VERSION: u8 = 1;
const SALT: usize = 32;
const COMMITMENT: usize = 32;
const HEADER: usize = MAGIC.len() + 1 + SALT + COMMITMENT;
const TAG: usize = 16;

/// 256 bits from which the keys of objects are derived. Wiped when dropped; cannot be printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// Takes key material in.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Takes key material in, if it is 32 bytes long.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, VaultError> {
        bytes.try_into().map(Self).map_err(|_| VaultError::KeyLength)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

/// What a sealed object is: it opens only when asked for as the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// Whose it is.
    pub tenant: &'a str,
    /// What it is for: `plan`, `subject`, `cursor`.
    pub purpose: &'a str,
    /// Which one it is: an object key, an item key.
    pub object: &'a str,
}

impl Context<'_> {
    /// Each part with its length before it, so that no two contexts read the same.
    fn bytes(&self) -> Vec<u8> {
        let parts = [self.tenant, self.purpose, self.object];
        let mut bytes = Vec::with_capacity(parts.iter().map(|p| p.len() + 8).sum());
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Key material of another length than 32 bytes.
    #[error("the key is not 32 bytes long")]
    KeyLength,
    /// Shorter than the header and the tag.
    #[error("the sealed object is truncated")]
    Truncated,
    /// The first bytes are not ours.
    #[error("not a sealed object")]
    NotSealed,
    /// A version that this code does not read.
    #[error("the sealed object has a version this program does not know")]
    Version,
    /// The key or the context is another than the one it was sealed with.
    #[error("the sealed object does not belong to this key and context")]
    Commitment,
    /// The bytes were changed.
    #[error("the sealed object was altered")]
    Altered,
    /// The cryptographic library refused; nothing was produced.
    #[error("the cryptographic library refused")]
    Refused,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-SHA-256 of the data key, for one label and context.
pub(crate) fn derive(
    key: &DataKey,
    salt: &[u8],
    label: &[u8],
    context: &[u8],
) -> Result<[u8; 32], VaultError> {
    let mut out = [0; 32];
    Salt::new(HKDF_SHA256, salt)
        .extract(&key.0)
        .expand(&[label, context], Length(out.len()))
        .and_then(|okm| okm.fill(&mut out))
        .map_err(|_| VaultError::Refused)?;
    Ok(out)
}

fn cipher(key: &DataKey, salt: &[u8], context: &[u8]) -> Result<LessSafeKey, VaultError> {
    let mut bytes = derive(key, salt, b"lacuna/v1/key", context)?;
    let unbound = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| VaultError::Refused);
    bytes.zeroize();
    unbound.map(LessSafeKey::new)
}

/// The derived key is used once, so its only nonce is zero.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// Seals `plain`. `salt` must be 32 fresh random bytes.
pub fn seal(
    key: &DataKey,
    context: &Context<'_>,
    salt: [u8; SALT],
    plain: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let context = context.bytes();
    let mut sealed = Vec::with_capacity(HEADER + plain.len() + TAG);
    sealed.extend_from_slice(MAGIC);
    sealed.push(VERSION);
    sealed.extend_from_slice(&salt);
    sealed.extend_from_slice(&derive(key, &salt, b"lacuna/v1/commitment", &context)?);
    let mut aad = sealed.clone();
    aad.extend_from_slice(&context);
    sealed.extend_from_slice(plain);
    let body = sealed.get_mut(HEADER..).ok_or(VaultError::Refused)?;
    let tag = cipher(key, &salt, &context)?
        .seal_in_place_separate_tag(nonce(), Aad::from(aad), body)
        .map_err(|_| VaultError::Refused)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// Opens what [`seal`] made, with the same key and context.
pub fn open(key: &DataKey, context: &Context<'_>, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let context = context.bytes();
    let header = sealed.get(..HEADER).ok_or(VaultError::Truncated)?;
    let body = sealed.get(HEADER..).filter(|body| body.len() >= TAG).ok_or(VaultError::Truncated)?;
    let (magic, rest) = header.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(VaultError::NotSealed);
    }
    if rest.first() != Some(&VERSION) {
        return Err(VaultError::Version);
    }
    let (salt, commitment) = rest.get(1..).ok_or(VaultError::Truncated)?.split_at(SALT);
    let expected = derive(key, salt, b"lacuna/v1/commitment", &context)?;
    verify_slices_are_equal(&expected, commitment).map_err(|_| VaultError::Commitment)?;
    let mut aad = header.to_vec();
    aad.extend_from_slice(&context);
    let mut plain = body.to_vec();
    let length = cipher(key, salt, &context)?
        .open_in_place(nonce(), Aad::from(aad), &mut plain)
        .map_err(|_| VaultError::Altered)?
        .len();
    plain.truncate(length);
    Ok(plain)
}

/// Whether two secrets are the same, in a time that tells nothing of where they differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    verify_slices_are_equal(a, b).is_ok()
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap_or_default()
}

/// SHA-256 in lower-case hex: how a sealed object is named in the audit.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(sha256(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONTEXT: Context<'static> = Context { tenant: "demo", purpose: "plan", object: "plan-1" };

    fn key(byte: u8) -> DataKey {
        DataKey::new([byte; 32])
    }

    fn sealed() -> Vec<u8> {
        seal(&key(1), &CONTEXT, [7; 32], b"a plan").expect("sealed")
    }

    #[test]
    fn opens_only_with_its_key_and_in_its_context() {
        assert_eq!(open(&key(1), &CONTEXT, &sealed()).as_deref(), Ok(&b"a plan"[..]));
        assert_eq!(open(&key(2), &CONTEXT, &sealed()), Err(VaultError::Commitment));
        for other in [
            Context { tenant: "other", ..CONTEXT },
            Context { purpose: "export", ..CONTEXT },
            Context { object: "plan-2", ..CONTEXT },
            Context { tenant: "demopl", purpose: "an", ..CONTEXT },
        ] {
            assert_eq!(open(&key(1), &other, &sealed()), Err(VaultError::Commitment));
        }
    }

    #[test]
    fn each_damage_has_its_error() {
        let whole = sealed();
        assert_eq!(open(&key(1), &CONTEXT, &[]), Err(VaultError::Truncated));
        assert_eq!(open(&key(1), &CONTEXT, &whole[..HEADER + 3]), Err(VaultError::Truncated));
        assert_eq!(open(&key(1), &CONTEXT, &whole[..whole.len() - 1]), Err(VaultError::Altered));
        let mut other = whole.clone();
        other[0] = b'X';
        assert_eq!(open(&key(1), &CONTEXT, &other), Err(VaultError::NotSealed));
        let mut other = whole;
        other[4] = 9;
        assert_eq!(open(&key(1), &CONTEXT, &other), Err(VaultError::Version));
    }

    #[test]
    fn a_key_does_not_print() {
        assert_eq!(format!("{:?}", key(1)), "[key]");
    }

    proptest! {
        #[test]
        fn any_plain_text_round_trips_and_no_flipped_bit_opens(
            plain in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let mut sealed = seal(&key(3), &CONTEXT, [9; 32], &plain).expect("sealed");
            prop_assert_eq!(open(&key(3), &CONTEXT, &sealed), Ok(plain));
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(open(&key(3), &CONTEXT, &sealed).is_err());
        }
    }
}
