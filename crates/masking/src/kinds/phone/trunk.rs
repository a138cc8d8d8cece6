//! Numbers with a trunk prefix, as most countries write them at home.

use super::super::numbers::{Gap, Number};
use super::is_date;

/// The least digits with the prefix.
const LEAST: usize = 9;
/// The same with an extension of one digit, and the least digits before one if a blank sets the area apart.
const LEAST_WITH_ONE: usize = 8;

/// With the trunk prefix 0.
pub(super) fn trunk(number: &Number<'_>) -> bool {
    let [0, second, ..] = number.digits else { return false };
    let total = number.digits.len();
    let least = if switchboard(number) { LEAST_WITH_ONE } else { LEAST };
    if *second == 0 || !(least..=12).contains(&total) || number.lengths[0] > 6 || number.lengths[0] < 2 {
        return false;
    }
    // `01 - 1234567` is an item of a list.
    let spaced = number.spaced.contains(&true);
    if spaced && (number.lengths[0] < 3 || number.spaced[1..].contains(&true)) {
        return false;
    }
    let (first, rest) = (number.gaps[0], &number.gaps[1..]);
    if is_date_behind(number) {
        return false;
    }
    let lengths =
        if switchboard(number) { &number.lengths[..number.lengths.len() - 1] } else { number.lengths };
    let groups = lengths.iter().all(|length| *length > 1) && lengths.len() <= 5;
    match first {
        // Ten digits in pairs; other numbers with dots are versions and amounts.
        Gap::Dot => number.written(&[2, 2, 2, 2, 2], Gap::Dot),
        Gap::Slash | Gap::Close => groups && rest.iter().all(|gap| matches!(gap, Gap::Space | Gap::Dash)),
        Gap::Dash => groups && rest.iter().all(|gap| matches!(gap, Gap::Dash | Gap::Space)),
        Gap::Space => groups && rest.iter().all(|gap| matches!(gap, Gap::Space | Gap::Dash)),
        Gap::Plus | Gap::Open => false,
    }
}

/// Whether its last group is the one digit of a switchboard, which the number has behind a hyphen: `030 901820-0`. With hyphens alone it
/// is an article's number or a book's, unless an area is set apart otherwise.
fn switchboard(number: &Number<'_>) -> bool {
    let last = number.lengths.len() - 1;
    last > 1
        && number.lengths[last] == 1
        && number.gaps[last - 1] == Gap::Dash
        && !number.spaced[last - 1]
        && (number.digits.len() > LEAST_WITH_ONE || matches!(number.gaps[0], Gap::Slash | Gap::Close))
        && number.gaps[..last - 1].iter().all(|gap| *gap != Gap::Dash)
}

/// Whether a date stands behind its first group: `0123-2026-11-22`.
fn is_date_behind(number: &Number<'_>) -> bool {
    let first = number.lengths[0];
    number.lengths.len() >= 4
        && number.gaps[1] != Gap::Space
        && is_date(&number.lengths[1..], &number.gaps[1..], &number.digits[first..])
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none, only};
    use crate::Kind::Phone;

    #[test]
    fn an_extension_of_one_digit_behind_a_hyphen() {
        all(
            Phone,
            &[
                "030/901820-0",
                "030 901820-0",
                "0711 12345-0",
                "0711/12345-0",
                "01/58800-0",
                "0171 1234567-2",
                "(030) 901820-0",
            ],
        );
        only(Phone, "030/901820-0", "Zentrale 030/901820-0, werktags");
        none(&["0100-20000-1", "05/2026-1", "01 5880-0", "0123-456-7"]);
    }

    #[test]
    fn a_date_behind_a_group() {
        none(&[
            "02-2026-11-22",
            "0123-2026-11-22",
            "02-2026-11-22-03",
            "seq 0123 2026-11-22 10:11",
            "0123 22-11-2026",
        ]);
        all(Phone, &["0171-20-99-123", "0470-12-34-56"]);
    }
}
