//! What is stored: sealed bytes, and what is searched by.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::SealError;
use crate::Header;

/// Sealed bytes. Written as base64 where text is written, else as bytes; read from either. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedBytes(Vec<u8>);

impl SealedBytes {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The same, written as bytes everywhere.
    #[doc(hidden)]
    pub fn to_binary(&self) -> BinaryBytes {
        BinaryBytes(self.0.clone())
    }

    /// Which version of the key a header asks for.
    #[doc(hidden)]
    pub fn key_version(&self) -> Result<u32, SealError> {
        Header::read(&self.0).map(|header| header.key_version()).map_err(SealError::Header)
    }
}

impl From<Vec<u8>> for SealedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for SealedBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[sealed]")
    }
}

impl Serialize for SealedBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&STANDARD.encode(&self.0))
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for SealedBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A DynamoDB item calls itself readable, and has bytes: what it is shows when it is read.
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(Either)
        } else {
            deserializer.deserialize_byte_buf(Either)
        }
    }
}

struct Either;

impl Visitor<'_> for Either {
    type Value = SealedBytes;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sealed bytes, or their base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SealedBytes, E> {
        STANDARD.decode(text).map(SealedBytes).map_err(|_| E::custom("not the base64 of sealed bytes"))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<SealedBytes, E> {
        Ok(SealedBytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<SealedBytes, E> {
        Ok(SealedBytes(bytes))
    }
}

/// Sealed bytes for a store that has a type for bytes.
#[doc(hidden)]
pub struct BinaryBytes(Vec<u8>);

impl Serialize for BinaryBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// What stands for a value where it is searched by: 64 hex digits. The same for equal values of one field
/// of one tenant, and for no others. Not printed, since it links records; [`Pseudonym::as_str`] is for the
/// store.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pseudonym(String);

impl Pseudonym {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// As it is stored and asked for.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Pseudonym> for String {
    fn from(pseudonym: Pseudonym) -> Self {
        pseudonym.0
    }
}

impl std::fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[pseudonym]")
    }
}
