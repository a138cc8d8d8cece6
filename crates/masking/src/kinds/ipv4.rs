//! IPv4 addresses in dotted decimal: four numbers from 0 to 255 without leading zeros (RFC 3986, 3.2.2, `IPv4address`).
//!
//! No address is what is called a version (`version 1.2.3.4`, `v1.2.3.4`, `nginx/1.2.3.4`, `1.2.3.4-beta`), nor what has a fifth
//! number (an object identifier). Loopback and private addresses are addresses.

use crate::context;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{DIGIT, LETTER, Text, WORD};

const VERSIONS: &[&str] =
    &["version", "ver", "versions", "release", "firmware", "build", "oid", "upgrade", "upgraded"];

/// The address that begins there: where it ends.
pub(crate) fn ends(text: Text<'_>, start: usize) -> Option<usize> {
    let mut at = start;
    for part in 0..4 {
        let length = text.run(at, DIGIT, 4);
        let number = text.slice(at, at + length).iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
        if !(1..=3).contains(&length) || number > 255 || (length > 1 && text.get(at) == b'0') {
            return None;
        }
        at += length;
        if part < 3 {
            if text.get(at) != b'.' {
                return None;
            }
            at += 1;
        }
    }
    Some(at)
}

/// An address at the first of its digits.
pub(crate) fn at(text: Text<'_>, start: usize, found: &mut Found) {
    if !found.wants(Kind::Ipv4) {
        return;
    }
    let Some(end) = ends(text, start) else { return };
    let (before, next) = (text.back(start, 1), text.get(end));
    // A product and its version, as in a user agent; but `//` is a URL's.
    let product = before == b'/' && text.is_back(start, 2, LETTER | DIGIT);
    let joined =
        before == b'.' || (before == b'-' && text.is_back(start, 2, WORD) && !range_before(text, start));
    let longer = crate::text::is(next, WORD) || (next == b'.' && text.is(end + 1, DIGIT));
    // A range of addresses, not the release of a version.
    let suffixed = next == b'-' && text.is(end + 1, WORD) && ends(text, end + 1).is_none();
    if product || joined || longer || suffixed || context::says(text, start, VERSIONS, 0) {
        return;
    }
    found.add(Kind::Ipv4, start, end);
}

/// Whether an address ends right before the hyphen before this one.
fn range_before(text: Text<'_>, start: usize) -> bool {
    (7..=15).any(|length| {
        let first = start.checked_sub(length + 1);
        first.is_some_and(|first| !text.is_back(first, 1, WORD) && ends(text, first) == Some(start - 1))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, found, none, only};
    use crate::Kind::Ipv4;

    #[test]
    fn dotted_decimal() {
        // RFC 5737: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24.
        all(
            Ipv4,
            &[
                "192.0.2.1",
                "198.51.100.255",
                "203.0.113.0",
                "0.0.0.0",
                "255.255.255.255",
                "8.8.8.8",
                "10.0.0.1",
            ],
        );
        only(Ipv4, "192.0.2.1", "http://192.0.2.1:8080/a");
        only(Ipv4, "192.0.2.1", "192.0.2.1/24");
        only(Ipv4, "192.0.2.1", "from=192.0.2.1.");
        assert_eq!(found("192.0.2.1-192.0.2.9").len(), 2);
    }

    #[test]
    fn versions_and_other_numbers() {
        none(&[
            "version 1.2.3.4",
            "v1.2.3.4",
            "nginx/1.2.3.4",
            "Chrome/120.0.6099.109",
            "1.2.3.4-beta",
            "lib-1.2.3.4",
            "1.2.3.4.5",
            "1.3.6.1.4.1.311",
            "256.1.1.1",
            "1.2.3",
            "01.2.3.4",
            "1.2.3.4_5",
            "10.0.19041.1",
            "release 10.2.3.4",
        ]);
    }
}
