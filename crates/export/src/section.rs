//! What the package knows of each collection and file: the part of its state that outlives one package.

use std::collections::BTreeMap;

use domain::catalog::{Collection, Method, Store};
use serde::{Deserialize, Serialize};

use crate::about::Outcome;
use crate::names;
use crate::preview::Preview;

/// A store that was searched.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Searched {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) copy_of: Option<String>,
    pub(crate) outcome: Outcome,
}

impl Searched {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            id: store.id.to_string(),
            owner: store.owner.team.clone(),
            copy_of: store.copy_of.as_ref().map(ToString::to_string),
            outcome: Outcome::default(),
        }
    }
}

/// What is said of a collection, and what was found in it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Section {
    pub(crate) store: String,
    pub(crate) collection: String,
    pub(crate) owner: String,
    pub(crate) purpose: Option<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) method: Method,
    pub(crate) reason: Option<String>,
    pub(crate) law: Option<String>,
    pub(crate) keep_for: Option<String>,
    /// What the catalog says of each field: its category.
    #[serde(default)]
    pub(crate) words: BTreeMap<String, String>,
    /// The fields of the key: they come first in the page.
    pub(crate) key: Vec<String>,
    /// Where its files are, without the ending: `store/collection`.
    pub(crate) folder: String,
    pub(crate) records: u64,
    pub(crate) contents: u64,
    pub(crate) content_bytes: u64,
    pub(crate) masked: u64,
    pub(crate) neutralised: u64,
    pub(crate) preview: Preview,
}

impl Section {
    pub(crate) fn new(store: &Store, collection: &Collection, others: &[Section]) -> Self {
        let mut categories: Vec<String> = collection.fields.values().map(|f| f.category.clone()).collect();
        categories.sort();
        categories.dedup();
        // Without dots, so that no folder of one collection is called as the file of another.
        let name = names::segment(&collection.name).replace('.', "_");
        let base = format!("{}/{name}", names::segment(store.id.as_str()));
        let is_taken = |folder: &str| others.iter().any(|o| o.folder.to_lowercase() == folder.to_lowercase());
        let mut folder = base.clone();
        let mut n = 2;
        while is_taken(&folder) {
            folder = format!("{base}~{n}");
            n += 1;
        }
        Self {
            store: store.id.to_string(),
            collection: collection.name.clone(),
            owner: store.owner.team.clone(),
            purpose: collection.purpose.clone(),
            categories,
            method: collection.erasure.method,
            reason: collection.erasure.reason.clone(),
            law: collection.erasure.law.clone(),
            keep_for: collection.erasure.keep_for.clone(),
            words: collection.fields.iter().map(|(name, f)| (name.clone(), f.category.clone())).collect(),
            key: collection.key.clone(),
            folder,
            records: 0,
            contents: 0,
            content_bytes: 0,
            masked: 0,
            neutralised: 0,
            preview: Preview::default(),
        }
    }

    /// The file with its records; the first has no number.
    pub(crate) fn records_path(&self, piece: u32, ending: &str) -> String {
        match piece {
            0 | 1 => format!("{}.{ending}", self.folder),
            n => format!("{}.{n}.{ending}", self.folder),
        }
    }
}

/// One file that is written. There can be many.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) path: Box<str>,
    pub(crate) package: u32,
    /// Of which collection; the page and the texts are of none.
    pub(crate) section: Option<usize>,
    pub(crate) is_content: bool,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    #[serde(with = "in_hex")]
    pub(crate) sha256: [u8; 32],
    pub(crate) masked: u64,
    pub(crate) neutralised: u64,
}

mod in_hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(String::deserialize(deserializer)?, &mut bytes)
            .map_err(|_| D::Error::custom("a digest is 32 bytes in hex"))?;
        Ok(bytes)
    }
}
