//! Audit exports: a file of a log's entries, one JSON document a line, that proves itself.
//!
//! ```text
//! {"audit":"lacuna/1","before":{"hash":"…","peaks":["…"]},"checkpoint":"…","first":1001,"tenant":"demo"}
//! {"entry":{…},"hash":"…"}
//! {"checkpoint":"lacuna.example/demo\n1200\n…\n\n— …\n"}
//! {"end":{"entries":412,"hash":"…","last":1412}}
//! ```
//!
//! The first line says where the file begins, and what the tree was before: the roots of its full subtrees, which the
//! checkpoint of that size signs (there is none before the first entry). A line for each entry follows, in canonical
//! form, so that its hash is over the bytes as they stand; and each checkpoint after the last entry that it covers. The
//! last line says where the file ends. Each line ends in a line feed, and none is of another form.

use domain::TenantId;
use serde::{Deserialize, Serialize};

use crate::entry::{Entry, hash_of};
use crate::tree::{Hash, Range};

/// What the first line begins with, and no other file does.
pub const MARK: &str = "{\"audit\":\"lacuna/1\",";

/// Bytes of a line at the most.
pub const MOST_LINE: usize = 1 << 20;

pub(crate) const ENTRY: &[u8] = b"{\"entry\":";
pub(crate) const HASH: &[u8] = b",\"hash\":\"";
pub(crate) const CHECKPOINT: &[u8] = b"{\"checkpoint\":";
pub(crate) const END: &[u8] = b"{\"end\":";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The format: `lacuna/1`.
    pub audit: String,
    /// What was before the first entry.
    pub before: Before,
    /// The checkpoint that signs it: a note. None if nothing was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// The first entry's place.
    pub first: u64,
    /// Whose log.
    pub tenant: TenantId,
}

/// A log before an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// The hash of the last entry, in hex.
    pub hash: String,
    /// The roots of the tree's full subtrees, the largest first, in hex.
    pub peaks: Vec<String>,
}

impl Before {
    /// What is before an entry: the last one's hash and the tree over all.
    pub fn new(hash: &str, range: &Range) -> Self {
        Self { hash: hash.to_owned(), peaks: range.peaks().iter().map(hex::encode).collect() }
    }

    /// The tree of so many entries; `None` if the peaks are not its.
    pub fn range(&self, size: u64) -> Option<Range> {
        let peaks: Option<Vec<Hash>> = self.peaks.iter().map(|peak| hash_of(peak)).collect();
        Range::from_peaks(size, peaks?)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckpointLine {
    pub checkpoint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndLine {
    pub end: End,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// How many entries the file has.
    pub entries: u64,
    /// The hash of the last one, or of the one before the first.
    pub hash: String,
    /// The place of the last one, or of the one before the first.
    pub last: u64,
}

fn line(value: &impl Serialize) -> String {
    // Plain fields and texts as keys: it cannot fail.
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// The first line of a file.
pub fn header(tenant: &TenantId, first: u64, before: Before, checkpoint: Option<String>) -> String {
    line(&Header { audit: "lacuna/1".to_owned(), before, checkpoint, first, tenant: tenant.clone() })
}

/// The line of an entry.
pub fn entry(entry: &Entry) -> String {
    let content = String::from_utf8(entry.content_bytes()).unwrap_or_default();
    format!("{{\"entry\":{content},\"hash\":\"{}\"}}\n", entry.hash)
}

/// The line of a checkpoint's note.
pub fn checkpoint(note: &str) -> String {
    line(&CheckpointLine { checkpoint: note.to_owned() })
}

/// The last line of a file.
pub fn end(entries: u64, last: u64, hash: &str) -> String {
    line(&EndLine { end: End { entries, hash: hash.to_owned(), last } })
}
