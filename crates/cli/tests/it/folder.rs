//! A folder of its own for a test, in which the program runs: what it prints names no path of the machine.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::machine::Piped;
use super::server::Server;

/// 64 hex digits.
pub const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The folder. It is emptied before a test, and left after it to be looked at.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one.
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// One with a key file, `key`.
    pub fn with_key(name: &str) -> Self {
        let folder = Self::new(name);
        folder.write("key", KEY.as_bytes());
        folder.allow("key", 0o600);
        folder
    }

    /// Where something in it is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("a file");
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file")
    }

    /// Sets a file's mode.
    pub fn allow(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), mode).expect("a mode");
    }

    /// A file's mode.
    pub fn mode(&self, name: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(self.path(name)).expect("a file").permissions().mode() & 0o7777
    }

    /// All that is in it.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        names
    }

    /// The program in it, with pipes.
    pub fn lacuna(&self, server: Option<&Server>, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lacuna"));
        command.current_dir(&self.0).args(line.split_whitespace());
        command.env_remove("LACUNA_URL").env_remove("LACUNA_TOKEN").env_remove("LACUNA_AUDIT_KEY");
        if let Some(server) = server {
            command.env("LACUNA_URL", server.url()).env("LACUNA_TOKEN", "t");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it with this on standard input.
    pub fn run(&self, server: Option<&Server>, line: &str, stdin: &[u8]) -> Piped {
        let mut child = self.lacuna(server, line).spawn().expect("a run");
        let (mut pipe, stdin) = (child.stdin.take().expect("its input"), stdin.to_vec());
        // It may end without having read all of it.
        let writing = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
        let ran = ended(child);
        writing.join().expect("the input");
        ran
    }
}

/// The highest resident set of a process so far, in KiB, as the kernel counts it.
#[cfg(target_os = "linux")]
pub fn resident(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its highest");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Waits for its end.
pub fn ended(child: Child) -> Piped {
    let ran = child.wait_with_output().expect("its end");
    let code = ran.status.code().and_then(|code| u8::try_from(code).ok()).expect("a code");
    Piped { code, out: ran.stdout, err: String::from_utf8(ran.stderr).expect("text") }
}

/// Bytes that do not repeat in any short period.
pub fn plaintext(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next(&mut state)).collect()
}
