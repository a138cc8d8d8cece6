//! `lacuna vault encrypt|decrypt`: what is sealed opens again, and what the API is asked for.

use std::ffi::OsString;
use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::folder::{Folder, plaintext};
use super::golden::{check, compare};
use super::machine::Machine;
use super::server::{Reply, Server, json, text};

/// What a server answers that sealed a file's key.
fn sealed() -> Reply {
    let key = json!({"purpose": "fields", "version": 3});
    json(200, &json!({"sealed": STANDARD.encode(b"a sealed key"), "key": key}))
}

fn body(server: &Server) -> Value {
    serde_json::from_str(&server.sent()[0].body).expect("a body")
}

/// The answer to the opening of the key that this server was asked to seal.
fn opened(server: &Server) -> Reply {
    json(200, &json!({"plaintext": body(server)["plaintext"]}))
}

#[test]
fn with_a_key_file_no_api_is_needed() {
    let folder = Folder::with_key("offline");
    for length in [0, 1, 65_535, 65_536, 65_537, 300_000] {
        let plain = plaintext(length);
        folder.write("dump.sql", &plain);
        let ran =
            folder.run(None, "vault encrypt dump.sql -o dump.sealed --context a --key-file key --force", b"");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let sealed = folder.read("dump.sealed");
        let frames = length / 65_536 + usize::from(length % 65_536 > 0 || length == 0);
        assert_eq!(sealed.len(), 96 + length + 32 * frames, "of {length}");
        assert!(sealed.starts_with(b"LCNV\x01"));
        let ran =
            folder.run(None, "vault decrypt dump.sealed -o again --context a --key-file key --force", b"");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert!(folder.read("again") == plain, "of {length}");
        assert_eq!((folder.mode("dump.sealed"), folder.mode("again")), (0o600, 0o600));
    }
    assert_eq!(folder.names(), ["again", "dump.sealed", "dump.sql", "key"]);
}

#[test]
fn without_one_the_file_carries_its_own_sealed_by_the_api() {
    let folder = Folder::new("own-key");
    let plain = plaintext(100_000);
    let sealing = Server::start([sealed()]);
    let ran = folder.run(Some(&sealing), "vault encrypt --context backup/2026-11", &plain);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(sealing.lines(), ["POST /live/v1/vault/encrypt"]);
    let asked = body(&sealing);
    assert_eq!(asked["context"], "file/backup/2026-11");
    let key = STANDARD.decode(asked["plaintext"].as_str().expect("a key")).expect("base64");
    assert_eq!(key.len(), 32);
    assert!(ran.out.starts_with(b"LCNF\x01\x00\x0ca sealed keyLCNV\x01"));
    assert!(!ran.out.windows(32).any(|bytes| bytes == key), "the key is in the file");

    let opening = Server::start([opened(&sealing)]);
    let ran = folder.run(Some(&opening), "vault decrypt - --out - --context backup/2026-11", &ran.out);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out == plain);
    assert_eq!(opening.lines(), ["POST /live/v1/vault/decrypt"]);
    let expect = json!({"context": "file/backup/2026-11", "sealed": STANDARD.encode(b"a sealed key")});
    assert_eq!(body(&opening), expect);
}

#[test]
fn every_file_has_another_key_and_another_salt() {
    let folder = Folder::with_key("fresh");
    let server = Server::start([sealed()]);
    let line = "vault encrypt --context a";
    let runs = [(); 2].map(|()| folder.run(Some(&server), line, b"the same").out);
    assert_ne!(runs[0], runs[1]);
    let keys = server.sent().into_iter().map(|sent| sent.body).collect::<Vec<_>>();
    assert_ne!(keys[0], keys[1]);
    let line = "vault encrypt --context a --key-file key";
    let runs = [(); 2].map(|()| folder.run(None, line, b"the same").out);
    assert_ne!(runs[0], runs[1]);
}

/// In the test's own process, where the clock stands still.
#[test]
fn what_was_done_is_said_where_there_is_a_file() {
    let folder = Folder::new("said");
    folder.write("dump.sql", &plaintext(1_234_567));
    let there = |text: String| text.replace(&*folder.path("").to_string_lossy(), "");
    let run = |server: &Server, line: &str| {
        let line = line.replace("./", &folder.path("").to_string_lossy());
        let mut ran = Machine::at(server).run(&line);
        ran.out = there(ran.out);
        ran
    };
    let sealing = Server::start([sealed()]);
    check("vault-encrypt", &run(&sealing, "vault encrypt ./dump.sql -o ./dump.sealed --context a"));
    let line = "vault encrypt ./dump.sql -o ./dump.sealed --context a --force --json";
    check("vault-encrypt-json", &run(&sealing, line));
    let opening = Server::start([json(
        200,
        &json!({"plaintext": serde_json::from_str::<Value>(&sealing.sent()[1].body).expect("JSON")["plaintext"]}),
    )]);
    check("vault-decrypt", &run(&opening, "vault decrypt ./dump.sealed -o ./again --context a"));
    let line = "vault decrypt ./dump.sealed -o ./again --context a --force --json";
    check("vault-decrypt-json", &run(&opening, line));
}

