//! Switzerland, AHV-Nummer: 756, nine digits and the check digit of EAN-13 (Federal Social Insurance Office). `756.9217.0769.85`, or in
//! one piece.

use super::super::numbers::{Gap, Number};
use crate::checks::weighted;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

const WEIGHTS: &[u32] = &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1];

pub(crate) fn at(_: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let form =
        number.bare() || number.written(&[3, 4, 4, 2], Gap::Dot) || number.written(&[3, 4, 4, 2], Gap::Space);
    let valid = number.digits.starts_with(&[7, 5, 6]) && weighted(number.digits, WEIGHTS).is_multiple_of(10);
    if found.wants(Kind::ChAhv) && form && valid {
        found.add(Kind::ChAhv, number.start, number.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none};
    use crate::Kind::ChAhv;

    #[test]
    fn published() {
        // Of the article on the number in Wikipedia, and of eCH's example messages.
        all(ChAhv, &["756.9217.0769.85", "7569217076985", "756.1234.5678.97"]);
        none(&["756.9217.0769.84", "755.9217.0769.85", "7569217076984"]);
    }
}
