//! The page on the vault's format is enough to open what the vault sealed: its Python reader, taken from
//! the page, opens all three shapes and the file that `lacuna vault encrypt` makes, and refuses what was
//! damaged with the same word as the vault does.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;

use contract::vault::{FILE_MAGIC, FILE_PURPOSE, FILE_VERSION, Purpose};
use serde_json::{Value, json};
use vault::{
    Context, DataKey, FRAME, HEADER, Material, OpenReader, RecordKey, SealWriter, VaultError, open, seal,
    sha256_hex,
};

use crate::repository::{read, root};

const MATERIAL: [u8; 32] = [0x2a; 32];
const VERSION: u32 = 3;
const CONTEXT: Context<'static> = Context { tenant: "demo", purpose: "export", object: "Käse/1" };
const NAME: &str = "e-mail";
/// Mark, plaintext, tag.
const WHOLE: usize = 16 + FRAME + 16;
const LONGEST_READER: usize = 40;
/// The reader holds a frame, sealed and opened, and what it was read through.
const MOST_MEMORY: u64 = 1024 * 1024;

fn key() -> DataKey {
    DataKey::new(&Material::new(MATERIAL), VERSION)
}

/// Something to open, as somebody asks for it.
#[derive(Clone)]
struct Case {
    label: String,
    shape: &'static str,
    /// The message, the stream or the record's header.
    sealed: Vec<u8>,
    field: Vec<u8>,
    name: &'static str,
    material: [u8; 32],
    version: u32,
    context: Context<'static>,
}

impl Case {
    fn new(shape: &'static str, sealed: Vec<u8>, field: Vec<u8>) -> Self {
        Self {
            label: shape.to_owned(),
            shape,
            sealed,
            field,
            name: NAME,
            material: MATERIAL,
            version: VERSION,
            context: CONTEXT,
        }
    }

    fn message(plain: &[u8]) -> Self {
        Self::new("message", seal(&key(), &CONTEXT, [1; 32], plain).expect("sealed"), Vec::new())
    }

    fn stream(salt: u8, plain: &[u8]) -> Self {
        let mut writer = SealWriter::new(Vec::new(), &key(), &CONTEXT, [salt; 32]).expect("a stream");
        writer.write_all(plain).expect("sealed");
        Self::new("stream", writer.finish().expect("finished"), Vec::new())
    }

    /// As `lacuna vault encrypt` makes it: a key of its own, which the API sealed as it seals everything, and
    /// the stream. That the program does is in its own tests.
    fn file(salt: u8, plain: &[u8]) -> Self {
        let own = [salt ^ 0x55; 32];
        let mut sealed = Self::begun(&own);
        let stream = Context { tenant: "", purpose: FILE_PURPOSE, object: CONTEXT.object };
        let own = DataKey::new(&Material::new(own), 1);
        let mut writer = SealWriter::new(Vec::new(), &own, &stream, [salt; 32]).expect("a stream");
        writer.write_all(plain).expect("sealed");
        sealed.extend(writer.finish().expect("finished"));
        Self::new("file", sealed, Vec::new())
    }

    /// What a file begins with: its key, if it is one.
    fn begun(own: &[u8]) -> Vec<u8> {
        let object = format!("{FILE_PURPOSE}/{}", CONTEXT.object);
        let context = Context { purpose: Purpose::Fields.as_str(), object: &object, ..CONTEXT };
        let sealed = seal(&key(), &context, [6; 32], own).expect("sealed");
        let length = u16::try_from(sealed.len()).expect("a short one").to_be_bytes();
        [&FILE_MAGIC[..], &[FILE_VERSION], &length, &sealed].concat()
    }

    fn record(salt: u8, plain: &[u8]) -> Self {
        let record = RecordKey::new(&key(), &CONTEXT, [salt; 32]).expect("a key");
        let field = record.seal(NAME, [4; 12], plain).expect("sealed");
        Self::new("record", record.header().as_bytes().to_vec(), field)
    }

    /// The same with something changed.
    fn but(&self, label: impl std::fmt::Display, change: impl FnOnce(&mut Self)) -> Self {
        let mut other = self.clone();
        other.label = format!("{}: {label}", self.label);
        change(&mut other);
        other
    }

