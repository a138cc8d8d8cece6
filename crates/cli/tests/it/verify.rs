//! `lacuna verify`: what it says of files, and how it ends.

use std::io::{Cursor, Write as _};

use serde_json::Value;
use testkit::proofs::Log;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::folder::Folder;
use super::golden::check;
use super::machine::{Machine, Ran};
use super::server::{Server, json};

/// The salt of the log's receipts, and whom they are about.
const SALT: [u8; 32] = [3; 32];
const PERSON: &str = "email=ines@example.com";

/// A folder with a key, `log.key`, and what a log of three erasures gives.
fn folder(name: &str) -> (Folder, Log) {
    let (folder, log) = (Folder::new(name), Log::of("demo", 3));
    folder.write("log.key", format!("{}\n", log.key()).as_bytes());
    let write = |name: &str, first, last| folder.write(name, log.export(first, last).concat().as_bytes());
    write("audit.jsonl", 1, 18);
    write("begun.jsonl", 1, 4);
    write("later.jsonl", 13, 16);
    write("empty.jsonl", 7, 6);
    folder.write("receipt.json", &log.receipt(2, 18).bytes());
    folder.write("checkpoint", log.note(12).as_bytes());
    folder.write("seen", log.note(6).as_bytes());
    folder.write("salt", format!("{}\n", hex::encode(SALT)).as_bytes());
    (folder, log)
}

fn run(folder: &Folder, line: &str) -> Ran {
    folder.run(None, &format!("verify --key log.key {line}"), b"").text()
}

/// Runs it and compares it with its golden file.
fn said(folder: &Folder, name: &str, code: u8, line: &str) -> Ran {
    let ran = run(folder, line);
    assert_eq!(ran.code, code, "{line}: {ran:?}");
    assert!(!format!("{ran:?}").contains("ines@"), "{name} prints the person");
    check(&format!("verify-{name}"), &ran);
    ran
}

#[test]
fn what_is_whole_says_what_it_proves() {
    let (folder, _) = folder("verify-intact");
    said(&folder, "export", 0, "audit.jsonl");
    said(&folder, "empty", 0, "empty.jsonl");
    said(&folder, "checkpoint", 0, "checkpoint");
    said(&folder, "receipt", 0, "receipt.json");
    said(&folder, "several", 0, "audit.jsonl receipt.json checkpoint empty.jsonl");
    said(&folder, "several-json", 0, "audit.jsonl receipt.json checkpoint --json");
}

/// Every part that a statement can have.
#[test]
fn a_receipt_says_what_was_done_in_each_store() {
    let (folder, log) = folder("verify-receipt-full");
    let receipt: Value = serde_json::from_slice(&log.receipt(2, 18).bytes()).expect("JSON");
    let mut statement = receipt["statement"].clone();
    statement["outcome"] = "partially_fulfilled".into();
    statement["verification"] = serde_json::json!({"at": "1970-01-03T00:00:00Z", "method": "document"});
    statement["sanctions"] = serde_json::json!([
        {"at": "1970-01-03T00:00:01Z", "source": "holds", "verdict": "clear"},
        {"at": "1970-01-03T00:00:02Z", "source": "tax-office", "store": "shop", "verdict": "retain"},
        {"at": "1970-01-03T00:00:02Z", "source": "tax-office", "store": "crm", "verdict": "clear"},
        {"at": "1970-01-03T00:00:03Z", "source": "tax-office", "store": "elsewhere", "verdict": "clear"},
        {"at": "1970-01-03T00:05:01Z", "source": "holds", "verdict": "clear"},
        {"at": "1970-01-03T00:05:02Z", "source": "tax-office", "store": "shop", "verdict": "retain"},
    ]);
    let shop = &mut statement["stores"][0];
    shop["backups"] = serde_json::json!([{"encrypted": true, "expires_after": "P35D", "kind": "snapshot"}]);
    shop["control_found_at"] = "1970-01-03T00:00:05Z".into();
    shop["gone_from_backups_by"] = "1970-02-07T00:00:05Z".into();
    shop["queries_unlisted"] = 2.into();
    shop["queries"]
        .as_array_mut()
        .expect("questions")
        .push(serde_json::json!({"collection": "notes", "digest": "00".repeat(32), "keys": 1}));
    shop["kept"] = serde_json::json!([{
        "collection": "invoices", "keep_for": "P10Y", "law": "AO § 147", "method": "retain", "reason": "tax", "records": 1,
    }]);
    let mut crm = receipt["statement"]["stores"][0].clone();
    let unread = crm.as_object_mut().expect("an object");
    unread.retain(|name, _| !["confirmed_at", "queries", "residue"].contains(&name.as_str()));
    unread.insert("store".to_owned(), "crm".into());
    // Where nothing was erased there was nothing to read again.
    let mut archive = crm.clone();
    for (name, value) in
        [("store", "archive".into()), ("collected", 8.into()), ("erased", 0.into()), ("retained", 0.into())]
    {
        archive[name] = value;
    }
    statement["stores"].as_array_mut().expect("stores").splice(0..0, [archive, crm]);
    let statement = serde_json::from_value(statement).expect("a statement");
    folder.write("full.json", &log.receipt_of(statement).bytes());
    said(&folder, "receipt-full", 0, "full.json");
    said(&folder, "receipt-full-json", 0, "full.json --json");
}

