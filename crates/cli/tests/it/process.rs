//! The program as a process: environment, signals, pipes.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::server::{Server, json};
use super::views::{ID, body, fulfilled, suppressed};

fn lacuna(server: Option<&Server>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lacuna"));
    command.env_remove("LACUNA_URL").env_remove("LACUNA_TOKEN");
    if let Some(server) = server {
        command.env("LACUNA_URL", server.url()).env("LACUNA_TOKEN", "t");
    }
    command
}

#[test]
fn the_environment_is_read() {
    let server = Server::start([json(200, &body(&fulfilled()))]);
    let ran = lacuna(Some(&server)).args(["request", "status", ID]).output().expect("a run");
    assert_eq!(ran.status.code(), Some(0));
    let out = String::from_utf8(ran.stdout).expect("text");
    assert!(out.contains("residue") && !out.contains('\x1b'), "{out}");
    let ran = lacuna(None).args(["request", "status", ID]).output().expect("a run");
    assert_eq!(ran.status.code(), Some(2));
    let err = String::from_utf8(ran.stderr).expect("text");
    assert!(err.contains(". target/local/env.sh"), "{err}");
}

#[test]
fn an_interrupted_watch_says_that_the_request_goes_on() {
    let server = Server::start([json(200, &body(&suppressed()))]);
    let mut command = lacuna(Some(&server));
    command.args(["request", "watch", ID]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a run");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let first = lines.next().expect("a line").expect("text");
    assert!(first.contains("suppressed"), "{first}");
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().expect("a signal");
    assert!(sent.success());
    let ran = child.wait_with_output().expect("its end");
    assert_eq!(ran.status.code(), Some(130));
    let err = String::from_utf8(ran.stderr).expect("text");
    assert!(err.contains("The request goes on by itself"), "{err}");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let server = Server::start([json(200, &body(&suppressed())), json(200, &body(&fulfilled()))]);
    let mut command = lacuna(Some(&server));
    command.args(["request", "watch", ID]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a run");
    drop(child.stdout.take());
    let ran = child.wait_with_output().expect("its end");
    assert_eq!(ran.status.code(), Some(1));
    assert_eq!(String::from_utf8(ran.stderr).expect("text"), "");
}
