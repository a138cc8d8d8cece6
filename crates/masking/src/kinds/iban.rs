//! International bank account numbers: ISO 13616. A country's two letters, two check digits by ISO 7064 MOD 97-10, and as many
//! letters and digits as the country has, in one piece or in groups of four. Large letters.
//!
//! The lengths are those of the SWIFT IBAN registry.

use crate::checks::remainder_97;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{DIGIT, Text, UPPER};

/// The longest one, Russia's.
const LONGEST: usize = 33;

/// How long a country's are.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// A number whose country is there.
pub(crate) fn at(text: Text<'_>, start: usize, found: &mut Found) {
    if !found.wants(Kind::Iban) || text.run(start, UPPER, 2) < 2 || text.run(start + 2, DIGIT, 2) < 2 {
        return;
    }
    if !text.begins(start) {
        return;
    }
    if let Some(end) = ends(text, start).filter(|end| text.ends(*end)) {
        found.add(Kind::Iban, start, end);
    }
}

/// Where the number that begins there ends.
pub(crate) fn ends(text: Text<'_>, start: usize) -> Option<usize> {
    let country = [text.get(start), text.get(start + 1)];
    let length = LENGTHS.iter().find(|(code, _)| **code == country).map(|(_, length)| *length)?;
    let spaced = text.sign(start + 4).0 == b' ';
    let mut characters = [0; LONGEST];
    let mut at = start;
    for (place, character) in characters.iter_mut().take(length).enumerate() {
        if spaced && place > 0 && place.is_multiple_of(4) {
            let (sign, length) = text.sign(at);
            if sign != b' ' {
                return None;
            }
            at += length;
        }
        if !text.is(at, UPPER | DIGIT) {
            return None;
        }
        *character = text.get(at);
        at += 1;
    }
    let characters = &characters[..length];
    let rearranged = characters[4..].iter().chain(&characters[..4]).copied();
    (remainder_97(rearranged) == 1).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, none, only};
    use crate::Kind::Iban;

    #[test]
    fn examples_of_the_registry() {
        all(
            Iban,
            &[
                "GB82WEST12345698765432",
                "GB82 WEST 1234 5698 7654 32",
                "DE89370400440532013000",
                "DE89 3704 0044 0532 0130 00",
                "FR1420041010050500013M02606",
                "NL91ABNA0417164300",
                "NO9386011117947",
                "NO93 8601 1117 947",
                "BE68539007547034",
                "CH9300762011623852957",
                "ES9121000418450200051332",
                "IT60X0542811101000000123456",
                "MT84MALT011000012345MTLCAST001S",
                "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
                "PL61109010140000071219812874",
                "SE4550000000058398257466",
                "FI2112345600000785",
                "AT611904300234573201",
                "BR1800360305000010009795493C1",
                "LC55HEMM000100010012001200023015",
            ],
        );
        all(
            Iban,
            &[
                "DE89\u{a0}3704\u{a0}0044\u{a0}0532\u{a0}0130\u{a0}00",
                "NO93\u{202f}8601\u{202f}1117\u{202f}947",
            ],
        );
        only(Iban, "DE89 3704 0044 0532 0130 00", "IBAN DE89 3704 0044 0532 0130 00 12");
    }

    #[test]
    fn what_is_not_one() {
        none(&[
            "GB82WEST12345698765431",
            "DE8937040044053201300",
            "XX89370400440532013000",
            "DE89370400440532013000A",
            "aDE89370400440532013000",
            "DE89 37040044 0532013000",
        ]);
    }
}
