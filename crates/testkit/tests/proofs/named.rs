//! The attacks that a log is there to withstand, a test for each: that one is found is not hidden among a hundred others.

use audit::verify::Refused;
use testkit::proofs::{Case, Expect, Log, cases};

use crate::attacks::{found, pinned, read};

/// Every case of whose name `of` is true is found as it is to be found. There are so many of them.
fn check(count: usize, of: impl Fn(&str) -> bool) {
    let of: Vec<Case> = cases().into_iter().filter(|case| of(&case.name)).collect();
    let names: Vec<&str> = of.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(of.len(), count, "{names:?}");
    for case in &of {
        assert!(!matches!(case.expect, Expect::Intact | Expect::Unknown), "{}: no attack", case.name);
        assert_eq!(found(case, 1 << 20), case.expect, "{}", case.name);
    }
}

#[test]
fn one_byte_of_any_field_of_any_entry_is_changed() {
    let log = Log::of("demo", 2);
    let pinned = pinned(&log.key().to_string(), None);
    let lines = log.export(1, 12);
    let mut entry = 0;
    for (n, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("{\"entry\":")) {
        entry += 1;
        for at in 0..line.len() {
            let mut bytes = lines.concat().into_bytes();
            bytes[lines[..n].concat().len() + at] ^= 1;
            let Err(Refused::Broken(problem)) = read(&pinned, &bytes, 1 << 20) else {
                panic!("byte {at} of entry {entry}");
            };
            assert_eq!(problem.seq, Some(entry), "byte {at}: {problem}");
        }
    }
    assert_eq!(entry, 12);
}

#[test]
fn a_changed_field_of_an_entry_is_named() {
    // Eighteen fields of six entries.
    check(18 * 6, |name| name.contains(" of entry ") && name.ends_with(" is changed"));
}

#[test]
fn an_entry_is_dropped() {
    check(4, |name| name.ends_with("is dropped") || name.ends_with("are dropped"));
}

#[test]
fn two_entries_are_swapped() {
    check(1, |name| name == "two entries are swapped");
}

#[test]
fn an_entry_is_duplicated() {
    check(1, |name| name == "an entry is there twice");
}

#[test]
fn the_tail_is_truncated() {
    check(6, |name| name.ends_with("is cut off"));
}

#[test]
fn history_is_rewritten_with_a_recomputed_chain() {
    check(2, |name| {
        name == "history is rewritten and chained anew" || name.starts_with("the same, by somebody")
    });
}

#[test]
fn an_older_checkpoint_is_rolled_back_to() {
    check(2, |name| name.ends_with("is rolled back"));
}

#[test]
fn a_receipt_is_forged_for_another_tenant() {
    check(4, |name| name.starts_with("a receipt") && name.contains("another tenant"));
}

#[test]
fn a_receipt_is_forged_from_another_request() {
    check(1, |name| name.starts_with("a receipt") && name.contains("another request"));
}
