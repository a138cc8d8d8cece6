//! JSON lines: an object each. What stays is written as it was read: order, large numbers, spelling.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::sync::atomic::AtomicU64;

use masking::{Table, What, read_string};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Counted, LONGEST_ROW, MARK, Out, PIECE, TOO_LONG, is_too_long};
use crate::seal::Trouble;
use crate::world::Output;

/// No column is deeper in a document than this.
const DEEPEST: usize = 64;

/// Masks documents. They are seen one by one, so that a column that none of them has is known at the end: what was written is
/// masked, and something that has another name was not decided on as it was meant.
pub fn json_lines(table: &Table, input: impl Read, output: &Output, done: &AtomicU64) -> Result<(), Trouble> {
    let (counted, left) = Counted::new(input, done);
    let mut reader = BufReader::with_capacity(PIECE, counted);
    let (mut out, mut bytes, mut line) = (Out::new(output), Vec::new(), Vec::new());
    let documents = Documents { table, unmet: RefCell::new(table.names().collect()) };
    let mut is_empty = true;
    for number in 1_u64.. {
        left.set(LONGEST_ROW);
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if is_too_long(&error) => {
                return Err(out.trouble(&mut bytes, format!("line {number}: {TOO_LONG}{}", hint(&line))));
            }
            Err(error) => return Err(Trouble::Read(error)),
        }
        if number == 1 && line.starts_with(MARK) {
            line.drain(..MARK.len());
        }
        if line.trim_ascii().is_empty() {
            bytes.push(b'\n');
            continue;
        }
        let before = bytes.len();
        if let Err(what) = documents.write(&line, &mut bytes) {
            bytes.truncate(before);
            let hint = if number == 1 { hint(&line) } else { "" };
            return Err(out.trouble(&mut bytes, format!("line {number}: {what}{hint}")));
        }
        is_empty = false;
        bytes.push(b'\n');
        if bytes.len() >= PIECE {
            out.write(&mut bytes)?;
        }
    }
    out.write(&mut bytes)?;
    let unmet: Vec<&str> = documents.unmet.into_inner().into_iter().collect();
    if is_empty || unmet.is_empty() {
        return Ok(());
    }
    let what = format!(
        "no line has {}: what was written is masked, but not as the columns say: is a name misspelt?",
        unmet.join(", ")
    );
    Err(Trouble::Input(what, false))
}

/// What may be meant by a first line that is no object.
fn hint(line: &[u8]) -> &'static str {
    let line = line.trim_ascii();
    match line.first() {
        Some(b'[') => ". An array is made lines by `jq -c '.[]'`",
        Some(b'{') if !line.ends_with(b"}") => {
            ". A document of several lines is made one by `jq -c .`, and an array of them lines by `jq -c '.[]'`"
        }
        Some(b'{') => "",
        _ => ". Is it CSV? Then it is `--format csv`",
    }
}

/// What is known of all documents.
struct Documents<'t> {
    table: &'t Table,
    /// The names of columns that no document had yet.
    unmet: RefCell<BTreeSet<&'t str>>,
}

impl Documents<'_> {
    fn write(&self, line: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let text = std::str::from_utf8(line).map_err(|_| "it is no text in UTF-8".to_owned())?;
        let members: Members<'_> =
            serde_json::from_str(text).map_err(|_| "it is no JSON object".to_owned())?;
        members.write(self, None, 0, out)
    }

    /// Notes that a document had this column.
    fn meet(&self, column: &str) {
        let mut unmet = self.unmet.borrow_mut();
        if !unmet.is_empty() {
            unmet.remove(column);
        }
    }
}

/// How a member is reached.
struct Way<'a> {
    /// The name of its column.
    column: String,
    /// The member that it is in.
    above: Option<&'a Way<'a>>,
    /// Which of the members there it is, from one on.
    place: usize,
}

impl<'a> Way<'a> {
    fn to(above: Option<&'a Self>, name: &str, place: usize) -> Self {
        let column = above.map_or_else(|| name.to_owned(), |way| format!("{}.{name}", way.column));
        Self { column, above, place }
    }

    /// By the names that are written in the columns, and otherwise by its place: a name of the document can be somebody's.
    fn shown(&self, table: &Table) -> String {
        if table.leads_to(&self.column) {
            self.column.clone()
        } else {
            format!("member {} (by place)", self.places())
        }
    }

