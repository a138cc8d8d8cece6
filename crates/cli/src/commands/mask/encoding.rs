//! Whether standard input is text in which anything can be found.

use std::io::{self, Cursor, ErrorKind, Read};

use crate::seal::Trouble;

/// How much is looked at, at the most.
const HEAD: usize = 4096;
/// With fewer bytes nothing is known yet: two characters of UTF-32.
const LEAST: usize = 8;

/// The input, whole, unless it begins as UTF-16 or UTF-32 does: what has zeros between its letters would come out as it is. Of a stream
/// no more is waited for than its first bytes, or its first line.
pub fn readable<R: Read>(mut input: R) -> Result<impl Read, Trouble> {
    let mut head = vec![0; HEAD];
    let mut length = 0;
    // An empty line can be half of a line end, or a quarter; in any other without zeros there is something to see.
    let is_line = |head: &[u8]| head.len() > 1 && head.ends_with(b"\n") && !head.contains(&0);
    while length < LEAST && !is_line(&head[..length]) {
        match input.read(&mut head[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Trouble::Read(error)),
        }
    }
    head.truncate(length);
    if is_wide(&head) {
        let what = "standard input is UTF-16 or UTF-32, in which nothing would be found: make it UTF-8 first (iconv -f UTF-16 -t UTF-8)";
        return Err(Trouble::Input(what.to_owned(), false));
    }
    Ok(io::Read::chain(Cursor::new(head), input))
}

/// By a byte order mark (Unicode, 2.13); since every other byte is zero beside one that is not, or three of four are as UTF-32 has them; or,
/// in scripts whose letters have no zeros and their blanks do, since it is no UTF-8 and zeros stand at every other place alone.
fn is_wide(head: &[u8]) -> bool {
    let marked =
        head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") || head.starts_with(b"\0\0\xFE\xFF");
    let pairs = head.chunks_exact(2);
    let (all, wide) = (pairs.len(), pairs.filter(|pair| (pair[0] == 0) != (pair[1] == 0)).count());
    marked || (all > 1 && 2 * wide > all) || is_of_four(head) || (is_no_utf_8(head) && has_zeros_apart(head))
}

/// UTF-32 has no character above U+10FFFF.
fn is_of_four(head: &[u8]) -> bool {
    let characters = head.chunks_exact(4);
    let all = characters.len();
    let is_one = |four: &&[u8]| {
        let little = four[3] == 0 && four[2] <= 0x10;
        let big = four[0] == 0 && four[1] <= 0x10;
        four.iter().any(|byte| *byte != 0) && (little || big)
    };
    all > 1 && 2 * characters.filter(is_one).count() > all
}

/// What is cut off at the end is no mistake.
fn is_no_utf_8(head: &[u8]) -> bool {
    std::str::from_utf8(head).is_err_and(|error| error.error_len().is_some())
}

/// Whether one byte of thirty-two or more is zero, and all that are have the same place in their pairs.
fn has_zeros_apart(head: &[u8]) -> bool {
    let zeros = |place: usize| head.iter().skip(place).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    even.min(odd) == 0 && even.max(odd) >= 3 && 32 * even.max(odd) >= head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_texts_are_told_from_all_others() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        let line = "2026-11-23 from ines@example.com\n";
        assert!(is_wide(&wide(line)) && is_wide(&big(line)));
        assert!(is_wide(&wide("\u{feff}почта")) && is_wide(&big("\u{feff}почта")));
        assert!(is_wide(b"\xFF\xFE\0\0a\0\0\0") && is_wide(b"\0\0\xFE\xFF\0\0\0a"));
        let cyrillic = "Заявка клиента: ines@example.com, телефон +49 30 901820";
        assert!(is_wide(&wide(cyrillic)) && is_wide(&big(cyrillic)));
        let of_four = |text: &str, turn: fn(u32) -> [u8; 4]| {
            text.chars().map(u32::from).flat_map(turn).collect::<Vec<u8>>()
        };
        for text in [line, cyrillic, "ab"] {
            assert!(is_wide(&of_four(text, u32::to_le_bytes)) && is_wide(&of_four(text, u32::to_be_bytes)));
        }
        for text in [
            &b""[..],
            b"a",
            b"\n",
            line.as_bytes(),
            "\u{feff}почта".as_bytes(),
            b"\xFF\xFF",
            b"\0",
            b"a\0\n",
            &[0; 4096],
        ] {
            assert!(!is_wide(text), "{}", text.escape_ascii());
        }
        // A log that was cut at its beginning has a hole there, and zeros may stand anywhere.
        assert!(!is_wide(&[&[0; 99], line.as_bytes()].concat()));
        assert!(!is_wide(b"a\0ines@example.com"));
        // Latin-1, with a zero behind each of some texts.
        assert!(!is_wide(b"Gr\xF6\xDFe\0M\xFCller\0Stra\xDFe 7\0K\xF6ln am Rhein\0"));
        assert!(!is_wide(cyrillic.as_bytes()));
    }

    #[test]
    fn everything_is_read_again() {
        for text in [&b""[..], b"a", b"\n", b"ab\ncd", &[b'x'; 3 * HEAD]] {
            let mut out = Vec::new();
            let mut input = readable(text).unwrap_or_else(|_| panic!("text"));
            input.read_to_end(&mut out).expect("memory");
            assert_eq!(out, text);
        }
        assert!(matches!(readable(&b"\xFF\xFEa\0"[..]), Err(Trouble::Input(_, false))));
    }

    /// A stream whose first line is empty, byte by byte.
    #[test]
    fn half_a_line_end_is_waited_behind() {
        struct Bytes(Vec<u8>);

        impl Read for Bytes {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let (Some(to), false) = (into.first_mut(), self.0.is_empty()) else { return Ok(0) };
                *to = self.0.remove(0);
                Ok(1)
            }
        }

        let text = "\nines@example.com\n";
        for bytes in [
            text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ] {
            assert!(matches!(readable(Bytes(bytes)), Err(Trouble::Input(_, false))));
        }
        assert!(readable(Bytes(text.into())).is_ok());
    }
}
