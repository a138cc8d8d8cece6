//! France, numéro de sécurité sociale: sex, year and month of birth, place, counter, and 97 less the remainder by 97 (INSEE; Corsica's
//! departments 2A and 2B count as 19 and 18). `2 55 08 14 168 025 38`, or in one piece; Corsica's in one piece only.

use super::super::numbers::Number;
use crate::checks::number as value;
use crate::finder::Found;
use crate::kind::Kind;

const LENGTH: usize = 15;

/// In digits.
pub(crate) fn at(number: &Number<'_>, found: &mut Found) {
    if number.plain_or(&[1, 2, 2, 2, 3, 3, 2]) && valid(number.digits) {
        found.add(Kind::FrNir, number.start, number.end);
    }
}

/// With a department of Corsica.
pub(crate) fn word(word: &[u8], start: usize, found: &mut Found) {
    let mut digits = [0; LENGTH];
    let department = match word.get(5..7) {
        Some(b"2A") => [1, 9],
        Some(b"2B") => [1, 8],
        _ => return,
    };
    for (place, (digit, byte)) in digits.iter_mut().zip(word).enumerate() {
        match (place, byte) {
            (5 | 6, _) => *digit = department[place - 5],
            (_, b'0'..=b'9') => *digit = byte - b'0',
            _ => return,
        }
    }
    if word.len() == LENGTH && valid(&digits) {
        found.add(Kind::FrNir, start, start + LENGTH);
    }
}

fn valid(digits: &[u8]) -> bool {
    // Permanent numbers, and those given to people born abroad before they have one.
    let sex = matches!(digits[0], 1 | 2 | 7 | 8);
    let month = value(&digits[3..5]);
    // Where the month is not known there are others.
    let known = matches!(month, 1..=12 | 20 | 30..=42);
    sex && known && 97 - value(&digits[..13]) % 97 == value(&digits[13..])
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none};
    use crate::Kind::FrNir;

    #[test]
    fn published() {
        // The example of Wikipedia's article (fr), that on the specimen of the carte Vitale, and of Corsica one from the tests of the
        // package `idnumbers`; the last is computed here by the published rule.
        let corsica = ["255082A16802597", "185052A00608435"];
        all(FrNir, &["2 55 08 14 168 025 38", "255081416802538", "269054958815780", corsica[0], corsica[1]]);
        none(&["255081416802539", "2 55 08 14 168 025 39", "955081416802538"]);
    }
}
