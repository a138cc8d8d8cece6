//! Checking an audit export, line by line: in constant memory, as fast as hashing allows.

use std::collections::BTreeSet;

use domain::TenantId;
use memchr::memmem::Finder;

use super::{Pinned, exactly};
use crate::checkpoint::{Checkpoint, tenant_of};
use crate::entry::{Content, hash_of};
use crate::export::{CHECKPOINT, CheckpointLine, END, ENTRY, EndLine, HASH, Header};
use crate::problem::{Problem, Wrong};
use crate::tree::{Grown, Hash, Range, leaf, leaves};

/// What an export was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Whose log.
    pub tenant: TenantId,
    /// The first entry's place.
    pub first: u64,
    /// The last entry's place; one less than the first if there are none.
    pub last: u64,
    /// Up to where a signature covers it, one of its own or that of the checkpoint that was seen before; `None` if none
    /// does. What comes after it is chained, which anybody can do.
    pub signed_to: Option<u64>,
    /// How many checkpoints of it hold.
    pub checkpoints: u64,
    /// Whether it was shown to go on from the checkpoint that was seen before.
    pub fresh: bool,
    /// The last checkpoint of it.
    pub checkpoint: Option<Checkpoint>,
    /// The root of the tree before the first entry.
    pub before: Hash,
    /// The root of the tree after the last one.
    pub root: Hash,
    /// That tree, to go on with.
    pub range: Range,
    /// The root at each of the sizes that were asked for, of those that the file comes by.
    pub roots: Vec<(u64, Hash)>,
}

/// Where a file's lines go, one after another.
#[derive(Debug)]
pub struct Reader<'a> {
    pinned: &'a Pinned,
    tenant: TenantId,
    /// Finds the canonical tenant field of an event, which each entry has.
    own: Finder<'static>,
    first: u64,
    next: u64,
    previous: Hash,
    /// The same, as it is written.
    previous_hex: [u8; 64],
    range: Range,
    signed_to: Option<u64>,
    checkpoints: u64,
    checkpoint: Option<Checkpoint>,
    fresh: bool,
    before: Hash,
    /// At which sizes the root is noted, the smallest last.
    sizes: Vec<u64>,
    roots: Vec<(u64, Hash)>,
    ended: bool,
    /// An entry that does not come where it belongs: what comes after it tells whether it is missing.
    sought: Option<(u64, Problem)>,
}

/// Bytes at the end of a content that have the tenant, where what comes after it is no longer than usual.
const NEAR_THE_END: usize = 256;

/// What a line of an entry has where.
struct EntryLine<'a> {
    content: &'a [u8],
    hash: &'a [u8; 64],
    previous: &'a [u8; 64],
    seq: u64,
}

impl<'a> Reader<'a> {
    /// Begins with the first line, without its line feed.
    pub fn new(pinned: &'a Pinned, line: &[u8]) -> Result<Self, Problem> {
        let wrong = |field| Problem::of(field, Wrong::Altered);
        let header: Header = exactly(line).ok_or(Problem::of("header", Wrong::Unreadable))?;
        if header.audit != "lacuna/1" {
            return Err(Problem::of("header.audit", Wrong::Unreadable));
        }
        // The tenant is in the name that is signed under.
        if tenant_of(pinned.key.name()).as_ref() != Some(&header.tenant) {
            return Err(Problem::of("header.tenant", Wrong::Foreign));
        }
        let size = header.first.checked_sub(1).ok_or(wrong("header.first"))?;
        let previous = hash_of(&header.before.hash).ok_or(wrong("header.before.hash"))?;
        let range = header.before.range(size);
        let mut reader = Self {
            pinned,
            own: Finder::new(&format!("\"tenant\":\"{}\"", header.tenant)).into_owned(),
            tenant: header.tenant,
            first: header.first,
            next: header.first,
            previous,
            previous_hex: hex_of(&previous),
            range: Range::default(),
            signed_to: None,
            checkpoints: 0,
            checkpoint: None,
            fresh: false,
            before: Range::default().root(),
            sizes: Vec::new(),
            roots: Vec::new(),
            ended: false,
            sought: None,
        };
        match header.checkpoint {
            None if size == 0 && previous == [0; 32] => {
                // Nothing was before, so that there is nothing to sign, and nothing to say.
                range.ok_or(wrong("header.before.peaks"))?;
            }
            None => return Err(wrong("header.first")),
            Some(note) => {
                let signed = Checkpoint::open(&note, &pinned.key);
                let signed = signed.map_err(|_| Problem::of("header.checkpoint", Wrong::Forged))?;
                if signed.size != size {
                    return Err(wrong("header.first"));
                }
                let range = range.ok_or(wrong("header.before.peaks"))?;
                if range.root() != signed.root {
                    return Err(wrong("header.before.peaks"));
                }
                reader.range = range;
                reader.signed_to = Some(size);
                reader.checkpoint = Some(signed);
            }
        }
        reader.before = reader.range.root();
        reader.meet_since()?;
        Ok(reader)
    }

