//! Files that are whole by themselves, held against each other.

use std::collections::{BTreeMap, BTreeSet};

use audit::Checkpoint;
use audit::pack::receipt_name;
use audit::verify::{Disagreement, File, Found, Pinned, Together};
use testkit::proofs::{Log, packs};

/// Reads files as a run does: once, and once more with what all of them say.
fn read(files: &[Vec<u8>], since: Option<&str>) -> Vec<Found> {
    let key = Log::of("demo", 1).key();
    let since = since.map(|note| Checkpoint::open(note, &key).expect("a checkpoint"));
    let pinned = Pinned { key, since };
    let whole = |file: &Vec<u8>, sizes: BTreeSet<u64>| {
        let mut reading = File::noting(&pinned, sizes);
        reading.take(file).and_then(|()| reading.finish()).expect("whole by itself")
    };
    let first: Vec<Found> = files.iter().map(|file| whole(file, BTreeSet::new())).collect();
    let sizes = together(&first).sizes();
    files.iter().map(|file| whole(file, sizes.clone())).collect()
}

fn together(found: &[Found]) -> Together {
    let mut together = Together::default();
    for (file, found) in found.iter().enumerate() {
        together.add(file, found.says());
    }
    together
}

fn disagree(files: &[Vec<u8>]) -> Vec<Disagreement> {
    together(&read(files, None)).disagreements()
}

fn fresh(files: &[Vec<u8>], since: &str) -> Vec<usize> {
    let found = read(files, Some(since));
    let known: BTreeMap<usize, &Found> = found.iter().enumerate().collect();
    let since = Checkpoint::open(since, &Log::of("demo", 1).key()).expect("a checkpoint");
    together(&found).fresh(&since, &known).into_iter().collect()
}

fn export(log: &Log, first: u64, last: u64) -> Vec<u8> {
    log.export(first, last).concat().into_bytes()
}

/// The same log with another history from an entry on, signed by the same key.
fn other(from: u64) -> Log {
    let mut other = Log::of("demo", 3);
    other.rewrite(from, |event| event.who.push('x'));
    other
}

#[test]
fn what_is_of_one_log_agrees() {
    let log = Log::of("demo", 3);
    let files = [
        export(&log, 1, 18),
        export(&log, 7, 12),
        export(&log, 1, 14),
        export(&log, 13, 16),
        log.receipt(1, 12).bytes(),
        log.receipt(2, 18).bytes(),
        log.note(6).into_bytes(),
        log.note(17).into_bytes(),
    ];
    assert_eq!(disagree(&files), []);
}

#[test]
fn two_histories_are_found_whatever_they_are_in() {
    fn check(one: Vec<u8>, second: Vec<u8>, size: u64, signed: [bool; 2]) {
        let expect = |files, signed| vec![Disagreement { size, files, signed }];
        assert_eq!(disagree(&[one.clone(), second.clone()]), expect([0, 1], signed));
        let [a, b] = signed;
        assert_eq!(disagree(&[second, one]), expect([0, 1], [b, a]));
    }
    let (log, other) = (Log::of("demo", 3), other(8));
    // Two checkpoints of one size; a receipt's and a checkpoint; an export that comes by their size.
    check(log.note(12).into_bytes(), other.note(12).into_bytes(), 12, [true, true]);
    check(log.receipt(1, 12).bytes(), other.note(12).into_bytes(), 12, [true, true]);
    check(export(&log, 1, 18), other.receipt(1, 12).bytes(), 12, [true, true]);
    check(export(&log, 7, 18), other.note(10).into_bytes(), 10, [true, true]);
    // Exports of which one goes on further, or begins where the other is.
    check(export(&log, 1, 18), export(&other, 1, 12), 12, [true, true]);
    check(export(&log, 1, 14), export(&other, 13, 18), 12, [true, true]);
    // What was never signed is not what was signed later.
    check(export(&log, 1, 10), export(&other, 1, 18), 10, [false, true]);
    check(export(&log, 1, 10), export(&other, 1, 10), 10, [false, false]);
}

#[test]
fn an_export_bridges_to_what_begins_later() {
    let log = Log::of("demo", 3);
    let (first, later) = (export(&log, 1, 13), export(&log, 13, 18));
    let (receipt, note) = (log.receipt(2, 18).bytes(), log.note(18).into_bytes());
    let all = [later.clone(), receipt.clone(), note.clone(), first];
    assert_eq!(fresh(&all, &log.note(6)), [0, 1, 2, 3]);
    // Without it nothing leads there.
    assert_eq!(fresh(&[later, receipt, note], &log.note(6)), [0; 0]);
    assert_eq!(fresh(&[log.note(6).into_bytes(), log.receipt(1, 6).bytes()], &log.note(6)), [0, 1]);
    // What is older than the checkpoint is joined as well, downwards.
    let older =
        [log.receipt(1, 6).bytes(), log.note(12).into_bytes(), export(&log, 1, 10), export(&log, 1, 18)];
    assert_eq!(fresh(&older, &log.note(18)), [0, 1, 2, 3]);
    assert_eq!(fresh(&older[..3], &log.note(18)), [0; 0]);
    let apart = [other(2).receipt(1, 6).bytes(), export(&log, 7, 18)];
    assert_eq!(fresh(&apart, &log.note(18)), [1]);
    // Another history that begins after it is not led to.
    let elsewhere = export(&other(8), 13, 18);
    assert_eq!(fresh(&[elsewhere, export(&log, 1, 13)], &log.note(6)), [1]);
}

