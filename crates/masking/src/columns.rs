//! Tables for development: what becomes of each column, as data. Every column is decided on, or nothing is masked: what nobody
//! thought of must not pass.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::RulesError;
use crate::kind::Kind;
use crate::kinds::aws;
use crate::mask::Masker;
use crate::rules::{Mode, Rules, refused_hash};
use crate::token::Tokens;
use crate::write;

/// What becomes of a column's values. An empty value stays empty: that nothing is there can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It stays.
    Keep,
    /// Text in which personal data is found and masked by the rules.
    Text,
    /// Nothing is left of it.
    Empty,
    /// A whole number between 10^15 and 2^53 that stands for it: for keys that are numbers.
    Number,
    /// All of it is written so.
    Whole(Mode),
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What becomes of its values.
    pub what: What,
    /// What they are, where that matters for how they are compared and shown.
    pub kind: Option<Kind>,
    /// What they are the same as: columns of one field have the same token for the same value, in every table. If it is not said, the
    /// kind's name, as in text; without a kind, the column's.
    pub field: Option<String>,
}

/// What to do with columns that are not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// Nothing is masked before somebody decides.
    #[default]
    Refuse,
    /// Each is text.
    Text,
    /// Nothing is left of them.
    Empty,
}

/// What becomes of each column, by name. As data:
///
/// ```yaml
/// columns:
///   CustomerId: {what: number, field: customer}
///   Email: {what: token_shape, kind: email}
///   FirstName: redact
///   Comments: text
///   Total: keep
/// others: refuse             # or text, or empty
/// rules: {default: redact}   # for text
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// By name.
    #[serde(deserialize_with = "or_none")]
    pub columns: BTreeMap<String, Column>,
    /// For every column that is not named.
    pub others: Others,
    /// For text.
    #[serde(deserialize_with = "or_none")]
    pub rules: Rules,
}

/// Reads what has nothing behind its name as nothing, as it is in YAML when all lines below are taken away.
pub fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What a column can be.
const NAMES: &str = "a column is keep, text, empty, number, redact, stars, partial, token or token_shape";

