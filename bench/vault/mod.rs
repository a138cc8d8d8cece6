//! The row "vault": small fields under keys of their own, messages, streams, and refusing.

pub mod ours;
mod page;
mod streams;
mod wrong;

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context as Hash, SHA256};

use crate::mix::Mix;
use crate::run::{Results, Worker, settle};
use crate::{Failure, machine};

/// Bytes of the input, of which fields and records are the beginning.
const INPUT: usize = 1_000_000_000;
const ROUNDS: usize = 3;

/// Runs every job with every tool that knows it, round after round, and writes the table.
pub fn compare() -> Result<(), Failure> {
    let folder = machine::root().join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let input = folder.join("input");
    println!("writing an input of {INPUT} bytes");
    write_input(&input)?;
    let jobs = jobs()?;
    let before = machine::load();
    let mut results = Results::default();
    let mut known = Digests { input: input.clone(), all: Vec::new() };
    for round in 1..=ROUNDS {
        println!("\nround {round} of {ROUNDS}");
        for (job, workers) in &jobs {
            for worker in workers {
                settle();
                known.know(job)?;
                results.add(worker, job, &folder, &|bytes| known.of(bytes))?;
            }
        }
    }
    std::fs::remove_file(&input)?;
    let text = page::page(&results, [before, machine::load()]);
    std::fs::write(machine::root().join("docs/benchmarks/vault.md"), &text)?;
    println!("\n{text}");
    Ok(())
}

/// Each job, and who does it.
fn jobs() -> Result<Vec<(&'static str, Vec<Worker>)>, Failure> {
    let ours = || Worker::ours("vault");
    let small = || Ok::<_, Failure>(vec![ours()?, Worker::peer("chunks.py"), Worker::peer("esdk.py")]);
    let large = || {
        let mut workers = small()?;
        workers.push(Worker::peer("age.py"));
        if machine::says("gpg").is_some() {
            workers.push(Worker::peer("gnupg.py"));
        }
        Ok::<_, Failure>(workers)
    };
    Ok(vec![
        ("fields", small()?),
        ("messages", small()?),
        ("wrong", vec![ours()?]),
        ("disk", large()?),
        ("memory", large()?),
    ])
}

/// Bytes that no compression shortens, the same each time.
fn write_input(path: &Path) -> Result<(), Failure> {
    let mut to = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut mix = Mix::default();
    for _ in 0..INPUT / 8 {
        to.write_all(&mix.draw().to_le_bytes())?;
    }
    Ok(to.flush()?)
}

/// Digests of the first bytes of the input: of as many as some tool opens.
struct Digests {
    input: PathBuf,
    all: Vec<(usize, String)>,
}

impl Digests {
    /// The lengths that a job's tools may answer with.
    fn know(&mut self, job: &str) -> Result<(), Failure> {
        let lengths: Vec<usize> = match job {
            "fields" => [1_000_000, 100_000, 3_000, 500].map(|count| count * ours::FIELD).to_vec(),
            "messages" => [200_000, 100_000, 3_000, 500].map(|count| count * ours::RECORD).to_vec(),
            _ => vec![INPUT],
        };
        for length in lengths {
            if self.of(length).is_none() {
                self.all.push((length, digest(&self.input, length)?));
            }
        }
        Ok(())
    }

    fn of(&self, length: usize) -> Option<String> {
        self.all.iter().find(|(known, _)| *known == length).map(|(_, digest)| digest.clone())
    }
}

/// SHA-256 of the first bytes of a file, in hex.
fn digest(path: &Path, length: usize) -> Result<String, Failure> {
    let mut from = File::open(path)?.take(u64::try_from(length)?);
    let mut hash = Hash::new(&SHA256);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex(hash.finish().as_ref()));
        }
        hash.update(&buffer[..read]);
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
