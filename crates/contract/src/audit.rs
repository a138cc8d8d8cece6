//! The bodies of `/v1/audit` and of receipts. What they carry is `audit`'s own formats, as text.

use domain::{PackId, Period};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `GET /v1/audit/key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// The key that the tenant's checkpoints are signed with: `<name>+<id>+<key>` (<https://c2sp.org/signed-note>). It proves
    /// something only to whoever has it from elsewhere too.
    pub key: String,
}

/// `GET /v1/audit/checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointView {
    /// The note.
    pub checkpoint: String,
    /// How many entries it covers.
    pub size: u64,
}

/// `GET /v1/requests/{id}/receipt/salt`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaltView {
    /// 256 bits, in hex.
    pub salt: String,
    /// Until when it can be got, if the request has ended: then it is destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<Timestamp>,
}

/// `GET /v1/audit/export`: one part after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportPart {
    /// Lines of the file, each with its line feed.
    pub lines: String,
    /// Where the next part begins; none after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `POST /v1/audit/packs`: an evidence pack was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotePack {
    /// What it reports on: `2026`, `2026-Q4`, `2026-11`.
    pub period: Period,
    /// SHA-256 of its manifest, in hex: it names the pack.
    pub manifest_sha256: PackId,
}

/// A pack that is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackView {
    /// SHA-256 of its manifest, in hex.
    pub manifest_sha256: PackId,
    /// What it reports on.
    pub period: Period,
    /// When it was put on record first.
    pub packed_at: Timestamp,
    /// By whom, as the audit names them.
    pub packed_by: String,
}
