//! When the command line, the environment, the network or the API is wrong.

use std::time::Duration;

use serde_json::json;

use super::golden::check;
use super::machine::{MARKED, Machine};
use super::server::{Reply, Server, json, text};
use super::views::{ID, body, fulfilled, submitted};

const SUBMIT: &str = "request submit --type erasure --jurisdiction EU";

fn invalid() -> serde_json::Value {
    json!({
        "type": "urn:lacuna:problem:invalid", "title": "The request is not valid", "status": 400,
        "detail": "Nothing was taken in. Correct what is named below, and send it again.",
        "errors": [
            {"at": "/subject/identities/0/type", "detail": "the catalog knows no such identity type; write one of email, customer_id"},
            {"at": "header:Idempotency-Key", "detail": "write 1 to 255 visible characters"},
        ],
    })
}

#[test]
fn a_missing_environment_says_what_to_run() {
    let nowhere = Machine::default();
    check("no-url", &nowhere.run(&format!("request status {ID}")));
    check("no-token", &nowhere.run(&format!("request status {ID} --url https://example.com")));
    check("http", &nowhere.run(&format!("request status {ID} --url http://example.com/live")));
    let line = format!("request status {ID} --url https://example.com --token-file no/such/file");
    check("no-token-file", &nowhere.run(&line));
}

#[test]
fn a_token_can_come_from_a_file() {
    let server = Server::start([json(200, &body(&fulfilled()))]);
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("token");
    std::fs::write(&path, "from.a.file\n").expect("a file");
    let line = format!("request status {ID} --url {} --token-file {}", server.url(), path.display());
    assert_eq!(Machine::default().run(&line).code, 0);
    assert_eq!(server.sent()[0].header("authorization"), Some("Bearer from.a.file"));
}

#[test]
fn a_wrong_command_line_is_explained_without_repeating_it() {
    let server = Server::start([json(202, &submitted("accepted", false))]);
    let check = |name: &str, line: &str| {
        let ran = Machine::at(&server).run(line);
        assert_eq!(ran.code, 2, "{line}");
        check(name, &ran);
    };
    check("usage-positional", &format!("{SUBMIT} {MARKED}"));
    check("usage-unknown-flag", &format!("{SUBMIT} --mail={MARKED}"));
    check("usage-dashes", &format!("{SUBMIT} --{MARKED}"));
    check("usage-too-many", &format!("{SUBMIT} --json={MARKED}"));
    check("usage-form", &format!("{SUBMIT} --identity {MARKED}"));
    check("usage-subcommand", &format!("request {MARKED}"));
    check("usage-value", &format!("request submit --type {MARKED} --jurisdiction EU"));
    check("usage-email", &format!("{SUBMIT} --email @{MARKED}@"));
    check("usage-stdin", &format!("{SUBMIT} --email -"));
    check("usage-id", "request status 57");
    check("usage-timeout", &format!("request watch {ID} --timeout 15"));
    check("usage-review", &format!("hold add --email {MARKED} --reason x --review-at soon"));
    check("usage-past", &format!("hold add --email {MARKED} --reason x --review-at 2026-11-01"));
    check("usage-verified", &format!("{SUBMIT} --verified-by session"));
    check("usage-two", &format!("hold add --email {MARKED} --identity a={MARKED} --reason x --review-at 1d"));
    assert_eq!(server.lines(), [""; 0], "something was sent all the same");
}

#[test]
fn help_goes_to_standard_output() {
    for (name, line) in
        [("help", "--help"), ("help-submit", "request submit --help"), ("help-watch", "request watch --help")]
    {
        check(name, &Machine::default().run(line));
    }
}

#[test]
fn a_problem_is_shown_with_what_to_change() {
    let server = Server::start([json(400, &invalid())]);
    let line = format!("{SUBMIT} --email {MARKED}");
    check("problem", &Machine::at(&server).run(&line));
    let ran = Machine::at(&server).run(&format!("{line} --json"));
    assert_eq!((ran.code, ran.out), (1, format!("{}\n", invalid())));
    assert_eq!(server.sent().len(), 2, "a refusal was tried again");
}

