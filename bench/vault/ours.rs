//! The vault at work.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use ::vault::{Context, DataKey, Material, RecordKey, open, seal, sha256_hex};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use super::{streams, wrong};
use crate::{Failure, machine};

/// Our name in the tables.
pub const TOOL: &str = "vault";

pub const FIELD: usize = 64;
pub const RECORD: usize = 1024;
const FIELDS: usize = 1_000_000;
const RECORDS: usize = 200_000;
const NAME: &str = "email";

/// Does one job, and prints what it measured.
pub fn work(job: &str, folder: &Path) -> Result<(), Failure> {
    match job {
        "fields" => fields(folder),
        "messages" => messages(folder),
        "wrong" => wrong::measure(),
        "disk" => streams::disk(folder),
        "memory" => streams::memory(folder),
        other => Err(format!("no such job: {other}").into()),
    }
}

/// A key that everything here is sealed under.
pub fn key() -> DataKey {
    DataKey::new(&Material::new([7; 32]), 1)
}

/// What a thing is.
pub fn context(object: &str) -> Context<'_> {
    Context { tenant: "demo", purpose: "subject", object }
}

/// Fresh random bytes, fetched many at a time: a call of the generator costs more than the bytes.
pub struct Fresh {
    bytes: Vec<u8>,
    used: usize,
}

impl Fresh {
    pub fn new() -> Self {
        Self { bytes: vec![0; 16 * 1024], used: 16 * 1024 }
    }

    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        if self.used + N > self.bytes.len() {
            SystemRandom::new().fill(&mut self.bytes)?;
            self.used = 0;
        }
        let taken = self.bytes[self.used..self.used + N].try_into()?;
        self.used += N;
        Ok(taken)
    }
}

/// Prints a result, with what proves it.
pub fn say(what: &str, count: usize, taken: Duration, checked: &Value) {
    let seconds = taken.as_secs_f64();
    let version = machine::locked("aws-lc-rs");
    let mut line =
        json!({ "tool": TOOL, "version": version, "what": what, "count": count, "seconds": seconds });
    for name in ["digest", "bytes"] {
        if !checked[name].is_null() {
            line[name] = checked[name].clone();
        }
    }
    println!("{line}");
}

/// What came back, for who knows what went in.
pub fn proof(opened: &[u8]) -> Value {
    json!({ "digest": sha256_hex(opened), "bytes": opened.len() })
}

fn beginning(folder: &Path, length: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; length];
    File::open(folder.join("input"))?.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn objects(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("record-{number}")).collect()
}

/// Each field under a key of its record: the key, sealed, opened. Then the parts of it.
fn fields(folder: &Path) -> Result<(), Failure> {
    let (plain, objects) = (beginning(folder, FIELD * FIELDS)?, objects(FIELDS));
    let (key, mut fresh) = (key(), Fresh::new());
    let mut back = vec![1; plain.len()];
    let begun = Instant::now();
    for ((field, object), back) in plain.chunks(FIELD).zip(&objects).zip(back.chunks_mut(FIELD)) {
        let record = RecordKey::new(&key, &context(object), fresh.take()?)?;
        let sealed = record.seal(NAME, fresh.take()?, field)?;
        back.copy_from_slice(&record.unseal(NAME, &sealed)?);
    }
    let taken = begun.elapsed();
    say("fields", FIELDS, taken, &proof(&back));

    let begun = Instant::now();
    let mut salts = vec![([0_u8; 32], [0_u8; 12]); FIELDS];
    for (salt, nonce) in &mut salts {
        (*salt, *nonce) = (fresh.take()?, fresh.take()?);
    }
    say("part: 44 random bytes", FIELDS, begun.elapsed(), &Value::Null);
    let (alone, random) = (FIELDS / 10, SystemRandom::new());
    let begun = Instant::now();
    for _ in 0..alone {
        let mut bytes = [0_u8; 44];
        random.fill(&mut bytes)?;
        let _ = std::hint::black_box(bytes);
    }
    say("alone: 44 random bytes", alone, begun.elapsed(), &Value::Null);
    let begun = Instant::now();
    for ((salt, _), object) in salts.iter().zip(&objects) {
        let _ = std::hint::black_box(RecordKey::new(&key, &context(object), *salt)?);
    }
    say("part: `RecordKey::new`", FIELDS, begun.elapsed(), &Value::Null);
    let record = RecordKey::new(&key, &context("record-0"), fresh.take()?)?;
    let mut sealed = Vec::with_capacity(FIELDS);
    let begun = Instant::now();
    for ((_, nonce), field) in salts.iter().zip(plain.chunks(FIELD)) {
        sealed.push(record.seal(NAME, *nonce, field)?);
    }
    say("part: `seal`", FIELDS, begun.elapsed(), &Value::Null);
    let begun = Instant::now();
    for sealed in &sealed {
        let _ = std::hint::black_box(record.unseal(NAME, sealed)?);
    }
    say("part: `unseal`", FIELDS, begun.elapsed(), &Value::Null);
    Ok(())
}

/// Each record as a message: sealed, and opened from its bytes.
fn messages(folder: &Path) -> Result<(), Failure> {
    let (plain, objects) = (beginning(folder, RECORD * RECORDS)?, objects(RECORDS));
    let (key, mut fresh) = (key(), Fresh::new());
    let mut back = vec![1; plain.len()];
    let begun = Instant::now();
    for ((record, object), back) in plain.chunks(RECORD).zip(&objects).zip(back.chunks_mut(RECORD)) {
        let sealed = seal(&key, &context(object), fresh.take()?, record)?;
        back.copy_from_slice(&open(&key, &context(object), &sealed)?);
    }
    let taken = begun.elapsed();
    say("messages", RECORDS, taken, &proof(&back));
    Ok(())
}
