//! Evidence packs, attacked.

use audit::Checkpoint;
use audit::pack::{FORMAT, Figures, Flaw, Lack, MANIFEST, METRICS, PROOF, Pack, Unfit, VERIFIER, check};
use audit::verify::{Pinned, Standing};
use testkit::proofs::packs::{
    Files, attacks, contents, listed, log, made_at, pack, part, period, sealed, without_a_receipt,
};

fn checked(files: &Files, pinned: &Pinned) -> Result<Pack, Flaw> {
    check(&mut files.clone(), pinned, &[].into(), &|_| {})
}

fn figures(pack: &Pack) -> &Figures {
    pack.figures.as_ref().expect("known words")
}

fn pinned() -> Pinned {
    Pinned { key: log("demo").key(), since: None }
}

#[test]
fn a_whole_pack_says_what_it_proves() {
    let (files, log) = pack();
    let found = checked(&files, &pinned()).expect("whole");
    assert!(figures(&found).metrics.complete && found.own_verifier);
    let all = figures(&found).metrics.rows.last().expect("a row");
    assert_eq!((all.received, all.fulfilled, all.late, figures(&found).receipts.issued), (3, 3, 0, 3));
    let bound = found.bound.expect("it is on record");
    assert_eq!((bound.seq, bound.who.as_str()), (log.size(), "auditor:9f2c"));
}

#[test]
fn every_attack_on_a_pack_is_found_and_named() {
    for (name, files, expect) in attacks() {
        let found = checked(&files, &pinned()).expect_err(name).to_string();
        assert_eq!(found, expect, "{name}");
    }
}

/// By somebody who drops a receipt on purpose and says that it could not be issued. All hashes fit, and the log names the pack.
#[test]
fn a_pack_that_lacks_a_receipt_is_never_intact() {
    let found = checked(&without_a_receipt(), &pinned()).expect("nothing in it is wrong");
    assert_eq!((figures(&found).receipts.issued, figures(&found).receipts.all_missing()), (2, 1));
    assert!(figures(&found).metrics.complete && found.bound.is_some());
    assert_eq!(found.standing(None), Standing::ReceiptsMissing);
    assert_eq!(checked(&pack().0, &pinned()).expect("whole").standing(None), Standing::Intact);
}

/// By somebody who cannot have it put on record.
#[test]
fn a_file_that_is_changed_or_taken_away_is_named() {
    let (whole, _) = pack();
    for name in whole.0.keys() {
        let mut files = whole.clone();
        let bytes = files.0.get_mut(name).expect("a file");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let flaw = checked(&files, &pinned()).expect_err(name);
        // What a manifest lists wrongly is found where it is not so.
        assert!(flaw.file == *name || name == MANIFEST, "{name}: {flaw}");
        files.0.remove(name);
        match checked(&files, &pinned()) {
            Ok(found) => assert!(name == PROOF && found.bound.is_none(), "{name}"),
            Err(flaw) => assert_eq!((flaw.file.as_str(), flaw.what), (name.as_str(), Unfit::Missing)),
        }
    }
}

/// Whoever makes a pack chooses from which entry on the log is in it.
#[test]
fn a_log_that_begins_later_shows() {
    let mut log = log("demo");
    log.note_pack(&"0a".repeat(32).parse().expect("a pack"), period(), made_at());
    let mut files = part(&log, 7, log.size());
    sealed(&mut files, &mut log);
    let found = checked(&files, &pinned()).expect("whole");
    assert_eq!(figures(&found).metrics.log.lacks(period()), [Lack::Beginning]);
    assert_eq!(found.standing(None), Standing::Unfinished);
}

/// Its entries were never chained, and nobody needs to have done that on purpose.
#[test]
fn an_event_that_was_never_chained_shows() {
    let mut log = log("demo");
    for seq in 9..=12 {
        log.rewrite(seq, |event| event.n += 1);
    }
    log.note_pack(&"0a".repeat(32).parse().expect("a pack"), period(), made_at());
    let mut files = contents(&log, log.size());
    sealed(&mut files, &mut log);
    let found = checked(&files, &pinned()).expect("whole");
    assert_eq!(
        (figures(&found).metrics.log.missing, figures(&found).metrics.log.lacks(period())),
        (1, vec![Lack::Events])
    );
}

