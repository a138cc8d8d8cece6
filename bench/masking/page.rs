//! `docs/benchmarks/masking.md`, from what was measured.

use std::fmt::Write;

use super::judge::Judged;
use super::log::Log;
use super::ours::{AUTOMATA, EVERY, PLAIN, REGEX, ROOF, STREAM, TOOL};
use super::{FIND, LINES, MASK, ROUNDS, SIX};
use crate::run::{Results, middle};
use crate::table::{gigabytes, grouped, measured_on, times};

/// Times as fast as the best regular expressions in Rust.
const REGEX_AIM: f64 = 5.0;
/// Of the speed at which `memchr` finds line ends.
const ROOF_AIM: f64 = 1.0 / 3.0;

const INTRODUCTION: &str = "\
# Masking, side by side

`make bench` measures this anew and writes this page. Every tool looks for the same six kinds in the same log, in a process of its own, one
after the other on the same core: e-mail addresses, IPv4 addresses, card numbers that are right by Luhn, social security numbers of the United
States, telephone numbers of North America, and IBANs that are right by modulo 97. The log is made from a seed: lines of services, proxies,
databases and stack traces, some in German, French and Japanese, with timestamps, UUIDs, order numbers of ten digits, hashes and versions; one line
in fifty has three of somebody's data. All of it is written in a way that every tool knows. What each finds, kind and place, has to be
what was written into the log and nothing else, or there is no page. A figure is the median of the rounds. The ratio in bold is against the strongest of the others.

";

const PEERS: &str = "
- **Expressions**: the crates `regex` and `regex-automata`, Python's `re`, `google-re2` and `hyperscan` (both by their Python packages) take six expressions,
  and whatever these find is checked by Luhn, by modulo 97 and for numbers that are never given out, in Python or Rust. `regex`, `re` and RE2 have them as one alternation;
  `regex-automata` and Hyperscan as six patterns, and say which it was.
- **`dd-sensitive-data-scanner`** takes a rule for each expression, with its own checks for cards and IBANs. (Its library of rules is not in the crate.) It and
  `vrl` get the log in pieces of 64 KiB.
- **`vrl`** has `redact` with six filters, one pass for each. It says no places: its text is compared, with `[REDACTED]` for every finding. It checks
  nothing; the log has no number that would fail a check. The one kind that it knows by name is in the second table.
- **`presidio-analyzer`** has its own recognizers of forms, without any model of a language (its `NoOpNlpEngine`), which is faster than it is with one and keeps it
  from seeing words beside a number; what it scores below 0.4 does not count. Each line is a text. It looks for five of the kinds: for it the order numbers and a browser's
  version are telephones, which the second table counts.
- **`scrubadub`** has its own detectors for addresses, cards, social security numbers and telephones; it has none for IP addresses and
  IBANs, and telephones are left out as with presidio. Each line is a text. Cards stand in the log in one piece behind a space since it knows no others.
";

const JUDGED: &str = "
## How much is right

Precision: of what was found, how much is there. Recall: of what is there, how much was found. A finding is right if kind and place are exactly those of the label.
The first corpus is the repository's (`crates/masking/corpus`), which our rules were made with. The second is held out: other sentences, other near misses,
another seed, and no rule was or is changed by it. Both make up their values by the same published rules. Of every kind that needs a word before it, one text in ten
has none. *The six expressions* are those of the table above with their checks.
";

/// The page.
pub fn page(results: &Results, judged: &[(&str, Vec<Judged>)], log: &Log, load: [f64; 2]) -> String {
    let mut text = String::from(INTRODUCTION);
    text += &table(results);
    text += PEERS;
    text += &aims(results);
    text += JUDGED;
    for (name, all) in judged {
        let title =
            if *name == "repository" { "The repository's corpus" } else { "The corpus that is held out" };
        // Writing to a string does not fail.
        let _ = write!(text, "\n{title}, precision and recall in percent:\n\n{}", quality(all));
    }
    text + &how(results, log, load)
}

/// The median of what one of our own ways comes to.
fn rate(results: &Results, tool: &str) -> f64 {
    let what = match tool {
        STREAM => MASK,
        ROOF => LINES,
        _ => FIND,
    };
    results.median(what, tool).unwrap_or(f64::NAN)
}

/// The strongest of the others.
fn strongest(results: &Results) -> Option<(&str, f64)> {
    let others = results.rates.get(FIND)?.iter().filter(|(tool, _)| !ours(tool));
    let medians = others.filter_map(|(tool, rates)| Some((tool.as_str(), middle(rates)?)));
    medians.max_by(|a, b| a.1.total_cmp(&b.1))
}

fn ours(tool: &str) -> bool {
    [TOOL, EVERY, PLAIN, STREAM].contains(&tool)
}

