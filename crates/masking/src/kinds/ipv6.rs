//! IPv6 addresses in all forms of RFC 4291, 2.2: eight groups, one run of zeros left out, the last 32 bits in dotted decimal;
//! in large and small letters; with a zone (RFC 4007, 11).
//!
//! Since text has `::` for other reasons, an address with it has a digit or at least four groups. Eight groups of two digits are
//! an EUI-64, see [`super::mac`].

use std::ops::RangeInclusive;

use super::ipv4;
use crate::emphasis;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{ALNUM, DIGIT, HEX, Text, UNDER, WORD};

/// An interface's name has at most 15 bytes on Linux.
const LONGEST_ZONE: usize = 15;

/// An address whose first colon is there.
pub(crate) fn at(text: Text<'_>, colon: usize, found: &mut Found) {
    if !found.wants(Kind::Ipv6) || text.get(colon) != b':' {
        return;
    }
    let mut start = colon;
    while start > 0 && colon - start < 5 && text.is_back(start, 1, HEX) {
        start -= 1;
    }
    let before = text.back(start, 1);
    if colon - start > 4
        || text.is_back(start, 1, WORD)
        || (before == b':' && group_ends(text, start - 1, 1..=4))
        || before == b'.'
        || before == b'%'
    {
        return;
    }
    if let Some(end) = ends(text, start) {
        found.add(Kind::Ipv6, start, end);
    }
}

/// Whether a group of so many hexadecimal digits ends right before the colon there, or another colon: then what is behind it goes on. The
/// last letters of a name (`peer:`, `mac:`) are none.
pub(super) fn group_ends(text: Text<'_>, colon: usize, sizes: RangeInclusive<usize>) -> bool {
    let length = (1..=sizes.end() + 1).take_while(|back| text.is_back(colon, *back, HEX)).count();
    let whole = sizes.contains(&length) && !text.is_back(colon, length + 1, WORD);
    whole || text.back(colon, 1) == b':'
}

/// Where the address that begins there ends.
pub(crate) fn ends(text: Text<'_>, start: usize) -> Option<usize> {
    let (mut at, mut groups, mut zeros, mut digits, mut pairs) = (start, 0, false, false, 0);
    if text.has(at, b"::") {
        zeros = true;
        at += 2;
    }
    loop {
        let length = text.run(at, HEX, 5);
        if length > 4 {
            return None;
        }
        if length == 0 {
            // Only `::` may end an address.
            if groups == 0 || (zeros && text.back(at, 2) == b':' && text.back(at, 1) == b':') {
                break;
            }
            return None;
        }
        if text.get(at + length) == b'.'
            && let Some(end) = ipv4::ends(text, at)
        {
            (groups, digits, at) = (groups + 2, true, end);
            break;
        }
        digits |= (at..at + length).any(|at| text.is(at, DIGIT));
        pairs += usize::from(length == 2);
        groups += 1;
        at += length;
        if groups == 8 || text.get(at) != b':' {
            break;
        }
        if text.get(at + 1) == b':' {
            if zeros {
                return None;
            }
            zeros = true;
            at += 2;
        } else if text.is(at + 1, HEX) {
            at += 1;
        } else {
            // A colon behind: punctuation.
            break;
        }
    }
    let next = text.get(at);
    let longer = text.goes_on(at) || (next == b':' && (text.is(at + 1, HEX) || text.get(at + 1) == b':'));
    let longer = longer || (next == b'.' && text.is(at + 1, DIGIT));
    let complete = if zeros { groups < 8 && groups > 0 } else { groups == 8 };
    let meant = digits || groups >= 4;
    if longer || !complete || !meant || pairs == 8 {
        return None;
    }
    Some(zone(text, at))
}

/// The end with the zone behind it, if there is one.
fn zone(text: Text<'_>, end: usize) -> usize {
    if text.get(end) != b'%' {
        return end;
    }
    let length = text.run(end + 1, ALNUM | UNDER, LONGEST_ZONE);
    let closing =
        text.slice(end + 1, end + 1 + length).iter().rev().take_while(|byte| **byte == b'_').count();
    let emphasis = closing > 0 && emphasis::closes(text, end + 1 + length - closing);
    match if emphasis { length - closing } else { length } {
        0 => end,
        length => end + 1 + length,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, none, only};
    use crate::Kind::{Ipv6, Mac};

    #[test]
    fn a_zone_has_no_emphasis() {
        only(Ipv6, "fe80::1%eth0", "see _fe80::1%eth0_ ok");
        only(Ipv6, "fe80::1%eth0_", "see fe80::1%eth0_ ok");
    }

    #[test]
    fn the_forms_of_rfc_4291() {
        all(
            Ipv6,
            &[
                // RFC 4291, 2.2.
                "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789",
                "2001:DB8:0:0:8:800:200C:417A",
                "2001:DB8::8:800:200C:417A",
                "FF01::101",
                "::1",
                "0:0:0:0:0:0:13.1.68.3",
                "0:0:0:0:0:FFFF:129.144.52.38",
                "::13.1.68.3",
                "::FFFF:129.144.52.38",
                "2001:0DB8:0000:CD30:0000:0000:0000:0000",
                "2001:0DB8::CD30:0:0:0:0",
                // RFC 5952, 4 and 5.
                "2001:db8::1",
                "2001:db8::2:1",
                "2001:db8:0:1:1:1:1:1",
                "2001:db8::1:0:0:1",
                "64:ff9b::192.0.2.33",
                "1::",
                "2001:db8::",
                // RFC 4007, 11.
                "fe80::1234%eth0",
                "fe80::1%5",
            ],
        );
        only(Ipv6, "2001:db8::1", "ip:2001:db8::1");
        only(Ipv6, "2001:db8::1", "peer:2001:db8::1");
        only(Ipv6, "2001:db8::1", "\"ip\":2001:db8::1");
        only(Ipv6, "2001:db8:0:0:8:800:200c:417a", "addr:2001:db8:0:0:8:800:200c:417a");
        only(Ipv6, "2001:db8::1", "http://[2001:db8::1]:80/");
        only(Ipv6, "2001:db8::1", "2001:db8::1/64");
        only(Ipv6, "2001:db8::1", "from 2001:db8::1: refused");
    }

    #[test]
    fn what_is_not_one() {
        none(&[
            "std::string",
            "a::b",
            "::",
            "Foo::Bar::baz",
            "12:34:56",
            "2026-11-22T10:11:12",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "2001::db8::1",
            "12345::1",
            "1:2:3:4:5:6:7::8:9",
            "2001:db8::1g",
            "ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67:89",
        ]);
        only(Mac, "00:11:22:33:44:55:66:77", "eui 00:11:22:33:44:55:66:77");
    }
}