/// Whoever makes a pack may leave off the end of the log, and the pack says that it is unfinished.
#[test]
fn a_log_that_was_left_short_shows() {
    let mut log = log("demo");
    let mut files = contents(&log, 18);
    sealed(&mut files, &mut log);
    let found = checked(&files, &pinned()).expect("whole");
    assert!(!figures(&found).metrics.complete);
    assert_eq!(found.standing(None), Standing::Unfinished);
    assert_eq!(figures(&found).metrics.as_of.to_string(), "2026-11-07T00:00:00Z");
}

#[test]
fn another_versions_page_is_not_checked_and_said_to_be() {
    let (mut files, mut log) = pack();
    files.0.insert(VERIFIER.to_owned(), b"<title>another</title>".to_vec());
    sealed(&mut files, &mut log);
    assert!(!checked(&files, &pinned()).expect("whole").own_verifier);
}

/// What one version writes of the same figures, the next may write otherwise.
#[test]
fn another_versions_pack_is_not_called_broken_unless_one_word_of_it_was_changed() {
    let (mut files, mut log) = pack();
    let other = |files: &mut Files, name: &str| {
        let text = String::from_utf8(files.0[name].clone()).expect("text");
        assert!(text.contains(FORMAT), "{name} names its format");
        files.0.insert(name.to_owned(), text.replace(FORMAT, "lacuna/1").into_bytes());
    };
    other(&mut files, METRICS);
    let mut figures = files.clone();
    sealed(&mut figures, &mut log);
    assert_eq!(checked(&figures, &pinned()).expect_err("altered").what, Unfit::NotTheFigures);
    let mut manifest = pack().0;
    other(&mut manifest, MANIFEST);
    assert_eq!(checked(&manifest, &pinned()).expect_err("altered").what, Unfit::Unreadable);
    files.0.insert("index.html".to_owned(), b"<title>as it was then</title>".to_vec());
    sealed(&mut files, &mut log);
    other(&mut files, MANIFEST);
    assert_eq!(checked(&files, &pinned()).expect_err("another's").what, Unfit::AnotherVersion(1));
}

#[test]
fn a_manifest_of_another_tenant_is_foreign() {
    let (mut files, _) = pack();
    listed(&mut files, "other", made_at());
    let flaw = checked(&files, &pinned()).expect_err("foreign");
    assert_eq!((flaw.file.as_str(), flaw.what), (MANIFEST, Unfit::Foreign));
}

#[test]
fn a_checkpoint_that_was_kept_shows_another_history_and_a_pack_that_is_older_is_not_shown() {
    let (files, log) = pack();
    let since = |note: String| {
        let key = log.key();
        let since = Checkpoint::open(&note, &key).expect("a checkpoint");
        checked(&files, &Pinned { key, since: Some(since) })
    };
    for size in [6, 18, log.size() - 1] {
        assert_eq!(since(log.note(size)).expect("whole").fresh, Some(true), "{size}");
    }
    // The log of its proof goes further than the pack's own, and the proof leads from the one to the other.
    assert_eq!(since(log.note(log.size())).expect("whole").fresh, Some(true));
    let mut forked = self::log("demo");
    forked.rewrite(9, |event| event.who.push('x'));
    for id in ["0a", "0b"] {
        forked.note_pack(&id.repeat(32).parse().expect("a pack"), period(), made_at());
    }
    assert!(since(forked.note(log.size())).is_err(), "the same size, another root");
    let mut other = self::log("demo");
    other.rewrite(9, |event| event.who.push('x'));
    assert!(since(other.note(12)).is_err());
    let mut later = pack().1;
    later.note_pack(&"0c".repeat(32).parse().expect("a pack"), period(), made_at());
    let older = since(later.note(later.size())).expect("a pack of last year is no rollback");
    assert_eq!(older.fresh, Some(false));
}
