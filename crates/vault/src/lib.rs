//! Sealing: AES-256-GCM under keys that are derived for one thing and used for nothing else.
//!
//! A [`DataKey`] never encrypts anything itself. For each thing HKDF-SHA-256 (RFC 5869) derives a key
//! from it, a random 256-bit salt, the header and the [`Context`]; so no nonce can repeat, and a thing
//! opens only as what it was sealed as. GCM does not commit to its key, so a digest of the derived key
//! does: it is stored in the header and compared in constant time.
//!
//! There are three shapes, with one header: a [message](seal) in memory, a [stream](SealWriter) of any
//! length in constant memory, and a [record](RecordKey) whose fields are sealed one by one. The format
//! is in `docs/vault-format.md`.

mod cache;
mod context;
mod header;
mod key;
mod message;
mod pseudonym;
mod reader;
mod record;
#[cfg(feature = "derive")]
pub mod sealed;
mod writer;

use aws_lc_rs::constant_time::verify_slices_are_equal;

pub use cache::{KeyCache, Limits};
pub use context::Context;
pub use header::{HEADER, Header, Shape};
pub use key::{DataKey, KeyId, Material};
pub use message::{MOST_MESSAGE, open, open_key, overhead, seal, seal_key};
pub use pseudonym::PseudonymKey;
pub use reader::OpenReader;
pub use record::{RecordKey, SealedField};
#[cfg(feature = "derive")]
pub use vault_derive::Sealed;
pub use writer::{FRAME, SealWriter};

/// Why something could not be sealed or opened. Nothing of it was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Key material of another length than 32 bytes.
    #[error("the key is not 32 bytes long")]
    KeyLength,
    /// The end is missing.
    #[error("the sealed data is truncated")]
    Truncated,
    /// The first bytes are not ours.
    #[error("this is not sealed data")]
    NotSealed,
    /// A version, suite or shape that this code does not read.
    #[error("the sealed data has a version this program does not know")]
    Version,
    /// It was sealed under another key: another tenant's, or for another purpose.
    #[error("the sealed data belongs to another key: another tenant's, or another purpose's")]
    OtherKey,
    /// It was sealed under another version of the key.
    #[error("the sealed data belongs to another version of the key")]
    KeyVersion,
    /// It was sealed as something else.
    #[error("the sealed data belongs to another context")]
    OtherContext,
    /// Bytes were changed.
    #[error("the sealed data was altered")]
    Altered,
    /// A frame is missing, doubled, or in another place than it was.
    #[error("frames of the sealed stream are missing, doubled or out of order")]
    Reordered,
    /// A frame of another stream.
    #[error("the sealed stream has a frame of another stream")]
    Spliced,
    /// Something follows the end.
    #[error("something follows the end of the sealed data")]
    Trailing,
    /// More than a message may hold, or more frames than a stream.
    #[error("too long to be sealed like this")]
    TooLong,
    /// The cryptographic library refused; nothing was produced.
    #[error("the cryptographic library refused")]
    Refused,
}

impl From<VaultError> for std::io::Error {
    fn from(error: VaultError) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
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
