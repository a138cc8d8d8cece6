//! The Netherlands, burgerservicenummer: nine digits; by weights from 9 down to 2, less the last, a multiple of 11 (Wet algemene bepalingen
//! burgerservicenummer; Logisch ontwerp BRP). One in eleven numbers passes, so it needs a word before it.

use super::super::numbers::{Gap, Number};
use super::named;
use crate::checks::weighted;
use crate::context::Names;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NAMES: Names = Names::new(&["bsn", "burgerservicenummer", "burger", "sofi", "sofinummer"]);

pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let form = number.plain_or(&[4, 2, 3])
        || number.written(&[4, 2, 3], Gap::Dot)
        || number.written(&[3, 3, 3], Gap::Space);
    if !found.wants(Kind::NlBsn) || !form || number.digits == [0; 9] {
        return;
    }
    let sum = weighted(number.digits, &[9, 8, 7, 6, 5, 4, 3, 2]);
    if sum % 11 == u32::from(number.digits[8]) % 11 && named(text, number, &NAMES) {
        found.add(Kind::NlBsn, number.start, number.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all_named, none};
    use crate::Kind::NlBsn;

    #[test]
    fn published() {
        // 999990019 is one of the test persons of the BRP; 111222333 is in python-stdnum's documentation; 123456782 is what forms are tried with.
        all_named(NlBsn, "BSN", &["111222333", "123456782", "999990019", "1112.22.333"]);
        all_named(NlBsn, "burgerservicenummer", &["123456782"]);
        none(&["BSN: 123456789", "order 123456782", "BSN: 000000000"]);
    }
}
