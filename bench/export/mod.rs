//! The row "export": an encrypted archive of many records, and of attachments that do not compress.

mod input;
pub mod ours;
mod page;
mod parts;
mod shapes;

use std::path::Path;

use age::secrecy::ExposeSecret;

use crate::run::{Results, Worker, settle};
use crate::{Failure, machine};
use input::Known;

/// Bytes of the files.
const INPUT: u64 = 1_000_000_000;
/// How many times that is packed once, by us and by the strongest of the others.
const LARGER: u64 = 5;
const ROUNDS: usize = 3;

/// What is packed, by the folder that the files are in.
const RECORDS: &str = "records";
const MIXED: &str = "mixed";
const LARGE: &str = "large";

/// A tool at one job: how its result is decrypted, and its name once it has answered.
struct Entry {
    worker: Worker,
    job: &'static str,
    opens: &'static str,
    tool: Option<String>,
}

/// What was packed, in the order of the page.
struct Packed {
    what: &'static str,
    known: Known,
    rounds: usize,
}

/// Packs the same files with every tool, round after round, unpacks what came out, and writes the table.
/// `size` is for a try: then the page stays in the folder.
pub fn compare(size: Option<u64>) -> Result<(), Failure> {
    let folder = machine::root().join("target/bench/export");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let me = age::x25519::Identity::generate();
    std::fs::write(folder.join("identity"), me.to_string().expose_secret())?;
    std::fs::write(folder.join("recipient"), me.to_public().to_string())?;
    let input = size.unwrap_or(INPUT);
    let before = machine::load();
    let (mut results, mut all) = (Results::default(), Vec::new());
    let (mut ours, mut peers) = (ours()?, peers());

    let at = folder.join(RECORDS);
    let known = input::write(&at, input, 0)?;
    for round in 1..=ROUNDS {
        println!("\n{RECORDS}, round {round} of {ROUNDS}");
        for entry in ours.iter_mut().chain(&mut peers) {
            // Who is slower by choice shows that once.
            if round == 1 || !entry.job.ends_with("-2") {
                entry.pack(&at, &known, &mut results)?;
            }
        }
        settle();
        results.add(&Worker::ours("export")?, "parts", &at, &|_| None)?;
    }
    all.push(Packed { what: RECORDS, known, rounds: ROUNDS });
    std::fs::remove_dir_all(&at)?;

    let at = folder.join(MIXED);
    let known = input::write(&at, input / 2, input / 2)?;
    println!("\n{MIXED}");
    for entry in ours.iter_mut().chain(&mut peers).filter(|entry| !entry.job.ends_with("-2")) {
        entry.pack(&at, &known, &mut results)?;
    }
    all.push(Packed { what: MIXED, known, rounds: 1 });
    std::fs::remove_dir_all(&at)?;

    let at = folder.join(LARGE);
    let known = input::write(&at, LARGER * input, 0)?;
    println!("\n{LARGE}");
    let strongest = page::strongest(&results, RECORDS, "").map(|(tool, _)| tool);
    for entry in ours.iter_mut().chain(peers.iter_mut().filter(|entry| entry.tool == strongest)) {
        entry.pack(&at, &known, &mut results)?;
    }
    all.push(Packed { what: LARGE, known, rounds: 1 });
    std::fs::remove_dir_all(&at)?;

    let text = page::page(&results, &all, [before, machine::load()]);
    let page = size.map_or(machine::root().join("docs/benchmarks/export.md"), |_| folder.join("page.md"));
    std::fs::write(page, &text)?;
    println!("\n{text}");
    Ok(())
}

impl Entry {
    fn new(worker: Worker, job: &'static str, opens: &'static str) -> Self {
        Self { worker, job, opens, tool: None }
    }

    /// Packs the files of a folder; then another process opens that, and what comes out has to be the files.
    fn pack(&mut self, folder: &Path, known: &Known, results: &mut Results) -> Result<(), Failure> {
        settle();
        self.tool = Some(results.add(&self.worker, self.job, folder, &|_| None)?);
        let right = |bytes| (bytes == known.bytes).then(|| known.digest());
        let checked = results.checked;
        results.add(&Worker::peer("unpack.py"), self.opens, folder, &right)?;
        if results.checked == checked {
            return Err(format!("{:?}: nothing was compared", self.tool).into());
        }
        Ok(std::fs::remove_file(folder.join("sealed"))?)
    }
}

fn ours() -> Result<Vec<Entry>, Failure> {
    let ours = || Worker::ours("export");
    Ok(vec![Entry::new(ours()?, "content", "age"), Entry::new(ours()?, "staged", "age")])
}

/// The others, as fast as they get and at our level.
fn peers() -> Vec<Entry> {
    let mut peers = Vec::new();
    let mut add = |script: &str, jobs: [&'static str; 2], opens| {
        peers.extend(jobs.map(|job| Entry::new(Worker::peer(script), job, opens)));
    };
    add("streamzip.py", ["age-1", "age-2"], "age");
    add("zipstreamng.py", ["age-1", "age-2"], "age");
    if machine::says("zip").is_some() {
        add("infozip.py", ["age-1", "age-2"], "age");
    }
    add("streamzip.py", ["esdk-1", "esdk-2"], "esdk");
    if machine::says("gpg").is_some() {
        add("streamzip.py", ["gpg-1", "gpg-2"], "gpg");
    }
    peers
}
