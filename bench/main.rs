//! Side by side with other tools, in one run on one machine: one table for each row, in
//! `docs/benchmarks`. `make bench` runs it.
//!
//! Each tool works in a process of its own, all of them on the same core, one after the other, in
//! rounds: what disturbs the machine for a while disturbs all of them. A worker prints what it
//! measured as lines of JSON, with a digest of what it got back; a wrong digest ends the run.

#![allow(clippy::print_stdout, reason = "a program for a terminal, and workers that answer on theirs")]
#![allow(clippy::cast_precision_loss, reason = "counts become rates")]

mod audit;
mod export;
mod machine;
mod masking;
mod mix;
mod run;
mod table;
mod vault;

/// Why there is no table.
type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => {
            vault::compare()?;
            export::compare(None)?;
            audit::compare(None)?;
            masking::compare(None)
        }
        ["vault"] => vault::compare(),
        ["vault", "work", job, folder] => vault::ours::work(job, folder.as_ref()),
        ["export"] => export::compare(None),
        ["export", "work", job, folder] => export::ours::work(job, folder.as_ref()),
        // A size in bytes, to see that all of it works: the page stays beside the files.
        ["export", size] => export::compare(Some(size.parse()?)),
        ["audit"] => audit::compare(None),
        ["audit", "work", job, folder] => audit::ours::work(job, folder.as_ref()),
        // And a number of entries, likewise.
        ["audit", entries] => audit::compare(Some(entries.parse()?)),
        ["masking"] => masking::compare(None),
        ["masking", "work", job, folder] => masking::ours::work(job, folder.as_ref()),
        // And a number of bytes.
        ["masking", bytes] => masking::compare(Some(bytes.parse()?)),
        other => {
            Err(format!("no such row: {}; there are vault, export, audit and masking", other.join(" "))
                .into())
        }
    }
}
