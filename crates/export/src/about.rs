//! What a package is told about the request that it answers.

use std::collections::BTreeMap;

use domain::RequestId;
use domain::export::Format;
use domain::request::RequestType;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is said of the request in the page and in the manifest. None of it is personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The company's name, as the person knows it.
    pub tenant: String,
    /// The request.
    pub request: RequestId,
    /// What was asked for.
    pub kind: RequestType,
    /// The form of the files with records.
    pub format: Format,
    /// The catalog that was in force.
    pub catalog_version: String,
    /// The settings that applied, by name.
    pub settings: BTreeMap<String, String>,
    /// When the request came in.
    pub received_at: Timestamp,
    /// When the records were read.
    pub collected_at: Timestamp,
    /// The time of every file in it. It must be the same when a package is made again, so it is not the time of making.
    pub made_at: Timestamp,
}

/// How big one package gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// From so many bytes on, [`crate::Packager::is_full`] says so. What is begun is ended, so a package is larger
    /// by one record or one object, and by its table of contents.
    pub part_bytes: u64,
    /// From so many bytes on, unpacked, too: what packs well takes its time all the same.
    pub part_input: u64,
    /// From so many files on too: an archive's table of contents is kept in memory, about 400 bytes for each.
    pub part_files: usize,
}

impl Default for Limits {
    /// 2 GiB, which every reader of archives can hold, out of 8 GiB, and 10 000 files.
    fn default() -> Self {
        Self { part_bytes: 2 << 30, part_input: 8 << 30, part_files: 10_000 }
    }
}

/// What became of a store's records between finding and reading them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Outcome {
    /// Records of which nothing was left to read: deleted since, or objects of which only a deletion's mark or an
    /// unfinished upload is there.
    pub gone: u64,
    /// Records that had become somebody else's.
    pub reassigned: u64,
    /// Records that another store has too, and that are shown there.
    pub shown_elsewhere: u64,
    /// Objects in which somebody else's data could not be told apart: what is in them is left out for that.
    pub unreadable: u64,
    /// Objects whose content lies in the store's own archive, from which it cannot be read at once.
    #[serde(default)]
    pub archived: u64,
    /// Keys of the person's own under which the store holds what it has of them. It cannot be read from there, and is
    /// not in the package.
    #[serde(default)]
    pub sealed: u64,
}
