//! Numbers with letters in them: a run of capitals and digits, shown to the kinds of its length.

use super::national::{cn, es, fi, fr, it, uk};
use crate::finder::Found;
use crate::text::{DIGIT, Text, UPPER};

/// The longest that any of them is.
const LONGEST: usize = 18;

/// Words whose first character is there.
pub(crate) fn at(text: Text<'_>, start: usize, found: &mut Found) {
    if !text.begins(start) {
        return;
    }
    // The fraction of a second and the `Z` of its zone are one word to whoever looks at letters and digits only.
    if text.back(start, 1) == b'.' && text.is_back(start, 2, DIGIT) {
        return;
    }
    let length = text.run(start, UPPER | DIGIT, LONGEST + 1);
    let end = start + length;
    if length > LONGEST || !text.ends(end) {
        return;
    }
    let word = text.slice(start, end);
    match length {
        9 => {
            es::word(word, start, found);
            uk::nino(word, start, found);
        }
        11 => fi::word(word, start, found),
        15 => fr::word(word, start, found),
        16 => it::word(word, start, found),
        18 => cn::word(word, start, found),
        _ => {}
    }
}
