//! The regular expressions of the common kinds, for every tool that takes expressions, and what an expression cannot say: check digits.

use serde_json::{Value, json};

/// A kind, and its expression: each tool reads it the same way. Of bytes, in ASCII.
pub const ALL: [(&str, &str); 6] = [
    ("email", r"\b[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}\b"),
    (
        "ipv4",
        r"\b(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\b",
    ),
    ("card", r"\b(?:4[0-9]{3}|5[1-5][0-9]{2}|6011)[- ]?[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{4}\b"),
    ("us_ssn", r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b"),
    ("phone", r"\b[2-9][0-9]{2}-[0-9]{3}-[0-9]{4}\b"),
    ("iban", r"\b[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\b"),
];

/// The same for the workers in other languages.
pub fn as_json() -> Value {
    ALL.iter().map(|(kind, pattern)| json!({ "kind": kind, "pattern": pattern })).collect()
}

/// Whether what an expression found is one.
pub fn valid(kind: &str, value: &[u8]) -> bool {
    let Ok(value) = std::str::from_utf8(value) else { return false };
    match kind {
        "card" => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            let (first, last) = digits.split_at(digits.len().saturating_sub(1));
            last == luhn_digit(first).to_string()
        }
        "us_ssn" => {
            let never = ["000", "666", "9"].iter().any(|area| value.starts_with(area));
            !never && value.get(4..6) != Some("00") && value.get(7..) != Some("0000")
        }
        "iban" => {
            let (head, account) = value.split_at(4);
            remainder_97(&format!("{account}{head}")) == 1
        }
        _ => true,
    }
}

/// The digit that makes a number right by the Luhn algorithm.
pub fn luhn_digit(digits: &str) -> u32 {
    let digits = digits.bytes().rev().map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let sum: u32 =
        digits.enumerate().map(|(at, d)| if at % 2 == 0 { d * 2 / 10 + d * 2 % 10 } else { d }).sum();
    (10 - sum % 10) % 10
}

/// The remainder by 97 of digits and letters, where a letter is two digits.
pub fn remainder_97(text: &str) -> u32 {
    text.chars().filter_map(|c| c.to_digit(36)).fold(0, |rest, digit| {
        let shifted = if digit > 9 { rest * 100 } else { rest * 10 };
        (shifted + digit) % 97
    })
}
