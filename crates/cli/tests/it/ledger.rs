//! `lacuna ledger …`

use serde_json::{Value, json};

use super::golden::check;
use super::machine::Machine;
use super::server::{Server, json, text};

const REPLAY: &str = "rpl_01kgz3q5v8m4n2c7t9w1x6y3za";

fn restored() -> Value {
    json!({
        "store": "crm", "fit_for_traffic": false, "why": "restored-and-not-replayed",
        "restored_at": "2026-11-04T08:00:12Z", "taken_at": "2026-11-03T00:00:00Z",
    })
}

fn replay(status: &str, phase: &str, walk: u32, walked: u64) -> Value {
    json!({
        "replay_id": REPLAY, "store": "crm", "status": status, "dry_run": false, "rate": 500,
        "begun_at": "2026-11-04T09:00:12Z", "at": "2026-11-04T09:00:12Z", "walk": walk, "phase": phase,
        "walked": walked, "found": 7, "left": 0, "denied": 0, "requests": 1,
    })
}

#[test]
fn a_store_is_declared_restored() {
    let server = Server::start([json(201, &restored())]);
    let line = "ledger restored --store crm --taken-at 2026-11-03T00:00:00Z";
    check("ledger-restored", &Machine::at(&server).run(line));
    let sent = &server.sent()[0];
    assert_eq!(sent.line, "POST /live/v1/ledger/restores");
    let body: Value = serde_json::from_str(&sent.body).expect("a body");
    assert_eq!(body, json!({"store": "crm", "taken_at": "2026-11-03T00:00:00Z"}));
}

#[test]
fn the_exit_code_says_whether_stores_are_fit() {
    let fit = json!({
        "store": "shop", "fit_for_traffic": true, "restored_at": "2026-11-01T08:00:12Z",
        "taken_at": "2026-11-01T00:00:00Z", "replayed_at": "2026-11-01T09:00:12Z",
    });
    let body = json!({"items": [restored(), fit]});
    let status = |line: &str| {
        let server = Server::start([json(200, &body)]);
        Machine::at(&server).run(line)
    };
    let all = status("ledger status");
    assert_eq!(all.code, 6);
    check("ledger-status", &all);
    let one = status("ledger status --store shop");
    assert_eq!(one.code, 0);
    check("ledger-status-fit", &one);
    assert_eq!(status("ledger status --store crm --json").code, 6, "what is refused is 1");
    assert_eq!(status("ledger status --store nowhere").code, 2);
    let refused = Server::start([json(403, &json!({}))]);
    assert_eq!(Machine::at(&refused).run("ledger status").code, 1, "of no store anything is known");
}

/// What is written where nothing can be drawn over: how it begins, and a line now and then.
#[test]
fn a_replay_is_followed_to_its_end() {
    let mut begun = replay("running", "walking", 1, 0);
    (begun["found"], begun["requests"]) = (0.into(), 0.into());
    let mut waits = replay("running", "waiting", 1, 900);
    waits["at"] = "2026-11-04T09:00:42Z".into();
    let replies = [
        json(202, &begun),
        json(200, &replay("running", "walking", 1, 500)),
        text(503, ""),
        json(200, &waits),
        json(200, &replay("done", "counting", 2, 1_800)),
    ];
    let server = Server::start(replies);
    let ran = Machine::at(&server).run("ledger replay --store crm --expect 1 --rate 500");
    assert_eq!(ran.code, 0, "{}", ran.err);
    check("ledger-replay", &ran);
    let body: Value = serde_json::from_str(&server.sent()[0].body).expect("a body");
    assert_eq!(body, json!({"store": "crm", "dry_run": false, "expect": 1, "rate": 500}));
}

#[test]
fn on_a_terminal_one_line_is_drawn_over_and_goes() {
    let bodies = [replay("running", "walking", 1, 20), replay("done", "asking", 2, 40)];
    for replies in [[json(202, &bodies[0]), json(200, &bodies[1])], [json(202, &bodies[0]), text(404, "")]] {
        let server = Server::start(replies);
        let machine = Machine { terminal: true, ..Machine::at(&server) };
        let err = machine.run("ledger replay --store crm").err;
        let drawn: Vec<&str> = err.split("\r\x1b[K").collect();
        assert!(drawn.len() == 3 && drawn[0].is_empty() && drawn[1].starts_with("walk 1"), "{err:?}");
        assert!(!drawn[1].contains('\n') && !drawn[2].starts_with("walk"), "{err:?}");
    }
}

#[test]
fn a_replay_that_fails_says_why() {
    let mut failed = replay("failed", "walking", 1, 20);
    failed["why"] = "store-refused".into();
    let server = Server::start([json(202, &failed)]);
    let ran = Machine::at(&server).run("ledger replay --store crm");
    assert_eq!(ran.code, 1);
    check("ledger-replay-failed", &ran);
}

#[test]
fn machines_get_a_body_for_each_change_of_a_replay() {
    let bodies = [replay("running", "walking", 1, 0), replay("done", "counting", 1, 20)];
    let server = Server::start([json(202, &bodies[0]), json(200, &bodies[0]), json(200, &bodies[1])]);
    let ran = Machine::at(&server).run("ledger replay --store crm --json");
    assert_eq!((ran.code, ran.out), (0, format!("{}\n{}\n", bodies[0], bodies[1])));
}

#[test]
fn a_dry_run_says_that_it_was_one() {
    let mut done = replay("done", "counting", 1, 20);
    done["dry_run"] = true.into();
    let server = Server::start([json(202, &done)]);
    check("ledger-replay-dry", &Machine::at(&server).run("ledger replay --store crm --dry-run"));
}

#[test]
fn a_replay_says_what_it_left() {
    let mut done = replay("done", "counting", 1, 20);
    done["left"] = 3.into();
    let server = Server::start([json(202, &done)]);
    check("ledger-replay-left", &Machine::at(&server).run("ledger replay --store crm --expect 1"));
    done["denied"] = 1.into();
    let server = Server::start([json(202, &done)]);
    check("ledger-replay-denied", &Machine::at(&server).run("ledger replay --store crm --expect 1"));
}

/// A store that is fit for traffic can have people in it whom a source wants kept.
#[test]
fn a_store_says_whom_its_replay_left() {
    let left = json!({
        "store": "crm", "fit_for_traffic": true, "restored_at": "2026-11-01T08:00:12Z",
        "taken_at": "2026-11-01T00:00:00Z", "replayed_at": "2026-11-01T09:00:12Z",
        "replay_id": REPLAY, "left": 7, "denied": 2,
    });
    let server = Server::start([json(200, &json!({"items": [left]}))]);
    let ran = Machine::at(&server).run("ledger status --store crm");
    assert_eq!(ran.code, 0);
    check("ledger-status-left", &ran);
}

#[test]
fn a_count_and_what_is_to_be_counted_are_not_for_one_call() {
    let server = Server::start([]);
    let ran = Machine::at(&server).run("ledger replay --store crm --expect 1 --dry-run");
    assert_eq!((ran.code, server.sent().len()), (2, 0), "{}", ran.err);
}