impl What {
    /// Reads a name.
    pub fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "keep" => Self::Keep,
            "text" => Self::Text,
            "empty" => Self::Empty,
            "number" => Self::Number,
            "off" => return Err("write keep for a column that stays as it is".to_owned()),
            "redact" | "stars" | "partial" | "token" | "token_shape" => Self::Whole(Mode::named(name)?),
            other => return Err(refused_hash(other).unwrap_or_else(|| NAMES.to_owned())),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    what: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    field: Option<String>,
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Column;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word such as redact, or {what: …, kind: …, field: …}")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Column, E> {
                Ok(Column { what: What::named(name).map_err(E::custom)?, kind: None, field: None })
            }

            // `off` is a word of YAML's own.
            fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Column, E> {
                Err(E::custom(What::named(if yes { "yes" } else { "off" }).err().unwrap_or_default()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Column, A::Error> {
                let long = Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let kind = |name: String| one_kind(&name).map_err(de::Error::custom);
                let what = What::named(&long.what).map_err(de::Error::custom)?;
                Ok(Column { what, kind: long.kind.map(kind).transpose()?, field: long.field })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// The kind of a column's values. Of groups only `ip` is one: which version an address is of can be seen.
fn one_kind(name: &str) -> Result<Kind, RulesError> {
    if let Some(kind) = Kind::ALL.iter().copied().find(|kind| kind.name() == name) {
        return Ok(kind);
    }
    match Kind::named(name).next() {
        Some(Kind::Ipv4 | Kind::Ipv6) => Ok(Kind::Ipv4),
        Some(_) => Err(RulesError::Group(name.to_owned())),
        None => Err(RulesError::NoKind(name.chars().take(40).collect())),
    }
}

/// Columns, ready to mask values.
#[derive(Debug)]
pub struct Table {
    masker: Masker,
    tokens: Option<Tokens>,
    columns: BTreeMap<String, Column>,
    others: Others,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'t> {
    table: &'t Table,
    name: &'t str,
    what: What,
    kind: Option<Kind>,
    field: Option<&'t str>,
}

impl Table {
    /// By columns; with tokens if any of them, or of the rules, makes some.
    pub fn new(columns: &Columns, tokens: Option<Tokens>) -> Result<Self, RulesError> {
        let keyed = |column: &Column| match column.what {
            What::Number => true,
            What::Whole(mode) => mode.needs_key(),
            What::Keep | What::Text | What::Empty => false,
        };
        if tokens.is_none() && columns.columns.values().any(keyed) {
            return Err(RulesError::NoKey);
        }
        let masker = match &tokens {
            Some(tokens) => Masker::with_tokens(&columns.rules, tokens.clone())?,
            None => Masker::new(&columns.rules)?,
        };
        Ok(Self { masker, tokens, columns: columns.columns.clone(), others: columns.others })
    }

    /// The names of the columns that were decided on.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// Whether this column was decided on by its name.
    pub fn is_named(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }

    /// Whether a column that was decided on is in what has this name: `address.city` is in `address`.
    pub fn leads_into(&self, name: &str) -> bool {
        let inside = format!("{name}.");
        let next = self.columns.range::<str, _>((Bound::Included(inside.as_str()), Bound::Unbounded)).next();
        next.is_some_and(|(column, _)| column.starts_with(&inside))
    }

    /// Whether this is the name of a column that was decided on, or of an object that such a column is in: `address` if there is
    /// `address.city`.
    pub fn leads_to(&self, name: &str) -> bool {
        self.is_named(name) || self.leads_into(name)
    }

    /// Appends a text in which personal data is masked by the rules; `***` if nothing would be found in it.
    pub fn text(&self, text: &[u8], out: &mut Vec<u8>) {
        if hides(text) {
            write::stars(out);
        } else {
            self.masker.mask(text, out);
        }
    }

    /// The column of this name; `None` if nobody decided on it.
    pub fn column<'t>(&'t self, name: &'t str) -> Option<Cell<'t>> {
        let Some(column) = self.columns.get(name) else {
            let what = match self.others {
                Others::Refuse => return None,
                Others::Text => What::Text,
                Others::Empty => What::Empty,
            };
            return Some(Cell { table: self, name, what, kind: None, field: None });
        };
        let field = column.field.as_deref();
        Some(Cell { table: self, name, what: column.what, kind: column.kind, field })
    }
}

impl Cell<'_> {
    /// What becomes of it.
    pub fn what(&self) -> What {
        self.what
    }

    /// What this value is. A column of addresses has those of either version: the first sign between their numbers differs.
    fn kind_of(&self, value: &[u8]) -> Option<Kind> {
        match self.kind {
            Some(Kind::Ipv4 | Kind::Ipv6) => {
                let sign = value.iter().find(|byte| matches!(byte, b'.' | b':'));
                Some(if sign == Some(&b':') { Kind::Ipv6 } else { Kind::Ipv4 })
            }
            kind => kind,
        }
    }

    /// Appends what stands for a value, as text.
    pub fn write(&self, value: &[u8], out: &mut Vec<u8>) {
        // Of a kind that is not known, a value is compared as it is, and nothing of it is shown.
        let known = self.kind_of(value);
        let kind = known.unwrap_or(Kind::Custom(0));
        let field = self.field.or(known.map(Kind::name)).unwrap_or(self.name);
        match (self.what, &self.table.tokens) {
            (What::Empty, _) => {}
            _ if value.is_empty() => {}
            (What::Keep | What::Whole(Mode::Off), _) => out.extend_from_slice(value),
            (What::Text, _) => self.text(value, out),
            (What::Whole(Mode::Redact), _) => write::redact(known.map_or("masked", Kind::name), out),
            (What::Whole(Mode::Partial), _) => write::partial(kind, value, out),
            (What::Whole(Mode::Token), Some(tokens)) => {
                tokens.write(field, kind, known.map_or("token", Kind::name), value, out);
            }
            (What::Whole(Mode::TokenShape), Some(tokens)) => {
                tokens.write_shape(field, kind, value, out);
            }
            (What::Number, Some(tokens)) => {
                out.extend_from_slice(tokens.number(field, kind, value).to_string().as_bytes());
            }
            // Without a key nobody gets here: the columns were refused.
            (What::Whole(Mode::Stars | Mode::Token | Mode::TokenShape) | What::Number, _) => {
                write::stars(out);
            }
        }
    }

    /// Appends a text in which personal data is masked by the rules: a document as one, and so each line that is one; of what is none the
    /// first line, and those that are numbers, behind the column's name, which may be what a number is called. Where nothing would be
    /// found, `***`.
    fn text(&self, value: &[u8], out: &mut Vec<u8>) {
        if hides(value) {
            return write::stars(out);
        }
        if self.json(value, out) {
            return;
        }
        let (mut plain, mut at) = (0, 0);
        if value.contains(&b'\n') {
            let mut document = Vec::new();
            for line in value.split_inclusive(|byte| *byte == b'\n') {
                let start = at;
                at += line.len();
                if self.json(line, &mut document) {
                    self.lines(&value[plain..start], out);
                    out.append(&mut document);
                    plain = at;
                }
            }
        }
        self.lines(&value[plain..], out);
    }

    /// The same for lines that are no documents.
    fn lines(&self, lines: &[u8], out: &mut Vec<u8>) {
        let masker = &self.table.masker;
        // Only numbers and secrets need to be called something.
        if lines.len() >= aws::SECRET || lines.iter().any(u8::is_ascii_digit) {
            masker.mask_behind(&self.word(), lines, out);
        } else {
            masker.mask(lines, out);
        }
    }

    /// Appends a JSON text in which personal data is masked by the rules, behind the column's name, so that it stays JSON: a string of stars
    /// if nothing would be found in one of it. `false`, with nothing appended, if it is none, or nested too deep to be read.
    pub fn json(&self, json: &[u8], out: &mut Vec<u8>) -> bool {
        let before = out.len();
        if self.table.masker.mask_json_behind(&self.word(), json, out).is_none() {
            return false;
        }
        if has_zero(json) {
            out.truncate(before);
            out.extend_from_slice(b"\"***\"");
            out.extend_from_slice(&json[json.trim_ascii_end().len()..]);
        }
        true
    }

    /// The column's name as one word before its values: a full stop, as in the path of a member, would end what a number is called.
    fn word(&self) -> Vec<u8> {
        self.name.bytes().map(|byte| if byte == b'.' { b'_' } else { byte }).collect()
    }
}

/// Whether a string of it has a zero byte: behind an even number of backslashes, which stand for half as many.
fn has_zero(json: &[u8]) -> bool {
    let is_escape = |at: usize| json[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0;
    memchr::memmem::find_iter(json, b"\\u0000").any(is_escape)
}

/// Whether a text could be in there that is not found: with zeros between its letters, as UTF-16 has them.
fn hides(text: &[u8]) -> bool {
    memchr::memchr(0, text).is_some()
}

#[cfg(test)]
mod tests;
