//! `docs/benchmarks/export.md`, from what was measured.

use std::fmt::Write;

use super::ours::{STAGED, TOOL};
use super::parts::{AGE, CRC, DEFLATE, LEVEL, PARSING, QUICK, READING, SHA};
use super::{LARGE, MIXED, Packed, RECORDS};
use crate::run::Results;
use crate::table::{gigabytes, grouped, measured_on, times};

/// How many times as fast as the best of the others it should be.
const AIM: f64 = 10.0;
/// And in how much memory.
const MEMORY: f64 = 64.0 * 1024.0 * 1024.0;

const INTRODUCTION: &str = "\
# An encrypted export, side by side

`make bench` measures this anew and writes this page. Every tool packs the same files into one archive, encrypts it on the way, and writes
it to a file; nothing is forced to the disk by anyone. They run one after the other, each in a process of its own, on the same core. Where
a tool needs a second process (`gpg`, `zip`), both share that core. Each result is then decrypted, unpacked by Python's `zipfile`, and
every file compared with the input by its SHA-256; a run in which anything differs ends without a page. A figure is the median of the
rounds, in bytes of the files a second. The ratio in bold is against the strongest of the others.

The peers' task is **export**: from the files' bytes to the encrypted archive. It takes the SHA-256 of each file besides, and writes a
page, a manifest and a signature. **export, from staged rows** does more: it parses each record from what collecting leaves, writes the
same lines again, and packs those; none of the others does that. It is not timed how the staging is unsealed, nor the upload.

Archives are deflated, and attachments are stored, as ours does, by everybody. Level 1 is as fast as the others get; level 2 is the level
that we use, of other deflaters: the column of the archive shows what each leaves. `age` is the Rust implementation rage, by the package
`pyrage`, for one X25519 recipient, as in ours. `aws-encryption-sdk` has a raw AES keyring, frames of 64 KiB and a commitment to its key.
`gpg` encrypts with AES-256, does not compress again, and stretches its password as little as it allows. Memory is the most that was
resident, of all processes of a tool together. `stream-zip` always writes 64-bit lengths, the others and ours where they are needed.
";

const STORING: &str = "
Attachments are stored. What is left to do for them is to read and to encrypt them, and for ours the SHA-256 of each, which none of the
others takes: there is less to be faster at.
";

