//! The files, written once: what every tool packs, and the same records as they are staged.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use aws_lc_rs::digest::{Context as Hash, SHA256};
use domain::export::{Datum, Row};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shapes::{COLLECTIONS, MASKED, record};
use crate::Failure;
use crate::mix::Mix;

/// Rows of a page.
const ROWS: usize = 500;

/// A page as collecting leaves it: its rows in JSON, each value with its kind.
#[derive(Serialize, Deserialize)]
pub struct Page {
    pub rows: Vec<Staged>,
}

/// A row of it.
#[derive(Serialize, Deserialize)]
pub struct Staged {
    pub row: Row,
    pub masked: u64,
}

/// What a folder of files is.
#[derive(Default)]
pub struct Known {
    pub bytes: usize,
    pub records: u64,
    pub attachments: u64,
    files: BTreeMap<String, String>,
}

impl Known {
    /// SHA-256 of the list of all files, each with its own.
    pub fn digest(&self) -> String {
        let mut hash = Hash::new(&SHA256);
        for (name, sha256) in &self.files {
            hash.update(format!("{name} {sha256}\n").as_bytes());
        }
        hex::encode(hash.finish())
    }

    fn add(&mut self, name: String, writer: Hashed) -> Result<(), Failure> {
        self.bytes += usize::try_from(writer.bytes)?;
        let mut file = writer.file;
        file.flush()?;
        self.files.insert(name, hex::encode(writer.hash.finish()));
        Ok(())
    }
}

/// A file with its digest.
struct Hashed {
    file: BufWriter<File>,
    hash: Hash,
    bytes: u64,
}

impl Hashed {
    fn create(path: &Path) -> Result<Self, Failure> {
        let file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        Ok(Self { file, hash: Hash::new(&SHA256), bytes: 0 })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(self.file.write_all(bytes)?)
    }
}

/// Writes about so many bytes of records, and of attachments.
pub fn write(folder: &Path, records: u64, attachments: u64) -> Result<Known, Failure> {
    println!("writing {records} bytes of records and {attachments} of attachments");
    let (plain, staged) = (folder.join("in"), folder.join("staged"));
    std::fs::create_dir_all(&plain)?;
    std::fs::create_dir_all(&staged)?;
    let (mut known, mut mix) = (Known::default(), Mix::default());
    for collection in COLLECTIONS {
        let name = format!("{collection}.jsonl");
        let mut lines = Hashed::create(&plain.join(&name))?;
        let pages = File::create(staged.join(collection))?;
        let mut pages = BufWriter::with_capacity(1 << 20, pages);
        let mut page = Page { rows: Vec::new() };
        while lines.bytes < records / COLLECTIONS.len() as u64 {
            let record = record(collection, known.records, &mut mix);
            let mut line = serde_json::to_vec(&record)?;
            line.push(b'\n');
            lines.write(&line)?;
            known.records += 1;
            page.rows.push(stage(record));
            if page.rows.len() == ROWS {
                file(&mut page, &mut pages)?;
            }
        }
        file(&mut page, &mut pages)?;
        pages.flush()?;
        known.add(name, lines)?;
    }
    let mut written = 0;
    while written < attachments {
        let name = format!("photo-{:05}.jpg", known.attachments);
        let size = (100_000 + mix.below(1_900_000)).min(attachments - written);
        let mut photo = Hashed::create(&plain.join(&name))?;
        photo.write(&[0xFF, 0xD8, 0xFF, 0xE0])?;
        while photo.bytes < size {
            photo.write(&mix.draw().to_le_bytes())?;
        }
        written += photo.bytes;
        known.attachments += 1;
        known.add(name, photo)?;
    }
    Ok(known)
}

/// One page a line.
fn file(page: &mut Page, to: &mut impl Write) -> Result<(), Failure> {
    if !page.rows.is_empty() {
        serde_json::to_writer(&mut *to, page)?;
        to.write_all(b"\n")?;
        page.rows.clear();
    }
    Ok(())
}

fn stage(record: Value) -> Staged {
    let Value::Object(members) = record else { return Staged { row: row(BTreeMap::new()), masked: 0 } };
    let fields: BTreeMap<String, Datum> =
        members.into_iter().map(|(name, value)| (name, datum(value))).collect();
    let masked = fields.values().filter(|datum| matches!(datum, Datum::Masked)).count() as u64;
    Staged { row: row(fields), masked }
}

fn row(fields: BTreeMap<String, Datum>) -> Row {
    Row { fields, version: None, content: None }
}

fn datum(value: Value) -> Datum {
    match value {
        Value::Null => Datum::Null,
        Value::Bool(value) => Datum::Bool(value),
        Value::Number(number) => Datum::number(number.to_string()),
        Value::String(text) if text == MASKED => Datum::Masked,
        Value::String(text) => Datum::text(text),
        Value::Array(all) => Datum::List(all.into_iter().map(datum).collect()),
        Value::Object(all) => Datum::Map(all.into_iter().map(|(name, one)| (name, datum(one))).collect()),
    }
}
