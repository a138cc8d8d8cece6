//! Groups of digits: they are read once, with what is between them, and a number is the first few of them.

use super::{email, ipv6, mac};
use crate::text::{DIGIT, Text, WIDE};

/// What is between two groups of digits. A blank or a hyphen that breaks no line is one as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    Space,
    Dash,
    Dot,
    Slash,
    /// `+`
    Plus,
    /// `)`, with or without another of these signs behind it.
    Close,
    /// `(`, with or without another of these signs before it.
    Open,
}

/// Groups that are read. A national identification number has at most seven.
const MOST_GROUPS: usize = 8;
/// Digits that are read: one more than the longest card has.
pub(super) const MOST_DIGITS: usize = 20;

/// How far back it is looked for the stars of what was masked, in bytes.
const MOST_STARS: usize = 16;
/// The most stars that Markdown has before what it stresses, and the longest label in such, in bytes.
const MOST_EMPHASIS: usize = 3;
const LONGEST_LABEL: usize = 32;
/// How many digits of a masked number are left, and the least stars before them: what has fewer than seven is masked whole.
const LEFT: usize = 4;
const LEAST_STARS: usize = 3;
/// The least digits of a telephone number, and of one in pairs.
const LEAST: usize = 7;
const LEAST_OF_PAIRS: usize = 10;
/// The zeros behind the point of a whole number.
const MOST_ZEROS: usize = 2;

/// The groups at a place.
pub(crate) struct Groups {
    digits: [u8; MOST_DIGITS],
    lengths: [usize; MOST_GROUPS],
    gaps: [Gap; MOST_GROUPS],
    spaced: [bool; MOST_GROUPS],
    ends: [usize; MOST_GROUPS],
    count: usize,
}

/// The first groups of some, as one number.
pub(crate) struct Number<'g> {
    /// Where its first digit is.
    pub start: usize,
    /// Where its last one ends.
    pub end: usize,
    /// The digits as numbers, without gaps.
    pub digits: &'g [u8],
    /// How long the groups are.
    pub lengths: &'g [usize],
    /// What is between them: one fewer.
    pub gaps: &'g [Gap],
    /// Whether that is a hyphen or a slash with a blank on both sides.
    pub spaced: &'g [bool],
    /// Whether nothing but a slash, or a plus for a blank, is between it and other digits: then only its form or its check says where it
    /// begins and ends.
    pub slashed: bool,
}

impl Number<'_> {
    /// Whether it is in one piece.
    pub fn bare(&self) -> bool {
        self.lengths.len() == 1
    }

    /// The number of the first so many groups, with so many digits. Where it ends nobody says.
    pub fn first(&self, groups: usize, digits: usize) -> Number<'_> {
        Number {
            digits: &self.digits[..digits],
            lengths: &self.lengths[..groups],
            gaps: &self.gaps[..groups - 1],
            spaced: &self.spaced[..groups - 1],
            ..*self
        }
    }

    /// Whether it is written in just these groups, with this between all of them.
    pub fn written(&self, lengths: &[usize], gap: Gap) -> bool {
        self.lengths == lengths && self.gaps.iter().all(|other| *other == gap)
    }

    /// Whether it is in one piece, or in these groups with spaces.
    pub fn plain_or(&self, lengths: &[usize]) -> bool {
        self.bare() || self.written(lengths, Gap::Space)
    }
}

/// What is between two groups.
pub(super) struct Between {
    gap: Gap,
    /// In bytes.
    pub length: usize,
    /// A hyphen or a slash with a blank on both sides.
    spaced: bool,
}

/// What is between the digit that ends there and the next one, if it can be between two groups of a number.
pub(super) fn between(text: Text<'_>, at: usize) -> Option<Between> {
    let digit = |at| text.is(at, DIGIT);
    let (first, length) = text.sign(at);
    let gap = match first {
        b' ' => Gap::Space,
        b'-' => Gap::Dash,
        b'.' => Gap::Dot,
        b'/' => Gap::Slash,
        b'+' => Gap::Plus,
        b')' => Gap::Close,
        b'(' => Gap::Open,
        _ => return None,
    };
    if digit(at + length) {
        return Some(Between { gap, length, spaced: false });
    }
    let (second, more) = text.sign(at + length);
    let length = length + more;
    let spaced = match (first, second) {
        (b' ', b'-' | b'/') => {
            let gap = if second == b'-' { Gap::Dash } else { Gap::Slash };
            let (third, last) = text.sign(at + length);
            return (third == b' ' && digit(at + length + last)).then_some(Between {
                gap,
                length: length + last,
                spaced: true,
            });
        }
        (b')', b' ' | b'-' | b'.' | b'/' | b'+') => Gap::Close,
        (b' ' | b'-' | b'.' | b'/' | b'+', b'(') => Gap::Open,
        _ => return None,
    };
    digit(at + length).then_some(Between { gap: spaced, length, spaced: false })
}