    fn places(&self) -> String {
        match self.above {
            Some(above) => format!("{}.{}", above.places(), self.place),
            None => self.place.to_string(),
        }
    }
}

/// The members of an object, as they stand.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

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
    fn write(
        &self,
        documents: &Documents<'_>,
        above: Option<&Way<'_>>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let table = documents.table;
        out.push(b'{');
        for (n, (raw, value)) in self.0.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            let name = read(raw.get());
            let way = Way::to(above, &String::from_utf8_lossy(&name), n + 1);
            let mut shown = Vec::new();
            // A name that nobody wrote into the columns can be somebody's address.
            if table.leads_to(&way.column) {
                shown.extend_from_slice(&name);
            } else {
                table.text(&name, &mut shown);
            }
            string(raw.get(), &name, &shown, out);
            out.push(b':');
            member(documents, &way, value, depth + 1, out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

fn member(
    documents: &Documents<'_>,
    way: &Way<'_>,
    raw: &RawValue,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let deep = || format!("it is nested more than {DEEPEST} deep");
    if depth > DEEPEST {
        return Err(deep());
    }
    let (table, text) = (documents.table, raw.get());
    let decided = table.is_named(&way.column).then(|| table.column(&way.column)).flatten();
    if decided.is_some() {
        documents.meet(&way.column);
    }
    // Of what has members that were decided on, each is what was decided of it.
    let inside = table.leads_into(&way.column);
    match (text.as_bytes().first(), decided.filter(|_| !inside || is_scalar(text))) {
        (_, Some(cell)) if cell.what() == What::Keep => out.extend_from_slice(text.as_bytes()),
        (_, Some(cell)) if cell.what() == What::Empty => out.extend_from_slice(b"null"),
        // What is text is so to its last member.
        (Some(b'{'), Some(cell)) if cell.what() == What::Text => {
            if !cell.json(text.as_bytes(), out) {
                return Err(deep());
            }
        }
        (Some(b'{'), Some(_)) => {
            let way = way.shown(table);
            return Err(format!(
                "{way} is an object: say what becomes of its members ({way}.…), or keep or empty it"
            ));
        }
        (Some(b'{'), None) => {
            let members: Members<'_> = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
            return members.write(documents, Some(way), depth, out);
        }
        (Some(b'['), _) => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| "it is no JSON".to_owned())?;
            return list(&items, out, |item, out| member(documents, way, item, depth + 1, out));
        }
        _ => return leaf(table, way, text, out),
    }
    Ok(())
}

/// Whether it has no parts.
fn is_scalar(text: &str) -> bool {
    !text.starts_with(['{', '['])
}

/// A value that has no parts.
fn leaf(table: &Table, way: &Way<'_>, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    // There could be members, and there are none.
    if text == "null" && table.leads_to(&way.column) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let Some(cell) = table.column(&way.column) else {
        return Err(format!(
            "nobody decided on {}: name it under `columns`, or say what becomes of `others`",
            way.shown(table)
        ));
    };
    if text == "null" || cell.what() == What::Empty {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    scalar(text, cell.what() == What::Number, out, |value, masked| cell.write(value, masked));
    Ok(())
}

/// Masks a text, a number, or a truth value. What comes out as it went in stays what it was.
fn scalar(text: &str, number: bool, out: &mut Vec<u8>, write: impl Fn(&[u8], &mut Vec<u8>)) {
    let mut masked = Vec::new();
    if text.starts_with('"') {
        let value = read(text);
        write(&value, &mut masked);
        string(text, &value, &masked, out);
    } else {
        write(text.as_bytes(), &mut masked);
        if number {
            out.extend_from_slice(&masked);
        } else {
            string(text, text.as_bytes(), &masked, out);
        }
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

/// What a string means.
fn read(text: &str) -> Vec<u8> {
    let mut value = Vec::new();
    read_string(text.as_bytes(), &mut value);
    value
}

/// Writes what a value became: as it stands where it is what it was. Masked text of UTF-8 is UTF-8.
fn string(stands: &str, value: &[u8], masked: &[u8], out: &mut Vec<u8>) {
    if value == masked {
        out.extend_from_slice(stands.as_bytes());
    } else {
        // It goes to memory, and a text can always be written.
        let _ = serde_json::to_writer(out, &String::from_utf8_lossy(masked));
    }
}
