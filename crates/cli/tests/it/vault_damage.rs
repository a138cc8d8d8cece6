//! `lacuna vault decrypt` of what is not as it was sealed: each kind of damage has its own words, and no
//! half of a file stays behind.

use super::folder::{Folder, plaintext};
use super::golden::check;

/// The header, and a frame with its mark and tag.
const HEADER: usize = 96;
const FRAME: usize = 65_536 + 32;

/// A file of three frames, sealed as `a`, and its plaintext.
fn sealed(name: &str) -> (Folder, Vec<u8>, Vec<u8>) {
    let folder = Folder::with_key(name);
    let plain = plaintext(150_000);
    let ran = folder.run(None, "vault encrypt --context a --key-file key", &plain);
    assert_eq!(ran.code, 0, "{}", ran.err);
    (folder, plain, ran.out)
}

/// What is said of these bytes, with a file and without.
fn damaged(name: &str, folder: &Folder, plain: &[u8], bytes: &[u8]) {
    folder.write("dump.sealed", bytes);
    let before = folder.names();
    let ran = folder.run(None, "vault decrypt dump.sealed -o dump.sql --context a --key-file key", b"");
    assert_eq!(folder.names(), before, "{name} leaves something behind");
    check(&format!("vault-damage-{name}"), &ran.text());
    let ran = folder.run(None, "vault decrypt --context a --key-file key", bytes);
    assert_eq!(ran.code, 1, "{name}");
    assert!(plain.starts_with(&ran.out) && ran.out.len() < plain.len(), "{name} is opened");
    let said = match ran.out.len() {
        0 => "Nothing was written.".to_owned(),
        n => format!("standard output so far ({n} bytes) is authentic but incomplete"),
    };
    // Lines are broken somewhere.
    let words = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&said), "{name}: {words}");
}

#[test]
fn each_kind_of_damage_has_its_own_words() {
    let (folder, plain, whole) = sealed("damage");
    let other = folder.run(None, "vault encrypt --context a --key-file key", &plain).out;
    let damaged = |name: &str, bytes: &[u8]| damaged(name, &folder, &plain, bytes);
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let frame = |n: usize| HEADER + n * FRAME..(HEADER + (n + 1) * FRAME).min(whole.len());
    let joined = |parts: &[&[u8]]| parts.concat();
    let header = &whole[..HEADER];

    damaged("empty", b"");
    damaged("short", &whole[..3]);
    damaged("cut-header", &whole[..40]);
    damaged("cut-frame", &whole[..HEADER + FRAME + 1_000]);
    damaged("cut-between", &whole[..HEADER + 2 * FRAME]);
    damaged("text", b"-- MySQL dump 10.13\n");
    damaged("magic", &with(3, b'W'));
    damaged("version", &with(4, 2));
    damaged("header-bit", &with(30, whole[30] ^ 1));
    damaged("bit", &with(HEADER + FRAME + 5_000, whole[HEADER + FRAME + 5_000] ^ 1));
    damaged("last-bit", &with(whole.len() - 1, whole[whole.len() - 1] ^ 1));
    damaged("order", &joined(&[header, &whole[frame(1)], &whole[frame(0)], &whole[frame(2)]]));
    damaged("doubled", &joined(&[header, &whole[frame(0)], &whole[frame(0)], &whole[frame(1)]]));
    damaged("spliced", &joined(&[header, &whole[frame(0)], &other[frame(1)], &whole[frame(2)]]));
    damaged("trailing", &joined(&[&whole, b"\n"]));
    damaged("joined", &joined(&[&whole, &other]));
}

#[test]
fn what_it_was_not_sealed_with_does_not_open_it() {
    let (folder, _, whole) = sealed("wrong");
    folder.write("dump.sealed", &whole);
    folder.write("other", &plaintext(32));
    folder.allow("other", 0o600);
    let run = |name: &str, code: u8, line: &str| {
        let ran = folder.run(None, &format!("vault decrypt {line} -o dump.sql"), b"").text();
        assert_eq!(ran.code, code, "{name}: {}", ran.err);
        check(name, &ran);
    };
    run("vault-wrong-context", 1, "dump.sealed --context b --key-file key");
    run("vault-wrong-key", 1, "dump.sealed --context a --key-file other");
    run("vault-no-key-file", 2, "dump.sealed --context a");
    run("vault-not-sealed", 1, "other --context a");
    folder.write("own", &[b"LCNF\x01\x00\x02ab", whole.as_slice()].concat());
    run("vault-own-key", 2, "own --context a --key-file key");
    folder.write("own", b"LCNF\x02\x00\x02ab");
    run("vault-own-version", 1, "own --context a");
    folder.write("own", b"LCNF\x01\xff\xffab");
    run("vault-own-cut", 1, "own --context a");
    assert_eq!(folder.names(), ["dump.sealed", "key", "other", "own"]);
}

/// `--force` replaces a file only by what is whole.
#[test]
fn a_failure_leaves_what_was_there() {
    let (folder, _, mut bytes) = sealed("kept");
    bytes.pop();
    folder.write("dump.sealed", &bytes);
    folder.write("dump.sql", b"of yesterday");
    let ran =
        folder.run(None, "vault decrypt dump.sealed -o dump.sql --force --context a --key-file key", b"");
    assert_eq!((ran.code, folder.read("dump.sql").as_slice()), (1, &b"of yesterday"[..]));
    assert_eq!(folder.names(), ["dump.sealed", "dump.sql", "key"]);
}
