//! Where something may be: shapes, from the classes of three blocks, before any byte is verified.
//!
//! A trigger says "look here" and nothing else. It may be wrong; what is missing here is never found, so each shape is
//! the weakest that its kinds have in common. Whether a place is one depends on at most 64 bytes before and after it, and
//! not on where the blocks begin.
#![allow(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the oldest machine, without vectors"
)]

use std::array::from_fn;
use std::ops::{BitAnd, BitOr, Not, Shl, Shr};

use fearless_simd::{Level, Simd, dispatch, prelude::*};

use crate::classes::{BLOCK, Classes, plain, vector};
use crate::marks;
use crate::text::Text;

/// Blocks that are classified in one go.
pub(crate) const BATCH: usize = 32;

/// Where to look in each block of a batch: bit `n` is byte `n`. Behind the end of the text it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Triggers {
    /// A group of digits begins, and with what follows it there are seven or more, with at most three bytes of separators
    /// between two of them, or nine if some break no line; but for dates.
    pub numbers: [u64; BATCH],
    /// A run of nine or more capitals and digits begins that can be more than a number, or two capitals and two digits.
    pub words: [u64; BATCH],
    /// A run of sixteen or more of the base64url alphabet begins.
    pub keys: [u64; BATCH],
    /// A run of forty or more of the base64 alphabet begins.
    pub secrets: [u64; BATCH],
    /// `::`, or the first of three colons that are close together, or the separators of a MAC address.
    pub colons: [u64; BATCH],
    /// `@`
    pub ats: [u64; BATCH],
    /// Any of them.
    pub any: [u64; BATCH],
}

/// Of which shapes anybody wants to know: all bits, or none. In the order of the fields of [`Triggers`].
pub(crate) type Wanted = [u64; 6];

/// With the block before them and the one behind.
const LANES: usize = BATCH + 2;

/// Bits of one class, for as many blocks as go through one instruction: a word of 64 bits, or a vector of words.
trait Bits:
    Copy
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + Not<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
}

impl<B> Bits for B where
    B: Copy
        + BitAnd<Output = B>
        + BitOr<Output = B>
        + Not<Output = B>
        + Shl<u32, Output = B>
        + Shr<u32, Output = B>
{
}

/// A class, or what came of some: in the blocks, and in those behind them, so that what begins in a block can be followed. No shape
/// is followed for more than 64 bytes; of the block behind only what is followed is right.
#[derive(Clone, Copy)]
struct Run<B> {
    here: B,
    next: B,
}

impl<B: Bits> Run<B> {
    /// Each bit is the one that comes `by` places later.
    #[inline(always)]
    fn later(self, by: u32) -> Self {
        Self { here: self.ahead(by), next: self.next >> by }
    }

    /// The same for the blocks alone, for what is followed no further.
    #[inline(always)]
    fn ahead(self, by: u32) -> B {
        self.here >> by | self.next << (64 - by)
    }

    /// Where a run of twice as many begins, from where a run of `by` does.
    #[inline(always)]
    fn double(self, by: u32) -> Self {
        self & self.later(by)
    }

    /// Where one to five places later there is one.
    #[inline(always)]
    fn soon(self) -> Self {
        let two = self.later(1) | self.later(2);
        two | two.later(2) | self.later(5)
    }
}

impl<B: Bits> BitAnd for Run<B> {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self { here: self.here & other.here, next: self.next & other.next }
    }
}

impl<B: Bits> BitOr for Run<B> {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self { here: self.here | other.here, next: self.next | other.next }
    }
}

/// A class of all lanes.
type Lane = [u64; LANES];

/// All classes of these blocks: bits in the order of the text.
struct Lanes {
    digits: Lane,
    uppers: Lane,
    letters: Lane,
    ats: Lane,
    colons: Lane,
    dashes: Lane,
    dots: Lane,
    unders: Lane,
    signs: Lane,
    gaps: Lane,
    unbroken: Lane,
    marks: Lane,
}

