//! Values as attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::catalog::FieldKind;
use domain::plan::{Record, Value};
use ports::Fault;
use ports::stores::Target;
use serde::{Deserialize, Serialize};

use crate::place;
use crate::values::{Decimal, same};

/// An item, or a part of one.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A number has at most this many digits.
const MOST_DIGITS: usize = 38;

/// And lies between 1E-130 and 9.9E+125.
const MAGNITUDES: std::ops::RangeInclusive<i64> = -129..=126;

/// A partition key is 1 to 2,048 bytes long.
const LONGEST_KEY: usize = 2048;

/// The attribute that a text of a kind would be; `None` if no attribute can be it.
pub(super) fn of(kind: FieldKind, text: &str) -> Option<AttributeValue> {
    match kind {
        FieldKind::Text => Some(AttributeValue::S(text.to_owned())),
        FieldKind::Number => {
            let number = Decimal::read(text)?;
            let fits = number.precision() <= MOST_DIGITS && MAGNITUDES.contains(&number.magnitude());
            fits.then(|| AttributeValue::N(text.to_owned()))
        }
    }
}

/// The same, for a key: what cannot be one is nowhere, and asking for it is refused.
pub(super) fn of_key(kind: FieldKind, text: &str) -> Option<AttributeValue> {
    if (1..=LONGEST_KEY).contains(&text.len()) { of(kind, text) } else { None }
}

/// An attribute that a write needs.
pub(super) fn wanted(
    target: &Target<'_>,
    field: &str,
    text: &str,
    operation: &'static str,
) -> Result<AttributeValue, Fault> {
    let kind = place::kind(target, field, operation)?;
    of(kind, text).ok_or_else(|| {
        let what = format!("a value for the field {field} is not of its kind");
        place::mismatch(target, operation, what)
    })
}

/// A record's primary key.
pub(super) fn key(target: &Target<'_>, record: &Record, operation: &'static str) -> Result<Item, Fault> {
    let parts = target.collection.key.iter();
    parts
        .map(|part| {
            let text = place::key_part(target, record, part, operation)?;
            Ok((part.clone(), wanted(target, part, text, operation)?))
        })
        .collect()
}

/// A text that two items share only if they have the same primary key.
pub(super) fn identity(target: &Target<'_>, item: &Item) -> String {
    let parts = target.collection.key.iter().map(|part| match item.get(part) {
        Some(AttributeValue::S(text)) => format!("s{}:{text}", text.len()),
        Some(AttributeValue::N(text)) => {
            format!("n{};", Decimal::read(text).map_or_else(String::new, |n| n.text()))
        }
        _ => "?".to_owned(),
    });
    parts.collect()
}

/// A field of an item; `None` if it has none. Another type than the catalog says is a fault: a value
/// that is passed over is a person that is not found.
pub(super) fn read(
    target: &Target<'_>,
    item: &Item,
    field: &str,
    operation: &'static str,
) -> Result<Option<Value>, Fault> {
    let kind = place::kind(target, field, operation)?;
    match (kind, item.get(field)) {
        (_, None | Some(AttributeValue::Null(_))) => Ok(None),
        (FieldKind::Text, Some(AttributeValue::S(text)))
        | (FieldKind::Number, Some(AttributeValue::N(text))) => Ok(Some(Value::of(kind, text))),
        _ => {
            let what = format!("the field {field} has another type than the catalog says");
            Err(place::mismatch(target, operation, what))
        }
    }
}

/// Whether an attribute is this value.
pub(super) fn is(attribute: Option<&AttributeValue>, value: &AttributeValue) -> bool {
    match (attribute, value) {
        (Some(AttributeValue::S(one)), AttributeValue::S(other)) => one == other,
        (Some(AttributeValue::N(one)), AttributeValue::N(other)) => same(FieldKind::Number, one, other),
        _ => false,
    }
}

/// A marker of the store: the key of the last item that was read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker(HashMap<String, Part>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Part {
    S(String),
    N(String),
    B(String),
}

impl Marker {
    /// From the store's answer; an empty one means that there is no more.
    pub(super) fn take(
        target: &Target<'_>,
        last: Option<Item>,
        operation: &'static str,
    ) -> Result<Option<Self>, Fault> {
        let Some(last) = last.filter(|last| !last.is_empty()) else {
            return Ok(None);
        };
        let parts = last.into_iter().map(|(name, attribute)| {
            let part = match attribute {
                AttributeValue::S(text) => Part::S(text),
                AttributeValue::N(text) => Part::N(text),
                AttributeValue::B(bytes) => Part::B(STANDARD.encode(bytes)),
                _ => return Err(place::senseless(target, operation, "a key of no key's type")),
            };
            Ok((name, part))
        });
        parts.collect::<Result<_, _>>().map(|map| Some(Self(map)))
    }

    /// As the store is given it back.
    pub(super) fn give(self) -> Item {
        let parts = self.0.into_iter().map(|(name, part)| {
            let attribute = match part {
                Part::S(text) => AttributeValue::S(text),
                Part::N(text) => AttributeValue::N(text),
                Part::B(text) => AttributeValue::B(Blob::new(STANDARD.decode(text).unwrap_or_default())),
            };
            (name, attribute)
        });
        parts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_attribute_can_be_is_asked_of_nobody() {
        assert!(of(FieldKind::Number, "7").is_some());
        assert!(of(FieldKind::Number, "seven").is_none());
        assert!(of(FieldKind::Number, &"9".repeat(39)).is_none());
        assert!(of(FieldKind::Number, "1e400").is_none());
        assert!(of(FieldKind::Number, "1e125").is_some());
        assert!(of(FieldKind::Text, "").is_some());
        assert!(of_key(FieldKind::Text, "").is_none());
        assert!(of_key(FieldKind::Text, &"x".repeat(2049)).is_none());
        assert!(of_key(FieldKind::Text, &"x".repeat(2048)).is_some());
    }

    #[test]
    fn an_attribute_is_compared_by_type_and_value() {
        let n = |text: &str| AttributeValue::N(text.to_owned());
        assert!(is(Some(&n("7")), &n("7.0")));
        assert!(!is(Some(&AttributeValue::S("7".to_owned())), &n("7")));
        assert!(!is(None, &n("7")));
    }
}
