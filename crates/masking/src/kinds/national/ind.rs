//! India, Aadhaar: twelve digits, not beginning with 0 or 1, the last by Verhoeff's algorithm (UIDAI). One in ten numbers passes, so it
//! needs a word before it.

use super::super::numbers::{Gap, Number};
use super::named;
use crate::checks::verhoeff;
use crate::context::Names;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NAMES: Names = Names::new(&["aadhaar", "aadhar", "adhaar", "uidai", "uid", "आधार"]);

pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    let form = number.plain_or(&[4, 4, 4]) || number.written(&[4, 4, 4], Gap::Dash);
    if found.wants(Kind::InAadhaar)
        && form
        && number.digits[0] > 1
        && verhoeff(number.digits)
        && named(text, number, &NAMES)
    {
        found.add(Kind::InAadhaar, number.start, number.end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all_named, none};
    use crate::Kind::InAadhaar;

    #[test]
    fn published() {
        // Of python-stdnum's documentation, and UIDAI's number for tests of its interfaces.
        all_named(InAadhaar, "Aadhaar", &["2341 2341 2346", "234123412346", "9999 4105 7058"]);
        none(&["Aadhaar: 2341 2341 2347", "2341 2341 2346"]);
    }
}
