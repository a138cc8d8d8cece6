//! XML 1.0: `<records>` of `<record>` of `<field>`, each with its name and type.
//!
//! A text that XML cannot carry, such as one with a NUL, is written in base64 and says so. A carriage return
//! is written as a reference, because a reader would turn it into a line feed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::export::{Datum, Row};

use super::{FILE, Frame, VERSION};

pub(super) fn head(frame: &Frame<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<records");
    attribute("store", frame.store, out);
    attribute("collection", frame.collection, out);
    out.extend_from_slice(b">\n");
}

pub(super) fn tail(out: &mut Vec<u8>) {
    out.extend_from_slice(b"</records>\n");
}

pub(super) fn record(row: &Row, file: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"<record");
    // Attributes of their own, so that no field can be called as they are.
    for (name, text) in [(VERSION, row.version.as_deref()), (FILE, file)] {
        if let Some(text) = text {
            attribute(&name[1..], text, out);
        }
    }
    out.push(b'>');
    for (name, datum) in &row.fields {
        element("field", Some(name), datum, out);
    }
    out.extend_from_slice(b"</record>\n");
}

fn element(tag: &str, name: Option<&str>, datum: &Datum, out: &mut Vec<u8>) {
    out.push(b'<');
    out.extend_from_slice(tag.as_bytes());
    if let Some(name) = name {
        attribute("name", name, out);
    }
    let kind = match datum {
        Datum::Null => "null",
        Datum::Bool(_) => "bool",
        Datum::Number(_) => "number",
        Datum::Text(_) => "text",
        Datum::Bytes(_) => "bytes",
        Datum::List(_) => "list",
        Datum::Map(_) => "map",
        Datum::Masked => "masked",
    };
    attribute("type", kind, out);
    match datum {
        Datum::Null => {
            out.extend_from_slice(b"/>");
            return;
        }
        Datum::Bool(yes) => content(if *yes { "true" } else { "false" }, out),
        Datum::Number(text) | Datum::Text(text) => content(text.expose(), out),
        Datum::Bytes(bytes) => encoded(bytes.expose(), out),
        Datum::List(all) => {
            out.push(b'>');
            for one in all {
                element("item", None, one, out);
            }
        }
        Datum::Map(all) => {
            out.push(b'>');
            for (name, one) in all {
                element("field", Some(name), one, out);
            }
        }
        Datum::Masked => content(Datum::MASKED, out),
    }
    out.extend_from_slice(b"</");
    out.extend_from_slice(tag.as_bytes());
    out.push(b'>');
}

fn content(text: &str, out: &mut Vec<u8>) {
    if text.chars().all(is_carried) {
        out.push(b'>');
        escape(text, out);
    } else {
        encoded(text.as_bytes(), out);
    }
}

fn encoded(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b" encoding=\"base64\">");
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
}

fn attribute(name: &str, text: &str, out: &mut Vec<u8>) {
    let carried = text.chars().all(is_carried);
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    if !carried {
        out.extend_from_slice(b"-base64");
    }
    out.extend_from_slice(b"=\"");
    if carried {
        escape(text, out);
    } else {
        out.extend_from_slice(STANDARD.encode(text).as_bytes());
    }
    out.push(b'"');
}

/// Whether it is a `Char` of XML 1.0, section 2.2.
fn is_carried(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Text or attribute: what is safe in the one is safe in the other. White space that a reader would change
/// in one of them is a reference in both.
fn escape(text: &str, out: &mut Vec<u8>) {
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        let reference: &[u8] = match byte {
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'&' => b"&amp;",
            b'"' => b"&quot;",
            b'\'' => b"&apos;",
            b'\r' => b"&#13;",
            b'\n' => b"&#10;",
            b'\t' => b"&#9;",
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[done..at]);
        out.extend_from_slice(reference);
        done = at + 1;
    }
    out.extend_from_slice(&text.as_bytes()[done..]);
}
