//! Access and portability requests: `submit`, `status`, `watch`, `code`, `downloads`

use contract::api::RequestView;
use contract::export::{ExportView, PackageView};
use domain::Status;
use domain::export::Format;
use domain::request::RequestType;
use serde_json::{Value, json};

use super::folder::Folder;
use super::golden::{check, compare};
use super::machine::{MARKED, Machine};
use super::screen::Screen;
use super::server::{Reply, Server, json, text};
use super::views::{ID, body, confirmed, located, store, submitted, view};

const SUBMIT: &str = "request submit --jurisdiction EU";
const AGE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const PHRASE: &str = "marked horse battery staple";

fn at(text: &str) -> jiff::Timestamp {
    text.parse().expect("a time")
}

/// An export before its packages are there.
pub fn unready() -> ExportView {
    ExportView {
        format: Format::Json,
        encrypted: None,
        ready_at: None,
        expires_at: None,
        destroyed_at: None,
        records: 0,
        packages: Vec::new(),
        downloads: 0,
        downloads_left: 20,
    }
}

/// One whose packages can be fetched.
pub fn ready(packages: Vec<PackageView>) -> ExportView {
    ExportView {
        ready_at: Some(at("2026-11-04T09:00:10Z")),
        expires_at: Some(at("2026-11-07T09:00:10Z")),
        records: 57,
        packages,
        downloads: 1,
        downloads_left: 19,
        ..unready()
    }
}

/// A package of this length.
pub fn package(package: u32, bytes: u64) -> PackageView {
    PackageView { package, bytes, sha256: "5f70bf18".repeat(8) }
}

/// An access request with its export.
pub fn access(status: Status, export: ExportView) -> RequestView {
    let mut stores = located();
    for store in &mut stores {
        "collected".clone_into(&mut store.status);
        store.collected = store.located;
    }
    let mut view = view(status, stores);
    view.kind = RequestType::Access;
    view.export = Some(export);
    view
}

fn way() -> Vec<RequestView> {
    let mut collecting = access(Status::Collecting, unready());
    collecting.stores[1].collected = 0;
    "collecting".clone_into(&mut collecting.stores[1].status);
    let mut planning = access(Status::Planning, unready());
    planning.stores = vec![store("crm", "locating", [0, 0, 0, 0], None)];
    vec![
        planning,
        collecting,
        access(Status::Packaging, unready()),
        access(Status::Ready, ready(vec![package(1, 4_712_345)])),
    ]
}

fn replies(views: &[RequestView]) -> Vec<Reply> {
    views.iter().map(|view| json(200, &body(view))).collect()
}

