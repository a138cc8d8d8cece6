//! Payment card numbers: ISO/IEC 7812-1. 13 to 19 digits of an issuer's range, the last of which is right by the Luhn algorithm, in one
//! piece or in the groups that are printed on cards.
//!
//! The ranges are those that the card networks publish. Thirteen digits in one piece are the length of an EAN, a
//! timestamp in milliseconds and hardly any card, so they need a word before them.

use super::numbers::{Gap, Number};
use crate::checks::{luhn, number};
use crate::context::{self, Names};
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::Text;

/// First and last prefix, and the lengths.
const RANGES: &[(u64, u64, &[usize])] = &[
    // American Express.
    (34, 34, &[15]),
    (37, 37, &[15]),
    // Diners Club.
    (300, 305, &[14, 16, 17, 18, 19]),
    (3095, 3095, &[14, 16, 17, 18, 19]),
    (36, 36, &[14, 15, 16, 17, 18, 19]),
    (38, 39, &[14, 16, 17, 18, 19]),
    // JCB.
    (3528, 3589, &[16, 17, 18, 19]),
    // Visa.
    (4, 4, &[13, 16, 18, 19]),
    // Mastercard.
    (51, 55, &[16]),
    (2221, 2720, &[16]),
    // Mir.
    (2200, 2204, &[16, 17, 18, 19]),
    // Maestro.
    (5018, 5018, &[13, 14, 15, 16, 17, 18, 19]),
    (5020, 5020, &[13, 14, 15, 16, 17, 18, 19]),
    (5038, 5038, &[13, 14, 15, 16, 17, 18, 19]),
    (5893, 5893, &[13, 14, 15, 16, 17, 18, 19]),
    (6304, 6304, &[13, 14, 15, 16, 17, 18, 19]),
    (6759, 6759, &[13, 14, 15, 16, 17, 18, 19]),
    (6761, 6763, &[13, 14, 15, 16, 17, 18, 19]),
    // Discover, RuPay, UnionPay.
    (6011, 6011, &[16, 17, 18, 19]),
    (644, 649, &[16, 17, 18, 19]),
    (65, 65, &[16, 17, 18, 19]),
    (60, 60, &[16]),
    (62, 62, &[16, 17, 18, 19]),
    (81, 82, &[16]),
];

static NAMES: Names = Names::new(&[
    "card",
    "cards",
    "visa",
    "maestro",
    "karte",
    "kreditkarte",
    "carte",
    "tarjeta",
    "carta",
    "pan",
    "cc",
]);

/// Whether the digits are in one piece, or grouped as cards are.
fn grouped(number: &Number<'_>) -> bool {
    let gap = number.gaps.first().copied();
    let even = number
        .gaps
        .iter()
        .all(|other| Some(*other) == gap && matches!(other, Gap::Space | Gap::Dash | Gap::Plus));
    let groups = match number.lengths {
        [_] | [4, 4, 4, 4] | [4, 5, 6] | [8, 8] => true,
        [4, 4, 4, last] | [4, 4, 4, 4, last] => *last < 4,
        [4, 6, last] => matches!(last, 4 | 5),
        [6, last] => (10..=13).contains(last),
        _ => false,
    };
    even && groups
}

/// A number of these groups.
pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if !found.wants(Kind::Card) || !grouped(number) || !ranges(number.digits) || !luhn(number.digits) {
        return;
    }
    let bare = number.lengths == [13];
    if !bare || context::says(text, number.start, &NAMES, 1) {
        found.add(Kind::Card, number.start, number.end);
    }
}

fn ranges(digits: &[u8]) -> bool {
    RANGES.iter().any(|(first, last, lengths)| {
        let prefix = number(&digits[..prefix_length(*first)]);
        (*first..=*last).contains(&prefix) && lengths.contains(&digits.len())
    })
}

fn prefix_length(prefix: u64) -> usize {
    match prefix {
        0..=9 => 1,
        10..=99 => 2,
        100..=999 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, all_named, none};
    use crate::Kind::Card;

    #[test]
    fn the_networks_test_numbers() {
        // As payment providers publish them for their test systems.
        all(
            Card,
            &[
                "4111111111111111",
                "4111-1111-1111-1111",
                "4111 1111 1111 1111",
                "4012888888881881",
                "5555555555554444",
                "5105 1051 0510 5100",
                "2223003122003222",
                "2720990000000007",
                "378282246310005",
                "3782 822463 10005",
                "371449635398431",
                "6011111111111117",
                "6011 0009 9013 9424",
                "3056930009020004",
                "30569309025904",
                "3852 0000 0232 37",
                "3530111333300000",
                "3566002020360505",
                "6200000000000005",
                "6759649826438453",
                "6304000000000000",
                "6205500000000000004",
            ],
        );
        all_named(Card, "card", &["4222222222222"]);
        all_named(Card, "cardNumber", &["4222222222222"]);
    }

    #[test]
    fn what_is_not_one() {
        none(&[
            "4111111111111112",
            "411111111111111",
            "1700000000000",
            "1700000000000000",
            "1700000000000000000",
            "4111.1111.1111.1111",
            "41 11 11 11 11 11 11 11",
            "x4111111111111111",
            "4111111111111111a",
            "41111111111111114111111111111111",
            "4006381333931",
            "9780306406157",
        ]);
    }
}
