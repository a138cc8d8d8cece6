//! Keys from which keys are derived.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::hmac;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::VaultError;

/// The salt of HKDF's extract step: the same for every key, since each derivation has its own.
const EXTRACT: &[u8] = b"lacuna vault v1";
const ID: &[u8] = b"lacuna vault v1 key id";

/// Eight bytes that name a key and tell nothing about it.
pub type KeyId = [u8; 8];

/// 256 bits that a key is made of, as they are stored sealed. Wiped when dropped; cannot be printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Material([u8; 32]);

impl Material {
    /// Takes 32 random bytes in.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Takes bytes in, if there are 32 of them.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, VaultError> {
        bytes.try_into().map(Self).map_err(|_| VaultError::KeyLength)
    }

    /// The bytes, to seal them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

/// A key from which the keys of things are derived. Wiped when its last clone is dropped; cannot be printed.
#[derive(Clone)]
pub struct DataKey {
    /// HMAC under HKDF's pseudorandom key, which is extracted once and not kept itself. The library wipes it
    /// when it is dropped, but not where it was moved from: behind a pointer it stays in one place, however
    /// the key is moved or cloned. None if the library refused: then nothing is derived.
    prk: Option<Arc<hmac::Key>>,
    version: u32,
    id: KeyId,
}

impl DataKey {
    /// The key that this material makes, in a version from 1.
    pub fn new(material: &Material, version: u32) -> Self {
        let mut prk = Zeroizing::new([0; 32]);
        let extracted = extract(EXTRACT, &material.0, &mut prk).is_ok();
        let prk = extracted.then(|| Arc::new(hmac::Key::new(hmac::HMAC_SHA256, prk.as_slice())));
        let mut id = KeyId::default();
        if let Some(prk) = &prk {
            let name = hmac::sign(prk, ID);
            id.iter_mut().zip(name.as_ref()).for_each(|(to, from)| *to = *from);
        }
        Self { prk, version, id }
    }

    /// Which version of its purpose's key it is.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// HKDF-Expand of this key for one purpose, into 32 bytes that the caller wipes.
    pub(crate) fn expand(&self, info: &[&[u8]], out: &mut [u8; 32]) -> Result<(), VaultError> {
        expand(self.prk.as_ref().ok_or(VaultError::Refused)?, info, out)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

/// HKDF-Extract with SHA-256 (RFC 5869, 2.2).
fn extract(salt: &[u8], material: &[u8], prk: &mut [u8; 32]) -> Result<(), VaultError> {
    sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), material, prk)
}

/// The first block of HKDF-Expand with SHA-256 (RFC 5869, 2.3): one HMAC of the info and of the number 1.
fn expand(prk: &hmac::Key, info: &[&[u8]], out: &mut [u8; 32]) -> Result<(), VaultError> {
    // No secret, so it need not be wiped.
    let mut block = Vec::with_capacity(info.iter().map(|part| part.len()).sum::<usize>() + 1);
    for part in info {
        block.extend_from_slice(part);
    }
    block.push(1);
    sign(prk, &block, out)
}

/// Not `hmac::sign`, nor the library's own HKDF: the `Tag` of the one and the `Prk` of the other cannot be
/// wiped.
fn sign(key: &hmac::Key, text: &[u8], out: &mut [u8; 32]) -> Result<(), VaultError> {
    hmac::sign_to_buffer(key, text, out).map(drop).map_err(|_| VaultError::Refused)
}

/// AES-256-GCM under a derived key.
pub(crate) fn cipher(key: &[u8]) -> Result<LessSafeKey, VaultError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| VaultError::Refused)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
    use proptest::prelude::*;

    use super::*;

    /// The first 32 bytes: this vault derives no more.
    fn check(material: &[u8], salt: &[u8], info: &[u8], prk: &str, okm: &str) {
        let mut extracted = [0; 32];
        extract(salt, material, &mut extracted).expect("extracted");
        assert_eq!(hex::encode(extracted), prk);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &extracted);
        for at in 0..=info.len() {
            let (one, other) = info.split_at(at);
            let mut expanded = [0; 32];
            expand(&key, &[one, other], &mut expanded).expect("expanded");
            assert_eq!(hex::encode(expanded), okm, "in two parts, at {at}");
        }
    }

    fn run(from: u8, to: u8) -> Vec<u8> {
        (from..=to).collect()
    }

    /// RFC 5869, appendix A, those with SHA-256.
    #[test]
    fn the_cases_of_rfc_5869() {
        check(
            &[0x0b; 22],
            &run(0x00, 0x0c),
            &run(0xf0, 0xf9),
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
        );
        check(
            &run(0x00, 0x4f),
            &run(0x60, 0xaf),
            &run(0xb0, 0xff),
            "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
        );
        check(
            &[0x0b; 22],
            &[],
            &[],
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        );
    }

    struct Length(usize);

    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }

    proptest! {
        /// The library has HKDF too, and what it says is what a data key derives.
        #[test]
        fn a_key_derives_what_the_librarys_hkdf_does(
            material in any::<[u8; 32]>(),
            info in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5),
        ) {
            let info: Vec<&[u8]> = info.iter().map(Vec::as_slice).collect();
            let mut ours = [0; 32];
            DataKey::new(&Material::new(material), 1).expand(&info, &mut ours).expect("expanded");
            let mut theirs = [0; 32];
            let prk = Salt::new(HKDF_SHA256, EXTRACT).extract(&material);
            let expanded = prk.expand(&info, Length(theirs.len()));
            expanded.and_then(|expanded| expanded.fill(&mut theirs)).expect("expanded");
            prop_assert_eq!(ours, theirs);
        }
    }
}
