//! `lacuna vault rotate|status`

use serde_json::{Value, json};

use super::golden::check;
use super::machine::Machine;
use super::server::{Server, json, text};

fn key(purpose: &str, version: u32, by: &str, rewrap: u32, warnings: &[&str]) -> Value {
    json!({
        "purpose": purpose, "version": version, "made_at": "2026-08-06T09:00:00Z", "rotate_every": "P90D",
        "rotate_by": by, "to_rewrap": rewrap, "warnings": warnings,
    })
}

fn good() -> Value {
    json!({"items": [
        key("fields", 4, "2027-02-02T09:00:00Z", 0, &[]),
        key("subjects", 12, "2027-02-02T09:00:00Z", 12, &[]),
    ]})
}

fn warned() -> Value {
    json!({"items": [
        key("fields", 4, "2026-11-09T09:00:00Z", 0, &["rotation-due-soon"]),
        key("subjects", 12, "2026-11-01T09:00:00Z", 1_000, &["rotation-overdue", "root-key-disabled"]),
    ]})
}

#[test]
fn the_status_is_a_table() {
    let server = Server::start([json(200, &good())]);
    check("vault-status", &Machine::at(&server).run("vault status"));
    assert_eq!(server.lines(), ["GET /live/v1/vault/status"]);
    let server = Server::start([json(200, &json!({"items": []}))]);
    check("vault-status-none", &Machine::at(&server).run("vault status"));
    let server = Server::start([json(200, &good())]);
    let ran = Machine::at(&server).run("vault status --json");
    assert_eq!((ran.code, ran.out), (0, format!("{}\n", good())));
}

#[test]
fn warnings_stand_out() {
    let server = Server::start([json(200, &warned())]);
    let mut machine = Machine::at(&server);
    check("vault-status-warned", &machine.run("vault status"));
    machine.terminal = true;
    let ran = machine.run("vault status");
    assert!(ran.out.contains("\x1b[31mwarning: subjects: it should have been"), "{}", ran.out);
    assert!(ran.out.contains("\x1b[33mwarning: fields: it will be rotated soon"), "{}", ran.out);
}

#[test]
fn a_rotation_says_what_is_so_now() {
    for purpose in ["fields", "subjects"] {
        let after = key(purpose, 5, "2027-02-02T09:00:12Z", 3, &[]);
        let server = Server::start([json(200, &after)]);
        let ran = Machine::at(&server).run(&format!("vault rotate {purpose}"));
        check(&format!("vault-rotate-{purpose}"), &ran);
        let sent = &server.sent()[0];
        assert_eq!(sent.line, "POST /live/v1/vault/rotate");
        assert_eq!(sent.body, json!({ "purpose": purpose }).to_string());
        let ran = Machine::at(&server).run(&format!("vault rotate {purpose} --json"));
        assert_eq!((ran.code, ran.out), (0, format!("{after}\n")));
    }
}

#[test]
fn a_rotation_is_not_repeated_blindly() {
    let server = Server::start([text(503, "")]);
    check("vault-rotate-unsure", &Machine::at(&server).run("vault rotate fields"));
    assert_eq!(server.sent().len(), 1);
    let refusal = json!({"title": "This role may not do that", "status": 403, "detail": "It is for admins."});
    let server = Server::start([json(403, &refusal)]);
    check("vault-rotate-403", &Machine::at(&server).run("vault rotate fields"));
}
