//! `docs/benchmarks/audit.md`, from what was measured.

use std::fmt::Write;

use ::audit::{Block, Head, MOST_ENTRIES};
use domain::event::Event;

use super::events::{self, LEGAL_BASIS, TENANT};
use super::log::Known;
use super::ours::{READ, TOOL};
use super::parts::{ENTRIES, NODES, READING, WHOLE};
use super::{ADD, APPEND, FREE, ROUNDS, STREAM, VERIFY};
use crate::Failure;
use crate::run::Results;
use crate::table::{grouped, measured_on, per_second, table};

/// Entries a second that one core should verify.
const AIM: f64 = 2_000_000.0;
const MEBIBYTE: f64 = 1024.0 * 1024.0;

const INTRODUCTION: &str = "\
# The audit, side by side

`make bench` measures this anew and writes this page. Every tool takes the same entries, in a process of its own, one after the other on the
same core. Each has to come to the same end, or there is no page: the root of the tree over the entries (RFC 6962), and for `hashlib`,
which makes no tree, the hash of the last entry. A figure is the median of the rounds. The ratio in bold is against the strongest of the others.

The others are `hashlib`, which is a chain of hashes by Python's own means; `pymerkle`, whose licence is GPL-3.0-or-later and which is used here
and nowhere else; and the crates `ct-merkle` and `rs_merkle`, which hash with `sha2` 0.11. `rs_merkle` is told RFC 6962's prefixes. It makes its
tree once, of all leaves, since adding to one that is there takes it as long as making it anew; the others have a root after each
entry. All but `hashlib` keep every hash, so that they can prove: each proves the first entry afterwards, which is not timed. `ct-merkle` keeps the
entries as well. Ours keeps one hash for each level.
";

const VERIFYING: &str = "
## Verifying

An export is read from a file that is in the kernel's memory already, and every entry of it is checked. Ours checks that each entry has the hash that
it says, names the one before it, is the tenant's and has the next number; that each checkpoint has the root of the tree and the log's signature; and that
the file begins and ends where it says. `hashlib` checks the hashes, what they follow and the numbers. `ct-merkle` and `pymerkle` compare the root at each
checkpoint, `rs_merkle` makes that of the end; none of the three looks at the chain, and nobody else at a signature. `pymerkle` reads the shorter log.

";

const ADDING: &str = "
## Appending entries whose bytes are there

Of each entry its hash is taken, which is its leaf's in the tree. `hashlib` takes the hash and no more.

";

const APPENDING: &str = "
## Appending events

Each event is written as an entry that names the one before, that is hashed, and the hash goes into the tree. The crates write it with `serde_json`, as ours
does; the two in Python write a dictionary with `json`. The check digits of its fields only ours makes: the others are given them. `ct-merkle` does not say
a leaf's hash, which the next entry names: so each is hashed twice there. Most of what ours is behind `rs_merkle` by is the check digits, for which each
field is written a second time; the rest is that an entry owns its texts. What DynamoDB takes is a hundredth of it (below).

";

const STORING: &str = "
## Storing

Not measured, but counted: what DynamoDB lets into the log of one tenant, by the bytes and the write units of a block as it is stored
(1,000 write units a second on a partition). What else a table takes grows with its use.

";

/// The page.
pub fn page(results: &Results, known: &[Known; 2], vast: &Known, load: [f64; 2]) -> Result<String, Failure> {
    let mut text = String::from(INTRODUCTION);
    text += VERIFYING;
    text += &table(results, VERIFY, TOOL, per_second);
    text += &aim(results, &known[0]);
    text += &limit(results);
    text += &memory(results, vast);
    text += ADDING;
    text += &table(results, ADD, TOOL, per_second);
    text += APPENDING;
    text += &table(results, APPEND, TOOL, per_second);
    text += STORING;
    text += &storing()?;
    Ok(text + &how(results, known, load))
}

