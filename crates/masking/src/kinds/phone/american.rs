//! Numbers of North America, as they are written there: area, exchange, line.
//!
//! Groups of three, three and four digits with blanks or dots between them are columns and versions as well. So without `1`, a bracket or
//! a word, the area has to be one that is or can be given out, and the exchange no service code: North American Numbering Plan
//! Administrator, *About Area Codes* (N11, N9X, 37X and 96X are no areas; easily recognizable codes are services') and the *NPA
//! Allocation Plan and Assignment Guidelines*. `404 356 1234` stays one: Atlanta's area is as good as a status.

use super::super::numbers::{Gap, Number};
use super::before;
use crate::text::Text;

/// The digits, the lengths and the gaps without the country's 1.
fn parts<'n>(number: &'n Number<'_>) -> (&'n [u8], &'n [usize], &'n [Gap]) {
    match number.lengths {
        [1, rest @ ..] if number.digits[0] == 1 => (&number.digits[1..], rest, &number.gaps[1..]),
        all => (number.digits, all, number.gaps),
    }
}

/// Whether it is written as one.
pub(super) fn form(number: &Number<'_>, open: bool) -> bool {
    let (digits, lengths, gaps) = parts(number);
    if lengths != [3, 3, 4] {
        return false;
    }
    let possible = digits[0] > 1 && digits[3] > 1;
    if number.spaced.contains(&true) && !possible {
        return false;
    }
    match gaps {
        [Gap::Dash, Gap::Dash] => true,
        [Gap::Close, Gap::Dash | Gap::Dot | Gap::Space] => possible && (open || number.lengths.len() == 4),
        [Gap::Dot, Gap::Dot] | [Gap::Space, Gap::Space | Gap::Dash] => possible,
        _ => false,
    }
}

/// Whether what has its form can be columns, a version or an answer's status, size and time, and needs a word to be one.
pub(super) fn may_be_columns(text: Text<'_>, number: &Number<'_>) -> bool {
    let weak = number.lengths == [3, 3, 4] && matches!(number.gaps[0], Gap::Space | Gap::Dot);
    weak && (!assignable(number.digits)
        || number.digits[4..6] == [1, 1]
        || before::is_of_an_answer(text, number.start))
}

/// Whether an area code is given out, or can be.
fn assignable(digits: &[u8]) -> bool {
    match (digits[0], digits[1], digits[2]) {
        // Service codes; kept for longer numbers; kept back.
        (0 | 1, ..) | (_, 1, 1) | (_, 9, _) | (3, 7, _) | (9, 6, _) => false,
        // Of the codes that are easy to recognise these are services': 800, and 500, 600, 700, 900.
        (first, 0, 0) => first >= 5,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{all, none, only};
    use super::assignable;
    use crate::Kind::Phone;

    #[test]
    fn areas() {
        for area in ["212", "303", "404", "415", "500", "600", "700", "800", "833", "888", "900", "989"] {
            assert!(assignable(&digits(area)), "{area}");
        }
        for area in ["011", "123", "200", "211", "291", "300", "370", "379", "400", "911", "960", "990"] {
            assert!(!assignable(&digits(area)), "{area}");
        }
    }

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn columns_are_none() {
        all(Phone, &["212 555 0123", "212.555.0123", "212 555-0123", "800 555 0123", "1 200 555 0123"]);
        none(&[
            "200 512 1024",
            "200.512.1024",
            "300 512 1024",
            "400 512 1024",
            "375 512 1024",
            "411 512 1024",
            "499 512 1024",
            "964 512 1024",
            "512 911 1024",
            "HTTP/1.1\" 404 356 1234",
            "HTTP/1.1\" 200 404 356 1234",
            "HTTP/2 404 356 1234",
            "HTTP 404 356 1234",
            "GET /x 404 356 1234",
            "\"GET /x HTTP/1.1\" 404 356 1234",
        ]);
        // What says that it is one.
        for number in ["200 512 1024", "(200) 512-1024", "200-512-1024"] {
            only(Phone, number, &format!("phone: {number}"));
        }
        only(Phone, "200 512 1024", "Call me at 200 512 1024.");
        only(Phone, "404 356 1234", "see https://example.com/x 404 356 1234");
        only(Phone, "404 356 1234", "/ 404 356 1234");
        only(Phone, "404-356-1234", "HTTP/1.1\" 404-356-1234");
    }
}
