//! The packages that persons fetch, and how they are told.

use async_trait::async_trait;
use domain::{Personal, RequestId, TenantId};
use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;
use crate::stream::Upload;

/// The longest that a link works for.
pub const LONGEST_LINK: SignedDuration = SignedDuration::from_mins(5);

/// Whether a package may be called this: 1 to 128 of letters, digits, `.`, `_` and `-`, not beginning with
/// a dot. So a name is one part of a key, and nothing in it means anything in a policy.
pub fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// The exports bucket: encrypted under the customer's key, in a context that names tenant and request. A
/// name that is none ([`is_name`]) is a permanent fault.
#[async_trait]
pub trait Packages: Send + Sync {
    /// Begins a package of a request. What an earlier attempt at the same name left unfinished goes: of two
    /// attempts at once, the later one goes on, and the earlier one meets a transient fault.
    async fn begin(&self, tenant: &TenantId, id: &RequestId, name: &str) -> Result<Box<dyn Upload>, Fault>;

    /// Destroys every version of every package of a request, and unfinished ones, and looks again: nothing
    /// is there any more, or it is a fault. Doing it twice is fine.
    async fn destroy(&self, tenant: &TenantId, id: &RequestId) -> Result<(), Fault>;
}

/// A link to one package. It is a credential: it cannot be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The URL.
    pub url: Personal,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Signing links. Whoever does it may read one package at a time, and only while it signs.
#[async_trait]
pub trait Links: Send + Sync {
    /// A link to a package that works for so long, at most [`LONGEST_LINK`], and that saves it under this file
    /// name, as far as it has only letters, digits, `.`, `_` and `-`; `None` if there is no such package.
    async fn sign(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        name: &str,
        file_name: &str,
        works_for: SignedDuration,
    ) -> Result<Option<Link>, Fault>;
}

/// A signature that anybody can check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// ECDSA over P-256 and SHA-256: r and s, each of 32 bytes (RFC 7518, section 3.4).
    pub bytes: [u8; 64],
    /// The key's id.
    pub key_id: String,
}

/// What a [`Signature`] is checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The key's id, as in its signatures.
    pub key_id: String,
    /// Its `SubjectPublicKeyInfo` (RFC 5480, a point of P-256) as PEM: what `openssl` and others read.
    pub pem: String,
}

/// The deployment's signing key.
#[async_trait]
pub trait Signer: Send + Sync {
    /// Signs a message, of which it is given the SHA-256 digest: the message may be of any length.
    async fn sign(&self, digest: &[u8; 32]) -> Result<Signature, Fault>;

    /// What others check its signatures with.
    async fn public_key(&self) -> Result<PublicKey, Fault>;
}

/// A letter to a person: which template, and what fills it. Never a link to a package.
#[derive(Debug, Clone)]
pub struct Letter {
    /// To whom.
    pub to: Personal,
    /// From whom: the tenant's own address.
    pub from: String,
    /// The template's name.
    pub template: String,
    /// What fills the template, by name.
    pub data: std::collections::BTreeMap<String, Personal>,
}

/// Letters to persons.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a letter over to be delivered. If the answer is lost it may come twice. A template that asks for
    /// something that the letter does not bring is found out later, by nobody here.
    async fn send(&self, letter: &Letter) -> Result<(), Fault>;
}

/// Characters that are kept of an address and of a client's name at the most.
pub const MOST_VISITS: usize = 512;

/// From where packages were fetched: kept sealed, apart from the audit, and for a while.
#[async_trait]
pub trait Visits: Send + Sync {
    /// Keeps what is known of one link's visitor until a moment; then it goes. Doing it twice is fine.
    async fn keep(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        number: u32,
        sealed: Vec<u8>,
        until: Timestamp,
    ) -> Result<(), Fault>;

    /// What is kept of a request's visitors at this moment, by the link's number.
    async fn kept(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        now: Timestamp,
    ) -> Result<Vec<(u32, Vec<u8>)>, Fault>;
}
