//! Anything at all, for as long as `FUZZ_SECONDS` says, or for so many texts without it: lines of the corpus, cut, joined and damaged.
//! `make fuzz` runs it for ten minutes, from a seed that it says when something is not so.
//!
//! It is no fuzzer that is led by coverage: that needs a nightly compiler, and this repository is built by one stable one. What a fuzzer
//! would have to find out, what personal data looks like, the corpus has already.

use std::time::{Duration, Instant};

use masking::{Columns, CustomRule, Masker, Mode, Rules, Stream, Table, Tokens, read_string};

use super::corpus;
use super::values::Random;

/// Without a time.
const TEXTS: u64 = 3_000;

#[allow(clippy::disallowed_methods, reason = "make fuzz says how long, and what to begin with")]
fn told(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn at(r: &mut Random, length: usize) -> usize {
    usize::try_from(r.next()).expect("64 bits") % (length + 1)
}

/// A text of parts of lines, with some bytes changed.
fn text(lines: &[String], r: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    // Now and then a line that begins as JSON does, and may be some.
    if r.below(8) == 0 {
        text.extend_from_slice(r.of(&["{\"x\":\"", "[\"", "{}\n[1,\""]).as_bytes());
    }
    for _ in 0..r.between(1, 4) {
        let line = lines[at(r, lines.len() - 1)].as_bytes();
        let (from, to) = (at(r, line.len()), at(r, line.len()));
        if r.below(3) == 0 {
            text.extend_from_slice(&line[from.min(to)..from.max(to)]);
        } else {
            text.extend_from_slice(line);
        }
        text.extend_from_slice(r.of(&["", " ", "\n", ",", ".", "@", "\u{e9}"]).as_bytes());
    }
    for _ in 0..r.below(4) {
        let place = at(r, text.len());
        match r.below(3) {
            0 => text.insert(place, u8::try_from(r.below(256)).expect("a byte")),
            1 if place < text.len() => text[place] = u8::try_from(r.below(256)).expect("a byte"),
            _ if place < text.len() => drop(text.remove(place)),
            _ => {}
        }
    }
    // Now and then a line that is longer than what a stream waits for.
    if r.below(500) == 0 {
        let once: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'\n').chain([b' ']).collect();
        text = once.repeat(100_000 / once.len() + 1);
    }
    text
}

struct Subjects {
    all: Masker,
    plain: Masker,
    redacting: Masker,
    /// With rules of one's own, and tokens.
    own: Masker,
    /// The same rules, for a column.
    table: Table,
}

