//! Proofs that cannot be taken back, and who signs them.

use async_trait::async_trait;

use crate::fault::Fault;

/// Bytes of an object of evidence at the most: 16 MiB.
pub const MOST_EVIDENCE: usize = 16 << 20;

/// Bytes of a text that is signed at the most: what KMS takes as a message (`Sign`, `Message`).
pub const MOST_NOTE: usize = 4_096;

/// What became of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is written: it is the first of its key.
    Written,
    /// An object of that key was there already, and stays. It may be one's own: the answer to an earlier
    /// attempt may have been lost.
    There,
}

/// Write-once storage of proofs: the evidence bucket, under Object Lock. Holds hashes and counts, never
/// personal data.
///
/// The lock keeps what was written, but not what is seen: whoever may write can put later versions or a delete
/// marker above it. So what counts is the first version of a key that was ever written, and nothing else.
#[async_trait]
pub trait Evidence: Send + Sync {
    /// Writes an object of at most [`MOST_EVIDENCE`] if there never was one of that key. Whatever lies above
    /// the first version, [`Put::There`] is the answer.
    async fn put_once(&self, key: &str, bytes: Vec<u8>) -> Result<Put, Fault>;

    /// The first version ever written of an object of at most [`MOST_EVIDENCE`], strongly consistent; `None`
    /// if there never was one.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault>;

    /// At most `most` keys that begin with the prefix and sort after `after`, in the order of their bytes,
    /// strongly consistent: each once, and those too that a delete marker hides.
    async fn list(&self, prefix: &str, after: Option<&str>, most: usize) -> Result<Vec<String>, Fault>;
}

/// Signs notes: Ed25519 (RFC 8032, "pure") by a key of the key service. The same text has the same signature.
#[async_trait]
pub trait Notary: Send + Sync {
    /// Signs a text of at most [`MOST_NOTE`] bytes; a longer one is a permanent fault.
    async fn sign(&self, text: &[u8]) -> Result<[u8; 64], Fault>;

    /// What its signatures are checked with (RFC 8032, section 5.1.5).
    async fn public_key(&self) -> Result<[u8; 32], Fault>;
}
