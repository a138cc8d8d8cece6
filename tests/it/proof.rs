//! The page on proofs is enough to check them: its script, with `hashlib` and `openssl` alone, calls whole what is whole, and
//! broken or unsigned what was attacked; and its commands for one entry and one checkpoint do what they say.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use audit::QueryStatement;
use testkit::proofs::{Case, Expect, Log, cases};

use crate::repository::{read, root};

const PAGE: &str = "docs/proof.md";
const SCRIPT: &str = "tests/it/proof.py";
const LONGEST: usize = 70;

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

/// What the script says to each of these files, and its exit code.
fn ask(folder: &Path, files: &[&[u8]]) -> (Vec<String>, Option<i32>) {
    std::fs::write(folder.join("key"), Log::of("demo", 1).key().to_string()).expect("written");
    let names: Vec<String> = (0..files.len()).map(|number| number.to_string()).collect();
    for (name, file) in names.iter().zip(files) {
        std::fs::write(folder.join(name), file).expect("written");
    }
    let mut command = Command::new("python3");
    command.arg("-B").arg(root().join(SCRIPT)).arg("key").args(names).current_dir(folder);
    let Output { status, stdout, stderr } = command.output().expect("python3 runs");
    assert!(stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    (String::from_utf8_lossy(&stdout).lines().map(str::to_owned).collect(), status.code())
}

#[test]
fn the_script_of_the_page_finds_every_attack_on_an_export() {
    let folder = folder("proof-attacks");
    let is_export = |case: &Case| case.file.starts_with(audit::export::MARK.as_bytes());
    // It has one key, and no checkpoint that was seen before.
    let exports: Vec<Case> =
        cases().into_iter().filter(|case| is_export(case) && case.since.is_none()).collect();
    assert!(exports.len() > 90, "{}", exports.len());
    let files: Vec<&[u8]> = exports.iter().map(|case| case.file.as_slice()).collect();
    let (said, code) = ask(&folder, &files);
    assert_eq!((said.len(), code), (exports.len(), Some(1)));
    for (case, said) in exports.iter().zip(said) {
        let expect = match case.expect {
            Expect::Intact => "whole: ",
            Expect::Unsigned => "unsigned: ",
            _ => "broken: ",
        };
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

/// A file that somebody made to end the script does not keep it from the next one.
#[test]
fn the_script_goes_on_and_its_exit_code_says_the_worst() {
    let folder = folder("proof-codes");
    let log = Log::of("demo", 3);
    let whole = log.export(1, 18).concat().into_bytes();
    let tail = log.export(1, 14).concat().into_bytes();
    let with_header = |from: &str, to: &str| {
        let mut lines = log.export(7, 12);
        assert!(lines[0].contains(from), "{}", lines[0]);
        lines[0] = lines[0].replacen(from, to, 1);
        lines.concat().into_bytes()
    };
    let no_third_part = with_header("\u{2014} lacuna.example/demo ", "\u{2014} lacuna.example/demo\\n");
    let hostile: [&[u8]; 7] = [
        &no_third_part,
        &with_header("\"peaks\":[", "\"peaks\":[\"00\","),
        &with_header("\"checkpoint\":\"", "\"checkpoint\":7,\"more\":\""),
        &"[".repeat(100_000).into_bytes(),
        b"7\n",
        b"\xff\xfe\n",
        b"",
    ];
    let (said, code) = ask(&folder, &[&hostile[..], &[&tail, &whole]].concat());
    assert!(said[..7].iter().all(|said| said.starts_with("broken: ")), "{said:?}");
    assert_eq!(said[7..], ["unsigned: nothing after entry 12 is signed", "whole: signed up to entry 18"]);
    assert_eq!(code, Some(1));
    assert_eq!(ask(&folder, &[&whole, &tail]).1, Some(2));
    assert_eq!(ask(&folder, &[&whole]).1, Some(0));
    let nothing = log.export(1, 4).concat().into_bytes();
    assert_eq!(ask(&folder, &[&nothing]), (vec!["unsigned: nothing in it is signed".to_owned()], Some(2)));
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
    std::fs::write(folder.join("log.jsonl"), log.export(1, 12).concat()).expect("written");
    std::fs::write(folder.join("kept.txt"), log.note(12)).expect("written");
    std::fs::write(folder.join("log.key"), format!("{}\n", log.key())).expect("written");
    std::fs::write(folder.join("salt"), format!("{}\n", "03".repeat(32))).expect("written");
    let receipt = log.receipt(2, 12);
    std::fs::write(folder.join("receipt.json"), receipt.bytes()).expect("written");
    let script = folder.join(SCRIPT);
    std::fs::create_dir_all(script.parent().expect("its folder")).expect("a folder");
    std::fs::write(&script, read(SCRIPT)).expect("written");
    let mut said = String::new();
    for block in blocks("sh") {
        // The demo's person; this log's is another.
        let block = block.replace("luisg@embraer.com.br", "ines@example.com");
        let output =
            Command::new("sh").args(["-euc", &block]).current_dir(&folder).output().expect("sh runs");
        said.push_str(&succeeded(output));
    }
    let hash = |seq| log.entry(seq).expect("an entry").hash.clone();
    // The hash of entry 2 as it was computed, as it stands beside it, and as entry 3 names it.
    assert_eq!(said.matches(&hash(2)).count(), 3, "{said}");
    assert!(said.contains("Signature Verified Successfully"), "{said}");
    // That the customers were searched for exactly this address.
    let Some(QueryStatement::Search { digest, .. }) = receipt.statement.stores[0].queries.first() else {
        panic!("a search is the first question")
    };
    assert_eq!(said.matches(digest.as_str()).count(), 2, "computed, and in the receipt: {said}");
    assert!(said.ends_with("whole: signed up to entry 12\n"), "{said}");
    std::fs::remove_dir_all(&folder).expect("removed");
}
