//! Whether a value has the form of its kind: what has not is a name in a wrong column, a remark, two values in one, and nothing
//! of it may be shown. Forms are wider than what is found in text, since a column says what its values are: a number needs no word
//! before it, and a check digit may be wrong where the form has no letters.

use crate::checks::{day_of, luhn};
use crate::kind::Kind;
use crate::kinds::national::it;
use crate::kinds::{aws, email, iban, ipv4, ipv6, keys};
use crate::text::Text;

/// The most digits and letters of a form, those of a residence card of China.
const LONGEST: usize = 18;

/// Digits of a card's number: ISO/IEC 7812-1.
const SHORTEST_CARD: usize = 13;
const LONGEST_CARD: usize = 19;

/// What a telephone number has beside digits and separators.
const PHONE_SIGNS: &[u8] = b"+()";

/// Whether a part of this value can be shown as one of its kind.
pub(crate) fn is_one(kind: Kind, value: &[u8]) -> bool {
    let text = Text::new(value);
    let all = Some(value.len());
    match kind {
        Kind::Email => email::is_one(value),
        Kind::Iban => iban::ends(text, 0) == all,
        Kind::Ipv4 => ipv4::ends(text, 0) == all,
        Kind::Ipv6 => ipv6::ends(text, 0) == all,
        Kind::Mac => mac(value),
        Kind::Jwt => value.starts_with(b"eyJ"),
        Kind::AwsKey => aws::is_id(value),
        Kind::ApiKey => keys::prefix(value) > 0,
        Kind::Phone => digits(value, PHONE_SIGNS, 7..=16) && !date(value),
        // In a URL a plus is a blank.
        Kind::Card => digits(value, b"+", 13..=19) && !card_and_more(value),
        Kind::UsSsn => digits(value, b"+", 9..=9),
        Kind::CaSin => digits(value, b"", 9..=9),
        // Eight where the zero in front was lost.
        Kind::NlBsn => digits(value, b"", 8..=9) && !date(value),
        Kind::UkNhs => digits(value, b"", 10..=10),
        Kind::SePnr => digits(value, b"+", 10..=12),
        Kind::DeTin | Kind::PlPesel | Kind::BeNrn | Kind::BrCpf | Kind::NoFnr => digits(value, b"", 11..=11),
        Kind::InAadhaar => digits(value, b"", 12..=12),
        Kind::ChAhv => digits(value, b"", 13..=13),
        Kind::CnRic => formed(value, &["99999999999999999X"]),
        Kind::EsDni => formed(value, &["99999999A", "A9999999A"]),
        // The sign of a century is a letter, or between the digits.
        Kind::FiHetu => formed(value, &["999999999X", "999999A999X"]),
        // Without its key too. Corsica's departments have a letter.
        Kind::FrNir => formed(value, &["999999X999999", "999999X99999999"]),
        Kind::ItCf => it::is_one(value),
        Kind::UkNino => formed(value, &["AA999999A"]),
        Kind::Custom(_) => false,
    }
}

/// The value without what may stand between the groups of a number.
fn characters(value: &[u8]) -> impl Iterator<Item = u8> {
    let text = Text::new(value);
    let mut at = 0;
    let signs = std::iter::from_fn(move || {
        let (sign, length) = text.sign(at);
        at += length;
        (at <= value.len()).then_some(sign)
    });
    signs.filter(|sign| !matches!(sign, b' ' | b'-' | b'.' | b'/'))
}

/// Whether there are so many digits, and nothing else but separators and these signs.
fn digits(value: &[u8], signs: &[u8], count: std::ops::RangeInclusive<usize>) -> bool {
    let mut all = characters(value).filter(|byte| !signs.contains(byte));
    let mut found = 0;
    all.all(|byte| {
        found += 1;
        byte.is_ascii_digit()
    }) && count.contains(&found)
}

/// Whether it is a card's number, right by its check, and a date or a code behind it, which can make one that is right by it too: so does the
/// last group of one card of nineteen digits in ten, which is then taken for a code.
fn card_and_more(value: &[u8]) -> bool {
    let (mut digits, mut count) = ([0; LONGEST_CARD], 0);
    let (mut is_card, mut more) = (false, false);
    for byte in value {
        if !byte.is_ascii_digit() {
            is_card |= count >= SHORTEST_CARD && luhn(&digits[..count]);
        } else if let Some(to) = digits.get_mut(count) {
            *to = byte - b'0';
            count += 1;
            more = is_card;
        }
    }
    more
}

