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
    pub columns: BTreeMap<String, Column>,
    /// For every column that is not named.
    pub others: Others,
    /// For text.
    pub rules: Rules,
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

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Column, A::Error> {
                let long = Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let kind = |name: String| {
                    let kind = Kind::ALL.iter().copied().find(|kind| kind.name() == name);
                    let name: String = name.chars().take(40).collect();
                    kind.ok_or_else(|| de::Error::custom(RulesError::NoKind(name)))
                };
                let what = What::named(&long.what).map_err(de::Error::custom)?;
                Ok(Column { what, kind: long.kind.map(kind).transpose()?, field: long.field })
            }
        }

        deserializer.deserialize_any(Either)
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

    /// Whether this is the name of a column that was decided on, or of an object that such a column is in: `address` if there is
    /// `address.city`.
    pub fn leads_to(&self, name: &str) -> bool {
        let from = self
            .columns
            .range::<str, _>((Bound::Included(name), Bound::Unbounded))
            .map(|(column, _)| column.as_str());
        from.take_while(|column| column.starts_with(name))
            .any(|column| matches!(column.as_bytes().get(name.len()), None | Some(b'.')))
    }

    /// Appends a text in which personal data is masked by the rules.
    pub fn text(&self, text: &[u8], out: &mut Vec<u8>) {
        self.masker.mask(text, out);
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

    /// What its tokens are of.
    fn field(&self) -> &str {
        self.field.or(self.kind.map(Kind::name)).unwrap_or(self.name)
    }

    /// Appends what stands for a value, as text.
    pub fn write(&self, value: &[u8], out: &mut Vec<u8>) {
        // Of a kind that is not known, a value is compared as it is, and nothing of it is shown.
        let kind = self.kind.unwrap_or(Kind::Custom(0));
        let label = self.kind.map_or("masked", Kind::name);
        match (self.what, &self.table.tokens) {
            (What::Empty, _) => {}
            _ if value.is_empty() => {}
            (What::Keep | What::Whole(Mode::Off), _) => out.extend_from_slice(value),
            (What::Text, _) => self.text(value, out),
            (What::Whole(Mode::Redact), _) => write::redact(label, out),
            (What::Whole(Mode::Partial), _) => write::partial(kind, value, out),
            (What::Whole(Mode::Token), Some(tokens)) => {
                tokens.write(self.field(), kind, self.label(), value, out);
            }
            (What::Whole(Mode::TokenShape), Some(tokens)) => {
                tokens.write_shape(self.field(), kind, value, out);
            }
            (What::Number, Some(tokens)) => {
                out.extend_from_slice(tokens.number(self.field(), kind, value).to_string().as_bytes());
            }
            // Without a key nobody gets here: the columns were refused.
            (What::Whole(Mode::Stars | Mode::Token | Mode::TokenShape) | What::Number, _) => {
                write::stars(out);
            }
        }
    }

    /// Appends a text in which personal data is masked by the rules: a document as one, and of any other the first line and those that are
    /// numbers, behind the column's name, which may be what a number is called.
    fn text(&self, value: &[u8], out: &mut Vec<u8>) {
        let masker = &self.table.masker;
        if matches!(value.first(), Some(b'{' | b'[')) && self.json(value, out) {
            return;
        }
        // Only numbers and secrets need to be called something.
        if value.len() >= aws::SECRET || value.iter().any(u8::is_ascii_digit) {
            masker.mask_behind(&self.word(), value, out);
        } else {
            masker.mask(value, out);
        }
    }

    /// Appends a JSON text in which personal data is masked by the rules, behind the column's name, so that it stays JSON; `false`, with
    /// nothing appended, if it is none, or nested too deep to be read.
    pub fn json(&self, json: &[u8], out: &mut Vec<u8>) -> bool {
        self.table.masker.mask_json_behind(&self.word(), json, out).is_some()
    }

    /// The column's name as one word before its values: a full stop, as in the path of a member, would end what a number is called.
    fn word(&self) -> Vec<u8> {
        self.name.bytes().map(|byte| if byte == b'.' { b'_' } else { byte }).collect()
    }

    /// What a token begins with.
    fn label(&self) -> &str {
        self.kind.map_or("token", Kind::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(json: &str) -> Table {
        let columns: Columns = serde_json::from_str(json).expect("columns");
        Table::new(&columns, Some(Tokens::new(&[7; 32], "shop").expect("a key"))).expect("a table")
    }

    fn written(table: &Table, column: &str, value: &str) -> String {
        let mut out = Vec::new();
        table.column(column).expect("decided").write(value.as_bytes(), &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn each_column_becomes_what_was_decided() {
        let table = table(
            r#"{"columns": {"a": "keep", "b": "redact", "c": {"what": "partial", "kind": "email"}, "d": "partial", "e": "text",
                "f": "empty", "g": {"what": "redact", "kind": "phone"}, "h": "stars", "i": {"what": "partial", "kind": "phone"}}}"#,
        );
        let check =
            |column: &str, value: &str, expect: &str| assert_eq!(written(&table, column, value), expect);
        check("a", "Ines", "Ines");
        check("b", "Ines", "[masked]");
        check("c", "ines@example.com", "i***@example.com");
        check("d", "ines@example.com", "***");
        check("i", "212-555-0123", "***-***-0123");
        check("i", "1985-03-12 10", "***");
        check("e", "write to ines@example.com", "write to i***@example.com");
        check("f", "Ines", "");
        check("g", "anything", "[phone]");
        check("h", "Ines", "***");
        for column in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            check(column, "", "");
        }
        assert!(table.column("j").is_none());
    }

    #[test]
    fn a_text_is_a_line_of_its_own_to_rules_of_the_caller_s_own() {
        let table = table(
            r#"{"columns": {"phone": "text", "aws_secret_access_key": "text"}, "rules": {"custom": [
                {"name": "badge", "pattern": "^EMP-[0-9]{6}$", "mode": "redact"}, {"name": "end", "pattern": "[a-z]7$"}]}}"#,
        );
        let check = |value: &str, expect: &str| assert_eq!(written(&table, "phone", value), expect);
        check("EMP-123456", "[badge]");
        check("note\r\nEMP-123456\r\nx7\nx7 ", "note\r\n[badge]\r\n***\nx7 ");
        check("an EMP-123456", "an EMP-123456");
        check("[\"EMP-123456\"]", "[\"[badge]\"]");
        // The column's name is still the word before a number.
        check("2125550123", "******0123");
        check("2125550123\r\n(415) 555-0100\n", "******0123\r\n(***) ***-0100\n");
        let secret = "wJalrXUtnFEMIoKxMDENGobPxRfiCYEXAMPLEKEY";
        assert_eq!(written(&table, "aws_secret_access_key", secret), "***");
        check("at home\n2125550123\nSSN:\n123-45-6789\n7", "at home\n******0123\nSSN:\n***-**-6789\n7");
    }

    #[test]
    fn a_document_is_behind_its_column_s_name_too() {
        let table = table(
            r#"{"others": "text", "rules": {"custom": [{"name": "badge", "pattern": "^EMP-[0-9]{6}$", "mode": "redact"}]}}"#,
        );
        let check = |column: &str, value: &str, expect: &str| {
            assert_eq!(written(&table, column, value), expect, "{column}");
        };
        check("phones", "[2125550123, \"2125550124\"]", "[\"******0123\", \"******0124\"]");
        check("phone", "{\"number\":\"212\\u00355501\\u00323\"}", "{\"number\":\"******0123\"}");
        check("orders", "[2125550123, \"2125550124\"]", "[2125550123, \"2125550124\"]");
        check("badge", "[\"EMP-123456\"]", "[\"[badge]\"]");
        for path in ["phone.number", "phones.value", "customer.mobile.value", "phone"] {
            check(path, "2125550123", "******0123");
            check(path, "[2125550123]", "[\"******0123\"]");
        }
        check("phones.id", "2125550123", "2125550123");
        // The name is written nowhere, whatever is in it.
        for name in ["", "\"", "phone\\", "{", "ines@example.com", "[1,", "EMP-123456"] {
            check(name, "{\"to\":\"ines@example.com\"}", "{\"to\":\"i***@example.com\"}");
        }
        check("phone", "{\"number\":2125550123", "{\"number\":******0123");
    }

    #[test]
    fn tokens_agree_where_fields_do() {
        let table = table(
            r#"{"columns": {"customers.id": {"what": "number", "field": "customer"},
                "orders.customer": {"what": "number", "field": "customer"}, "orders.id": "number",
                "mail": {"what": "token", "kind": "email"}, "contact": {"what": "token", "kind": "email"}}}"#,
        );
        let one = written(&table, "customers.id", "17");
        assert_eq!(one, written(&table, "orders.customer", "17"));
        assert_ne!(one, written(&table, "orders.id", "17"));
        assert_ne!(one, written(&table, "customers.id", "18"));
        let number: u64 = one.parse().expect("a number");
        assert!((1_000_000_000_000_000..1 << 53).contains(&number));
        assert_eq!(written(&table, "mail", "A@example.com"), written(&table, "contact", "a@example.com"));
        // As the log has it.
        let tokens = Tokens::new(&[7; 32], "shop").expect("a key");
        let log = Masker::with_tokens(&Rules::all(Mode::Token), tokens).expect("rules");
        let mut out = Vec::new();
        log.mask(b"a@example.com", &mut out);
        assert_eq!(written(&table, "mail", "a@example.com").as_bytes(), out);
    }

    #[test]
    fn what_is_not_named_is_refused_unless_it_is_said_what_it_is() {
        assert!(table("{}").column("a").is_none());
        let text = table(r#"{"others": "text"}"#);
        assert_eq!(written(&text, "a", "to ines@example.com"), "to i***@example.com");
        assert_eq!(written(&table(r#"{"others": "empty"}"#), "a", "Ines"), "");
        assert!(serde_json::from_str::<Columns>(r#"{"others": "keep"}"#).is_err());
    }

    #[test]
    fn what_cannot_be_used_says_what_to_write() {
        fn check(column: &str, expect: &str) {
            let error = serde_json::from_str::<Columns>(&format!(r#"{{"columns": {{"a": {column}}}}}"#));
            let error = error.expect_err("refused").to_string();
            assert!(error.contains(expect), "{error}");
        }
        check("\"sha256\"", "sha256 is refused");
        check("\"off\"", "write keep");
        check("\"hide\"", "a column is keep, text, empty");
        check(r#"{"what": "redact", "kind": "names"}"#, "names is no kind of data");
        check(r#"{"mode": "redact"}"#, "unknown field");
        check("7", "a word such as redact");
        let columns: Columns = serde_json::from_str(r#"{"columns": {"a": "number"}}"#).expect("columns");
        assert!(matches!(Table::new(&columns, None), Err(RulesError::NoKey)));
    }
}
