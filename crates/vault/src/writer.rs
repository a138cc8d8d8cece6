//! Sealing a stream of any length in constant memory.
//!
//! ```text
//! frame: stream 8 | number 4 | end and length 4 | ciphertext | tag 16
//! ```
//!
//! `stream` is the beginning of the salt; `number` counts from 0; the highest bit of the last word is set
//! in the last frame, the rest of it is the length of the plaintext: 65,536 in every frame but the last,
//! which always exists and may be empty. These 16 bytes are the additional data, the last 8 of them are
//! the nonce's end. So no frame can be left out, doubled, moved, taken from another stream or cut.

use std::io::Write;

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use zeroize::{Zeroize, Zeroizing};

use crate::message::TAG;
use crate::{Context, DataKey, Header, Shape, VaultError};

/// Plaintext of a whole frame.
pub const FRAME: usize = 64 * 1024;

/// What a frame begins with.
pub(crate) const MARK: usize = 16;
pub(crate) const LAST: u32 = 1 << 31;

/// Seals what is written to it. Nothing is whole before [`SealWriter::finish`]: a stream without its last
/// frame is refused as truncated.
pub struct SealWriter<W: Write> {
    to: W,
    cipher: LessSafeKey,
    stream: [u8; 8],
    number: u32,
    /// The mark and the plaintext of the frame under way, and room for the tag. It has its whole capacity
    /// from the start: if it grew, it would leave plaintext behind. Wiped when dropped, finished or not.
    frame: Zeroizing<Vec<u8>>,
    failed: bool,
}

impl<W: Write> SealWriter<W> {
    /// Begins a stream: its header is written. `salt` must be 32 fresh random bytes.
    pub fn new(mut to: W, key: &DataKey, context: &Context<'_>, salt: [u8; 32]) -> std::io::Result<Self> {
        let size = u32::try_from(FRAME).unwrap_or(u32::MAX);
        let (header, cipher) = Header::new(Shape::Stream, key, context, salt, size)?;
        to.write_all(header.as_bytes())?;
        let mut frame = Zeroizing::new(Vec::with_capacity(MARK + FRAME + TAG));
        frame.resize(MARK, 0);
        Ok(Self { to, cipher, stream: header.stream_id(), number: 0, frame, failed: false })
    }

    /// Writes the last frame, and gives back what it was written to.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.flush_frame(true)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn flush_frame(&mut self, last: bool) -> std::io::Result<()> {
        // After half a frame nothing that follows could be opened.
        let written = if self.failed { Err(VaultError::Refused.into()) } else { self.try_flush_frame(last) };
        self.failed = written.is_err();
        if self.failed {
            self.frame.zeroize();
            self.frame.resize(MARK, 0);
        } else {
            // Nothing to wipe: what was plaintext was sealed where it stood.
            self.frame.truncate(MARK);
        }
        written
    }

    fn try_flush_frame(&mut self, last: bool) -> std::io::Result<()> {
        let length = u32::try_from(self.frame.len() - MARK).map_err(|_| VaultError::TooLong)?;
        let mark = mark(self.stream, self.number, length, last);
        let (head, body) = self.frame.split_at_mut_checked(MARK).ok_or(VaultError::Refused)?;
        head.copy_from_slice(&mark);
        let tag = self
            .cipher
            .seal_in_place_separate_tag(nonce(&mark), Aad::from(mark), body)
            .map_err(|_| VaultError::Refused)?;
        self.frame.extend_from_slice(tag.as_ref());
        self.to.write_all(&self.frame)?;
        self.number = self.number.checked_add(1).ok_or(VaultError::TooLong)?;
        Ok(())
    }
}

/// The mark of a frame.
pub(crate) fn mark(stream: [u8; 8], number: u32, length: u32, last: bool) -> [u8; MARK] {
    let word = if last { length | LAST } else { length };
    let mut mark = [0; MARK];
    let parts = stream.into_iter().chain(number.to_be_bytes()).chain(word.to_be_bytes());
    mark.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    mark
}

/// The nonce of a frame: four zeros, and the last 8 bytes of its mark.
pub(crate) fn nonce(mark: &[u8; MARK]) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce.iter_mut().skip(4).zip(mark.iter().skip(8)).for_each(|(to, from)| *to = *from);
    Nonce::assume_unique_for_key(nonce)
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.frame.len() == MARK + FRAME {
            self.flush_frame(false)?;
        }
        let room = (MARK + FRAME).saturating_sub(self.frame.len()).min(bytes.len());
        self.frame.extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(room)
    }

    /// A frame is written when it is full, or by [`SealWriter::finish`]: not before.
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<W: Write> std::fmt::Debug for SealWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealWriter").field("number", &self.number).finish_non_exhaustive()
    }
}
