//! Belgium, rijksregisternummer: birth date, a counter, and 97 less the remainder by 97 (royal decree of 3 April 1984); for those born in
//! 2000 or later a 2 is put before the nine digits. `85.07.30-033.28`, or in one piece.

use super::super::numbers::{Gap, Number};
use super::named;
use crate::checks::{day_of, number as value};
use crate::context::Names;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NAMES: Names = Names::new(&[
    "rijksregisternummer",
    "rijksregister",
    "registre",
    "insz",
    "niss",
    "nrn",
    "nationaal",
    "national",
]);

pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let written =
        number.lengths == [2, 2, 2, 3, 2] && number.gaps == [Gap::Dot, Gap::Dot, Gap::Dash, Gap::Dot];
    if !found.wants(Kind::BeNrn) || !(written || number.bare()) {
        return;
    }
    let (month, day) = (value(&number.digits[2..4]), value(&number.digits[4..6]));
    let (first, check) = (value(&number.digits[..9]), value(&number.digits[9..]));
    let checked = [first, 2_000_000_000 + first].iter().any(|first| 97 - first % 97 == check);
    // Of foreigners the month is 20 or 40 more, and an unknown day is 0.
    let usual = day_of(month, day);
    let unusual =
        || (day == 0 || day_of(month % 20, day)) && month < 53 && (written || named(text, number, &NAMES));
    if checked && (usual || unusual()) {
        found.add(Kind::BeNrn, number.start, number.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none};
    use crate::Kind::BeNrn;

    #[test]
    fn published() {
        // Of python-stdnum's documentation, and the one that Belgian services use in theirs.
        all(BeNrn, &["85.07.30-033.28", "85073003328", "93051822361"]);
        all(BeNrn, &["85.07.30\u{2011}033.28"]);
        none(&["85.07.30-033.29", "85073003327", "85.13.30-033.28"]);
    }
}
