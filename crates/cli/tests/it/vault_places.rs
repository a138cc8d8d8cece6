//! `lacuna vault encrypt|decrypt`: where files come from and go to, and key files.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::folder::{Folder, ended, plaintext};
use super::golden::check;
use super::machine::Machine;
use super::screen::Screen;

const SEAL: &str = "vault encrypt dump.sql -o dump.sealed --context a --key-file key";

fn folder(name: &str) -> Folder {
    let folder = Folder::with_key(name);
    folder.write("dump.sql", b"plain");
    folder
}

#[test]
fn what_is_there_is_not_overwritten_unasked() {
    let folder = folder("there");
    folder.write("dump.sealed", b"precious");
    check("vault-there", &folder.run(None, SEAL, b"").text());
    assert_eq!(folder.read("dump.sealed"), b"precious");
    let ran = folder.run(None, &format!("{SEAL} --force"), b"");
    assert_eq!((ran.code, folder.mode("dump.sealed")), (0, 0o600));
    assert!(folder.read("dump.sealed").starts_with(b"LCNV"));
    // A link that leads nowhere is there too.
    symlink("nowhere", folder.path("link")).expect("a link");
    assert_eq!(folder.run(None, "vault encrypt dump.sql -o link --context a --key-file key", b"").code, 2);
}

#[test]
fn only_files_are_replaced() {
    let folder = folder("replaced");
    std::fs::create_dir(folder.path("folder")).expect("a folder");
    let line = "vault encrypt dump.sql --context a --key-file key --force";
    check("vault-no-file", &folder.run(None, &format!("{line} -o folder"), b"").text());
    assert_eq!(folder.run(None, &format!("{line} -o /dev/null"), b"").code, 2);
    folder.write("target", b"old");
    symlink("target", folder.path("link")).expect("a link");
    assert_eq!(folder.run(None, &format!("{line} -o link"), b"").code, 0);
    assert!(folder.path("link").is_symlink() && folder.read("target").starts_with(b"LCNV"));
    // Sealed in its own place.
    assert_eq!(folder.run(None, &format!("{line} -o dump.sql"), b"").code, 0);
    assert!(folder.read("dump.sql").starts_with(b"LCNV"));
    assert_eq!(folder.names(), ["dump.sql", "folder", "key", "link", "target"]);
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let folder = folder("named");
    let run = |line: &str| folder.run(None, &format!("{line} --context a --key-file key"), b"").text();
    check("vault-missing", &run("vault encrypt none -o dump.sealed"));
    check("vault-folder", &run("vault encrypt . -o dump.sealed"));
    check("vault-nowhere", &run("vault encrypt dump.sql -o none/dump.sealed"));
    assert_eq!(folder.names(), ["dump.sql", "key"]);
}

#[test]
fn a_full_disk_is_no_success() {
    let folder = folder("full");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let mut command = folder.lacuna(None, "vault encrypt dump.sql --context a --key-file key");
    let ran = ended(command.stdout(full).spawn().expect("a run"));
    check("vault-full", &ran.text());
}

#[test]
fn a_key_file_is_for_its_owner_alone() {
    let folder = folder("lax");
    for mode in [0o604, 0o640, 0o620, 0o601] {
        folder.allow("key", mode);
        let ran = folder.run(None, SEAL, b"");
        assert_eq!(ran.code, 2, "{mode:o}");
    }
    folder.allow("key", 0o644);
    check("vault-key-lax", &folder.run(None, SEAL, b"").text());
    folder.allow("key", 0o400);
    assert_eq!(folder.run(None, SEAL, b"").code, 0);
    assert_eq!(folder.names(), ["dump.sealed", "dump.sql", "key"]);
}

#[test]
fn a_key_file_holds_a_key() {
    let folder = folder("no-key");
    folder.write("key", b"correct horse battery staple, no");
    let ran = folder.run(None, SEAL, b"").text();
    assert!(!ran.err.contains("horse"), "{}", ran.err);
    check("vault-no-key", &ran);
    folder.write("key", &plaintext(32));
    assert_eq!(folder.run(None, SEAL, b"").code, 0);
}

