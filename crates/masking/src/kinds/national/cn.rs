//! China, resident identity card: a region, a birth date, a counter and a check character by ISO 7064 MOD 11-2 (GB 11643-1999).

use super::super::numbers::Number;
use crate::checks::{day_of, number as value};
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

/// In digits alone.
pub(crate) fn at(number: &Number<'_>, found: &mut Found) {
    let mut last = [0; 18];
    if number.bare() && number.digits.len() == last.len() {
        last.copy_from_slice(number.digits);
        check(&last, number.start, found);
    }
}

/// With a small `x` behind seventeen digits.
pub(crate) fn small_at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let mut digits = [10; 18];
    if number.digits.len() == 17 && text.get(number.end) == b'x' && text.ends(number.end + 1) {
        digits[..17].copy_from_slice(number.digits);
        check(&digits, number.start, found);
    }
}

/// With an `X` at the end.
pub(crate) fn word(word: &[u8], start: usize, found: &mut Found) {
    let mut digits = [0; 18];
    let [first @ .., b'X'] = word else { return };
    if first.len() != 17 || !first.iter().all(u8::is_ascii_digit) {
        return;
    }
    for (digit, byte) in digits.iter_mut().zip(first) {
        *digit = byte - b'0';
    }
    digits[17] = 10;
    check(&digits, start, found);
}

fn check(digits: &[u8; 18], start: usize, found: &mut Found) {
    let (region, year) = (value(&digits[..2]), value(&digits[6..10]));
    let date = (1850..2100).contains(&year) && day_of(value(&digits[10..12]), value(&digits[12..14]));
    let rest = digits.iter().fold(0, |rest, digit| (rest * 2 + u32::from(*digit)) % 11);
    // As weights the places are powers of two, and the last is 1.
    if found.wants(Kind::CnRic) && (11..=91).contains(&region) && date && rest == 1 {
        found.add(Kind::CnRic, start, start + digits.len());
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none};
    use crate::Kind::CnRic;

    #[test]
    fn published() {
        // The two examples of GB 11643-1999.
        all(CnRic, &["11010519491231002X", "440524188001010014", "11010519491231002x"]);
        none(&["110105194912310021", "11010519491331002X", "440524188001010015"]);
        none(&["11010519491231003x", "11010519491231002xx", "11010519491231002y"]);
    }
}
