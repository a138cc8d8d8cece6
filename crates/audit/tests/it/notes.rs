//! Notes and checkpoints against the published examples, and against another implementation.

use audit::{Checkpoint, NoteError, VerifierKey, origin, tenant_of};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use signed_note::{Note, StandardVerifier, VerifierList};

/// The example of the Go package golang.org/x/mod/sumdb/note, and its key.
const PUBLISHED_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PUBLISHED: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn pair() -> (Ed25519KeyPair, VerifierKey) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
    let public = pair.public_key().as_ref().try_into().expect("32 bytes");
    let key = VerifierKey::new("lacuna.example/demo", public).expect("a name");
    (pair, key)
}

fn signed(text: &str) -> (String, VerifierKey) {
    let (pair, key) = pair();
    let signature = pair.sign(text.as_bytes()).as_ref().try_into().expect("64 bytes");
    (key.note(text, &signature), key)
}

#[test]
fn the_published_note_opens_with_the_published_key() {
    let key = VerifierKey::parse(PUBLISHED_KEY).expect("a key");
    assert_eq!(key.to_string(), PUBLISHED_KEY);
    let text = key.open(PUBLISHED).expect("signed");
    assert!(text.starts_with("If you think") && text.ends_with("problem is.\n"));
}

#[test]
fn no_bit_of_a_note_can_be_changed() {
    let key = VerifierKey::parse(PUBLISHED_KEY).expect("a key");
    for at in 0..PUBLISHED.len() * 8 {
        let mut bytes = PUBLISHED.as_bytes().to_vec();
        bytes[at / 8] ^= 1 << (at % 8);
        if let Ok(text) = std::str::from_utf8(&bytes) {
            assert!(key.open(text).is_err(), "bit {at}");
        }
    }
}

#[test]
fn a_signature_of_somebody_else_beside_it_does_not_matter() {
    let (note, key) = signed("one\n");
    let other = PUBLISHED.rsplit_once("\n\n").expect("a note").1;
    assert_eq!(key.open(&format!("{note}{other}")), Ok("one\n"));
    let peter = VerifierKey::parse(PUBLISHED_KEY).expect("a key");
    assert_eq!(peter.open(&note), Err(NoteError::Unsigned));
    assert_eq!(peter.open(&format!("{note}{other}")), Err(NoteError::Forged), "it signed another text");
    assert_eq!(key.open(&note.replace("\u{2014}", "-")), Err(NoteError::Malformed));
    assert_eq!(key.open(&note.replace('\n', "\r\n")), Err(NoteError::Malformed));
    assert_eq!(key.open(&"x".repeat(1 << 20)), Err(NoteError::Malformed));
}

/// Whether another implementation, which knows the key as it is given out, takes a note for signed by it; and the text.
fn opened_by_others(note: &str, key: &str) -> Option<Vec<u8>> {
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(key).ok()?)]);
    let note = Note::from_bytes(note.as_bytes()).ok()?;
    let (own, _) = note.verify(&known).ok()?;
    (own.len() == 1).then(|| note.text().to_vec())
}

/// What standard tools of transparency logs do with a checkpoint of ours: they read the key, open the note, and read what
/// it is about.
#[test]
fn a_checkpoint_of_ours_is_read_by_another_implementation() {
    let tenant = "demo".parse().expect("a tenant");
    for (size, root) in [(1, [0; 32]), (20_852_163, [9; 32]), (u64::MAX >> 1, [255; 32])] {
        let own = Checkpoint { origin: origin("lacuna.example", &tenant), size, root };
        let (note, key) = signed(&own.text());
        let text = opened_by_others(&note, &key.to_string()).expect("they open it");
        assert_eq!(text, own.text().as_bytes());
        let read = tlog_tiles::Checkpoint::from_bytes(&text).expect("they read it");
        assert_eq!((read.origin(), read.size(), read.hash().0), (own.origin.as_str(), size, root));
        assert_eq!(read.extension(), "");
        let altered = note.replacen(&format!("\n{size}\n"), "\n3\n", 1);
        assert_ne!(altered, note);
        assert_eq!(opened_by_others(&altered, &key.to_string()), None, "they know what it says");
        assert_eq!(opened_by_others(&note, PUBLISHED_KEY), None, "and by whom");
    }
}

#[test]
fn keys_are_read_strictly() {
    for wrong in [
        "",
        "PeterNeumann",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc",
    ] {
        assert_eq!(VerifierKey::parse(wrong), Err(NoteError::Key), "{wrong}");
    }
    for slip in [
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert_eq!(VerifierKey::parse(slip), Err(NoteError::KeyId), "{slip}");
    }
}

#[test]
fn a_checkpoint_is_one_of_the_logs_own_name() {
    let tenant = "demo".parse().expect("a tenant");
    let own = Checkpoint { origin: origin("lacuna.example", &tenant), size: 3, root: [9; 32] };
    let (note, key) = signed(&own.text());
    assert_eq!(Checkpoint::open(&note, &key), Ok(own.clone()));
    assert_eq!(Checkpoint::unchecked(&note), Ok(own.clone()));
    assert_eq!(tenant_of(&own.origin), Some(tenant));
    let (note, _) = signed(&Checkpoint { origin: "lacuna.example/other".into(), ..own }.text());
    assert_eq!(Checkpoint::open(&note, &key), Err(NoteError::Forged));
}

#[test]
fn a_checkpoint_is_written_in_one_way() {
    let root = "CSUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let fine = format!("example.com/behind-the-sofa\n20852163\n{root}\n");
    assert_eq!(Checkpoint::parse(&fine).map(|c| c.size), Ok(20_852_163));
    for wrong in [
        fine.replace("20852163", "020852163"),
        fine.replace("20852163", "-1"),
        fine.replace("20852163", ""),
        fine.replace("q2I=", "q2J="),
        fine.replace("q2I=", "q2I"),
        format!("{fine}extension\n"),
        fine.replacen("example.com/behind-the-sofa", "", 1),
        fine.trim_end().to_owned(),
    ] {
        assert_eq!(Checkpoint::parse(&wrong), Err(NoteError::Malformed), "{wrong}");
    }
}
