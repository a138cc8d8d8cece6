//! `lacuna hold …`

use serde_json::{Value, json};

use super::golden::check;
use super::machine::{MARKED, Machine};
use super::server::{Server, json, text};

const HOLD: &str = "hold_01kgz3q5v8m4n2c7t9w1x6y3za";

fn hold() -> Value {
    json!({
        "hold_id": HOLD, "identity_type": "email", "reason": "litigation",
        "review_at": "2026-12-04T09:00:12Z", "placed_at": "2026-11-04T09:00:12Z",
        "too_late_for": [],
    })
}

#[test]
fn a_hold_is_placed_on_one_identity() {
    let server = Server::start([json(201, &hold())]);
    let line = format!("hold add --email {MARKED} --reason litigation --review-at 30d");
    check("hold-add", &Machine::at(&server).run(&line));
    let sent = &server.sent()[0];
    assert_eq!(sent.line, "POST /live/v1/holds");
    assert_eq!(sent.header("idempotency-key").map(str::len), Some(26));
    let body: Value = serde_json::from_str(&sent.body).expect("a body");
    assert_eq!(
        body,
        json!({
            "identity": {"type": "email", "value": MARKED}, "reason": "litigation",
            "review_at": "2026-12-04T09:00:12Z",
        })
    );
}

#[test]
fn a_hold_says_for_which_stores_it_came_too_late() {
    let mut late = hold();
    late["too_late_for"] = json!(["crm", "shop"]);
    let server = Server::start([json(201, &late)]);
    let mut machine = Machine::at(&server);
    machine.stdin = "57\n".to_owned();
    let line = "hold add --identity customer_id=- --reason litigation --review-at 2026-12-31";
    check("hold-add-late", &machine.run(line));
}

#[test]
fn holds_are_listed() {
    let mut due = hold();
    due["review_at"] = "2026-11-01T00:00:00Z".into();
    due["too_late_for"] = json!(["crm"]);
    let mut released = hold();
    released["released_at"] = "2026-11-03T00:00:00Z".into();
    let body = json!({"items": [hold(), due, released], "cursor": "more"});
    let server = Server::start([json(200, &body)]);
    check("hold-list", &Machine::at(&server).run("hold list"));
    assert_eq!(server.lines(), ["GET /live/v1/holds"]);
}

#[test]
fn a_hold_is_released_with_or_without_an_answer() {
    let mut released = hold();
    released["released_at"] = "2026-11-04T09:00:12Z".into();
    let server = Server::start([json(200, &released)]);
    check("hold-release", &Machine::at(&server).run(&format!("hold release {HOLD}")));
    assert_eq!(server.lines(), [format!("DELETE /live/v1/holds/{HOLD}")]);
    let server = Server::start([text(204, "")]);
    check("hold-release-brief", &Machine::at(&server).run(&format!("hold release {HOLD}")));
}
