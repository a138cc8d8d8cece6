//! Telephone numbers.
//!
//! **International**: `+` or grouped `00`, a country code that the ITU has assigned (E.164, list of 2023), and as many digits as the country
//! has, 8 to 15 in all; `(0)` in it is the trunk prefix.
//!
//! **National**, without a word before it, only in forms that hardly anything else has:
//! - North America: `212-555-0123`, `(212) 555-0123`, `1-212-555-0123`; with dots or spaces only where area and exchange begin with 2 to 9;
//! - with the trunk prefix 0 and in groups, 9 to 12 digits: `030 901820`, `020 7946 0958`, `06-12345678`, `01 23 45 67 89`, `0171/1234567`;
//! - Spain: `612 34 56 78`; Italy: `06 1234 5678`, mobiles with a word.
//!
//! Anything else of 7 to 15 digits, among it every number in one piece, is one only right behind a word such as `phone`.
//!
//! An extension right behind it (`212-555-0123x12`) is no part of it: it leads nowhere by itself.

use super::numbers::{Gap, Number};
use crate::checks::number as value;
use crate::context;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{DIGIT, Text, WORD};

const NAMES: &[&str] = &[
    "phone",
    "telephone",
    "ph",
    "tel",
    "tél",
    "tÉl",
    "telefon",
    "telefono",
    "teléfono",
    "téléphone",
    "telefone",
    "telefoon",
    "mobile",
    "mobil",
    "mob",
    "móvil",
    "cell",
    "cellphone",
    "cellulare",
    "portable",
    "handy",
    "fax",
    "msisdn",
    "whatsapp",
    "gsm",
    "numéro",
    "rufnummer",
    "puhelin",
    "puh",
    "tlf",
    "电话",
    "手机",
    "電話",
];

/// A number of these groups.
pub(crate) fn at(text: Text<'_>, number: &Number<'_>, found: &mut Found) {
    if !found.wants(Kind::Phone) || !(7..=16).contains(&number.digits.len()) || date(number) {
        return;
    }
    let before = text.back(number.start, 1);
    if before == b'+' {
        let plus = number.start - 1;
        if international(number.digits, number) && !crate::text::is(text.back(plus, 1), WORD) {
            found.add(Kind::Phone, plus, number.end);
        }
        return;
    }
    let open = before == b'(' && number.gaps.first() == Some(&Gap::Close);
    let start = if open { number.start - 1 } else { number.start };
    // Groups among other groups are a part of something longer.
    let among = before == b' ' && text.is_back(number.start, 2, DIGIT) && number.gaps.contains(&Gap::Space);
    let grouped = !number.bare() && !among;
    let zeros = grouped && number.digits.starts_with(&[0, 0]) && international(&number.digits[2..], number);
    let national = grouped && (north_american(number, open) || trunk(number) || spanish(number));
    if zeros
        || national
        || (number.digits.len() <= 15 && plain(number) && context::says(text, start, NAMES, 0))
    {
        found.add(Kind::Phone, start, number.end);
    }
}

/// Whether an extension follows the number that ends there: `x` and one to six digits.
pub(crate) fn extended(text: Text<'_>, end: usize) -> bool {
    let digits = text.digits(end + 1, 7);
    matches!(text.get(end), b'x' | b'X') && (1..=6).contains(&digits) && text.ends(end + 1 + digits)
}

/// What is written as a date, and whatever follows it.
fn date(number: &Number<'_>) -> bool {
    let [first, second, third, ..] = number.lengths else { return false };
    let same = number.gaps[0] == number.gaps[1]
        && matches!(number.gaps[0], Gap::Dash | Gap::Dot | Gap::Slash | Gap::Space);
    let parts = (
        value(&number.digits[..*first]),
        value(&number.digits[*first..first + second]),
        value(&number.digits[first + second..first + second + third]),
    );
    same && match (first, second, third) {
        (4, 1..=2, 1..=2) => {
            (1000..3000).contains(&parts.0) && (1..=12).contains(&parts.1) && (1..=31).contains(&parts.2)
        }
        (1..=2, 1..=2, 4) => {
            parts.0 <= 31 && parts.1 <= 31 && parts.0.min(parts.1) <= 12 && (1800..2200).contains(&parts.2)
        }
        _ => false,
    }
}