impl Groups {
    /// The groups that begin there, of which the first has so many digits.
    #[inline]
    pub fn at(text: Text<'_>, start: usize, first: usize) -> Self {
        let mut groups = Self {
            digits: [0; MOST_DIGITS],
            lengths: [0; MOST_GROUPS],
            gaps: [Gap::Space; MOST_GROUPS],
            spaced: [false; MOST_GROUPS],
            ends: [0; MOST_GROUPS],
            count: 0,
        };
        groups.read(text, start, first);
        groups
    }

    fn read(&mut self, text: Text<'_>, start: usize, first: usize) {
        let (mut at, mut length, mut total) = (start, first, 0);
        loop {
            // Too long for anything; what came before this group may still be something.
            let Some(digits) = self.digits.get_mut(total..total + length) else { return };
            for (digit, byte) in digits.iter_mut().zip(text.slice(at, at + length)) {
                *digit = byte - b'0';
            }
            at += length;
            total += length;
            self.lengths[self.count] = length;
            self.ends[self.count] = at;
            self.count += 1;
            let Some(between) = between(text, at).filter(|_| self.count < MOST_GROUPS) else { return };
            self.gaps[self.count - 1] = between.gap;
            self.spaced[self.count - 1] = between.spaced;
            at += between.length;
            length = text.digits(at, MOST_DIGITS + 1);
        }
    }

    /// The number of the first one, of the first two, and so on, and how each can end.
    pub fn numbers(&self, text: Text<'_>, start: usize) -> impl Iterator<Item = (Number<'_>, End)> {
        let behind_slash = matches!(text.back(start, 1), b'/' | b'+') && text.is_back(start, 2, DIGIT);
        let mut total = 0;
        (1..=self.count).map(move |count| {
            total += self.lengths[count - 1];
            let end = End::of(text, self, count);
            let number = Number {
                start,
                end: self.ends[count - 1],
                digits: &self.digits[..total],
                lengths: &self.lengths[..count],
                gaps: &self.gaps[..count - 1],
                spaced: &self.spaced[..count - 1],
                slashed: behind_slash || end == End::Slash,
            };
            (number, end)
        })
    }

    /// Whether an extension can be behind the number: it is all that was read.
    pub fn are_all_of(&self, number: &Number<'_>) -> bool {
        number.lengths.len() == self.count
    }

    /// Whether the last of so many, behind a blank, begins something else: an IPv6 address, a MAC address, an e-mail address, a clock.
    fn end_in_something_else(&self, text: Text<'_>, count: usize) -> bool {
        let (end, length) = (self.ends[count - 1], self.lengths[count - 1]);
        match text.get(end) {
            b'@' => email::domain(text, end + 1).is_some(),
            b':' => {
                let start = end - length;
                ipv6::ends(text, start).is_some()
                    || mac::ends(text, end).is_some()
                    || self.end_in_a_clock(text, count)
            }
            _ => false,
        }
    }

    /// Whether the last of so many is the hour of a clock. Where the others are no whole number without it, it is one of them, whatever
    /// stands behind the colon.
    fn end_in_a_clock(&self, text: Text<'_>, count: usize) -> bool {
        let (minutes, length) = (self.ends[count - 1] + 1, self.lengths[count - 1]);
        let before: usize = self.lengths[..count - 1].iter().sum();
        let pairs = self.lengths[count - 2] == 2;
        let below =
            |digits: &[u8], most| digits.iter().fold(0, |all, digit| all * 10 + u32::from(digit % 16)) < most;
        length <= 2
            && text.digits(minutes, 3) == 2
            && below(&self.digits[before..][..length], 24)
            && below(text.slice(minutes, minutes + 2), 60)
            && before >= if pairs { LEAST_OF_PAIRS } else { LEAST }
    }

    /// Whether the first two are one number in one piece as programs write it that take it for a fraction: `2125550123.0`.
    fn begin_as_a_float(&self, text: Text<'_>) -> bool {
        let zeros = &self.digits[self.lengths[0]..][..self.lengths[1]];
        zeros.len() <= MOST_ZEROS
            && zeros.iter().all(|digit| *digit == 0)
            && End::of(text, self, 2) == End::Whole
    }

