//! Marks: what stands right before something, ends in what could be a part of a word, and is none. Behind a mark a word begins.
//!
//! A control sequence, as colours for terminals are (ECMA-48, 5.4): `ESC [`, parameters, intermediates, and one last byte, which for
//! colours is the letter `m`.

use crate::text::Text;

pub(crate) const ESC: u8 = 0x1B;

/// The longest sequence that is read, in bytes; one with all colours that can be said at once has about fifty. No longer than a block of the
/// triggers: they see one block before each.
pub(crate) const LONGEST: usize = 64;
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
    if text.get(start) != ESC || text.get(start + 1) != b'[' {
        return None;
    }
    let end = start + LONGEST;
    let parameters = start + INTRODUCER;
    let intermediates = (parameters..end).find(|at| !is_parameter(text.get(*at)))?;
    let last = (intermediates..end).find(|at| !is_intermediate(text.get(*at)))?;
    is_last(text.get(last)).then_some(last)
}

/// How many bytes the mark has that ends right before the place; none is 0.
#[inline]
pub(crate) fn length_back(text: Text<'_>, at: usize) -> usize {
    // Most letters stand behind another one.
    let may_end = is_last(text.back(at, 1)) && matches!(text.back(at, 2), b' '..=b'?' | b'[');
    if may_end { sequence_back(text, at) } else { 0 }
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
            prop::sample::select(vec!["\x1b", "[", "0", ";1", "m", "K", " ", "!", "~", "x", "\\", "n", "é", "*",
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
