//! Masking JSON so that it stays JSON.
//!
//! What an escape hides from whoever reads the text as it stands is found here: `john\u0040example.com`, the number behind a
//! `\t`, whose `t` would be a letter before it, the quotes of a local part. So the text is searched as it reads, with the escapes of
//! its strings replaced by what they mean and a zero byte, which belongs to nothing and is a line's end to rules of the caller's own,
//! where a string, number or word begins and ends: in place of its quotes, or beside what stands there, since commas and brackets say
//! what is a list. The words before a number may be the name of its member, or of the object that it is the `value` of. What is found is replaced
//! where it stands; every other byte stays as it is.

use std::ops::Range;

use serde::de::IgnoredAny;

use crate::custom::EDGE;
use crate::finder::Finding;
use crate::kind::Kind;
use crate::mask::Masker;

use members::Members;

mod members;

/// What an escape is read as that names half a character.
const REPLACEMENT: &str = "\u{FFFD}";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// A string without its quotes, or a number or word that has none.
#[derive(Debug)]
struct Scalar {
    read: Range<usize>,
    /// Where it begins as it stands.
    stands: usize,
    bare: bool,
}

/// An escape: where it is in what is read, and where it stands.
#[derive(Debug)]
struct Escape {
    read: Range<usize>,
    stands: Range<usize>,
}

/// JSON as it reads.
#[derive(Debug, Default)]
struct Reading {
    /// What it reads as, behind what it is called.
    text: Vec<u8>,
    /// Where it begins in there.
    from: usize,
    scalars: Vec<Scalar>,
    escapes: Vec<Escape>,
}

impl Reading {
    /// Reads what is called this, or nothing.
    fn new(name: &[u8], json: &[u8]) -> Self {
        // A number takes two bytes more than it has, and few lines are so full of them that this is not enough.
        let room = name.len() + 1 + json.len() + json.len() / 4;
        let mut reading = Self { text: Vec::with_capacity(room), ..Self::default() };
        if !name.is_empty() {
            reading.text.extend_from_slice(name);
            reading.text.push(b':');
        }
        reading.from = reading.text.len();
        let mut members = Members::of(0..name.len());
        let mut at = 0;
        while let Some(byte) = json.get(at) {
            match byte {
                b'"' => at = reading.string(json, at + 1),
                b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                    let bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
                    let length = json[at..].iter().take_while(|byte| bare(byte)).count();
                    reading.scalar(at, true, |text, _| text.extend_from_slice(&json[at..at + length]));
                    at += length;
                }
                byte => {
                    reading.text.push(*byte);
                    reading.sign(*byte, &mut members);
                    at += 1;
                }
            }
        }
        reading
    }

    /// Follows what is a member of what. Before a name that says nothing by itself the name of what is around it is read again.
    fn sign(&mut self, byte: u8, members: &mut Members) {
        match byte {
            b'{' | b'[' => members.opens(),
            b'}' | b']' => members.closes(),
            b':' => {
                let name = self.scalars.last().map(|scalar| scalar.read.clone()).unwrap_or_default();
                let before = name.start.saturating_sub(1);
                if let Some(around) = members.begins(&self.text, name) {
                    self.say_before(before, around);
                }
            }
            _ => {}
        }
    }

    /// Puts what is read there before a place in the last scalar, or right before it: what stands behind its name stays as it is, for the
    /// rules of the caller's own.
    fn say_before(&mut self, place: usize, name: Range<usize>) {
        let more = name.len() + 1;
        self.text.extend_from_within(name);
        self.text.push(b':');
        self.text[place..].rotate_right(more);
        let shift = |read: &mut Range<usize>| *read = read.start + more..read.end + more;
        if let Some(last) = self.scalars.last_mut() {
            shift(&mut last.read);
        }
        let escapes = self.escapes.iter_mut().rev().take_while(|escape| escape.read.start >= place);
        escapes.for_each(|escape| shift(&mut escape.read));
    }

    /// Reads a string from behind its first quote, and says where it goes on behind its last.
    fn string(&mut self, json: &[u8], at: usize) -> usize {
        let mut end = at;
        self.scalar(at, false, |text, escapes| {
            end = unescaped(json, at, text, |escape| escapes.push(escape));
        });
        end + 1
    }

    /// Notes what begins there, between zero bytes.
    fn scalar(&mut self, at: usize, bare: bool, read: impl FnOnce(&mut Vec<u8>, &mut Vec<Escape>)) {
        self.text.push(EDGE);
        let start = self.text.len();
        read(&mut self.text, &mut self.escapes);
        self.scalars.push(Scalar { read: start..self.text.len(), stands: at, bare });
        self.text.push(EDGE);
    }

    /// Where the part of a scalar stands that reads so. Of an escape it is all.
    fn stands(&self, scalar: &Scalar, read: &Range<usize>) -> Range<usize> {
        let behind = |place: usize| {
            // The last escape that begins before it.
            let at = self.escapes.partition_point(|escape| escape.read.start < place);
            let last = at.checked_sub(1).and_then(|at| self.escapes.get(at));
            last.filter(|escape| escape.read.start >= scalar.read.start)
        };
        let start = match behind(read.start) {
            Some(escape) if read.start < escape.read.end => escape.stands.start,
            Some(escape) => read.start - escape.read.end + escape.stands.end,
            None => read.start - scalar.read.start + scalar.stands,
        };
        let end = match behind(read.end) {
            Some(escape) if read.end < escape.read.end => escape.stands.end,
            Some(escape) => read.end - escape.read.end + escape.stands.end,
            None => read.end - scalar.read.start + scalar.stands,
        };
        start..end
    }
}

