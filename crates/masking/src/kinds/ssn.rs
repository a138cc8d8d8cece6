//! Social security numbers of the United States. The Social Security Administration never gives out area 000, 666 or 900-999, group 00 or
//! serial 0000 (*Social Security Number Randomization*, 2011); every other number can be one. Nine digits in one piece need a word
//! before them.

use super::numbers::{Gap, Number};
use crate::checks;
use crate::context::{self, Names};
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NAMES: Names = Names::new(&["ssn", "ssns", "security", "ss"]);

/// A number of these groups.
pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if !found.wants(Kind::UsSsn) || number.digits.len() != 9 {
        return;
    }
    let written = number.lengths == [3, 2, 4]
        && matches!(number.gaps, [Gap::Dash, Gap::Dash] | [Gap::Space, Gap::Space]);
    // A sum, unless it is said what it is.
    let form = number.written(&[3, 2, 4], Gap::Plus);
    let bare = (number.lengths == [9] || form) && context::says(text, number.start, &NAMES, 1);
    if (written || bare) && possible(number.digits) {
        found.add(Kind::UsSsn, number.start, number.end);
    }
}

fn possible(digits: &[u8]) -> bool {
    let (area, group, serial) = (checks::number(&digits[..3]), &digits[3..5], &digits[5..]);
    !matches!(area, 0 | 666 | 900..) && group != [0, 0] && serial != [0, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, all_named, none};
    use super::possible;
    use crate::Kind::UsSsn;

    #[test]
    fn given_out_or_not() {
        all(
            UsSsn,
            &[
                "123-45-6789",
                "001-01-0001",
                "899-99-9999",
                "665-12-3456",
                "667-12-3456",
                "123 45 6789",
                "772-01-0001",
            ],
        );
        all_named(UsSsn, "ssn", &["123456789"]);
        all_named(UsSsn, "Social Security Number", &["536221234"]);
        none(&[
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "999-12-3456",
            "123-00-4567",
            "123-45-0000",
            "123-456-789",
            "123.45.6789",
            "1123-45-6789",
            "123-45-67890",
            "ABC-123-45-6789",
            "123-45 6789",
        ]);
    }

    #[test]
    fn every_area() {
        for area in 0..1000 {
            let digits = [area / 100, area / 10 % 10, area % 10, 4, 5, 6, 7, 8, 9]
                .map(|d| u8::try_from(d).expect("a digit"));
            assert_eq!(possible(&digits), area != 0 && area != 666 && area < 900, "{area}");
        }
    }
}
