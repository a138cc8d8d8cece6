//! Where something may be: shapes, from the classes of three blocks, before any byte is verified.
//!
//! A trigger says "look here" and nothing else. It may be wrong; what is missing here is never found, so each shape is
//! the weakest that its kinds have in common. Whether a place is one depends on at most 64 bytes before and after it, and
//! not on where the blocks begin.
#![allow(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the oldest machine, without vectors"
)]
#![allow(clippy::needless_range_loop, reason = "two places of one array, by their index")]

use fearless_simd::{Level, Simd, dispatch};

use crate::classes::{BLOCK, Classes, plain, vector};

/// Blocks that are classified in one go.
pub(crate) const BATCH: usize = 32;

/// Where to look in one block: bit `n` is byte `n`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Triggers {
    /// A group of digits begins, and with what follows it there are seven or more, with at most two separators between
    /// two of them; but for dates.
    pub numbers: u64,
    /// A run of nine or more capitals and digits begins, or two capitals and two digits.
    pub words: u64,
    /// A run of sixteen or more of the base64url alphabet begins.
    pub keys: u64,
    /// A run of forty or more of the base64 alphabet begins.
    pub secrets: u64,
    /// `::`, or the first of three colons that are close together, or the separators of a MAC address.
    pub colons: u64,
    /// `@`
    pub ats: u64,
}

impl Triggers {
    pub fn any(&self) -> bool {
        self.numbers | self.words | self.keys | self.secrets | self.colons | self.ats != 0
    }
}

/// Blocks at a time: the one before the batch, the batch, and the one behind it.
const LANES: usize = BATCH + 2;

/// One class of all these blocks: bits in the order of the text. Everything is done to all of them at once, so that vectors do it.
#[derive(Clone, Copy)]
struct Lane([u64; LANES]);

impl Lane {
    /// Each bit is the one that comes `by` places later. Behind the last block there is nothing: what is said of that block is
    /// wrong at its end, and it is there for its beginning.
    #[inline(always)]
    fn later(&self, by: u32) -> Self {
        let mut out = [0; LANES];
        for at in 0..LANES - 1 {
            out[at] = self.0[at] >> by | self.0[at + 1] << (64 - by);
        }
        out[LANES - 1] = self.0[LANES - 1] >> by;
        Self(out)
    }

    /// Each bit is the one that comes `by` places before.
    #[inline(always)]
    fn before(&self, by: u32) -> Self {
        let mut out = [0; LANES];
        out[0] = self.0[0] << by;
        for at in 1..LANES {
            out[at] = self.0[at] << by | self.0[at - 1] >> (64 - by);
        }
        Self(out)
    }

    #[inline(always)]
    fn with(&self, other: &Self, how: impl Fn(u64, u64) -> u64) -> Self {
        let mut out = [0; LANES];
        for at in 0..LANES {
            out[at] = how(self.0[at], other.0[at]);
        }
        Self(out)
    }

