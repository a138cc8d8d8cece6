//! Finds personal data and credentials in text, and masks them: bytes in, bytes out, in one pass.
//!
//! ```
//! use masking::Masker;
//!
//! let masker = Masker::default();
//! let mut out = Vec::new();
//! masker.mask(b"Contact john@example.com or 123-456-7890, card 4111-1111-1111-1111", &mut out);
//! assert_eq!(out, b"Contact j***@example.com or ***-***-7890, card ****-****-****-1111");
//! ```
//!
//! - [`Rules`] say what is looked for and what is written instead. They are data: `serde` reads them.
//! - [`Masker`] is rules made ready: [`Masker::find`] gives [`Finding`]s, [`Masker::mask`] writes text, [`Masker::write`] one value.
//! - [`Stream`] masks what comes in pieces, in constant memory, with the same result wherever it was cut.
//! - [`Table`] masks columns by what was decided on each.
//! - [`Masker::mask_json`] masks JSON so that it stays JSON. With the feature `tracing` the module `layer` masks log lines.
//! - [`Tokens`] are keyed stand-ins for values, for whoever masks tables.
//!
//! Any bytes are taken. Text that is UTF-8 stays UTF-8. Nothing that is found goes over the end of a line. Time is linear
//! in the text, for every text. What is personal data and what is not, kind by kind, is in `docs/masking.md`.
//!
//! Nothing here logs, and no error quotes what was masked.

mod checks;
mod classes;
mod columns;
mod context;
mod custom;
mod emphasis;
mod error;
mod finder;
mod form;
mod json;
mod kind;
mod kinds;
mod marks;
mod mask;
mod rows;
mod rules;
mod stream;
mod text;
mod token;
mod triggers;
mod write;

#[cfg(feature = "tracing")]
pub mod layer;

#[cfg(test)]
mod tests;

/// The examples of the guide are tests.
#[cfg(all(doctest, feature = "tracing"))]
#[doc = include_str!("../../../docs/masking.md")]
struct Guide;

pub use columns::{Cell, Column, Columns, Others, Table, What, or_none};
pub use custom::{LONGEST_MATCH, LONGEST_PATTERN, MOST_RULES};
pub use error::RulesError;
pub use finder::{Finder, Finding};
pub use json::read_string;
pub use kind::Kind;
pub use mask::Masker;
pub use rules::{CustomRule, Mode, Rules};
pub use stream::Stream;
pub use token::{SHORTEST_KEY, Tokens};