#[test]
fn what_is_broken_is_named() {
    let (folder, log) = folder("verify-broken");
    let mut lines = log.export(1, 18);
    lines[3] = lines[3].replacen("step:pin-plan", "step:pin-plam", 1);
    folder.write("altered.jsonl", lines.concat().as_bytes());
    lines = log.export(1, 18);
    lines.remove(5);
    folder.write("dropped.jsonl", lines.concat().as_bytes());
    let mut receipt = log.receipt(2, 18);
    receipt.statement.stores[0].retained = 0;
    folder.write("less.json", &receipt.bytes());
    folder.write("foreign", Log::of("other", 1).note(6).as_bytes());
    said(&folder, "altered", 1, "altered.jsonl");
    said(&folder, "dropped", 1, "dropped.jsonl");
    said(&folder, "less", 1, "less.json");
    said(&folder, "foreign", 1, "foreign");
    said(&folder, "broken-several", 1, "audit.jsonl altered.jsonl no-such-file receipt.json");
    said(&folder, "broken-json", 1, "altered.jsonl less.json no-such-file --json");
}

#[test]
fn files_that_contradict_each_other_are_broken() {
    let (folder, _) = folder("verify-contradiction");
    let mut other = Log::of("demo", 3);
    other.rewrite(8, |event| event.who.push('x'));
    folder.write("other-checkpoint", other.note(12).as_bytes());
    folder.write("other.jsonl", other.export(1, 12).concat().as_bytes());
    folder.write("other-tail.jsonl", other.export(1, 10).concat().as_bytes());
    // Whatever the order: what one says may be known only after the other was read.
    said(&folder, "fork-checkpoints", 1, "checkpoint other-checkpoint");
    said(&folder, "fork-export", 1, "other-checkpoint audit.jsonl");
    said(&folder, "fork-exports", 1, "audit.jsonl other.jsonl receipt.json");
    said(&folder, "fork-tail", 1, "other-tail.jsonl audit.jsonl");
    said(&folder, "fork-tail-json", 1, "other-tail.jsonl audit.jsonl --json");
    // The shorter is read first, and comes by a size of which only the longer says something.
    let mut older = Log::of("demo", 3);
    older.rewrite(15, |event| event.who.push('x'));
    folder.write("older.jsonl", older.export(1, 18).concat().as_bytes());
    folder.write("newest.jsonl", Log::of("demo", 4).export(13, 24).concat().as_bytes());
    said(&folder, "fork-again", 1, "newest.jsonl older.jsonl");
    said(&folder, "fork-since", 1, "other.jsonl --since checkpoint");
}

