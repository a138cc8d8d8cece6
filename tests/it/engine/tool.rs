//! The tool, as an operator runs it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::client::{As, run_function};

/// What the tool said, and how it ended.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
}

/// Runs the tool with somebody's token, or without one.
pub fn lacuna(who: As, arguments: &[&str]) -> Ran {
    let mut command = Command::new("lacuna");
    command.args(arguments).env_remove("LACUNA_TOKEN").envs(who.token().map(|token| ("LACUNA_TOKEN", token)));
    let done = command.output().expect("`lacuna` is on the path");
    Ran { code: done.status.code(), out: String::from_utf8(done.stdout).expect("text") }
}

/// The same, while a function does at once and again what it does by the clock: the tool waits for it.
pub async fn lacuna_while(function: &str, who: As, arguments: &[&str]) -> Ran {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let running = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        lacuna(who, &arguments)
    });
    while !running.is_finished() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        run_function(function);
    }
    running.await.expect("it ends")
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
