//! The audit log: entries, each bound to the one before it by its hash.
//!
//! An [`Entry`] is hashed over its canonical bytes: JSON with sorted keys and no white space, of
//! strings, integers and nulls only (a subset of RFC 8785 that any language can write). The hash of
//! entry *n* covers the hash of entry *n - 1*, so that nothing can be changed, dropped, swapped or
//! inserted without every later hash being wrong.

mod block;
mod canonical;
mod entry;

pub use block::{Block, Head, MOST_ENTRIES};
pub use canonical::canonical;
pub use entry::{ChainError, Entry, GENESIS, verify_chain};