#[test]
fn other_refusals_say_what_they_can() {
    let check = |name: &str, reply: Reply| {
        let server = Server::start([reply]);
        check(name, &Machine::at(&server).run(&format!("request status {ID}")));
    };
    check(
        "refused-401",
        json(
            401,
            &json!({"title": "A valid token is needed", "status": 401, "detail": "The token has expired."}),
        ),
    );
    check("refused-403", text(403, r#"{"message":"Forbidden"}"#));
    check("refused-html", text(500, "<html>oh</html>"));
    check("refused-redirect", Reply::Answer(302, "location: https://example.com/", String::new()));
    check("refused-form", json(200, &json!({"request_id": MARKED})));
}

#[test]
fn what_passes_is_tried_again_with_the_same_key() {
    let good = json(202, &submitted("accepted", false));
    let busy = Reply::Answer(429, "retry-after: 0", String::new());
    for reply in [text(503, ""), text(502, ""), text(504, ""), busy, Reply::Drop, Reply::Hang] {
        let patience = matches!(reply, Reply::Hang).then_some(Duration::from_secs(2));
        let server = Server::start([reply, good.clone()]);
        let ran = Machine { patience, ..Machine::at(&server) }.run(&format!("{SUBMIT} --email {MARKED}"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let keys: Vec<_> =
            server.sent().iter().map(|s| s.header("idempotency-key").map(str::to_owned)).collect();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0], keys[1]);
        assert!(keys[0].is_some());
    }
}

#[test]
fn what_could_be_done_twice_is_not_tried_again() {
    let line = format!("request resume {ID}");
    for (reply, tries) in [(text(503, ""), 1), (Reply::Drop, 1), (text(429, ""), 3)] {
        let server = Server::start([reply]);
        assert_eq!(Machine::at(&server).run(&line).code, 1);
        assert_eq!(server.sent().len(), tries);
    }
}

#[test]
fn what_the_api_calls_hopeless_is_not_tried_again() {
    let problem = |detail: &str| {
        json!({
            "type": "urn:lacuna:problem:unavailable", "title": "Temporarily unavailable",
            "status": 503, "detail": detail,
        })
    };
    let hopeless = problem("Lacuna cannot do this as it is set up, and trying again does not help.");
    let server = Server::start([json(503, &hopeless)]);
    check("hopeless", &Machine::at(&server).run(&format!("{SUBMIT} --email {MARKED}")));
    assert_eq!(server.sent().len(), 1);
    let passing = problem("Something that Lacuna needs does not answer.");
    let server = Server::start([Reply::Answer(503, "retry-after: 0", passing.to_string())]);
    let line = format!("hold add --email {MARKED} --reason x --review-at 30d --idempotency-key k-2");
    check("unavailable-hold", &Machine::at(&server).run(&line));
    assert_eq!(server.sent().len(), 3);
}

#[test]
fn it_gives_up_and_says_what_is_known() {
    let server = Server::start([Reply::Drop]);
    let ran = Machine::at(&server).run(&format!("{SUBMIT} --email {MARKED} --idempotency-key k-1"));
    assert_eq!(server.sent().len(), 3);
    check("unanswered-submit", &ran);
    check("unanswered-read", &Machine::at(&server).run(&format!("request status {ID}")));
    check("unanswered-unsure", &Machine::at(&server).run(&format!("request resume {ID}")));
    let server = Server::start([text(503, "")]);
    check("unavailable", &Machine::at(&server).run(&format!("request status {ID}")));
}

#[test]
fn a_port_where_nobody_listens_is_no_answer() {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let machine = Machine { url: Some(format!("http://api.localhost:{port}/live")), ..Machine::default() };
    let line = format!("hold add --email {MARKED} --reason x --review-at 30d");
    check("nobody-listens", &machine.run(&line));
}

#[test]
fn somebody_who_waits_is_told_that_it_is_tried_again() {
    let server = Server::start([text(503, ""), json(200, &body(&fulfilled()))]);
    let mut machine = Machine::at(&server);
    machine.terminal = true;
    machine.no_color = true;
    let ran = machine.run(&format!("request status {ID}"));
    assert!(ran.err.starts_with("the API answered 503; trying again in 0.0 s\n"), "{}", ran.err);
    assert!(!ran.out.contains('\x1b'), "NO_COLOR was not heeded");
}