    #[inline(always)]
    fn and(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    #[inline(always)]
    fn or(&self, other: &Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    #[inline(always)]
    fn without(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    /// Where a run of twice as many begins, from where a run of `by` does.
    #[inline(always)]
    fn double(&self, by: u32) -> Self {
        self.and(&self.later(by))
    }
}

/// All classes of these blocks.
struct Lanes {
    digits: Lane,
    uppers: Lane,
    lowers: Lane,
    ats: Lane,
    colons: Lane,
    dashes: Lane,
    dots: Lane,
    unders: Lane,
    signs: Lane,
    gaps: Lane,
}

impl Lanes {
    #[inline(always)]
    fn new() -> Self {
        let none = Lane([0; LANES]);
        Self {
            digits: none,
            uppers: none,
            lowers: none,
            ats: none,
            colons: none,
            dashes: none,
            dots: none,
            unders: none,
            signs: none,
            gaps: none,
        }
    }

    #[inline(always)]
    fn set(&mut self, at: usize, classes: &Classes) {
        self.digits.0[at] = classes.digits;
        self.uppers.0[at] = classes.uppers;
        self.lowers.0[at] = classes.lowers;
        self.ats.0[at] = classes.ats;
        self.colons.0[at] = classes.colons;
        self.dashes.0[at] = classes.dashes;
        self.dots.0[at] = classes.dots;
        self.unders.0[at] = classes.unders;
        self.signs.0[at] = classes.signs;
        self.gaps.0[at] = classes.gaps;
    }

    #[inline(always)]
    fn triggers(&self, into: &mut [Triggers; BATCH]) {
        let digits = &self.digits;
        let caps = digits.or(&self.uppers);
        let alnum = caps.or(&self.lowers);
        let word = alnum.or(&self.unders);
        let after_word = word.before(1);

        // A separator counts where digits are within two bytes on both sides.
        let separators = self.gaps.or(&self.signs).or(&self.dashes).or(&self.dots);
        let near = digits.before(1).or(&digits.before(2)).and(&digits.later(1).or(&digits.later(2)));
        let joined = digits.or(&separators.and(&near));
        let seven = joined.double(1).double(2).double(3);
        // A date such as 2026-11-22 stands in every line of a log, and nothing is written in groups of four, two and two.
        let group = digits.double(1);
        let date = group.double(2).and(&self.dashes.later(4)).and(&group.later(5));
        let date = date.and(&self.dashes.later(7)).and(&group.later(8)).without(&digits.later(10));
        // Behind a word nothing begins, a digit is one of a word too.
        let numbers = digits.and(&seven).without(&date).without(&after_word);

        let nine = caps.double(1).double(2).double(4).and(&caps.later(8));
        let country = self.uppers.double(1).and(&group.later(2));
        let words = nine.or(&country).without(&after_word);

        let key = word.or(&self.dashes);
        let keys = key.double(1).double(2).double(4).double(8).without(&key.before(1));

        let base = alnum.or(&self.signs);
        let eight = base.double(1).double(2).double(4);
        let forty = eight.double(8).double(16).and(&eight.later(32));
        let secrets = forty.without(&base.before(1));

        // By one to five places.
        let followed = |by: &Lane| {
            let two = by.later(1).or(&by.later(2));
            two.or(&two.later(2)).or(&by.later(5))
        };
        let third = self.colons.and(&followed(&self.colons.and(&followed(&self.colons))));
        let dashed = self.dashes.double(3).double(6).and(&self.dashes.later(12));
        let colons = third.or(&self.colons.double(1)).or(&dashed).or(&self.dots.double(5));

        for (at, into) in into.iter_mut().enumerate() {
            *into = Triggers {
                numbers: numbers.0[at + 1],
                words: words.0[at + 1],
                keys: keys.0[at + 1],
                secrets: secrets.0[at + 1],
                colons: colons.0[at + 1],
                ats: self.ats.0[at + 1],
            };
        }
    }
}

/// The last block; what lies behind the end is zero.
fn last_block(text: &[u8]) -> [u8; BLOCK] {
    let rest = text.len() % BLOCK;
    let mut padded = [0; BLOCK];
    padded[..rest].copy_from_slice(&text[text.len() - rest..]);
    padded
}

#[inline(always)]
fn fill(text: &[u8], first: usize, into: &mut [Triggers; BATCH], classify: impl Fn(&[u8; BLOCK]) -> Classes) {
    let mut lanes = Lanes::new();
    let blocks = text.len().div_ceil(BLOCK);
    for at in 0..LANES {
        // The first lane is the block before.
        let Some(index) = (first + at).checked_sub(1) else { continue };
        if index >= blocks {
            break;
        }
        match text.get(index * BLOCK..).and_then(|rest| rest.first_chunk()) {
            Some(whole) => lanes.set(at, &classify(whole)),
            None => lanes.set(at, &classify(&last_block(text))),
        }
    }
    lanes.triggers(into);
}

#[inline(always)]
fn fill_vector<S: Simd>(simd: S, text: &[u8], first: usize, into: &mut [Triggers; BATCH]) {
    fill(
        text,
        first,
        into,
        #[inline(always)]
        |block| vector(simd, block),
    );
}

/// The triggers of a batch of blocks, the first of which is block number `first` of the text.
pub(crate) fn find(level: Level, text: &[u8], first: usize, into: &mut [Triggers; BATCH]) {
    dispatch!(level, simd => fill_vector(simd, text, first, into));
}

/// The same byte by byte.
pub(crate) fn find_plain(text: &[u8], first: usize, into: &mut [Triggers; BATCH]) {
    fill(text, first, into, plain);
}