#[test]
fn a_rollback_shows_when_a_checkpoint_was_kept() {
    let (folder, log) = folder("verify-since");
    said(&folder, "fresh", 0, "audit.jsonl --since seen");
    said(&folder, "behind", 1, "seen begun.jsonl --since checkpoint");
    said(&folder, "behind-json", 1, "seen --since checkpoint --json");
    // What begins after it does not show where it goes on from, unless another leads there.
    said(&folder, "freshness-open", 2, "later.jsonl receipt.json --since seen");
    folder.write("between.jsonl", log.export(7, 12).concat().as_bytes());
    let ran = run(&folder, "later.jsonl between.jsonl checkpoint --since seen");
    // They are joined, and of one the end is not signed yet.
    assert_eq!(
        (ran.code, ran.out.matches("goes on from the checkpoint over 6 entries").count()),
        (2, 3),
        "{ran:?}"
    );
    let ran = run(&folder, "seen --since seen --json");
    assert!(ran.code == 0 && ran.out.contains("\"fresh\":true"), "{ran:?}");
}

#[test]
fn what_cannot_be_used_is_told_apart_from_what_is_broken() {
    let (folder, log) = folder("verify-unusable");
    folder.write("table.csv", b"name,amount\nsomebody,7\nsomebody else,8\n");
    said(&folder, "unusable", 2, "table.csv no-such-file audit.jsonl");
    said(&folder, "key-as-file", 2, "log.key");
    said(&folder, "unusable-json", 2, "table.csv no-such-file --json");
    assert_eq!(run(&folder, "audit.jsonl .").code, 2);
    said(&folder, "since-no-checkpoint", 2, "audit.jsonl --since table.csv");
    said(&folder, "since-missing", 2, "audit.jsonl --since no-such-file");
    folder.write("foreign", Log::of("other", 1).note(6).as_bytes());
    said(&folder, "since-foreign", 2, "audit.jsonl --since foreign");
    let plain = |line: &str| folder.run(None, line, b"").text();
    check("verify-no-key", &plain("verify audit.jsonl"));
    check("verify-key-missing", &plain("verify audit.jsonl --key no-such-file"));
    check("verify-key-none", &plain("verify audit.jsonl --key audit.jsonl"));
    let key = log.key().to_string();
    check("verify-key-typed", &plain(&format!("verify audit.jsonl --key {}", &key[..key.len() - 1])));
    check("verify-no-file", &plain("verify --key log.key"));
    assert_eq!(plain(&format!("verify audit.jsonl --key {key}")).code, 0);
}

/// A package is an archive too.
#[test]
fn another_archive_is_no_broken_pack() {
    let (folder, _) = folder("verify-archive");
    for (method, name) in [(CompressionMethod::Deflated, "deflated"), (CompressionMethod::Stored, "stored")] {
        let options = SimpleFileOptions::default().compression_method(method);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for file in ["crm/customers.jsonl", "index.html", "manifest.json", "manifest.jws"] {
            zip.start_file(file, options).expect("a file");
            zip.write_all(file.as_bytes()).expect("written");
        }
        folder.write("my-data.zip", &zip.finish().expect("an archive").into_inner());
        let ran = said(&folder, "archive", 2, "my-data.zip");
        assert!(ran.out.starts_with("UNUSABLE my-data.zip"), "{name}: {ran:?}");
    }
    folder.write("my-data.zip", b"PK\x03\x04");
    let ran = run(&folder, "my-data.zip");
    assert!(ran.code == 1 && ran.out.starts_with("BROKEN"), "of what was cut off nobody knows: {ran:?}");
}

#[test]
fn the_key_can_stand_in_the_environment() {
    let (folder, log) = folder("verify-variable");
    let audit = folder.path("audit.jsonl");
    let line = format!("verify {}", audit.display());
    let machine = |key: &str| Machine { audit_key: Some(key.to_owned()), ..Machine::default() };
    assert_eq!(machine(&log.key().to_string()).run(&line).code, 0);
    assert_eq!(machine(&folder.path("log.key").display().to_string()).run(&line).code, 0);
    let ran = machine("nonsense").run(&line);
    assert!(ran.code == 2 && ran.err.contains("LACUNA_AUDIT_KEY"), "{ran:?}");
    // What is given counts more.
    let line = format!("{line} --key {}", log.key());
    assert_eq!(machine("nonsense").run(&line).code, 0);
}

