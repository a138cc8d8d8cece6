//! What is sent. The same shapes as [`contract::api`] reads; there they cannot be written, so that
//! no part of the platform writes an identity by accident.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::vault::Purpose;
use domain::clock::Jurisdiction;
use domain::export::{Format, Place};
use domain::pii::exposed;
use domain::request::RequestType;
use domain::{Identity, Personal};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use vault::Material;
use zeroize::Zeroizing;

/// `POST /v1/requests`.
#[derive(Serialize)]
pub struct Submit {
    /// What is asked for.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// Who it is about; nobody where the token says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The law it is asked under.
    pub jurisdiction: Jurisdiction,
    /// How the person was verified, if they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// With an erasure: the person gets what is held before anything is erased.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub export_first: bool,
    /// The form of the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// For whom the package is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Recipient>,
    /// How new a store's data must be.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub min_versions: BTreeMap<Place, String>,
}

/// For whom a package is encrypted.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// An age recipient.
    Age(#[serde(with = "exposed")] Personal),
    /// Whoever knows a passphrase.
    Passphrase(#[serde(with = "exposed")] Personal),
}

/// Who a request is about.
#[derive(Serialize)]
pub struct Subject {
    /// Identities of one person.
    pub identities: Vec<Identity>,
}

impl Subject {
    /// The person, if any identity was given.
    pub fn of(identities: Vec<Identity>) -> Option<Self> {
        (!identities.is_empty()).then_some(Self { identities })
    }
}

/// `POST /v1/requests/{id}/verification`, and part of a submission.
#[derive(Serialize)]
pub struct Verification {
    /// What was done.
    pub method: String,
    /// When.
    pub at: Timestamp,
    /// The caller's own record of it.
    #[serde(with = "exposed")]
    pub reference: Personal,
}

/// `POST /v1/holds`.
#[derive(Serialize)]
pub struct PlaceHold {
    /// The identity that is held.
    pub identity: Identity,
    /// A reason code.
    pub reason: String,
    /// When somebody should look whether it is still needed.
    pub review_at: Timestamp,
}

/// `POST /v1/vault/encrypt`, of a file's key.
#[derive(Serialize)]
pub struct WrapKey<'a> {
    /// What it is sealed as.
    pub context: &'a str,
    /// The key.
    #[serde(serialize_with = "key")]
    pub plaintext: &'a Material,
}

/// `POST /v1/vault/decrypt`, of a file's key.
#[derive(Serialize)]
pub struct UnwrapKey<'a> {
    /// What it was sealed as.
    pub context: &'a str,
    /// The key as it was sealed.
    #[serde(serialize_with = "bytes")]
    pub sealed: &'a [u8],
}

/// `POST /v1/vault/rotate`.
#[derive(Serialize)]
pub struct Rotate {
    /// Which key.
    pub purpose: Purpose,
}

fn key<S: Serializer>(material: &Material, serializer: S) -> Result<S::Ok, S::Error> {
    bytes(material.expose(), serializer)
}

fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Zeroizing::new(STANDARD.encode(bytes)))
}
