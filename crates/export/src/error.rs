//! Why a package cannot go on.

/// Why a package cannot go on. No text of a record and no path is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The archive refused something. The package is lost; it can be made anew from what it was begun with.
    #[error("the archive could not be written while {0}")]
    Archive(&'static str),
    /// The calls came in an order that makes no package.
    #[error("{0}")]
    Order(&'static str),
    /// A row has a field that is not among the columns of the file.
    #[error("a record has a field that is not among the columns of {collection}")]
    Column {
        /// The collection, with its store.
        collection: String,
    },
    /// The encryption could not begin.
    #[error("the package could not be encrypted for the recipient")]
    Recipient,
}
