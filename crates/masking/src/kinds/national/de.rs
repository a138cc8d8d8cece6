//! Germany, steuerliche Identifikationsnummer: eleven digits, not beginning with 0; of the first ten one digit is there twice or
//! three times, the others at most once; the last is the check digit by ISO 7064 MOD 11,10 (Bundeszentralamt für Steuern). Of random numbers one in
//! some fifty passes, so it needs a word before it.

use super::super::numbers::Number;
use super::named;
use crate::context::Names;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

static NAMES: Names = Names::new(&["steuer", "idnr", "tin", "identifikationsnummer", "stid"]);

pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if !found.wants(Kind::DeTin) || !number.plain_or(&[2, 3, 3, 3]) || !valid(number.digits) {
        return;
    }
    if named(text, number, &NAMES) {
        found.add(Kind::DeTin, number.start, number.end);
    }
}

fn valid(digits: &[u8]) -> bool {
    let mut often = [0; 10];
    for digit in &digits[..10] {
        often[usize::from(*digit)] += 1;
    }
    let repeated =
        often.iter().filter(|count| **count > 1).count() == 1 && often.iter().all(|count| *count < 4);
    let rest = digits[..10].iter().fold(10, |rest, digit| {
        let sum = match (rest + u32::from(*digit)) % 10 {
            0 => 10,
            sum => sum,
        };
        sum * 2 % 11
    });
    digits[0] != 0 && repeated && (11 - rest) % 10 == u32::from(digits[10])
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all_named, none};
    use crate::Kind::DeTin;

    #[test]
    fn published() {
        // ELSTER, *Prüfung der Steuer- und Steueridentifikationsnummer*, table 2-1.
        all_named(DeTin, "Steuer-ID", &["86095742719", "47036892816", "65929970489", "86 095 742 719"]);
        all_named(DeTin, "Steueridentifikationsnummer", &["86095742719"]);
        none(&["Steuer-ID: 86095742718", "Steuer-ID: 11111111111", "order 86095742719"]);
    }
}
