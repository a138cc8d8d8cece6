//! `lacuna request watch`, and `submit --watch`.

use contract::api::RequestView;
use domain::Status;

use super::golden::{check, compare};
use super::machine::{MARKED, Machine, Ran};
use super::screen::Screen;
use super::server::{Reply, Server, json, text};
use super::views::{ID, body, confirmed, fulfilled, located, parked, store, submitted, suppressed, view};

/// A request from its beginning to its end.
fn way() -> Vec<RequestView> {
    let locating =
        vec![store("crm", "locating", [0, 0, 0, 0], None), store("shop", "located", [46, 0, 0, 0], None)];
    let erasing = vec![
        store("crm", "erased", [1, 1, 0, 0], None),
        store("shop", "erasing", [46, 0, 3, 0], None),
        store("support-objects", "erased", [4, 4, 0, 0], None),
    ];
    vec![
        view(Status::Accepted, Vec::new()),
        view(Status::Planning, locating),
        view(Status::Checking, located()),
        suppressed(),
        view(Status::Erasing, erasing),
        view(Status::Confirming, confirmed()),
        fulfilled(),
    ]
}

fn replies(views: &[RequestView]) -> Vec<Reply> {
    views.iter().map(|view| json(200, &body(view))).collect()
}

fn watch(replies: Vec<Reply>, more: &str) -> Ran {
    let server = Server::start(replies);
    Machine::at(&server).run(&format!("request watch {ID} {more}"))
}

#[test]
fn without_a_terminal_there_is_a_line_for_each_change() {
    let twice: Vec<RequestView> = way().into_iter().flat_map(|view| [view.clone(), view]).collect();
    check("watch-lines", &watch(replies(&twice), ""));
}

#[test]
fn machines_get_a_body_for_each_change() {
    let ran = watch(replies(&way()), "--json");
    let bodies: Vec<String> = way().iter().map(|view| body(view).to_string()).collect();
    assert_eq!((ran.code, ran.out), (0, bodies.join("\n") + "\n"));
}

#[test]
fn a_submission_can_be_watched() {
    let mut replies = replies(&way());
    replies.insert(0, json(202, &submitted("accepted", false)));
    let server = Server::start(replies);
    let line = format!("request submit --type erasure --jurisdiction EU --email {MARKED} --watch");
    check("submit-watch", &Machine::at(&server).run(&line));
}

#[test]
fn on_a_terminal_it_draws_over_itself_and_leaves_only_the_end() {
    let server = Server::start(replies(&way()));
    let mut machine = Machine::at(&server);
    machine.terminal = true;
    let ran = machine.run(&format!("request watch {ID}"));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    compare("watch-terminal-end", &Screen::after(&ran.out));
    assert!(ran.out.contains("\x1b[32mconfirmed\x1b[0m"), "no colour on a terminal");
    let erasing = ran.out.find("erasing; this can").expect("the frame while it erases");
    let end = ran.out[erasing..].find("\r\x1b[").expect("the next frame") + erasing;
    compare("watch-terminal-erasing", &Screen::after(&ran.out[..end]));
}

#[test]
fn more_stores_than_rows_are_counted() {
    let many: Vec<_> =
        (0..60).map(|n| store(&format!("store-{n}"), "locating", [n, 0, 0, 0], None)).collect();
    let server = Server::start(replies(&[view(Status::Planning, many), fulfilled()]));
    let mut machine = Machine::at(&server);
    machine.terminal = true;
    let ran = machine.run(&format!("request watch {ID}"));
    let end = ran.out.find("\r\x1b[").expect("the second frame");
    let frame = Screen::after(&ran.out[..end]);
    assert_eq!(frame.lines().count(), 23, "it must leave a row of 24 for the cursor:\n{frame}");
    compare("watch-terminal-many", &frame);
}

/// Nothing but somebody's word makes it go on: what is held is asked about again by itself.
#[test]
fn what_waits_for_somebodys_word_is_not_said_to_go_on_by_itself() {
    let said = |status| {
        let server = Server::start(replies(&[view(status, Vec::new())]));
        Machine::at(&server).run(&format!("request watch {ID} --timeout 1s")).err
    };
    let waiting = said(Status::AwaitingVerification);
    assert!(waiting.contains("does not go on by itself"), "{waiting}");
    let held = said(Status::Held);
    assert!(held.contains("goes on by itself"), "{held}");
}

#[test]
fn the_exit_code_says_how_it_ended() {
    let mut denied = view(Status::Denied, Vec::new());
    denied.denied = Some("fraud_investigation".to_owned());
    let ends = [
        (Status::PartiallyFulfilled, confirmed()),
        (Status::NoMatch, Vec::new()),
        (Status::Cancelled, Vec::new()),
    ];
    let ends = ends.map(|(status, stores)| view(status, stores));
    for end in ends.iter().chain([&denied]) {
        let ran = watch(replies(std::slice::from_ref(end)), "");
        assert_eq!(ran.code, 3, "{}", end.status);
        check(&format!("watch-{}", end.status), &ran);
    }
}

#[test]
fn a_parked_request_ends_the_watch() {
    check("watch-parked", &watch(replies(&[parked(false)]), ""));
    let resumed = [parked(true), view(Status::Planning, Vec::new()), fulfilled()];
    assert_eq!(watch(replies(&resumed), "").code, 4);
    assert_eq!(watch(replies(&resumed), "--through-parked").code, 0);
    assert_eq!(watch(replies(&[parked(false)]), "--through-parked").code, 4);
    assert_eq!(watch(replies(&[parked(true)]), "--through-parked --timeout 1s").code, 4);
}

#[test]
fn the_time_can_be_up() {
    check("watch-timeout", &watch(replies(&[suppressed()]), "--timeout 1s"));
    check("watch-silent", &watch(vec![Reply::Hang], "--timeout 50ms"));
    let ran = watch(replies(&[suppressed()]), "--timeout 1s --json");
    assert_eq!((ran.code, ran.out), (5, format!("{}\n", body(&suppressed()))));
}

#[test]
fn an_outage_on_the_way_is_waited_for() {
    let mut replies = replies(&way());
    let outage = [text(503, ""), text(503, ""), text(503, ""), Reply::Drop, text(500, "")];
    replies.splice(3..3, outage);
    let ran = watch(replies, "");
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn an_outage_before_anything_was_seen_is_an_error() {
    assert_eq!(watch(vec![text(503, "")], "").code, 1);
}

#[test]
fn a_token_that_expires_on_the_way_is_an_error() {
    let mut replies = replies(&[suppressed()]);
    replies.push(text(401, ""));
    check("watch-expired", &watch(replies, ""));
}