#[test]
fn a_submission_says_what_the_copy_is_to_be() {
    let sent = |line: &str, stdin: &str| {
        let server = Server::start([json(202, &submitted("accepted", false))]);
        let machine = Machine { stdin: stdin.to_owned(), ..Machine::at(&server) };
        let ran = machine.run(&format!("{SUBMIT} {line}"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let printed = format!("{}{}", ran.out, ran.err);
        assert!(!printed.contains(PHRASE), "{printed}");
        serde_json::from_str::<Value>(&server.sent()[0].body).expect("a body")
    };
    assert_eq!(sent("--type access", ""), json!({"type": "access", "jurisdiction": "EU"}));
    let versions = "--min-version crm=57 --min-version shop=2026-11-04T09:00:00Z";
    assert_eq!(
        sent(&format!("--type portability --format csv --recipient {AGE} {versions}"), ""),
        json!({
            "type": "portability", "jurisdiction": "EU", "format": "csv", "recipient": {"age": AGE},
            "min_versions": {"crm": "57", "shop": "2026-11-04T09:00:00Z"},
        })
    );
    // The passphrase is the last line, after the reference.
    assert_eq!(
        sent(
            "--type erasure --export-first --email - --verified-by call --reference - --passphrase-file -",
            &format!("{MARKED}\ncase 7\n{PHRASE}\n"),
        ),
        json!({
            "type": "erasure", "jurisdiction": "EU", "export_first": true,
            "subject": {"identities": [{"type": "email", "value": MARKED}]},
            "verification": {"method": "call", "at": "2026-11-04T09:00:12Z", "reference": "case 7"},
            "recipient": {"passphrase": PHRASE},
        })
    );
}

#[test]
fn a_passphrase_can_come_from_a_file_that_nobody_else_reads() {
    let folder = Folder::new("passphrase");
    let server = Server::start([json(202, &submitted("accepted", false))]);
    folder.write("secret", format!("{PHRASE}\n").as_bytes());
    folder.allow("secret", 0o640);
    let run = |name: &str| {
        folder.run(Some(&server), &format!("{SUBMIT} --type access --passphrase-file {name}"), b"").text()
    };
    check("usage-passphrase-lax", &run("secret"));
    folder.allow("secret", 0o600);
    assert_eq!(run("secret").code, 0);
    let body: Value = serde_json::from_str(&server.sent()[0].body).expect("a body");
    assert_eq!(body["recipient"], json!({"passphrase": PHRASE}));
    folder.write("secret", b"one\ntwo\n");
    check("usage-passphrase-lines", &run("secret"));
    check("usage-passphrase-missing", &run("none"));
    assert_eq!(server.sent().len(), 1, "something was sent all the same");
}

#[test]
fn what_cannot_be_meant_is_not_sent() {
    let server = Server::start([json(202, &submitted("accepted", false))]);
    let check = |name: &str, line: &str| {
        let ran = Machine::at(&server).run(&format!("{SUBMIT} --type access {line}"));
        assert_eq!(ran.code, 2, "{line}");
        assert!(!ran.err.contains("GQ9778"), "{}", ran.err);
        check(name, &ran);
    };
    let key = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    check("usage-recipient-key", &format!("--recipient {key}"));
    check("usage-recipient", &format!("--recipient {MARKED}"));
    check("usage-recipient-both", &format!("--recipient {AGE} --passphrase-file x"));
    check("usage-passphrase-none", "--passphrase-file -");
    check("usage-min-version", &format!("--min-version crm={MARKED}"));
    check("usage-min-version-twice", "--min-version crm=1 --min-version crm=2");
    check("usage-format", "--format pdf");
    assert_eq!(server.lines(), [""; 0], "something was sent all the same");
}

#[test]
fn whoever_types_a_passphrase_is_told_that_it_shows() {
    let server = Server::start([json(202, &submitted("accepted", false))]);
    let machine = Machine { stdin: format!("{PHRASE}\n"), terminal: true, ..Machine::at(&server) };
    let ran = machine.run(&format!("{SUBMIT} --type access --passphrase-file -"));
    assert_eq!(ran.err, "passphrase (it shows as you type it), then Enter:\n");
}

#[test]
fn a_status_says_what_can_be_fetched() {
    let check = |name: &str, view: RequestView| {
        let server = Server::start([json(200, &body(&view))]);
        check(name, &Machine::at(&server).run(&format!("request status {ID}")));
    };
    check("status-collecting", way().swap_remove(1));
    let mut one = ready(vec![package(1, 4_712_345)]);
    one.encrypted = Some("age".to_owned());
    one.format = Format::Csv;
    check("status-ready", access(Status::Ready, one.clone()));
    let mut three = ready(vec![package(1, 5_000_000_000), package(2, 5_000_000_000), package(3, 812)]);
    three.encrypted = Some("passphrase".to_owned());
    three.downloads = 60;
    three.downloads_left = 0;
    check("status-ready-many", access(Status::Ready, three));
    let mut destroyed = one.clone();
    destroyed.destroyed_at = Some(at("2026-11-04T09:00:11Z"));
    destroyed.packages = Vec::new();
    destroyed.downloads_left = 0;
    let mut over = access(Status::Fulfilled, destroyed.clone());
    over.closed_at = destroyed.destroyed_at;
    check("status-fetched", over.clone());
    over.export.as_mut().expect("an export").downloads = 0;
    check("status-unfetched", over);
    check("status-access-cancelled", access(Status::Cancelled, unready()));
    let mut cancelling = access(Status::Collecting, unready());
    cancelling.cancelling = true;
    check("status-access-cancelling", cancelling);
    let mut first = view(Status::Ready, located());
    first.export = Some(one);
    for store in &mut first.stores {
        "collected".clone_into(&mut store.status);
        store.collected = store.located;
    }
    check("status-export-first", first);
    let mut erased = view(Status::Fulfilled, confirmed());
    erased.export = Some(destroyed);
    for store in &mut erased.stores {
        store.collected = store.located;
    }
    check("status-export-first-erased", erased);
}

#[test]
fn a_watch_ends_when_the_person_can_fetch_it() {
    let mut all = replies(&way());
    // It stays like this for days; the watch does not.
    all.push(Reply::Drop);
    let server = Server::start(all.clone());
    check("watch-access", &Machine::at(&server).run(&format!("request watch {ID}")));
    all.insert(0, json(202, &submitted("accepted", false)));
    let server = Server::start(all);
    let ran = Machine::at(&server).run(&format!("{SUBMIT} --type access --watch --json"));
    assert_eq!((ran.code, ran.out.lines().count()), (0, 5));
}

#[test]
fn on_a_terminal_the_stores_are_seen_as_they_are_read() {
    let server = Server::start(replies(&way()));
    let mut machine = Machine::at(&server);
    machine.terminal = true;
    let ran = machine.run(&format!("request watch {ID}"));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    compare("watch-access-terminal", &Screen::after(&ran.out));
    let reading = ran.out.find("reading the person").expect("the frame while it reads");
    let end = ran.out[reading..].find("\r\x1b[").expect("the next frame") + reading;
    compare("watch-access-terminal-reading", &Screen::after(&ran.out[..end]));
}

#[test]
fn what_is_not_there_any_more_or_waits_for_an_erasure_is_followed_on() {
    // Its time is over, and it is about to be destroyed.
    let mut over = access(Status::Ready, ready(vec![package(1, 7)]));
    over.export.as_mut().expect("an export").expires_at = Some(at("2026-11-04T09:00:12Z"));
    let mut end = access(Status::Fulfilled, unready());
    end.closed_at = Some(at("2026-11-04T09:00:12Z"));
    let server = Server::start(replies(&[over, end.clone()]));
    assert_eq!(Machine::at(&server).run(&format!("request watch {ID}")).code, 0);
    assert_eq!(server.sent().len(), 2);
    // It is being withdrawn.
    let mut withdrawn = access(Status::Ready, ready(vec![package(1, 7)]));
    withdrawn.cancelling = true;
    end.status = Status::Cancelled;
    let server = Server::start(replies(&[withdrawn, end]));
    assert_eq!(Machine::at(&server).run(&format!("request watch {ID}")).code, 3);
    // The person's time, before anything is erased.
    let mut first = view(Status::Ready, located());
    first.export = Some(ready(vec![package(1, 7)]));
    let server = Server::start(replies(&[first]));
    check("watch-export-first", &Machine::at(&server).run(&format!("request watch {ID} --timeout 1s")));
}

#[test]
fn a_code_is_shown_once() {
    let made = json!({"code": "0f1e2d3c".repeat(8), "expires_at": "2026-11-07T09:00:10Z"});
    let server = Server::start([json(201, &made)]);
    check("code", &Machine::at(&server).run(&format!("request code {ID}")));
    assert_eq!(server.lines(), [format!("POST /live/v1/requests/{ID}/export/code")]);
    let ran = Machine::at(&server).run(&format!("request code {ID} --json"));
    assert_eq!((ran.code, ran.out), (0, format!("{made}\n")));
}

#[test]
fn a_code_that_nobody_saw_is_made_anew_by_hand() {
    let server = Server::start([Reply::Drop]);
    check("code-unsure", &Machine::at(&server).run(&format!("request code {ID}")));
    assert_eq!(server.sent().len(), 1, "it was sent again");
    let problem = json!({
        "type": "urn:lacuna:problem:gone", "title": "It is destroyed", "status": 410,
        "detail": "The package is destroyed, since its time was over or the request was withdrawn. A new request makes a new one.",
    });
    let server = Server::start([json(410, &problem)]);
    check("code-gone", &Machine::at(&server).run(&format!("request code {ID}")));
}

#[test]
fn downloads_say_from_where() {
    let long = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
    let items = json!({"items": [
        {"link": 1, "at": "2026-11-04T09:00:12Z", "address": "203.0.113.7", "client": long},
        {"link": 12, "at": "2026-11-05T19:30:00Z", "address": "2001:db8:85a3::8a2e:370:7334", "client": ""},
        {"link": 13, "at": "2026-11-05T19:31:00Z", "address": "198.51.100.1", "client": "evil\u{1b}[2Jcurl"},
    ]});
    let server = Server::start([json(200, &items)]);
    check("downloads", &Machine::at(&server).run(&format!("request downloads {ID}")));
    assert_eq!(server.lines(), [format!("GET /live/v1/requests/{ID}/downloads")]);
    let server = Server::start([json(200, &json!({"items": []}))]);
    check("downloads-none", &Machine::at(&server).run(&format!("request downloads {ID}")));
    let server = Server::start([text(
        403,
        r#"{"title": "This role may not do that", "status": 403,
        "detail": "Nothing was done. Roles that may do this: officer, admin."}"#,
    )]);
    check("downloads-403", &Machine::at(&server).run(&format!("request downloads {ID}")));
}

#[test]
fn help_says_what_a_copy_needs() {
    for name in ["fetch", "code", "downloads"] {
        check(&format!("help-{name}"), &Machine::default().run(&format!("request {name} --help")));
    }
}
