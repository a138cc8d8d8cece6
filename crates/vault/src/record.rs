//! A record: fields that are sealed one by one under a key of the record.
//!
//! ```text
//! field: nonce 12 | ciphertext | tag 16        additional data: the field's name
//! ```
//!
//! The record's header is kept beside its fields. A field that is changed is sealed anew under the same
//! header; nonces are random, which is safe for 2^32 of them (NIST SP 800-38D, 8.3).

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};

use crate::message::TAG;
use crate::{Context, DataKey, Header, Shape, VaultError};

/// A sealed field's bytes.
pub type SealedField = Vec<u8>;

/// The key of one record.
pub struct RecordKey {
    header: Header,
    cipher: LessSafeKey,
}

impl RecordKey {
    /// A key for a new record. `salt` must be 32 fresh random bytes.
    pub fn new(key: &DataKey, context: &Context<'_>, salt: [u8; 32]) -> Result<Self, VaultError> {
        let (header, cipher) = Header::new(Shape::Record, key, context, salt, 0)?;
        Ok(Self { header, cipher })
    }

    /// The key of the record that this header belongs to.
    pub fn open(key: &DataKey, context: &Context<'_>, header: &[u8]) -> Result<Self, VaultError> {
        let longer = header.len() > crate::HEADER;
        let header = Header::read(header)?;
        match header.open(Shape::Record, key, context)? {
            (_, Some(wrong)) => Err(wrong),
            (_, None) if longer => Err(VaultError::Trailing),
            (cipher, None) => Ok(Self { header, cipher }),
        }
    }

    /// What must be kept beside the fields.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Seals a field. `nonce` must be 12 fresh random bytes.
    pub fn seal(&self, field: &str, nonce: [u8; NONCE_LEN], plain: &[u8]) -> Result<SealedField, VaultError> {
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + TAG);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let body = sealed.get_mut(NONCE_LEN..).ok_or(VaultError::Refused)?;
        let tag = self
            .cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(field.as_bytes()),
                body,
            )
            .map_err(|_| VaultError::Refused)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens a field of that name.
    pub fn unseal(&self, field: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(VaultError::Truncated)?;
        if body.len() < TAG {
            return Err(VaultError::Truncated);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Truncated)?;
        let mut plain = body.to_vec();
        let opened = self.cipher.open_in_place(nonce, Aad::from(field.as_bytes()), &mut plain);
        let length = opened.map_err(|_| VaultError::Altered)?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

impl std::fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}