/// The ceilings where blocks are full, where they are small, and where every event comes alone.
fn storing() -> Result<String, Failure> {
    let mut text = String::new();
    for entries in [MOST_ENTRIES, 10, 1] {
        let events: Vec<Event> = events::all()?.take(entries).collect();
        let block = Block::after(&Head::genesis(), &TENANT.parse()?, &events, |_| LEGAL_BASIS.to_owned());
        let ceiling = aws::dynamo::ceiling(&block.ok_or("no block")?)?;
        writeln!(text, "- {ceiling}")?;
    }
    Ok(text)
}

/// Of each entry so many, on the average.
fn mean(all: u64, known: &Known) -> f64 {
    all as f64 / known.entries as f64
}

fn aim(results: &Results, known: &Known) -> String {
    let rate = results.median(VERIFY, TOOL).unwrap_or(f64::NAN);
    let said = if rate >= AIM { "reached" } else { "missed" };
    format!(
        "\nThe aim is {} entries a second on one core. It is {said}: {}, {:.0} ns for an entry.\n\n\
         An entry's line has {:.1} bytes, of which {:.1} are under its hash: {:.2} blocks of SHA-256. The nodes above\n\
         are two more for each entry: {:.2} blocks. That is {:.2} GB of the file a second.\n",
        grouped(AIM),
        per_second(rate),
        1e9 / rate,
        mean(known.lines, known),
        mean(known.hashed, known),
        mean(known.blocks, known),
        mean(known.blocks, known) + 2.0,
        rate * mean(known.bytes, known) / 1e9,
    )
}

/// How far hashing alone would go.
fn limit(results: &Results) -> String {
    let ns = |name: &str| results.median(&format!("part: {name}"), TOOL).map_or(f64::NAN, |rate| 1e9 / rate);
    let mut text =
        String::from("\nEach part alone, from memory, in ns for an entry:\n\n| part | ns |\n|---|---|\n");
    for name in [READING, ENTRIES, NODES] {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {name} | {:.0} |", ns(name));
    }
    let hashing = ns(ENTRIES) + ns(NODES);
    let whole = results.median(VERIFY, TOOL).map_or(f64::NAN, |rate| 1e9 / rate);
    let _ = writeln!(
        text,
        "\nOne after the other, the hashes alone take {hashing:.0} ns: they go as far as {}. Ours hashes many\n\
         entries side by side, as docs/adr/0032 and 0033 say, and with everything else it comes to {:.0} % of that. {WHOLE} takes\n\
         {:.0} ns for an entry: beginning and ending a hash for each is {:.0} ns.",
        per_second(1e9 / hashing),
        100.0 * hashing / whole,
        ns(WHOLE),
        ns(ENTRIES) - ns(WHOLE),
    );
    text
}

fn memory(results: &Results, vast: &Known) -> String {
    let most = |what: &str, tool: &str| {
        results.most.get(&(what.to_owned(), tool.to_owned(), "peak")).copied().unwrap_or(f64::NAN) / MEBIBYTE
    };
    let rate = results.median(STREAM, TOOL).unwrap_or(f64::NAN);
    format!(
        "\n## Memory\n\nA log of {} entries, {} bytes, was verified in {:.1} s, {}, from the disk where it was not in the\n\
         kernel's memory. The process had {:.1} MiB resident at the most, of which {:.1} KiB are what is read at once; for the log of the\n\
         table it had {:.1} MiB. (The file is ten gigabytes where {} are free, and two elsewhere.)\n",
        grouped(vast.entries as f64),
        grouped(vast.bytes as f64),
        vast.entries as f64 / rate,
        per_second(rate),
        most(STREAM, TOOL),
        READ as f64 / 1024.0,
        most(VERIFY, TOOL),
        grouped(FREE as f64),
    )
}

fn how(results: &Results, known: &[Known; 2], load: [f64; 2]) -> String {
    let mut text = String::new();
    let [log, short] = known;
    let _ = writeln!(
        text,
        "- {ROUNDS} rounds; a log of {} entries, {} bytes, of erasures of three stores each; the shorter one has {}",
        grouped(log.entries as f64),
        grouped(log.bytes as f64),
        grouped(short.entries as f64)
    );
    let _ = writeln!(text, "- {} roots and last hashes were compared, and all were equal", results.checked);
    measured_on(results, load, &text)
}
