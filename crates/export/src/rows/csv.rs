//! CSV (RFC 4180): commas, CRLF, UTF-8 with a byte order mark.
//!
//! With the mark a spreadsheet reads the letters of every language; readers for programs skip it (the csv
//! crate, pandas, and Python's `utf-8-sig` do). Nothing is an empty cell; an empty text is `""`.
//!
//! A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break. A text that does,
//! also after quotes or spaces, gets an apostrophe there. So it does after a semicolon or a tab, which separate
//! cells in some countries, and at the beginning of each of its lines: where commas separate nothing, a quote
//! after one opens nothing, and a line that breaks is the end of the row. [`restore_cell`] takes exactly those
//! away again. Numbers that are numbers stay as they are; a text with what a formula needs is quoted, so that a
//! negative number before it begins none where commas separate nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::export::{Datum, Row};

use super::{FILE, Frame, VERSION, is_number, json};
use crate::error::Error;

/// Fields that become columns of one file at the most. If there are so many, what else a record has is in one
/// cell more, as JSON.
pub const MOST_COLUMNS: usize = 2_000;

/// Whether the file has that cell.
fn has_more(frame: &Frame<'_>) -> bool {
    frame.columns.len() >= MOST_COLUMNS
}

/// What its column is called: as no field is that has a column.
fn more(frame: &Frame<'_>) -> String {
    let mut name = "_more".to_owned();
    while frame.columns.contains(&name) {
        name.push('_');
    }
    name
}

/// The fields of a record that have no column, as JSON.
fn rest(frame: &Frame<'_>, row: &Row) -> String {
    let mut json = vec![b'{'];
    let without = row.fields.iter().filter(|(name, _)| frame.columns.binary_search(name).is_err());
    for (n, (name, datum)) in without.enumerate() {
        if n > 0 {
            json.push(b',');
        }
        json::string(name, &mut json);
        json.push(b':');
        json::value(datum, &mut json);
    }
    json.push(b'}');
    String::from_utf8_lossy(&json).into_owned()
}

