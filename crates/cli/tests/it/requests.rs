//! `lacuna request submit|status|cancel|resume|verify|timeline`

use contract::api::RecheckView;
use domain::Status;
use domain::recheck::Stage;
use serde_json::{Value, json};

use super::golden::check;
use super::machine::{MARKED, Machine};
use super::server::{Server, json, text};
use super::views::{
    ID, body, confirmed, found_again, fulfilled, parked, recheck, store, submitted, suppressed, unproven,
    view,
};

const SUBMIT: &str = "request submit --type erasure --jurisdiction EU";

#[test]
fn a_submission_sends_what_was_given_and_prints_no_identity() {
    let server = Server::start([json(202, &submitted("accepted", false))]);
    let line =
        format!("{SUBMIT} --email {MARKED} --identity customer_id=57 --verified-by session --reference s-1");
    check("submit", &Machine::at(&server).run(&line));
    let sent = &server.sent()[0];
    assert_eq!(sent.line, "POST /live/v1/requests");
    assert_eq!(sent.header("authorization"), Some("Bearer header.claims.signature"));
    let key = sent.header("idempotency-key").expect("a key");
    assert_eq!(key.len(), 26, "{key}");
    let body: Value = serde_json::from_str(&sent.body).expect("a body");
    let identities = json!([
        {"type": "email", "value": MARKED}, {"type": "customer_id", "value": "57"},
    ]);
    assert_eq!(
        body,
        json!({
            "type": "erasure", "jurisdiction": "EU", "subject": {"identities": identities},
            "verification": {"method": "session", "at": "2026-11-04T09:00:12Z", "reference": "s-1"},
        })
    );
}

#[test]
fn identities_can_come_on_standard_input() {
    let server = Server::start([json(202, &submitted("awaiting_verification", false))]);
    let mut machine = Machine::at(&server);
    machine.stdin = format!("{MARKED}\nA 57\n");
    let line = format!("{SUBMIT} --identity customer_id=- --email - --idempotency-key k-1");
    check("submit-awaiting", &machine.run(&line));
    let sent = &server.sent()[0];
    assert_eq!(sent.header("idempotency-key"), Some("k-1"));
    let body: Value = serde_json::from_str(&sent.body).expect("a body");
    assert_eq!(body["subject"]["identities"][0]["value"], MARKED);
    assert_eq!(body["subject"]["identities"][1]["value"], "A 57");
    assert_eq!(body.get("verification"), None);
}

#[test]
fn a_subject_gives_no_identity() {
    let server = Server::start([json(202, &submitted("accepted", true))]);
    check("submit-duplicate", &Machine::at(&server).run(SUBMIT));
    let body: Value = serde_json::from_str(&server.sent()[0].body).expect("a body");
    assert_eq!(body, json!({"type": "erasure", "jurisdiction": "EU"}));
}

#[test]
fn machines_get_the_body_as_it_is() {
    let body = r#"{"request_id": "req_x", "new": [1,2]}"#;
    let server = Server::start([text(202, body)]);
    let ran = Machine::at(&server).run(&format!("{SUBMIT} --json"));
    assert_eq!((ran.code, ran.out), (0, format!("{body}\n")));
    let ran = Machine::at(&server).run(&format!("request status {ID} --json"));
    assert_eq!((ran.code, ran.out), (0, format!("{body}\n")));
}

#[test]
fn a_status_says_where_it_is_and_why() {
    let check = |name: &str, view| {
        let server = Server::start([json(200, &body(&view))]);
        check(name, &Machine::at(&server).run(&format!("request status {ID}")));
        assert_eq!(server.lines(), [format!("GET /live/v1/requests/{ID}")]);
    };
    let far = "2026-12-04T09:00:00Z".parse().expect("a time");
    check("status-suppressed", suppressed());
    check("status-parked", parked(true));
    check("status-fulfilled", fulfilled());
    check("status-held", view(Status::Held, Vec::new()));
    let mut denied = view(Status::Denied, vec![store("crm", "restored", [1, 0, 0, 0], None)]);
    denied.denied = Some("fraud_investigation".to_owned());
    check("status-denied", denied);
    let mut overdue = view(Status::Confirming, confirmed());
    overdue.due_by = "2026-11-01T23:59:59Z".parse().expect("a time");
    overdue.stores[0].residue = Some(2);
    overdue.stores[1].residue = None;
    check("status-overdue", overdue);
    check("status-unproven", unproven());
    let mut accepted = view(Status::PartiallyFulfilled, confirmed());
    // Who ends with an accepted risk is told of which stores nothing is proven.
    accepted.unproven = vec!["crm".parse().expect("a store")];
    check("status-accepted", accepted);
    let mut proven = fulfilled();
    "control".clone_into(&mut proven.proof);
    check("status-proven", proven);
    check("status-found-again", found_again());
    let mut later = fulfilled();
    later.recheck = Some(RecheckView { at: far, ..recheck(Stage::Due) });
    check("status-read-later", later);
    let mut read = fulfilled();
    read.recheck = Some(recheck(Stage::Clear));
    check("status-read-again", read);
}

