//! The files with records. Each format is a pure function from rows to bytes, in which no text of a record can
//! be taken for anything but text. XML says of each value what kind it is. JSON does not tell bytes, which it
//! has in base64, from text, nor a number that no double holds. CSV has no kinds, and an empty cell both for
//! nothing and for a field that the record lacks.

mod csv;
mod json;
mod xml;

use domain::export::{Format, Row};

pub use csv::{MOST_COLUMNS, restore_cell};
pub(crate) use json::{string as json_string, value as json_value};

use crate::error::Error;

/// What every record of a file has in common.
pub(crate) struct Frame<'a> {
    pub(crate) store: &'a str,
    pub(crate) collection: &'a str,
    pub(crate) columns: &'a [String],
    /// Whether the records name files: then CSV has a column for them.
    pub(crate) has_files: bool,
}

/// The name under which a record's version stands, unless a field is called so.
pub(crate) const VERSION: &str = "_version";
/// The name under which the path of the file with an object's content stands, unless a field is called so.
pub(crate) const FILE: &str = "_file";

/// What is before the first record.
pub(crate) fn head(format: Format, frame: &Frame<'_>, out: &mut Vec<u8>) {
    match format {
        Format::Json => {}
        Format::Csv => csv::head(frame, out),
        Format::Xml => xml::head(frame, out),
    }
}

/// One record; gives how many of its cells were changed so that no spreadsheet runs them.
pub(crate) fn record(
    format: Format,
    frame: &Frame<'_>,
    row: &Row,
    file: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<u64, Error> {
    match format {
        Format::Json => json::record(row, file, out),
        Format::Xml => xml::record(row, file, out),
        Format::Csv => return csv::record(frame, row, file, out),
    }
    Ok(0)
}

/// What is after the last record.
pub(crate) fn tail(format: Format, out: &mut Vec<u8>) {
    if format == Format::Xml {
        xml::tail(out);
    }
}

/// The end of the file's name.
pub(crate) fn ending(format: Format) -> &'static str {
    match format {
        Format::Json => "jsonl",
        Format::Csv => "csv",
        Format::Xml => "xml",
    }
}

/// Whether a text is a number as JSON writes it (RFC 8259, section 6).
pub(crate) fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let length = digits(exponent);
        return length > 0 && length == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_json_takes_for_one() {
        for yes in ["0", "-0", "38.00", "-5.00", "1e9", "1E+9", "12345678901234567890.10", "0.1e-7"] {
            assert!(is_number(yes), "{yes}");
            assert!(serde_json::from_str::<serde_json::Value>(yes).is_ok(), "{yes}");
        }
        for no in ["", "-", "+1", "01", "1.", ".5", "1e", "1e+", "NaN", "1 ", " 1", "0x1", "=1", "١"] {
            assert!(!is_number(no), "{no}");
        }
    }
}
