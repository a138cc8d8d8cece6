//! The row "masking": personal data found in a log, and how much of what is found is right.

mod judge;
mod log;
pub mod ours;
mod page;
mod patterns;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::run::{Results, Worker, settle};
use crate::{Failure, machine};
use judge::Judged;
use log::{Log, Place};

/// Bytes of the log: more than any cache has.
const BYTES: usize = 256 << 20;
/// What slower tools are given of it: one part in so many.
const MEDIUM: usize = 8;
const SMALL: usize = 256;
const ROUNDS: usize = 3;

/// What was measured, by the names of the page.
const FIND: &str = "find";
const MASK: &str = "mask";
const LINES: &str = "lines";

/// The corpora: that of the repository, which the rules were made with, and one that they were not.
const CORPORA: [(&str, &[&str]); 2] =
    [("repository", &["positives.jsonl", "negatives.jsonl"]), ("held-out", &["held-out.jsonl"])];

/// One text, with what is in it.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    findings: Vec<(String, usize, usize)>,
}

/// The texts of a corpus.
fn texts(corpus: &Path) -> Result<Vec<Labelled>, Failure> {
    Ok(std::fs::read_to_string(corpus)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// What a digest is of: a line for each finding.
fn digest(places: impl Iterator<Item = Place>) -> String {
    let mut text = String::new();
    for (kind, start, end) in places {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{kind} {start} {end}");
    }
    ::vault::sha256_hex(text.as_bytes())
}

/// What a tool has to come to.
#[derive(Clone, Copy)]
enum Right {
    /// The findings of these kinds.
    Found(&'static [&'static str]),
    /// The text with each finding replaced.
    Redacted,
    /// Nothing is said.
    Nothing,
}

impl Right {
    fn of(self, log: &Log, bytes: usize) -> Option<String> {
        let places = || log.places.iter().copied().filter(|(_, start, _)| *start < bytes);
        match self {
            Self::Found(kinds) => Some(digest(places().filter(|(kind, ..)| kinds.contains(kind)))),
            Self::Redacted => {
                let (mut text, mut done) = (String::with_capacity(bytes), 0);
                for (_, start, end) in places() {
                    text.push_str(&log.text[done..start]);
                    text.push_str("[REDACTED]");
                    done = end;
                }
                text.push_str(&log.text[done..bytes]);
                Some(::vault::sha256_hex(text.as_bytes()))
            }
            Self::Nothing => None,
        }
    }
}

const SIX: &[&str] = &["email", "ipv4", "card", "us_ssn", "phone", "iban"];

/// The workers: each job, who does it, and what has to come of it.
fn jobs(scanners: &Worker) -> Result<Vec<(&'static str, Worker, Right)>, Failure> {
    let mut jobs = Vec::new();
    for (job, right) in [
        ("six full", Right::Found(SIX)),
        ("every full", Right::Found(SIX)),
        ("plain full", Right::Found(SIX)),
        ("stream full", Right::Nothing),
        ("regex full", Right::Found(SIX)),
        ("automata full", Right::Found(SIX)),
        ("memchr full", Right::Nothing),
    ] {
        jobs.push((job, Worker::ours("masking")?, right));
    }
    for (job, right) in [("sds medium", Right::Found(SIX)), ("vrl medium", Right::Redacted)] {
        jobs.push((job, scanners.clone(), right));
    }
    for (job, script, kinds) in [
        ("hyperscan full", "expressions.py", SIX),
        ("re2 medium", "expressions.py", SIX),
        ("re medium", "expressions.py", SIX),
        ("presidio small", "presidio.py", PRESIDIO),
        ("scrubadub small", "scrub.py", SCRUBADUB),
    ] {
        jobs.push((job, Worker::peer(script), Right::Found(kinds)));
    }
    Ok(jobs)
}

/// Kinds of which these find what all others do; why not of the rest, the page says.
const PRESIDIO: &[&str] = &["email", "ipv4", "card", "us_ssn", "iban"];
const SCRUBADUB: &[&str] = &["email", "card", "us_ssn"];

/// Builds the scanners that would be too much for everybody's build: a package of its own, with a lock of its own.
fn scanners() -> Result<Worker, Failure> {
    let (manifest, target) = ("bench/peers/scanners/Cargo.toml", "target/scanners");
    let words = ["build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", target];
    let done = Command::new("cargo").args(words).current_dir(machine::root()).status()?;
    if !done.success() {
        return Err(format!("{manifest}: {done}").into());
    }
    Ok(Worker::program(&machine::root().join(target).join("release/scanners")))
}

/// Searches the log with every tool, round after round, judges what is found in the corpora, and writes the tables. `bytes` is
/// for a try: then the page stays in the folder.
pub fn compare(bytes: Option<usize>) -> Result<(), Failure> {
    let folder = machine::root().join("target/bench/masking");
    std::fs::create_dir_all(&folder)?;
    let scanners = scanners()?;
    let size = bytes.unwrap_or(BYTES);
    println!("writing a log of {size} bytes");
    let log = log::log(size);
    for (name, part) in [("full", 1), ("medium", MEDIUM), ("small", SMALL)] {
        let end = log.text[..log.text.len() / part].rfind('\n').map_or(0, |at| at + 1);
        std::fs::write(folder.join(name), &log.text[..end])?;
    }
    std::fs::write(folder.join("patterns.json"), patterns::as_json().to_string())?;

    let before = machine::load();
    let mut results = Results::default();
    let jobs = jobs(&scanners)?;
    for round in 1..=ROUNDS {
        println!("\nround {round} of {ROUNDS}");
        for (job, worker, right) in &jobs {
            settle();
            results.add(worker, job, &folder, &|bytes| right.of(&log, bytes))?;
        }
    }
    let judged = judge(&folder, &scanners)?;
    let text = page::page(&results, &judged, &log, [before, machine::load()]);
    let page = bytes.map_or(machine::root().join("docs/benchmarks/masking.md"), |_| folder.join("page.md"));
    std::fs::write(page, &text)?;
    for name in ["full", "medium", "small"] {
        std::fs::remove_file(folder.join(name))?;
    }
    println!("\n{text}");
    Ok(())
}

/// What each tool finds in each corpus.
fn judge(folder: &Path, scanners: &Worker) -> Result<Vec<(&'static str, Vec<Judged>)>, Failure> {
    let mut all = Vec::new();
    for (name, files) in CORPORA {
        let mut text = String::new();
        for file in files {
            text += &std::fs::read_to_string(machine::root().join("crates/masking/corpus").join(file))?;
        }
        std::fs::write(folder.join(name), text)?;
        let labelled = texts(&folder.join(name))?;
        let workers = [
            ("masking", Worker::ours("masking")?),
            ("automata", Worker::ours("masking")?),
            ("presidio", Worker::peer("presidio.py")),
            ("scrubadub", Worker::peer("scrub.py")),
            ("vrl", scanners.clone()),
        ];
        let mut judged = Vec::new();
        for (tool, worker) in workers {
            for line in worker.run(&format!("{tool} corpus {name}"), folder)? {
                judged.push(Judged::new(&labelled, &line)?);
            }
        }
        all.push((name, judged));
    }
    Ok(all)
}
