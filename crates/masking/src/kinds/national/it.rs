//! Italy, codice fiscale: letters of surname and name, year, month and day, place, and a check letter; where two persons would have the
//! same, digits are replaced by letters (decreto ministeriale 23 December 1976).

use crate::finder::Found;
use crate::kind::Kind;

/// Digits, and the letters that may replace them.
const DIGITS: &[u8; 10] = b"LMNPQRSTUV";
/// What a digit or letter counts in an odd place.
const ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
/// January to December.
const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        _ => DIGITS.iter().position(|letter| *letter == byte).and_then(|place| u8::try_from(place).ok()),
    }
}

/// Sixteen characters.
pub(crate) fn word(word: &[u8], start: usize, found: &mut Found) {
    if found.wants(Kind::ItCf) && formed(word) && checked(word) {
        found.add(Kind::ItCf, start, start + word.len());
    }
}

/// Whether the value has the form of one, in large letters, and digits in it: without any it could be a name.
pub(crate) fn is_one(value: &[u8]) -> bool {
    value.len() == 16 && formed(value) && value.iter().any(u8::is_ascii_digit)
}

fn formed(word: &[u8]) -> bool {
    let letters = [0, 1, 2, 3, 4, 5, 11, 15].iter().all(|place| word[*place].is_ascii_uppercase());
    let digits = [6, 7, 9, 10, 12, 13, 14].iter().all(|place| digit(word[*place]).is_some());
    // A woman's day is 40 more.
    let day = digit(word[9])
        .zip(digit(word[10]))
        .is_some_and(|(ten, one)| matches!(ten * 10 + one, 1..=31 | 41..=71));
    letters && digits && day && MONTHS.contains(&word[8])
}

fn checked(word: &[u8]) -> bool {
    let value = |byte: u8| usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
    let sum: u32 = word[..15]
        .iter()
        .enumerate()
        .map(
            |(place, byte)| {
                if place % 2 == 0 { ODD[value(*byte)] } else { u32::try_from(value(*byte)).unwrap_or(0) }
            },
        )
        .sum();
    sum % 26 == u32::from(word[15] - b'A')
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none};
    use crate::Kind::ItCf;

    #[test]
    fn published() {
        // Made-up people: the first in the documents of libraries for Italy, the others in Wikipedia's article.
        all(ItCf, &["RSSMRA85T10A562S", "MRTMTT25D09F205Z", "MLLSNT82P65Z404U"]);
        none(&["RSSMRA85T10A562T", "RSSMRA85T72A562S", "RSSMRA85A10A562S", "RSSMRA85T10A562SX"]);
    }
}