/// Appends what a string means from there to its last quote, and says where that is.
fn unescaped(json: &[u8], mut at: usize, text: &mut Vec<u8>, mut note: impl FnMut(Escape)) -> usize {
    loop {
        let rest = json.get(at..).unwrap_or_default();
        let end = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        text.extend_from_slice(&rest[..end]);
        at += end;
        if json.get(at) != Some(&b'\\') {
            return at;
        }
        let (length, meaning) = escape(&json[at..]);
        let from = text.len();
        let mut buffer = [0; 4];
        let meaning = meaning.map_or(REPLACEMENT, |meaning| meaning.encode_utf8(&mut buffer));
        text.extend_from_slice(meaning.as_bytes());
        note(Escape { read: from..text.len(), stands: at..at + length });
        at += length;
    }
}

/// How long the escape is that begins there, and what it means.
fn escape(text: &[u8]) -> (usize, Option<char>) {
    let simple = |meaning| (2.min(text.len()), Some(meaning));
    match text.get(1) {
        Some(b'n') => simple('\n'),
        Some(b't') => simple('\t'),
        Some(b'r') => simple('\r'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'u') => unicode(text),
        Some(byte) if byte.is_ascii() => simple(char::from(*byte)),
        _ => (1, None),
    }
}

fn unicode(text: &[u8]) -> (usize, Option<char>) {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(text.get(at..at + 4)?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(2) else { return (2, None) };
    let pair = text.get(6..8) == Some(b"\\u") && (0xD800..0xDC00).contains(&first);
    let second = if pair { unit(8) } else { None };
    let whole = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    match whole {
        Some(character) => (12, Some(character)),
        None => (6, char::from_u32(u32::from(first))),
    }
}

/// Appends what a JSON string means, of its text with the quotes. Half of a pair of surrogates, which the grammar allows and no text
/// can have (RFC 8259, 8.2), is read as U+FFFD. What is no string has no meaning that could be relied on.
///
/// ```
/// let mut out = Vec::new();
/// masking::read_string(br#""caf\u00e9 \ud83d""#, &mut out);
/// assert_eq!(out, "café \u{FFFD}".as_bytes());
/// ```
pub fn read_string(json: &[u8], out: &mut Vec<u8>) {
    unescaped(json, 1, out, |_| {});
}

/// Writes bytes as a part of a string.
fn quote(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            byte => out.push(*byte),
        }
    }
}

