//! Masking what comes in pieces: the same as if it came whole, wherever it was cut.
//!
//! Nothing that is found goes over the end of a line, so what is before the last line end is masked at once. Of a line that does
//! not end, everything is given out that nothing to come can change: whether something begins at a place depends on
//! [`HISTORY`] bytes before it and [`AHEAD`] bytes from it on.
//!
//! A stream of lines reads each that is a JSON object or array as JSON, if it is no longer than what waits anyway: which lines these are
//! does not depend on where they were cut either.

use crate::custom::LONGEST_MATCH;
use crate::finder::BACK;
use crate::kinds::{jwt, keys};
use crate::mask::Masker;
use crate::{context, emphasis, finder::Finding, marks};

/// What is kept of what was given out already: a trigger's distance, and what the words before a number may be.
const HISTORY: usize = 2 * (BACK + context::REACH + context::LIST);

/// Where the furthest of them begins a mark can end, or emphasis that was opened before it.
const _: () = assert!(HISTORY > BACK + context::REACH + context::LIST + marks::LONGEST + emphasis::REACH);

/// How far something can go on, with what is looked at behind it, and with blocks that begin elsewhere.
const AHEAD: usize = jwt::LONGEST + 2 * BACK;

const _: () = assert!(AHEAD > LONGEST_MATCH + 8 && AHEAD > keys::LONGEST + BACK);

/// A line without end is worked on when so much of it waits, so that what waits is not looked at again for each piece.
const WAITING: usize = 4 * AHEAD;

/// Masks what is pushed into it. [`Stream::finish`] has to be called, or what is held back is lost.
pub struct Stream<'m> {
    masker: &'m Masker,
    /// What was given out and is still looked at, then what waits.
    held: Vec<u8>,
    /// Where the part that waits begins.
    from: usize,
    /// Findings so far.
    findings: u64,
    /// Whether lines of JSON are read as JSON.
    json: bool,
    /// A line of JSON that was masked, until what stands before it is.
    line: Vec<u8>,
}

impl<'m> Stream<'m> {
    pub(crate) fn new(masker: &'m Masker, json: bool) -> Self {
        Self { masker, held: Vec::new(), from: 0, findings: 0, json, line: Vec::new() }
    }

    /// How many findings were masked so far.
    pub fn findings(&self) -> u64 {
        self.findings
    }

    /// Takes a piece, and appends to `out` what is decided.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        // Lines that are whole need not be held: the first ends what waits, the others are masked where they are.
        if let Some(end) = memchr::memrchr(b'\n', rest).map(|at| at + 1) {
            let mut whole = &rest[..end];
            rest = &rest[end..];
            if self.from < self.held.len() {
                let first = memchr::memchr(b'\n', whole).map_or(whole.len(), |at| at + 1);
                self.hold(&whole[..first], out);
                whole = &whole[first..];
                self.decide(true, out);
            }
            self.held.clear();
            self.from = 0;
            self.findings += if self.json { self.lines(whole, out) } else { self.masker.mask(whole, out) };
        }
        self.hold(rest, out);
    }

    /// Masks whole lines, those of JSON as JSON, and all between two of them in one go.
    fn lines(&mut self, mut lines: &[u8], out: &mut Vec<u8>) -> u64 {
        let (mut findings, mut at) = (0, 0);
        while let Some(start) = next_json(lines, at) {
            at = start + memchr::memchr(b'\n', &lines[start..]).map_or(lines.len() - start, |end| end + 1);
            self.line.clear();
            if at - start <= WAITING
                && closes(&lines[start..at])
                && self.masker.is_otherwise_as_json(&lines[start..at])
                && let Some(found) = self.masker.mask_json(&lines[start..at], &mut self.line)
            {
                findings += self.masker.mask(&lines[..start], out) + found;
                out.append(&mut self.line);
                lines = &lines[at..];
                at = 0;
            }
        }
        findings + self.masker.mask(lines, out)
    }

    /// Takes what has no line end, and gives out what is decided of it.
    fn hold(&mut self, mut piece: &[u8], out: &mut Vec<u8>) {
        while !piece.is_empty() {
            let room = WAITING + AHEAD - (self.held.len() - self.from).min(WAITING);
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.held.extend_from_slice(now);
            piece = later;
            if self.held.len() - self.from > WAITING {
                self.decide(false, out);
            }
        }
    }

    /// Gives out what nothing to come can change; everything, if nothing is to come.
    fn decide(&mut self, over: bool, out: &mut Vec<u8>) {
        // Nothing of the line was given out yet: it is whole.
        let whole = over && self.from == 0 && self.held.len() <= WAITING;
        if whole
            && self.json
            && may_be_json(&self.held)
            && let Some(found) = self.masker.mask_json(&self.held, out)
        {
            self.findings += found;
            self.from = self.held.len();
            return;
        }
        let limit = if over { self.held.len() } else { self.held.len().saturating_sub(AHEAD).max(self.from) };
        let mut given = self.from;
        for Finding { kind, range } in self.masker.find_from(&self.held, self.from) {
            if range.start >= limit {
                break;
            }
            out.extend_from_slice(&self.held[given..range.start]);
            self.masker.write(kind, &self.held[range.clone()], out);
            self.findings += 1;
            given = range.end;
        }
        if given < limit {
            out.extend_from_slice(&self.held[given..limit]);
            given = limit;
        }
        let keep = given.saturating_sub(HISTORY);
        self.held.drain(..keep);
        self.from = given - keep;
    }

    /// Appends what was held back. The stream can be used again, for another text.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.decide(true, out);
        self.held.clear();
        self.from = 0;
    }
}

/// Whether a line can be a JSON object or array, by its first byte.
fn may_be_json(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'{' | b'['))
}

/// Whether a line that may be JSON ends as such a one does.
fn closes(line: &[u8]) -> bool {
    let last = line.trim_ascii_end().last();
    matches!((line.first(), last), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

/// Where the next line begins that may be JSON, of those that begin at `at` or later: a line begins there.
fn next_json(lines: &[u8], at: usize) -> Option<usize> {
    if may_be_json(lines.get(at..)?) {
        return Some(at);
    }
    // Braces and brackets are rarer than line ends.
    let mut places = memchr::memchr2_iter(b'{', b'[', &lines[at..]).map(|place| at + place);
    places.find(|place| place.checked_sub(1).is_some_and(|before| lines[before] == b'\n'))
}
