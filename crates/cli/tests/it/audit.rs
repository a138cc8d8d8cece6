//! `lacuna audit …` and `lacuna request receipt`

use serde_json::json;
use testkit::proofs::packs::log;

use super::folder::Folder;
use super::golden::check;
use super::machine::Machine;
use super::server::{Server, json, text};
use super::views::ID;

const KEY: &str = "lacuna.example/demo+3c2f6a10+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

#[test]
fn the_key_of_the_log_is_printed() {
    let server = Server::start([json(200, &json!({"key": KEY}))]);
    check("audit-key", &Machine::at(&server).run("audit key"));
    assert_eq!(server.lines(), ["GET /live/v1/audit/key"]);
}

#[test]
fn the_last_checkpoint_is_kept_in_a_file() {
    let note = "lacuna.example/demo\n7\nCsUY=\n\n\u{2014} lacuna.example/demo Az3g\n";
    let folder = Folder::new("audit-checkpoint");
    let server = Server::start([json(200, &json!({"checkpoint": note, "size": 7}))]);
    check("audit-checkpoint", &folder.run(Some(&server), "audit checkpoint --out kept.txt", b"").text());
    assert_eq!(folder.read("kept.txt"), note.as_bytes());
}

#[test]
fn an_export_is_written_part_by_part() {
    let part = |lines: &str, cursor: Option<&str>| match cursor {
        Some(cursor) => json(200, &json!({"lines": lines, "cursor": cursor})),
        None => json(200, &json!({"lines": lines})),
    };
    let first = "{\"audit\":\"lacuna/1\"}\n{\"entry\":{},\"hash\":\"a\"}\n";
    let last = "{\"checkpoint\":\"\"}\n{\"entry\":{},\"hash\":\"b\"}\n{\"end\":{}}\n";
    let server = Server::start([part(first, Some("1-2-2")), part(last, None)]);
    let folder = Folder::new("audit-export");
    check(
        "audit-export",
        &folder
            .run(Some(&server), "audit export --from 2026-10-01 --to 2026-12-31 --out log.jsonl", b"")
            .text(),
    );
    assert_eq!(String::from_utf8_lossy(&folder.read("log.jsonl")), format!("{first}{last}"));
    assert_eq!(
        server.lines(),
        [
            "GET /live/v1/audit/export?from=2026-10-01T00%3A00%3A00Z&to=2026-12-31T23%3A59%3A59.999999999Z",
            "GET /live/v1/audit/export?cursor=1-2-2"
        ]
    );
}

/// Whoever has tokens of several companies says whose log it is to be.
#[test]
fn another_tenants_log_is_not_taken_for_the_one_that_was_meant() {
    let key = log("demo").key().to_string();
    let key = || json(200, &json!({"key": key}));
    let folder = Folder::new("audit-tenant");
    let lines = "{\"audit\":\"lacuna/1\"}\n{\"entry\":{},\"hash\":\"a\"}\n{\"end\":{}}\n";
    let server = Server::start([key(), json(200, &json!({"lines": lines}))]);
    let ran = folder.run(Some(&server), "audit export --tenant demo --raw --out log.jsonl", b"");
    assert_eq!((ran.code, String::from_utf8_lossy(&folder.read("log.jsonl")).as_ref()), (0, lines));
    let line = "audit export --tenant acme --from 2026-10-01 --out other.jsonl";
    check("audit-export-tenant", &folder.run(Some(&Server::start([key()])), line, b"").text());
    let line = "audit pack --tenant acme --period 2026-Q3 --out other.zip";
    check("audit-pack-tenant", &folder.run(Some(&Server::start([key()])), line, b"").text());
    let line = "audit pack --tenant Acme --period 2026-Q3 --out other.zip";
    check("audit-pack-no-tenant", &folder.run(Some(&Server::start([])), line, b"").text());
    assert_eq!(folder.names(), ["log.jsonl"]);
}

