//! When two values are the same.

use std::collections::HashSet;

use domain::catalog::FieldKind;
use domain::plan::Value;

/// A decimal number in one form, so that `7`, `7.0` and `0.7e1` are equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    negative: bool,
    /// Without leading or trailing zeros; empty for zero.
    digits: String,
    /// The power of ten of the last digit.
    power: i64,
}

impl Decimal {
    /// Reads a number; `None` if the text is not one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (number, power) = match rest.split_once(['e', 'E']) {
            Some((number, power)) => (number, power.parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let all = digits.trim_start_matches('0');
        let short = all.trim_end_matches('0');
        if short.is_empty() {
            return Some(Self { negative: false, digits: String::new(), power: 0 });
        }
        let dropped = i64::try_from(all.len() - short.len()).ok()?;
        let fraction = i64::try_from(fraction.len()).ok()?;
        Some(Self { negative, digits: short.to_owned(), power: i64::from(power) - fraction + dropped })
    }

    /// How many digits matter.
    pub(crate) fn precision(&self) -> usize {
        self.digits.len()
    }

    /// The one form as a text.
    pub(crate) fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}e{}", self.digits, self.power)
    }

    /// The power of ten above the number: 1 for 7, 2 for 10, 0 for 0.7.
    #[cfg(feature = "dynamodb")]
    pub(crate) fn magnitude(&self) -> i64 {
        i64::try_from(self.digits.len()).unwrap_or(i64::MAX).saturating_add(self.power)
    }
}

/// Whether two texts are the same value of a kind. What is no number equals no number.
pub(crate) fn same(kind: FieldKind, one: &str, other: &str) -> bool {
    match kind {
        FieldKind::Text => one == other,
        FieldKind::Number => {
            let one = Decimal::read(one);
            one.is_some() && one == Decimal::read(other)
        }
    }
}

/// The values without repetitions, in their order: a record that has one of them is found once. The
/// order depends on nothing else, so a cursor's position stays true.
pub(crate) fn distinct(kind: FieldKind, values: &[Value]) -> Vec<&str> {
    let mut texts = HashSet::new();
    let mut numbers = HashSet::new();
    values
        .iter()
        .map(Value::expose)
        .filter(|text| match kind {
            FieldKind::Text => texts.insert(*text),
            FieldKind::Number => Decimal::read(text).is_some_and(|n| numbers.insert(n)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, expect: bool) {
        assert_eq!(same(FieldKind::Number, one, other), expect, "{one} {other}");
    }

    #[test]
    fn numbers_are_compared_by_value() {
        check("7", "7", true);
        check("7", "007", true);
        check("7", "7.0", true);
        check("700", "7e2", true);
        check("0.7", "7E-1", true);
        check("-0", "0", true);
        check("7", "-7", false);
        check("7", "70", false);
        check("123456789012345678901", "123456789012345678902", false);
        check("seven", "seven", false);
        check("", "", false);
        check(".", ".", false);
        check("1e99999999999", "1e99999999999", false);
        check("-", "-", false);
        check("é", "é", false);
    }

    #[test]
    fn texts_are_compared_by_their_bytes() {
        assert!(same(FieldKind::Text, "a", "a"));
        assert!(!same(FieldKind::Text, "a", "A"));
        assert!(!same(FieldKind::Text, "7", "07"));
    }

    #[test]
    fn repetitions_and_what_is_no_number_are_left_out() {
        let of = |kind, texts: &[&str]| -> Vec<Value> { texts.iter().map(|t| Value::of(kind, t)).collect() };
        let numbers = of(FieldKind::Number, &["7", "x", "8", "7.0", "8"]);
        assert_eq!(distinct(FieldKind::Number, &numbers), ["7", "8"]);
        let texts = of(FieldKind::Text, &["b", "a", "b"]);
        assert_eq!(distinct(FieldKind::Text, &texts), ["b", "a"]);
    }
}