impl Default for Lanes {
    #[inline(always)]
    fn default() -> Self {
        let none = [0; LANES];
        Self {
            digits: none,
            uppers: none,
            letters: none,
            ats: none,
            colons: none,
            dashes: none,
            dots: none,
            unders: none,
            signs: none,
            gaps: none,
            unbroken: none,
            marks: none,
        }
    }
}

impl Lanes {
    #[inline(always)]
    fn set(&mut self, at: usize, classes: &Classes) {
        self.digits[at] = classes.digits;
        self.uppers[at] = classes.uppers;
        self.letters[at] = classes.letters;
        self.ats[at] = classes.ats;
        self.colons[at] = classes.colons;
        self.dashes[at] = classes.dashes;
        self.dots[at] = classes.dots;
        self.unders[at] = classes.unders;
        self.signs[at] = classes.signs;
        self.gaps[at] = classes.gaps;
        self.unbroken[at] = classes.unbroken;
        self.marks[at] = classes.marks;
    }

    /// Lets the byte belong to nothing.
    fn leave_out(&mut self, at: usize, bit: usize) {
        let rest = !(1 << bit);
        for lane in [&mut self.uppers, &mut self.letters, &mut self.ats, &mut self.unders] {
            lane[at] &= rest;
        }
    }
}

/// What is the shape of something, in some blocks at a time. `load` reads a class from so many lanes on.
#[inline(always)]
fn shapes<B: Bits>(lanes: &Lanes, load: impl Fn(&Lane, usize) -> B) -> [B; 6] {
    let run = |lane: &Lane| Run { here: load(lane, 1), next: load(lane, 2) };
    // Each bit is the one that comes `by` places before; `last` is what the blocks before have.
    let before = |run: Run<B>, last: B, by: u32| Run {
        here: run.here << by | last >> (64 - by),
        next: run.next << by | run.here >> (64 - by),
    };
    let (digits, uppers, dashes, dots) =
        (run(&lanes.digits), run(&lanes.uppers), run(&lanes.dashes), run(&lanes.dots));
    let caps = digits | uppers;
    let alnum = digits | run(&lanes.letters);
    let word = alnum | run(&lanes.unders);
    let key = word | dashes;
    let signs = run(&lanes.signs);
    let base = alnum | signs;

    let last_digits = load(&lanes.digits, 0);
    let last_alnum = last_digits | load(&lanes.letters, 0);
    let (unders, last_unders) = (load(&lanes.unders, 1), load(&lanes.unders, 0));
    let last_word = last_alnum | last_unders;
    // `_` behind no letter or digit may be emphasis, which is no word.
    let inner = alnum.here | (unders & (alnum.here << 1 | last_alnum >> 63));
    let last_inner = last_alnum | (last_unders & last_alnum << 1);
    // Behind a word nothing begins, a digit is one of a word too.
    let begins = !(inner << 1 | last_inner >> 63);

    // A separator counts where digits are within three bytes on both sides: ` / ` has three, and so has a hyphen that breaks no line. Where
    // such a one is near, within nine: of so many is a hyphen between two blanks, if all break no line. Columns of numbers have none.
    let separators = run(&lanes.gaps) | signs | dashes | dots;
    let one = digits | before(digits, last_digits, 1);
    let last_one = last_digits | last_digits << 1;
    let behind = one | before(one, last_one, 2);
    let last_behind = last_one | last_one << 2;
    let one = digits | digits.later(1);
    let ahead = one | one.later(2);
    let far = (behind | before(behind, last_behind, 4) | before(behind, last_behind, 6))
        & (ahead | ahead.later(4) | ahead.later(6));
    // ` /` may stand before it, and `/ ` behind its three bytes.
    let (unbroken, last_unbroken) = (run(&lanes.unbroken), load(&lanes.unbroken, 0));
    let one = unbroken | unbroken.later(1) | unbroken.later(2);
    let last_one =
        last_unbroken | last_unbroken >> 1 | unbroken.here << 63 | last_unbroken >> 2 | unbroken.here << 62;
    let two = one | before(one, last_one, 2);
    let last_two = last_one | last_one << 2;
    let near = (behind & ahead) | (far & (two | before(two, last_two, 2)));
    let joined = digits | (separators & near);
    let four = joined.double(1).double(2);
    let group = digits.double(1);
    // A date such as 2026-11-22 stands in every line of a log. What goes on behind it may be more than a date: 0470-12-34-56.
    let date =
        group.here & group.ahead(2) & dashes.ahead(4) & group.ahead(5) & dashes.ahead(7) & group.ahead(8);
    let date = date & !(digits.ahead(10) | (dashes.ahead(10) & digits.ahead(11)));
    let numbers = digits.here & four.here & four.ahead(3) & begins & !date;

    let eight = caps.double(1).double(2).double(4);
    // With a digit in front the first letter is the seventh, the ninth or the last of eighteen: most such runs are numbers.
    let letter = uppers.here | uppers.ahead(6) | uppers.ahead(8) | uppers.ahead(17);
    let nine = eight.here & eight.ahead(1) & letter;
    let country = uppers.here & uppers.ahead(1) & group.ahead(2);
    let words = (nine | country) & begins;

    let eight = key.double(1).double(2).double(4);
    let last_key = last_word | load(&lanes.dashes, 0);
    let keys = eight.here & eight.ahead(8) & !(key.here << 1 | last_key >> 63);

    let eight = base.double(1).double(2).double(4);
    let sixteen = eight.double(8);
    let forty = sixteen.here & sixteen.ahead(16) & eight.ahead(32);
    let last_base = last_alnum | load(&lanes.signs, 0);
    let secrets = forty & !(base.here << 1 | last_base >> 63);

    let colons = run(&lanes.colons);
    let third = colons.here & (colons & colons.soon()).soon().here;
    let pairs = dashes.double(3).double(6).here & dashes.ahead(12);
    let colons = third | (colons.here & colons.ahead(1)) | pairs | (dots.here & dots.ahead(5));

    [numbers, words, keys, secrets, colons, load(&lanes.ats, 1)]
}

