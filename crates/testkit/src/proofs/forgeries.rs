//! What whoever has the key could sign, and what only looks like something that was signed.

use audit::receipt::DETAIL;
use audit::tree::{Hash, root_of_path};
use audit::{Checkpoint, Inclusion, Wrong, export};
use domain::event::About;
use domain::{HoldId, Status};

use super::{Expect, Log};

/// A file, its name, and what has to be found.
pub type Forgery = (&'static str, Vec<u8>, Expect);

/// All of them, of a log of three erasures.
pub fn forgeries(log: &Log) -> Vec<Forgery> {
    [notes(log), exports(log), receipts(log), proofs(log)].concat()
}

fn notes(log: &Log) -> Vec<Forgery> {
    let note = log.note(12);
    let forged = Expect::of("checkpoint", Wrong::Forged);
    let with = |line: &str| format!("{note}{line}").into_bytes();
    let others = |n: usize| with(&"\u{2014} witness.example AAAAAAAA\n".repeat(n));
    let elsewhere = log.sign(&note_text(log, "lacuna.example/other"));
    vec![
        ("a checkpoint that others signed as well", others(99), Expect::Intact),
        ("a checkpoint with too many signatures", others(100), forged.clone()),
        ("a checkpoint with a signature of nothing", with("\u{2014} witness.example AAAA\n"), forged.clone()),
        ("a checkpoint with a signature that is none", with("\u{2014} witness.example\n"), forged.clone()),
        ("a checkpoint with a tab in it", with("\u{2014} a\tb AAAAAAAA\n"), forged.clone()),
        ("a checkpoint without its last line feed", note.trim_end().as_bytes().to_vec(), forged.clone()),
        ("a checkpoint of another log, by this one's key", elsewhere.into_bytes(), forged.clone()),
        (
            "a checkpoint with a line more",
            log.sign(&(note_text(log, log.key().name()) + "more\n")).into_bytes(),
            forged,
        ),
    ]
}

fn note_text(log: &Log, origin: &str) -> String {
    Checkpoint { origin: origin.to_owned(), size: 12, root: log.range(12).root() }.text()
}

fn exports(log: &Log) -> Vec<Forgery> {
    let mut stale = log.export(1, 18);
    stale.insert(12, export::checkpoint(&log.note(6)));
    let begun = |from: &str, to: String| {
        let mut lines = log.export(7, 18);
        lines[0] = lines[0].replacen(from, &to, 1);
        lines.concat().into_bytes()
    };
    let hash = log.entry(6).map(|entry| entry.hash.clone()).unwrap_or_default();
    let peak = hex::encode(log.range(6).peaks()[0]);
    let mut foreign = Log::of("demo", 3);
    foreign.rewrite(4, |event| event.tenant = "other".parse().expect("a tenant"));
    vec![
        (
            "an old checkpoint comes again",
            stale.concat().into_bytes(),
            Expect::at(10, "checkpoint", Wrong::Trailing),
        ),
        (
            "the hash before in capitals",
            begun(&hash, hash.to_uppercase()),
            Expect::of("header.before.hash", Wrong::Altered),
        ),
        (
            "the tree before in capitals",
            begun(&peak, peak.to_uppercase()),
            Expect::of("header.before.peaks", Wrong::Altered),
        ),
        (
            "another tenant's event in this log",
            foreign.export(1, 18).concat().into_bytes(),
            Expect::at(4, "event.tenant", Wrong::Foreign),
        ),
    ]
}

/// Receipts to logs that say something else than their statements.
fn receipts(log: &Log) -> Vec<Forgery> {
    let mut status = Log::of("demo", 3);
    status.rewrite(12, |event| event.status = Some(Status::Denied));
    let mut tenant = Log::of("demo", 3);
    tenant.rewrite(12, |event| event.tenant = "other".parse().expect("a tenant"));
    let mut statement = log.receipt(2, 18).statement;
    statement.tenant = "other".parse().expect("a tenant");
    let mut agreed = Log::of("demo", 3);
    agreed.rewrite(12, |event| {
        event.tenant = statement.tenant.clone();
        event.detail.insert(DETAIL.to_owned(), statement.sha256());
    });
    let mut agreed = agreed.receipt(2, 18);
    agreed.statement = statement;
    let mut hold = Log::of("demo", 3);
    hold.rewrite(12, |event| event.about = About::Hold(HoldId::new(event.at, 1)));
    let mut silent = Log::of("demo", 3);
    silent.rewrite(12, |event| event.detail.clear());
    // The tree has this hash at the entry's place, and it is no leaf's.
    let (inner, path) = (audit::tree::node(&[1; 32], &[2; 32]), vec![[3; 32]; 3]);
    let root = root_of_path(inner, 11, 12, &path).unwrap_or_default();
    let note = log.sign(&Checkpoint { origin: log.key().name().to_owned(), size: 12, root }.text());
    let mut forged = log.receipt(2, 18);
    forged.hash = hex::encode(inner);
    forged.proof = Inclusion { index: 11, path, note }.text();
    let mut capitals = log.receipt(2, 18);
    capitals.hash = capitals.hash.to_uppercase();
    let another = Expect::at(12, "statement.request", Wrong::AnotherRequest);
    vec![
        (
            "a receipt whose entry says another outcome",
            status.receipt(2, 18).bytes(),
            Expect::at(12, "statement.outcome", Wrong::Contradicted),
        ),
        ("a receipt of another tenant's event", tenant.receipt(2, 18).bytes(), another.clone()),
        ("a receipt of another tenant throughout", agreed.bytes(), another.clone()),
        ("a receipt of an entry about a hold", hold.receipt(2, 18).bytes(), another),
        (
            "a receipt of an entry that names no statement",
            silent.receipt(2, 18).bytes(),
            Expect::at(12, "statement", Wrong::NotTheStatement),
        ),
        ("a receipt with a node's hash", forged.bytes(), Expect::at(12, "", Wrong::Altered)),
        ("a receipt with its hash in capitals", capitals.bytes(), Expect::at(12, "hash", Wrong::Altered)),
    ]
}

/// Proofs that lead to a signed root, from another place or by another way than the entry's.
fn proofs(log: &Log) -> Vec<Forgery> {
    let hash = log.entry(12).and_then(audit::Entry::hash_bytes).unwrap_or_default();
    let to = |index: u64, size: u64, root: Hash, path: Vec<Hash>| {
        let note = log.sign(&Checkpoint { origin: log.key().name().to_owned(), size, root }.text());
        let mut receipt = log.receipt(2, 18);
        receipt.proof = Inclusion { index, path, note }.text();
        receipt.bytes()
    };
    let apart = Expect::at(12, "proof", Wrong::NotIncluded);
    let longer = audit::tree::node(&hash, &[0; 32]);
    vec![
        ("a proof of another place", to(0, 1, hash, vec![]), apart.clone()),
        ("a proof of a place that is not there", to(11, 11, hash, vec![]), apart.clone()),
        ("a proof that is too short", to(11, 13, hash, vec![]), apart.clone()),
        ("a proof that is too long", to(11, 12, longer, vec![[0; 32]; 5]), apart.clone()),
        (
            "a proof with more hashes than any has",
            to(11, 12, longer, vec![[0; 32]; 64]),
            Expect::at(12, "proof", Wrong::Unreadable),
        ),
    ]
}
