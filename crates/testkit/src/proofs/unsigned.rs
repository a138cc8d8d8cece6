//! What anybody can make who has a file and no key: entries that are chained as they have to be, under no signature.

use audit::{Wrong, export};

use super::{Expect, Log};

/// A name, the checkpoint that was seen before if there is one, a file, and what has to be found.
pub type Tried = (&'static str, Option<String>, Vec<u8>, Expect);

/// All of them, of a log of three erasures.
pub fn unsigned(log: &Log) -> Vec<Tried> {
    [rewritten(log), tails(log), invented(log), true_ones(log)].concat()
}

/// Lines as they are, without the checkpoints from a line on.
fn stripped(lines: &[String], from: usize) -> Vec<u8> {
    let kept = |(at, line): &(usize, &String)| *at < from || !line.starts_with("{\"checkpoint\"");
    lines.iter().enumerate().filter(kept).map(|(_, line)| line.as_str()).collect::<String>().into_bytes()
}

fn other(requests: u32, from: u64) -> Log {
    let mut other = Log::of("demo", requests);
    other.rewrite(from, |event| event.who.push('x'));
    other
}

fn forked(size: u64) -> Expect {
    Expect::at(size, "", Wrong::Forked)
}

/// History is rewritten, and the checkpoints that would show it are left out.
fn rewritten(log: &Log) -> Vec<Tried> {
    let all = stripped(&other(3, 4).export(1, 18), 0);
    // The first checkpoint stands, and what follows it is another history.
    let later = stripped(&other(3, 8).export(1, 18), 9);
    let begun = stripped(&other(3, 8).export(7, 18), 1);
    let rewritten = "history is rewritten, and its checkpoints are left out";
    let from = "history after a checkpoint is rewritten, and the later ones are left out";
    vec![
        (rewritten, None, all.clone(), Expect::Unsigned),
        (rewritten, Some(log.note(6)), all.clone(), forked(6)),
        (rewritten, Some(log.note(18)), all, forked(18)),
        (from, None, later.clone(), Expect::Unsigned),
        (from, Some(log.note(6)), later.clone(), Expect::Unsigned),
        (from, Some(log.note(12)), later, forked(12)),
        ("the same in a file that begins at the checkpoint", None, begun.clone(), Expect::Unsigned),
        ("the same in a file that begins at the checkpoint", Some(log.note(12)), begun, forked(12)),
    ]
}

/// Entries are made up after the last that was signed.
fn tails(log: &Log) -> Vec<Tried> {
    let truth = Log::of("demo", 4);
    let tail = stripped(&other(4, 19).export(1, 24), 20);
    let name = "a tail is made up";
    vec![
        (name, None, tail.clone(), Expect::Unsigned),
        (name, Some(log.note(6)), tail.clone(), Expect::Unsigned),
        (name, Some(log.note(18)), tail.clone(), Expect::Unsigned),
        (name, Some(truth.note(24)), tail.clone(), forked(24)),
        (name, Some(Log::of("demo", 5).note(30)), tail, Expect::Behind),
    ]
}

/// A log of which nothing is true, by somebody who has no key.
fn invented(log: &Log) -> Vec<Tried> {
    let all = stripped(&other(3, 1).export(1, 18), 0);
    let name = "a log is made up";
    let empty = log.export(1, 0).concat().into_bytes();
    vec![
        (name, None, all.clone(), Expect::Unsigned),
        (name, Some(log.note(6)), all.clone(), forked(6)),
        (name, Some(Log::of("demo", 4).note(24)), all, Expect::Behind),
        ("a log without entries", None, empty.clone(), Expect::Unsigned),
        ("a log without entries", Some(log.note(6)), empty, Expect::Behind),
    ]
}

/// What is true is not to be called worse than it is.
fn true_ones(log: &Log) -> Vec<Tried> {
    let bare = stripped(&log.export(1, 18), 0);
    let name = "a true log whose checkpoints are left out";
    let older = log.export(1, 12).concat().into_bytes();
    // The tree before an entry is signed, and its last entry's hash is not told by that: see docs/proof.md.
    let (hash, another) = (log.entry(6).map(|entry| entry.hash.clone()).unwrap_or_default(), "5e".repeat(32));
    let lines = log.export(7, 6).concat().replace(&hash, &another);
    let mut followed = log.export(7, 12);
    followed[0] = followed[0].replace(&hash, &another);
    let mut signed = log.export(1, 14);
    signed.insert(signed.len() - 1, export::checkpoint(&log.note(14)));
    vec![
        (name, None, bare.clone(), Expect::Unsigned),
        (name, Some(log.note(12)), bare.clone(), Expect::Unsigned),
        (name, Some(log.note(18)), bare, Expect::Intact),
        ("a tail that was signed by now", None, signed.concat().into_bytes(), Expect::Intact),
        ("an older export of the same log", Some(log.note(18)), older, Expect::Behind),
        (
            "a receipt to a later checkpoint than one that was seen",
            Some(log.note(6)),
            log.receipt(2, 12).bytes(),
            Expect::NotShown,
        ),
        (
            "a checkpoint of later than one that was seen",
            Some(log.note(6)),
            log.note(12).into(),
            Expect::NotShown,
        ),
        ("another hash before, which no entry follows", None, lines.into_bytes(), Expect::Intact),
        (
            "another hash before, which an entry follows",
            None,
            followed.concat().into_bytes(),
            Expect::at(7, "prev_hash", Wrong::NotFollowing),
        ),
    ]
}