    /// Whether the stars right before them are Markdown's, or before the sign or the bracket that they begin with.
    fn are_emphasised(&self, text: Text<'_>, start: usize) -> bool {
        let end = self.ends[self.count - 1];
        match text.back(start, 1) {
            b'+' => emphasised(text, start - 1, end),
            b'(' => emphasised(text, start - 1, end + usize::from(text.get(end) == b')')),
            _ => emphasised(text, start, end),
        }
    }

    /// Whether the first groups are what was left of a masked number: four digits behind its stars.
    pub fn are_left_of_a_masked_number(&self, text: Text<'_>, start: usize) -> bool {
        let mut hidden = 0;
        for back in 1..=MOST_STARS {
            match text.back(start, back) {
                // An item of a list of Markdown's.
                b'*' if text.back(start, back - 1) == b' ' && begins_line(text, start - back) => break,
                b'*' => hidden += 1,
                b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+' => {}
                byte if crate::text::is(byte, WIDE) => {}
                _ => break,
            }
        }
        let mut total = 0;
        let mut lengths = self.lengths[..self.count].iter();
        hidden >= LEAST_STARS
            && lengths.any(|length| {
                total += length;
                total == LEFT
            })
            && !self.are_emphasised(text, start)
    }
}

/// Whether nothing but blanks stands before it on its line, as far as it is looked.
fn begins_line(text: Text<'_>, at: usize) -> bool {
    let blanks = (1..=MOST_STARS).take_while(|back| matches!(text.back(at, *back), b' ' | b'\t')).count();
    matches!(text.back(at, blanks + 1), b'\n' | 0)
}

/// How many stars end there, and no more than one too many for Markdown.
fn stars(text: Text<'_>, at: usize) -> usize {
    (1..=MOST_EMPHASIS + 1).take_while(|back| text.back(at, *back) == b'*').count()
}

/// Whether the stars right before the number are Markdown's: as many stand right behind its groups, or before it stands a label in as many
/// (`**Tel:** **0171 1234567**`).
fn emphasised(text: Text<'_>, start: usize, end: usize) -> bool {
    let count = stars(text, start);
    if !(1..=MOST_EMPHASIS).contains(&count) {
        return false;
    }
    let behind = (0..=count).take_while(|more| text.get(end + more) == b'*').count();
    behind == count || labelled(text, start - count, count)
}

/// Whether a label in so many stars ends there, before a blank.
fn labelled(text: Text<'_>, at: usize, count: usize) -> bool {
    let (blank, length) = text.sign_back(at);
    let close = at.saturating_sub(length);
    if blank != b' ' || stars(text, close) != count {
        return false;
    }
    let last = close - count;
    let length =
        (1..=LONGEST_LABEL).take_while(|back| !matches!(text.back(last, *back), b'*' | b'\n' | 0)).count();
    let open = last - length;
    length > 0 && text.back(last, 1) != b' ' && text.get(open) != b' ' && stars(text, open) == count
}

/// How a number can end behind a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It cannot: it goes on.
    Inside,
    /// A slash and a digit follow. If what is before is whole by itself, so is the number: `123-45-6789/234-56-7890`.
    Slash,
    /// What follows is another number's, and nothing goes on.
    Whole,
}

impl End {
    fn of(text: Text<'_>, groups: &Groups, count: usize) -> Self {
        if count < groups.count {
            return match groups.gaps[count - 1] {
                // A bracket that closes ends what stands in it; where the number goes on behind it (`(212) 555-0123`), the longer is taken.
                Gap::Space | Gap::Open | Gap::Close => Self::Whole,
                _ if groups.spaced[count - 1] => Self::Whole,
                Gap::Slash | Gap::Plus => Self::Slash,
                Gap::Dot if count == 1 && groups.begin_as_a_float(text) => Self::Whole,
                Gap::Dot | Gap::Dash => Self::Inside,
            };
        }
        let end = groups.ends[count - 1];
        let next = text.get(end);
        if matches!(next, b'/' | b'+') && text.is(end + 1, DIGIT) {
            return Self::Slash;
        }
        let goes_on = next == b'.' && text.is(end + 1, DIGIT);
        let apart = count > 1 && (groups.gaps[count - 2] == Gap::Space || groups.spaced[count - 2]);
        if text.ends(end) && !goes_on && !(apart && groups.end_in_something_else(text, count)) {
            Self::Whole
        } else {
            Self::Inside
        }
    }
}
