//! Keyed pseudonyms: what stands for an identity where the identity may not be.

use std::sync::Arc;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::{DataKey, VaultError};

/// A key for pseudonyms of one purpose. Pseudonyms under different purposes cannot be joined.
///
/// Like a data key's its state stays in one place, however it is moved or cloned: the library wipes it when
/// it is dropped, and not where it was moved from.
#[derive(Clone)]
pub struct PseudonymKey(Arc<hmac::Key>);

impl PseudonymKey {
    /// Derives the key for a purpose (`subject`, `idempotency`, `actor`) from a tenant's data key.
    pub fn new(key: &DataKey, purpose: &str) -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; 32]);
        key.expand(&[b"lacuna vault v1 pseudonym", purpose.as_bytes()], &mut bytes)?;
        Ok(Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()))))
    }

    /// HMAC-SHA-256 of the parts, each with its length before it, in lower-case hex.
    pub fn pseudonym(&self, parts: &[&str]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        hex::encode(context.sign())
    }
}

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_give_the_same_pseudonym_and_others_another() {
        let data = DataKey::new(&crate::Material::new([5; 32]), 1);
        let key = |purpose| PseudonymKey::new(&data, purpose).expect("a key");
        let subject = key("subject");
        assert_eq!(
            subject.pseudonym(&["email", "a@example.com"]),
            key("subject").pseudonym(&["email", "a@example.com"])
        );
        assert_ne!(subject.pseudonym(&["ab", "c"]), subject.pseudonym(&["a", "bc"]));
        assert_ne!(subject.pseudonym(&["a"]), key("actor").pseudonym(&["a"]));
        assert_eq!(subject.pseudonym(&["a"]).len(), 64);
    }
}
