//! What a person gets: the records as the stores have them, the form that they are asked in, and how the
//! packages that they are in stand.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{IdError, Pseudonym, StoreId};
use crate::pii::{Personal, exposed, exposed_option};

/// The form of the files in a package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON Lines: one record a line (RFC 8259 each).
    #[default]
    Json,
    /// Comma-separated values (RFC 4180), which a spreadsheet opens safely.
    Csv,
    /// XML 1.0.
    Xml,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Xml];

    /// As it is written in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xml => "xml",
        }
    }
}

/// For whom a package is encrypted from end to end, besides what the bucket does. The key or passphrase
/// itself is among the request's sealed papers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealedFor {
    /// For nobody in particular.
    #[default]
    Nobody,
    /// For an age recipient.
    Age,
    /// For whoever knows a passphrase.
    Passphrase,
}

impl SealedFor {
    /// As it is written in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Age => "age",
            Self::Passphrase => "passphrase",
        }
    }
}

/// What a request exports, and how that stands. Holds no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The form of the files.
    pub format: Format,
    /// For whom the packages are encrypted.
    #[serde(default)]
    pub sealed_for: SealedFor,
    /// How new the data of a store, or of one of its collections, must be: a number, or an instant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub min_versions: BTreeMap<Place, String>,
    /// When one of its packages was begun last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
    /// The packages, once all of them are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Package>,
    /// How many records they hold.
    #[serde(default)]
    pub records: u64,
    /// Since when they can be fetched.
    pub ready_at: Option<Timestamp>,
    /// Until when; then they are destroyed.
    pub expires_at: Option<Timestamp>,
    /// Who was told so far: `webhook`, `topic`, `mail`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub told: BTreeSet<String>,
    /// When everybody was told that they are ready.
    pub announced_at: Option<Timestamp>,
    /// How often somebody could not be told.
    #[serde(default)]
    pub attempts: u32,
    /// When they were destroyed.
    pub destroyed_at: Option<Timestamp>,
    /// How many links were given out.
    #[serde(default)]
    pub downloads: u32,
    /// From which addresses links were asked for, by pseudonym: the first ten.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub addresses: BTreeSet<Pseudonym>,
    /// When the last links were given out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Timestamp>,
    /// What opens the door for a person without a login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<DownloadToken>,
}

/// A store, or one of its collections: `crm`, `crm/contacts`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place {
    /// The store.
    pub store: StoreId,
    /// The collection; `None`: any of them.
    pub collection: Option<String>,
}

impl FromStr for Place {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (store, collection) = match text.split_once('/') {
            None => (text, None),
            Some((store, collection)) => (store, Some(collection)),
        };
        let plain = |name: &str| {
            (1..=255).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        };
        if collection.is_some_and(|name| !plain(name)) {
            return Err(IdError { kind: "collection", rule: "letters, digits, `_` and `-` after the slash" });
        }
        Ok(Self { store: store.parse()?, collection: collection.map(str::to_owned) })
    }
}

impl TryFrom<String> for Place {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.collection {
            None => write!(f, "{}", self.store),
            Some(collection) => write!(f, "{}/{collection}", self.store),
        }
    }
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name below the request.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of it, in hex.
    pub sha256: String,
}

/// A download code, by its digest: nobody can read it here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadToken {
    /// Its number: what the export's own key makes it of.
    pub number: u32,
    /// SHA-256 of it, in hex.
    pub sha256: String,
    /// Until when it opens anything.
    pub expires_at: Timestamp,
    /// How many wrong ones were tried since it was made.
    #[serde(default)]
    pub tries: u32,
    /// How often it was used.
    #[serde(default)]
    pub uses: u32,
}

/// Addresses that are kept: from each of them a download is no surprise later.
const KEPT_ADDRESSES: usize = 10;

impl Export {
    /// Whether packages are there to be fetched, or to be destroyed.
    pub fn is_there(&self) -> bool {
        self.ready_at.is_some() && self.destroyed_at.is_none()
    }

    /// Whether it is over: its packages were there, and were destroyed.
    pub fn is_over(&self) -> bool {
        self.destroyed_at.is_some()
    }

