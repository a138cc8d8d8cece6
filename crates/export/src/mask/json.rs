//! Masks a JSON document in its own bytes: what is not masked stays as it was written, with its numbers, its
//! spaces, the order of its members, and members that stand there twice.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalog::ObjectContent;
use domain::export::Datum;

use super::words::{Words, is_personal_name, may_be_of_the_form};

/// The largest document.
pub const LARGEST: usize = 4 << 20;

/// The deepest document: as deep as `serde_json` reads.
const DEEPEST: usize = 127;

/// Why a document cannot be masked. It must not be given to anybody then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReadable {
    /// It is longer than [`LARGEST`].
    #[error("the document is larger than 4 MiB")]
    Large,
    /// It is no JSON.
    #[error("the document is no JSON in UTF-8")]
    Json,
    /// It is nested too deeply.
    #[error("the document is nested too deeply")]
    Deep,
    /// A rule is none.
    #[error("a rule of the catalog is no JSON pointer")]
    Pointer,
}

/// Masks what the pointers of the catalog point at, and the same texts elsewhere in the document; says how many
/// values that were. `own` are the person's identities.
pub fn json(content: &ObjectContent, bytes: &[u8], own: &[&str]) -> Result<(Vec<u8>, u64), NotReadable> {
    if bytes.len() > LARGEST {
        return Err(NotReadable::Large);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NotReadable::Json)?;
    // From here on it is known to be JSON, so that the reader below need not ask.
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| NotReadable::Json)?;
    let pointers = content.others.iter().map(|p| pointer(p)).collect::<Result<Vec<_>, _>>()?;
    let mut finder = Finder { text, pointers: &pointers, found: Vec::new() };
    let all: Vec<(usize, usize)> = (0..pointers.len()).map(|n| (n, 0)).collect();
    finder.value(skip_blanks(text, 0), &all, 0)?;
    let found = finder.found;
    let words = words(text, &found, own).ok_or(NotReadable::Json)?;
    write(text, &found, &words)
}

/// What was found, as texts to be looked for; `None` if one has half of a pair of surrogates.
fn words(text: &str, found: &[(usize, usize)], own: &[&str]) -> Option<Words> {
    let mut words = Words::new(own);
    let mut names = BTreeSet::new();
    for (from, to) in found {
        each(&text[*from..*to], |token| {
            match token {
                Token::Text(text) => words.add_other(&text?),
                Token::Name(name) => {
                    names.insert(name?);
                }
            }
            Some(())
        })?;
    }
    names.retain(|name| is_personal_name(name));
    if !names.is_empty() {
        // What stands elsewhere as a name too is how the document is made.
        let ends = found.iter().map(|(_, to)| *to);
        let begins = found.iter().map(|(from, _)| *from);
        for (from, to) in [0].into_iter().chain(ends).zip(begins.chain([text.len()])) {
            each(&text[from..to], |token| {
                if let Token::Name(Some(name)) = token
                    && may_be_of_the_form(&name)
                {
                    names.remove(&name);
                }
                Some(())
            })?;
        }
        for name in &names {
            words.add_other(name);
        }
    }
    words.ready();
    Some(words)
}

fn write(text: &str, found: &[(usize, usize)], words: &Words) -> Result<(Vec<u8>, u64), NotReadable> {
    let mut out = Vec::with_capacity(text.len() + 1024);
    let mut masked = 0;
    let mut targets = found.iter().copied().peekable();
    let (mut at, mut done) = (0, 0);
    let bytes = text.as_bytes();
    // Of each object that is open, how many of its members have a name that became this one.
    let mut renamed: Vec<BTreeMap<String, u32>> = Vec::new();
    let mut replace = |from: usize, done: usize, with: &str| {
        out.extend_from_slice(&bytes[done..from]);
        crate::rows::json_string(with, &mut out);
        masked += 1;
    };
    while at < bytes.len() {
        if targets.peek().is_some_and(|(from, _)| *from == at) {
            let Some((_, to)) = targets.next() else { break };
            replace(at, done, Datum::MASKED);
            (at, done) = (to, to);
            continue;
        }
        let end = token_end(text, at);
        if !words.is_empty() {
            match bytes[at] {
                b'{' => renamed.push(BTreeMap::new()),
                b'}' => drop(renamed.pop()),
                _ => {}
            }
            let clean = match bytes[at] {
                b'"' => {
                    let clean = words.clean(&decode(&text[at..end]).ok_or(NotReadable::Json)?);
                    let scope = renamed.last_mut().filter(|_| is_name(text, end));
                    // A reader would lose one of two members of the same name.
                    clean.map(|clean| match scope {
                        Some(scope) => {
                            let n = scope.entry(clean.clone()).or_default();
                            *n += 1;
                            super::numbered(&clean, *n)
                        }
                        None => clean,
                    })
                }
                b'-' | b'0'..=b'9' if words.is_other(&text[at..end]) => Some(Datum::MASKED.to_owned()),
                _ => None,
            };
            if let Some(clean) = clean {
                replace(at, done, &clean);
                done = end;
            }
        }
        at = end;
    }
    out.extend_from_slice(&bytes[done..]);
    Ok((out, masked))
}

