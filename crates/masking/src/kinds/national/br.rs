//! Brazil, CPF: nine digits and two check digits by weights modulo 11 (Receita Federal). `529.982.247-25`; in one piece it needs a word before it.

use super::super::numbers::{Gap, Number};
use super::named;
use crate::checks::weighted;
use crate::context::Names;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NAMES: Names = Names::new(&["cpf"]);
const WEIGHTS: &[u32] = &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2];

pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if !found.wants(Kind::BrCpf) {
        return;
    }
    let written = number.lengths == [3, 3, 3, 2] && number.gaps == [Gap::Dot, Gap::Dot, Gap::Dash];
    if (written || (number.bare() && named(text, number, &NAMES))) && valid(number.digits) {
        found.add(Kind::BrCpf, number.start, number.end);
    }
}

fn valid(digits: &[u8]) -> bool {
    let check = |sum: u32| match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    let same = digits.iter().all(|digit| *digit == digits[0]);
    !same
        && check(weighted(&digits[..9], &WEIGHTS[1..])) == u32::from(digits[9])
        && check(weighted(&digits[..10], WEIGHTS)) == u32::from(digits[10])
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, all_named, none};
    use crate::Kind::BrCpf;

    #[test]
    fn published() {
        // As they stand in most descriptions of the check, of nobody in particular.
        all(BrCpf, &["529.982.247-25", "111.444.777-35"]);
        all_named(BrCpf, "cpf", &["52998224725"]);
        all(BrCpf, &["529.982.247\u{2011}25"]);
        none(&["529.982.247-24", "111.111.111-11", "529-982-247-25", "52998224725"]);
    }
}
