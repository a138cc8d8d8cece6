//! Evidence packs: what became of the requests of a period, for a regulator, in one archive that proves itself.
//!
//! | file | what it is |
//! |---|---|
//! | `log.jsonl` | an [export](crate::export) of the log, over the period and somewhat more: every figure rests on it |
//! | `checkpoint` | the last checkpoint of it |
//! | `receipts/<request>-<entry>.json` | the [receipt](crate::receipt) of each closing of the period |
//! | `receipts/<request>-<entry>.none` | in its place, where there is none: a [`NoReceipt`] |
//! | `metrics.json`, `metrics.csv`, `index.html` | the [`Metrics`], for programs, tables and people |
//! | `verify.html`, `README.txt` | how all of it is checked |
//! | `manifest.json` | the [`Manifest`]: length and SHA-256 of each of these |
//! | `proof.json` | the [`PackProof`]: that the log has the manifest's SHA-256, and goes on from `log.jsonl`. It alone is not in the manifest |
//!
//! So nothing is signed but the log, as ever. [`check`] says whether a pack is whole; it computes the figures anew.

mod check;
mod count;
mod flaw;
mod join;
mod log;
mod metrics;
mod numbers;
mod page;
mod proof;
mod receipts;

use domain::{PackId, Period, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use check::{Archive, Figures, Pack, check};
pub use count::{AFTER, BEFORE, Counting};
pub use flaw::{Flaw, Unfit};
pub use join::Joining;
pub use log::{Closing, Counted, Log, Read};
pub use metrics::{ALL, Answered, Extent, Holds, Lack, Metrics, Replays, Requests, Row, UNKNOWN};
pub use page::page;
pub use proof::{Bound, PERIOD, PackProof};
pub use receipts::{
    NoReceipt, Receipts, no_receipt_name, parse_no_receipt_name, parse_receipt_name, receipt_name,
};

use crate::tree::sha256;

/// The format, as the manifest and the figures name it: `lacuna/` and a number. To it belongs every byte of what [`derived`] makes of
/// the same figures: whatever changes there raises the number, since a pack is checked for years.
pub const FORMAT: &str = "lacuna/2";

/// The format of a [`PackProof`] and of a [`NoReceipt`].
pub(crate) const PART: &str = "lacuna/1";

/// The audit export.
pub const LOG: &str = "log.jsonl";
/// The last checkpoint of it.
pub const CHECKPOINT: &str = "checkpoint";
/// What is listed.
pub const MANIFEST: &str = "manifest.json";
/// That the log has the manifest's hash.
pub const PROOF: &str = "proof.json";
/// The figures, for programs.
pub const METRICS: &str = "metrics.json";
/// The page that checks files in a browser.
pub const VERIFIER: &str = "verify.html";

/// Closings of a pack at the most: each has a receipt, or a word that there is none.
pub const MOST_RECEIPTS: usize = 200_000;
/// Bytes of every file but the log at the most.
pub const MOST_BYTES: usize = 64 << 20;

const README: &str = include_str!("README.txt");
const PAGE: &str = include_str!("../../verify.html");

/// What a pack consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Each file but the manifest itself and `proof.json`, by name.
    pub files: Vec<FileLine>,
    /// When it was made.
    pub made_at: Timestamp,
    /// The format: [`FORMAT`].
    pub pack: String,
    /// What it reports on.
    pub period: Period,
    /// Whose it is.
    pub tenant: TenantId,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLine {
    /// Its length.
    pub bytes: u64,
    /// Its path in the archive.
    pub name: String,
    /// SHA-256 of it, in hex.
    pub sha256: String,
}

impl Manifest {
    /// Its canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Plain fields and texts as keys: it cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// By what the log names the pack.
    pub fn id(bytes: &[u8]) -> Option<PackId> {
        hex::encode(sha256(bytes)).parse().ok()
    }
}

/// The files that follow from the figures and from which receipts there are, and those that are the same in every pack.
pub fn derived(metrics: &Metrics, receipts: &Receipts) -> [(&'static str, Vec<u8>); 5] {
    [
        ("README.txt", README.as_bytes().to_vec()),
        ("index.html", page(metrics, receipts).into_bytes()),
        ("metrics.csv", metrics.csv().into_bytes()),
        (METRICS, metrics.json()),
        (VERIFIER, PAGE.as_bytes().to_vec()),
    ]
}

#[cfg(test)]
mod tests;