    /// Notes the root at these sizes, as far as they are still to come: [`Export::roots`] has them.
    pub fn note_at(&mut self, sizes: &BTreeSet<u64>) {
        self.sizes = sizes.range(self.range.size()..).rev().copied().collect();
        self.note();
    }

    fn note(&mut self) {
        if self.sizes.last() == Some(&self.range.size()) {
            self.sizes.pop();
            self.roots.push((self.range.size(), self.range.root()));
        }
    }

    /// Takes the next line, without its line feed.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Problem> {
        if self.sought.is_some() {
            return self.seek(line);
        }
        if self.ended {
            return Err(Problem::of("end", Wrong::Trailing));
        }
        if line.starts_with(ENTRY) {
            let parts = cut(line).ok_or(Problem::at(self.next, None, Wrong::Unreadable))?;
            let hash = leaf(parts.content);
            self.entry(&parts, hash, |range| range.push(hash))
        } else if line.starts_with(CHECKPOINT) {
            self.signed(line)
        } else if line.starts_with(END) {
            self.end(line)
        } else {
            Err(Problem::at(self.next, None, Wrong::Unreadable))
        }
    }

    /// Takes the next lines, as [`Reader::line`] does one after the other. Many entries take less time so: see
    /// [`crate::sha256`].
    pub fn lines(&mut self, lines: &[&[u8]]) -> Result<(), Problem> {
        let mut rest = lines;
        while let Some((line, after)) = rest.split_first() {
            let single = self.sought.is_some() || self.ended;
            let entries: Vec<EntryLine<'_>> =
                rest.iter().map_while(|line| cut(line).filter(|_| !single)).collect();
            if entries.is_empty() {
                self.line(line)?;
                rest = after;
                continue;
            }
            let contents: Vec<&[u8]> = entries.iter().map(|entry| entry.content).collect();
            let grown = Grown::new(&self.range, leaves(&contents));
            for ((entry, hash), line) in entries.iter().zip(grown.leaves()).zip(rest) {
                let push = |range: &mut Range| range.push_of(*hash, &grown);
                if self.sought.is_some() { self.seek(line) } else { self.entry(entry, *hash, push) }?;
            }
            rest = &rest[entries.len()..];
        }
        Ok(())
    }

    /// After the last line: what the file is.
    pub fn finish(self) -> Result<Export, Problem> {
        if let Some((_, problem)) = self.sought {
            return Err(problem);
        }
        let last = self.next - 1;
        if !self.ended {
            return Err(Problem::at(last, None, Wrong::Truncated));
        }
        Ok(Export {
            tenant: self.tenant,
            first: self.first,
            last,
            signed_to: self.signed_to,
            checkpoints: self.checkpoints,
            fresh: self.fresh,
            checkpoint: self.checkpoint,
            before: self.before,
            root: self.range.root(),
            range: self.range,
            roots: self.roots,
        })
    }

    /// Entries so far.
    pub fn entries(&self) -> u64 {
        self.next - self.first
    }

    /// Takes an entry of which the content has this hash, which `push` adds to the tree.
    fn entry(
        &mut self,
        parts: &EntryLine<'_>,
        hash: Hash,
        push: impl FnOnce(&mut Range),
    ) -> Result<(), Problem> {
        let seq = self.next;
        if parts.seq != seq {
            return self.out_of_place(parts, hash);
        }
        let hex = hex_of(&hash);
        let (follows, whole) = (is_same(&self.previous_hex, parts.previous), is_same(&hex, parts.hash));
        if !whole || !follows {
            return Err(self.diagnose(parts, follows, whole));
        }
        // It stands near the end.
        let near = parts.content.last_chunk::<NEAR_THE_END>();
        if near.is_none_or(|near| self.own.find(near).is_none()) && self.own.find(parts.content).is_none() {
            return Err(Problem::at(seq, Some("event.tenant"), Wrong::Foreign));
        }
        self.previous = hash;
        self.previous_hex = hex;
        push(&mut self.range);
        self.next += 1;
        if self.pinned.since.as_ref().is_some_and(|since| since.size == self.range.size()) {
            self.meet_since()?;
        }
        self.note();
        Ok(())
    }

    /// The tree has the size of the checkpoint that was seen before: it has its root as well, or it is another log.
    fn meet_since(&mut self) -> Result<(), Problem> {
        let Some(since) = self.pinned.since.as_ref().filter(|since| since.size == self.range.size()) else {
            return Ok(());
        };
        if self.range.root() != since.root {
            return Err(Problem { seq: Some(since.size), field: None, what: Wrong::Forked });
        }
        self.fresh = true;
        // The key signed that one too.
        self.signed_to = Some(since.size);
        Ok(())
    }

    fn signed(&mut self, line: &[u8]) -> Result<(), Problem> {
        let forged = || Problem::at(self.next - 1, Some("checkpoint"), Wrong::Forged);
        let line: CheckpointLine = exactly(line).ok_or_else(forged)?;
        let signed = Checkpoint::open(&line.checkpoint, &self.pinned.key).map_err(|_| forged())?;
        let last = self.next - 1;
        if signed.size != last {
            let (seq, what) =
                if signed.size > last { (last + 1, Wrong::Missing) } else { (last, Wrong::Trailing) };
            return Err(Problem::at(seq, Some("checkpoint"), what));
        }
        if signed.root != self.range.root() {
            return Err(Problem::at(last, None, Wrong::Rewritten));
        }
        self.signed_to = Some(last);
        self.checkpoints += 1;
        self.checkpoint = Some(signed);
        Ok(())
    }

    fn end(&mut self, line: &[u8]) -> Result<(), Problem> {
        let EndLine { end } = exactly(line).ok_or(Problem::of("end", Wrong::Unreadable))?;
        let last = self.next - 1;
        if end.last > last {
            return Err(Problem::at(last + 1, None, Wrong::Missing));
        }
        if end.last != last {
            return Err(Problem::of("end.last", Wrong::Altered));
        }
        if end.entries != self.entries() {
            return Err(Problem::of("end.entries", Wrong::Altered));
        }
        if hash_of(&end.hash) != Some(self.previous) {
            return Err(Problem::of("end.hash", Wrong::Altered));
        }
        self.ended = true;
        Ok(())
    }

    /// An entry with another place than the next.
    fn out_of_place(&mut self, parts: &EntryLine<'_>, hash: Hash) -> Result<(), Problem> {
        let expected = self.next;
        // Whether this line was only given another number: then it follows, and is not what its hash is over.
        let whole = hex_of(&hash) == *parts.hash;
        if !whole && self.previous_hex == *parts.previous {
            return Err(Problem::at(expected, Some("seq"), Wrong::Altered));
        }
        if parts.seq < expected {
            let what = if parts.seq >= self.first { Wrong::Duplicated } else { Wrong::Trailing };
            return Err(Problem::at(parts.seq, None, what));
        }
        self.sought = Some((expected, Problem::at(expected, None, Wrong::Missing)));
        Ok(())
    }

    /// Looks whether what was missing comes later.
    fn seek(&mut self, line: &[u8]) -> Result<(), Problem> {
        match &self.sought {
            Some((seq, _)) if cut(line).is_some_and(|parts| parts.seq == *seq) => {
                Err(Problem::at(*seq, None, Wrong::Reordered))
            }
            _ => Ok(()),
        }
    }

    /// Which field of the next entry is wrong.
    fn diagnose(&self, parts: &EntryLine<'_>, follows: bool, whole: bool) -> Problem {
        let seq = self.next;
        if whole {
            return Problem::at(seq, Some("prev_hash"), Wrong::NotFollowing);
        }
        let Some(content) = exactly::<Content>(parts.content) else {
            return Problem::at(seq, None, Wrong::Unreadable);
        };
        let differing = crate::checks::differing(&content.event, &content.legal_basis, &content.checks);
        let checks = crate::checks::checks(&content.event, &content.legal_basis);
        match differing {
            Some(_) if only_one_differs(&checks, &content.checks) && restores(&content, &checks, parts) => {
                Problem::at(seq, Some("checks"), Wrong::Altered)
            }
            Some(field) => Problem::at(seq, Some(field), Wrong::Altered),
            None if !follows => Problem::at(seq, Some("prev_hash"), Wrong::Altered),
            None if checks != content.checks => Problem::at(seq, Some("checks"), Wrong::Altered),
            None => Problem::at(seq, Some("hash"), Wrong::HashAltered),
        }
    }
}

