//! Keys from which keys are derived.

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
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

/// A key from which the keys of things are derived. Wiped when dropped; cannot be printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey {
    /// HKDF's pseudorandom key, extracted once.
    prk: [u8; 32],
    version: u32,
    id: KeyId,
}

impl DataKey {
    /// The key that this material makes, in a version from 1.
    pub fn new(material: &Material, version: u32) -> Self {
        let extract = hmac::Key::new(hmac::HMAC_SHA256, EXTRACT);
        let prk: [u8; 32] = hmac::sign(&extract, &material.0).as_ref().try_into().unwrap_or_default();
        let name = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &prk), ID);
        let mut id = KeyId::default();
        id.iter_mut().zip(name.as_ref()).for_each(|(to, from)| *to = *from);
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

    /// HKDF-Expand of this key for one purpose.
    pub(crate) fn expand<const N: usize>(&self, info: &[&[u8]]) -> Result<Zeroizing<[u8; N]>, VaultError> {
        let mut out = Zeroizing::new([0; N]);
        Prk::new_less_safe(HKDF_SHA256, &self.prk)
            .expand(info, Length(N))
            .and_then(|okm| okm.fill(&mut *out))
            .map_err(|_| VaultError::Refused)?;
        Ok(out)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// AES-256-GCM under a derived key.
pub(crate) fn cipher(key: &[u8]) -> Result<LessSafeKey, VaultError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| VaultError::Refused)
}
