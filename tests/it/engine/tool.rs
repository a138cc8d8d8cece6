//! The tool, as an operator runs it.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::{As, run_function};

/// How long the tool may take.
const LONGEST: Duration = Duration::from_mins(10);

/// What the tool said, and how it ended.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
}

/// A tool that runs. What is dropped, as by a journey that fails, is stopped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the tool with somebody's token, or without one.
pub fn lacuna(who: As, arguments: &[&str]) -> Ran {
    let done = command(who, arguments).output().expect("`lacuna` is on the path");
    Ran { code: done.status.code(), out: String::from_utf8(done.stdout).expect("text") }
}

/// The same, while a function does at once and again what it does by the clock: the tool waits for it.
pub async fn lacuna_while(function: &str, who: As, arguments: &[&str]) -> Ran {
    let child = command(who, arguments).stdout(Stdio::piped()).spawn().expect("`lacuna` is on the path");
    let mut running = Running(child);
    let mut output = running.0.stdout.take().expect("its output");
    // Read while it runs: what fills the pipe would wait for ever.
    let reading = std::thread::spawn(move || {
        let mut out = String::new();
        output.read_to_string(&mut out).map(|_| out)
    });
    let deadline = Instant::now() + LONGEST;
    let code = loop {
        if let Some(status) = running.0.try_wait().expect("how it is") {
            break status.code();
        }
        assert!(Instant::now() < deadline, "{arguments:?}: not done after {LONGEST:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
        run_function(function);
    };
    Ran { code, out: reading.join().expect("it ends").expect("text") }
}

fn command(who: As, arguments: &[&str]) -> Command {
    let mut command = Command::new("lacuna");
    command.args(arguments).env_remove("LACUNA_TOKEN").envs(who.token().map(|token| ("LACUNA_TOKEN", token)));
    command
}

/// What the tool finds of files, as a program reads it, and its exit code. It asks nobody, so nobody asks it who they are.
pub fn verified(arguments: &[&str]) -> (Option<i32>, Value) {
    let Ran { code, out } = lacuna(As::Nobody, &[&["verify", "--json"], arguments].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code:?}: {out}")))
}

/// An empty folder.
pub fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The same bytes with one bit of this one changed.
pub fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}