#[test]
fn a_change_shows_where_the_request_is_then() {
    let mut cancelling = suppressed();
    cancelling.cancelling = true;
    let server = Server::start([json(202, &body(&cancelling))]);
    check("cancel", &Machine::at(&server).run(&format!("request cancel {ID}")));
    assert_eq!(server.lines(), [format!("DELETE /live/v1/requests/{ID}")]);
}

#[test]
fn a_brief_answer_to_a_change_is_followed_by_a_look() {
    let after = body(&view(Status::Planning, Vec::new()));
    let server = Server::start([json(202, &json!({"request_id": ID})), json(200, &after)]);
    check("resume", &Machine::at(&server).run(&format!("request resume {ID}")));
    let lines = [format!("POST /live/v1/requests/{ID}/resume"), format!("GET /live/v1/requests/{ID}")];
    assert_eq!(server.lines(), lines);
}

#[test]
fn an_acceptance_is_sent_with_its_reason() {
    let server = Server::start([json(202, &body(&unproven()))]);
    check("accept", &Machine::at(&server).run(&format!("request accept {ID} --reason store-retired")));
    let sent = &server.sent()[0];
    assert_eq!(sent.line, format!("POST /live/v1/requests/{ID}/acceptances"));
    let body: Value = serde_json::from_str(&sent.body).expect("a body");
    assert_eq!(body, json!({"risk": "unproven", "reason": "store-retired"}));
}

#[test]
fn who_was_found_again_is_erased_only_if_it_is_said() {
    let after = body(&view(Status::Reopened, confirmed()));
    for (option, sent) in [("", ""), (" --erase-again", r#"{"erase_again":true}"#)] {
        let server = Server::start([json(202, &after)]);
        Machine::at(&server).run(&format!("request resume {ID}{option}"));
        assert_eq!(server.sent()[0].body, sent);
    }
}

#[test]
fn a_dismissal_is_sent_with_its_reason() {
    let mut dismissed = view(Status::Reopened, confirmed());
    dismissed.recheck = Some(recheck(Stage::Dismissed));
    let server = Server::start([json(202, &body(&dismissed))]);
    let reason = "came-back-by-themselves";
    check("dismiss", &Machine::at(&server).run(&format!("request dismiss {ID} --reason {reason}")));
    let sent = &server.sent()[0];
    assert_eq!(sent.line, format!("POST /live/v1/requests/{ID}/dismiss"));
    let body: Value = serde_json::from_str(&sent.body).expect("a body");
    assert_eq!(body, json!({"reason": reason}));
}

#[test]
fn a_verification_is_sent() {
    let server = Server::start([json(200, &body(&view(Status::Accepted, Vec::new())))]);
    let mut machine = Machine::at(&server);
    machine.stdin = "case 7\n".to_owned();
    let line = format!("request verify {ID} --method document --reference - --at 2026-11-03T08:00:00Z");
    check("verify", &machine.run(&line));
    let sent = &server.sent()[0];
    assert_eq!(sent.line, format!("POST /live/v1/requests/{ID}/verification"));
    let body: Value = serde_json::from_str(&sent.body).expect("a body");
    assert_eq!(body, json!({"method": "document", "at": "2026-11-03T08:00:00Z", "reference": "case 7"}));
}

#[test]
fn a_timeline_is_read_to_its_end() {
    let entry = |n: u32, event: &str, who: &str, more: &Value| {
        let mut entry =
            json!({"n": n, "at": format!("2026-11-04T09:00:{n:02}Z"), "event": event, "who": who});
        for (name, value) in more.as_object().expect("an object") {
            entry[name] = value.clone();
        }
        entry
    };
    let who = format!("backend:{}", "ab12".repeat(16));
    let first = json!({"items": [
        entry(1, "request.accepted", &who, &json!({"status": "accepted"})),
        entry(2, "request.planning", "step:plan", &json!({"status": "planning"})),
    ], "cursor": "two"});
    let second = json!({"items": [
        entry(3, "store.located", "step:locate-store", &json!({
            "status": "planning", "store": "shop",
            "tally": {"located": 46, "erased": 0, "anonymised": 0, "retained": 0},
            "detail": {"round": "2"},
        })),
        entry(4, "request.resumed", "officer:9f2c", &json!({
            "detail": {"why": "hold.placed", "hold": "hold_01kgz3q5v8m4n2c7t9w1x6y3za"},
        })),
        entry(5, "request.held", "step:check-sanctions", &json!({
            "status": "held", "why": "litigation",
            "detail": {"review_at": "2026-12-04T00:00:00.123456789Z", "source": "holds"},
        })),
        entry(6, "store.confirmed", "step:confirm-store", &json!({
            "store": "shop",
            "tally": {"located": 0, "erased": 1, "anonymised": 7, "retained": 38, "residue": 0},
        })),
    ]});
    let replies = || [json(200, &first), json(200, &second)];
    let server = Server::start(replies());
    check("timeline", &Machine::at(&server).run(&format!("request timeline {ID}")));
    let path = format!("GET /live/v1/requests/{ID}/timeline");
    assert_eq!(server.lines(), [format!("{path}?limit=100"), format!("{path}?cursor=two&limit=100")]);
    let server = Server::start(replies());
    let ran = Machine::at(&server).run(&format!("request timeline {ID} --json"));
    let all: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(all["items"].as_array().map(Vec::len), Some(6));
}