impl Masker {
    /// Masks a JSON text so that it stays JSON, and says how many findings there were: strings as they read, with their escapes
    /// and behind the name of their member; names too; a number of which something is found becomes a string. `None`, with nothing appended, if it is no JSON: then it is for
    /// [`Self::mask`].
    ///
    /// ```
    /// # let masker = masking::Masker::default();
    /// let mut out = Vec::new();
    /// masker.mask_json(br#"{"to":"john\u0040example.com","phone":2125550123}"#, &mut out);
    /// assert_eq!(out, br#"{"to":"j***@example.com","phone":"******0123"}"#);
    /// ```
    pub fn mask_json(&self, text: &[u8], out: &mut Vec<u8>) -> Option<u64> {
        self.mask_json_with(text, |kind, value, out| self.write(kind, value, out), out)
    }

    /// The same with `write` for what is written for each finding: its kind, and what of it is in one string, number or name.
    ///
    /// ```
    /// # let masker = masking::Masker::default();
    /// let mut out = Vec::new();
    /// let text = br#"{"to":"john\u0040example.com"}"#;
    /// masker.mask_json_with(text, |kind, value, out| out.extend_from_slice(format!("{kind}:{}", value.len()).as_bytes()), &mut out);
    /// assert_eq!(out, br#"{"to":"email:16"}"#);
    /// ```
    pub fn mask_json_with(
        &self,
        text: &[u8],
        mut write: impl FnMut(Kind, &[u8], &mut Vec<u8>),
        out: &mut Vec<u8>,
    ) -> Option<u64> {
        self.write_json(b"", text, true, |_| false, &mut write, out)
    }

    /// [`Self::mask_json`] with numbers left as they are: for JSON whose numbers are counts, and whose readers rely on it.
    ///
    /// ```
    /// # let masker = masking::Masker::default();
    /// let mut out = Vec::new();
    /// masker.mask_json_strings(br#"{"phone":"2125550123","phones":2125550123}"#, &mut out);
    /// assert_eq!(out, br#"{"phone":"******0123","phones":2125550123}"#);
    /// ```
    pub fn mask_json_strings(&self, text: &[u8], out: &mut Vec<u8>) -> Option<u64> {
        self.mask_json_strings_but(text, |_| false, out)
    }

    /// The same, with strings left as they are of which `stays` is true: those that hold an answer together, such as ids. It is
    /// asked only of strings in which something is found, and of each as it reads, without quotes and escapes.
    ///
    /// ```
    /// # use masking::{CustomRule, Masker, Rules};
    /// let day = CustomRule { name: "day".into(), pattern: "[0-9]{4}-[0-9]{2}-[0-9]{2}".into(), mode: None };
    /// let masker = Masker::new(&Rules { custom: vec![day], ..Rules::default() })?;
    /// let mut out = Vec::new();
    /// masker.mask_json_strings_but(br#"["2026-03-02","2026-03-02T09"]"#, |text| text.ends_with(b"T09"), &mut out);
    /// assert_eq!(out, br#"["***","2026-03-02T09"]"#);
    /// # Ok::<(), masking::RulesError>(())
    /// ```
    pub fn mask_json_strings_but(
        &self,
        text: &[u8],
        stays: impl Fn(&[u8]) -> bool,
        out: &mut Vec<u8>,
    ) -> Option<u64> {
        self.write_json(b"", text, false, stays, &mut |kind, value, out| self.write(kind, value, out), out)
    }

    /// [`Self::mask_json`] of a text that stands behind this name: the name may be the word before a number, and is not written.
    pub(crate) fn mask_json_behind(&self, name: &[u8], text: &[u8], out: &mut Vec<u8>) -> Option<u64> {
        self.write_json(
            name,
            text,
            true,
            |_| false,
            &mut |kind, value, out| self.write(kind, value, out),
            out,
        )
    }

