//! Poland, PESEL: a birth date whose month says the century, a counter, and a check digit by weights modulo 10 (ustawa o ewidencji
//! ludności, art. 15). Of random numbers one in some fifty passes, so it needs a word before it.

use super::super::numbers::Number;
use super::named;
use crate::checks::{day_of, number as value, weighted};
use crate::context::Names;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NAMES: Names = Names::new(&["pesel"]);

pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if !found.wants(Kind::PlPesel) || !number.bare() {
        return;
    }
    let (month, day) = (value(&number.digits[2..4]), value(&number.digits[4..6]));
    let checked = weighted(number.digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10);
    if checked && day_of(month % 20, day) && named(text, number, &NAMES) {
        found.add(Kind::PlPesel, number.start, number.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all_named, none};
    use crate::Kind::PlPesel;

    #[test]
    fn published() {
        // Wikipedia's, and that of gov.pl's page on the number, of 1902. That of 2002, whose month is 20 more, is computed here.
        all_named(PlPesel, "PESEL", &["44051401359", "02070803628", "02270803624"]);
        none(&["PESEL: 44051401358", "order 44051401359"]);
    }
}
