//! Files of any length in constant memory. The kernel counts: the highest resident set of each process,
//! read while it still waits for more.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::thread;

use super::folder::{Folder, ended, plaintext, resident};

/// What may be resident, of any length: far less than is piped through.
const MOST_KIB: u64 = 64 * 1024;
const PIECE: usize = 1 << 20;
/// Five gigabytes: half a minute on two cores that are free.
const PIECES: usize = 5 << 10;

#[test]
fn five_gigabytes_pass_through_in_less_than_64_mib() {
    let folder = Folder::with_key("memory");
    let mut sealing = folder.lacuna(None, "vault encrypt --context a --key-file key").spawn().expect("a run");
    let mut opening = {
        // The command holds the pipe too, until it is dropped.
        let mut command = folder.lacuna(None, "vault decrypt --context a --key-file key");
        command.stdin(Stdio::from(sealing.stdout.take().expect("its output")));
        command.spawn().expect("a run")
    };
    let (mut input, mut output) =
        (sealing.stdin.take().expect("its input"), opening.stdout.take().expect("its output"));
    let piece = plaintext(PIECE);
    let expected = piece.clone();
    let reading = thread::spawn(move || {
        let mut got = vec![0; PIECE];
        for _ in 0..PIECES {
            output.read_exact(&mut got).expect("a piece");
            assert!(got == expected, "it was not opened as it was sealed");
        }
        output.read(&mut got).expect("the end")
    });
    for _ in 0..PIECES {
        input.write_all(&piece).expect("a pipe");
    }
    // All but what a pipe holds went through both, and both wait for more.
    let highest = [resident(&sealing), resident(&opening)];
    drop(input);
    assert_eq!(reading.join().expect("what was opened"), 0, "something follows the end");
    assert_eq!((ended(sealing).code, ended(opening).code), (0, 0));
    assert!(highest.iter().all(|kib| *kib < MOST_KIB), "resident, in KiB: {highest:?}");
}
