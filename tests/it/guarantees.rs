//! Each promise names the tests that prove it, or what is missing; what is missing only shrinks.

use std::collections::BTreeSet;

use crate::repository::{files, read, root};

/// How many promises there are.
const GUARANTEES: usize = 13;

/// The lines of `not_yet.txt`. This number only ever goes down.
const NOT_YET: usize = 19;

/// Cases that macros make tests of, by the folder they are in and the file that lists them.
const CASES: &[(&str, &str)] = &[
    ("crates/testkit/src/contract_tests/", "crates/testkit/src/contract_tests/mod.rs"),
    ("crates/testkit/src/conformance/", "crates/testkit/src/conformance/cases.rs"),
];

/// A section of `docs/guarantees.md`.
struct Section {
    name: String,
    /// Each test with the file it is in.
    proofs: Vec<(String, String)>,
    /// The names of the list that it says are missing.
    missing: Vec<String>,
}

fn is_guarantee(name: &str) -> bool {
    name.strip_prefix('G')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Between the first two backticks.
fn quoted(line: &str) -> Option<String> {
    line.split('`').nth(1).map(str::to_owned)
}

fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in read("docs/guarantees.md").lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let name = heading.split(' ').next().unwrap_or_default().to_owned();
            sections.push(Section { name, proofs: Vec::new(), missing: Vec::new() });
        }
        let Some(section) = sections.last_mut() else { continue };
        if line.starts_with("- [`") {
            let target = line.split("](../").nth(1).and_then(|rest| rest.split(')').next());
            let target = target.unwrap_or_else(|| panic!("no link to a file: {line}"));
            section.proofs.push((quoted(line).expect("a test"), target.to_owned()));
        } else if line.starts_with("- missing: `") {
            section.missing.extend(quoted(line));
        }
    }
    sections
}

/// The names of `not_yet.txt`, each with the path that appears when it is built.
fn not_yet() -> Vec<(String, String)> {
    let text = read("tests/it/not_yet.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words.len(), 2, "a line is a name and a path: {line}");
            (words[0].to_owned(), words[1].to_owned())
        })
        .collect()
}

/// Whether a file has a test of that name.
fn has_test(path: &str, name: &str) -> bool {
    let text = read(path);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let Some(at) = lines.iter().position(|line| line.contains(&format!("fn {name}("))) else {
        return text.contains(&format!("    def {name}(self)"));
    };
    if let Some((_, list)) = CASES.iter().find(|(folder, _)| path.starts_with(folder)) {
        return read(list).split_whitespace().any(|word| word == name);
    }
    let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    above.into_iter().any(|line| line.contains("test]") || line.contains("test("))
}

#[test]
fn all_thirteen_promises_are_listed_in_order() {
    let names: Vec<String> =
        sections().into_iter().map(|s| s.name).filter(|name| is_guarantee(name)).collect();
    let all: Vec<String> = (1..=GUARANTEES).map(|n| format!("G{n}")).collect();
    assert_eq!(names, all);
}

#[test]
fn every_proof_is_a_test() {
    let mut wrong = Vec::new();
    for section in sections() {
        for (name, path) in section.proofs {
            if !root().join(&path).is_file() || !has_test(&path, &name) {
                wrong.push(format!("{}: {name} is no test in {path}", section.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_nothing_proves_is_on_the_list_and_nothing_else() {
    let sections = sections();
    let promises = sections.iter().filter(|s| is_guarantee(&s.name));
    let unproved: BTreeSet<&str> =
        promises.filter(|s| s.proofs.is_empty()).map(|s| s.name.as_str()).collect();
    let list = not_yet();
    let listed: BTreeSet<&str> =
        list.iter().map(|(name, _)| name.as_str()).filter(|name| is_guarantee(name)).collect();
    assert_eq!(unproved, listed);
    let missing: BTreeSet<&str> =
        sections.iter().flat_map(|s| s.missing.iter().map(String::as_str)).collect();
    let features: BTreeSet<&str> =
        list.iter().map(|(name, _)| name.as_str()).filter(|name| !is_guarantee(name)).collect();
    assert_eq!(
        missing, features,
        "docs/guarantees.md and tests/it/not_yet.txt name different things as missing"
    );
}

#[test]
fn what_is_built_leaves_the_list() {
    let files = files();
    let built = |path: &str| files.iter().any(|file| file == path || file.starts_with(&format!("{path}/")));
    let stale: Vec<String> = not_yet()
        .into_iter()
        .filter(|(_, path)| built(path))
        .map(|(name, path)| format!("{name}: {path} is there"))
        .collect();
    assert!(
        stale.is_empty(),
        "take these lines out, and say in docs/guarantees.md what proves them: {stale:#?}"
    );
}

#[test]
fn the_list_only_shrinks() {
    let lines = not_yet().len();
    assert!(lines <= NOT_YET, "nothing is added to the list of what is not here");
    assert!(lines == NOT_YET, "the list has {lines} lines: lower NOT_YET, so that it cannot grow again");
}