/// The best of the others, among those whose name ends so.
pub fn strongest(results: &Results, what: &str, ending: &str) -> Option<(String, f64)> {
    let tools = results.rates.get(what)?.keys();
    let others = tools.filter(|tool| *tool != TOOL && *tool != STAGED && tool.ends_with(ending));
    let medians = others.filter_map(|tool| Some((tool.clone(), results.median(what, tool)?)));
    medians.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The page.
pub fn page(results: &Results, all: &[Packed], load: [f64; 2]) -> String {
    let mut text = String::from(INTRODUCTION);
    for packed in all {
        // Writing to a string does not fail.
        let _ = write!(text, "\n## {}\n\n{}\n", title(packed), input(packed));
        text += &table(results, packed.what);
        if packed.what == MIXED {
            text += STORING;
        }
    }
    text += &aims(results, all);
    text += &why(results);
    text + &how(results, all, load)
}

fn title(packed: &Packed) -> String {
    let size = packed.known.bytes as f64 / 1e9;
    let size = if size < 0.95 { format!("{:.0} MB", size * 1e3) } else { format!("{size:.0} GB") };
    match packed.what {
        MIXED => format!("Records and attachments, {size}"),
        _ => format!("Records, {size}"),
    }
}

fn input(packed: &Packed) -> String {
    let known = &packed.known;
    let records = grouped(known.records as f64);
    let photos = match known.attachments {
        0 => String::new(),
        count => format!(", and {} files of random bytes that do not compress", grouped(count as f64)),
    };
    let times = if packed.rounds == 1 { "Once.".to_owned() } else { format!("{} rounds.", packed.rounds) };
    let level = if packed.what == RECORDS { " Level 2 of the others once." } else { "" };
    let who = if packed.what == LARGE { " Only ours, and the strongest of the others at 1 GB." } else { "" };
    format!("{records} records in 8 files of JSON lines{photos}. {times}{level}{who}\n")
}

fn table(results: &Results, what: &str) -> String {
    let mut text = String::from(
        "| tool | median | lowest to highest | archive | memory | ours is |\n|---|---|---|---|---|---|\n",
    );
    let Some(tools) = results.rates.get(what) else { return text };
    let base = results.median(what, TOOL).unwrap_or(f64::NAN);
    let best = strongest(results, what, "").map(|(tool, _)| tool);
    let mut rows: Vec<(&String, &Vec<f64>, f64)> = tools
        .iter()
        .map(|(tool, rates)| (tool, rates, results.median(what, tool).unwrap_or(f64::NAN)))
        .collect();
    rows.sort_by(|a, b| b.2.total_cmp(&a.2));
    for (tool, rates, median) in rows {
        let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = rates.iter().copied().fold(0.0, f64::max);
        let ratio = match tool.as_str() {
            TOOL | STAGED => String::new(),
            _ if Some(tool) == best.as_ref() => format!("**{} as fast**", times(base / median)),
            _ => format!("{} as fast", times(base / median)),
        };
        let sealed = most(results, what, tool, "sealed") / 1e6;
        let peak = most(results, what, tool, "peak");
        let _ = writeln!(
            text,
            "| {tool} | {} | {} to {} | {sealed:.0} MB | {} | {ratio} |",
            gigabytes(median),
            gigabytes(lowest),
            gigabytes(highest),
            mebibytes(peak)
        );
    }
    text
}

fn most(results: &Results, what: &str, tool: &str, name: &'static str) -> f64 {
    results.most.get(&(what.to_owned(), tool.to_owned(), name)).copied().unwrap_or(f64::NAN)
}

fn mebibytes(bytes: f64) -> String {
    format!("{:.1} MiB", bytes / 1024.0 / 1024.0)
}

/// What was wanted, and whether it is so.
fn aims(results: &Results, all: &[Packed]) -> String {
    let mut text = format!(
        "\n## The aims\n\n{AIM:.0} times as fast as the best of the others, and less than 64 MiB of memory.\n\n"
    );
    for packed in all {
        let ours = results.median(packed.what, TOOL).unwrap_or(f64::NAN);
        let named = title(packed);
        if let Some((tool, rate)) = strongest(results, packed.what, "") {
            let ratio = ours / rate;
            let said = if ratio >= AIM { "reached" } else { "missed" };
            let _ = writeln!(text, "- {named}: {} as fast as {tool}. It is {said}.", times(ratio));
        }
        if let Some((tool, rate)) = strongest(results, packed.what, "level 2") {
            let _ = writeln!(text, "- {named}, the same level: {} as fast as {tool}.", times(ours / rate));
        }
    }
    let peaks =
        all.iter().flat_map(|packed| [TOOL, STAGED].map(|tool| most(results, packed.what, tool, "peak")));
    let peak = peaks.fold(0.0, f64::max);
    let said = if peak > 0.0 && peak < MEMORY { "reached" } else { "missed" };
    let _ = writeln!(
        text,
        "- Memory: at the most {}, from staged rows and for the largest too. It is {said}.",
        mebibytes(peak)
    );
    text
}

/// Where the time goes.
fn why(results: &Results) -> String {
    let seconds = |rate: f64| 1e9 / rate;
    let part = |name: &str| results.median(&format!("part: {name}"), TOOL).map_or(f64::NAN, seconds);
    let ours = results.median(RECORDS, TOOL).map_or(f64::NAN, seconds);
    let staged = results.median(RECORDS, STAGED).map_or(f64::NAN, seconds);
    let mut text = format!(
        "\n## Where the time goes\n\nEach part alone, from memory, over the orders, in seconds for 1 GB of files. \
         The whole takes {ours:.2} s.\n\n| part | seconds |\n|---|---|\n"
    );
    for name in [READING, SHA, DEFLATE, AGE] {
        let _ = writeln!(text, "| {name} | {:.2} |", part(name));
    }
    let _ = writeln!(text, "\nFor comparison: {QUICK}, {:.2} s; {CRC}, {:.2} s.", part(QUICK), part(CRC));
    let rest = staged - ours + part(READING) - part(PARSING);
    let _ = writeln!(
        text,
        "\nFrom staged rows it takes {staged:.2} s. Parsing them alone is {:.2} s of that. The rest of the difference, {rest:.2} s, is\n\
         writing the lines and letting go of the rows, whose texts are wiped, and reading what is staged.",
        part(PARSING)
    );
    if let Some((tool, rate)) = strongest(results, RECORDS, "") {
        let bound = seconds(rate) / part(DEFLATE);
        let _ = writeln!(
            text,
            "\n{tool} takes {:.2} s, which is deflate as well. Deflate at level {LEVEL} is {:.0} % of ours: if everything\n\
             else took no time, ours would be {} as fast.",
            seconds(rate),
            100.0 * part(DEFLATE) / ours,
            times(bound)
        );
        if bound < AIM {
            let _ = writeln!(
                text,
                "So {AIM:.0} times cannot be reached on one core at this level, whatever is done about the rest. It would take a\n\
                 faster deflater, or several cores: the files of an archive can be deflated side by side, which nothing here does."
            );
        }
    }
    text
}

fn how(results: &Results, all: &[Packed], load: [f64; 2]) -> String {
    let mut text = String::new();
    for packed in all {
        let _ = writeln!(text, "- {}: {} bytes", title(packed), grouped(packed.known.bytes as f64));
    }
    let _ = writeln!(text, "- {} archives were unpacked and compared, and all were equal", results.checked);
    measured_on(results, load, &text)
}