    /// Notes that a link was given out to somebody at an address; what is unusual about that, as a code.
    pub fn visited(
        &mut self,
        address: &Pseudonym,
        now: Timestamp,
        usual_addresses: usize,
        (usual_links, soon): (usize, SignedDuration),
    ) -> Option<&'static str> {
        let another = !self.addresses.contains(address);
        if self.addresses.len() < KEPT_ADDRESSES {
            self.addresses.insert(address.clone());
        }
        self.links.retain(|at| now.duration_since(*at) < soon);
        self.links.truncate(usual_links * 2);
        self.links.push(now);
        // Those beyond what is kept are always others.
        if another && self.addresses.len() > usual_addresses {
            Some("many-addresses")
        } else {
            (self.links.len() > usual_links).then_some("many-links")
        }
    }

    /// What was asked for, with nothing made yet.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self {
            format: self.format,
            sealed_for: self.sealed_for,
            min_versions: self.min_versions.clone(),
            downloads: self.downloads,
            ..Self::default()
        }
    }
}

/// A value as a store has it, with nothing lost: a number is its decimal text. It cannot be printed, and nor can
/// the names in it: they may be somebody's too.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datum {
    /// Nothing: `NULL`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, as its decimal text.
    Number(#[serde(with = "exposed")] Personal),
    /// Text.
    Text(#[serde(with = "exposed")] Personal),
    /// Bytes that are no text.
    Bytes(Bytes),
    /// Several; a set's members are in the order in which the store gives them.
    List(Vec<Datum>),
    /// By name.
    Map(BTreeMap<String, Datum>),
    /// Somebody else's: what is said in its place is in [`Datum::MASKED`].
    Masked,
}

impl Datum {
    /// What a reader of the package sees in the place of what is somebody else's.
    pub const MASKED: &'static str = "[another person's]";

    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Personal::new(text))
    }

    /// A number, from its decimal text.
    pub fn number(text: impl Into<String>) -> Self {
        Self::Number(Personal::new(text))
    }

    /// About how many bytes it holds.
    fn size(&self) -> usize {
        let inner = match self {
            Self::Null | Self::Bool(_) | Self::Masked => 0,
            Self::Number(text) | Self::Text(text) => text.expose().len(),
            Self::Bytes(bytes) => bytes.expose().len(),
            Self::List(items) => items.iter().map(Self::size).sum(),
            Self::Map(members) => members.iter().map(|(name, datum)| name.len() + datum.size()).sum(),
        };
        inner + size_of::<Self>()
    }
}

impl std::fmt::Debug for Datum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool",
            Self::Number(_) => "Number",
            Self::Text(_) => "Text",
            Self::Bytes(_) => "Bytes",
            Self::List(_) => "List",
            Self::Map(_) => "Map",
            Self::Masked => "Masked",
        })
    }
}

/// Bytes about a person. They cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// Takes the bytes in.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes themselves; never for a log or an error.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[personal]")
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text).map(Self).map_err(|_| serde::de::Error::custom("bytes are written in hex"))
    }
}

/// One record as it was when it was read. It cannot be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// All of its fields, by name. Of an object: what its key says.
    pub fields: BTreeMap<String, Datum>,
    /// Which version of the record it is, if the store says: a number, or an instant (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// For objects: the content that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("fields", &self.fields.len()).finish_non_exhaustive()
    }
}

impl Row {
    /// About how many bytes it holds: its names and values, and what is said of its content, without the
    /// content itself.
    pub fn size(&self) -> usize {
        let fields = self.fields.iter().map(|(name, datum)| name.len() + datum.size());
        let content = self.content.as_ref().map_or(0, |content| {
            let texts = [&content.version_id, &content.etag, &content.media_type];
            let texts = texts.into_iter().flatten().map(String::len);
            let shown = content.shown_key.as_ref().map_or(0, |key| key.expose().len());
            content.key.expose().len() + shown + texts.sum::<usize>() + size_of::<Content>()
        });
        fields.sum::<usize>() + self.version.as_ref().map_or(0, String::len) + content + size_of::<Self>()
    }
}