/// Each log begins with no entries: that two come by the empty tree leads from none to the other.
#[test]
fn two_histories_are_not_joined_through_the_empty_tree() {
    let log = Log::of("demo", 3);
    let (whole, forked) = (export(&log, 1, 18), export(&other(2), 1, 4));
    let found: Vec<Found> = [whole, forked].into_iter().map(|file| alone(&file, &log.note(6))).collect();
    let known: BTreeMap<usize, &Found> = found.iter().enumerate().collect();
    let since = Checkpoint::open(&log.note(6), &log.key()).expect("a checkpoint");
    // Nobody asked the whole one for its root over four entries.
    assert_eq!(together(&found).fresh(&since, &known).into_iter().collect::<Vec<_>>(), [0]);
}

/// Reads a file that nobody asked for anything that others say.
fn alone(file: &[u8], since: &str) -> Found {
    let key = Log::of("demo", 1).key();
    let since = Checkpoint::open(since, &key).expect("a checkpoint");
    let pinned = Pinned { key, since: Some(since) };
    let mut reading = File::new(&pinned);
    reading.take(file).and_then(|()| reading.finish()).expect("whole by itself")
}

/// A pack's log is a file of the log like any other: it is asked for the roots that others say.
#[test]
fn the_log_of_a_pack_is_held_against_other_files() {
    let (files, log) = packs::pack();
    let mut forked = packs::log("demo");
    forked.rewrite(8, |event| event.who.push('x'));
    let pinned = Pinned { key: log.key(), since: None };
    let against = |file: Vec<u8>| {
        let mut reading = File::new(&pinned);
        let other = reading.take(&file).and_then(|()| reading.finish()).expect("whole by itself");
        let sizes: BTreeSet<u64> = other.says().iter().map(|said| said.size).collect();
        let pack = audit::pack::check(&mut files.clone(), &pinned, &sizes, &|_| {}).expect("whole");
        let mut together = Together::default();
        together.add(0, pack.says());
        together.add(1, other.says());
        together.disagreements()
    };
    assert_eq!(against(export(&log, 1, 10)), []);
    let both = |size, signed| vec![Disagreement { size, files: [0, 1], signed: [true, signed] }];
    assert_eq!(against(forked.note(10).into_bytes()), both(10, true));
    assert_eq!(against(export(&forked, 1, 10)), both(10, false));
    // What its proof is under, beyond the end of its log.
    forked.note_pack(&"0d".repeat(32).parse().expect("a pack"), packs::period(), packs::made_at());
    forked.note_pack(&"0e".repeat(32).parse().expect("a pack"), packs::period(), packs::made_at());
    assert_eq!(forked.size(), log.size());
    assert_eq!(against(forked.note(log.size()).into_bytes()), both(log.size(), true));
}

/// To the checkpoint of its proof a pack's log leads. A receipt in it may be under another one beyond the log's end: whoever signs
/// two histories could put that in.
#[test]
fn what_lies_in_a_pack_beside_its_log_joins_nothing_but_the_checkpoint_of_its_proof() {
    let mut log = packs::log("demo");
    for id in ["0a", "0c"] {
        log.note_pack(&id.repeat(32).parse().expect("a pack"), packs::period(), packs::made_at());
    }
    let mut files = packs::contents(&log, 25);
    let receipt = log.receipt(2, 26);
    files.0.insert(receipt_name(&receipt.statement.request, 12), receipt.bytes());
    packs::sealed(&mut files, &mut log);
    let since = Checkpoint::open(&log.note(6), &log.key()).expect("a checkpoint");
    let pinned = Pinned { key: log.key(), since: Some(since.clone()) };
    let pack = audit::pack::check(&mut files.clone(), &pinned, &[].into(), &|_| {}).expect("whole");
    assert!(pack.export.fresh, "its log comes by it");
    let [end, beside, proof] = [25, 26, 27].map(|size| alone(log.note(size).as_bytes(), &log.note(6)));
    let mut together = Together::default();
    let export = Found::Export(pack.export.clone());
    together.add(0, pack.says());
    together.add(1, end.says());
    together.add(2, beside.says());
    together.add(3, proof.says());
    let known = [(0, &export), (1, &end), (2, &beside), (3, &proof)].into();
    assert_eq!(together.fresh(&since, &known), [0, 1, 3].into());
}

/// An export is signed as far as it comes by what any of the files has a signature over.
#[test]
fn a_checkpoint_beside_an_export_signs_it() {
    let (log, other) = (Log::of("demo", 3), other(15));
    let signed = |files: &[Vec<u8>]| together(&read(files, None)).signed_to(0);
    let tail = export(&log, 1, 16);
    assert_eq!(signed(std::slice::from_ref(&tail)), Some(12));
    assert_eq!(signed(&[tail.clone(), log.note(15).into_bytes()]), Some(15));
    assert_eq!(signed(&[tail.clone(), log.receipt(1, 16).bytes()]), Some(16));
    assert_eq!(signed(&[tail.clone(), export(&log, 1, 18)]), Some(16));
    // Not by what signs another history, or is not signed either, or is beyond its end.
    assert_eq!(signed(&[tail.clone(), other.note(16).into_bytes()]), Some(12));
    assert_eq!(signed(&[tail.clone(), export(&log, 1, 17)]), Some(12));
    assert_eq!(signed(&[tail, log.note(18).into_bytes()]), Some(12));
}
