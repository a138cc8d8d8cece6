//! Tables, masked column by column as they pass.

mod csv;
mod json;
mod records;

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use csv::{Form, csv};
pub use json::json_lines;

use crate::screen::locked;
use crate::seal::Trouble;
use crate::world::Output;

/// A row is no longer than this, in bytes: a quote that nobody closes would otherwise be all that follows it.
const LONGEST_ROW: u64 = 16 << 20;
/// How much is read, and how much is written, at once.
const PIECE: usize = 256 * 1024;

/// Some write it before the first line, to say that what follows is UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";
/// What is said of a longer one.
const TOO_LONG: &str = "a row is longer than 16 MiB";

/// A row did not end.
#[derive(Debug, thiserror::Error)]
#[error("{TOO_LONG}")]
struct TooLong;

fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<TooLong>)
}

/// What is read, counted, row by row.
struct Counted<'a, R> {
    input: R,
    done: &'a AtomicU64,
    /// What may be read yet before the row has to be whole.
    left: Rc<Cell<u64>>,
}

impl<'a, R: Read> Counted<'a, R> {
    fn new(input: R, done: &'a AtomicU64) -> (Self, Rc<Cell<u64>>) {
        let left = Rc::new(Cell::new(LONGEST_ROW));
        (Self { input, done, left: Rc::clone(&left) }, left)
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        let count = u64::try_from(read).unwrap_or(u64::MAX);
        self.done.fetch_add(count, Ordering::Relaxed);
        let left = self.left.get().checked_sub(count);
        self.left.set(left.ok_or_else(|| io::Error::other(TooLong))?);
        Ok(read)
    }
}

/// What was masked, on its way out.
struct Out<'a> {
    output: &'a Output,
    /// Whether anything has gone.
    begun: bool,
}

impl<'a> Out<'a> {
    fn new(output: &'a Output) -> Self {
        Self { output, begun: false }
    }

    fn write(&mut self, bytes: &mut Vec<u8>) -> Result<(), Trouble> {
        if !bytes.is_empty() {
            self.begun = true;
            let mut output = locked(self.output);
            output.write_all(bytes).and_then(|()| output.flush()).map_err(Trouble::Write)?;
            bytes.clear();
        }
        Ok(())
    }

    /// What was read is not what it should be. What was masked so far is written.
    fn trouble(&mut self, bytes: &mut Vec<u8>, what: impl Into<String>) -> Trouble {
        match self.write(bytes) {
            Ok(()) => Trouble::Input(what.into(), self.begun),
            Err(trouble) => trouble,
        }
    }
}
