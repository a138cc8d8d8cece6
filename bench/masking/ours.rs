//! The masking library at work, the crates `regex` and `regex-automata`, and `memchr`.

use std::path::Path;
use std::time::Instant;

use ::masking::{Masker, Mode, Rules};
use serde_json::{Value, json};

use super::log::Place;
use super::{FIND, LINES, MASK, digest, patterns, texts};
use crate::{Failure, machine};

/// Our name in the tables.
pub const TOOL: &str = "masking, six kinds";
pub const EVERY: &str = "masking, every kind";
pub const PLAIN: &str = "masking, six kinds, without vectors";
pub const STREAM: &str = "masking, every kind, written masked";
/// The strongest that others write in Rust.
pub const REGEX: &str = "regex, one alternation";
pub const AUTOMATA: &str = "regex-automata, six patterns";
pub const ROOF: &str = "memchr, every line end";

/// Bytes that a stream is given at once.
const PIECE: usize = 64 << 10;

/// Does one job, and prints what it measured: a file's findings, or those in a corpus.
pub fn work(job: &str, folder: &Path) -> Result<(), Failure> {
    let (name, file) = job.split_once(' ').ok_or("a tool and a file")?;
    if let Some(corpus) = file.strip_prefix("corpus ") {
        return judged(name, &folder.join(corpus));
    }
    let text = std::fs::read(folder.join(file))?;
    match name {
        "six" => find(TOOL, &six()?, &text),
        "plain" => find(PLAIN, &six()?.without_vectors(), &text),
        "every" => find(EVERY, &Masker::default(), &text),
        "stream" => stream(&text),
        "regex" => regex(&text)?,
        "automata" => automata(&text)?,
        "memchr" => lines(&text),
        other => return Err(format!("no such tool: {other}").into()),
    }
    Ok(())
}

fn six() -> Result<Masker, Failure> {
    let kinds = patterns::ALL.iter().map(|(kind, _)| ((*kind).to_owned(), Mode::Partial)).collect();
    Ok(Masker::new(&Rules { default: Mode::Off, kinds, ..Rules::default() })?)
}

fn version(tool: &str) -> String {
    match tool {
        REGEX => machine::locked("regex"),
        AUTOMATA => machine::locked("regex-automata"),
        ROOF => machine::locked("memchr"),
        _ => machine::locked("fearless_simd"),
    }
}

fn say(tool: &str, what: &str, text: &[u8], begun: Instant, found: Option<&[Place]>) {
    let seconds = begun.elapsed().as_secs_f64();
    let mut line = json!({ "tool": tool, "version": version(tool), "what": what, "count": text.len(), "seconds": seconds });
    if let Some(found) = found {
        (line["digest"], line["bytes"]) = (digest(found.iter().copied()).into(), text.len().into());
    }
    println!("{line}");
}

fn find(tool: &str, masker: &Masker, text: &[u8]) {
    let begun = Instant::now();
    let found: Vec<Place> = masker.find(text).map(|f| (f.kind.name(), f.range.start, f.range.end)).collect();
    say(tool, FIND, text, begun, Some(&found));
}

fn stream(text: &[u8]) {
    let masker = Masker::default();
    let (mut stream, mut out, mut written) = (masker.stream(), Vec::with_capacity(2 * PIECE), 0);
    let begun = Instant::now();
    for piece in text.chunks(PIECE) {
        out.clear();
        stream.push(piece, &mut out);
        written += out.len();
    }
    out.clear();
    stream.finish(&mut out);
    std::hint::black_box(written + out.len());
    say(STREAM, MASK, text, begun, None);
}

fn lines(text: &[u8]) {
    let begun = Instant::now();
    let count = memchr::memchr_iter(b'\n', text).count();
    std::hint::black_box(count);
    say(ROOF, LINES, text, begun, None);
}

/// All expressions as one. Which of them it was is asked of what was found.
fn regex(text: &[u8]) -> Result<(), Failure> {
    let all: Vec<String> = patterns::ALL.iter().map(|(_, pattern)| format!("(?:{pattern})")).collect();
    let alternation = regex::bytes::Regex::new(&format!("(?-u){}", all.join("|")))?;
    let each = patterns::ALL.map(|(kind, pattern)| {
        regex::bytes::Regex::new(&format!("(?-u)^(?:{pattern})$")).map(|regex| (kind, regex))
    });
    let each = each.into_iter().collect::<Result<Vec<_>, _>>()?;
    let begun = Instant::now();
    let found: Vec<Place> = alternation
        .find_iter(text)
        .filter_map(|found| {
            let (kind, _) = each.iter().find(|(_, regex)| regex.is_match(found.as_bytes()))?;
            patterns::valid(kind, found.as_bytes()).then_some((*kind, found.start(), found.end()))
        })
        .collect();
    say(REGEX, FIND, text, begun, Some(&found));
    Ok(())
}

/// Finds with the engine below `regex`, which says by itself which expression it was.
fn with_automata(engine: &regex_automata::meta::Regex, text: &[u8]) -> Vec<Place> {
    engine
        .find_iter(text)
        .filter_map(|found| {
            let (kind, _) = patterns::ALL.get(found.pattern().as_usize())?;
            patterns::valid(kind, &text[found.range()]).then_some((*kind, found.start(), found.end()))
        })
        .collect()
}

fn engine() -> Result<regex_automata::meta::Regex, Failure> {
    let all = patterns::ALL.map(|(_, pattern)| format!("(?-u){pattern}"));
    let config = regex_automata::meta::Config::new().utf8_empty(false);
    let syntax = regex_automata::util::syntax::Config::new().utf8(false);
    Ok(regex_automata::meta::Builder::new().configure(config).syntax(syntax).build_many(&all)?)
}

fn automata(text: &[u8]) -> Result<(), Failure> {
    let engine = engine()?;
    let begun = Instant::now();
    let found = with_automata(&engine, text);
    say(AUTOMATA, FIND, text, begun, Some(&found));
    Ok(())
}

/// Says what is found in each text of a corpus.
fn judged(name: &str, corpus: &Path) -> Result<(), Failure> {
    let (engine, every) = (engine()?, Masker::default());
    let find = |text: &str| -> Vec<Place> {
        match name {
            "automata" => with_automata(&engine, text.as_bytes()),
            _ => every.find(text.as_bytes()).map(|f| (f.kind.name(), f.range.start, f.range.end)).collect(),
        }
    };
    let findings: Vec<Vec<Place>> = texts(corpus)?.iter().map(|labelled| find(&labelled.text)).collect();
    let kinds: Vec<&str> = match name {
        "automata" => patterns::ALL.iter().map(|(kind, _)| *kind).collect(),
        _ => ::masking::Kind::ALL.iter().map(|kind| kind.name()).collect(),
    };
    let tool = if name == "automata" { "the six expressions" } else { "masking" };
    let line: Value = json!({ "tool": tool, "kinds": kinds, "findings": findings });
    println!("{line}");
    Ok(())
}