/// What may be a number behind the word for one.
fn plain(number: &Number<'_>) -> bool {
    // Where the first group is a number already, the next ones are something else.
    number.bare() || (number.lengths[0] < 7 && !number.gaps.contains(&Gap::Plus))
}

/// Digits behind `+` or `00`.
fn international(digits: &[u8], number: &Number<'_>) -> bool {
    let Some((code, least, most)) = country(digits) else { return false };
    // `+44 (0)20 …`: the trunk prefix is not dialled.
    let trunk = number.gaps.first() == Some(&Gap::Open)
        && number.lengths.get(1) == Some(&1)
        && digits.get(code) == Some(&0);
    let rest = digits.len() - code - usize::from(trunk);
    if number.gaps.contains(&Gap::Plus) || !(least..=most).contains(&rest) {
        return false;
    }
    // In North America the area code and the exchange begin with 2 to 9.
    !digits.starts_with(&[1]) || (digits[1] > 1 && digits[4] > 1)
}

/// How long the country code is, and how many digits may follow it.
fn country(digits: &[u8]) -> Option<(usize, usize, usize)> {
    let [first, second, third, ..] = *digits else { return None };
    let (code, least, most) = match (first, second, third) {
        (1 | 7, ..) => (1, 10, 10),
        (3, 1 | 3 | 4, _) | (4, 8, _) => (2, 9, 9),
        (4, 4, _) => (2, 9, 10),
        (3, 9, _) => (2, 6, 12),
        (4, 5 | 7, _) => (2, 8, 8),
        (9, 1, _) => (2, 10, 10),
        (8, 6, _) => (2, 8, 11),
        (5, 5, _) => (2, 10, 11),
        (2, 0 | 7, _)
        | (3, 0 | 2 | 6, _)
        | (4, 0 | 1 | 3 | 6 | 9, _)
        | (5, 1..=4 | 6..=8, _)
        | (6, 0..=6, _)
        | (8, 1 | 2 | 4, _)
        | (9, 0 | 2..=5 | 8, _) => (2, 6, 13),
        (2, 1..=6 | 8 | 9, _)
        | (3, 5 | 7 | 8, _)
        | (4, 2, _)
        | (5, 0 | 9, _)
        | (6, 7..=9, _)
        | (8, 0 | 5 | 7 | 8, _)
        | (9, 6 | 7 | 9, _) => (3, 5, 12),
        _ => return None,
    };
    Some((code, least, most))
}

fn north_american(number: &Number<'_>, open: bool) -> bool {
    let (lengths, gaps, digits) = match number.lengths {
        [1, rest @ ..] if number.digits[0] == 1 => (rest, &number.gaps[1..], &number.digits[1..]),
        all => (all, number.gaps, number.digits),
    };
    if lengths != [3, 3, 4] {
        return false;
    }
    let assigned = digits[0] > 1 && digits[3] > 1;
    match gaps {
        [Gap::Dash, Gap::Dash] => true,
        [Gap::Close, Gap::Dash | Gap::Dot | Gap::Space] => assigned && (open || number.lengths.len() == 4),
        [Gap::Dot, Gap::Dot] | [Gap::Space, Gap::Space | Gap::Dash] => assigned,
        _ => false,
    }
}

/// With the trunk prefix 0.
fn trunk(number: &Number<'_>) -> bool {
    let [0, second, ..] = number.digits else { return false };
    let total = number.digits.len();
    if *second == 0 || !(9..=12).contains(&total) || number.lengths[0] > 6 || number.lengths[0] < 2 {
        return false;
    }
    let (first, rest) = (number.gaps[0], &number.gaps[1..]);
    let groups = number.lengths.iter().all(|length| *length > 1) && number.lengths.len() <= 5;
    match first {
        // Ten digits in pairs; other numbers with dots are versions and amounts.
        Gap::Dot => number.written(&[2, 2, 2, 2, 2], Gap::Dot),
        Gap::Slash | Gap::Close => groups && rest.iter().all(|gap| matches!(gap, Gap::Space | Gap::Dash)),
        Gap::Dash => groups && rest.iter().all(|gap| matches!(gap, Gap::Dash | Gap::Space)),
        Gap::Space => groups && rest.iter().all(|gap| matches!(gap, Gap::Space | Gap::Dash)),
        Gap::Plus | Gap::Open => false,
    }
}