fn table(results: &Results) -> String {
    let mut text =
        String::from("| tool | median | lowest to highest | ours, six kinds, is |\n|---|---|---|---|\n");
    let base = rate(results, TOOL);
    let strongest = strongest(results).map(|(tool, _)| tool);
    let all = [FIND, MASK].into_iter().filter_map(|what| results.rates.get(what)).flatten();
    let mut rows: Vec<(&String, &Vec<f64>, f64)> =
        all.map(|(tool, rates)| (tool, rates, middle(rates).unwrap_or(f64::NAN))).collect();
    rows.sort_by(|a, b| b.2.total_cmp(&a.2));
    for (tool, rates, median) in rows {
        let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = rates.iter().copied().fold(0.0, f64::max);
        let ratio = match tool.as_str() {
            tool if ours(tool) => String::new(),
            tool if Some(tool) == strongest => format!("**{} as fast**", times(base / median)),
            _ => format!("{} as fast", times(base / median)),
        };
        let show = |rate| if rate < 1e8 { format!("{:.3} MB/s", rate / 1e6) } else { gigabytes(rate) };
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "| {tool} | {} | {} to {} | {ratio} |", show(median), show(lowest), show(highest));
    }
    text
}

/// What was wanted, and whether it is so.
fn aims(results: &Results) -> String {
    let (ours, roof) = (rate(results, TOOL), rate(results, ROOF));
    let said = |reached: bool| if reached { "reached" } else { "missed" };
    let best = if rate(results, REGEX) > rate(results, AUTOMATA) { REGEX } else { AUTOMATA };
    let (regex, share) = (ours / rate(results, best), ours / roof);
    let mut text = format!(
        "\n## The aims\n\n- {REGEX_AIM:.0} times as fast as the best regular expressions in Rust, *{best}*: it is {}, {} as fast; with every kind {}.\n\
         - A third of the speed of `memchr`, which finds every line end of the same log at {}: it is {}, {:.0} % of it.\n",
        said(regex >= REGEX_AIM),
        times(regex),
        times(rate(results, EVERY) / rate(results, best)),
        gigabytes(roof),
        said(share >= ROOF_AIM),
        100.0 * share,
    );
    let block = |rate: f64| 64e9 / rate;
    if regex < REGEX_AIM || share < ROOF_AIM {
        let _ = writeln!(
            text,
            "\nA block of 64 bytes takes {:.1} ns, where `memchr` takes {:.1}. `memchr` asks one question of each byte; here it is ten classes, from which come six shapes by\n\
             some forty shifts, and behind these stand the verifiers: in such a log nearly every line has a number that has to be read. A third of `memchr` would leave\n\
             {:.1} ns for all of that. With every kind it is {:.1} ns, and without vectors {:.1} ns.",
            block(ours),
            block(roof),
            3.0 * block(roof),
            block(rate(results, EVERY)),
            block(rate(results, PLAIN)),
        );
    }
    text
}

/// A row for each kind, a column for each tool.
fn quality(all: &[Judged]) -> String {
    let mut text = String::from("| kind |");
    for judged in all {
        let _ = write!(text, " {} |", judged.tool);
    }
    let _ = write!(text, "\n|---|{}\n", "---|".repeat(all.len()));
    let known = all
        .first()
        .map(|ours| ours.counts.keys().map(String::as_str).collect::<Vec<_>>())
        .unwrap_or_default();
    let (common, others): (Vec<&str>, Vec<&str>) = known.into_iter().partition(|kind| SIX.contains(kind));
    for kind in common.iter().chain(&others) {
        let _ = writeln!(text, "| `{kind}` |{}", cells(all, &[kind]));
    }
    let _ = writeln!(text, "| the six together |{}", cells(all, &common));
    let every: Vec<&str> = common.iter().chain(&others).copied().collect();
    let _ = writeln!(text, "| all that it knows |{}", cells(all, &every));
    text
}

fn cells(all: &[Judged], kinds: &[&str]) -> String {
    let show = |share: f64| if share.is_nan() { "-".to_owned() } else { format!("{:.1}", 100.0 * share) };
    all.iter().fold(String::new(), |mut text, judged| {
        let _ = match judged.of(kinds) {
            Some(counts) => write!(text, " {} / {} |", show(counts.precision()), show(counts.recall())),
            None => write!(text, " |"),
        };
        text
    })
}

fn how(results: &Results, log: &Log, load: [f64; 2]) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "- {ROUNDS} rounds; a log of {} bytes in memory, with {} findings; `re`, RE2, `dd-sensitive-data-scanner` and `vrl` have an eighth of it, `presidio-analyzer` and `scrubadub` a 256th",
        grouped(log.text.len() as f64),
        grouped(log.places.len() as f64),
    );
    let _ = writeln!(
        text,
        "- {} lists of findings were compared with what was written, and all were equal",
        results.checked
    );
    measured_on(results, load, &text)
}
