//! The bodies of the vault's operations, version 1, and the file that `lacuna vault` makes.
//!
//! ```text
//! POST /v1/vault/encrypt   {"context":"orders/42","plaintext":"…base64…"}
//!                      200 {"sealed":"…base64…","key":{"purpose":"fields","version":3}}
//! POST /v1/vault/decrypt   {"context":"orders/42","sealed":"…base64…"}
//!                      200 {"plaintext":"…base64…"}
//! POST /v1/vault/rotate    {"purpose":"fields"}
//!                      200 {"purpose":"fields","version":4,…}
//! GET  /v1/vault/status
//!                      200 {"items":[{"purpose":"fields","version":4,…}]}
//! ```
//!
//! With `"subject":{"type":"email","value":"…"}` the key is that person's own: what was sealed under it
//! cannot be opened any more once they were erased.
//!
//! A file that `lacuna vault encrypt` seals has a key of its own: 32 random bytes, which `POST
//! /v1/vault/encrypt` seals as `file/<name>`. It stands before the stream:
//!
//! ```text
//! 0  4  magic "LCNF"
//! 4  1  version 1
//! 5  2  length of the sealed key, big-endian
//! 7  .  the sealed key: the bytes of `sealed`, without base64
//! .  .  the stream, in the vault's format, under version 1 of the file's key
//! ```
//!
//! The stream's context has no tenant, the purpose `file`, and the name as its object. The tenant is
//! bound by the sealed key. A file that was sealed with a key file is the stream alone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::GivenIdentity;

/// The most bytes of plaintext in one call. What is longer is sealed as a file, by `lacuna vault`.
pub const MOST_PLAINTEXT: usize = 64 * 1024;

/// The longest context.
pub const MOST_CONTEXT: usize = 512;

/// What a file begins with that carries its own key, sealed.
pub const FILE_MAGIC: [u8; 4] = *b"LCNF";

/// The version of what stands before a file's stream.
pub const FILE_VERSION: u8 = 1;

/// The purpose of a file: of its stream's context, and, before a `/`, of its key's.
pub const FILE_PURPOSE: &str = "file";

/// Which of a tenant's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// What services seal: `POST /v1/vault/encrypt`.
    Fields,
    /// The keys of single persons are sealed under this one.
    Subjects,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::Fields, Self::Subjects];

    /// As it is written in keys, contexts and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Subjects => "subjects",
        }
    }
}

/// `POST /v1/vault/encrypt`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encrypt {
    /// What it is, of 1 to 512 bytes: it opens only when asked for as the same. Never personal data.
    pub context: String,
    /// The plaintext, in base64.
    pub plaintext: String,
    /// Whose key: a person's own, or, without it, the tenant's.
    pub subject: Option<GivenIdentity>,
}

/// `POST /v1/vault/decrypt`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decrypt {
    /// What it was sealed as.
    pub context: String,
    /// What was sealed, in base64.
    pub sealed: String,
    /// Whose key it was sealed under.
    pub subject: Option<GivenIdentity>,
}

/// The key that something was sealed under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyName {
    /// `fields`, or `subject` for a person's own.
    pub purpose: String,
    /// Its version.
    pub version: u32,
}

/// The answer to [`Encrypt`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// What was sealed, in base64.
    pub sealed: String,
    /// Under which key.
    pub key: KeyName,
}

/// The answer to [`Decrypt`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The plaintext, in base64.
    pub plaintext: String,
}

/// `POST /v1/vault/rotate`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// Which key.
    pub purpose: Purpose,
}

/// A key of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// Which.
    pub purpose: Purpose,
    /// The version that seals. Every earlier one still opens.
    pub version: u32,
    /// Since when.
    pub made_at: Timestamp,
    /// How often it is rotated: an ISO 8601 duration.
    pub rotate_every: String,
    /// When it will be.
    pub rotate_by: Timestamp,
    /// How many keys are still sealed under an earlier version, or under an earlier root key. At the
    /// most `1000` are counted.
    pub to_rewrap: u32,
    /// What somebody should look at: `rotation-due-soon`, `rotation-overdue`.
    pub warnings: Vec<String>,
}