/// The last block; what lies behind the end is zero.
fn last_block(text: &[u8]) -> [u8; BLOCK] {
    let rest = text.len() % BLOCK;
    let mut padded = [0; BLOCK];
    padded[..rest].copy_from_slice(&text[text.len() - rest..]);
    padded
}

/// Classifies a batch and what is around it, and says how many blocks of the text it has.
#[inline(always)]
fn classify(
    text: &[u8],
    first: usize,
    lanes: &mut Lanes,
    classes: impl Fn(&[u8; BLOCK]) -> Classes,
) -> usize {
    let blocks = text.len().div_ceil(BLOCK);
    for at in 0..LANES {
        // The first lane is the block before.
        let Some(index) = (first + at).checked_sub(1) else { continue };
        if index >= blocks {
            break;
        }
        match text.get(index * BLOCK..).and_then(|rest| rest.first_chunk()) {
            Some(whole) => lanes.set(at, &classes(whole)),
            None => lanes.set(at, &classes(&last_block(text))),
        }
    }
    // Most texts have none.
    if lanes.marks.iter().fold(0, |all, marks| all | marks) != 0 {
        leave_marks_out(text, first, lanes);
    }
    (blocks - first).min(BATCH)
}

/// Behind a mark a word begins: what ends one is no letter. Of the block before the batch only the last two bytes are asked for, and a mark is
/// shorter than a block: none that ends there begins before it.
fn leave_marks_out(text: &[u8], first: usize, lanes: &mut Lanes) {
    for at in 0..LANES {
        let mut marks = lanes.marks[at];
        while marks != 0 {
            // The first lane of the first batch has none.
            let start = (first + at - 1) * BLOCK + marks.trailing_zeros() as usize;
            marks &= marks - 1;
            let Some(last) = marks::last(Text::new(text), start) else { continue };
            let place = last / BLOCK + 1 - first;
            if place < LANES {
                lanes.leave_out(place, last % BLOCK);
            }
        }
    }
}