/// Whether it is written as a date: two groups of one or two digits, before or behind one of four. What stands between them can be more
/// than one byte; what stands before some number of a telephone alone, before no date. Behind a day that there is a clock may stand.
fn date(value: &[u8]) -> bool {
    let value = trimmed(value);
    if value.iter().any(|byte| PHONE_SIGNS.contains(byte)) {
        return false;
    }
    let mut groups = value.split(|byte| !byte.is_ascii_digit()).filter(|group| !group.is_empty());
    let (Some(first), Some(second), Some(third)) = (groups.next(), groups.next(), groups.next()) else {
        return false;
    };
    let (year, days) = match (first.len(), second.len(), third.len()) {
        (4, 1..=2, 1..=2) => (first, [second, third]),
        (1..=2, 1..=2, 4) => (third, [first, second]),
        _ => return false,
    };
    let mut further = groups.peekable();
    further.peek().is_none() || (is_day(year, days) && further.all(|group| group.len() <= 2))
}

/// The value without a plus before a year, where a country would have three digits at the most, or brackets around it.
fn trimmed(value: &[u8]) -> &[u8] {
    let year = value.len() > 4 && value[1..=4].iter().all(u8::is_ascii_digit);
    let value = value.strip_prefix(b"+").filter(|_| year).unwrap_or(value);
    value.strip_prefix(b"(").and_then(|value| value.strip_suffix(b")")).unwrap_or(value)
}

/// Whether there is such a day, whichever of the two is the month. `0470 12 34 56` is a telephone's.
fn is_day(year: &[u8], days: [&[u8]; 2]) -> bool {
    let number = |digits: &[u8]| digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
    let [a, b] = days.map(number);
    (1800..2200).contains(&number(year)) && (day_of(a, b) || day_of(b, a))
}

/// Whether its digits and letters are one of these forms: `9` is a digit, `A` a letter, `X` either.
fn formed(value: &[u8], forms: &[&str]) -> bool {
    let mut read = [0; LONGEST];
    let mut count = 0;
    for byte in characters(value).filter(|byte| *byte != b'+') {
        let Some(character) = read.get_mut(count) else { return false };
        *character = byte;
        count += 1;
    }
    let fits = |(form, byte): (u8, &u8)| match form {
        b'9' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_alphabetic(),
        _ => byte.is_ascii_alphanumeric(),
    };
    forms.iter().any(|form| form.len() == count && form.bytes().zip(&read).all(fits))
}