/// The content of one version of an object, without the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its key.
    #[serde(with = "exposed")]
    pub key: Personal,
    /// What its file is called instead, if the key names somebody else: the key with that masked.
    #[serde(default, with = "exposed_option", skip_serializing_if = "Option::is_none")]
    pub shown_key: Option<Personal>,
    /// The version's id. `None`: the one without an id, which a bucket has while it keeps no versions, and
    /// which the next writing replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// What the store says of its bytes (S3's `ETag`): other bytes under the same key and version say something
    /// else. An opaque text, which is only ever compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Whether it is the version that a reader of the key gets.
    pub is_latest: bool,
    /// Its media type, as the store has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Its length in bytes.
    pub size: u64,
}

impl Content {
    /// The key as its reader sees it.
    pub fn shown_key(&self) -> &Personal {
        self.shown_key.as_ref().unwrap_or(&self.key)
    }
}

/// Which of two versions of records is newer: as instants (RFC 3339), as whole numbers, or as decimal ones;
/// `None` if they cannot be compared.
pub fn compare_versions(a: &str, b: &str) -> Option<Ordering> {
    if let (Ok(a), Ok(b)) = (a.parse::<Timestamp>(), b.parse::<Timestamp>()) {
        return Some(a.cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (a.parse::<i128>(), b.parse::<i128>()) {
        return Some(a.cmp(&b));
    }
    // A text like `inf` or `1e999` is no version: it would be newer than any.
    let decimal = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    decimal(a)?.partial_cmp(&decimal(b)?)
}

/// Whether a text can be compared by [`compare_versions`].
pub fn is_version(text: &str) -> bool {
    text.len() <= 40 && (text.parse::<Timestamp>().is_ok() || text.parse::<i128>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_instants_or_whole_numbers() {
        fn check(a: &str, b: &str, expect: Option<Ordering>) {
            assert_eq!(compare_versions(a, b), expect, "{a} {b}");
            assert_eq!(compare_versions(b, a), expect.map(Ordering::reverse), "{b} {a}");
        }
        check("10", "9", Some(Ordering::Greater));
        check("9", "9", Some(Ordering::Equal));
        check("1700000000.5", "1700000000", Some(Ordering::Greater));
        check("2026-03-02T09:00:00Z", "2026-03-02T10:00:00+01:00", Some(Ordering::Equal));
        check("2026-03-02T09:00:00Z", "2026-03-02T09:00:00+01:00", Some(Ordering::Greater));
        check("2026-03-02T09:00:00Z", "7", None);
        check("seven", "6", None);
        check("inf", "6", None);
        check("-1e999", "6", None);
        check("NaN", "6", None);
        assert!(is_version("-1") && is_version("2026-03-02T09:00:00Z") && !is_version("v7"));
    }

    #[test]
    fn a_place_is_a_store_or_a_collection_of_it() {
        for text in ["crm", "crm/contacts", "crm/Old_contacts-2"] {
            let place: Place = text.parse().expect("a place");
            assert_eq!(place.to_string(), text);
            let map: BTreeMap<Place, u8> = [(place, 1)].into();
            let json = serde_json::to_string(&map).expect("it is a name in JSON");
            assert_eq!(json, format!("{{\"{text}\":1}}"));
            assert_eq!(serde_json::from_str::<BTreeMap<Place, u8>>(&json).expect("it reads"), map);
        }
        for text in ["", "/", "crm/", "/contacts", "crm/a/b", "CRM", "crm/a b"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_row_is_never_printed_and_reads_back() {
        let fields = [
            ("email".to_owned(), Datum::text("marked@example.com")),
            ("scan".to_owned(), Datum::Bytes(Bytes::new(b"marked".to_vec()))),
            ("n".to_owned(), Datum::List(vec![Datum::number("38.00"), Datum::Null, Datum::Bool(true)])),
            ("seen_by_marked".to_owned(), Datum::Map([("marked".to_owned(), Datum::Null)].into())),
        ];
        let row = Row { fields: fields.into(), version: Some("7".into()), content: None };
        let printed = format!("{row:?}");
        assert!(!printed.contains("marked") && !printed.contains("38.00"), "{printed}");
        let sealed = serde_json::to_string(&row).expect("it serialises");
        assert_eq!(serde_json::from_str::<Row>(&sealed).expect("it reads"), row);
    }
}