/// What is mistaken for a key, or for a checkpoint.
#[test]
fn what_is_no_key_and_no_checkpoint_is_said_to_be_that() {
    let (folder, log) = (Folder::new("verify-mistaken"), Log::of("demo", 3));
    let key = log.key().to_string();
    let id = log.key().id();
    folder.write("log.key", key.as_bytes());
    folder.write("kept.txt", log.note(6).as_bytes());
    folder.write("long.jsonl", log.export(1, log.size()).concat().repeat(8).as_bytes());
    let slip = key.replacen(&id, "00000000", 1);
    check("verify-key-slip", &folder.run(None, &format!("verify kept.txt --key {slip}"), b"").text());
    check("verify-key-checkpoint", &folder.run(None, "verify long.jsonl --key kept.txt", b"").text());
    let line = "verify kept.txt --key log.key --since long.jsonl";
    check("verify-since-log", &folder.run(None, line, b"").text());
}

#[test]
fn a_receipt_is_somebodys_or_it_is_not() {
    let (folder, _) = folder("verify-person");
    let salt = hex::encode(SALT);
    said(&folder, "theirs", 0, &format!("receipt.json --identity {PERSON} --salt {salt}"));
    // The value is normalised as it was when the request was made.
    let ran = run(&folder, "receipt.json --identity email=Ines@Example.COM --salt @salt --json");
    assert!(ran.code == 0 && ran.out.contains("\"about\":true"), "{ran:?}");
    let line = "verify --key log.key receipt.json --identity email=- --salt -";
    let typed = folder.run(None, line, format!("ines@example.com\n{salt}\n").as_bytes()).text();
    assert!(typed.code == 0 && !typed.out.contains("ines@"), "{typed:?}");
    let ran = said(
        &folder,
        "not-theirs",
        1,
        "receipt.json --identity email=marked.person@example.com --salt @salt",
    );
    assert!(!ran.out.contains(&salt));
    let other = run(&folder, &format!("receipt.json --identity {PERSON} --salt {}", "00".repeat(32)));
    assert_eq!(other.code, 1);
    said(&folder, "no-receipt", 2, &format!("audit.jsonl --identity {PERSON} --salt @salt"));
    let ran = run(&folder, &format!("audit.jsonl no-such-file --identity {PERSON} --salt @salt"));
    assert!(ran.code == 2 && ran.out.contains("UNUSABLE no-such-file"), "{ran:?}");
    said(&folder, "no-salt", 2, &format!("receipt.json --identity {PERSON}"));
    said(&folder, "salt-form", 2, &format!("receipt.json --identity {PERSON} --salt 0303"));
    said(&folder, "salt-missing", 2, &format!("receipt.json --identity {PERSON} --salt @no-such-file"));
    said(&folder, "identity-form", 2, "receipt.json --identity email=marked.person --salt @salt");
}

/// Nothing is looked up, and nobody is told: also where an API and a token are at hand.
#[test]
fn no_server_is_asked() {
    let (folder, _) = folder("verify-offline");
    let server = Server::start([json(200, &Value::Null)]);
    let line = "verify --key log.key audit.jsonl receipt.json checkpoint --since seen";
    let with = folder.run(Some(&server), line, b"").text();
    let without = folder.run(None, line, b"").text();
    assert_eq!((with.code, with.out), (0, without.out));
    assert_eq!(server.lines(), [""; 0]);
    // An address that would be refused is not looked at.
    assert_eq!(folder.run(None, &format!("{line} --url http://proofs.invalid"), b"").code, 0);
}

#[test]
fn a_pipe_is_read_once() {
    let (folder, log) = folder("verify-pipe");
    let audit = log.export(1, 18).concat().into_bytes();
    let piped = |line: &str| folder.run(None, &format!("verify --key log.key {line}"), &audit).text();
    assert_eq!(piped("- receipt.json --since seen").code, 0);
    check("verify-pipe", &piped("- empty.jsonl"));
    check("verify-pipe-twice", &piped("- -"));
}

#[test]
fn the_page_is_printed_as_it_is() {
    let page = include_str!("../../../audit/verify.html");
    let ran = Machine::default().run("verify --page");
    assert_eq!((ran.code, ran.out.as_str()), (0, page));
    let ran = Machine::default().run("verify --page audit.jsonl");
    assert_eq!(ran.code, 2, "{ran:?}");
    check("help-verify", &Machine::default().run("verify --help"));
}