    fn write_json(
        &self,
        name: &[u8],
        text: &[u8],
        numbers: bool,
        stays: impl Fn(&[u8]) -> bool,
        write: Write<'_>,
        out: &mut Vec<u8>,
    ) -> Option<u64> {
        let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
        if !matches!(first, Some(b'{' | b'[' | b'"')) || serde_json::from_slice::<IgnoredAny>(text).is_err() {
            return None;
        }
        let reading = Reading::new(name, text);
        let mut findings = 0;
        let mut writer =
            Writer { write, reading: &reading, json: text, out, masked: Vec::new(), done: 0, open: None };
        let mut scalars = reading.scalars.iter().enumerate().peekable();
        // What was said of the last string that was asked for: one may have many findings.
        let mut asked = None;
        for Finding { kind, range } in self.find_from(&reading.text, reading.from) {
            let mut replaced = false;
            // Only a rule of the caller's own goes over the end of a string: then each part is masked.
            while let Some((at, scalar)) = scalars.peek() {
                let part = scalar.read.start.max(range.start)..scalar.read.end.min(range.end);
                let mut stays = || match asked {
                    Some((of, said)) if of == *at => said,
                    _ => {
                        let said = reading.text.get(scalar.read.clone()).is_some_and(&stays);
                        asked = Some((*at, said));
                        said
                    }
                };
                if !part.is_empty() && (numbers || !scalar.bare) && !stays() {
                    writer.replace(*at, scalar.bare, kind, &part);
                    replaced = true;
                }
                if scalar.read.end >= range.end {
                    break;
                }
                scalars.next();
            }
            // A name that is read again was found where it stands.
            findings += u64::from(replaced);
        }
        writer.finish();
        Some(findings)
    }

    /// Masks lines, each as JSON if it is JSON and as text otherwise, and says how many findings there were.
    pub fn mask_lines(&self, lines: &[u8], out: &mut Vec<u8>) -> u64 {
        lines
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| self.mask_json(line, out).unwrap_or_else(|| self.mask(line, out)))
            .sum()
    }
}

/// What is written for a finding.
type Write<'a> = &'a mut dyn FnMut(Kind, &[u8], &mut Vec<u8>);

/// Writes the text with what is replaced.
struct Writer<'a> {
    write: Write<'a>,
    reading: &'a Reading,
    json: &'a [u8],
    out: &'a mut Vec<u8>,
    /// What is written for a finding, before it is quoted.
    masked: Vec<u8>,
    /// Until where it is written.
    done: usize,
    /// A number or word that was made a string, and where that ends.
    open: Option<(usize, usize)>,
}

impl Writer<'_> {
    fn replace(&mut self, scalar: usize, bare: bool, kind: Kind, part: &Range<usize>) {
        let read = &self.reading.scalars[scalar];
        let here = matches!(self.open, Some((open, _)) if open == scalar);
        if !here {
            self.close();
        }
        if bare && !here {
            let whole = self.reading.stands(read, &read.read);
            self.copy(whole.start);
            self.out.push(b'"');
            self.open = Some((scalar, whole.end));
        }
        let stands = self.reading.stands(read, part);
        self.copy(stands.start);
        self.masked.clear();
        (self.write)(kind, &self.reading.text[part.clone()], &mut self.masked);
        quote(&self.masked, self.out);
        self.done = stands.end;
    }

    fn copy(&mut self, until: usize) {
        self.out.extend_from_slice(&self.json[self.done.min(until)..until]);
        self.done = self.done.max(until);
    }

    /// Ends what was made a string.
    fn close(&mut self) {
        if let Some((_, end)) = self.open.take() {
            self.copy(end);
            self.out.push(b'"');
        }
    }

    fn finish(mut self) {
        self.close();
        self.copy(self.json.len());
    }
}

#[cfg(test)]
mod tests;
