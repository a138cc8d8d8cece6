//! What auditors are given, attacked.

use audit::verify::{File, Found, Pinned, Refused};
use audit::{Checkpoint, VerifierKey};
use proptest::prelude::*;
use testkit::proofs::{Case, Expect, Log, cases};

/// A key, and what was seen before.
pub fn pinned(key: &str, since: Option<&str>) -> Pinned {
    let key = VerifierKey::parse(key).expect("a key");
    let since = since.map(|note| Checkpoint::open(note, &key).expect("a checkpoint"));
    Pinned { key, since }
}

/// Reads a file in pieces of a size.
pub fn read(pinned: &Pinned, bytes: &[u8], size: usize) -> Result<Found, Refused> {
    let mut file = File::new(pinned);
    bytes.chunks(size).try_for_each(|piece| file.take(piece))?;
    file.finish()
}

/// What the library says of a case whose bytes come in pieces of a size.
pub fn found(case: &Case, size: usize) -> Expect {
    let pinned = pinned(&case.key, case.since.as_deref());
    match read(&pinned, &case.file, size) {
        Ok(found) => {
            let freshness = pinned.since.as_ref().map(|since| found.freshness(since, found.meets(since)));
            Expect::standing(found.standing(freshness))
        }
        Err(Refused::Broken(problem)) => Expect::broken(&problem),
        Err(Refused::Unknown | Refused::Key) => Expect::Unknown,
    }
}

/// Every attack of [`cases`], by name: one field of an entry changed; an entry dropped, swapped, doubled; the tail cut off;
/// history rewritten and chained anew, also with the checkpoints left out; tails and logs made up; the log rolled back;
/// receipts of other requests and tenants.
#[test]
fn every_attack_is_found_and_named() {
    let cases = cases();
    assert!(cases.len() > 100, "{}", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let found = found(case, 1 << 20);
            (found != case.expect).then(|| format!("{}: {found:?}, and not {:?}", case.name, case.expect))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn how_the_bytes_come_does_not_matter() {
    for case in cases() {
        for size in [1, 7, 1000] {
            assert_eq!(found(&case, size), case.expect, "{} in pieces of {size}", case.name);
        }
    }
}

/// A file with a bit flipped is broken, and where it is an entry's, that entry is named.
fn no_bit_can_be_flipped(pinned: &Pinned, whole: &[u8]) {
    assert!(read(pinned, whole, 1 << 20).is_ok());
    for at in 0..whole.len() * 8 {
        let mut bytes = whole.to_vec();
        bytes[at / 8] ^= 1 << (at % 8);
        let Err(Refused::Broken(problem)) = read(pinned, &bytes, 1 << 20) else {
            panic!("bit {at} of {}", String::from_utf8_lossy(whole));
        };
        let line = whole[..at / 8].split(|b| *b == b'\n').count() - 1;
        let lines: Vec<&[u8]> = whole.split(|b| *b == b'\n').collect();
        if let Some(rest) = lines[line].strip_prefix(b"{\"entry\":").filter(|_| lines.len() > 2) {
            let own: serde_json::Value =
                serde_json::from_slice(&[b"{\"entry\":", rest].concat()).expect("JSON");
            let named = problem.seq.expect("the entry is named");
            // A line feed that is flipped joins two.
            assert_eq!(named, own["entry"]["seq"].as_u64().expect("a number"), "bit {at}: {problem}");
        }
    }
}

#[test]
fn no_bit_of_an_export_can_be_flipped() {
    let log = Log::of("demo", 2);
    let pinned = pinned(&log.key().to_string(), None);
    no_bit_can_be_flipped(&pinned, log.export(7, 12).concat().as_bytes());
}

#[test]
fn no_bit_of_a_receipt_can_be_flipped() {
    let log = Log::of("demo", 2);
    let pinned = pinned(&log.key().to_string(), None);
    no_bit_can_be_flipped(&pinned, &log.receipt(1, 12).bytes());
}

#[test]
fn no_bit_of_a_checkpoint_can_be_flipped() {
    let log = Log::of("demo", 2);
    let pinned = pinned(&log.key().to_string(), None);
    no_bit_can_be_flipped(&pinned, log.note(12).as_bytes());
}

proptest! {
    /// Whatever is read, nothing crashes, and nothing is called whole that is not.
    #[test]
    fn anything_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..400), start in 0usize..4) {
        let log = Log::of("demo", 1);
        let pinned = pinned(&log.key().to_string(), None);
        let start = ["", "{\"audit\":\"lacuna/1\",", "{\"entry\":{\"checks\":\"", "lacuna.example/demo\n"][start];
        prop_assert!(read(&pinned, &[start.as_bytes(), &bytes].concat(), 64).is_err());
    }

    #[test]
    fn lines_in_any_order_are_found(from in 0usize..16, to in 0usize..16) {
        prop_assume!(from != to);
        let log = Log::of("demo", 2);
        let pinned = pinned(&log.key().to_string(), None);
        let mut lines = log.export(1, 12);
        let line = lines.remove(from % lines.len());
        let at = to % (lines.len() + 1);
        prop_assume!(lines.get(at) != Some(&line));
        lines.insert(at, line);
        prop_assume!(lines != log.export(1, 12));
        let found = read(&pinned, lines.concat().as_bytes(), 64);
        prop_assert!(found.is_err());
        // Lines that come together are hashed at once.
        prop_assert_eq!(found, read(&pinned, lines.concat().as_bytes(), 1 << 20));
    }
}