    /// What the vault itself says.
    fn truth(&self) -> Result<Vec<u8>, VaultError> {
        let key = DataKey::new(&Material::new(self.material), self.version);
        match self.shape {
            "message" => open(&key, &self.context, &self.sealed),
            "stream" => opened(&key, &self.context, &self.sealed),
            "file" => {
                let magic = self.sealed.get(..4).ok_or(VaultError::Truncated)?;
                if magic != FILE_MAGIC {
                    return Err(VaultError::NotSealed);
                }
                let start = self.sealed.get(4..7).ok_or(VaultError::Truncated)?;
                if start[0] != FILE_VERSION {
                    return Err(VaultError::Version);
                }
                let length = usize::from(u16::from_be_bytes([start[1], start[2]]));
                let sealed = self.sealed.get(7..7 + length).ok_or(VaultError::Truncated)?;
                let Context { tenant, object, .. } = self.context;
                let name = format!("{FILE_PURPOSE}/{object}");
                let context = Context { tenant, purpose: Purpose::Fields.as_str(), object: &name };
                let own = DataKey::new(&Material::from_slice(&open(&key, &context, sealed)?)?, 1);
                let context = Context { tenant: "", purpose: FILE_PURPOSE, object };
                opened(&own, &context, &self.sealed[7 + length..])
            }
            _ => RecordKey::open(&key, &self.context, &self.sealed)?.unseal(self.name, &self.field),
        }
    }
}

/// What the vault says of a stream.
fn opened(key: &DataKey, context: &Context<'_>, mut from: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut plain = Vec::new();
    let read = OpenReader::header(&mut from)
        .and_then(|header| OpenReader::new(from, &header, key, context)?.read_to_end(&mut plain));
    read.map(|_| plain).map_err(|e| *e.get_ref().expect("ours").downcast_ref().expect("ours"))
}

/// What must open: each size at which something begins or ends.
fn whole() -> Vec<Case> {
    let text: Vec<u8> = (0..3 * FRAME + 5).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
    let mut cases = Vec::new();
    for length in [0, 1, 1000, FRAME] {
        cases.push(Case::message(&text[..length]).but(length, |_| {}));
        cases.push(Case::record(5, &text[..length]).but(length, |_| {}));
    }
    for length in [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 5] {
        cases.push(Case::stream(2, &text[..length]).but(length, |_| {}));
        cases.push(Case::file(2, &text[..length]).but(length, |_| {}));
    }
    cases.push(Case::stream(2, &text.repeat(20)).but("long", |_| {}));
    cases.push(Case::file(2, &text.repeat(20)).but("long", |_| {}));
    cases
}

/// A bit of every byte of the header, wherever the header is.
fn headers(cases: &mut Vec<Case>, whole: &Case) {
    for at in 0..HEADER {
        cases.push(whole.but(format!("byte {at}"), |case| case.sealed[at] ^= 1 << (at % 8)));
        if at % 8 == 0 {
            cases.push(whole.but(format!("cut to {at}"), |case| case.sealed.truncate(at)));
        }
    }
    // A header whose check is right again, with what it said not.
    for at in [0, 4, 5, 6, 7, 11, 15, 16, 24, 56] {
        cases.push(whole.but(format!("byte {at}, checked"), |case| {
            case.sealed[at] ^= 1;
            let check = vault::sha256(&case.sealed[..88]);
            case.sealed[88..HEADER].copy_from_slice(&check[..8]);
        }));
    }
}

/// Asked for as something else than it is.
fn strangers(cases: &mut Vec<Case>, whole: &Case) {
    cases.push(whole.but("another key", |case| case.material = [0x2b; 32]));
    cases.push(whole.but("another version", |case| case.version = 4));
    cases.push(whole.but("another tenant", |case| case.context.tenant = "demos"));
    cases.push(whole.but("another purpose", |case| case.context.purpose = "plan"));
    cases.push(whole.but("another object", |case| case.context.object = "Käse/2"));
    cases.push(whole.but("another split", |case| {
        (case.context.tenant, case.context.purpose) = ("demoe", "xport");
    }));
    for shape in ["message", "stream", "record"].into_iter().filter(|shape| *shape != whole.shape) {
        cases.push(whole.but(format!("as a {shape}"), |case| case.shape = shape));
    }
}