/// Six or eight groups of two hexadecimal digits, or three of four, with the same sign between all of them.
fn mac(value: &[u8]) -> bool {
    let Some(sign) = value.iter().copied().find(|byte| !byte.is_ascii_hexdigit()) else { return false };
    let (size, counts) = match sign {
        b':' | b'-' => (2, [6, 8]),
        b'.' => (4, [3, 3]),
        _ => return false,
    };
    let groups = value.split(|byte| *byte == sign);
    let whole = groups.clone().all(|group| group.len() == size && group.iter().all(u8::is_ascii_hexdigit));
    whole && counts.contains(&groups.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, ones: &[&str], others: &[&str]) {
        for value in ones {
            assert!(is_one(kind, value.as_bytes()), "{kind}: {value}");
        }
        for value in others {
            assert!(!is_one(kind, value.as_bytes()), "{kind}: {value}");
        }
    }

    #[test]
    fn forms() {
        check(
            Kind::Phone,
            &[
                "+49 30 901820",
                "(212) 555-0123",
                "5550123",
                "0171/1234567",
                "06\u{a0}12\u{a0}34\u{202f}56\u{2011}78",
                // No date has these signs.
                "+49 30 1234",
                "(12) 34 5678",
                "0470-12-34-56",
                "1985 32 12 10",
                "31 6 2012 3456",
            ],
            &[
                "555012",
                "1985-03-12",
                "12.03.1985",
                "1985\u{2011}03\u{2011}12",
                "12\u{a0}3\u{202f}1985",
                "12 - 03 - 1985",
                "12 / 3 / 1985",
                "1985-03-12 10",
                "1985-03-12 10 15",
                "12.03.1985 10.15.59",
                "1985/3/12/10",
                " 12.  03. 1985 ",
                "555-0123 Ines",
                "+49 30 901820, +49 30 901821",
                "5550123\u{2013}",
            ],
        );
        check(
            Kind::Card,
            &["4111 1111 1111 1112", "4111+1111+1111+1111"],
            &[
                "411111111111",
                "4111 1111 1111 1111 x",
                "4111 1111 1111 1111 123",
                "4222222222222 123",
                "378282246310005 12/27",
            ],
        );
        check(
            Kind::UsSsn,
            &[" 123-45-6789", "123+45+6789", "123456789"],
            &["123-45-678", "123-45-6789a", "123_45_6789"],
        );
        check(Kind::CnRic, &["11010519491231002X", "110105194912310021"], &["11010519491231002"]);
        check(
            Kind::EsDni,
            &["12345678Z", "12345678-Z", "X1234567L"],
            &["Zoe Weber", "123456789", "1234567Z"],
        );
        check(Kind::FiHetu, &["131052-308T", "131052+308T", "131052A308T"], &["131052-308", "Ada Lovelac"]);
        check(
            Kind::FrNir,
            &["2 55 08 14 168 025 38", "1850578006084", "1 85 05 2A 006 084 36"],
            &["Jean Pierre 12", "255081416802"],
        );
        check(
            Kind::ItCf,
            &["RSSMRA85T10A562S"],
            &["MariaRossiBianch", "RSSMRA85T10A562", "RSSMRA85X10A562S"],
        );
        check(Kind::UkNino, &["AB 12 34 56 C", "ab123456c"], &["Ann Weber", "AB123456"]);
        check(
            Kind::Mac,
            &["00:00:5e:00:53:ff", "0000.5e00.53af"],
            &["Abe-Dee-Fada-Cafe", "00005e0053ff", ""],
        );
        check(
            Kind::Iban,
            &["DE89 3704 0044 0532 0130 00"],
            &["AB12 Ines Weber Graz", "DE89370400440532013001"],
        );
        check(Kind::Ipv4, &["192.0.2.1"], &["Ines Weber. Graz. x", "192.0.2.1 Ines", "192.0.2.256"]);
        check(
            Kind::Ipv6,
            &["2001:db8::1", "::1", "fe80::1%eth0"],
            &["Ada:Weber", "2001:db8::1 Ada", "ada:bee"],
        );
        check(
            Kind::Email,
            &["ines@example.com", "\"ines weber\"@example.com"],
            &[
                "Ines Weber",
                "ines@weber",
                "Ines Weber ines@example.com",
                "ines@example.com, a",
                "@example.com",
                "@",
            ],
        );
        check(Kind::ApiKey, &[], &["SKoda Weber", "SG.Weber", "sk-Weber", "hf_Weber"]);
        check(Kind::AwsKey, &["AKIAIOSFODNN7EXAMPLE"], &["Ines Weber from Graz", "AKIAIOSFODNN7EXAMPLe"]);
        check(Kind::Custom(0), &[], &["anything"]);
    }

    /// Whether a card and what is behind it are right by the check together says nothing.
    #[test]
    fn a_card_s_code_and_date_are_never_a_part_of_it() {
        for code in 0..1_000 {
            assert!(!is_one(Kind::Card, format!("4111 1111 1111 1111 {code:03}").as_bytes()), "{code}");
        }
        for (month, year) in (1..=12).flat_map(|month| (0..100).map(move |year| (month, year))) {
            assert!(!is_one(Kind::Card, format!("378282246310005 {month:02}/{year:02}").as_bytes()));
        }
    }

    #[test]
    fn dates_are_none() {
        check(Kind::NlBsn, &["111222333", "11122233", "1112.22.333"], &["12.03.1985", "1985-03-12"]);
        check(Kind::Phone, &["+49 30 1234", "(12) 34 5678"], &["(1985-03-12)", "+1985-03-12"]);
    }
}
