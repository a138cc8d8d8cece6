//! In what databases differ.

use domain::catalog::FieldKind;

/// How a database wants its statements written.
pub(super) struct Dialect {
    /// An identifier, quoted.
    pub(super) quote: fn(&str) -> String,
    /// The placeholder of a parameter, by its number from 1, for a value of a kind.
    pub(super) parameter: fn(usize, FieldKind) -> String,
    /// Parameters of one statement at the most.
    pub(super) most_parameters: usize,
}

/// SQLite's.
pub(super) const SQLITE: Dialect = Dialect {
    // In double quotes, a column that does not exist would be taken for a text.
    quote: |name| format!("[{name}]"),
    parameter: |_, _| "?".to_owned(),
    most_parameters: 32_766,
};

/// Whether a name can be written into a statement. The catalog's check has seen to it already.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
