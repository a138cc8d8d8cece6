//! JSON lines: an object each. What stays is written as it was read: order, large numbers, spelling.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::sync::atomic::AtomicU64;

use masking::{Table, What};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Counted, LONGEST_ROW, Out, PIECE};
use crate::seal::Trouble;
use crate::world::Output;

/// No column is deeper in a document than this.
const DEEPEST: usize = 64;

/// Masks documents.
pub fn json_lines(table: &Table, input: impl Read, output: &Output, done: &AtomicU64) -> Result<(), Trouble> {
    let (counted, left) = Counted::new(input, done);
    let mut reader = BufReader::with_capacity(PIECE, counted);
    let (mut out, mut bytes, mut line) = (Out::new(output), Vec::new(), Vec::new());
    for number in 1_u64.. {
        left.set(LONGEST_ROW);
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(Trouble::Read)? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            bytes.push(b'\n');
            continue;
        }
        let before = bytes.len();
        if let Err(what) = document(table, &line, &mut bytes) {
            bytes.truncate(before);
            return Err(out.trouble(&mut bytes, format!("line {number}: {what}")));
        }
        bytes.push(b'\n');
        if bytes.len() >= PIECE {
            out.write(&mut bytes)?;
        }
    }
    out.write(&mut bytes)
}

fn document(table: &Table, line: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let members: Members<'_> = serde_json::from_slice(line).map_err(|_| "it is no JSON object".to_owned())?;
    members.write(table, &Way::default(), 0, out)
}

/// How a member is reached.
#[derive(Default)]
struct Way {
    /// The name of its column.
    column: String,
    /// Whether one of its names is no word as programs use them. Such names are somebody's, and not said.
    is_strange: bool,
}

impl Way {
    fn to(&self, name: &str) -> Self {
        let column = if self.column.is_empty() { name.to_owned() } else { format!("{}.{name}", self.column) };
        let word = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        Self { column, is_strange: self.is_strange || !word }
    }

    fn shown(&self) -> &str {
        if self.is_strange { "a member whose name is no plain word" } else { &self.column }
    }
}

/// The members of an object, as they stand.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(All)
    }
}

impl Members<'_> {
    fn write(&self, table: &Table, above: &Way, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
        out.push(b'{');
        for (n, (name, value)) in self.0.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            let way = above.to(name);
            let mut shown = Vec::new();
            // A name that nobody wrote into the columns can be somebody's address.
            if table.leads_to(&way.column) {
                shown.extend_from_slice(name.as_bytes());
            } else {
                table.text(name.as_bytes(), &mut shown);
            }
            string(&shown, out);
            out.push(b':');
            member(table, &way, value, depth + 1, out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

fn member(table: &Table, way: &Way, raw: &RawValue, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("it is nested more than {DEEPEST} deep"));
    }
    let text = raw.get();
    let decided = table.is_named(&way.column).then(|| table.column(&way.column)).flatten();
    match (text.as_bytes().first(), decided.map(|cell| cell.what())) {
        (_, Some(What::Keep)) => out.extend_from_slice(text.as_bytes()),
        (_, Some(What::Empty)) => out.extend_from_slice(b"null"),
        (Some(b'{'), Some(what)) if what != What::Text => {
            let way = way.shown();
            return Err(format!(
                "{way} is an object: say what becomes of its members ({way}.…), or keep or empty it"
            ));
        }
        (Some(b'{'), what) => {
            let members: Members<'_> = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
            // What is text is so to its last member.
            return match what {
                None => members.write(table, way, depth, out),
                Some(_) => members.text(table, depth, out),
            };
        }
        (Some(b'['), _) => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
            return list(&items, out, |item, out| member(table, way, item, depth + 1, out));
        }
        _ => return leaf(table, way, text, out),
    }
    Ok(())
}

/// A value that has no parts.
fn leaf(table: &Table, way: &Way, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let Some(cell) = table.column(&way.column) else {
        return Err(format!(
            "nobody decided on {}: name it under `columns`, or say what becomes of `others`",
            way.shown()
        ));
    };
    if text == "null" || cell.what() == What::Empty {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    scalar(text, cell.what() == What::Number, out, |value, masked| cell.write(value, masked))
}

/// Masks a text, a number, or a truth value. What comes out as it went in stays what it was.
fn scalar(
    text: &str,
    number: bool,
    out: &mut Vec<u8>,
    write: impl Fn(&[u8], &mut Vec<u8>),
) -> Result<(), String> {
    let mut masked = Vec::new();
    if text.starts_with('"') {
        let value: String = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
        write(value.as_bytes(), &mut masked);
        string(&masked, out);
    } else {
        write(text.as_bytes(), &mut masked);
        if number || masked == text.as_bytes() {
            out.extend_from_slice(&masked);
        } else {
            string(&masked, out);
        }
    }
    Ok(())
}

impl Members<'_> {
    /// All of it is text, names too.
    fn text(&self, table: &Table, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
        out.push(b'{');
        for (n, (name, value)) in self.0.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            let mut masked = Vec::new();
            table.text(name.as_bytes(), &mut masked);
            string(&masked, out);
            out.push(b':');
            text(table, value, depth + 1, out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

fn text(table: &Table, raw: &RawValue, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("it is nested more than {DEEPEST} deep"));
    }
    let no_json = |_| "it is no JSON".to_owned();
    match raw.get().as_bytes().first() {
        Some(b'{') => {
            serde_json::from_str::<Members<'_>>(raw.get()).map_err(no_json)?.text(table, depth, out)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(no_json)?;
            list(&items, out, |item, out| text(table, item, depth + 1, out))
        }
        _ => scalar(raw.get(), false, out, |value, masked| table.text(value, masked)),
    }
}

fn list(
    items: &[&RawValue],
    out: &mut Vec<u8>,
    mut each: impl FnMut(&RawValue, &mut Vec<u8>) -> Result<(), String>,
) -> Result<(), String> {
    out.push(b'[');
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        each(item, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Masked text of UTF-8 is UTF-8.
fn string(text: &[u8], out: &mut Vec<u8>) {
    // It goes to memory, and a text can always be written.
    let _ = serde_json::to_writer(out, &String::from_utf8_lossy(text));
}
