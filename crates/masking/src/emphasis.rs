//! Emphasis as Markdown has it: one to three `_` on both sides of some words. They are no part of a word, and those of a name are: only what
//! opens behind no word and is closed before none, nearby, counts.

use crate::text::{Text, UNDER, WORD};

/// The most signs on each side.
const MOST: usize = 3;
/// How far the other side may be, in bytes: a value, and a few words with it.
pub(crate) const REACH: usize = 64;

/// How many `_` stand there, and no more than one too many.
pub(crate) fn run(text: Text<'_>, at: usize) -> usize {
    text.run(at, UNDER, MOST + 1)
}

fn run_back(text: Text<'_>, at: usize) -> usize {
    (1..=MOST + 1).take_while(|back| text.back(at, *back) == b'_').count()
}

/// Whether so many that begin there can open something: what is before is no word.
fn can_open(text: Text<'_>, at: usize, count: usize) -> bool {
    let next = text.get(at + count);
    (1..=MOST).contains(&count) && !text.is_back(at, 1, WORD) && !ends_words(next)
}

/// Whether so many that begin there can close something: what is behind is no word.
pub(crate) fn can_close(text: Text<'_>, at: usize, count: usize) -> bool {
    (1..=MOST).contains(&count) && !text.is(at + count, WORD) && !ends_words(text.back(at, 1))
}

/// Whether it is a blank, or the end of the line or of the text.
fn ends_words(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0)
}

/// Whether `_` on both sides belong to a name: they neither open nor close.
fn is_inside(text: Text<'_>, at: usize, count: usize) -> bool {
    text.is_back(at, 1, WORD) && text.is(at + count, WORD)
}

/// How many `_` right before the place open emphasis that is closed behind it.
pub(crate) fn opens(text: Text<'_>, start: usize) -> usize {
    let count = run_back(text, start);
    if count == 0 || text.get(start) == b'_' || !can_open(text, start - count, count) {
        return 0;
    }
    let mut at = start;
    while at < start + REACH {
        match text.get(at) {
            b'\n' | 0 => return 0,
            b'_' => {
                let other = run(text, at);
                // Others of another count may be emphasis in it.
                if other == count && !is_inside(text, at, other) {
                    return if can_close(text, at, other) { count } else { 0 };
                }
                at += other;
            }
            _ => at += 1,
        }
    }
    0
}

/// Whether the `_` that begin there close emphasis that was opened before the place.
pub(crate) fn closes(text: Text<'_>, end: usize) -> bool {
    let count = run(text, end);
    if count == 0 || !can_close(text, end, count) {
        return false;
    }
    let mut at = end;
    while at + REACH > end {
        match text.back(at, 1) {
            b'\n' | 0 => return false,
            b'_' => {
                let other = run_back(text, at);
                if other == count && !is_inside(text, at - other, other) {
                    return can_open(text, at - other, other);
                }
                at -= other;
            }
            _ => at -= 1,
        }
    }
    false
}
