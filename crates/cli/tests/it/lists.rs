//! `lacuna request list`

use serde_json::{Value, json};

use super::golden::check;
use super::machine::Machine;
use super::server::{Server, json};

fn item(last: char, status: &str, due_by: &str) -> Value {
    json!({
        "request_id": format!("req_01kgz3q5v8m4n2c7t9w1x6y3z{last}"), "type": "erasure",
        "status": status, "jurisdiction": "EU", "received_at": "2026-10-04T09:00:00Z",
        "due_by": due_by,
    })
}

fn first() -> Value {
    json!({"items": [
        item('1', "cooling_off", "2026-11-04T23:59:59Z"),
        item('2', "parked", "2026-11-02T23:59:59Z"),
    ], "cursor": "page 2"})
}

fn second() -> Value {
    json!({"items": [item('3', "fulfilled", "2026-11-04T23:59:59Z")]})
}

#[test]
fn one_page_says_that_there_are_more() {
    let server = Server::start([json(200, &first())]);
    check("list", &Machine::at(&server).run("request list --status parked"));
    assert_eq!(server.lines(), ["GET /live/v1/requests?status=parked"]);
}

#[test]
fn all_pages_are_followed() {
    let replies = || [json(200, &first()), json(200, &second())];
    let server = Server::start(replies());
    check("list-all", &Machine::at(&server).run("request list --all"));
    let lines = ["GET /live/v1/requests?limit=100", "GET /live/v1/requests?cursor=page+2&limit=100"];
    assert_eq!(server.lines(), lines);
    let server = Server::start(replies());
    let ran = Machine::at(&server).run("request list --all --json");
    let all: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(all["items"].as_array().map(Vec::len), Some(3));
}

#[test]
fn an_empty_list_says_so() {
    let server = Server::start([json(200, &json!({"items": []}))]);
    check("list-none", &Machine::at(&server).run("request list"));
}

#[test]
fn an_empty_page_can_come_before_others() {
    let empty = json!({"items": [], "cursor": "page 2"});
    let server = Server::start([json(200, &empty), json(200, &second())]);
    check("list-empty-page", &Machine::at(&server).run("request list --all"));
}

#[test]
fn a_list_in_circles_is_an_error() {
    let server = Server::start([json(200, &first())]);
    check("list-circle", &Machine::at(&server).run("request list --all --json"));
}
