//! Spain, DNI and NIE: eight digits, or X, Y or Z and seven, and a letter by the remainder by 23 (real decreto 1553/2005; orden INT/2058/2008).
//! With hyphens before and behind the digits too, those of a DNI with dots.

use super::super::numbers::{Gap, Number};
use crate::checks::number as value;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

/// Digits of a NIE.
pub(crate) const NIE: usize = 7;

const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn letter(number: u64) -> u8 {
    usize::try_from(number % 23).map_or(0, |rest| LETTERS[rest])
}

/// Nine characters in one piece.
pub(crate) fn word(word: &[u8], start: usize, found: &mut Found) {
    let [first, middle @ .., last] = word else { return };
    let first = match first {
        b'0'..=b'9' => first - b'0',
        b'X'..=b'Z' => first - b'X',
        _ => return,
    };
    if !found.wants(Kind::EsDni) || !middle.iter().all(u8::is_ascii_digit) {
        return;
    }
    let number = middle.iter().fold(u64::from(first), |number, digit| number * 10 + u64::from(digit - b'0'));
    if letter(number) == *last {
        found.add(Kind::EsDni, start, start + word.len());
    }
}

/// Eight digits, a hyphen and the letter; with dots between the digits (`12.345.678-Z`) the letter without a hyphen too.
pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let dotted = number.written(&[2, 3, 3], Gap::Dot);
    if (number.bare() || dotted)
        && let Some(end) = letter_ends(text, number.end, value(number.digits), dotted)
    {
        found.add(Kind::EsDni, number.start, end);
    }
}

/// Seven digits behind `X`, `Y` or `Z` and a hyphen; before the last letter there may be one.
pub(crate) fn nie_at(text: Text<'_>, start: usize, found: &mut Found) {
    let Some(place) = start.checked_sub(text.sign_back(start).1 + 1) else { return };
    let first = match text.get(place) {
        letter @ b'X'..=b'Z' => u64::from(letter - b'X'),
        _ => return,
    };
    let digits = text.slice(start, start + NIE);
    let number = digits.iter().fold(first, |number, digit| number * 10 + u64::from(digit - b'0'));
    if text.begins(place)
        && let Some(end) = letter_ends(text, start + NIE, number, true)
    {
        found.add(Kind::EsDni, place, end);
    }
}

/// Where the letter ends that stands there for the number, behind a hyphen or, where it may be so, without one.
fn letter_ends(text: Text<'_>, at: usize, number: u64, touching: bool) -> Option<usize> {
    let (sign, length) = text.sign(at);
    let hyphen = sign == b'-';
    let place = if hyphen { at + length } else { at };
    ((hyphen || touching) && text.get(place) == letter(number) && text.ends(place + 1)).then_some(place + 1)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none};
    use crate::Kind::EsDni;

    #[test]
    fn published() {
        // 99999999R is on the ministry's specimen cards; the others are what forms are tried with, computed by the published table.
        all(
            EsDni,
            &["12345678Z", "12345678-Z", "99999999R", "00000000T", "X1234567L", "Z1234567R", "Y1234567X"],
        );
        all(EsDni, &["12.345.678-Z", "12.345.678Z", "X-1234567-L", "X-1234567L", "Z-1234567-R"]);
        all(
            EsDni,
            &["12345678\u{2011}Z", "12.345.678\u{2011}Z", "X\u{2011}1234567\u{2011}L", "X-1234567\u{2011}L"],
        );
        none(&["12345678\u{2011}A", "AX\u{2011}1234567\u{2011}L", "12345678\u{2011}ZZ"]);
        none(&[
            "12.345.678-A",
            "12.345.678",
            "X-1234567-A",
            "A-1234567-L",
            "AX-1234567-L",
            "X-1234567",
            "X-1234567-LL",
        ]);
        none(&["12345678A", "12345678-A", "X1234567A", "123456789Z", "A1234567L", "12345678ZZ"]);
        // Eight digits of a second, in universal time.
        none(&["2053-02-01T13:18:19.82334126Z"]);
    }
}