#[test]
fn an_interruption_leaves_nothing_behind() {
    for (signal, line) in
        [("-INT", "-o dump.sealed"), ("-TERM", "-o dump.sealed"), ("-HUP", "-o dump.sealed"), ("-INT", "")]
    {
        if signal == "-HUP" && hangup_is_ignored() {
            // Whoever runs the tests does not want to be disturbed, and a run inherits that.
            continue;
        }
        let folder = folder("interrupted");
        let mut child = folder
            .lacuna(None, &format!("vault encrypt --context a --key-file key {line}"))
            .spawn()
            .expect("a run");
        let mut input = child.stdin.take().expect("its input");
        // More than a pipe holds, and no more than it and one piece: it is written though nobody reads.
        input.write_all(&plaintext(100_000)).expect("a pipe");
        let mut first = [0; 96];
        if line.is_empty() {
            child.stdout.as_mut().expect("its output").read_exact(&mut first).expect("a header");
        } else {
            let partial = || folder.names().iter().any(|name| name.ends_with(".partial"));
            let looks = (0..2_000).take_while(|_| !partial());
            looks.for_each(|_| std::thread::sleep(Duration::from_millis(5)));
        }
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("a signal");
        assert!(sent.success());
        // Its input is still open, and its output not read any further.
        let ran = ended(child);
        drop(input);
        assert_eq!(ran.code, 130, "{signal} {line}: {}", ran.err);
        assert!(ran.err.starts_with("Interrupted. "), "{}", ran.err);
        assert_eq!(folder.names(), ["dump.sql", "key"], "{signal} {line}");
    }
}

/// As under `nohup`.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 == 1)
}

#[test]
fn a_reader_that_goes_away_is_told_nothing() {
    let folder = folder("away");
    folder.write("dump.sql", &plaintext(1_000_000));
    let mut child =
        folder.lacuna(None, "vault encrypt dump.sql --context a --key-file key").spawn().expect("a run");
    drop(child.stdout.take());
    let ran = ended(child);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
}

/// Reads as slowly as a tape.
struct Slow(std::io::Cursor<Vec<u8>>);

impl Read for Slow {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        std::thread::sleep(Duration::from_millis(25));
        self.0.read(to)
    }
}

fn slow(length: usize) -> impl BufRead + Send {
    BufReader::with_capacity(50_000, Slow(std::io::Cursor::new(plaintext(length))))
}

#[test]
fn somebody_who_waits_sees_how_far_it_is() {
    let folder = folder("progress");
    let line = |out: &str| {
        let (key, out) = (folder.path("key"), folder.path(out));
        let words = ["lacuna", "vault", "encrypt", "--context", "a", "--key-file"].map(Into::into);
        words.into_iter().chain([key.into(), "-o".into(), out.into()])
    };
    let mut machine = Machine { terminal: true, no_color: true, ..Machine::default() };
    let ran = machine.run_piped(line("shown"), slow(200_000));
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("\r\x1b[K65.5 kB"), "{:?}", ran.err);
    // What is left of it is the line that asks for input.
    let seen = Screen::after(&ran.err);
    assert_eq!(seen, "What to read, then Ctrl-D on a line of its own:\n\n");
    machine.terminal = false;
    assert_eq!(machine.run_piped(line("silent"), slow(200_000)).err, "");
}

#[test]
fn one_run_feeds_another() {
    let folder = folder("pipe");
    let plain = plaintext(3_000_000);
    folder.write("dump.sql", &plain);
    let mut first =
        folder.lacuna(None, "vault encrypt dump.sql --context a --key-file key").spawn().expect("a run");
    let second = {
        let mut command = folder.lacuna(None, "vault decrypt --context a --key-file key");
        command.stdin(Stdio::from(first.stdout.take().expect("its output")));
        command.spawn().expect("a run")
    };
    let ran = ended(second);
    assert!(ran.code == 0 && ran.out == plain, "{}", ran.err);
    assert_eq!(ended(first).code, 0);
}
