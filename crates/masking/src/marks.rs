//! Marks: what stands right before something, ends in what could be a part of a word, and is none. Behind a mark a word begins.
//!
//! - A control sequence, as colours for terminals are (ECMA-48, 5.4): `ESC [`, parameters, intermediates, and one last byte, which for
//!   colours is the letter `m`.
//! - An escape that is spelled out, as programs write a line end or a tab that stood in a text: a backslash and `n`, `r` or `t`.

use crate::text::Text;

pub(crate) const ESC: u8 = 0x1B;
pub(crate) const BACKSLASH: u8 = b'\\';

/// The longest sequence that is read, in bytes; one with all colours that can be said at once has about fifty. Shorter than a block of the
/// triggers: they see one block before each, and ask for its last two bytes.
pub(crate) const LONGEST: usize = 63;
/// A backslash and a letter.
const ESCAPE: usize = 2;
/// `ESC [`
const INTRODUCER: usize = 2;

fn is_parameter(byte: u8) -> bool {
    matches!(byte, 0x30..=0x3F)
}

/// A star is none here: behind the beginning of a sequence that is cut off it stands for something that was masked, and what is behind it would
/// begin when masked again.
fn is_intermediate(byte: u8) -> bool {
    matches!(byte, 0x20..=0x2F) && byte != b'*'
}

fn is_last(byte: u8) -> bool {
    matches!(byte, 0x40..=0x7E)
}

/// Where the last byte of the mark is that begins there.
pub(crate) fn last(text: Text<'_>, start: usize) -> Option<usize> {
    match (text.get(start), text.get(start + 1)) {
        (ESC, b'[') => sequence(text, start),
        (BACKSLASH, b'n' | b'r' | b't') => is_escape(text, start + ESCAPE).then_some(start + 1),
        _ => None,
    }
}

/// Whether an escape ends there, of whose letter and backslash is known: `ESC \` ends a string for a terminal.
fn is_escape(text: Text<'_>, end: usize) -> bool {
    text.back(end, ESCAPE + 1) != ESC
}

/// Whether the mark that ends there is an escape, and not a sequence.
pub(crate) fn escape_ends(text: Text<'_>, at: usize) -> bool {
    length_back(text, at) == ESCAPE
}

fn sequence(text: Text<'_>, start: usize) -> Option<usize> {
    let end = start + LONGEST;
    let parameters = start + INTRODUCER;
    let intermediates = (parameters..end).find(|at| !is_parameter(text.get(*at)))?;
    let last = (intermediates..end).find(|at| !is_intermediate(text.get(*at)))?;
    is_last(text.get(last)).then_some(last)
}

/// How many bytes the mark has that ends right before the place; none is 0.
#[inline]
pub(crate) fn length_back(text: Text<'_>, at: usize) -> usize {
    let last = text.back(at, 1);
    if !is_last(last) {
        return 0;
    }
    // Most letters stand behind another one.
    match text.back(at, 2) {
        b' '..=b'?' | b'[' => sequence_back(text, at),
        BACKSLASH if matches!(last, b'n' | b'r' | b't') && is_escape(text, at) => ESCAPE,
        _ => 0,
    }
}

fn sequence_back(text: Text<'_>, at: usize) -> usize {
    let begins = || {
        let parameter = (2..LONGEST).find(|back| !is_intermediate(text.back(at, *back)))?;
        let bracket = (parameter..LONGEST).find(|back| !is_parameter(text.back(at, *back)))?;
        (text.back(at, bracket) == b'[' && text.back(at, bracket + 1) == ESC).then_some(bracket + 1)
    };
    begins().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The triggers read marks forwards, the verifiers backwards.
        #[test]
        fn forwards_is_backwards(pieces in prop::collection::vec(
            prop::sample::select(vec!["\x1b", "[", "0", ";1", "m", "K", " ", "!", "~", "x", "\\", "n", "t", "é", "*",
                "1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;", "\x1b[", "\x1b[0m"]),
            0..24,
        )) {
            let bytes = pieces.concat().into_bytes();
            let text = Text::new(&bytes);
            let forwards: Vec<_> =
                (0..bytes.len()).filter_map(|at| last(text, at).map(|last| (at, last + 1))).collect();
            let backwards: Vec<_> = (0..=bytes.len())
                .filter(|at| length_back(text, *at) > 0)
                .map(|at| (at - length_back(text, at), at))
                .collect();
            prop_assert_eq!(forwards, backwards);
        }
    }
}
