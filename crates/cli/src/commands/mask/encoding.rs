//! Whether standard input is text in which anything can be found.

use std::io::{self, Cursor, ErrorKind, Read};

use crate::seal::Trouble;

/// How much is looked at, at the most.
const HEAD: usize = 4096;
/// With fewer bytes nothing is known yet: two characters of UTF-16.
const LEAST: usize = 4;

/// The input, whole, unless it begins as UTF-16 or UTF-32 does: what has zeros between its letters would come out as it is. Of a stream
/// no more is waited for than its first bytes, or its first line.
pub fn readable<R: Read>(mut input: R) -> Result<impl Read, Trouble> {
    let mut head = vec![0; HEAD];
    let mut length = 0;
    while length < LEAST && !head[..length].ends_with(b"\n") {
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

/// By a byte order mark (Unicode, 2.13), or since every other byte is zero beside one that is not.
fn is_wide(head: &[u8]) -> bool {
    let marked =
        head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") || head.starts_with(b"\0\0\xFE\xFF");
    let pairs = head.chunks_exact(2);
    let (all, wide) = (pairs.len(), pairs.filter(|pair| (pair[0] == 0) != (pair[1] == 0)).count());
    marked || (all > 1 && 2 * wide > all)
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
}