/// Bits of a body flipped, its end cut off, and something behind it.
fn bodies(cases: &mut Vec<Case>, whole: &Case, of: fn(&mut Case) -> &mut Vec<u8>, from: usize) {
    let length = of(&mut whole.clone()).len();
    let step = (length - from).div_ceil(40);
    for at in (from..length).step_by(step).chain(length - 16..length) {
        cases.push(whole.but(format!("byte {at}"), |case| of(case)[at] ^= 0x80));
    }
    for at in (from..length).step_by(step).chain([length - 17, length - 16, length - 1]) {
        cases.push(whole.but(format!("cut to {at}"), |case| of(case).truncate(at)));
    }
    cases.push(whole.but("one more", |case| of(case).push(0)));
}

fn frames(cases: &mut Vec<Case>, whole: &Case, other: &Case) {
    let at = |number: usize| HEADER + number * WHOLE;
    for number in 0..3 {
        for mark in 0..16 {
            cases.push(whole.but(format!("frame {number}, mark {mark}"), |case| {
                case.sealed[at(number) + mark] ^= 1;
            }));
        }
        let frame = at(number)..at(number + 1);
        let sealed = whole.sealed[frame.clone()].to_vec();
        cases.push(whole.but(format!("without frame {number}"), |case| {
            case.sealed.drain(frame.clone());
        }));
        cases.push(whole.but(format!("frame {number} twice"), |case| {
            case.sealed.splice(frame.start..frame.start, sealed.clone());
        }));
        cases.push(whole.but(format!("frame {number} at the end"), |case| case.sealed.extend(&sealed)));
        cases.push(whole.but(format!("cut before {number}"), |case| case.sealed.truncate(frame.start)));
        cases.push(whole.but(format!("frame {number} of another"), |case| {
            case.sealed[frame.clone()].copy_from_slice(&other.sealed[frame.clone()]);
        }));
        cases.push(whole.but(format!("frame {number} said to be the last"), |case| {
            case.sealed[frame.start + 12] |= 0x80;
            case.sealed.truncate(frame.end);
        }));
        for second in number + 1..3 {
            cases.push(whole.but(format!("frames {number} and {second} exchanged"), |case| {
                let moved = case.sealed[at(second)..at(second + 1)].to_vec();
                case.sealed.copy_within(frame.clone(), at(second));
                case.sealed[frame.clone()].copy_from_slice(&moved);
            }));
        }
    }
    let last = at(3);
    cases.push(whole.but("the last said not to be", |case| case.sealed[last + 12] &= 0x7f));
    cases.push(whole.but("the last twice", |case| case.sealed.extend_from_within(last..)));
    cases.push(whole.but("the header of another", |case| {
        case.sealed[..HEADER].copy_from_slice(&other.sealed[..HEADER]);
    }));
}

/// A file's beginning, and the stream behind it, changed everywhere.
fn files(cases: &mut Vec<Case>, text: &[u8]) {
    let whole = Case::file(2, text);
    let beginning = Case::begun(&[0; 32]).len();
    for at in 0..beginning {
        cases.push(whole.but(format!("byte {at}"), |case| case.sealed[at] ^= 1 << (at % 8)));
        cases.push(whole.but(format!("cut to {at}"), |case| case.sealed.truncate(at)));
    }
    bodies(cases, &whole, |case| &mut case.sealed, beginning);
    cases.push(whole.but("another key", |case| case.material = [0x2b; 32]));
    cases.push(whole.but("another version", |case| case.version = 4));
    cases.push(whole.but("another tenant", |case| case.context.tenant = "demos"));
    cases.push(whole.but("another name", |case| case.context.object = "Käse/2"));
    cases.push(whole.but("as a stream", |case| case.shape = "stream"));
    cases.push(Case::stream(2, text).but("as a file", |case| case.shape = "file"));
    cases.push(whole.but("the stream of another", |case| {
        let other = Case::file(3, text).sealed.split_off(beginning);
        case.sealed.splice(beginning.., other);
    }));
    cases.push(whole.but("a key that is none", |case| {
        let stream = case.sealed.split_off(beginning);
        case.sealed = [Case::begun(&[0; 31]), stream].concat();
    }));
}

