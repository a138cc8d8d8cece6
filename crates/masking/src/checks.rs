//! Check digits and dates, as several kinds use them.

/// Whether the last of these digits is their check digit by the Luhn algorithm: ISO/IEC 7812-1, annex B.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// The sum of digits by weights.
pub(crate) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// The number that these digits are. At most 18 of them.
pub(crate) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
}

/// Whether two digits are a month and two a day that this month can have.
pub(crate) fn day_of(month: u64, day: u64) -> bool {
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 29,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Whether the last of these digits is their check digit by Verhoeff's algorithm (*Error Detecting Decimal Codes*,
/// Mathematical Centre Tract 29, 1969), which the dihedral group of ten elements gives.
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    // The group's product: rotations are 0-4, reflections 5-9.
    fn times(a: u8, b: u8) -> u8 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => (a + (b - 5)) % 5 + 5,
            (false, true) => (a - 5 + 5 - b) % 5 + 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    const STEP: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let mut check = 0;
    for (place, digit) in digits.iter().rev().enumerate() {
        let moved = (0..place % 8).fold(*digit, |digit, _| STEP[usize::from(digit % 10)]);
        check = times(check, moved);
    }
    !digits.is_empty() && check == 0
}

/// The remainder of a long number by 97, digit by digit. Letters are two digits, A is 10: ISO/IEC 7064, MOD 97-10.
pub(crate) fn remainder_97(characters: impl Iterator<Item = u8>) -> u32 {
    characters.fold(0, |rest, character| match character {
        b'0'..=b'9' => (rest * 10 + u32::from(character - b'0')) % 97,
        b'A'..=b'Z' => (rest * 100 + u32::from(character - b'A') + 10) % 97,
        _ => rest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn luhn_as_published() {
        // The example of US patent 2,950,048 as it is commonly quoted, and of ISO/IEC 7812-1.
        assert!(luhn(&digits("79927398713")));
        for last in "012456789".chars() {
            assert!(!luhn(&digits(&format!("7992739871{last}"))));
        }
        assert!(!luhn(&[]));
    }

    #[test]
    fn verhoeff_as_published() {
        // The usual example: 236 has the check digit 3.
        assert!(verhoeff(&digits("2363")));
        for last in "012456789".chars() {
            assert!(!verhoeff(&digits(&format!("236{last}"))));
        }
        // Every exchange of two neighbours is found.
        let valid = digits("123451");
        assert!(verhoeff(&valid));
        for at in 0..4 {
            let mut swapped = valid.clone();
            swapped.swap(at, at + 1);
            assert!(!verhoeff(&swapped), "{swapped:?}");
        }
        assert!(!verhoeff(&[]));
    }

    #[test]
    fn remainders() {
        // ISO/IEC 7064: 794 has the check digits 44.
        assert_eq!(remainder_97(b"79444".iter().copied()), 1);
        assert_eq!(remainder_97(b"3214282912345698765432161182".iter().copied()), 1);
    }

    #[test]
    fn days() {
        assert!(day_of(2, 29) && day_of(12, 31) && day_of(4, 30));
        assert!(!day_of(2, 30) && !day_of(4, 31) && !day_of(0, 1) && !day_of(13, 1) && !day_of(1, 0));
    }
}
