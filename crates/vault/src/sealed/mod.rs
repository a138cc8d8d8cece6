//! Records whose fields are sealed by their class: what `#[derive(vault::Sealed)]` writes calls what is
//! here.
//!
//! Each record has a [`RecordKey`](crate::RecordKey) of its own, in the context of its tenant, of what its
//! records are, and of the fields that name it; each field is sealed under its own name with it. So a field
//! that is moved to another field, record or tenant does not open. Which fields are sealed, what still
//! leaks, and how keys are changed is in `docs/field-encryption.md`.

mod bytes;
mod sealer;

#[doc(hidden)]
pub use serde;

pub use bytes::{BinaryBytes, Pseudonym, SealedBytes};
pub use sealer::{SealedRecord, Sealer};

use crate::VaultError;

/// Why a record could not be sealed or opened. Nothing of it was. No value is in it, and none in what it
/// came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The header is damaged, another tenant's, or of another record.
    #[error("the record's header does not open it")]
    Header(#[source] VaultError),
    /// The tenant's keys at hand are of other versions.
    #[error("version {0} of the tenant's key opens this record, and is not at hand")]
    NoKey(u32),
    /// The field is damaged, or of another field or record.
    #[error("the field {field} does not open")]
    Field {
        /// Which.
        field: &'static str,
        /// Why.
        source: VaultError,
    },
    /// The value would be lost: it has no JSON, or none that can be read back, as a number that is none.
    #[error("the value of the field {0} cannot be written so that it can be read again")]
    Unwritable(&'static str),
    /// The field opened, and is of another type than it was when it was sealed.
    #[error("the field {0} opens, and is not of the type that it has now")]
    OtherType(&'static str),
    /// No pseudonym could be made.
    #[error("the field {field} cannot be searched by")]
    Search {
        /// Which.
        field: &'static str,
        /// Why.
        source: VaultError,
    },
}

/// The examples of the document are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/field-encryption.md")]
struct Document;
