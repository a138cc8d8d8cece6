//! Finland, henkilötunnus: a birth date, a sign for the century, a counter, and one of 31 characters by the remainder by 31 (Digital and
//! Population Data Services Agency; the signs of decree 690/2022 too).

use super::super::numbers::Number;
use crate::checks::{day_of, number as value};
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
/// The digits of the date, and the characters behind the sign.
const DATE: usize = 6;
const LAST: usize = 4;

/// The six digits of the date were read.
pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let (sign, length) = text.sign(number.end);
    let place = number.end + length;
    let end = place + LAST;
    if number.bare()
        && matches!(sign, b'-' | b'+')
        && text.ends(end)
        && right(text.slice(number.start, number.end), text.slice(place, end))
    {
        found.add(Kind::FiHetu, number.start, end);
    }
}

/// Eleven characters.
pub(crate) fn word(word: &[u8], start: usize, found: &mut Found) {
    if let Some((date, [b'A'..=b'F' | b'U'..=b'Y', rest @ ..])) = word.split_at_checked(DATE)
        && right(date, rest)
    {
        found.add(Kind::FiHetu, start, start + word.len());
    }
}

/// Whether this can be the date of a number, and this what stands behind the sign of its century.
fn right(date: &[u8], rest: &[u8]) -> bool {
    let (&[.., last], LAST) = (rest, rest.len()) else { return false };
    let mut digits = [0; DATE + LAST - 1];
    for (digit, byte) in digits.iter_mut().zip(date.iter().chain(rest)) {
        if !byte.is_ascii_digit() {
            return false;
        }
        *digit = byte - b'0';
    }
    let check = usize::try_from(value(&digits) % 31).map_or(0, |rest| CHARACTERS[rest]);
    date.len() == DATE
        && day_of(value(&digits[2..4]), value(&digits[..2]))
        && value(&digits[DATE..]) > 1
        && check == last
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
        all(FiHetu, &["131052\u{2011}308T"]);
        none(&["131052\u{2011}308U", "131052\u{2011}308TT", "131052\u{a0}308T"]);
        none(&["131052-308U", "131352-308T", "131052-30T", "131052/308T", "131052-308TT"]);
    }
}
