//! `docs/benchmarks/vault.md`, from what was measured.

use std::fmt::Write;

use super::ours::TOOL;
use super::wrong::PLACES;
use super::{INPUT, ROUNDS};
use crate::run::Results;
use crate::table::{gigabytes, grouped, measured_on, per_second, table, times};

/// Fields a second that one core should seal and open.
const AIM: f64 = 1_000_000.0;

const INTRODUCTION: &str = "\
# The vault, side by side

`make bench` measures this anew and writes this page. Every tool does the same work on the same input, in a process of its own, one after
the other on the same core, and keeps its sealed data to itself: it opens what it sealed. What comes back is compared with what went in,
and a run in which anything differs ends without a page. A figure is the median of the rounds. The ratio in bold is against the strongest
of the others. The format is in [vault-format.md](../vault-format.md).
";

const FIELDS: &str = "
## Fields of 64 bytes, each under a key of its record

A key is made for the record, the field is sealed under it and opened again. The vault takes random bytes as an argument; here they are
fetched for many things at a time, beside the vault and beside `cryptography`, and the fetching is timed. `cryptography` derives with
HKDF-Expand and seals, without a commitment to the key and without a header. `aws-encryption-sdk` makes a message with a header, and
commits to the key as the vault does, but signs nothing.

";

const MESSAGES: &str = "
## Records of 1 KB, each a message

Sealed, then opened from its bytes: the key is derived twice.

";

const STREAMS: &str = "
## A stream of 1 GB

Frames or chunks of 64 KiB. From file to file nothing is forced to the disk by anyone. From memory to memory the input, the sealed and the
opened stream are each whole in memory, which was touched before wherever the tool lets the caller bring it. gpg knows files only: its
memory is a tmpfs, and its password is stretched as little as it allows. age is the Rust implementation rage, by the package `pyrage`.
`cryptography` seals each chunk where it stands into where it belongs. The vault's writer and reader are a `Write` and a `Read`: they copy
each byte into a frame and out of it again.
";

const REFUSING: &str = "
## Refusing

The median time to refuse a message of 1 KB in which one bit of one byte is wrong. The same work is done whatever is wrong, so that the
time does not tell what it was.

";

/// The page.
pub fn page(results: &Results, load: [f64; 2]) -> String {
    let mut text = String::from(INTRODUCTION);
    text += FIELDS;
    text += &table(results, "fields", TOOL, per_second);
    text += &fields(results);
    text += MESSAGES;
    text += &table(results, "messages", TOOL, per_second);
    text += STREAMS;
    let parts = [
        ("disk seal", "File to file, sealing"),
        ("disk open", "File to file, opening"),
        ("memory seal", "Memory to memory, sealing"),
        ("memory open", "Memory to memory, opening"),
    ];
    for (what, title) in parts {
        // Writing to a string does not fail.
        let _ = write!(text, "\n{title}:\n\n{}", table(results, what, TOOL, gigabytes));
    }
    if let Some(alone) = results.median("part: cipher alone", TOOL) {
        let most = gigabytes(alone);
        let _ =
            writeln!(text, "\nAES-256-GCM alone, on one block of 64 KiB that stays in the cache: {most}.");
    }
    text += REFUSING;
    text += &refusing(results);
    text + &how(results, load)
}

/// The absolute number, and where its time goes.
fn fields(results: &Results) -> String {
    let rate = results.median("fields", TOOL).unwrap_or(f64::NAN);
    let said = if rate >= AIM { "reached" } else { "missed" };
    let mut text = format!(
        "\nThe aim is {} fields a second on one core. It is {said}: {}, {:.0} ns for a field.\n",
        grouped(AIM),
        per_second(rate),
        1e9 / rate
    );
    let parts = ["44 random bytes", "`RecordKey::new`", "`seal`", "`unseal`"];
    let parts: Vec<(&str, f64)> = parts
        .into_iter()
        .filter_map(|part| Some((part, 1e9 / results.median(&format!("part: {part}"), TOOL)?)))
        .collect();
    let list: Vec<String> = parts.iter().map(|(part, ns)| format!("{part} {ns:.0} ns")).collect();
    let largest = parts.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map_or("", |(part, _)| part);
    let _ = writeln!(
        text,
        "Its parts, each measured alone: {}.\n\
         Most of it is {largest}. Making the key is HKDF-Expand over the header and the context, a digest for the commitment, one\n\
         for the check, and the key schedule of AES; a record with several fields pays for it once.",
        list.join(", ")
    );
    if let Some(alone) = results.median("alone: 44 random bytes", TOOL) {
        let _ = writeln!(
            text,
            "\nWho fetches the 44 random bytes of each field by a call of its own adds {:.0} ns.",
            1e9 / alone
        );
    }
    text
}

fn refusing(results: &Results) -> String {
    let mut text = String::from("| wrong | median |\n|---|---|\n");
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for (name, _) in PLACES {
        let ns = results.median(&format!("wrong: {name}"), TOOL).map_or(f64::NAN, |rate| 1e9 / rate);
        (least, most) = (least.min(ns), most.max(ns));
        let _ = writeln!(text, "| {name} | {ns:.0} ns |");
    }
    let _ = writeln!(text, "\nThe longest is {} the shortest.", times(most / least));
    text
}

fn how(results: &Results, load: [f64; 2]) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "- {ROUNDS} rounds, an input of {} bytes that does not compress",
        grouped(INPUT as f64)
    );
    let _ = writeln!(text, "- {} results were compared with the input, and all were equal", results.checked);
    measured_on(results, load, &text)
}
