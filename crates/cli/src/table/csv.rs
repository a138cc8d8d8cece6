//! Comma-separated values (RFC 4180), with a header.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::AtomicU64;

use masking::{Cell, Masker, Table, What};

use super::records::{Broken, Records, Row};
use super::{Counted, LONGEST_ROW, MARK, Out, PIECE};
use crate::seal::Trouble;
use crate::world::Output;

/// How a table is written down.
#[derive(Debug)]
pub struct Form {
    /// What stands between values.
    pub delimiter: u8,
    /// What stands without quotes where there is no value, if it is something.
    pub null: Option<String>,
}

/// Masks a table. Nothing is written before every column is decided on. What stays in quotes does so: to some who read it an empty
/// value without is none.
pub fn csv(
    table: &Table,
    form: &Form,
    input: impl Read,
    output: &Output,
    done: &AtomicU64,
) -> Result<(), Trouble> {
    let (counted, left) = Counted::new(input, done);
    let mut records = Records::new(counted, form.delimiter);
    let (mut out, mut row, mut value) = (Out::new(output), Row::default(), Vec::new());
    let mut bytes = Vec::with_capacity(2 * PIECE);
    loop {
        left.set(LONGEST_ROW);
        match records.read(&mut row) {
            Ok(true) if row.is_blank() => {}
            Ok(true) => break,
            // What feeds it failed: a table without rows still has its names.
            Ok(false) => {
                return Err(Trouble::Input(
                    "standard input is empty: a table begins with a line of names".to_owned(),
                    false,
                ));
            }
            Err(Broken::Form(..)) if is_json(&row) => return Err(json()),
            Err(broken) => return Err(trouble(broken, &mut bytes, &mut out)),
        }
    }
    let names = names(&row)?;
    if is_json(&row) && names.first().is_some_and(|name| !table.is_named(name)) {
        return Err(json());
    }
    let cells = cells(table, &names)?;
    for (at, (name, (_, quoted))) in names.iter().zip(row.values()).enumerate() {
        value.clear();
        if table.is_named(name) {
            value.extend_from_slice(name.as_bytes());
        } else {
            table.text(name.as_bytes(), &mut value);
        }
        put(form, at, &value, quoted, &mut bytes);
    }
    bytes.push(b'\n');
    loop {
        left.set(LONGEST_ROW);
        match records.read(&mut row) {
            // Where there is one column, an empty line is a row without a value.
            Ok(true) if row.is_blank() && cells.len() > 1 => continue,
            Ok(true) => {}
            Ok(false) => break,
            Err(broken) => return Err(trouble(broken, &mut bytes, &mut out)),
        }
        if row.len() != cells.len() {
            let line = row.line;
            let what = format!(
                "line {line}: {} where the header has {}: is a quote missing?",
                values(row.len()),
                cells.len()
            );
            return Err(out.trouble(&mut bytes, what));
        }
        for (at, (cell, (field, quoted))) in cells.iter().zip(row.values()).enumerate() {
            value.clear();
            // Nothing is left of it: nor that there was nothing, or an empty text.
            if cell.what() == What::Empty && form.null.is_some() {
                value.extend(form.null.iter().flat_map(|null| null.bytes()));
            } else if !quoted && form.null.as_ref().is_some_and(|null| null.as_bytes() == field) {
                value.extend_from_slice(field);
            } else {
                cell.write(field, &mut value);
            }
            // Alone in its row it would be an empty line, which many pass over.
            let lost = cells.len() == 1 && value.is_empty() && !field.is_empty();
            // Quotes around what was masked would say that there had been a delimiter in it.
            let stays = quoted && value == field && cell.what() != What::Empty;
            put(form, at, &value, stays || lost, &mut bytes);
        }
        bytes.push(b'\n');
        if bytes.len() >= PIECE {
            out.write(&mut bytes)?;
        }
    }
    out.write(&mut bytes)
}