#[test]
fn nothing_but_the_file_gets_into_standard_output() {
    let folder = Folder::new("only");
    let refusal = json!({
        "type": "urn:lacuna:problem:forbidden", "title": "This role may not do that", "status": 403,
        "detail": "Sealing is for the role backend.",
    });
    let server = Server::start([json(403, &refusal)]);
    let ran = folder.run(Some(&server), "vault encrypt --context a --json", b"x").text();
    assert_eq!(ran.out, "");
    check("vault-refused-403", &ran);
    let server = Server::start([sealed()]);
    let ran = folder.run(Some(&server), "vault encrypt --context a --json", b"x");
    assert!(ran.code == 0 && ran.out.starts_with(b"LCNF") && ran.err.is_empty(), "{}", ran.err);
}

#[test]
fn a_key_that_the_api_does_not_open_says_what_to_look_at() {
    let folder = Folder::new("unopened");
    let sealing = Server::start([sealed()]);
    folder.write("dump.sealed", &folder.run(Some(&sealing), "vault encrypt --context a", b"x").out);
    let run = |name: &str, reply: Reply| {
        let server = Server::start([reply]);
        check(
            name,
            &folder.run(Some(&server), "vault decrypt dump.sealed -o dump.sql --context b", b"").text(),
        );
    };
    run(
        "vault-key-refused",
        json(
            400,
            &json!({
                "type": "urn:lacuna:problem:invalid", "title": "The request is not valid", "status": 400,
                "detail": "The sealed data belongs to another context.",
                "errors": [{"at": "/context", "detail": "give the one that it was sealed with"}],
            }),
        ),
    );
    run("vault-key-401", json(401, &json!({"title": "A valid token is needed", "status": 401})));
    run("vault-key-form", json(200, &json!({"plaintext": 7})));
    run("vault-key-other", json(200, &json!({"plaintext": STANDARD.encode([9; 32])})));
    run("vault-key-length", json(200, &json!({"plaintext": STANDARD.encode([9; 31])})));
    run("vault-key-unavailable", Reply::Answer(503, "retry-after: 0", String::new()));
    assert_eq!(folder.names(), ["dump.sealed"]);
}

#[test]
fn what_the_api_does_not_answer_is_asked_again() {
    let folder = Folder::new("again");
    let server = Server::start([text(503, ""), Reply::Drop, sealed()]);
    let ran = folder.run(Some(&server), "vault encrypt --context a", b"x");
    assert_eq!((ran.code, server.sent().len()), (0, 3), "{}", ran.err);
    let server =
        Server::start([json(200, &json!({"sealed": "%%%", "key": {"purpose": "fields", "version": 1}}))]);
    let ran = folder.run(Some(&server), "vault encrypt --context a", b"x").text();
    check("vault-sealed-form", &ran);
}

#[test]
fn the_command_line_is_looked_at_before_anything_is_sent() {
    let folder = Folder::with_key("usage");
    let server = Server::start([sealed()]);
    let check = |name: &str, line: &str| {
        let ran = folder.run(Some(&server), line, b"x").text();
        assert_eq!(ran.code, 2, "{line}");
        check(name, &ran);
    };
    check("usage-vault-context", "vault encrypt");
    check("usage-vault-purpose", "vault rotate files");
    let long = "n".repeat(508);
    check("usage-vault-long", &format!("vault encrypt --context {long}"));
    check("usage-vault-offline", "vault encrypt --context a --key-file none");
    assert_eq!(server.lines(), [""; 0], "something was sent all the same");
    let longest = format!("vault encrypt --context {} --key-file key", "n".repeat(507));
    assert_eq!(folder.run(None, &longest, b"x").code, 0);
    // Without an address nothing is written either.
    let ran = folder.run(None, "vault encrypt -o dump.sealed --context a", b"x");
    assert_eq!((ran.code, folder.names()), (2, vec!["key".to_owned()]), "{}", ran.err);
}

#[test]
fn sealed_bytes_go_to_a_terminal_only_if_they_are_to() {
    let folder = Folder::with_key("terminal");
    let key = folder.path("key");
    let terminal = Machine { terminal: true, no_color: true, ..Machine::default() };
    let run = |verb: &str, stdin: &[u8], more: &[&str]| {
        let words = ["lacuna", "vault", verb, "--context", "a", "--key-file"];
        let words = words.into_iter().map(OsString::from).chain([key.clone().into_os_string()]);
        terminal.run_piped(words.chain(more.iter().map(OsString::from)), Cursor::new(stdin.to_vec()))
    };
    check("vault-terminal", &run("encrypt", b"x", &[]).text());
    let forced = run("encrypt", b"x", &["--force"]);
    assert!(forced.code == 0 && forced.out.starts_with(b"LCNV"), "{}", forced.err);
    let opened = run("decrypt", &forced.out, &[]);
    assert_eq!((opened.code, opened.out.as_slice()), (0, &b"x"[..]));
    compare("vault-terminal-typed", &opened.err);
}

#[test]
fn the_commands_say_what_they_do() {
    for verb in ["encrypt", "decrypt"] {
        check(&format!("help-vault-{verb}"), &Machine::default().run(&format!("vault {verb} --help")));
    }
    check("help-vault", &Machine::default().run("vault --help"));
}
