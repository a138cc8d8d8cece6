//! Receipts: what was done for one request, and the proof that the log says so.
//!
//! A receipt is one line of canonical JSON. The statement says what was done; the entry is the one that closed the request,
//! and has the statement's SHA-256 in `event.detail.receipt`; the proof (<https://c2sp.org/tlog-proof>) leads from the entry
//! to a signed checkpoint. So the statement needs no signature of its own.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use domain::catalog::Method;
use domain::clock::Jurisdiction;
use domain::identity::Identity;
use domain::request::RequestType;
use domain::{RequestId, Status, StoreId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entry::{Content, Entry};
use crate::queries::QueryStatement;

/// What a closing entry's detail calls the statement's hash.
pub const DETAIL: &str = "receipt";

/// Bytes of a receipt at the most.
pub const MOST_BYTES: usize = 4 << 20;

/// Why a closing has no receipt. What a closing's entry names is fixed, so that what is too large stays so; a statement may be
/// had back as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unissuable {
    /// What it would say is not what the closing's entry names, or is gone.
    StatementAltered,
    /// It would have more than [`MOST_BYTES`].
    ReceiptTooLarge,
}

impl Unissuable {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::StatementAltered, Self::ReceiptTooLarge];

    /// A word for machines: as it is kept, and as the API's problems say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StatementAltered => "statement-altered",
            Self::ReceiptTooLarge => "receipt-too-large",
        }
    }

    /// Reads what [`Unissuable::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.as_str() == text)
    }
}

impl std::fmt::Display for Unissuable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::StatementAltered => "what it would say is not what was chained",
            Self::ReceiptTooLarge => "it would be larger than receipts may be",
        })
    }
}

/// A receipt. Holds no identity: the person is there as [`subject_mark`] only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    pub(crate) entry: Content,
    /// The entry's hash, in hex.
    pub hash: String,
    /// That it is in the log: a tlog-proof with the checkpoint's note.
    pub proof: String,
    /// The format: `lacuna/1`.
    pub receipt: String,
    /// What was done.
    pub statement: Statement,
}

/// What was done for a request, as it was known when the request was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The catalog that it was planned with.
    pub catalog_version: String,
    /// When it ended.
    pub closed_at: Timestamp,
    /// The last moment of the legal term.
    pub due_by: Timestamp,
    /// The law that it was asked under.
    pub jurisdiction: Jurisdiction,
    /// How it ended.
    pub outcome: Status,
    /// SHA-256 of the sealed plan that was in force, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_sha256: Option<String>,
    /// When it was taken in.
    pub received_at: Timestamp,
    /// Which request.
    pub request: RequestId,
    /// What each sanction source answered, in the order of asking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sanctions: Vec<SanctionAnswer>,
    /// What became of the person's records, store by store.
    pub stores: Vec<StoreStatement>,
    /// The identities that were given, as [`subject_mark`]s, sorted.
    pub subject: Vec<String>,
    /// Whose request.
    pub tenant: TenantId,
    /// What was asked.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// How the person was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerifiedBy>,
}

/// How a person was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifiedBy {
    /// When.
    pub at: Timestamp,
    /// How.
    pub method: String,
}

/// What a sanction source answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SanctionAnswer {
    /// When.
    pub at: Timestamp,
    /// Which source.
    pub source: String,
    /// For which store it was asked, if it was asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    /// Its verdict.
    pub verdict: String,
}

/// What became of a person's records in one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreStatement {
    /// Records kept, with the person in them replaced.
    pub anonymised: u64,
    /// What backups the store has, by its owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backups: Vec<BackupStatement>,
    /// Records read whole, for an export.
    pub collected: u64,
    /// When the reading began that found the residue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// When the store's control person was found by that reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_found_at: Option<Timestamp>,
    /// Records deleted.
    pub erased: u64,
    /// When the last backup is gone that may have the person; none if the owner did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_from_backups_by: Option<Timestamp>,
    /// What is kept, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptStatement>,
    /// Records found.
    pub located: u64,
    /// What the store was asked, in the order of asking, by the reading that found the residue; where nothing was read
    /// again, by the search that located the records. The searches for the control person are not in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<QueryStatement>,
    /// How many more questions there were, which are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub queries_unlisted: u64,
    /// Records that still named the person when the store was read again; none if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residue: Option<u64>,
    /// Records kept as they are.
    pub retained: u64,
    /// The store.
    pub store: StoreId,
}

/// A kind of backup of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupStatement {
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// How long it is kept, as an ISO 8601 duration.
    pub expires_after: String,
    /// What it is.
    pub kind: String,
}

/// What is kept of a person, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptStatement {
    /// Where.
    pub collection: String,
    /// For how long, as an ISO 8601 duration, or until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_for: Option<String>,
    /// The law that obliges, or the source that wants it.
    pub law: String,
    /// How.
    pub method: Method,
    /// The reason.
    pub reason: String,
    /// How many records.
    pub records: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Statement {
    /// Its canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Plain fields and texts as keys: it cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// SHA-256 of them, in hex: what the entry that closes the request has.
    pub fn sha256(&self) -> String {
        sha256_of(&self.bytes())
    }
}

impl Receipt {
    /// The receipt of a statement, by the entry that has its hash and the proof that it is in the log.
    pub fn new(statement: Statement, entry: &Entry, proof: String) -> Self {
        let hash = entry.hash.clone();
        Self { entry: entry.clone().into(), hash, proof, receipt: "lacuna/1".to_owned(), statement }
    }

    /// As it is written.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// SHA-256 of a statement as it is written, in hex.
pub fn sha256_of(statement: &[u8]) -> String {
    hex::encode(digest(&SHA256, statement))
}

/// A receipt of a statement as it is written: not read and written anew, so that one of a form that is not known here keeps
/// the hash that the entry has. The statement is canonical JSON.
pub fn with_statement(statement: &str, entry: &Entry, proof: &str) -> Vec<u8> {
    let content = String::from_utf8(entry.content_bytes()).unwrap_or_default();
    let hash = &entry.hash;
    // A text: it cannot fail.
    let proof = serde_json::to_string(proof).unwrap_or_default();
    format!(
        "{{\"entry\":{content},\"hash\":\"{hash}\",\"proof\":{proof},\"receipt\":\"lacuna/1\",\"statement\":{statement}}}"
    )
    .into_bytes()
}

/// How a receipt names a person: HMAC-SHA-256 under a salt of 256 bits, which the person alone is given, over the
/// identity's type and normalised value, each after its length in bytes (8, big-endian). In hex.
pub fn subject_mark(salt: &[u8; 32], identity: &Identity) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, salt));
    for part in [identity.kind.as_str(), identity.value.expose()] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    hex::encode(context.sign())
}