/// Whether the entry is whole with these check digits instead of its own.
fn restores(content: &Content, checks: &str, parts: &EntryLine<'_>) -> bool {
    let restored = Content { checks: checks.to_owned(), ..content.clone() };
    hex_of(&leaf(&restored.bytes())) == *parts.hash
}

/// Whether two hashes are the same as they are written. It is asked twice for each entry, and all at once takes less time than a call.
fn is_same(one: &[u8; 64], other: &[u8; 64]) -> bool {
    one.iter().zip(other).fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
}

/// A hash as it is written. It is done for each entry, and without a table the compiler does it for many digits at once.
fn hex_of(hash: &Hash) -> [u8; 64] {
    let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(hash) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
    }
    hex
}

fn only_one_differs(a: &str, b: &str) -> bool {
    a.len() == b.len() && a != b
}

/// Cuts the line of an entry where its parts are: what is not read here is under its hash.
fn cut(line: &[u8]) -> Option<EntryLine<'_>> {
    let rest = line.strip_prefix(ENTRY)?.strip_suffix(b"\"}")?;
    let (rest, hash) = rest.split_last_chunk()?;
    let content = rest.strip_suffix(HASH)?;
    // ,"prev_hash":"<64>","seq":<n>}
    let tail = content.strip_suffix(b"}")?;
    let digits = tail.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (tail, seq) = tail.split_at_checked(tail.len().checked_sub(digits)?)?;
    let seq = number(seq)?;
    let tail = tail.strip_suffix(b"\",\"seq\":")?;
    let (tail, previous) = tail.split_last_chunk()?;
    tail.ends_with(b",\"prev_hash\":\"").then_some(EntryLine { content, hash, previous, seq })
}

/// A number as it is written in JSON.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let value = digit.checked_sub(b'0').filter(|value| *value < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(value))
    })
}
