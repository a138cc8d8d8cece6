//! Comma-separated values (RFC 4180), with a header.

use std::io::Read;
use std::sync::atomic::AtomicU64;

use csv::{Writer, WriterBuilder};
use masking::{Cell, Table};

use super::records::{Broken, Records, Row};
use super::{Counted, LONGEST_ROW, Out, PIECE};
use crate::seal::Trouble;
use crate::world::Output;

/// Masks a table. Nothing is written before every column is decided on.
pub fn csv(
    table: &Table,
    delimiter: u8,
    input: impl Read,
    output: &Output,
    done: &AtomicU64,
) -> Result<(), Trouble> {
    let (counted, left) = Counted::new(input, done);
    let mut records = Records::new(counted, delimiter);
    let mut writer = WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    let (mut out, mut row, mut value) = (Out::new(output), Row::default(), Vec::new());
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
            Err(broken) => return Err(trouble(broken, writer, &mut out)),
        }
    }
    let names = names(&row)?;
    let cells = cells(table, &names)?;
    let full = |error: csv::Error| Trouble::Write(std::io::Error::other(error));
    for name in &names {
        value.clear();
        // A name that nobody wrote into the columns can be somebody's: of a file without a header it is.
        if table.is_named(name) {
            value.extend_from_slice(name.as_bytes());
        } else {
            table.text(name.as_bytes(), &mut value);
        }
        writer.write_field(&value).map_err(full)?;
    }
    writer.write_record(None::<&[u8]>).map_err(full)?;
    loop {
        left.set(LONGEST_ROW);
        match records.read(&mut row) {
            // Where there is one column, an empty line is a row without a value.
            Ok(true) if row.is_blank() && cells.len() > 1 => continue,
            Ok(true) => {}
            Ok(false) => break,
            Err(broken) => return Err(trouble(broken, writer, &mut out)),
        }
        if row.len() != cells.len() {
            let line = row.line;
            let what = format!(
                "line {line}: {} where the header has {}: is a quote missing?",
                values(row.len()),
                cells.len()
            );
            let mut bytes = writer.into_inner().unwrap_or_default();
            return Err(out.trouble(&mut bytes, what));
        }
        for (cell, field) in cells.iter().zip(row.values()) {
            value.clear();
            cell.write(field, &mut value);
            writer.write_field(&value).map_err(full)?;
        }
        writer.write_record(None::<&[u8]>).map_err(full)?;
        if writer.get_ref().len() >= PIECE {
            let mut bytes = writer.into_inner().unwrap_or_default();
            out.write(&mut bytes)?;
            writer = WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(bytes);
        }
    }
    out.write(&mut writer.into_inner().unwrap_or_default())
}

/// What is said of a table that goes on no further. What was masked before is written.
fn trouble(broken: Broken, writer: Writer<Vec<u8>>, out: &mut Out<'_>) -> Trouble {
    match broken {
        Broken::Unread(error) => Trouble::Read(error),
        Broken::Form(line, what) => {
            out.trouble(&mut writer.into_inner().unwrap_or_default(), format!("line {line}: {what}"))
        }
    }
}

fn values(count: usize) -> String {
    if count == 1 { "1 value".to_owned() } else { format!("{count} values") }
}

fn names(header: &Row) -> Result<Vec<String>, Trouble> {
    let name = |(n, name): (usize, &[u8])| {
        let what = || Trouble::Input(format!("the name of column {} is no text in UTF-8", n + 1), false);
        String::from_utf8(name.to_owned()).map_err(|_| what())
    };
    header.values().enumerate().map(name).collect()
}

/// What becomes of each column. Names of the file are not said: without a header they are somebody's.
fn cells<'t>(table: &'t Table, names: &'t [String]) -> Result<Vec<Cell<'t>>, Trouble> {
    let missing: Vec<&str> = table.names().filter(|name| !names.iter().any(|other| other == name)).collect();
    if !missing.is_empty() {
        let one = if names.len() == 1 { "; it has one column: is --delimiter right?" } else { "" };
        let what =
            format!("the table has no column {}: its first line has the names{one}", missing.join(", "));
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
