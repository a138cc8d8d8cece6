//! The header that all sealed data begins with.
//!
//! ```text
//!  0  4  magic "LCNV"
//!  4  1  version 1
//!  5  1  suite 1: HKDF-SHA-256, AES-256-GCM, key commitment
//!  6  1  shape 1 message, 2 stream, 3 record
//!  7  1  0
//!  8  4  version of the key, big-endian
//! 12  4  message: length of the plaintext; stream: of a whole frame; record: 0
//! 16  8  id of the key
//! 24 32  salt
//! 56 32  commitment
//! 88  8  check: SHA-256 of the 88 bytes before it, its first 8
//! ```
//!
//! The check tells damage from a wrong context; it proves nothing. What proves is the commitment.

use aws_lc_rs::aead::LessSafeKey;
use zeroize::Zeroizing;

use crate::key::cipher;
use crate::{Context, DataKey, KeyId, VaultError, same, sha256};

/// Bytes of a header.
pub const HEADER: usize = 96;

const MAGIC: &[u8; 4] = b"LCNV";
const VERSION: u8 = 1;
const SUITE: u8 = 1;
const KEY: &[u8] = b"lacuna vault v1 key";
const COMMITMENT: &[u8] = b"lacuna vault v1 commitment";
const DERIVED: usize = 56;
const CHECKED: usize = 88;

/// What follows the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One ciphertext and its tag.
    Message = 1,
    /// Frames.
    Stream = 2,
    /// Nothing: fields are kept beside it.
    Record = 3,
}

/// A header, as bytes. What it says is believed only once the commitment was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header([u8; HEADER]);

/// What a header and a context derive.
pub(crate) struct Derived {
    pub cipher: LessSafeKey,
    pub commitment: [u8; 32],
}

impl Header {
    /// A new header, and the cipher of what it begins. `salt` must be 32 fresh random bytes.
    pub(crate) fn new(
        shape: Shape,
        key: &DataKey,
        context: &Context<'_>,
        salt: [u8; 32],
        size: u32,
    ) -> Result<(Self, LessSafeKey), VaultError> {
        let mut bytes = [0; HEADER];
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 4, &[VERSION, SUITE, shape as u8, 0]);
        put(&mut bytes, 8, &key.version().to_be_bytes());
        put(&mut bytes, 12, &size.to_be_bytes());
        put(&mut bytes, 16, &key.id());
        put(&mut bytes, 24, &salt);
        let mut header = Self(bytes);
        let derived = header.derive(key, context)?;
        put(&mut header.0, DERIVED, &derived.commitment);
        let check = sha256(header.part::<CHECKED>(0).as_slice());
        put(&mut header.0, CHECKED, check.get(..8).unwrap_or_default());
        Ok((header, derived.cipher))
    }

    /// The header at the beginning of sealed data, unless that is shorter than a header.
    pub fn read(sealed: &[u8]) -> Result<Self, VaultError> {
        let bytes = sealed.get(..HEADER).ok_or(VaultError::Truncated)?;
        bytes.try_into().map(Self).map_err(|_| VaultError::Truncated)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; HEADER] {
        &self.0
    }

    /// Whether its own check fits. That tells damage, and proves nothing: anybody can make it fit.
    pub fn is_whole(&self) -> bool {
        let check = sha256(self.part::<CHECKED>(0).as_slice());
        same(check.get(..8).unwrap_or_default(), &self.part::<8>(CHECKED))
    }

    /// Which version of the key it asks for. Not proved: look for the key, and open.
    pub fn key_version(&self) -> u32 {
        u32::from_be_bytes(self.part(8))
    }

    /// Which key it asks for. Not proved.
    pub fn key_id(&self) -> KeyId {
        self.part(16)
    }

    pub(crate) fn size(&self) -> u32 {
        u32::from_be_bytes(self.part(12))
    }

    /// What the frames of this stream are marked with.
    pub(crate) fn stream_id(&self) -> [u8; 8] {
        self.part(24)
    }

    fn part<const N: usize>(&self, at: usize) -> [u8; N] {
        self.0.get(at..at + N).and_then(|part| part.try_into().ok()).unwrap_or([0; N])
    }

    fn derive(&self, key: &DataKey, context: &Context<'_>) -> Result<Derived, VaultError> {
        let lengths = context.lengths();
        let [tenant, purpose, object] = context.parts();
        let info: [&[u8]; 8] = [
            KEY,
            &self.part::<DERIVED>(0),
            &lengths[0],
            tenant.as_bytes(),
            &lengths[1],
            purpose.as_bytes(),
            &lengths[2],
            object.as_bytes(),
        ];
        // The key is derived behind the label that it is committed to with: it is in one place alone.
        let mut committed = Zeroizing::new([0; COMMITMENT.len() + 32]);
        let (label, secret) = committed.split_last_chunk_mut().ok_or(VaultError::Refused)?;
        label.copy_from_slice(COMMITMENT);
        key.expand(&info, secret)?;
        let cipher = cipher(secret)?;
        Ok(Derived { cipher, commitment: sha256(committed.as_slice()) })
    }

    /// The cipher, and what is wrong with the header, if anything is. The same work is done whatever
    /// that is: the time says nothing about which byte it was.
    pub(crate) fn open(
        &self,
        shape: Shape,
        key: &DataKey,
        context: &Context<'_>,
    ) -> Result<(LessSafeKey, Option<VaultError>), VaultError> {
        let derived = self.derive(key, context)?;
        let findings = [
            (same(&self.part::<4>(0), MAGIC), VaultError::NotSealed),
            (same(&self.part::<2>(4), &[VERSION, SUITE]), VaultError::Version),
            (self.is_whole(), VaultError::Altered),
            (same(&self.part::<2>(6), &[shape as u8, 0]), VaultError::Version),
            (same(&self.part::<4>(8), &key.version().to_be_bytes()), VaultError::KeyVersion),
            (same(&self.key_id(), &key.id()), VaultError::OtherKey),
            (same(&derived.commitment, &self.part::<32>(DERIVED)), VaultError::OtherContext),
        ];
        let wrong = findings.into_iter().find(|(fine, _)| !fine).map(|(_, error)| error);
        Ok((derived.cipher, wrong))
    }
}

fn put(bytes: &mut [u8; HEADER], at: usize, part: &[u8]) {
    if let Some(to) = bytes.get_mut(at..at + part.len()) {
        to.copy_from_slice(part);
    }
}