fn spanish(number: &Number<'_>) -> bool {
    number.written(&[3, 2, 2, 2], Gap::Space) && matches!(number.digits[0], 6..=9)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, all_named, none, only};
    use crate::Kind::Phone;

    #[test]
    fn international() {
        // Numbers for fiction and tests: Ofcom's drama numbers, 555-01xx, and the examples of ITU-T E.123.
        all(
            Phone,
            &[
                "+14155550100",
                "+1 415 555 0100",
                "+1 (415) 555-0100",
                "+1-415-555-0100",
                "+442079460958",
                "+44 20 7946 0958",
                "+44 (0)20 7946 0958",
                "+44 7700 900123",
                "+49 30 901820",
                "+49 (0)30 23125-001",
                "+33 1 99 00 12 34",
                "+31 6 12345678",
                "+34 612 34 56 78",
                "+39 06 1234 5678",
                "+22 607 123 4567",
                "+353 20 915 6789",
                "+81 3 1234 5678",
                "+86 138 0013 8000",
                "+91 98765 43210",
                "+55 11 91234-5678",
                "+358 40 1234567",
                "+48 512 345 678",
                "0049 30 901820",
                "00 44 20 7946 0958",
            ],
        );
    }

    #[test]
    fn national() {
        all(
            Phone,
            &[
                "123-456-7890",
                "212-555-0123",
                "1-212-555-0123",
                "(212) 555-0123",
                "(212)555-0123",
                "212.555.0123",
                "212 555 0123",
                "020 7946 0958",
                "07700 900123",
                "(020) 7946 0958",
                "030 901820",
                "0171/1234567",
                "0171 1234567",
                "06-12345678",
                "01 99 00 12 34",
                "01.99.00.12.34",
                "612 34 56 78",
                "06 1234 5678",
                "0470 12 34 56",
                "044 668 18 00",
            ],
        );
        all_named(Phone, "phone", &["2125550123", "0612345678", "5550123", "491711234567"]);
        all_named(Phone, "phoneNumber", &["2125550123"]);
        all_named(Phone, "Telefonnummer", &["01711234567"]);
        all_named(Phone, "电话", &["13800138000"]);
        only(Phone, "347 123 4567", "cellulare 347 123 4567");
        only(Phone, "030901820", "Tel.: 030901820");
        only(Phone, "2125550123", "Tel. 2125550123");
        only(Phone, "0142685300", "Tél. 0142685300");
        only(Phone, "0142685300", "TÉL. : 0142685300");
        only(Phone, "2125550123", "Ph. 2125550123");
        only(Phone, "2125550123", "phone no. 2125550123");
        only(Phone, "01711234567", "Mob. 01711234567");
        only(Phone, "2125550123", "phone: 2125550123 200 OK");
        only(Phone, "612 345 678", "Teléfono: 612 345 678");
    }

    #[test]
    fn an_extension_is_no_part_of_it() {
        only(Phone, "1-212-555-0123", "1-212-555-0123x12");
        only(Phone, "(212) 555-0123", "call (212) 555-0123X1234, please");
        only(Phone, "+14155550100", "+14155550100x7");
        only(Phone, "2125550123", "phone: 2125550123x12.");
        none(&[
            "2125550123x12",
            "212-555-0123x",
            "212-555-0123x1234567",
            "212-555-0123x12a",
            "order 212x555x0123",
        ]);
    }

    #[test]
    fn what_is_not_one() {
        none(&[
            "1234567890",
            "1700000000",
            "1700000000000",
            "order 4009741022",
            "2026-11-22",
            "22.11.2026",
            "01-02-2024 10:20",
            "01.02.2024 1230",
            "2026-11-22 10 200",
            "110bcd25-a55d-453a-8046-1297901ea002",
            "550e8400-e29b-41d4-a716-446655440000",
            "+1234567890",
            "+123",
            "1+14155550100",
            "12 345 678",
            "612 345 678",
            "1.234.567.890",
            "978-3-16-148410-0",
            "v2.10.20.30000",
            "0.123456789",
            "phone order 1234567890",
            "hotel 1234567890",
            "no phone. 1234567890 of them",
            "no. 1234567890",
            "00123456789",
            "100 200 3000",
            "$212 555 0123",
        ]);
    }
}
