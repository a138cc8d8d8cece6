//! Receipts as a later version may write them, and what only looks like one.

use audit::receipt::DETAIL;
use audit::tree::{leaf, root_of_path};
use audit::{Checkpoint, Inclusion, Wrong};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::forgeries::Forgery;
use super::{Expect, Log};

/// All of them, of a log of three erasures.
pub fn newer(log: &Log) -> Vec<Forgery> {
    let field = |receipt: &mut Value| receipt["statement"]["reviewed_by"] = json!("two officers");
    let word = |receipt: &mut Value| {
        receipt["statement"]["outcome"] = json!("archived");
        receipt["entry"]["event"]["status"] = json!("archived");
    };
    let whole = signed(log, field);
    let unreadable = Expect::of("receipt", Wrong::Unreadable);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut receipt = whole.clone();
        change(&mut receipt);
        bytes(&receipt)
    };
    let other = Log::of("other", 3).note(12);
    let spaced =
        String::from_utf8(bytes(&whole)).unwrap_or_default().replacen("\"proof\":", "\"proof\": ", 1);
    vec![
        ("a newer receipt, with a field more", bytes(&whole), Expect::Newer),
        ("a newer receipt, with another word", bytes(&signed(log, word)), Expect::Newer),
        (
            "a newer receipt, whose entry has a field more",
            bytes(&signed(log, |receipt| receipt["entry"]["event"]["region"] = json!("eu"))),
            Expect::Newer,
        ),
        (
            "a newer receipt that is changed",
            changed(&|receipt| receipt["statement"]["reviewed_by"] = json!("nobody")),
            unreadable.clone(),
        ),
        (
            "a newer receipt with a field of which the log knows nothing",
            changed(&|receipt| receipt["statement"]["approved"] = json!(true)),
            unreadable.clone(),
        ),
        (
            "a newer receipt whose entry is changed",
            changed(&|receipt| receipt["entry"]["legal_basis"] = json!("none")),
            unreadable.clone(),
        ),
        ("a newer receipt that is written in another way", spaced.into_bytes(), unreadable.clone()),
        (
            "a newer receipt with half a record",
            bytes(&signed(log, |receipt| receipt["statement"]["reviewed_by"] = json!(0.5))),
            unreadable,
        ),
        (
            "a newer receipt that another key signed",
            changed(&|receipt| receipt["proof"] = json!(with_note(receipt, &other))),
            Expect::at(12, "proof.checkpoint", Wrong::Forged),
        ),
        (
            "a newer receipt to a checkpoint that it is not in",
            changed(&|receipt| receipt["proof"] = json!(with_note(receipt, &log.note(12)))),
            Expect::at(12, "proof", Wrong::NotIncluded),
        ),
        (
            "a newer receipt of another request",
            bytes(&signed(log, |receipt| {
                field(receipt);
                receipt["statement"]["request"] = json!(log.receipt(1, 18).statement.request);
            })),
            Expect::at(12, "statement.request", Wrong::AnotherRequest),
        ),
        (
            "a newer receipt of another tenant",
            bytes(&signed(log, |receipt| {
                field(receipt);
                receipt["statement"]["tenant"] = json!("other");
                receipt["entry"]["event"]["tenant"] = json!("other");
            })),
            Expect::at(12, "statement.request", Wrong::AnotherRequest),
        ),
        (
            "a newer receipt that says another outcome than its entry",
            bytes(&signed(log, |receipt| receipt["statement"]["outcome"] = json!("archived"))),
            Expect::at(12, "statement.outcome", Wrong::Contradicted),
        ),
    ]
}

fn bytes(receipt: &Value) -> Vec<u8> {
    audit::canonical(receipt).into_bytes()
}

fn with_note(receipt: &Value, note: &str) -> String {
    let proof = receipt["proof"].as_str().unwrap_or_default();
    let inclusion = Inclusion::parse(proof).expect("a proof");
    Inclusion { note: note.to_owned(), ..inclusion }.text()
}

/// A receipt that is changed before it is hashed and signed.
fn signed(log: &Log, change: impl Fn(&mut Value)) -> Value {
    let mut receipt: Value = serde_json::from_slice(&log.receipt(2, 12).bytes()).expect("JSON");
    change(&mut receipt);
    let statement = audit::canonical(&receipt["statement"]);
    let named = hex::encode(digest(&SHA256, statement.as_bytes()));
    receipt["entry"]["event"]["detail"][DETAIL] = json!(named);
    let hash = leaf(audit::canonical(&receipt["entry"]).as_bytes());
    receipt["hash"] = json!(hex::encode(hash));
    let proof = Inclusion::parse(receipt["proof"].as_str().unwrap_or_default()).expect("a proof");
    let root = root_of_path(hash, proof.index, 12, &proof.path).expect("a path");
    let note = log.sign(&Checkpoint { origin: log.key().name().to_owned(), size: 12, root }.text());
    receipt["proof"] = json!(Inclusion { note, ..proof }.text());
    receipt
}
