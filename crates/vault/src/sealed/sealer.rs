//! A tenant's keys, and the records that they seal and open.

use std::fmt::Display;

use aws_lc_rs::aead::NONCE_LEN;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{Pseudonym, SealError, SealedBytes};
use crate::{Context, DataKey, HEADER, Header, PseudonymKey, RecordKey, VaultError};

/// What seals and opens the records of one tenant.
pub struct Sealer<'a> {
    tenant: &'a str,
    current: DataKey,
    older: Vec<DataKey>,
    search: DataKey,
    random: Box<dyn Fn() -> [u8; 32] + Send + Sync + 'a>,
}

impl<'a> Sealer<'a> {
    /// A tenant's sealer. `current` seals, and opens what it sealed. From `search` the keys of pseudonyms
    /// are derived: it is a key of its own, because it must stay when `current` is changed, or nothing is
    /// found any more. `random` gives 32 fresh random bytes each time.
    pub fn new(
        tenant: &'a str,
        current: DataKey,
        search: DataKey,
        random: impl Fn() -> [u8; 32] + Send + Sync + 'a,
    ) -> Self {
        Self { tenant, current, older: Vec::new(), search, random: Box::new(random) }
    }

    /// With an older version of the key, that opens what it sealed and seals nothing but changed fields of
    /// records that have it already.
    #[must_use]
    pub fn with_older(mut self, key: DataKey) -> Self {
        self.older.push(key);
        self
    }

    /// The version that new records are sealed under.
    pub fn key_version(&self) -> u32 {
        self.current.version()
    }

    /// Begins a new record. `purpose` says what the records are, `key` which one this is.
    pub fn begin(&self, purpose: &str, key: &[&dyn Display]) -> Result<SealedRecord<'_>, SealError> {
        let object = object(key);
        let context = Context { tenant: self.tenant, purpose, object: &object };
        let key = RecordKey::new(&self.current, &context, (self.random)()).map_err(SealError::Header)?;
        Ok(SealedRecord { key, random: &*self.random })
    }

    /// The record that a header belongs to, if it was sealed as this one.
    pub fn open(
        &self,
        purpose: &str,
        key: &[&dyn Display],
        header: &SealedBytes,
    ) -> Result<SealedRecord<'_>, SealError> {
        let object = object(key);
        let context = Context { tenant: self.tenant, purpose, object: &object };
        let asked = Header::read(header.as_slice()).map_err(SealError::Header)?;
        let key = RecordKey::open(self.key(&asked), &context, header.as_slice());
        match key {
            Ok(key) => Ok(SealedRecord { key, random: &*self.random }),
            Err(VaultError::KeyVersion) => Err(SealError::NoKey(asked.key_version())),
            Err(wrong) => Err(SealError::Header(wrong)),
        }
    }

    /// The key that a header asks for. If there is none, another: it says what is wrong with the header,
    /// which may be damaged.
    fn key(&self, header: &Header) -> &DataKey {
        let all = || std::iter::once(&self.current).chain(&self.older);
        let version = |key: &&DataKey| key.version() == header.key_version();
        let same = all().find(|key| version(key) && key.id() == header.key_id());
        same.or_else(|| all().find(version)).unwrap_or(&self.current)
    }

    /// What stands for a value of a field. The key is derived for the purpose and the field, and the tenant
    /// is in what it is made of: equal values elsewhere have other pseudonyms, even if two tenants were
    /// given one key.
    pub fn pseudonym(
        &self,
        purpose: &str,
        field: &'static str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Pseudonym, SealError> {
        // A map's order is no part of what it says.
        let mut json = serde_json::to_value(value).map_err(|_| SealError::Unwritable(field))?;
        json.sort_all_objects();
        let text = Zeroizing::new(json.to_string());
        let key = PseudonymKey::new(&self.search, &parts(&["search", purpose, field]))
            .map_err(|source| SealError::Search { field, source })?;
        Ok(Pseudonym::new(key.pseudonym(&[self.tenant, &text])))
    }
}

impl std::fmt::Debug for Sealer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("tenant", &self.tenant)
            .field("version", &self.key_version())
            .finish_non_exhaustive()
    }
}

/// A record whose fields can be sealed and opened.
pub struct SealedRecord<'a> {
    key: RecordKey,
    random: &'a (dyn Fn() -> [u8; 32] + Send + Sync + 'a),
}

impl SealedRecord<'_> {
    /// What is stored beside the fields.
    pub fn header(&self) -> SealedBytes {
        let bytes: &[u8; HEADER] = self.key.header().as_bytes();
        SealedBytes::from(bytes.to_vec())
    }

    /// Seals a field's value, which can be read again as a `T`.
    pub fn seal<T: DeserializeOwned>(
        &self,
        field: &'static str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<SealedBytes, SealError> {
        let plain = serde_json::to_vec(value).map(Zeroizing::new);
        let plain = plain.map_err(|_| SealError::Unwritable(field))?;
        // JSON has no number that is none, and types may write what they do not read: this would be lost.
        serde_json::from_slice::<T>(&plain).map_err(|_| SealError::Unwritable(field))?;
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&(self.random)()[..NONCE_LEN]);
        let sealed = self.key.seal(field, nonce, &plain);
        sealed.map(SealedBytes::from).map_err(|source| SealError::Field { field, source })
    }

    /// Opens a field's value.
    pub fn open<T: DeserializeOwned>(
        &self,
        field: &'static str,
        sealed: &SealedBytes,
    ) -> Result<T, SealError> {
        let plain = self.key.unseal(field, sealed.as_slice()).map(Zeroizing::new);
        let plain = plain.map_err(|source| SealError::Field { field, source })?;
        // What serde says of it would have the value in it.
        serde_json::from_slice(&plain).map_err(|_| SealError::OtherType(field))
    }
}

impl std::fmt::Debug for SealedRecord<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

/// What names a record, of one value or of several.
fn object(key: &[&dyn Display]) -> String {
    parts(&key.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// Each part with its length in bytes before it, so that no two lists of parts read alike.
fn parts(all: &[impl AsRef<str>]) -> String {
    all.iter().map(AsRef::as_ref).fold(String::new(), |all, part| all + &part.len().to_string() + ":" + part)
}
