//! United Kingdom. National insurance number: two letters, six digits, a letter from A to D (HMRC, NIM39110: which prefixes are not used).
//! NHS number: ten digits, the last by weights modulo 11 (NHS Data Dictionary); one in eleven numbers passes, so it needs a
//! word before it.

use super::super::numbers::{Gap, Number};
use super::named;
use crate::checks::weighted;
use crate::context::Names;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NHS: Names = Names::new(&["nhs"]);

/// Letters that no prefix has; `O` is not the second one.
const NEVER: &[u8] = b"DFIQUV";
/// Prefixes that are not given out.
const UNUSED: &[&[u8; 2]] = &[b"BG", b"GB", b"NK", b"KN", b"TN", b"NT", b"ZZ"];

fn prefix(first: u8, second: u8) -> bool {
    let letters = first.is_ascii_uppercase() && second.is_ascii_uppercase();
    let never = NEVER.contains(&first) || NEVER.contains(&second) || second == b'O';
    letters && !never && !UNUSED.contains(&&[first, second])
}

/// Nine characters in one piece.
pub(crate) fn nino(word: &[u8], start: usize, found: &mut Found) {
    let [first, second, digits @ .., last] = word else { return };
    if prefix(*first, *second) && digits.iter().all(u8::is_ascii_digit) && matches!(last, b'A'..=b'D') {
        found.add(Kind::UkNino, start, start + word.len());
    }
}

/// In pairs: three pairs of digits were read.
pub(crate) fn spaced_nino_at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let ((before, length), (behind, more)) = (text.sign_back(number.start), text.sign(number.end));
    if before != b' ' || behind != b' ' || !number.gaps.iter().all(|gap| *gap == Gap::Space) {
        return;
    }
    let (letters, last) = (number.start - length, number.end + more);
    let letter = matches!(text.get(last), b'A'..=b'D') && text.ends(last + 1);
    if letter && prefix(text.back(letters, 2), text.back(letters, 1)) && text.begins(letters - 2) {
        found.add(Kind::UkNino, letters - 2, last + 1);
    }
}

/// An NHS number.
pub(crate) fn nhs_at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let form = number.plain_or(&[3, 3, 4]) || number.written(&[3, 3, 4], Gap::Dash);
    if found.wants(Kind::UkNhs) && form && nhs(number.digits) && named(text, number, &NHS) {
        found.add(Kind::UkNhs, number.start, number.end);
    }
}

fn nhs(digits: &[u8]) -> bool {
    let check = 11 - weighted(&digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    check % 11 == u32::from(digits[9]) && check != 10
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, all_named, none};
    use crate::Kind::{UkNhs, UkNino};

    #[test]
    fn national_insurance() {
        // HMRC writes QQ123456C where it means any number; Q is not used, so it is none. These are made up.
        all(UkNino, &["AB123456C", "AB 12 34 56 C", "JG103759A", "WE000000D"]);
        all(UkNino, &["AB\u{a0}12\u{a0}34\u{a0}56\u{a0}C", "AB\u{202f}12 34 56\u{202f}C"]);
        none(&["XAB\u{a0}12\u{a0}34\u{a0}56\u{a0}C", "AB\u{a0}12\u{a0}34\u{a0}56\u{a0}E"]);
        none(&[
            "QQ123456C",
            "GB123456A",
            "AO123456B",
            "AB123456E",
            "AB12345C",
            "XAB123456C",
            "AB 12 34 56 E",
        ]);
    }

    #[test]
    fn nhs_numbers() {
        // 943 476 5919 and 401 023 2137 are the numbers of NHS documents on the check.
        all_named(UkNhs, "NHS number", &["9434765919", "943-476-5919", "4010232137"]);
        none(&["NHS number: 9434765918", "order 9434765919"]);
    }
}