impl Subjects {
    fn new() -> Self {
        let rule =
            |name: &str, pattern: &str| CustomRule { name: name.into(), pattern: pattern.into(), mode: None };
        let custom = vec![
            rule("first", "^[A-Za-z]{1,8}"),
            rule("last", "[0-9]{2,4}$"),
            rule("whole", "^[0-9.]{1,3}$"),
            rule("either", "the|then|[a-z]{3}-[0-9]{1,20}"),
        ];
        let rules = Rules { custom, ..Rules::all(Mode::Token) };
        let tokens = Tokens::new(&[7; 32], "shop").expect("a key");
        let columns: Columns = serde_json::from_str(r#"{"others": "text"}"#).expect("columns");
        let columns = Columns { rules: rules.clone(), ..columns };
        Self {
            all: Masker::default(),
            plain: Masker::default().without_vectors(),
            redacting: Masker::new(&Rules::all(Mode::Redact)).expect("rules"),
            own: Masker::with_tokens(&rules, tokens.clone()).expect("rules"),
            table: Table::new(&columns, Some(tokens)).expect("a table"),
        }
    }
}

/// The same, wherever it is cut.
fn check_pieces(text: &[u8], r: &mut Random, mut stream: Stream<'_>, whole: &[u8]) {
    let (mut cut, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(at(r, rest.len()).max(1));
        stream.push(now, &mut cut);
        rest = later;
    }
    stream.finish(&mut cut);
    assert!(cut == whole, "in pieces: {}", String::from_utf8_lossy(text));
}

/// What is so for a value wherever it stands: a string of JSON and a column's value are masked as the text by itself is.
fn check_values(text: &[u8], subjects: &Subjects) {
    let shown = String::from_utf8_lossy(text);
    let mut whole = Vec::new();
    subjects.own.mask(text, &mut whole);
    let mut cell = Vec::new();
    subjects.table.column("_").expect("decided").write(text, &mut cell);
    // A document in a column is read as one, and what hides its letters is not shown.
    let is_document = |line: &[u8]| matches!(line.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'));
    let differs =
        text.contains(&0) || is_document(text) || text.split(|byte| *byte == b'\n').any(is_document);
    assert!(differs || cell == whole, "in a column: {shown}");
    assert!(!text.contains(&0) || cell == b"***", "in a column: {shown}");
    let Ok(text) = std::str::from_utf8(text) else { return };
    let (mut json, mut read) = (Vec::new(), Vec::new());
    let document = serde_json::json!({"_": text}).to_string();
    subjects.own.mask_json(document.as_bytes(), &mut json).expect("JSON");
    let document: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let value = serde_json::to_vec(&document["_"]).expect("JSON");
    read_string(&value, &mut read);
    assert_eq!(String::from_utf8_lossy(&read), String::from_utf8_lossy(&whole), "in JSON: {shown}");
}

/// What is so for every text.
fn check(text: &[u8], r: &mut Random, subjects: &Subjects) {
    let shown = || String::from_utf8_lossy(text).into_owned();
    let found: Vec<_> = subjects.all.find(text).collect();
    assert!(subjects.plain.find(text).eq(found.iter().cloned()), "without vectors: {}", shown());
    let apart = found.windows(2).all(|two| two[0].range.end <= two[1].range.start);
    assert!(
        apart && found.iter().all(|f| f.range.start < f.range.end && f.range.end <= text.len()),
        "{}",
        shown()
    );
    let mut whole = Vec::new();
    subjects.all.mask(text, &mut whole);
    assert!(
        std::str::from_utf8(text).is_err() || std::str::from_utf8(&whole).is_ok(),
        "no text: {}",
        shown()
    );
    check_pieces(text, r, subjects.all.stream(), &whole);
    whole.clear();
    subjects.own.mask(text, &mut whole);
    check_pieces(text, r, subjects.own.stream(), &whole);
    whole.clear();
    let mut stream = subjects.own.stream_lines();
    stream.push(text, &mut whole);
    stream.finish(&mut whole);
    check_pieces(text, r, subjects.own.stream_lines(), &whole);
    check_values(text, subjects);
    let mut once = Vec::new();
    subjects.redacting.mask(text, &mut once);
    // What stands in quotes before an `@` may have become short enough for an address by what was written into it.
    let quoted = |f: &masking::Finding| once[f.range.start] == b'"';
    let again = |f: &masking::Finding| once[f.range.clone()].iter().any(|byte| b"[]".contains(byte));
    let again = subjects.redacting.find(&once).any(|f| !quoted(&f) && again(&f));
    assert!(!again, "what was written is found: {}", shown());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "it runs for a time")]
fn anything_at_all() {
    let subjects = Subjects::new();
    let lines: Vec<String> = corpus::all().into_iter().map(|labelled| labelled.text).collect();
    let time = told("FUZZ_SECONDS").map(Duration::from_secs);
    let mut random = Random::new(told("FUZZ_SEED").unwrap_or(7));
    let began = Instant::now();
    let mut texts = 0;
    while time.map_or(texts < TEXTS, |time| began.elapsed() < time) {
        let text = text(&lines, &mut random);
        check(&text, &mut random, &subjects);
        texts += 1;
    }
    println!("{texts} texts in {} s", began.elapsed().as_secs());
}
