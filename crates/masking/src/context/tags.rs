//! Tags of XML and HTML between a name and a number: `<phone type="home">…`, `<td>Phone</td><td>…`.

use crate::text::{Text, WIDE, WORD};

/// What only says how something looks, or that it is a cell.
const CELLS: [&[u8]; 8] = [b"td", b"th", b"dt", b"dd", b"b", b"span", b"strong", b"label"];

/// A tag, which ends right behind its `>`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag {
    pub start: usize,
    /// Where its name ends.
    pub name: usize,
    /// It ends an element, or is all of one.
    pub closes: bool,
    /// It is all of one: `<td/>`.
    pub empty: bool,
    pub cell: bool,
}

/// The tag that ends there, if all of it is behind `from`.
pub(super) fn ending(text: Text<'_>, end: usize, from: usize) -> Option<Tag> {
    let inside = end.checked_sub(1).filter(|at| text.get(*at) == b'>')?;
    let mut start = inside;
    while start > from && !matches!(text.get(start - 1), b'<' | b'>' | b'\n') {
        start -= 1;
    }
    if start <= from || text.get(start - 1) != b'<' {
        return None;
    }
    let ends = text.get(start) == b'/';
    let first = start + usize::from(ends);
    // A name can have a prefix, hyphens and full stops (XML 1.0, section 2.3).
    let of_name = |at: &usize| text.is(*at, WORD) || matches!(text.get(*at), b':' | b'-' | b'.');
    let length = (first..inside).take_while(of_name).count();
    let name = text.slice(first, first + length);
    let cell = CELLS.iter().any(|cell| cell.eq_ignore_ascii_case(name));
    let whole = length > 0 && !text.is(first + length, WIDE);
    let empty = text.get(inside - 1) == b'/';
    whole.then_some(Tag { start: start - 1, name: first + length, closes: ends || empty, empty, cell })
}