#[inline(always)]
fn find_vector<S: Simd>(simd: S, text: &[u8], first: usize, wanted: &Wanted, into: &mut Triggers) {
    let mut lanes = Lanes::default();
    let count = classify(
        text,
        first,
        &mut lanes,
        #[inline(always)]
        |block| vector(simd, block),
    );
    for at in (0..count).step_by(S::u64s::LEN) {
        let found = shapes(
            &lanes,
            #[inline(always)]
            |lane, by| S::u64s::from_slice(simd, &lane[at + by..at + by + S::u64s::LEN]),
        );
        let mask = wanted.map(
            #[inline(always)]
            |mask| S::u64s::splat(simd, mask),
        );
        let numbers = found[0] & mask[0];
        let words = found[1] & mask[1];
        let keys = found[2] & mask[2];
        let secrets = found[3] & mask[3];
        let colons = found[4] & mask[4];
        let ats = found[5] & mask[5];
        let put = |from: S::u64s, to: &mut [u64; BATCH]| from.store_slice(&mut to[at..at + S::u64s::LEN]);
        put(numbers, &mut into.numbers);
        put(words, &mut into.words);
        put(keys, &mut into.keys);
        put(secrets, &mut into.secrets);
        put(colons, &mut into.colons);
        put(ats, &mut into.ats);
        put(numbers | words | keys | secrets | colons | ats, &mut into.any);
    }
}

/// The triggers of a batch of blocks, the first of which is block number `first` of the text.
pub(crate) fn find(level: Level, text: &[u8], first: usize, wanted: &Wanted, into: &mut Triggers) {
    dispatch!(level, simd => find_vector(simd, text, first, wanted, into));
}

/// The same byte by byte.
pub(crate) fn find_plain(text: &[u8], first: usize, wanted: &Wanted, into: &mut Triggers) {
    let mut lanes = Lanes::default();
    let count = classify(text, first, &mut lanes, plain);
    for at in 0..count {
        let found = shapes(&lanes, |lane, by| lane[at + by]);
        let [numbers, words, keys, secrets, colons, ats] = from_fn(|shape| found[shape] & wanted[shape]);
        into.numbers[at] = numbers;
        into.words[at] = words;
        into.keys[at] = keys;
        into.secrets[at] = secrets;
        into.colons[at] = colons;
        into.ats[at] = ats;
        into.any[at] = numbers | words | keys | secrets | colons | ats;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::classes::levels;

    const PIECES: &[&str] = &[
        "2026-11-22",
        "0470-12-34-56",
        "12\u{2011}34\u{a0}56 / 78",
        "12\u{202f}\u{2011}\u{202f}34\u{a0}/\u{a0}567",
        "12          34",
        "1234567",
        "12 34 56",
        "(212) 555",
        "AB12",
        "123456789A",
        "A1B2C3D4E5F6",
        "a_b-c",
        "/+",
        "::",
        "1:2:3",
        "aa-bb-cc-dd-ee-ff",
        "0000.5e00.53af",
        "@",
        "0123456789abcdef0123456789abcdef01234567",
        " ",
        "x",
        "é",
        "\n",
        "-",
        ".",
        "\x1b[0m",
        "\x1b[1;31m",
        "\x1b[4@",
        "\x1b",
        "[",
        "m",
        "\\",
        "n",
        "_",
        "\\n",
        "\\t",
        " __1234567_",
        "___",
    ];

    proptest! {
        /// All instruction sets find what is found byte by byte, in every batch, and no block is left out.
        #[test]
        fn every_level_is_the_plain_one(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 1..900),
            shapes in prop::array::uniform6(any::<bool>()),
        ) {
            let wanted = shapes.map(|wanted| if wanted { u64::MAX } else { 0 });
            let text = pieces.concat().into_bytes();
            for first in (0..text.len().div_ceil(BLOCK)).step_by(BATCH) {
                let mut expect = Triggers::default();
                find_plain(&text, first, &wanted, &mut expect);
                for level in levels() {
                    let mut found = Triggers::default();
                    find(level, &text, first, &wanted, &mut found);
                    prop_assert_eq!(&found, &expect, "{:?}", level);
                }
            }
        }
    }
}
