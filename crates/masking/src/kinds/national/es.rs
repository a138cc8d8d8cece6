//! Spain, DNI and NIE: eight digits, or X, Y or Z and seven, and a letter by the remainder by 23 (real decreto 1553/2005; orden INT/2058/2008).

use super::super::numbers::Number;
use crate::checks::number as value;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

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

/// Eight digits, a hyphen and the letter.
pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if found.wants(Kind::EsDni)
        && text.get(number.end) == b'-'
        && text.get(number.end + 1) == letter(value(number.digits))
        && text.ends(number.end + 2)
    {
        found.add(Kind::EsDni, number.start, number.end + 2);
    }
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
        none(&["12345678A", "12345678-A", "X1234567A", "123456789Z", "A1234567L", "12345678ZZ"]);
        // Eight digits of a second, in universal time.
        none(&["2053-02-01T13:18:19.82334126Z"]);
    }
}
