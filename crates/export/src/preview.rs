//! The first records of a collection, for the page. Bounded in rows and in bytes.

use std::collections::BTreeMap;

use domain::export::{Content, Datum, Row};
use serde::{Deserialize, Serialize};

use crate::rows::json_value;

/// How many records of a collection the page shows at most.
pub(crate) const ROWS: usize = 25;
/// How many bytes of text it keeps for them.
const BYTES: usize = 64 << 10;
/// How many bytes of text it keeps for all collections together.
const ALL: usize = 1 << 20;
/// How many characters of one value it shows.
const CELL: usize = 240;
/// Images up to this size are shown in the page.
const IMAGE: u64 = 200_000;

/// What the page shows of a value. It cannot be printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cell {
    Empty,
    Text(String),
    Number(String),
    Masked,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) cells: BTreeMap<String, Cell>,
    pub(crate) version: Option<String>,
    /// The path of the object's content.
    pub(crate) file: Option<String>,
    /// Whether the content is an image that the page shows.
    pub(crate) is_image: bool,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Preview {
    pub(crate) rows: Vec<Shown>,
    bytes: usize,
    is_full: bool,
}

impl Preview {
    /// Takes a record in, if there is room. `all` counts the bytes of every collection.
    pub(crate) fn add(&mut self, row: &Row, file: Option<&str>, all: &mut usize) {
        if self.is_full {
            return;
        }
        let mut bytes = file.map_or(0, str::len);
        let mut cells = BTreeMap::new();
        for (name, datum) in &row.fields {
            let cell = show(datum);
            bytes += name.len() + if let Cell::Text(t) | Cell::Number(t) = &cell { t.len() } else { 0 } + 48;
            cells.insert(name.clone(), cell);
        }
        if self.rows.len() >= ROWS || self.bytes + bytes > BYTES || *all + bytes > ALL {
            self.is_full = true;
            return;
        }
        self.bytes += bytes;
        *all += bytes;
        let file = file.map(str::to_owned);
        let is_image = file.is_some() && row.content.as_ref().is_some_and(is_image);
        self.rows.push(Shown { cells, version: row.version.clone(), file, is_image });
    }
}

/// Pictures that cannot do anything but be seen; an SVG can.
fn is_image(content: &Content) -> bool {
    let kind = content.media_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    content.size <= IMAGE && matches!(kind, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

fn show(datum: &Datum) -> Cell {
    match datum {
        Datum::Null => Cell::Empty,
        Datum::Bool(yes) => Cell::Text(if *yes { "yes" } else { "no" }.to_owned()),
        Datum::Number(text) => Cell::Number(cut(text.expose())),
        Datum::Text(text) => Cell::Text(cut(text.expose())),
        Datum::Bytes(bytes) => Cell::Text(format!("{} bytes", bytes.expose().len())),
        Datum::List(all) if all.iter().all(|one| matches!(one, Datum::Text(_) | Datum::Number(_))) => {
            let texts = all.iter().filter_map(|one| match one {
                Datum::Text(text) | Datum::Number(text) => Some(text.expose()),
                _ => None,
            });
            Cell::Text(cut(&texts.collect::<Vec<_>>().join(" · ")))
        }
        Datum::List(_) | Datum::Map(_) => {
            let mut out = Vec::new();
            json_value(datum, &mut out);
            Cell::Text(cut(&String::from_utf8_lossy(&out)))
        }
        Datum::Masked => Cell::Masked,
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
