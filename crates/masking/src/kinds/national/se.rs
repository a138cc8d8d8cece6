//! Sweden, personnummer: a birth date, a counter, and a check digit by the Luhn algorithm over the last ten (folkbokföringslagen § 18); of a
//! samordningsnummer the day is 60 more. `811228-9874`, `19811228-9874`; with `+` for those over a hundred. In one piece it needs a word
//! before it, and so does one that could be a date with a time: `20261122-1030`.

use super::super::numbers::{Gap, Number};
use super::named;
use crate::checks::{day_of, luhn, number as value};
use crate::context::Names;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NAMES: Names = Names::new(&["personnummer", "personnr", "pnr", "samordningsnummer"]);

pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let written = matches!(number.lengths, [6 | 8, 4]) && matches!(number.gaps, [Gap::Dash | Gap::Plus]);
    if !found.wants(Kind::SePnr) || !(written || number.bare()) {
        return;
    }
    let last = &number.digits[number.digits.len() - 10..];
    let century = value(&number.digits[..number.digits.len() - 10]);
    let (month, day) = (value(&last[2..4]), value(&last[4..6]));
    let day = if day > 60 { day - 60 } else { day };
    if !matches!(century, 0 | 18..=20) || !day_of(month, day) || !luhn(last) {
        return;
    }
    let time = value(&last[6..8]) < 24 && value(&last[8..]) < 60;
    if (written && !time) || named(text, number, &NAMES) {
        found.add(Kind::SePnr, number.start, number.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, all_named, none};
    use crate::Kind::SePnr;

    #[test]
    fn published() {
        // 640823-3234 is Skatteverket's example; 811228-9874 and 670919-9530 are Wikipedia's; 701063-2391 is a samordningsnummer from the
        // tests of the `personnummer` packages. That of somebody over a hundred is computed here: the digits are the same.
        all(
            SePnr,
            &["811228-9874", "19811228-9874", "640823-3234", "811228+9874", "670919-9530", "701063-2391"],
        );
        all_named(SePnr, "personnummer", &["8112289874", "198112289874"]);
        all(SePnr, &["811228\u{2011}9874"]);
        none(&["811228-9873", "811328-9874", "20261122-1030", "261122-1035", "8112289874", "171228-98740"]);
    }
}
