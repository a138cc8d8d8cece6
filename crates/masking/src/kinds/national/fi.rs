//! Finland, henkilötunnus: a birth date, a sign for the century, a counter, and one of 31 characters by the remainder by 31 (Digital and
//! Population Data Services Agency; the signs of decree 690/2022 too).

use super::super::numbers::Number;
use crate::checks::{day_of, number as value};
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
const LENGTH: usize = 11;

/// The six digits of the date were read.
pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if number.bare() && matches!(text.get(number.end), b'-' | b'+') {
        let end = number.start + LENGTH;
        if text.ends(end) {
            word(text.slice(number.start, end), number.start, found);
        }
    }
}

/// Eleven characters.
pub(crate) fn word(word: &[u8], start: usize, found: &mut Found) {
    let mut digits = [0; 9];
    if !found.wants(Kind::FiHetu)
        || word.len() != LENGTH
        || !matches!(word[6], b'-' | b'+' | b'A'..=b'F' | b'U'..=b'Y')
    {
        return;
    }
    for (digit, byte) in digits.iter_mut().zip(word[..6].iter().chain(&word[7..10])) {
        if !byte.is_ascii_digit() {
            return;
        }
        *digit = byte - b'0';
    }
    let date = day_of(value(&digits[2..4]), value(&digits[..2]));
    let check = usize::try_from(value(&digits) % 31).map_or(0, |rest| CHARACTERS[rest]);
    if date && value(&digits[6..]) > 1 && check == word[10] {
        found.add(Kind::FiHetu, start, start + LENGTH);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none};
    use crate::Kind::FiHetu;

    #[test]
    fn published() {
        // The agency's examples: the well-known one, and those of the new signs.
        all(
            FiHetu,
            &["131052-308T", "010594Y9032", "020594X903P", "030594W903B", "050594U903M", "010516B903X"],
        );
        none(&["131052-308U", "131352-308T", "131052-30T", "131052/308T", "131052-308TT"]);
    }
}
