//! The text as the verifiers see it: bytes by position, and what a byte is. A position outside of the text
//! reads as a zero byte, which belongs to nothing and so ends everything.

use crate::{emphasis, marks};

/// `0-9`.
pub(crate) const DIGIT: u8 = 1;
/// `A-Z`.
pub(crate) const UPPER: u8 = 1 << 1;
/// `a-z`.
pub(crate) const LOWER: u8 = 1 << 2;
/// `0-9A-Fa-f`.
pub(crate) const HEX: u8 = 1 << 3;
/// `_`.
pub(crate) const UNDER: u8 = 1 << 4;
/// What stands in the local part of an address, beside letters and digits.
pub(crate) const LOCAL: u8 = 1 << 5;
/// `-`.
pub(crate) const DASH: u8 = 1 << 6;
/// A byte of a character that is not ASCII.
pub(crate) const WIDE: u8 = 1 << 7;

/// Neither a mark nor what opens emphasis ends in a byte before this one: a digit, a blank.
const FIRST_OF_SIGNS: u8 = 0x40;

/// Letters of ASCII.
pub(crate) const LETTER: u8 = UPPER | LOWER;
/// Letters and digits of ASCII.
pub(crate) const ALNUM: u8 = LETTER | DIGIT;
/// What a word is made of: next to one of these nothing begins or ends.
pub(crate) const WORD: u8 = ALNUM | UNDER;
/// The alphabet of base64url, and of nearly all keys and tokens.
pub(crate) const KEY: u8 = ALNUM | UNDER | DASH;

/// What stands for a blank or a hyphen where no line may be broken: U+00A0, U+202F, U+2011.
const UNBROKEN: [(&[u8], u8); 3] =
    [("\u{a0}".as_bytes(), b' '), ("\u{202f}".as_bytes(), b' '), ("\u{2011}".as_bytes(), b'-')];

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at: u8 = 0;
    loop {
        let mut class = 0;
        if at.is_ascii_digit() {
            class |= DIGIT;
        }
        if at.is_ascii_uppercase() {
            class |= UPPER;
        }
        if at.is_ascii_lowercase() {
            class |= LOWER;
        }
        if at.is_ascii_hexdigit() {
            class |= HEX;
        }
        if at >= 0x80 {
            class |= WIDE;
        }
        match at {
            b'_' => class |= UNDER | LOCAL,
            b'-' => class |= DASH | LOCAL,
            b'.' | b'+' | b'%' | b'\'' | b'~' | b'!' | b'#' | b'$' | b'&' | b'^' => class |= LOCAL,
            _ => {}
        }
        table[at as usize] = class;
        if at == u8::MAX {
            return table;
        }
        at += 1;
    }
}

/// Whether a byte is of one of these classes.
#[inline]
pub(crate) fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// The text, by position.
#[derive(Clone, Copy)]
pub(crate) struct Text<'t>(&'t [u8]);

impl<'t> Text<'t> {
    pub fn new(bytes: &'t [u8]) -> Self {
        Self(bytes)
    }

    /// The byte there; zero where there is none.
    #[inline]
    pub fn get(self, at: usize) -> u8 {
        #[cfg(test)]
        steps::one();
        self.0.get(at).copied().unwrap_or(0)
    }

    /// The byte `back` places before; zero where there is none.
    #[inline]
    pub fn back(self, at: usize, back: usize) -> u8 {
        at.checked_sub(back).map_or(0, |at| self.get(at))
    }

    /// Whether the byte there is of one of these classes.
    #[inline]
    pub fn is(self, at: usize, class: u8) -> bool {
        is(self.get(at), class)
    }

