//! A database copied into another one, each value as whoever copies wants it: for data that developers work with.
//!
//! The definitions come over as they are, the rows through a function. All of it is of one moment.

mod error;
mod references;
mod schema;
mod single;
mod sqlite;

pub use error::CopyError;
pub use schema::{Column, Form, Reference, Table, TableKind};
pub use sqlite::{Progress, Source};

/// A value as the database has it. It can be personal, so it does not print.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// A text.
    Text(String),
    /// A text of bytes that are no UTF-8: SQLite takes them, and older programs wrote them.
    Raw(Vec<u8>),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What becomes of the rows of each table, by its place in [`Source::tables`].
pub trait Change: Send {
    /// Whether the table's rows come over at all.
    fn takes(&self, table: usize) -> bool;

    /// Whether every value of the table stays as it is; then its rows keep their numbers (`rowid`), and give out new ones as before.
    fn keeps(&self, table: usize) -> bool;

    /// A value of a column, both by their places.
    fn change(&mut self, table: usize, column: usize, value: Value) -> Value;
}
