//! Evidence packs in words that a later version has: they hold, and cannot be counted here.

use audit::pack::{CHECKPOINT, Flaw, LOG, PROOF, Pack, Unfit, check, receipt_name};
use audit::receipt::DETAIL;
use audit::tree::leaf;
use audit::verify::Pinned;
use audit::{Checkpoint, export};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use testkit::proofs::Log;
use testkit::proofs::packs::{Files, contents, listed, log, made_at, period, sealed};

fn checked(files: &Files, pinned: &Pinned) -> Result<Pack, Flaw> {
    check(&mut files.clone(), pinned, &[].into(), &|_| {})
}

fn pinned(log: &Log) -> Pinned {
    Pinned { key: log.key(), since: None }
}

/// A log with what another pack put on record after the period.
fn long() -> Log {
    let mut log = log("demo");
    log.note_pack(&"0a".repeat(32).parse().expect("a pack"), period(), made_at());
    log
}

/// The files of a log whose last entry is of a kind that nobody knows here, under a checkpoint of its own.
fn with_another_kind(signed: bool) -> (Files, Log) {
    let log = long();
    let last = log.size();
    let mut files = contents(&log, last - 1);
    let entry = log.entry(last).expect("an entry").content_bytes();
    let content = String::from_utf8(entry).expect("text").replace("\"audit.packed\"", "\"audit.archived\"");
    let hash = leaf(content.as_bytes());
    let mut range = log.range(last - 1);
    range.push(hash);
    let text = Checkpoint { origin: log.key().name().to_owned(), size: last, root: range.root() }.text();
    let note = if signed { log.sign(&text) } else { Log::of("other", 1).sign(&text) };
    let hash = hex::encode(hash);
    let mut lines = log.export(1, last - 1);
    lines.pop();
    lines.push(format!("{{\"entry\":{content},\"hash\":\"{hash}\"}}\n"));
    lines.push(export::checkpoint(&note));
    lines.push(export::end(last, last, &hash));
    files.0.insert(LOG.to_owned(), lines.concat().into_bytes());
    files.0.insert(CHECKPOINT.to_owned(), note.into_bytes());
    listed(&mut files, "demo", made_at());
    (files, log)
}

#[test]
fn an_entry_of_a_kind_that_is_not_known_makes_a_pack_newer_and_not_broken() {
    let (files, log) = with_another_kind(true);
    let flaw = checked(&files, &pinned(&log)).expect_err("newer");
    assert_eq!((flaw.file.as_str(), flaw.what), (LOG, Unfit::Newer));
    let (files, log) = with_another_kind(false);
    let flaw = checked(&files, &pinned(&log)).expect_err("forged");
    assert!(matches!(flaw.what, Unfit::Proof(_)), "{flaw}");
}

/// The log names a statement with a field more; the receipt has it.
#[test]
fn a_receipt_with_a_field_that_is_not_known_makes_a_pack_newer_and_not_broken() {
    let mut log = long();
    let request = log.receipt(2, 12).statement.request;
    let mut statement = serde_json::to_value(log.receipt(2, 12).statement).expect("JSON");
    statement["reviewed_by"] = json!("two officers");
    let named = hex::encode(digest(&SHA256, audit::canonical(&statement).as_bytes()));
    log.rewrite(12, |event| drop(event.detail.insert(DETAIL.to_owned(), named)));
    let mut files = contents(&log, log.size());
    let name = receipt_name(&request, 12);
    let mut receipt: Value = serde_json::from_slice(&files.0[&name]).expect("JSON");
    receipt["statement"] = statement;
    files.0.insert(name.clone(), audit::canonical(&receipt).into_bytes());
    sealed(&mut files, &mut log);
    let flaw = checked(&files, &pinned(&log)).expect_err("newer");
    assert_eq!((flaw.file.as_str(), flaw.what), (name.as_str(), Unfit::Newer));
    // What is wrong elsewhere is wrong all the same.
    let mut broken = files.clone();
    broken.0.insert(PROOF.to_owned(), b"{}".to_vec());
    assert_eq!(checked(&broken, &pinned(&log)).expect_err("broken").file, PROOF);
    // What was changed in it does not hold, whoever lists it.
    receipt["statement"]["reviewed_by"] = json!("nobody");
    files.0.insert(name.clone(), audit::canonical(&receipt).into_bytes());
    sealed(&mut files, &mut log);
    let flaw = checked(&files, &pinned(&log)).expect_err("altered");
    assert!(flaw.file == name && matches!(flaw.what, Unfit::Proof(_)), "{flaw}");
}
