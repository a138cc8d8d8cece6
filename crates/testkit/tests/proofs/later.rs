//! Evidence packs in words that a later version has: they hold, and cannot be counted here.

use audit::Checkpoint;
use audit::pack::{
    CHECKPOINT, Flaw, LOG, METRICS, PROOF, Pack, Unfit, VERIFIER, check, parse_receipt_name, receipt_name,
};
use audit::receipt::DETAIL;
use audit::verify::{Pinned, Standing};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use testkit::proofs::Log;
use testkit::proofs::packs::{Files, contents, later, listed, longer, made_at, sealed};

fn checked(files: &Files, pinned: &Pinned) -> Result<Pack, Flaw> {
    check(&mut files.clone(), pinned, &[].into(), &|_| {})
}

fn pinned(log: &Log) -> Pinned {
    Pinned { key: log.key(), since: None }
}

#[test]
fn an_entry_of_a_kind_that_is_not_known_makes_a_pack_newer_and_not_broken() {
    let (files, log) = later(true);
    let found = checked(&files, &pinned(&log)).expect("nothing in it is wrong");
    assert_eq!((found.newer.as_deref(), found.figures.is_none()), (Some(LOG), true));
    assert_eq!(found.standing(None), Standing::Newer);
    let (files, log) = later(false);
    let flaw = checked(&files, &pinned(&log)).expect_err("forged");
    assert!(matches!(flaw.what, Unfit::Proof(_)), "{flaw}");
}

/// Of such a log nothing is counted. All else is checked as ever.
#[test]
fn what_is_wrong_with_a_newer_pack_is_found_and_named() {
    let (files, log) = later(true);
    let named = |change: &dyn Fn(&mut Files), again: bool| {
        let mut files = files.clone();
        change(&mut files);
        if again {
            listed(&mut files, "demo", made_at());
        }
        let flaw = checked(&files, &pinned(&log)).expect_err("it was changed");
        (flaw.file, flaw.what.as_str())
    };
    let altered = ["README.txt", CHECKPOINT, "index.html", LOG, "metrics.csv", METRICS, VERIFIER];
    for name in altered {
        let (file, what) = named(&|files| files.0.get_mut(name).expect("there").push(b'\n'), false);
        assert_eq!((file.as_str(), what), (name, "altered"), "a byte more");
        let (file, what) = named(&|files| files.0.get_mut(name).expect("there")[0] ^= 1, false);
        assert_eq!(file, name, "a bit is another: {what}");
        let (file, what) = named(&|files| drop(files.0.remove(name)), false);
        assert_eq!((file.as_str(), what), (name, "missing"));
    }
    let (file, what) = named(&|files| files.0.get_mut("README.txt").expect("there").push(b'\n'), true);
    assert_eq!((file.as_str(), what), ("README.txt", "not-the-packs"));
    // One that was signed for less of the log.
    let earlier = log.note(log.size() - 2).into_bytes();
    let (file, what) = named(&|files| drop(files.0.insert(CHECKPOINT.to_owned(), earlier.clone())), true);
    assert_eq!((file.as_str(), what), (CHECKPOINT, "not-the-checkpoint"));
    let proof = |files: &mut Files| drop(files.0.insert(PROOF.to_owned(), b"{}".to_vec()));
    assert_eq!(named(&proof, false).0, PROOF);
}

/// A receipt under another history, and a checkpoint that was seen of one.
#[test]
fn a_newer_pack_of_another_history_is_forked() {
    let (files, log) = later(true);
    let mut other = longer();
    other.rewrite(3, |event| drop(event.detail.insert("note".to_owned(), "otherwise".to_owned())));
    // All that is signed beside the log is of the other history: alone the log can tell.
    let mut forked = files.clone();
    for name in files.0.keys() {
        let Some((_, seq)) = parse_receipt_name(name) else { continue };
        let receipt = other.receipt(usize::try_from(seq / 6).expect("small"), other.size() - 1);
        forked.0.insert(name.clone(), receipt.bytes());
    }
    listed(&mut forked, "demo", made_at());
    let flaw = checked(&forked, &pinned(&log)).expect_err("two histories");
    assert!(flaw.file.starts_with("receipts/") && flaw.what == Unfit::Forked, "{flaw}");
    let since = |log: &Log| {
        let key = log.key();
        let since = Checkpoint::open(&log.note(5), &key).expect("a checkpoint");
        Pinned { key, since: Some(since) }
    };
    let flaw = checked(&files, &since(&other)).expect_err("another history");
    assert_eq!((flaw.file.as_str(), flaw.what.as_str()), (LOG, "forked"));
    assert_eq!(checked(&files, &since(&log)).expect("of that log").fresh, Some(true));
}

/// What it says of the log can be held against other files.
#[test]
fn a_newer_pack_says_what_its_checkpoints_are_over() {
    let (files, log) = later(true);
    let found = checked(&files, &pinned(&log)).expect("nothing in it is wrong");
    assert!(found.says().iter().any(|said| said.size == log.size() && said.signed));
}

/// The log names a statement with a field more; the receipt has it.
#[test]
fn a_receipt_with_a_field_that_is_not_known_makes_a_pack_newer_and_not_broken() {
    let mut log = longer();
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
    let found = checked(&files, &pinned(&log)).expect("nothing in it is wrong");
    assert_eq!((found.newer.as_deref(), found.figures.is_some()), (Some(name.as_str()), true));
    assert_eq!(found.standing(None), Standing::Newer);
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
