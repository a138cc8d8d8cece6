//! Numbers in groups: the digits at a place are read once, with what is between them, and then shown to every kind that is written in
//! digits.

use super::national::{be, br, ca, ch, cn, de, es, fi, fr, ind, nl, no, pl, se, uk};
use super::{card, ipv4, phone, ssn};
use crate::finder::Found;
use crate::text::{DIGIT, HEX, Text, WORD};

/// What is between two groups of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    Space,
    Dash,
    Dot,
    Slash,
    /// `+`
    Plus,
    /// `)`, with or without a space or a hyphen behind it.
    Close,
    /// `(`, with or without a space before it.
    Open,
}

/// Groups that are read. A national identification number has at most seven.
const MOST_GROUPS: usize = 8;
/// Digits that are read: one more than the longest card has.
const MOST_DIGITS: usize = 20;

/// The groups at a place.
struct Groups {
    digits: [u8; MOST_DIGITS],
    lengths: [usize; MOST_GROUPS],
    gaps: [Gap; MOST_GROUPS],
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
}

impl Number<'_> {
    /// Whether it is in one piece.
    pub fn bare(&self) -> bool {
        self.lengths.len() == 1
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

/// What is between the digit that ends at `at` and the next one, and how long it is.
fn gap(text: Text<'_>, at: usize) -> Option<(Gap, usize)> {
    let (first, second) = (text.get(at), text.get(at + 1));
    let digit = |at| text.is(at, DIGIT);
    let single = match first {
        b' ' => Gap::Space,
        b'-' => Gap::Dash,
        b'.' => Gap::Dot,
        b'/' => Gap::Slash,
        b'+' => Gap::Plus,
        b')' => Gap::Close,
        b'(' => Gap::Open,
        _ => return None,
    };
    if digit(at + 1) {
        return Some((single, 1));
    }
    let double = match (first, second) {
        (b')', b' ' | b'-') => Gap::Close,
        (b' ', b'(') => Gap::Open,
        _ => return None,
    };
    digit(at + 2).then_some((double, 2))
}

impl Groups {
    const NONE: Self = Self {
        digits: [0; MOST_DIGITS],
        lengths: [0; MOST_GROUPS],
        gaps: [Gap::Space; MOST_GROUPS],
        ends: [0; MOST_GROUPS],
        count: 0,
    };

    /// Reads the groups that begin there, of which the first has so many digits.
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
            let Some((gap, between)) = gap(text, at).filter(|_| self.count < MOST_GROUPS) else { return };
            self.gaps[self.count - 1] = gap;
            at += between;
            length = text.digits(at, MOST_DIGITS + 1);
        }
    }
}

/// Numbers whose first digit is there.
pub(crate) fn at(text: Text<'_>, start: usize, found: &mut Found) {
    let (before, further) = (text.back(start, 1), text.back(start, 2));
    // Behind a letter or a part of a word; digits that were masked before; a price; a number that goes on.
    let word = crate::text::is(before, WORD) || before == b'*' || (before == b' ' && further == b'*');
    let inside = match before {
        b'.' | b'/' | b'+' => further.is_ascii_digit(),
        b'-' => crate::text::is(further, WORD) || further == b'*',
        b')' => true,
        _ => false,
    };
    if word {
        return;
    }
    let first = text.digits(start, MOST_DIGITS + 1);
    let next = text.get(start + first);
    // In one piece and so short it has letters behind it or is called something; and what stands in a path is called nothing.
    let alone = !matches!(next, b'-' | b'+') && gap(text, start + first).is_none();
    if alone && first < 11 && (first < 6 || before == b'/') {
        return;
    }
    if first < 4 && next == b'.' {
        ipv4::at(text, start, found);
    }
    if inside {
        return;
    }
    let mut groups = Groups::NONE;
    groups.read(text, start, first);
    let mut total = 0;
    for count in 1..=groups.count {
        total += groups.lengths[count - 1];
        let number = Number {
            start,
            end: groups.ends[count - 1],
            digits: &groups.digits[..total],
            lengths: &groups.lengths[..count],
            gaps: &groups.gaps[..count - 1],
        };
        if total < 6 {
            continue;
        }
        // What has letters behind its digits.
        match number.lengths {
            [6] | [6, 3] => fi::at(text, &number, found),
            [8] => es::at(text, &number, found),
            [2, 2, 2] => uk::spaced_nino_at(text, &number, found),
            _ => {}
        }
        if !whole(text, &groups, count) {
            if count == groups.count && phone::extended(text, number.end) && !price(text, start) {
                phone::at(text, &number, found);
            }
            continue;
        }
        if !price(text, start) {
            national(text, &number, found);
            ssn::at(text, &number, found);
            phone::at(text, &number, found);
        }
        if (13..=19).contains(&total) {
            card::at(text, &number, found);
        }
    }
}

/// Whether it is an amount, or a number of something.
fn price(text: Text<'_>, start: usize) -> bool {
    matches!(text.back(start, 1), b'$' | b'#')
        || text.follows(start, "€".as_bytes())
        || text.follows(start, "£".as_bytes())
}

/// Whether the number can end behind this group: the next one is another number's, and nothing goes on.
fn whole(text: Text<'_>, groups: &Groups, count: usize) -> bool {
    let end = groups.ends[count - 1];
    if count < groups.count {
        return groups.gaps[count - 1] == Gap::Space || groups.gaps[count - 1] == Gap::Open;
    }
    let next = text.get(end);
    let goes_on = matches!(next, b'.' | b',' | b'/') && text.is(end + 1, DIGIT) && next != b',';
    // Behind a space the last group may be the beginning of something else: an IPv6 address, an e-mail address.
    let else_begins = next == b'@' || (next == b':' && (text.is(end + 1, HEX) || text.get(end + 1) == b':'));
    let apart = count > 1 && groups.gaps[count - 2] == Gap::Space;
    text.ends(end) && !goes_on && !(apart && else_begins)
}

fn national(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    match number.digits.len() {
        9 => {
            nl::at(text, number, found);
            ca::at(text, number, found);
        }
        10 => {
            se::at(text, number, found);
            uk::nhs_at(text, number, found);
        }
        11 => {
            be::at(text, number, found);
            br::at(text, number, found);
            de::at(text, number, found);
            no::at(text, number, found);
            pl::at(text, number, found);
        }
        12 => {
            ind::at(text, number, found);
            se::at(text, number, found);
        }
        13 => ch::at(text, number, found),
        15 => fr::at(number, found),
        18 => cn::at(number, found),
        _ => {}
    }
}
