//! Where something may be: shapes, from the classes of three blocks, before any byte is verified.
//!
//! A trigger says "look here" and nothing else. It may be wrong; what is missing here is never found, so each shape is
//! the weakest that its kinds have in common. Whether a place is one depends on at most 64 bytes before and after it, and
//! not on where the blocks begin.
#![allow(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the oldest machine, without vectors"
)]

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

/// Two blocks in a row: what follows is seen by shifting right.
#[inline(always)]
fn pair(this: u64, next: u64) -> u128 {
    u128::from(this) | u128::from(next) << 64
}

/// The low half: this block.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "the other half is the next block's")]
fn this(pair: u128) -> u64 {
    pair as u64
}

/// Bits whose previous one is not set: where runs begin.
#[inline(always)]
fn starts(this: u64, previous: u64) -> u64 {
    this & !(this << 1 | previous >> 63)
}

#[inline(always)]
fn triggers(last: &Classes, here: &Classes, next: &Classes) -> Triggers {
    let digits = pair(here.digits, next.digits);
    let word = |c: &Classes| c.digits | c.uppers | c.lowers | c.unders;
    let before_is_word = word(here) << 1 | word(last) >> 63;

    // A separator counts where digits are within two bytes on both sides.
    let separators = |c: &Classes| c.gaps | c.signs | c.dashes | c.dots;
    let before = digits << 1 | digits << 2 | u128::from(last.digits >> 63 | last.digits >> 62);
    let joined = digits | pair(separators(here), separators(next)) & before & (digits >> 1 | digits >> 2);
    let two = joined & joined >> 1;
    let four = two & two >> 2;
    let seven = four & four >> 3;
    // A date such as 2026-11-22 stands in every line of a log, and nothing is written in groups of four, two and two.
    let dash = pair(here.dashes, next.dashes);
    let group = digits & digits >> 1;
    let date = group & group >> 2 & dash >> 4 & group >> 5 & dash >> 7 & group >> 8 & !(digits >> 10);
    let numbers = starts(here.digits, last.digits) & this(seven & !date) & !before_is_word;

    let caps = |c: &Classes| c.uppers | c.digits;
    let cap = pair(caps(here), caps(next));
    let two = cap & cap >> 1;
    let four = two & two >> 2;
    let nine = four & four >> 4 & cap >> 8;
    let upper = pair(here.uppers, next.uppers);
    let country = upper & upper >> 1 & digits >> 2 & digits >> 3;
    let words = this(nine | country) & !before_is_word;

    let keys = |c: &Classes| word(c) | c.dashes;
    let key = pair(keys(here), keys(next));
    let two = key & key >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let sixteen = eight & eight >> 8;
    let keys = starts(keys(here), keys(last)) & this(sixteen);

    let base = |c: &Classes| c.digits | c.uppers | c.lowers | c.signs;
    let all = pair(base(here), base(next));
    let two = all & all >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let sixteen = eight & eight >> 8;
    let secrets = match starts(base(here), base(last)) & this(sixteen) {
        // As it mostly is.
        0 => 0,
        long => long & this(sixteen >> 16 & eight >> 32),
    };

    let colon = pair(here.colons, next.colons);
    // By one to five places.
    let followed = |by: u128| {
        let two = by >> 1 | by >> 2;
        two | two >> 2 | by >> 5
    };
    let second = colon & followed(colon);
    let third = colon & followed(second);
    let dashed = dash & dash >> 3 & dash >> 6 & dash >> 9 & dash >> 12;
    let dot = pair(here.dots, next.dots);
    let colons = this(third | colon & colon >> 1 | dashed | dot & dot >> 5);

    Triggers { numbers, words, keys, secrets, colons, ats: here.ats }
}

/// The block that begins there; what lies behind the end is zero.
fn block(text: &[u8], index: usize) -> [u8; BLOCK] {
    let start = index * BLOCK;
    let rest = text.get(start..).unwrap_or_default();
    if let Some(whole) = rest.first_chunk::<BLOCK>() {
        return *whole;
    }
    let mut padded = [0; BLOCK];
    padded[..rest.len()].copy_from_slice(rest);
    padded
}

#[inline(always)]
fn fill(text: &[u8], first: usize, into: &mut [Triggers; BATCH], classify: impl Fn(&[u8; BLOCK]) -> Classes) {
    let mut last = match first.checked_sub(1) {
        Some(before) => classify(&block(text, before)),
        None => Classes::default(),
    };
    let count = text.len().div_ceil(BLOCK).saturating_sub(first).min(BATCH);
    let mut here = classify(&block(text, first));
    for (index, into) in into.iter_mut().enumerate().take(count) {
        let next = classify(&block(text, first + index + 1));
        *into = triggers(&last, &here, &next);
        (last, here) = (here, next);
    }
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
