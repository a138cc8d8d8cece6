//! Bytes too many to be held at once.

use async_trait::async_trait;

use crate::fault::Fault;

/// Bytes that come piece by piece.
#[async_trait]
pub trait Chunks: Send {
    /// The next piece, of at most 1 MiB and never empty; `None` at the end. After a fault nothing more may be
    /// asked, and what came before is not the whole.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault>;
}

/// An object that is written piece by piece. It is not there before [`Upload::finish`]; if that never comes,
/// nothing of it stays: it is abandoned when dropped by whoever can, and by a lifecycle rule otherwise.
#[async_trait]
pub trait Upload: Send {
    /// Sends more bytes, however many. After a fault there is nothing left to do but to abandon.
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), Fault>;

    /// Makes the object appear, whole; another of the same key is replaced. After a fault it is there, whole,
    /// or not at all: whoever must know writes it again.
    async fn finish(self: Box<Self>) -> Result<(), Fault>;

    /// Gives up: nothing of it stays.
    async fn abandon(self: Box<Self>) -> Result<(), Fault>;
}
