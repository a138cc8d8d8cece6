//! Norway, fødselsnummer: a birth date, a counter and two check digits by weights modulo 11 (folkeregisterforskriften § 2-2-1); of a
//! D-nummer the day is 40 more. In one piece, or a space behind the date.

use super::super::numbers::Number;
use crate::checks::{day_of, number as value, weighted};
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

pub(crate) fn at(_: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if found.wants(Kind::NoFnr) && number.plain_or(&[6, 5]) && valid(number.digits) {
        found.add(Kind::NoFnr, number.start, number.end);
    }
}

fn valid(digits: &[u8]) -> bool {
    let day = value(&digits[..2]);
    let day = if day > 40 { day - 40 } else { day };
    day_of(value(&digits[2..4]), day)
        && weighted(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none};
    use crate::Kind::NoFnr;

    #[test]
    fn published() {
        // Of python-stdnum's documentation.
        all(NoFnr, &["15108695088", "151086 95088"]);
        none(&["15108695077", "45138695088"]);
    }
}
