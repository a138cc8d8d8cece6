//! The page on proofs is enough to check them: its script, with `hashlib` and `openssl` alone, calls whole what is whole, and
//! broken what was attacked; and its commands for one entry and one checkpoint do what they say.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use audit::QueryStatement;
use testkit::proofs::{Case, Expect, Log, cases};

use crate::repository::{read, root};

const PAGE: &str = "docs/proof.md";
const SCRIPT: &str = "tests/it/proof.py";
const LONGEST: usize = 60;

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The blocks of the page in a language.
fn blocks(language: &str) -> Vec<String> {
    let page = read(PAGE);
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.map(|block| block.to_owned() + "\n").collect()
}

fn succeeded(output: Output) -> String {
    let Output { status, stdout, stderr } = output;
    let text = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{text}{}", String::from_utf8_lossy(&stderr));
    text
}

/// What the script says to each of these exports.
fn ask(folder: &Path, cases: &[Case]) -> Vec<String> {
    let key = cases.first().map(|case| case.key.clone()).unwrap_or_default();
    std::fs::write(folder.join("key"), key).expect("written");
    let names: Vec<String> = (0..cases.len()).map(|number| number.to_string()).collect();
    for (name, case) in names.iter().zip(cases) {
        std::fs::write(folder.join(name), &case.file).expect("written");
    }
    let mut command = Command::new("python3");
    command.arg("-B").arg(root().join(SCRIPT)).arg("key").args(names).current_dir(folder);
    let said = succeeded(command.output().expect("python3 runs"));
    said.lines().map(str::to_owned).collect()
}

#[test]
fn the_script_of_the_page_finds_every_attack_on_an_export() {
    let folder = folder("proof-attacks");
    let is_export = |case: &Case| case.file.starts_with(audit::export::MARK.as_bytes());
    // It has one key, and no checkpoint that was seen before.
    let exports: Vec<Case> =
        cases().into_iter().filter(|case| is_export(case) && case.since.is_none()).collect();
    assert!(exports.len() > 90, "{}", exports.len());
    let said = ask(&folder, &exports);
    assert_eq!(said.len(), exports.len());
    for (case, said) in exports.iter().zip(said) {
        let expect = if case.expect == Expect::Intact { "whole: " } else { "broken: " };
        assert!(said.starts_with(expect), "{}: {said}", case.name);
        if let Expect::Broken { seq: Some(seq), field: Some(field), what } = &case.expect
            && what == "altered"
            && (field.starts_with("event.") || field == "legal_basis" || field == "checks")
        {
            assert_eq!(said, format!("broken: entry {seq} was altered"), "{}", case.name);
        }
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn the_page_has_the_script_and_it_is_short() {
    let script = read(SCRIPT);
    assert!(script.lines().count() <= LONGEST, "{} lines", script.lines().count());
    assert_eq!(blocks("python"), [script]);
}

/// The worked example, typed as it stands into a shell.
#[test]
fn the_commands_of_the_page_do_what_they_say() {
    let folder = folder("proof-commands");
    let log = Log::of("demo", 2);
    std::fs::write(folder.join("audit.jsonl"), log.export(1, 12).concat()).expect("written");
    std::fs::write(folder.join("checkpoint"), log.note(12)).expect("written");
    std::fs::write(folder.join("log.key"), format!("{}\n", log.key())).expect("written");
    std::fs::write(folder.join("salt"), format!("{}\n", "03".repeat(32))).expect("written");
    let mut said = String::new();
    std::fs::write(folder.join("proof.py"), read(SCRIPT)).expect("written");
    for block in blocks("sh") {
        let output =
            Command::new("sh").args(["-euc", &block]).current_dir(&folder).output().expect("sh runs");
        said.push_str(&succeeded(output));
    }
    let hash = |seq| log.entry(seq).expect("an entry").hash.clone();
    // The hash of entry 2 as it was computed, as it stands beside it, and as entry 3 names it.
    assert_eq!(said.matches(&hash(2)).count(), 3, "{said}");
    assert!(said.contains("Signature Verified Successfully"), "{said}");
    // That the customers were searched for exactly this address.
    let receipt = log.receipt(2, 12);
    let Some(QueryStatement::Search { digest, .. }) = receipt.statement.stores[0].queries.first() else {
        panic!("a search is the first question")
    };
    assert!(said.contains(digest.as_str()), "{said}");
    let whole = format!("whole: up to entry 12, hash {}\n", hash(12));
    assert!(said.ends_with(&whole), "{said}");
    std::fs::remove_dir_all(&folder).expect("removed");
}
