//! Checking what Lacuna hands out, with a public key and nothing else.
//!
//! Nothing here trusts what it reads: a file's own words count only as far as a signature of the given key covers them.

mod export;
mod file;
pub(crate) mod newer;
pub(crate) mod receipt;
mod standing;
mod together;

pub use export::{Export, Reader};
pub use file::{File, Found, Refused};
pub use newer::Newer;
pub use receipt::{Proved, receipt};
pub use standing::{Freshness, Standing};
pub use together::{Disagreement, Saying, Together};

use crate::checkpoint::Checkpoint;
use crate::note::VerifierKey;
use crate::problem::{Problem, Wrong};

/// What files are checked with.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// The key that signs the log's checkpoints, with the log's name. It is known beforehand: one that comes with the
    /// files proves nothing.
    pub key: VerifierKey,
    /// A checkpoint that was seen before: the log must go on from it.
    pub since: Option<Checkpoint>,
}

/// Checks a checkpoint by itself.
pub fn checkpoint(pinned: &Pinned, note: &str) -> Result<Checkpoint, Problem> {
    let read = Checkpoint::open(note, &pinned.key).map_err(|_| Problem::of("checkpoint", Wrong::Forged))?;
    against(pinned.since.as_ref(), &read)?;
    Ok(read)
}

/// Two checkpoints of one size are of one log or of two. Of two sizes they say nothing by themselves.
fn against(since: Option<&Checkpoint>, found: &Checkpoint) -> Result<(), Problem> {
    let Some(since) = since else { return Ok(()) };
    if found.size == since.size && found.root != since.root {
        return Err(Problem::of("checkpoint", Wrong::Forked));
    }
    Ok(())
}

/// Reads JSON that is written exactly as it would be written here: whatever was changed, even what means the same,
/// shows.
pub(crate) fn exactly<'de, T: serde::Deserialize<'de> + serde::Serialize>(bytes: &'de [u8]) -> Option<T> {
    let read: T = serde_json::from_slice(bytes).ok()?;
    (serde_json::to_vec(&read).ok()? == bytes).then_some(read)
}