/// The steps of a pointer (RFC 6901).
fn pointer(text: &str) -> Result<Vec<String>, NotReadable> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let steps = text.strip_prefix('/').ok_or(NotReadable::Pointer)?;
    Ok(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

/// Finds what pointers point at, in the order of the text; nothing inside of what was found.
struct Finder<'a> {
    text: &'a str,
    pointers: &'a [Vec<String>],
    found: Vec<(usize, usize)>,
}

impl Finder<'_> {
    /// Reads the value that begins here, and gives where it ends. `active` are the pointers that lead here,
    /// each with how many of its steps are done.
    fn value(&mut self, at: usize, active: &[(usize, usize)], depth: usize) -> Result<usize, NotReadable> {
        if depth > DEEPEST {
            return Err(NotReadable::Deep);
        }
        if active.iter().any(|(pointer, done)| self.pointers[*pointer].len() == *done) {
            let end = self.value(at, &[], depth)?;
            // Nothing and an empty text say nothing of anybody.
            if !matches!(&self.text[at..end], "null" | "\"\"") {
                self.found.push((at, end));
            }
            return Ok(end);
        }
        match self.text.as_bytes()[at] {
            b'{' => self.members(at + 1, active, depth),
            b'[' => self.items(at + 1, active, depth),
            _ => Ok(token_end(self.text, at)),
        }
    }

    fn members(
        &mut self,
        mut at: usize,
        active: &[(usize, usize)],
        depth: usize,
    ) -> Result<usize, NotReadable> {
        loop {
            at = skip_blanks(self.text, at);
            match self.text.as_bytes()[at] {
                b'}' => return Ok(at + 1),
                b',' => at += 1,
                _ => {
                    let end = token_end(self.text, at);
                    let name = if active.is_empty() { None } else { Some(decode(&self.text[at..end])) };
                    let name = name.map(|name| name.ok_or(NotReadable::Json)).transpose()?;
                    let next = name.map(|name| self.next(active, &name)).unwrap_or_default();
                    // Past the colon.
                    at = skip_blanks(self.text, skip_blanks(self.text, end) + 1);
                    at = self.value(at, &next, depth + 1)?;
                }
            }
        }
    }

    fn items(
        &mut self,
        mut at: usize,
        active: &[(usize, usize)],
        depth: usize,
    ) -> Result<usize, NotReadable> {
        let mut n = 0_usize;
        loop {
            at = skip_blanks(self.text, at);
            match self.text.as_bytes()[at] {
                b']' => return Ok(at + 1),
                b',' => at += 1,
                _ => {
                    let next = if active.is_empty() { Vec::new() } else { self.next(active, &n.to_string()) };
                    at = self.value(at, &next, depth + 1)?;
                    n += 1;
                }
            }
        }
    }

    fn next(&self, active: &[(usize, usize)], step: &str) -> Vec<(usize, usize)> {
        active
            .iter()
            .filter(|(pointer, done)| {
                self.pointers[*pointer].get(*done).is_some_and(|wanted| wanted == "*" || wanted == step)
            })
            .map(|(pointer, done)| (*pointer, done + 1))
            .collect()
    }
}

/// `None`, if it has half of a pair of surrogates.
enum Token {
    Name(Option<String>),
    Text(Option<String>),
}

/// Every name and text; stops when `take` does.
fn each(text: &str, mut take: impl FnMut(Token) -> Option<()>) -> Option<()> {
    let mut at = 0;
    while at < text.len() {
        let end = token_end(text, at);
        if text.as_bytes()[at] == b'"' {
            let decoded = decode(&text[at..end]);
            take(if is_name(text, end) { Token::Name(decoded) } else { Token::Text(decoded) })?;
        }
        at = end;
    }
    Some(())
}

/// Whether the text that ends here is the name of a member.
fn is_name(text: &str, end: usize) -> bool {
    text.as_bytes().get(skip_blanks(text, end)) == Some(&b':')
}

fn skip_blanks(text: &str, at: usize) -> usize {
    at + text.as_bytes()[at..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// Where the token ends that begins here. A mark and a blank are tokens of one byte.
fn token_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'"' => {
            let mut end = at + 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            (end + 1).min(bytes.len())
        }
        b'-' | b'0'..=b'9' | b'a'..=b'z' => {
            let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
            at + bytes[at..].iter().take_while(|b| is_part(b)).count()
        }
        _ => at + 1,
    }
}

fn decode(quoted: &str) -> Option<String> {
    if quoted.contains('\\') {
        return serde_json::from_str(quoted).ok();
    }
    Some(quoted[1..quoted.len() - 1].to_owned())
}