/// The names of the columns that the package adds, each unless a field is called so.
fn added(frame: &Frame<'_>) -> impl Iterator<Item = &'static str> + use<> {
    let has = |name: &str| frame.columns.iter().any(|column| column == name);
    let file = Some(FILE).filter(|name| frame.has_files && !has(name));
    Some(VERSION).filter(|name| !has(name)).into_iter().chain(file)
}

pub(super) fn head(frame: &Frame<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice("\u{FEFF}".as_bytes());
    let mut comma = false;
    let mut name = |name: &str| {
        if std::mem::replace(&mut comma, true) {
            out.push(b',');
        }
        text(name, out);
    };
    frame.columns.iter().for_each(|column| name(column));
    if has_more(frame) {
        name(&more(frame));
    }
    added(frame).for_each(&mut name);
    out.extend_from_slice(b"\r\n");
}

pub(super) fn record(
    frame: &Frame<'_>,
    row: &Row,
    file: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<u64, Error> {
    let begun = out.len();
    let (mut changed, mut met) = (0, 0);
    for (n, column) in frame.columns.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        if let Some(datum) = row.fields.get(column) {
            met += 1;
            changed += u64::from(cell(datum, out));
        }
    }
    if has_more(frame) {
        out.push(b',');
        changed += u64::from(met < row.fields.len() && text(&rest(frame, row), out));
    } else if met < row.fields.len() {
        out.truncate(begun);
        return Err(Error::Column { collection: format!("{}.{}", frame.store, frame.collection) });
    }
    let mut comma = !frame.columns.is_empty();
    for name in added(frame) {
        if std::mem::replace(&mut comma, true) {
            out.push(b',');
        }
        let value = if name == VERSION { row.version.as_deref() } else { file };
        changed += u64::from(value.is_some_and(|value| text(value, out)));
    }
    out.extend_from_slice(b"\r\n");
    Ok(changed)
}

/// Writes one cell, and says whether it was changed.
fn cell(datum: &Datum, out: &mut Vec<u8>) -> bool {
    match datum {
        Datum::Null => false,
        Datum::Bool(yes) => text(if *yes { "true" } else { "false" }, out),
        Datum::Number(number) if is_number(number.expose()) => {
            out.extend_from_slice(number.expose().as_bytes());
            false
        }
        Datum::Number(number) | Datum::Text(number) => text(number.expose(), out),
        Datum::Bytes(bytes) => text(&STANDARD.encode(bytes.expose()), out),
        Datum::Masked => text(Datum::MASKED, out),
        Datum::List(_) | Datum::Map(_) => {
            let mut nested = Vec::new();
            json::value(datum, &mut nested);
            text(&String::from_utf8_lossy(&nested), out)
        }
    }
}

fn text(text: &str, out: &mut Vec<u8>) -> bool {
    let marks = runs_at(text);
    let quoted = !marks.is_empty()
        || text.is_empty()
        || text.contains(['"', ',', '\r', '\n', '\t', ';', '(', '|', '!'])
        || text.starts_with(' ')
        || text.ends_with(' ');
    if quoted {
        out.push(b'"');
    }
    let mut done = 0;
    for at in marks.iter().copied().chain([text.len()]) {
        for (n, piece) in text[done..at].split('"').enumerate() {
            if n > 0 {
                out.extend_from_slice(b"\"\"");
            }
            out.extend_from_slice(piece.as_bytes());
        }
        if at < text.len() {
            out.push(b'\'');
        }
        done = at;
    }
    if quoted {
        out.push(b'"');
    }
    !marks.is_empty()
}

/// The places before which an apostrophe goes.
fn runs_at(text: &str) -> Vec<usize> {
    begins(text).filter(|(at, after)| would_run(&text[*at..], *after)).map(|(at, _)| at).collect()
}

/// Where a cell may begin in a spreadsheet's eyes, and what is before it: the text itself does, and where
/// lists are separated by semicolons, as in much of Europe, so does what is after one, and after a line's end.
fn begins(text: &str) -> impl Iterator<Item = (usize, char)> {
    let inner = text.match_indices([';', '\t', '\r', '\n']);
    let inner = inner.map(|(at, c)| (at + 1, c.chars().next().unwrap_or(';')));
    [(0, ';')].into_iter().chain(inner).filter(|(at, _)| *at < text.len())
}

/// Whether a spreadsheet might take it for a formula. The wide forms are what some turn into the narrow ones.
fn would_run(text: &str, after: char) -> bool {
    let begins = text.trim_start_matches([' ', '\u{A0}', '\u{FEFF}', '"', '\'']);
    let runs = begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    // An empty line is let alone: what follows it begins a line of its own.
    let is_line = matches!(after, '\r' | '\n');
    runs || (!is_line && begins.starts_with(['\t', '\r', '\n']))
}

/// The text of a cell as it was, without the apostrophes that keep a spreadsheet from running it.
pub fn restore_cell(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut done = 0;
    for (at, after) in begins(cell) {
        if cell[at..].strip_prefix('\'').is_some_and(|rest| would_run(rest, after)) {
            text.push_str(&cell[done..at]);
            done = at + 1;
        }
    }
    text.push_str(&cell[done..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(datum: &Datum, expect: &str) {
        let mut out = Vec::new();
        cell(datum, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expect);
    }

    #[test]
    fn no_text_is_run_by_a_spreadsheet() {
        check(&Datum::text("=HYPERLINK(\"http://evil\")"), "\"'=HYPERLINK(\"\"http://evil\"\")\"");
        check(&Datum::text("+1"), "\"'+1\"");
        check(&Datum::text("-2+3"), "\"'-2+3\"");
        check(&Datum::text("@SUM(A1)"), "\"'@SUM(A1)\"");
        check(&Datum::text("\t=1"), "\"'\t'=1\"");
        check(&Datum::text("\r=1"), "\"'\r'=1\"");
        check(&Datum::text("\n=1"), "\"'\n'=1\"");
        check(&Datum::text("\"=1"), "\"'\"\"=1\"");
        check(&Datum::text(" '=1"), "\"' '=1\"");
        check(&Datum::text("＝1"), "\"'＝1\"");
        check(&Datum::number("=1"), "\"'=1\"");
        check(&Datum::number("+1"), "\"'+1\"");
    }

    #[test]
    fn what_is_harmless_stays_as_it_is() {
        check(&Datum::number("-5.00"), "-5.00");
        check(&Datum::text("'t Hooft"), "'t Hooft");
        check(&Datum::text("a=b"), "a=b");
        check(&Datum::text(""), "\"\"");
        check(&Datum::Null, "");
        check(&Datum::List(vec![Datum::number("1"), Datum::text("=x")]), "\"[1,\"\"=x\"\"]\"");
        check(&Datum::Masked, "[another person's]");
    }

    #[test]
    fn what_another_country_splits_is_not_run_either() {
        check(&Datum::text("a;=1"), "\"a;'=1\"");
        check(&Datum::text("=a\t-1"), "\"'=a\t'-1\"");
        check(&Datum::text("2+cmd|' /C calc'!A0"), "\"2+cmd|' /C calc'!A0\"");
        check(&Datum::text("2+WEBSERVICE(A1)"), "\"2+WEBSERVICE(A1)\"");
        check(&Datum::text("Hi\n=1\n- one"), "\"Hi\n'=1\n'- one\"");
        check(&Datum::text("Hi\n+cmd|' /C calc'!A0"), "\"Hi\n'+cmd|' /C calc'!A0\"");
        check(&Datum::text("Hi\r\n-1\r＋1\r\n\r\n －1"), "\"Hi\r\n'-1\r'＋1\r\n\r\n' －1\"");
        check(&Datum::text("Hi\r\n\r\nBye\n\tBye"), "\"Hi\r\n\r\nBye\n\tBye\"");
    }

    #[test]
    fn a_cell_is_restored_to_what_it_was() {
        let texts = [
            "=1",
            "'=1",
            "''=1",
            "'t Hooft",
            "'",
            "''",
            "",
            "a",
            "\"=1",
            "'-",
            " +",
            "' a",
            "a;'=1;=\n'@",
            "\t\t=",
            "a\n+1\r\n'- b\n\n＋",
        ];
        for text in texts {
            let mut out = Vec::new();
            cell(&Datum::text(text), &mut out);
            let written = String::from_utf8(out).expect("it is text");
            let inner = written.strip_prefix('"').and_then(|w| w.strip_suffix('"')).unwrap_or(&written);
            assert_eq!(restore_cell(&inner.replace("\"\"", "\"")), text, "{text:?}");
        }
    }
}
