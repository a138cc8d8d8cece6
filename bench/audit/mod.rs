//! The row "audit": entries that are appended, and exports of a log that are verified.

mod events;
mod log;
pub mod ours;
mod page;
mod parts;
mod peers;

use std::path::Path;

use crate::run::{Results, Worker, settle};
use crate::{Failure, machine};
use log::Known;

/// Entries of the log that is verified.
const ENTRIES: u64 = 2_000_000;
/// One in so many is in the log that is appended to, and that the slowest verifies.
const SHORTER: u64 = 10;
/// Bytes of the largest file, and what has to be free on the disk for it; and of it where there is less.
const LARGE: u64 = 10_000_000_000;
const FREE: u64 = 25_000_000_000;
const LESS: u64 = 2_000_000_000;
const ROUNDS: usize = 3;

/// The files of a folder: a log, a shorter one, and one that is larger than any memory should hold.
const LOG: &str = "log";
const SHORT: &str = "short";
const VAST: &str = "vast";

/// What was measured, by the names of the page.
const VERIFY: &str = "verify";
const ADD: &str = "add";
const APPEND: &str = "append";
const STREAM: &str = "stream";

/// Appends and verifies the same entries with every tool, round after round, and writes the table. `entries` is for a
/// try: then the page stays in the folder, and the largest file is as many times smaller.
pub fn compare(entries: Option<u64>) -> Result<(), Failure> {
    let folder = machine::root().join("target/bench/audit");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("key"), log::key()?.to_string())?;
    let count = entries.unwrap_or(ENTRIES);
    let before = machine::load();
    println!("writing logs of {count} entries, and of one in {SHORTER} of them");
    let known = [
        log::write(&folder.join(LOG), |written| written.entries < count)?,
        log::write(&folder.join(SHORT), |written| written.entries < count / SHORTER)?,
    ];
    let mut results = Results::default();
    let jobs = jobs()?;
    for round in 1..=ROUNDS {
        println!("\nround {round} of {ROUNDS}");
        for (job, worker, right) in &jobs {
            settle();
            results.add(worker, job, &folder, &|entries| right.of(&known, entries))?;
        }
    }
    let vast = vast(&folder, count, &mut results)?;

    let text = page::page(&results, &known, &vast, [before, machine::load()])?;
    let page = entries.map_or(machine::root().join("docs/benchmarks/audit.md"), |_| folder.join("page.md"));
    std::fs::write(page, &text)?;
    println!("\n{text}");
    Ok(())
}

/// Verifies a file that no memory should hold, once.
fn vast(folder: &Path, entries: u64, results: &mut Results) -> Result<Known, Failure> {
    let most = if machine::free(folder) >= FREE { LARGE } else { LESS };
    let most = most / (ENTRIES / entries.clamp(1, ENTRIES));
    println!("\nwriting a log of {most} bytes");
    let path = folder.join(VAST);
    let known = log::write(&path, |written| written.bytes < most)?;
    settle();
    let all = [known];
    let verified =
        results.add(&Worker::ours("audit")?, STREAM, folder, &|entries| Right::Root.of(&all, entries));
    std::fs::remove_file(&path)?;
    verified?;
    let [known] = all;
    Ok(known)
}

/// What a tool has to get: the last hash of the chain, or the root of the tree.
#[derive(Clone, Copy)]
enum Right {
    Chain,
    Root,
}

impl Right {
    /// That of a log of so many entries.
    fn of(self, known: &[Known], entries: usize) -> Option<String> {
        let known = known.iter().find(|known| usize::try_from(known.entries) == Ok(entries))?;
        Some(match self {
            Self::Chain => known.last.clone(),
            Self::Root => known.root.clone(),
        })
    }
}

/// Each job, who does it, and what has to come of it.
fn jobs() -> Result<Vec<(String, Worker, Right)>, Failure> {
    let ours = || Worker::ours("audit");
    let mut jobs = Vec::new();
    for what in [VERIFY, ADD, APPEND] {
        jobs.push((what.to_owned(), ours()?, Right::Root));
        for peer in peers::ALL {
            jobs.push((format!("{what} {peer}"), ours()?, Right::Root));
        }
        jobs.push((what.to_owned(), Worker::peer("chain.py"), Right::Chain));
        jobs.push((what.to_owned(), Worker::peer("merkle.py"), Right::Root));
    }
    jobs.push(("parts".to_owned(), ours()?, Right::Root));
    Ok(jobs)
}
