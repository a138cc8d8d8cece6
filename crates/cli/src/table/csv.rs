//! Comma-separated values (RFC 4180), with a header.

use std::io::Read;
use std::sync::atomic::AtomicU64;

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};
use masking::{Cell, Table};

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
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(PIECE)
        .from_reader(counted);
    let mut writer = WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    let (mut out, mut row, mut value) = (Out::new(output), ByteRecord::new(), Vec::new());
    let unread = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Trouble::Read(error),
        // No other is left: any bytes are taken, and any number of values.
        _ => Trouble::Input("it is no CSV".to_owned(), false),
    };
    if !reader.read_byte_record(&mut row).map_err(unread)? {
        return Ok(());
    }
    let names = names(&row)?;
    let cells = cells(table, &names)?;
    let full = |error: csv::Error| Trouble::Write(std::io::Error::other(error));
    writer.write_byte_record(&row).map_err(full)?;
    loop {
        left.set(LONGEST_ROW);
        if !reader.read_byte_record(&mut row).map_err(unread)? {
            break;
        }
        if row.len() != cells.len() {
            let line = row.position().map_or(0, csv::Position::line);
            let what = format!(
                "line {line}: {} where the header has {}: is a quote missing?",
                values(row.len()),
                cells.len()
            );
            let mut bytes = writer.into_inner().unwrap_or_default();
            return Err(out.trouble(&mut bytes, what));
        }
        for (cell, field) in cells.iter().zip(&row) {
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

fn values(count: usize) -> String {
    if count == 1 { "1 value".to_owned() } else { format!("{count} values") }
}

fn names(header: &ByteRecord) -> Result<Vec<String>, Trouble> {
    let name = |(n, name): (usize, &[u8])| {
        let what = || Trouble::Input(format!("the name of column {} is no text in UTF-8", n + 1), false);
        String::from_utf8(name.to_owned()).map_err(|_| what())
    };
    header.iter().enumerate().map(name).collect()
}

/// What becomes of each column. Names of the file are not said: without a header they are somebody's.
fn cells<'t>(table: &'t Table, names: &'t [String]) -> Result<Vec<Cell<'t>>, Trouble> {
    let missing: Vec<&str> = table.names().filter(|name| !names.iter().any(|other| other == name)).collect();
    if !missing.is_empty() {
        let what = format!("the table has no column {}: its first line has the names", missing.join(", "));
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
