//! Checking a file, whatever it is, as its bytes come.

use std::collections::BTreeSet;

use super::{Export, Newer, Pinned, Proved, Reader, checkpoint, newer::newer, receipt::receipt};
use crate::checkpoint::Checkpoint;
use crate::export::{MARK, MOST_LINE};
use crate::note::{MOST_BYTES, VerifierKey};
use crate::problem::{Problem, Wrong};

/// What a file was found to be. That nothing is wrong with it is not all that there is to ask: see [`Found::standing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// An audit export.
    Export(Export),
    /// A receipt.
    Receipt(Box<Proved>),
    /// A receipt in words that a later version has.
    Newer(Newer),
    /// A checkpoint.
    Checkpoint(Checkpoint),
}

/// Why a file was not found to be whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is broken.
    #[error(transparent)]
    Broken(#[from] Problem),
    /// It is nothing that can be checked: not an export, a receipt or a checkpoint.
    #[error("it is neither an audit export nor a receipt nor a checkpoint")]
    Unknown,
    /// It is a log's public key: what others are checked with.
    #[error("it is a log's public key, which signs other files and is signed by none")]
    Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Export,
    Receipt,
    Checkpoint,
}

/// How a receipt begins.
const RECEIPT: &str = "{\"entry\":{\"checks\":\"";
/// How many bytes at the beginning may be another's before a file counts as something else: what was altered there is
/// broken, and not unknown.
const UNLIKE: usize = 2;

/// Lines that are checked at once at the most. Of more, those that are hashed side by side are of lengths more alike.
const AT_ONCE: usize = 512;

/// A file that is being read.
#[derive(Debug)]
pub struct File<'a> {
    pinned: &'a Pinned,
    /// What is not yet dealt with: of an export, the beginning of a line; of others, all there is.
    rest: Vec<u8>,
    kind: Option<Kind>,
    reader: Option<Reader<'a>>,
    sizes: BTreeSet<u64>,
}

impl<'a> File<'a> {
    /// Of which nothing is read yet.
    pub fn new(pinned: &'a Pinned) -> Self {
        Self::noting(pinned, BTreeSet::new())
    }

    /// The same, where an export notes the tree's root at these sizes: what other files say can then be held against it.
    pub fn noting(pinned: &'a Pinned, sizes: BTreeSet<u64>) -> Self {
        Self { pinned, rest: Vec::new(), kind: None, reader: None, sizes }
    }

    /// Takes the next bytes, however many. After an error there is nothing more to ask.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        if self.kind.is_none() {
            self.rest.extend_from_slice(bytes);
            if self.rest.len() < MARK.len().max(RECEIPT.len()).max(self.pinned.key.name().len()) {
                return Ok(());
            }
            // What is like nothing at its beginning may be a checkpoint of another log: its end tells.
            self.kind = self.guess();
            if self.kind.is_none() {
                return if self.rest.len() > MOST_BYTES { Err(Refused::Unknown) } else { Ok(()) };
            }
            let all = std::mem::take(&mut self.rest);
            return self.take(&all);
        }
        if self.kind == Some(Kind::Export) {
            return Ok(self.lines(bytes)?);
        }
        if self.rest.len() + bytes.len() > crate::receipt::MOST_BYTES {
            return Err(Problem::of("file", Wrong::Unreadable).into());
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }

    /// Entries that were read so far, of an export.
    pub fn entries(&self) -> u64 {
        self.reader.as_ref().map_or(0, Reader::entries)
    }

    /// After the last byte: what it is.
    pub fn finish(mut self) -> Result<Found, Refused> {
        let kind = self.kind.or_else(|| self.guess()).ok_or(Refused::Unknown)?;
        let text = || std::str::from_utf8(&self.rest).map_err(|_| Problem::of("file", Wrong::Unreadable));
        match kind {
            Kind::Receipt => match receipt(self.pinned, &self.rest) {
                Err(problem) if problem == Problem::of("receipt", Wrong::Unreadable) => {
                    Ok(Found::Newer(newer(self.pinned, &self.rest)?))
                }
                proved => Ok(Found::Receipt(Box::new(proved?))),
            },
            // A key begins with the log's name, as a checkpoint does.
            Kind::Checkpoint if VerifierKey::parse(text()?).is_ok() => Err(Refused::Key),
            Kind::Checkpoint => Ok(Found::Checkpoint(checkpoint(self.pinned, text()?)?)),
            Kind::Export => {
                let rest = std::mem::take(&mut self.rest);
                if !rest.is_empty() && !is_cut(&rest) {
                    // Only its line feed is missing, or it was altered: what is there of it shows what is wrong.
                    self.line(&rest)?;
                    return Err(Problem::of("end", Wrong::Truncated).into());
                }
                let reader = self.reader.ok_or(Problem::of("header", Wrong::Truncated))?;
                let export = reader.finish()?;
                if rest.is_empty() {
                    Ok(Found::Export(export))
                } else {
                    Err(Problem::of("end", Wrong::Trailing).into())
                }
            }
        }
    }

    fn lines(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let mut bytes = bytes;
        while let Some((line, after)) = cut(bytes) {
            match &mut self.reader {
                Some(reader) if self.rest.is_empty() => {
                    let mut lines = Vec::with_capacity(AT_ONCE);
                    while let Some((line, after)) = cut(bytes).filter(|_| lines.len() < AT_ONCE) {
                        lines.push(line);
                        bytes = after;
                    }
                    reader.lines(&lines)?;
                }
                _ => {
                    let mut whole = std::mem::take(&mut self.rest);
                    whole.extend_from_slice(line);
                    bytes = after;
                    self.line(&whole)?;
                    whole.clear();
                    self.rest = whole;
                }
            }
        }
        if self.rest.len() + bytes.len() > MOST_LINE {
            let rest = std::mem::take(&mut self.rest);
            self.line(&rest)?;
            return Err(Problem::of("file", Wrong::Unreadable));
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Problem> {
        if let Some(reader) = &mut self.reader {
            return reader.line(line);
        }
        let mut reader = Reader::new(self.pinned, line)?;
        reader.note_at(&self.sizes);
        self.reader = Some(reader);
        Ok(())
    }

    /// What it resembles.
    fn guess(&self) -> Option<Kind> {
        let like = |start: &str| {
            let alike = self.rest.iter().zip(start.as_bytes()).filter(|(a, b)| a == b).count();
            alike + UNLIKE >= start.len()
        };
        if like(MARK) {
            Some(Kind::Export)
        } else if like(RECEIPT) {
            Some(Kind::Receipt)
        } else if like(self.pinned.key.name())
            || memchr::memmem::find(&self.rest, "\n\n\u{2014} ".as_bytes()).is_some()
        {
            Some(Kind::Checkpoint)
        } else {
            None
        }
    }
}

/// Whether a line, an object of JSON, ends inside of itself: so does a file that was not written or fetched to its end.
fn is_cut(line: &[u8]) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    quoted || depth > 0
}

/// The first line, without its line feed, and what is after it.
fn cut(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, after) = bytes.split_at(memchr::memchr(b'\n', bytes)?);
    Some((line, after.get(1..)?))
}
