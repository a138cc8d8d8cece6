//! `lacuna verify` of what is not signed, is older than a checkpoint that was kept, or is of a later version.

use testkit::proofs::{Log, cases};

use super::folder::Folder;
use super::golden::check;
use super::machine::Ran;

fn folder(name: &str) -> (Folder, Log) {
    let (folder, log) = (Folder::new(name), Log::of("demo", 3));
    folder.write("log.key", format!("{}\n", log.key()).as_bytes());
    (folder, log)
}

fn run(folder: &Folder, line: &str) -> Ran {
    folder.run(None, &format!("verify --key log.key {line}"), b"").text()
}

fn said(folder: &Folder, name: &str, code: u8, line: &str) -> Ran {
    let ran = run(folder, line);
    assert_eq!(ran.code, code, "{line}: {ran:?}");
    check(&format!("verify-{name}"), &ran);
    ran
}

#[test]
fn what_nobody_signed_is_not_intact() {
    let (folder, log) = folder("verify-unsigned");
    let write = |name: &str, log: &Log, first, last| {
        folder.write(name, log.export(first, last).concat().as_bytes());
    };
    write("begun.jsonl", &log, 1, 4);
    write("tail.jsonl", &log, 1, 16);
    write("later.jsonl", &log, 13, 16);
    folder.write("seen", log.note(6).as_bytes());
    said(&folder, "unsigned", 2, "begun.jsonl");
    said(&folder, "unsigned-json", 2, "begun.jsonl tail.jsonl --json");
    said(&folder, "unsigned-tail", 2, "tail.jsonl --since seen");
    // A tail can be accepted. What has no signed entry is no tail: anybody could have made up all of it.
    said(&folder, "unsigned-accepted", 0, "tail.jsonl --since seen --allow-unsigned");
    assert_eq!(run(&folder, "begun.jsonl --allow-unsigned").code, 2);
    said(&folder, "unsigned-several", 2, "later.jsonl tail.jsonl --allow-unsigned");
    // Nor is it accepted where freshness is open.
    let before = run(&folder, "later.jsonl --since seen --allow-unsigned");
    assert_eq!(before.code, 2, "{before:?}");
    // Whoever has a file and no key makes this.
    let mut other = Log::of("demo", 3);
    other.rewrite(1, |event| event.who.push('x'));
    let made_up = other.export(1, 18).into_iter().filter(|line| !line.starts_with("{\"checkpoint\""));
    folder.write("made-up.jsonl", made_up.collect::<String>().as_bytes());
    for line in ["made-up.jsonl", "made-up.jsonl --allow-unsigned"] {
        let ran = run(&folder, line);
        assert!(ran.code == 2 && ran.out.starts_with("made-up.jsonl  UNSIGNED"), "{ran:?}");
    }
    assert_eq!(run(&folder, "made-up.jsonl --since seen --allow-unsigned").code, 1);
}

#[test]
fn a_checkpoint_that_is_given_too_signs_a_tail() {
    let (folder, log) = folder("verify-signed-beside");
    folder.write("tail.jsonl", log.export(1, 16).concat().as_bytes());
    folder.write("next", log.note(16).as_bytes());
    said(&folder, "signed-beside", 0, "tail.jsonl next");
    assert_eq!(run(&folder, "tail.jsonl --since next").code, 0);
}

/// Who kept a newer checkpoint than a receipt has is told nothing wrong, and shown the truth if it is at hand.
#[test]
fn what_is_older_than_a_checkpoint_is_not_called_rolled_back() {
    let (folder, log) = folder("verify-older");
    folder.write("receipt.json", &log.receipt(1, 6).bytes());
    folder.write("older.jsonl", log.export(1, 12).concat().as_bytes());
    folder.write("audit.jsonl", log.export(1, 18).concat().as_bytes());
    folder.write("kept", log.note(18).as_bytes());
    said(&folder, "older", 0, "receipt.json older.jsonl audit.jsonl --since kept");
    said(&folder, "older-receipt", 2, "receipt.json --since kept");
    // An export that ends before it may be old, or of a log that was cut back: it does not pass.
    let ran = run(&folder, "receipt.json older.jsonl --since kept --allow-unsigned");
    assert!(ran.code == 1 && !ran.out.contains("rolled"), "{ran:?}");
}

#[test]
fn a_receipt_of_a_later_version_is_not_called_altered() {
    let (folder, _) = folder("verify-newer");
    let later = cases().into_iter().find(|case| case.name == "a newer receipt, with a field more");
    let later = String::from_utf8(later.expect("there is one").file).expect("text");
    folder.write("receipt.json", later.as_bytes());
    said(&folder, "newer", 2, "receipt.json");
    said(&folder, "newer-json", 2, "receipt.json --json");
    let ran =
        run(&folder, &format!("receipt.json --identity email=ines@example.com --salt {}", "03".repeat(32)));
    assert!(ran.code == 2 && ran.out.contains("update to read it"), "{ran:?}");
    folder.write("receipt.json", later.replacen("two officers", "nobody", 1).as_bytes());
    assert_eq!(run(&folder, "receipt.json").code, 1);
}