/// For when the checkpoints are what is wrong.
#[test]
fn the_table_is_exported_as_it_stands() {
    let lines = "{\"audit\":\"lacuna/1\"}\n{\"entry\":{},\"hash\":\"a\"}\n{\"end\":{}}\n";
    let parts =
        [json(200, &json!({"lines": "", "cursor": "raw-1-2-2"})), json(200, &json!({"lines": lines}))];
    let server = Server::start(parts);
    let folder = Folder::new("audit-export-raw");
    let ran = folder.run(Some(&server), "audit export --raw --out log.jsonl", b"");
    assert_eq!((ran.code, String::from_utf8_lossy(&folder.read("log.jsonl")).as_ref()), (0, lines));
    check("audit-export-raw", &ran.text());
    let asked = ["GET /live/v1/audit/export?raw=true", "GET /live/v1/audit/export?cursor=raw-1-2-2"];
    assert_eq!(server.lines(), asked);
}

/// Whoever checks it is told before that it cannot be intact.
#[test]
fn an_export_says_what_of_it_is_not_signed_so_far() {
    let said = |lines: &str| {
        let server = Server::start([json(200, &json!({"lines": lines}))]);
        let folder = Folder::new("audit-export-signed");
        folder.run(Some(&server), "audit export --from 2026-10-01 --out log.jsonl", b"").text().err
    };
    let (entry, checkpoint) = ("{\"entry\":{}}\n", "{\"checkpoint\":\"\"}\n");
    assert!(!said(&[entry, entry, checkpoint].concat()).contains("not signed"));
    assert!(said(&[entry, checkpoint, entry, entry].concat()).contains("the last 2 are not signed"));
    assert!(said(entry).contains("the last is not signed"));
}

#[test]
fn what_cannot_be_exported_says_what_to_change() {
    let folder = Folder::new("audit-refused");
    let refused = |line: &str| folder.run(None, line, b"").text();
    check("audit-export-future", &refused("audit export --from 2126-12-01 --out log.jsonl"));
    check(
        "audit-export-backwards",
        &refused("audit export --from 2026-12-01 --to 2026-11-01 --out log.jsonl"),
    );
    check("audit-export-no-folder", &refused("audit export --from 2026-10-01 --out nodir/log.jsonl"));
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn an_export_that_breaks_off_leaves_nothing() {
    let server = Server::start([json(200, &json!({"lines": "{}\n", "cursor": "1-2-2"})), text(403, "{}")]);
    let folder = Folder::new("audit-broken-off");
    let ran =
        folder.run(Some(&server), "audit export --from 2026-10-01 --to 2026-12-31 --out log.jsonl", b"");
    assert_eq!(ran.code, 1);
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn dates_that_are_none_are_told() {
    let server = Server::start([]);
    check("audit-export-dates", &Machine::at(&server).run("audit export --from yesterday"));
    check("audit-export-order", &Machine::at(&server).run("audit export --from 2026-12-31 --to 2026-10-01"));
    assert!(server.lines().is_empty());
}

#[test]
fn a_receipt_is_written_as_it_came() {
    let receipt = r#"{"entry":{},"hash":"a","proof":"p","receipt":"lacuna/1","statement":{}}"#;
    let server = Server::start([text(200, receipt)]);
    check("request-receipt", &Machine::at(&server).run(&format!("request receipt {ID}")));
    assert_eq!(server.lines(), [format!("GET /live/v1/requests/{ID}/receipt")]);
}

#[test]
fn a_salt_is_written_for_its_owner_alone() {
    let salt = "5e".repeat(32);
    let server = Server::start([json(200, &json!({"salt": salt, "kept_until": "2027-12-30T09:00:00Z"}))]);
    let folder = Folder::new("audit-salt");
    let ran = folder.run(Some(&server), &format!("request salt {ID} --out salt"), b"").text();
    check("request-salt", &ran);
    assert_eq!(server.lines(), [format!("GET /live/v1/requests/{ID}/receipt/salt")]);
    assert_eq!((folder.read("salt"), folder.mode("salt")), (format!("{salt}\n").into_bytes(), 0o600));
}
