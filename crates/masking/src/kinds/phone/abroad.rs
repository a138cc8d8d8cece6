//! Numbers with a country code: E.164, and the list of assigned codes of 2023.

use super::super::numbers::{Gap, Number};
use super::LONGEST_EXTENSION;
use crate::text::{ALNUM, Text, WIDE};

/// Digits behind `+` or `00`.
pub(super) fn form(text: Text<'_>, digits: &[u8], number: &Number<'_>) -> bool {
    let Some((code, least, most)) = country(digits) else { return false };
    // `+44 (0)20 …`: the trunk prefix is not dialled.
    let trunk = number.gaps.first() == Some(&Gap::Open)
        && number.lengths.get(1) == Some(&1)
        && digits.get(code) == Some(&0);
    let rest = digits.len() - code - usize::from(trunk);
    if number.gaps.contains(&Gap::Plus)
        || stops(text, number, number.digits.len() - digits.len(), code + least)
        || !(least..=most).contains(&rest)
    {
        return false;
    }
    // In North America the area code and the exchange begin with 2 to 9.
    !digits.starts_with(&[1]) || (digits[1] > 1 && digits[4] > 1)
}

/// Whether a hyphen or a slash with blanks around it stands behind what is a number already: `+49 30 901820 - 14 days`. So many digits are
/// enough, behind the zeros of `00`. An extension belongs to it: `+49 89 / 12 34 56 - 78`.
fn stops(text: Text<'_>, number: &Number<'_>, zeros: usize, least: usize) -> bool {
    let mut total = 0;
    let groups = number.lengths.len();
    number.lengths.iter().zip(number.spaced).enumerate().any(|(at, (length, spaced))| {
        total += length;
        let extension = || at + 2 == groups && is_extension(text, number);
        let ends = if *spaced { !extension() } else { another_begins(number, at, total) };
        total >= zeros + least && ends
    })
}

/// Whether something else stands behind so many groups with so many digits: a number with its own trunk prefix behind a slash
/// (`+49 30 901820/030 901821`), or a decimal behind a blank.
fn another_begins(number: &Number<'_>, at: usize, total: usize) -> bool {
    let gaps = &number.gaps[at..];
    match gaps {
        [Gap::Slash, ..] => number.digits[total] == 0 && number.lengths[at + 1] > 1,
        [Gap::Space, Gap::Dot, ..] => !number.gaps[..at].contains(&Gap::Dot),
        _ => false,
    }
}

/// Whether its last group can be an extension: no word stands behind it, and no further number.
fn is_extension(text: Text<'_>, number: &Number<'_>) -> bool {
    let (behind, length) = text.sign(number.end);
    let goes_on = behind == b' ' && text.is(number.end + length, ALNUM | WIDE);
    number.lengths.last().is_some_and(|length| *length <= LONGEST_EXTENSION) && !goes_on
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

#[cfg(test)]
mod tests {
    use super::super::super::testing::{each_in, none, only};
    use crate::Kind::{Card, Phone};

    #[test]
    fn end_where_something_else_begins() {
        let phone = "+49 30 901820";
        for mobile in ["0171 1234567", "0171/1234567", "212 555 0123"] {
            for between in [" / ", " - ", " "] {
                each_in(&format!("{phone}{between}{mobile}"), &[phone, mobile]);
                each_in(&format!("0049 30 901820{between}{mobile}."), &["0049 30 901820", mobile]);
            }
        }
        for between in [" / ", " - ", " "] {
            each_in(&format!("{phone}{between}4111 1111 1111 1111"), &[phone, "4111 1111 1111 1111"]);
            each_in(&format!("{phone}{between}123-45-6789"), &[phone, "123-45-6789"]);
        }
        only(Phone, phone, &format!("{phone} - 14 days"));
        only(Phone, phone, &format!("{phone} / 24 h"));
        only(Phone, phone, &format!("{phone} (24 h)"));
        each_in("+49 30 901820 192.0.2.1", &[phone, "192.0.2.1"]);
        only(Phone, "+49 89 / 12 34 56 - 78", "+49 89 / 12 34 56 - 78, Frau Weber");
        only(Phone, "+43 1 58800 - 123", "+43 1 58800 - 123");
        only(Phone, phone, &format!("{phone} 22.11.2026"));
        // What is no number yet goes on.
        only(Phone, "+49 30 / 901820", "+49 30 / 901820");
        only(Phone, "+49 - 30 - 901820", "+49 - 30 - 901820");
        only(Phone, "+1 212 - 555 - 0123", "+1 212 - 555 - 0123");
        only(Phone, "+39 02 123 45 6789", "+39 02 123 45 6789");
        // A card is right by its check, whatever is left before it.
        only(Card, "4111 1111 1111 1111", "+49 30 4111 1111 1111 1111");
    }

    #[test]
    fn decimals_are_none() {
        none(&["lat=+52.520008", "+52.520008, +13.404954", "+1.4155550100", "offset +44.2079460958"]);
        only(Phone, "+1.4155550100", "phone +1.4155550100");
        only(Phone, "+1.4155550100", "Registrant Phone: +1.4155550100");
        only(Phone, "+49.30.901820", "+49.30.901820");
        only(Phone, "+1.415.555.0100", "+1.415.555.0100");
    }
}
