//! Opening a stream of any length in constant memory.

use std::io::{ErrorKind, Read};

use aws_lc_rs::aead::{Aad, LessSafeKey};
use zeroize::Zeroize;

use crate::message::TAG;
use crate::writer::{FRAME, LAST, MARK, nonce};
use crate::{Context, DataKey, HEADER, Header, Shape, VaultError};

/// Opens what it reads. A frame is handed out only after all of it was authenticated; the end is an end
/// only after the last frame, with nothing behind it. An error stays one.
pub struct OpenReader<R: Read> {
    from: R,
    cipher: LessSafeKey,
    stream: [u8; 8],
    number: u32,
    /// The plaintext of the present frame, and its tag.
    frame: Vec<u8>,
    /// How much of it there is, and how much was handed out.
    length: usize,
    given: usize,
    ended: bool,
    wrong: Option<VaultError>,
}

impl<R: Read> OpenReader<R> {
    /// Reads a stream's header, to find the key that it asks for.
    pub fn header(from: &mut R) -> std::io::Result<Header> {
        let mut bytes = [0; HEADER];
        if fill(from, &mut bytes)? < HEADER {
            return Err(VaultError::Truncated.into());
        }
        Ok(Header::read(&bytes)?)
    }

    /// Opens the stream that follows this header.
    pub fn new(from: R, header: &Header, key: &DataKey, context: &Context<'_>) -> std::io::Result<Self> {
        let (cipher, wrong) = header.open(Shape::Stream, key, context)?;
        if let Some(wrong) = wrong {
            return Err(wrong.into());
        }
        if usize::try_from(header.size()).ok() != Some(FRAME) {
            return Err(VaultError::Version.into());
        }
        Ok(Self {
            from,
            cipher,
            stream: header.stream_id(),
            number: 0,
            frame: vec![0; FRAME + TAG],
            length: 0,
            given: 0,
            ended: false,
            wrong: None,
        })
    }

    fn next_frame(&mut self) -> std::io::Result<()> {
        self.length = 0;
        self.given = 0;
        let mut mark = [0; MARK];
        if fill(&mut self.from, &mut mark)? < MARK {
            return Err(VaultError::Truncated.into());
        }
        let (length, last) = self.check(&mark)?;
        let sealed = self.frame.get_mut(..length + TAG).ok_or(VaultError::Altered)?;
        if fill(&mut self.from, sealed)? < length + TAG {
            return Err(VaultError::Truncated.into());
        }
        if self.cipher.open_in_place(nonce(&mark), Aad::from(mark), sealed).is_err() {
            self.frame.zeroize();
            return Err(VaultError::Altered.into());
        }
        if last {
            if fill(&mut self.from, &mut [0])? > 0 {
                return Err(VaultError::Trailing.into());
            }
            self.ended = true;
        }
        self.length = length;
        self.number = self.number.wrapping_add(1);
        Ok(())
    }

    /// What a mark says, if this frame may be here. It is proved by the tag.
    fn check(&self, mark: &[u8; MARK]) -> Result<(usize, bool), VaultError> {
        let [s0, s1, s2, s3, s4, s5, s6, s7, n0, n1, n2, n3, w0, w1, w2, w3] = *mark;
        if [s0, s1, s2, s3, s4, s5, s6, s7] != self.stream {
            return Err(VaultError::Spliced);
        }
        if u32::from_be_bytes([n0, n1, n2, n3]) != self.number {
            return Err(VaultError::Reordered);
        }
        let word = u32::from_be_bytes([w0, w1, w2, w3]);
        let last = word & LAST != 0;
        let length = usize::try_from(word & !LAST).unwrap_or(usize::MAX);
        let may_be = if last { length <= FRAME } else { length == FRAME };
        if may_be { Ok((length, last)) } else { Err(VaultError::Altered) }
    }
}

/// Reads until the buffer is full or the end; how much there was.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl<R: Read> Read for OpenReader<R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if let Some(wrong) = self.wrong {
            return Err(wrong.into());
        }
        // The last frame may be empty, and is the end then.
        while self.given == self.length && !self.ended {
            if let Err(error) = self.next_frame() {
                let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<VaultError>());
                self.wrong = ours.copied().or(Some(VaultError::Refused));
                return Err(error);
            }
        }
        let rest = self.frame.get(self.given..self.length).unwrap_or_default();
        let read = rest.len().min(to.len());
        to.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.given += read;
        Ok(read)
    }
}

impl<R: Read> Drop for OpenReader<R> {
    fn drop(&mut self) {
        self.frame.zeroize();
    }
}

impl<R: Read> std::fmt::Debug for OpenReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenReader").field("number", &self.number).finish_non_exhaustive()
    }
}
