//! From the end of a pack's log to the checkpoint of its proof: entries that are in no pack, gone through once.

use serde::Deserialize;

use super::flaw::Unfit;
use crate::consistency::Onward;
use crate::entry::hash_of;
use crate::export::ENTRY;
use crate::problem::{Problem, Wrong};
use crate::tree::{Hash, Range};

/// Makes the consistency proof of a pack from an export that comes by both.
#[derive(Debug)]
pub struct Joining {
    onward: Onward,
    to: u64,
}

#[derive(Deserialize)]
struct Line {
    entry: Place,
    hash: String,
}

#[derive(Deserialize)]
struct Place {
    seq: u64,
}

impl Joining {
    /// From the tree at the end of a pack's log to a checkpoint over so many entries.
    pub fn new(log: &Range, to: u64) -> Self {
        Self { onward: Onward::new(log), to }
    }

    /// Takes whole lines of an export. What is in them is believed here: whoever has the proof checks where it leads.
    pub fn take(&mut self, lines: &str) -> Result<(), Unfit> {
        for line in lines.lines().filter(|line| line.as_bytes().starts_with(ENTRY)) {
            if self.is_done() {
                break;
            }
            let next = self.onward.size() + 1;
            let unreadable = || Problem::at(next, None, Wrong::Unreadable);
            let Line { entry, hash } = serde_json::from_str(line).map_err(|_| unreadable())?;
            if entry.seq > next {
                return Err(Problem::at(next, None, Wrong::Missing).into());
            }
            if entry.seq == next {
                self.onward.push(hash_of(&hash).ok_or_else(unreadable)?);
            }
        }
        Ok(())
    }

    /// Whether it has come by the checkpoint.
    pub fn is_done(&self) -> bool {
        self.onward.size() >= self.to
    }

    /// The proof, once it has.
    pub fn proof(self) -> Option<Vec<Hash>> {
        self.is_done().then(|| self.onward.proof())
    }
}