/// What must be refused.
fn damaged() -> Vec<Case> {
    let mut cases = Vec::new();
    let text = vec![9; 3 * FRAME + 5];
    let (message, record) = (Case::message(&text[..100]), Case::record(5, &text[..100]));
    let stream = Case::stream(2, &text);
    for whole in [&message, &stream, &record] {
        headers(&mut cases, whole);
        strangers(&mut cases, whole);
    }
    bodies(&mut cases, &message, |case| &mut case.sealed, HEADER);
    bodies(&mut cases, &stream, |case| &mut case.sealed, HEADER);
    bodies(&mut cases, &record, |case| &mut case.field, 0);
    frames(&mut cases, &stream, &Case::stream(3, &text));
    files(&mut cases, &text);
    cases.push(record.but("another field's name", |case| case.name = "phone"));
    cases.push(record.but("another record's field", |case| case.field = Case::record(6, &text[..100]).field));
    cases.push(record.but("a longer header", |case| case.sealed.push(0)));
    cases
}

/// The reader, as the page has it; and what it has besides, for files.
fn reader() -> [String; 2] {
    let page = read("docs/vault-format.md");
    let blocks = page.split("```python\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let blocks: Vec<String> = blocks.map(|block| block.to_owned() + "\n").collect();
    blocks.try_into().expect("a reader, and one for files")
}

/// What the reader says to each case.
fn ask(folder: &str, cases: &[Case]) -> Vec<Value> {
    let python = root().join(".venv/bin/python");
    assert!(python.exists(), "this test needs Python with the package cryptography: run `make venv`");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("reader.py"), reader().concat()).expect("written");
    let mut lines = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let (file, field) = (number.to_string(), format!("{number}-field"));
        std::fs::write(folder.join(&file), &case.sealed).expect("written");
        std::fs::write(folder.join(&field), &case.field).expect("written");
        let Context { tenant, purpose, object } = case.context;
        let line = json!({
            "shape": case.shape, "file": file, "field": field, "name": case.name,
            "material": hex::encode(case.material), "version": case.version, "context": [tenant, purpose, object],
        });
        lines.push(line.to_string());
    }
    std::fs::write(folder.join("cases"), lines.join("\n")).expect("written");
    let script = root().join("tests/it/vault_format.py");
    let said = Command::new(python).args(["-B".as_ref(), script.as_os_str(), folder.as_os_str()]).output();
    let said = said.expect("Python runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8(said.stdout).expect("text");
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(text.lines().count(), cases.len());
    text.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect()
}

#[test]
fn the_reader_of_the_page_opens_what_the_vault_sealed() {
    let cases = whole();
    for (case, said) in cases.iter().zip(ask("vault-format-whole", &cases)) {
        let plain = case.truth().expect("it opens");
        assert_eq!(said["opened"], sha256_hex(&plain), "{}", case.label);
        if ["stream", "file"].contains(&case.shape) {
            let peak = said["peak"].as_u64().expect("a number");
            assert!(peak < MOST_MEMORY, "{}: {peak} bytes of memory", case.label);
        }
    }
}

#[test]
fn the_reader_of_the_page_refuses_what_was_damaged_as_the_vault_does() {
    let cases = damaged();
    assert!(cases.len() > 600, "{}", cases.len());
    for (case, said) in cases.iter().zip(ask("vault-format-damaged", &cases)) {
        let error = case.truth().expect_err(&case.label);
        assert_eq!(said["refused"], format!("{error:?}"), "{}: {said}", case.label);
    }
}

#[test]
fn the_page_has_every_error_and_a_short_reader() {
    let lines = reader()[0].lines().count();
    assert!(lines <= LONGEST_READER, "the reader has {lines} lines");
    let (page, source) = (read("docs/vault-format.md"), read("crates/vault/src/lib.rs"));
    let variants = source.split("pub enum VaultError {").nth(1).and_then(|rest| rest.split("\n}").next());
    let names: Vec<&str> = variants
        .expect("the enum")
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|name| name.chars().all(char::is_alphabetic))
        .collect();
    assert!(names.len() > 10, "{names:?}");
    let missing: Vec<&&str> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "errors that the page does not explain: {missing:?}");
}
