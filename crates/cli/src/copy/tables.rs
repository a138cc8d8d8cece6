//! What becomes of each table, as data.

use std::collections::BTreeMap;
use std::fmt;

use masking::{Column, Others, Rules, or_none};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What becomes of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// All of it stays.
    Keep,
    /// Every column is text, in which personal data is masked by the rules.
    Text,
    /// It has no rows.
    Empty,
    /// Column by column.
    Columns(BTreeMap<String, Column>),
}

/// What becomes of a database. As data:
///
/// ```yaml
/// tables:
///   Customer:
///     CustomerId: {what: number, field: customer}
///     Email: {what: token_shape, kind: email}
///     Country: keep
///   Genre: keep
///   Log: empty
/// others: refuse             # tables and columns that are not named; or text, or empty
/// rules: {default: redact}   # for text
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decided {
    /// By name.
    #[serde(deserialize_with = "or_none")]
    pub tables: BTreeMap<String, Decision>,
    /// For every table and column that is not named.
    pub others: Others,
    /// For text.
    #[serde(deserialize_with = "or_none")]
    pub rules: Rules,
}

impl<'de> Deserialize<'de> for Decision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Decision;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("keep, text, empty, or what becomes of each column: {Email: redact, …}")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Decision, E> {
                match name {
                    "keep" => Ok(Decision::Keep),
                    "text" => Ok(Decision::Text),
                    "empty" => Ok(Decision::Empty),
                    _ => Err(E::invalid_value(de::Unexpected::Str(name), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Decision, A::Error> {
                let columns = BTreeMap::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Decision::Columns(columns))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<Decided, String> {
        serde_saphyr::from_str(yaml).map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_is_a_word_or_its_columns() {
        let got = read("tables: {A: keep, B: text, C: empty, D: {x: redact, y: {what: number, field: z}}}");
        let tables = got.expect("tables").tables;
        assert_eq!(tables["A"], Decision::Keep);
        assert_eq!(tables["B"], Decision::Text);
        assert_eq!(tables["C"], Decision::Empty);
        let Decision::Columns(columns) = &tables["D"] else { panic!("{:?}", tables["D"]) };
        assert_eq!(columns["y"].field.as_deref(), Some("z"));
    }

    #[test]
    fn nothing_behind_a_name_is_nothing() {
        assert_eq!(read("tables:\nothers: text\nrules:\n"), read("others: text"));
    }

    #[test]
    fn what_cannot_be_used_says_what_to_write() {
        let check = |yaml: &str, expect: &str| {
            let error = read(yaml).expect_err("refused");
            assert!(error.contains(expect), "{error}");
        };
        check("tables: {A: redact}", "keep, text, empty, or what becomes of each column");
        check("tables: {A: {x: sha256}}", "sha256 is refused");
        check("tables: {A: 7}", "keep, text, empty");
        check("table: {A: keep}", "unknown field");
        check("others: keep", "unknown variant");
    }
}
