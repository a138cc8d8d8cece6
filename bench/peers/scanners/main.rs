//! Two scanners of others, as workers of the row "masking": `dd-sensitive-data-scanner` and the function `redact` of `vrl`.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use dd_sds::{MatchAction, RegexRuleConfig, RootRuleConfig, Scanner, SecondaryValidator, SimpleEvent};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use vrl::compiler::{Context, Program, TargetValue, TimeZone, compile, state::RuntimeState};
use vrl::value::{KeyString, Secrets, Value};

type Failure = Box<dyn Error>;

/// Whole lines of about so many bytes are one event, which suits both better than a line or the whole log.
const PIECE: usize = 64 << 10;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [job, folder] = words.as_slice() else { return Err("a job and a folder".into()) };
    let (name, file) = job.split_once(' ').ok_or("a tool and a file")?;
    let folder = Path::new(folder);
    if let Some(corpus) = file.strip_prefix("corpus ") {
        return named_filter(&std::fs::read_to_string(folder.join(corpus))?);
    }
    let log = std::fs::read_to_string(folder.join(file))?;
    let patterns: Vec<Json> = serde_json::from_str(&std::fs::read_to_string(folder.join("patterns.json"))?)?;
    let patterns: Vec<(&str, &str)> =
        patterns.iter().filter_map(|each| each["kind"].as_str().zip(each["pattern"].as_str())).collect();
    match name {
        "sds" => sds(&log, &patterns),
        "vrl" => vrl(&log, &patterns),
        other => Err(format!("no such tool: {other}").into()),
    }
}

/// Whole lines, about so many bytes at once.
fn pieces(mut log: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let near = log.len().min(PIECE);
        let end = log.as_bytes()[near..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(log.len(), |at| near + at + 1);
        let (piece, rest) = log.split_at(end);
        log = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn say(tool: &str, version: &str, log: &str, seconds: f64, digest: &str) {
    let line = json!({ "tool": tool, "version": version, "what": "find", "count": log.len(), "seconds": seconds, "digest": digest, "bytes": log.len() });
    println!("{line}");
}

/// The version that is locked.
fn locked(name: &str) -> String {
    let lock = include_str!("Cargo.lock");
    let after = lock.split(&format!("name = \"{name}\"\nversion = \"")).nth(1).unwrap_or_default();
    format!("{name} {}", after.split('"').next().unwrap_or_default())
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A rule for each expression, with the scanner's own check of its digits where it has one.
fn sds(log: &str, patterns: &[(&str, &str)]) -> Result<(), Failure> {
    let rules: Vec<_> = patterns
        .iter()
        .map(|(kind, pattern)| {
            let check = match *kind {
                "card" => Some(SecondaryValidator::LuhnChecksum),
                "iban" => Some(SecondaryValidator::IbanChecker),
                _ => None,
            };
            let rule = RegexRuleConfig::new(pattern).with_validator(check).build();
            RootRuleConfig::new(rule).match_action(MatchAction::None)
        })
        .collect();
    let scanner = Scanner::builder(&rules).build()?;
    let begun = Instant::now();
    let (mut found, mut at) = (Vec::new(), 0);
    for piece in pieces(log) {
        let mut event = SimpleEvent::String(piece.to_owned());
        for each in scanner.scan(&mut event)? {
            found.push((at + each.start_index, at + each.end_index_exclusive, patterns[each.rule_index].0));
        }
        at += piece.len();
    }
    let seconds = begun.elapsed().as_secs_f64();
    found.sort_unstable();
    let text: String = found.iter().map(|(start, end, kind)| format!("{kind} {start} {end}\n")).collect();
    say(
        "dd-sensitive-data-scanner",
        &locked("dd-sensitive-data-scanner"),
        log,
        seconds,
        &hex(Sha256::digest(text)),
    );
    Ok(())
}

/// A program of the language that redacts by these filters.
fn program(filters: &str) -> Result<Program, Failure> {
    let source = format!(".text = redact(string!(.text), filters: [{filters}])");
    let functions = vrl::stdlib::all();
    let compiled = compile(&source, &functions).map_err(|said| format!("{said:?}"))?;
    Ok(compiled.program)
}

/// What becomes of a text.
fn redact(program: &Program, text: &str) -> Result<Value, Failure> {
    let key = KeyString::from("text");
    let mut target = TargetValue {
        value: Value::Object([(key.clone(), Value::from(text))].into_iter().collect()),
        metadata: Value::Object(Default::default()),
        secrets: Secrets::default(),
    };
    let (mut state, zone) = (RuntimeState::default(), TimeZone::default());
    program.resolve(&mut Context::new(&mut target, &mut state, &zone)).map_err(|said| said.to_string())?;
    let Value::Object(mut fields) = target.value else { return Err("no fields".into()) };
    Ok(fields.remove(&key).ok_or("no text")?)
}

fn vrl(log: &str, patterns: &[(&str, &str)]) -> Result<(), Failure> {
    let filters: Vec<String> = patterns.iter().map(|(_, pattern)| format!("r'(?-u){pattern}'")).collect();
    let program = program(&filters.join(", "))?;
    let begun = Instant::now();
    let redacted = pieces(log).map(|piece| redact(&program, piece)).collect::<Result<Vec<_>, _>>()?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut hash = Sha256::new();
    for text in &redacted {
        hash.update(text.to_str_lossy().ok_or("no text")?.as_bytes());
    }
    say("vrl, redact with six filters", &locked("vrl"), log, seconds, &hex(hash.finalize()));
    Ok(())
}

/// What the one kind that `redact` knows by name finds in each text of a corpus.
fn named_filter(corpus: &str) -> Result<(), Failure> {
    const MARK: &str = "[REDACTED]";
    let program = program("\"us_social_security_number\"")?;
    let mut findings = Vec::new();
    for line in corpus.lines() {
        let labelled: Json = serde_json::from_str(line)?;
        let text = labelled["text"].as_str().ok_or("no text")?;
        let redacted = redact(&program, text)?;
        let redacted = redacted.to_str_lossy().ok_or("no text")?;
        // Each text has one at most: its end is as far from the end as it was.
        findings.push(redacted.find(MARK).map_or_else(Vec::new, |start| {
            let end = text.len() - (redacted.len() - start - MARK.len());
            vec![("us_ssn", start, end)]
        }));
    }
    let line = json!({ "tool": "vrl, redact by name", "kinds": ["us_ssn"], "findings": findings });
    println!("{line}");
    Ok(())
}
