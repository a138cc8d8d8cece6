//! `lacuna verify` of logs of any length: in constant memory, with how far it is on a terminal, and stopped when somebody
//! wants it to stop.
#![cfg(target_os = "linux")]

use std::io::Write;
use std::process::Command;

use audit::tree::leaf;
use audit::{GENESIS, VerifierKey, export};
use testkit::proofs::Log;

use super::folder::{Folder, ended, resident};
use super::machine::Machine;
use super::screen::Screen;

/// What may be resident, of any length.
const MOST_KIB: u64 = 64 * 1024;

/// A log that is chained and not signed, in as many bytes as are asked for, written as they are made. Its entries say the
/// same, each in its place.
fn write_log(out: &mut impl Write, least: u64) -> u64 {
    let log = Log::of("demo", 1);
    let first = log.entry(1).expect("an entry");
    let content = String::from_utf8(first.content_bytes()).expect("text");
    let start = content.split(",\"prev_hash\"").next().expect("its start");
    let header = log.export(1, 1).swap_remove(0);
    let (mut previous, mut seq, mut written) = (GENESIS.to_owned(), 0_u64, header.len() as u64);
    out.write_all(header.as_bytes()).expect("written");
    while written < least {
        seq += 1;
        let content = format!("{start},\"prev_hash\":\"{previous}\",\"seq\":{seq}}}");
        previous = hex::encode(leaf(content.as_bytes()));
        let line = format!("{{\"entry\":{content},\"hash\":\"{previous}\"}}\n");
        out.write_all(line.as_bytes()).expect("written");
        written += line.len() as u64;
    }
    out.write_all(export::end(seq, seq, &previous).as_bytes()).expect("written");
    seq
}

fn key() -> VerifierKey {
    Log::of("demo", 1).key()
}

#[test]
fn four_hundred_megabytes_are_verified_in_less_than_64_mib() {
    let folder = Folder::new("verify-memory");
    let mut child = folder.lacuna(None, &format!("verify - --key {}", key())).spawn().expect("a run");
    let mut input = std::io::BufWriter::with_capacity(1 << 20, child.stdin.take().expect("its input"));
    let entries = write_log(&mut input, 400_000_000);
    input.flush().expect("a pipe");
    // All but what a pipe holds was read, and it waits for more.
    let highest = resident(&child);
    drop(input);
    let ran = ended(child).text();
    // Nothing is wrong with it, and nobody signed it.
    assert!(ran.code == 2 && ran.out.contains(&format!("entries 1 to {entries}")), "{ran:?}");
    assert!(highest < MOST_KIB, "resident, in KiB: {highest}");
}

#[test]
fn a_terminal_shows_how_far_it_is() {
    let folder = Folder::new("verify-progress");
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.path("long.jsonl")).expect("a file"));
    write_log(&mut file, 70_000_000);
    file.flush().expect("written");
    folder.write("short.jsonl", Log::of("demo", 1).export(1, 6).concat().as_bytes());
    let run = |terminal, name: &str| {
        let machine = Machine { terminal, no_color: true, ..Machine::default() };
        machine.run(&format!("verify {} --key {}", folder.path(name).display(), key()))
    };
    let ran = run(true, "long.jsonl");
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("MB of 70.0 MB") && ran.err.contains(" entries"), "{}", ran.err);
    // At the end nothing of it is left.
    assert_eq!(Screen::after(&ran.err).trim(), "");
    assert_eq!(run(true, "short.jsonl").err, "");
    assert_eq!(run(false, "long.jsonl").err, "");
    std::fs::remove_file(folder.path("long.jsonl")).expect("removed");
}

#[test]
fn it_stops_when_it_is_told_to() {
    let folder = Folder::new("verify-stopped");
    let mut child = folder.lacuna(None, &format!("verify - --key {}", key())).spawn().expect("a run");
    let mut input = child.stdin.take().expect("its input");
    write_log(&mut input, 4_000_000);
    // More than a pipe holds was read: it listens.
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a signal");
    assert!(sent.success());
    let ran = ended(child).text();
    drop(input);
    assert_eq!((ran.code, ran.out.as_str()), (130, ""));
    assert!(ran.err.starts_with("Interrupted."), "{ran:?}");
}
