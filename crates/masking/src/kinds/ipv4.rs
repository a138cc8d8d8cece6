//! IPv4 addresses in dotted decimal: four numbers from 0 to 255 without leading zeros (RFC 3986, 3.2.2, `IPv4address`).
//!
//! No address is what is called a version (`version 1.2.3.4`, `v1.2.3.4`, `nginx/1.2.3.4`, `1.2.3.4-beta`), nor what has a fifth
//! number (an object identifier). Loopback and private addresses are addresses.

use super::email;
use crate::context::{self, Names};
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{ALNUM, DASH, DIGIT, LETTER, Text, UNDER, WORD};

static VERSIONS: Names = Names::new(&[
    "version", "ver", "versions", "release", "releases", "firmware", "build", "oid", "upgrade", "upgraded",
]);

/// What the name of an app begins with, and no host's.
const REVERSED: &[&[u8]] = &[b"com", b"org", b"net", b"io"];

/// The longest name of a product or a host that is looked at, in bytes.
const LONGEST_NAME: usize = 64;

/// The address that begins there: where it ends.
pub(crate) fn ends(text: Text<'_>, start: usize) -> Option<usize> {
    let mut at = start;
    for part in 0..4 {
        let (mut length, mut number) = (0, 0);
        while length < 4 && text.is(at + length, DIGIT) {
            number = number * 10 + u32::from(text.get(at + length) - b'0');
            length += 1;
        }
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
    let joined =
        before == b'.' || (before == b'-' && text.is_back(start, 2, WORD) && !range_before(text, start));
    let longer = text.goes_on(end) || (next == b'.' && text.is(end + 1, DIGIT));
    // A range of addresses, not the release of a version.
    let suffixed = next == b'-' && text.is(end + 1, WORD) && ends(text, end + 1).is_none();
    if joined
        || longer
        || suffixed
        || is_of_a_product(text, start, end)
        || context::says(text, start, &VERSIONS, 0)
    {
        return;
    }
    found.add(Kind::Ipv4, start, end);
}

/// Whether the name of a product stands before a slash, and what is behind it is its version, as in a user agent. A host's name, a part
/// of a path, another address are none, and no version has a port; but in a path a version may be called one.
fn is_of_a_product(text: Text<'_>, start: usize, end: usize) -> bool {
    let port = text.get(end) == b':' && text.is(end + 1, DIGIT);
    if text.back(start, 1) != b'/' || port {
        return false;
    }
    let slash = start - 1;
    let inside =
        |back: &usize| text.is_back(slash, *back, ALNUM | DASH | UNDER) || text.back(slash, *back) == b'.';
    let length = (1..=LONGEST_NAME).take_while(inside).count();
    let name = text.slice(slash - length, slash);
    if !name.iter().any(|byte| crate::text::is(*byte, LETTER)) {
        return false;
    }
    if text.back(slash, length + 1) == b'/' {
        return VERSIONS.has_in_any_case(name);
    }
    is_of_software(name) || !email::is_domain(text, slash - length, slash)
}

/// Whether a name with dots is a product's and not a host's: the last of its labels has large and small letters (`Microsoft.NETCore.App`),
/// or it is a domain turned round, as that of an app is (`com.example.app`).
fn is_of_software(name: &[u8]) -> bool {
    let labels = || name.split(|byte| *byte == b'.');
    // One that ends as hosts do: `io.example.com`, `Client.Example.Com`.
    if labels().next_back().is_some_and(|last| REVERSED.iter().any(|top| top.eq_ignore_ascii_case(last))) {
        return false;
    }
    let mixed =
        |label: &[u8]| label.iter().any(u8::is_ascii_uppercase) && label.iter().any(u8::is_ascii_lowercase);
    let turned = || labels().count() > 2 && labels().next().is_some_and(|first| REVERSED.contains(&first));
    labels().next_back().is_some_and(mixed) || turned()
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
    fn behind_a_slash() {
        only(Ipv4, "203.0.113.7", "client.example.com/203.0.113.7:52344");
        only(Ipv4, "203.0.113.7", "client.example.com/203.0.113.7");
        only(Ipv4, "203.0.113.7", "localhost/203.0.113.7:52344");
        only(Ipv4, "203.0.113.7", "DESKTOP-A1.Corp.example.com/203.0.113.7");
        only(Ipv4, "203.0.113.7", "HOST.EXAMPLE.COM/203.0.113.7");
        only(Ipv4, "203.0.113.7", "example.com/203.0.113.7");
        only(Ipv4, "203.0.113.7", "Client.Example.Com/203.0.113.7:443");
        only(Ipv4, "203.0.113.7", "com.example/203.0.113.7");
        only(Ipv4, "203.0.113.7", "io.example.com/203.0.113.7");
        only(Ipv4, "203.0.113.7", "Client.Example.Com/203.0.113.7");
        only(Ipv4, "203.0.113.7", "GET /whois/203.0.113.7 HTTP/1.1");
        only(Ipv4, "192.0.2.4", "/192.0.2.4:8080");
        assert_eq!(found("192.0.2.1/192.0.2.9").len(), 2);
        none(&[
            "Chrome/120.0.0.0",
            "nginx/1.2.3.4",
            "Node.js/1.2.3.4",
            "Microsoft.NETCore.App/6.0.0.1",
            "Newtonsoft.Json/13.0.3.1",
            "(com.example.app/7.1.2.3)",
            "org.example.server/7.1.2.3",
            "(KHTML, like Gecko) Edg/120.0.0.0 x",
            "python-requests/2.1.2.3",
            "/download/release/1.2.3.4/setup",
            "/versions/1.2.3.4",
        ]);
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
