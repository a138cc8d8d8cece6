//! Exports, as the API shows them.

use domain::Personal;
use domain::export::{Export, Format, SealedFor};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// For whom a package is encrypted, in the age format: exactly one of the two.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// An age recipient: `age1…`.
    pub age: Option<Personal>,
    /// A passphrase of at least 12 characters. It is sealed with the request's papers, and goes with them.
    pub passphrase: Option<Personal>,
}

/// What a request exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportView {
    /// The form of the files.
    pub format: Format,
    /// Whether, and how, it is encrypted from end to end: `age`, `passphrase`, or absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<String>,
    /// Since when it can be fetched.
    pub ready_at: Option<Timestamp>,
    /// Until when; then it is destroyed.
    pub expires_at: Option<Timestamp>,
    /// When it was destroyed.
    pub destroyed_at: Option<Timestamp>,
    /// Records in it.
    pub records: u64,
    /// The packages: `GET /v1/requests/{id}/export?package=1` is the first.
    pub packages: Vec<PackageView>,
    /// How many links were given out.
    pub downloads: u32,
    /// How many more will be.
    pub downloads_left: u32,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageView {
    /// Its number, from 1.
    pub package: u32,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of it, in hex.
    pub sha256: String,
}

/// The answer to `POST /v1/requests/{id}/export/code`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DownloadCode {
    /// The code: 64 hexadecimal digits. It is nowhere else.
    #[serde(with = "domain::pii::exposed")]
    pub code: Personal,
    /// Until when it opens anything.
    pub expires_at: Timestamp,
}

/// One line of `GET /v1/requests/{id}/downloads`: from where a link was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DownloadView {
    /// The link's number, as in the timeline.
    pub link: u32,
    /// When it was given out.
    pub at: Timestamp,
    /// The address that asked for it.
    #[serde(with = "domain::pii::exposed")]
    pub address: Personal,
    /// What the client said that it is.
    #[serde(with = "domain::pii::exposed")]
    pub client: Personal,
}

/// Links that are given out at the most, by whichever way, times the number of packages: those of all of an
/// export's packages are counted together.
pub const MOST_DOWNLOADS: u32 = 20;

/// Links that one download code gives out at the most, times the number of packages. More than one, since a
/// download may break off; few, so that a letter that is found later opens nothing.
pub const MOST_USES: u32 = 5;

/// Links for all packages of an export, at so many for each.
pub fn in_all(for_each: u32, export: &Export) -> u32 {
    let packages = u32::try_from(export.packages.len().max(1)).unwrap_or(u32::MAX);
    for_each.saturating_mul(packages)
}

/// Links that are still given out for an export's packages.
pub fn links_left(export: &Export) -> u32 {
    in_all(MOST_DOWNLOADS, export).saturating_sub(export.downloads)
}

impl From<&Export> for ExportView {
    fn from(export: &Export) -> Self {
        let encrypted = match export.sealed_for {
            SealedFor::Nobody => None,
            SealedFor::Age => Some("age"),
            SealedFor::Passphrase => Some("passphrase"),
        };
        let there = if export.is_there() { export.packages.as_slice() } else { &[] };
        let packages = (1..).zip(there).map(|(package, one)| PackageView {
            package,
            bytes: one.bytes,
            sha256: one.sha256.clone(),
        });
        Self {
            format: export.format,
            encrypted: encrypted.map(str::to_owned),
            ready_at: export.ready_at,
            expires_at: export.expires_at,
            destroyed_at: export.destroyed_at,
            records: export.records,
            packages: packages.collect(),
            downloads: export.downloads,
            downloads_left: if export.is_over() { 0 } else { links_left(export) },
        }
    }
}
