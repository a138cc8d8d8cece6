//! Databases, copied for development: what becomes of each table, and of each of its columns.

mod draft;
mod rows;
mod tables;

pub use draft::draft;
pub use rows::{Emptied, Rows, Undecided};
pub use tables::Decided;
