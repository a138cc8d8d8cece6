//! MAC addresses: six groups of two hexadecimal digits with `:` or `-` between them (IEEE 802, EUI-48), eight of them (EUI-64), or
//! three groups of four with dots.

use super::ipv6::group_ends;
use crate::finder::Found;
use crate::kind::Kind;
use crate::text::{HEX, Text, WORD};

/// An address whose first separator is there.
pub(crate) fn at(text: Text<'_>, first: usize, found: &mut Found) {
    if !found.wants(Kind::Mac) {
        return;
    }
    let separator = text.get(first);
    let Some(start) = size(separator).and_then(|size| first.checked_sub(size)) else { return };
    let before = text.back(start, 1);
    // A name may stand right before a colon; hyphens and dots stand in dates and versions too.
    let goes_on = before == separator && (separator != b':' || group_ends(text, start - 1, 2..=2));
    if text.is_back(start, 1, WORD) || goes_on {
        return;
    }
    if let Some(end) = ends(text, first) {
        found.add(Kind::Mac, start, end);
    }
}

/// The digits of a group before this separator.
fn size(separator: u8) -> Option<usize> {
    match separator {
        b':' | b'-' => Some(2),
        b'.' => Some(4),
        _ => None,
    }
}

/// Where the address ends whose first separator is there.
pub(super) fn ends(text: Text<'_>, first: usize) -> Option<usize> {
    let separator = text.get(first);
    let size = size(separator)?;
    let start = first.checked_sub(size)?;
    let mut at = start;
    let mut groups = 0;
    loop {
        if text.run(at, HEX, size + 1) != size {
            return None;
        }
        at += size;
        groups += 1;
        // A separator behind the last group is punctuation, unless something follows it.
        if text.get(at) != separator || !text.is(at + 1, WORD) {
            break;
        }
        at += 1;
        if groups > 8 {
            return None;
        }
    }
    let digits = (start..at).any(|at| text.get(at).is_ascii_digit());
    let whole = match size {
        2 => groups == 6 || groups == 8,
        // Words of four letters are no address.
        _ => groups == 3 && digits,
    };
    (whole && !text.goes_on(at)).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all, none, only};
    use crate::Kind::Mac;

    #[test]
    fn the_usual_forms() {
        // RFC 7042, 2.1.2: 00-00-5E-00-53-xx is for documentation.
        all(
            Mac,
            &[
                "00-00-5E-00-53-01",
                "00:00:5e:00:53:ff",
                "0000.5e00.53af",
                "AC:DE:48:00:11:22",
                "02:00:5E:10:00:00:00:01",
                "00-00-5E-EF-10-00-00-01",
            ],
        );
        only(Mac, "00:00:5e:00:53:ff", "mac:00:00:5e:00:53:ff");
        only(Mac, "00:00:5e:00:53:ff", "add:00:00:5e:00:53:ff");
        only(Mac, "00:00:5e:00:53:ff", "eth0:00:00:5e:00:53:ff");
    }

    #[test]
    fn what_is_not_one() {
        none(&[
            "00:00:5e:00:53",
            "00:00:5e:00:53:ff:11",
            "00:00:5e:00:53:fg",
            "10:11:12",
            "00-00-5E-00-53-01-02-03-04",
            "abcd.efab.cdef",
            "a0:00:00:5e:00:53:ff:00:11:22:33:44:55:66:77:88",
            "x00:00:5e:00:53:ff",
            "20-11-22-10-11-12-13",
            "log-20-11-22-10-11-12",
            "backup-2026-11-22-10-11-12-13",
        ]);
    }
}