/// Appends the value at this place of a row, in quotes where it stood in them or would be something else without.
fn put(form: &Form, at: usize, value: &[u8], quoted: bool, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(form.delimiter);
    }
    let special = |byte: &u8| *byte == form.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
    if !quoted && !value.iter().any(special) && !value.starts_with(MARK) {
        return out.extend_from_slice(value);
    }
    out.push(b'"');
    for byte in value {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// Whether a row begins as an object of JSON does.
fn is_json(row: &Row) -> bool {
    row.values().next().is_some_and(|(first, quoted)| !quoted && first.starts_with(b"{"))
}

fn json() -> Trouble {
    let what = "the first line begins with { where the names of the columns should be. Is it JSON lines? Then it is `--format jsonl`";
    Trouble::Input(what.to_owned(), false)
}

/// What is said of a table that goes on no further. What was masked before is written.
fn trouble(broken: Broken, bytes: &mut Vec<u8>, out: &mut Out<'_>) -> Trouble {
    match broken {
        Broken::Unread(error) => Trouble::Read(error),
        Broken::Form(line, what) => out.trouble(bytes, format!("line {line}: {what}")),
    }
}

fn values(count: usize) -> String {
    if count == 1 { "1 value".to_owned() } else { format!("{count} values") }
}

fn names(header: &Row) -> Result<Vec<String>, Trouble> {
    let name = |(n, (name, _)): (usize, (&[u8], bool))| {
        let what = || Trouble::Input(format!("the name of column {} is no text in UTF-8", n + 1), false);
        String::from_utf8(name.to_owned()).map_err(|_| what())
    };
    header.values().enumerate().map(name).collect()
}

/// What becomes of each column. Names of the file are not said: without a header they are somebody's.
fn cells<'t>(table: &'t Table, names: &'t [String]) -> Result<Vec<Cell<'t>>, Trouble> {
    let missing: Vec<&str> = table.names().filter(|name| !names.iter().any(|other| other == name)).collect();
    if !missing.is_empty() {
        return Err(Trouble::Input(without(&missing, names), false));
    }
    // A name that nobody wrote into the columns can be somebody's: of a file without a header it is.
    let masker = Masker::default();
    let data = |name: &String| !table.is_named(name) && masker.find(name.as_bytes()).next().is_some();
    if let Some(at) = names.iter().position(data) {
        let what = format!(
            "the name of column {} is personal data itself: is the line of names missing? If it is a name, write it under \
             `columns`",
            at + 1
        );
        return Err(Trouble::Input(what, false));
    }
    let cells: Vec<_> = names.iter().map(|name| table.column(name)).collect();
    let open = cells.iter().enumerate().filter(|(_, cell)| cell.is_none());
    let open: Vec<String> = open.map(|(n, _)| (n + 1).to_string()).collect();
    if !open.is_empty() {
        let what = format!(
            "nobody decided on {} of {} columns (by place: {}): name each under `columns`, or say what becomes of \
             `others`",
            open.len(),
            names.len(),
            open.join(", ")
        );
        return Err(Trouble::Input(what, false));
    }
    Ok(cells.into_iter().flatten().collect())
}

/// What is said of a table that has no columns of these names.
fn without(missing: &[&str], names: &[String]) -> String {
    let plain = |name: &str| name.trim().to_lowercase();
    let places: BTreeMap<String, usize> = names.iter().map(|name| plain(name)).zip(0..).collect();
    let near = missing.iter().find_map(|name| {
        let at = *places.get(&plain(name))?;
        Some(format!(". Column {} is {name} but for capitals or blanks around it", at + 1))
    });
    let hint = match near {
        Some(near) => near,
        None if names.len() == 1 => "; it has one column: is --delimiter right?".to_owned(),
        None => "; is that line missing, or a name misspelt?".to_owned(),
    };
    format!("the table has no column {}: its first line has the names{hint}", missing.join(", "))
}