    /// A part of it; what lies outside is left out.
    pub fn slice(self, start: usize, end: usize) -> &'t [u8] {
        #[cfg(test)]
        steps::add(end.saturating_sub(start));
        let end = end.min(self.0.len());
        self.0.get(start.min(end)..end).unwrap_or_default()
    }

    /// How many bytes from there on are of these classes, and no more than `most`.
    pub fn run(self, at: usize, class: u8, most: usize) -> usize {
        let mut length = 0;
        while length < most && self.is(at + length, class) {
            length += 1;
        }
        length
    }

    /// How many digits stand there, and no more than `most`. Eight at a time, without a question for each: that is what most places
    /// of a log are looked at for.
    #[inline]
    pub fn digits(self, at: usize, most: usize) -> usize {
        const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
        const THREES: u64 = 0x3030_3030_3030_3030;
        const SIXES: u64 = 0x0606_0606_0606_0606;
        let mut length = 0;
        while length < most {
            let Some(eight) = self.slice(at + length, at + length + 8).first_chunk() else {
                return length + self.run(at + length, DIGIT, most - length);
            };
            let eight = u64::from_le_bytes(*eight);
            // A digit has a 3 in front, and still has when six are added. What is carried over comes from what is none.
            let other = ((eight & HIGH) ^ THREES) | ((eight.wrapping_add(SIXES) & HIGH) ^ THREES);
            length += other.trailing_zeros() as usize / 8;
            if other != 0 {
                break;
            }
        }
        length.min(most)
    }

    /// Whether `what` stands there.
    pub fn has(self, at: usize, what: &[u8]) -> bool {
        self.slice(at, at + what.len()) == what
    }

    /// Whether the byte `back` places before is of one of these classes, and neither ends a mark nor opens emphasis.
    #[inline]
    pub fn is_back(self, at: usize, back: usize, class: u8) -> bool {
        let byte = self.back(at, back);
        is(byte, class) && (byte < FIRST_OF_SIGNS || !self.ends_sign(byte, (at + 1).saturating_sub(back)))
    }

    /// Whether this byte, which ends there, is the last of a mark or of what opens emphasis.
    #[inline]
    fn ends_sign(self, byte: u8, at: usize) -> bool {
        if byte == b'_' { emphasis::opens(self, at) > 0 } else { marks::length_back(self, at) > 0 }
    }

    /// Whether `what` stands right before it.
    pub fn follows(self, at: usize, what: &[u8]) -> bool {
        at.checked_sub(what.len()).is_some_and(|start| self.has(start, what))
    }

    /// The sign there, and how many bytes it has. A blank or a hyphen that breaks no line is the sign it stands for.
    #[inline]
    pub fn sign(self, at: usize) -> (u8, usize) {
        let byte = self.get(at);
        if !is(byte, WIDE) {
            return (byte, 1);
        }
        let known = UNBROKEN.iter().find(|(bytes, _)| self.has(at, bytes));
        known.map_or((byte, 1), |(bytes, sign)| (*sign, bytes.len()))
    }

    /// The same for the sign that ends right before it. A mark and what opens emphasis are one too, that belongs to nothing; so is a hyphen
    /// right behind a mark, which joins nothing with it.
    #[inline]
    pub fn sign_back(self, at: usize) -> (u8, usize) {
        let byte = self.back(at, 1);
        if byte < FIRST_OF_SIGNS && byte != b'-' {
            return (byte, 1);
        }
        self.longer_sign_back(at, byte)
    }

    /// The same for what may be longer than a byte.
    fn longer_sign_back(self, at: usize, byte: u8) -> (u8, usize) {
        if !is(byte, WIDE) {
            let length = match byte {
                b'_' => emphasis::opens(self, at),
                b'-' => usize::from(marks::length_back(self, at - 1) > 0),
                _ => marks::length_back(self, at),
            };
            return if length == 0 { (byte, 1) } else { (0, length) };
        }
        let known = UNBROKEN.iter().find(|(bytes, _)| self.follows(at, bytes));
        known.map_or_else(
            || match self.symbol_back(at, byte) {
                0 => (byte, 1),
                length => (0, length),
            },
            |(bytes, sign)| (*sign, bytes.len()),
        )
    }

    /// How many bytes the character has that ends there in this byte, if it is no letter: of the Unicode blocks whose characters
    /// are signs, marks of direction and symbols (`«`, `º`, `“`, `—`, `→`, `：`, a byte order mark). Otherwise 0.
    fn symbol_back(self, at: usize, byte: u8) -> usize {
        // Latin-1's, but for `ª` and `µ`.
        if self.back(at, 2) == 0xC2 {
            return if matches!(byte, 0x80..=0xA9 | 0xAB..=0xB4 | 0xB6..=0xBF) { 2 } else { 0 };
        }
        let symbol = matches!(
            (self.back(at, 3), self.back(at, 2), byte),
            // U+2000 to U+2BFF; U+3000 to U+3004 and U+3008 to U+303F; U+FEFF.
            (0xE2, 0x80..=0xAF, 0x80..=0xBF) | (0xE3, 0x80, 0x80..=0x84 | 0x88..=0xBF) | (0xEF, 0xBB, 0xBF)
            // U+FF01 to U+FF0F, U+FF1A to U+FF20, U+FF3B to U+FF40, U+FF5B to U+FF65.
            | (0xEF, 0xBC, 0x81..=0x8F | 0x9A..=0xA0 | 0xBB..=0xBF) | (0xEF, 0xBD, 0x80 | 0x9B..=0xA5)
        );
        if symbol { 3 } else { 0 }
    }

    /// Whether something that ends before `end` is whole: what follows is no part of a word, and does not join
    /// it with one.
    pub fn ends(self, end: usize) -> bool {
        let next = self.get(end);
        let joins = next == b'-' && self.is(end + 1, ALNUM);
        !joins && !self.goes_on(end)
    }

    /// Whether what stands there is a part of a word, and does not close emphasis.
    #[inline]
    pub fn goes_on(self, end: usize) -> bool {
        let next = self.get(end);
        is(next, WORD) && !(next == b'_' && emphasis::closes(self, end))
    }

    /// Whether something may begin there: what stands before is no part of a word, and does not join it
    /// with one.
    pub fn begins(self, start: usize) -> bool {
        let before = self.back(start, 1);
        let joins = before == b'-' && self.is_back(start, 2, ALNUM);
        !joins && !self.is_back(start, 1, WORD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_as_one_by_one() {
        for length in 0..24 {
            for other in 0..=u8::MAX {
                let text: Vec<u8> =
                    (0..length).map(|at| b'0' + at % 10).chain([other]).chain(*b"12345678").collect();
                let text = Text::new(&text);
                for most in [1, 8, 20, 40] {
                    assert_eq!(text.digits(0, most), text.run(0, DIGIT, most), "{length} {other}");
                }
            }
        }
    }
}

/// Counts what the verifiers look at: the tests of hostile input hold it to be linear.
#[cfg(test)]
pub(crate) mod steps {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    pub fn one() {
        add(1);
    }

    pub fn add(more: usize) {
        STEPS.with(|steps| steps.set(steps.get() + more));
    }

    /// How many there were since the last call.
    pub fn taken() -> usize {
        STEPS.with(|steps| steps.replace(0))
    }
}
