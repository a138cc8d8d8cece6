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
        let extract = hmac::Key::new(hmac::HMAC_SHA256, EXTRACT);
        let mut prk = Zeroizing::new([0; 32]);
        // Not `hmac::sign`: its `Tag` cannot be wiped.
        let signed = hmac::sign_to_buffer(&extract, &material.0, prk.as_mut_slice()).is_ok();
        let prk = signed.then(|| Arc::new(hmac::Key::new(hmac::HMAC_SHA256, prk.as_slice())));
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

    /// HKDF-Expand of this key for one purpose, into 32 bytes that the caller wipes. That is the first block
    /// alone: one HMAC of the info and of the number 1.
    pub(crate) fn expand(&self, info: &[&[u8]], out: &mut [u8; 32]) -> Result<(), VaultError> {
        let prk = self.prk.as_ref().ok_or(VaultError::Refused)?;
        // No secret, so it need not be wiped. In one piece it is signed without a `Tag`, which could not be.
        let mut block = Vec::with_capacity(info.iter().map(|part| part.len()).sum::<usize>() + 1);
        for part in info {
            block.extend_from_slice(part);
        }
        block.push(1);
        hmac::sign_to_buffer(prk, &block, out).map(drop).map_err(|_| VaultError::Refused)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

/// AES-256-GCM under a derived key.
pub(crate) fn cipher(key: &[u8]) -> Result<LessSafeKey, VaultError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| VaultError::Refused)
}
