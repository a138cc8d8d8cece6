//! Rules, ready to find and to mask.

use fearless_simd::Level;

use crate::custom::{Custom, EDGE};
use crate::error::RulesError;
use crate::finder::{Finder, Finding};
use crate::kind::{Kind, Set};
use crate::rules::{CustomRule, Mode, Modes, Rules};
use crate::stream::Stream;
use crate::token::Tokens;
use crate::write;

/// Finds and masks by rules. Made once and used often, from several threads if need be.
#[derive(Debug)]
pub struct Masker {
    modes: Modes,
    wanted: Set,
    custom: Option<Custom>,
    /// The names of the custom rules.
    names: Vec<String>,
    tokens: Option<Tokens>,
    level: Option<Level>,
}

impl Default for Masker {
    /// Every built-in kind, shown in part.
    fn default() -> Self {
        let modes = Modes::every(Mode::Partial);
        let wanted = modes.wanted();
        Self { modes, wanted, custom: None, names: Vec::new(), tokens: None, level: Some(Level::new()) }
    }
}

impl Masker {
    /// By rules none of which makes tokens.
    pub fn new(rules: &Rules) -> Result<Self, RulesError> {
        Self::build(rules, None)
    }

    /// By rules some of which make tokens.
    pub fn with_tokens(rules: &Rules, tokens: Tokens) -> Result<Self, RulesError> {
        Self::build(rules, Some(tokens))
    }

    fn build(rules: &Rules, tokens: Option<Tokens>) -> Result<Self, RulesError> {
        let modes = rules.modes()?;
        let custom: Vec<&CustomRule> = rules.custom().collect();
        let patterns = custom.iter().map(|rule| (rule.name.as_str(), rule.pattern.as_str()));
        let names = custom.iter().map(|rule| rule.name.clone()).collect();
        let custom = Custom::new(patterns)?;
        // Last, so that it says that nothing else is wrong.
        if tokens.is_none() && modes.need_key() {
            return Err(RulesError::NoKey);
        }
        let wanted = modes.wanted();
        Ok(Self { modes, wanted, custom, names, tokens, level: Some(Level::new()) })
    }

    /// The same without vector instructions: what other machines do, to be compared with.
    #[must_use]
    pub fn without_vectors(mut self) -> Self {
        self.level = None;
        self
    }

    /// The name of a kind; of a custom rule, its own.
    pub fn name(&self, kind: Kind) -> &str {
        match kind {
            Kind::Custom(rule) => self.names.get(usize::from(rule)).map_or("custom", String::as_str),
            kind => kind.name(),
        }
    }

    /// The findings in a text, in order and without overlaps. Allocates once, when the first is found.
    pub fn find<'m, 't>(&'m self, text: &'t [u8]) -> Finder<'m, 't> {
        self.find_from(text, 0)
    }

    pub(crate) fn find_from<'m, 't>(&'m self, text: &'t [u8], from: usize) -> Finder<'m, 't> {
        Finder::new(text, from, self.wanted, self.custom.as_ref(), self.level)
    }

    /// Appends the text to `out` with every finding masked, and says how many there were.
    pub fn mask(&self, text: &[u8], out: &mut Vec<u8>) -> u64 {
        let (mut done, mut count) = (0, 0);
        out.reserve(text.len());
        for finding in self.find(text) {
            out.extend_from_slice(&text[done..finding.range.start]);
            self.write(finding.kind, &text[finding.range.clone()], out);
            done = finding.range.end;
            count += 1;
        }
        out.extend_from_slice(&text[done..]);
        count
    }

    /// Whether a line of JSON can be masked otherwise as JSON than as text, which is faster by far: not where no escape hides anything,
    /// nothing is found, and nothing is in anything, whose name it could have. Rules of the caller's own may match the quotes.
    pub(crate) fn is_otherwise_as_json(&self, line: &[u8]) -> bool {
        let nests =
            |line: &[u8]| line.get(1..).is_some_and(|rest| memchr::memchr2(b'{', b'[', rest).is_some());
        self.custom.is_some()
            || memchr::memchr(b'\\', line).is_some()
            || nests(line)
            || self.find(line).next().is_some()
    }

    /// Appends a text that stands behind this name, masked: the name may be the word before a number, and is not written; each line that
    /// is a number and nothing else is behind it too. For rules of the caller's own the text is a line of its own.
    pub(crate) fn mask_behind(&self, name: &[u8], text: &[u8], out: &mut Vec<u8>) {
        // No more of a name is looked at, and it is written before each line.
        let name = &name[name.len().saturating_sub(LONGEST_NAME)..];
        let before = [name, &[b':', EDGE]].concat();
        let behind = |text: &[u8]| [&before, text].concat();
        let find = |text: &[u8], at: usize| {
            let shifted = |Finding { kind, range }: Finding| Finding {
                kind,
                range: range.start - before.len() + at..range.end - before.len() + at,
            };
            self.find_from(&behind(text), before.len()).map(shifted).collect::<Vec<_>>()
        };
        let mut found = find(text, 0);
        let (mut start, mut more) = (0, Vec::new());
        let mut known = found.iter().peekable();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let (from, to) = (start, start + line.len());
            start = to;
            while known.next_if(|known| known.range.end <= from).is_some() {}
            let is_known = known.peek().is_some_and(|known| known.range.start < to);
            if from > 0 && is_number(line) && !is_known {
                more.extend(find(line, from));
            }
        }
        found.extend(more);
        found.sort_by_key(|finding| finding.range.start);
        let mut done = 0;
        for Finding { kind, range } in found {
            out.extend_from_slice(&text[done..range.start]);
            self.write(kind, &text[range.clone()], out);
            done = range.end;
        }
        out.extend_from_slice(&text[done..]);
    }

    /// The same for text that comes in pieces.
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self, false)
    }

    /// The same for lines that come in pieces: one that is a JSON object or array of at most 65 KiB is masked as [`Self::mask_json`] does it,
    /// all others as text.
    pub fn stream_lines(&self) -> Stream<'_> {
        Stream::new(self, true)
    }

    /// Appends what stands for one value of this kind: for those who know what a value is, such as a column of a table. The field
    /// of its token is the kind's name.
    pub fn write(&self, kind: Kind, value: &[u8], out: &mut Vec<u8>) {
        self.write_in(self.name(kind), kind, value, out);
    }

    /// The same with a field of the caller's for its token.
    pub fn write_in(&self, field: &str, kind: Kind, value: &[u8], out: &mut Vec<u8>) {
        let name = self.name(kind);
        match (self.modes.of(kind), &self.tokens) {
            (Mode::Off, _) => out.extend_from_slice(value),
            (Mode::Redact, _) => write::redact(name, out),
            (Mode::Partial, _) => write::partial(kind, value, out),
            (Mode::Token, Some(tokens)) => tokens.write(field, kind, name, value, out),
            (Mode::TokenShape, Some(tokens)) => tokens.write_shape(field, kind, value, out),
            // Without a key nobody gets here: the rules were refused.
            (Mode::Stars | Mode::Token | Mode::TokenShape, _) => write::stars(out),
        }
    }
}

/// So much of a column's name is read, from its end, and more: a word before a number stands 64 bytes before it at the most.
const LONGEST_NAME: usize = 256;

/// Whether a line is digits and what stands between them.
fn is_number(line: &[u8]) -> bool {
    let between = |byte: u8| byte.is_ascii_whitespace() || b"+-./()".contains(&byte);
    line.iter().any(u8::is_ascii_digit) && line.iter().all(|byte| byte.is_ascii_digit() || between(*byte))
}
