//! Reading a body: all that is wrong with its form at once, each with where it is, and without ever
//! repeating what was sent.
//!
//! A parser's own messages quote the input, so none is passed on. The form of a body is declared as
//! a [`Shape`], and a value that has it also reads as its type.

use contract::problem::{Invalid, Problem};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::refusal::invalid;

/// Bytes of a body at the most, where nothing else is said.
const MOST_BYTES: usize = 64 << 10;

/// Wrong parts that one answer lists at the most.
const MOST_ERRORS: usize = 20;

/// Names that a [`Shape::Map`] has at the most.
const MOST_NAMES: usize = 100;

/// The form of a value.
pub(crate) enum Shape {
    /// An object with these fields and no others.
    Object(&'static [Field]),
    /// A list.
    List(&'static Shape),
    /// A text: what it must be, and whether it is.
    Text(&'static str, fn(&str) -> bool),
    /// `true` or `false`.
    Bool,
    /// A whole number: what it must be, and whether it is.
    Number(&'static str, fn(u64) -> bool),
    /// An object with whatever names, at the most [`MOST_NAMES`], and values of one form.
    Map(&'static Shape),
}

/// A field of an object.
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether it may be left out, or `null`.
    pub(crate) optional: bool,
    /// Its form.
    pub(crate) shape: Shape,
}

/// A field that must be there.
pub(crate) const fn needed(name: &'static str, shape: Shape) -> Field {
    Field { name, optional: false, shape }
}

/// A field that may be left out.
pub(crate) const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, optional: true, shape }
}

/// Any text: what it must be is checked by whoever knows.
pub(crate) fn anything(_: &str) -> bool {
    true
}

/// An instant, as RFC 3339 writes it.
pub(crate) const INSTANT: Shape =
    Shape::Text("an instant, such as 2026-03-02T09:00:00Z", |text| text.parse::<jiff::Timestamp>().is_ok());

/// A body that was read, and its canonical text: the same for bodies that mean the same.
pub(crate) struct Body<T> {
    /// What it says.
    pub(crate) value: T,
    /// JSON with sorted keys and without white space.
    pub(crate) canonical: String,
}

/// Reads a body of this form.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8], shape: &Shape) -> Result<Body<T>, Problem> {
    let (value, json) = parsed(bytes, shape, MOST_BYTES)?;
    Ok(Body { value, canonical: audit::canonical(&json) })
}

/// Reads a body of this form that has so many bytes at the most, a whole number of KiB.
pub(crate) fn read_within<T: DeserializeOwned>(
    bytes: &[u8],
    shape: &Shape,
    most: usize,
) -> Result<T, Problem> {
    parsed(bytes, shape, most).map(|(value, _)| value)
}

fn parsed<T: DeserializeOwned>(bytes: &[u8], shape: &Shape, most: usize) -> Result<(T, Value), Problem> {
    if bytes.len() > most {
        let detail = format!("Nothing was done. A body has {} KiB at the most.", most >> 10);
        return Err(Problem::too_large(detail));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        // Line and column only: the message quotes what it found there.
        let (line, column) = (error.line(), error.column());
        wrong(format!("this is not JSON from line {line}, column {column}, on"))
    })?;
    let mut errors = Vec::new();
    check(&value, shape, &mut String::new(), &mut errors);
    if !errors.is_empty() {
        return Err(invalid(errors));
    }
    // Of two fields of one name a `Value` keeps the last, and a type refuses both.
    let typed = serde_json::from_slice(bytes).map_err(|_| wrong("a field is there twice"))?;
    Ok((typed, value))
}

fn wrong(detail: impl Into<String>) -> Problem {
    invalid(vec![Invalid::new("", detail)])
}

fn check(value: &Value, shape: &Shape, at: &mut String, errors: &mut Vec<Invalid>) {
    if errors.len() >= MOST_ERRORS {
        return;
    }
    match (shape, value) {
        (Shape::Object(fields), Value::Object(map)) => check_fields(map, fields, at, errors),
        (Shape::List(item), Value::Array(items)) => {
            for (n, value) in items.iter().enumerate() {
                under(at, &n.to_string(), |at| check(value, item, at, errors));
            }
        }
        (Shape::Text(_, is), Value::String(text)) if is(text) => {}
        (Shape::Number(_, is), Value::Number(number)) if number.as_u64().is_some_and(is) => {}
        (Shape::Text(wanted, _) | Shape::Number(wanted, _), _) => {
            errors.push(Invalid::new(at.as_str(), format!("this must be {wanted}")));
        }
        (Shape::Object(fields), _) => {
            let detail = format!("this must be an object {}", with_fields(fields));
            errors.push(Invalid::new(at.as_str(), detail));
        }
        (Shape::Bool, Value::Bool(_)) => {}
        (Shape::Bool, _) => errors.push(Invalid::new(at.as_str(), "this must be `true` or `false`")),
        (Shape::Map(_), Value::Object(map)) if map.len() > MOST_NAMES => {
            errors.push(Invalid::new(at.as_str(), format!("this has more than {MOST_NAMES} names")));
        }
        // A name is not repeated: it could be anything.
        (Shape::Map(value), Value::Object(map)) => {
            map.values().for_each(|one| check(one, value, at, errors));
        }
        (Shape::Map(_), _) => errors.push(Invalid::new(at.as_str(), "this must be an object")),
        (Shape::List(_), _) => errors.push(Invalid::new(at.as_str(), "this must be a list")),
    }
}

fn check_fields(map: &Map<String, Value>, fields: &[Field], at: &mut String, errors: &mut Vec<Invalid>) {
    // The name of a field that is not known here is not repeated: it could be anything.
    let known = |name: &String| fields.iter().any(|field| field.name == name);
    let unknown = map.keys().filter(|name| !known(name)).count();
    if unknown > 0 {
        let detail =
            format!("{unknown} field(s) here are not known: this must be an object {}", with_fields(fields));
        errors.push(Invalid::new(at.as_str(), detail));
    }
    for field in fields {
        under(at, field.name, |at| match map.get(field.name) {
            None | Some(Value::Null) if field.optional => {}
            None => errors.push(Invalid::new(at.as_str(), "this is missing")),
            Some(value) => check(value, &field.shape, at, errors),
        });
    }
}

/// Goes one step further in a JSON pointer. Names and numbers here need no escaping.
fn under(at: &mut String, step: &str, then: impl FnOnce(&mut String)) {
    let length = at.len();
    at.push('/');
    at.push_str(step);
    then(at);
    at.truncate(length);
}

fn with_fields(fields: &[Field]) -> String {
    let list = |optional: bool| {
        let names = fields.iter().filter(|field| field.optional == optional);
        let names: Vec<String> = names.map(|field| format!("`{}`", field.name)).collect();
        names.join(", ")
    };
    match (list(false).as_str(), list(true).as_str()) {
        (needed, "") => format!("with {needed}"),
        ("", optional) => format!("with, where it applies, {optional}"),
        (needed, optional) => format!("with {needed} and, where it applies, {optional}"),
    }
}
