//! Canada, social insurance number: nine digits, right by the Luhn algorithm, in threes or in one piece (Employment and Social Development
//! Canada). One in ten numbers passes, so it needs a word before it.

use super::super::numbers::{Gap, Number};
use super::named;
use crate::checks::luhn;
use crate::context::Names;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NAMES: Names = Names::new(&["sin", "nas", "insurance", "assurance"]);

pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let form = number.plain_or(&[3, 3, 3]) || number.written(&[3, 3, 3], Gap::Dash);
    if found.wants(Kind::CaSin) && form && luhn(number.digits) && named(text, number, &NAMES) {
        found.add(Kind::CaSin, number.start, number.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all_named, none};
    use crate::Kind::CaSin;

    #[test]
    fn published() {
        // The fictitious number of Wikipedia's article.
        all_named(CaSin, "SIN", &["046 454 286", "046-454-286", "046454286"]);
        none(&["SIN: 146 454 286", "order 130692544"]);
    }
}
