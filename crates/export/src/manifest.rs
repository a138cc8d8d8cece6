//! `manifest.json`: what is in the package, for programs.

use std::collections::BTreeMap;

use domain::RequestId;
use domain::export::Format;
use domain::request::RequestType;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::about::Outcome;
use crate::section::{Line, Section};

/// The version of the manifest's form. A reader refuses one that it does not know.
pub const SCHEMA: u32 = 1;

/// The manifest. It is in the last package and covers all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// The version of this form: 1.
    pub schema: u32,
    /// How many packages there are.
    pub packages: u32,
    /// Who made it.
    pub tenant: String,
    /// The request that it answers.
    #[schemars(with = "String")]
    pub request: RequestId,
    /// What was asked for.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// The form of the files with records.
    pub format: Format,
    /// The catalog that was in force.
    pub catalog_version: String,
    /// The settings that applied, by name.
    pub settings: BTreeMap<String, String>,
    /// When the request came in.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub received_at: Timestamp,
    /// When the records were read.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub collected_at: Timestamp,
    /// The time that every file in the package has: when the records were read, so that a package that is made again
    /// is the same.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub made_at: Timestamp,
    /// Every store that was searched.
    pub stores: Vec<StoreSearched>,
    /// Every collection that was searched, also those with nothing about the person.
    pub collections: Vec<CollectionSearched>,
    /// What all files come to.
    pub totals: Totals,
    /// Every file but `manifest.json` and `manifest.jws`.
    pub files: Vec<File>,
}

/// A store that was searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreSearched {
    /// Its name.
    pub store: String,
    /// The team that answers for it.
    pub owner: String,
    /// The store that it is a copy of: what both have is shown there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// What became of its records between finding and reading them.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A collection that was searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollectionSearched {
    /// Its store.
    pub store: String,
    /// Its name.
    pub collection: String,
    /// Why the data is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The categories of data that it can hold.
    pub categories: Vec<String>,
    /// What becomes of it when the person asks for erasure.
    pub on_erasure: Kept,
    /// How many records are in the package.
    pub records: u64,
    /// How many objects' contents are in the package.
    pub contents: u64,
    /// How many values were masked, because they are somebody else's.
    pub masked: u64,
    /// How many cells of CSV have an apostrophe in front, so that no spreadsheet runs them.
    pub neutralised_cells: u64,
}

/// What becomes of a collection's records when the person asks for erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// The method.
    pub method: domain::catalog::Method,
    /// For what stays: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For what stays: the law that obliges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
    /// For what stays: for how long, as an ISO 8601 duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_for: Option<String>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The records of a collection, or a piece of them.
    Records,
    /// The content of one object.
    Content,
    /// For the reader: the page, or the note in an earlier package.
    Page,
}

/// One file. It is not printed: an object's path may name the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// Where it is.
    pub path: String,
    /// In which package, from 1.
    pub package: u32,
    /// What it is.
    pub role: Role,
    /// The store that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The collection that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// The team that answers for the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Why the data is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The categories of data that it can hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// How many records are in it.
    pub records: u64,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of what is in it, in hex.
    pub sha256: String,
    /// How many values in it were masked.
    pub masked: u64,
    /// How many cells in it have an apostrophe in front.
    pub neutralised_cells: u64,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("role", &self.role).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// What all files come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Files, without the manifest and its signature.
    pub files: u64,
    /// Records.
    pub records: u64,
    /// Objects' contents.
    pub contents: u64,
    /// Bytes of all files, unpacked.
    pub bytes: u64,
    /// Values that were masked.
    pub masked: u64,
    /// Cells of CSV with an apostrophe in front.
    pub neutralised_cells: u64,
}

/// The form of `manifest.json`, as a JSON Schema.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Manifest)
}

impl File {
    pub(crate) fn of(line: &Line, sections: &[Section]) -> Self {
        let section = line.section.and_then(|n| sections.get(n));
        Self {
            path: line.path.clone().into(),
            package: line.package,
            role: match section {
                None => Role::Page,
                Some(_) if line.is_content => Role::Content,
                Some(_) => Role::Records,
            },
            store: section.map(|s| s.store.clone()),
            collection: section.map(|s| s.collection.clone()),
            owner: section.map(|s| s.owner.clone()),
            purpose: section.and_then(|s| s.purpose.clone()),
            categories: section.map(|s| s.categories.clone()).unwrap_or_default(),
            records: line.records,
            bytes: line.bytes,
            sha256: hex::encode(line.sha256),
            masked: line.masked,
            neutralised_cells: line.neutralised,
        }
    }
}

impl From<&Section> for CollectionSearched {
    fn from(section: &Section) -> Self {
        Self {
            store: section.store.clone(),
            collection: section.collection.clone(),
            purpose: section.purpose.clone(),
            categories: section.categories.clone(),
            on_erasure: Kept {
                method: section.method,
                reason: section.reason.clone(),
                law: section.law.clone(),
                keep_for: section.keep_for.clone(),
            },
            records: section.records,
            contents: section.contents,
            masked: section.masked,
            neutralised_cells: section.neutralised,
        }
    }
}
