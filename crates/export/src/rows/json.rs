//! JSON Lines: one flat object a line, its fields by name in order.
//!
//! A number is as it is written in the store, with every digit. One that no double reaches, as SQLite has its
//! infinities (`9e999`), is a text, since many readers refuse the whole line otherwise.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::export::{Datum, Row};

use super::{FILE, VERSION, is_number};

pub(super) fn record(row: &Row, file: Option<&str>, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut first = true;
    let mut name = |text: &str, out: &mut Vec<u8>| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        string(text, out);
        out.push(b':');
    };
    for (field, datum) in &row.fields {
        name(field, out);
        value(datum, out);
    }
    for (field, text) in [(VERSION, row.version.as_deref()), (FILE, file)] {
        if let Some(text) = text.filter(|_| !row.fields.contains_key(field)) {
            name(field, out);
            string(text, out);
        }
    }
    out.extend_from_slice(b"}\n");
}

pub(crate) fn value(datum: &Datum, out: &mut Vec<u8>) {
    match datum {
        Datum::Null => out.extend_from_slice(b"null"),
        Datum::Bool(true) => out.extend_from_slice(b"true"),
        Datum::Bool(false) => out.extend_from_slice(b"false"),
        // A reader that knows only doubles still has the text.
        Datum::Number(text) if is_number(text.expose()) && is_read(text.expose()) => {
            out.extend_from_slice(text.expose().as_bytes());
        }
        Datum::Number(text) | Datum::Text(text) => string(text.expose(), out),
        Datum::Bytes(bytes) => {
            out.push(b'"');
            out.extend_from_slice(STANDARD.encode(bytes.expose()).as_bytes());
            out.push(b'"');
        }
        Datum::List(all) => {
            out.push(b'[');
            for (n, one) in all.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                value(one, out);
            }
            out.push(b']');
        }
        Datum::Map(all) => {
            out.push(b'{');
            for (n, (name, one)) in all.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                string(name, out);
                out.push(b':');
                value(one, out);
            }
            out.push(b'}');
        }
        Datum::Masked => string(Datum::MASKED, out),
    }
}

/// Whether readers that know only doubles take the number: what has no exponent and is short enough always is.
fn is_read(number: &str) -> bool {
    let is_plain = number.len() <= 300 && !number.contains(['e', 'E']);
    is_plain || number.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A JSON string. No line ends inside of it.
pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 | 0x7F => b"",
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[done..at]);
        if short.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(short);
        }
        done = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[done..]);
    out.push(b'"');
}
