//! Where the archive's bytes go: through age if the person asked for it, then to where the caller takes them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::recipient::Recipient;

#[derive(Default)]
struct Ready {
    bytes: Vec<u8>,
    total: u64,
}

/// Bytes that are ready to be uploaded. The archive writes at one end and the caller takes at the other; both
/// are the same thread, the lock is there because the archive owns its writer.
#[derive(Clone, Default)]
pub(crate) struct Out(Arc<Mutex<Ready>>);

impl Out {
    fn ready(&self) -> MutexGuard<'_, Ready> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes wait.
    pub(crate) fn waiting(&self) -> usize {
        self.ready().bytes.len()
    }

    /// How many bytes there ever were.
    pub(crate) fn total(&self) -> u64 {
        self.ready().total
    }

    /// Moves what waits to the end of `into`. The room is kept for the next bytes.
    pub(crate) fn take_into(&self, into: &mut Vec<u8>) {
        into.append(&mut self.ready().bytes);
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut ready = self.ready();
        ready.bytes.extend_from_slice(bytes);
        ready.total += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The archive's writer.
pub(crate) enum Sink {
    /// As it is.
    Plain(Out),
    /// Encrypted in blocks of 64 KiB, each as soon as it is full.
    Age(Box<age::stream::StreamWriter<Out>>),
}

impl Sink {
    pub(crate) fn new(out: &Out, recipient: Option<&Recipient>) -> Result<Self, Error> {
        match recipient {
            None => Ok(Self::Plain(out.clone())),
            Some(recipient) => Ok(Self::Age(Box::new(recipient.wrap(out.clone())?))),
        }
    }

    /// Writes the last block.
    pub(crate) fn end(self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Age(stream) => stream.finish().map(drop),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Age(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
