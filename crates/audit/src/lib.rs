//! The audit log: entries, each bound to the one before it by its hash, and what proves it to somebody who has only a file
//! and a key.
//!
//! - [`Entry`]: hashed over its canonical bytes, JSON with sorted keys and no white space, of strings and integers only (a
//!   subset of RFC 8785 that any language can write). The hash of entry *n* covers the hash of entry *n - 1*, so that
//!   nothing can be changed, dropped, swapped or inserted without every later hash being wrong.
//! - [`tree`]: an RFC 6962 Merkle tree over the entries. Its leaves' hashes are the entries', and its root stands for all
//!   of them.
//! - [`Checkpoint`]: size and root, signed: a C2SP note. Whoever keeps one can tell whether the log was rewritten since.
//! - [`Receipt`]: what was done for one request, and that its closing is in the tree of a checkpoint.
//! - [`export`]: a file of entries and checkpoints.
//! - [`pack`]: what became of the requests of a period, with all of these.
//! - [`verify`]: checks all of these with a public key and nothing else.

mod block;
mod canonical;
mod checkpoint;
mod checks;
pub mod consistency;
mod entry;
pub mod export;
pub mod note;
pub mod pack;
mod problem;
pub mod queries;
pub mod receipt;
mod sha256;
pub mod tree;
pub mod verify;

pub use block::{Block, Head, MOST_ENTRIES};
pub use canonical::canonical;
pub use checkpoint::{Checkpoint, Inclusion, origin, tenant_of};
pub use checks::CHECKED;
pub use entry::{ChainError, Entry, GENESIS, verify_chain};
pub use note::{NoteError, VerifierKey};
pub use problem::{Problem, Wrong};
pub use queries::QueryStatement;
pub use receipt::{Receipt, Statement};
