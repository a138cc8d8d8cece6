//! `lacuna request fetch`: the API sends it on to another host, which gives the package.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use contract::api::RequestView;
use contract::export::PackageView;
use domain::Status;
use serde_json::{Value, json};

use super::exports::{access, package, ready, unready};
use super::folder::{Folder, ended, plaintext};
use super::golden::check;
use super::machine::{Machine, Ran};
use super::server::{Reply, Server, json, text};
use super::views::{ID, body, fulfilled};

/// What is in every link, and nowhere else.
const SIGNED: &str = "X-Amz-Signature=5ecre7";

/// Another host, which says exactly this to everybody, then closes or hangs.
struct Store {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Store {
    fn start(head: &str, content: Vec<u8>, hangs: bool) -> Self {
        Self::pausing(head, content, hangs, Duration::ZERO)
    }

    /// The same, with a pause in the middle.
    fn pausing(head: &str, content: Vec<u8>, hangs: bool, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, head) = (Arc::clone(&asked), head.to_owned());
        thread::spawn(move || {
            let mut open = Vec::new();
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (mut request, mut byte) = (Vec::new(), [0]);
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                    request.extend(byte);
                }
                kept.lock().expect("the requests").push(String::from_utf8(request).expect("text"));
                let (first, second) = content.split_at(content.len() / 2);
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(first));
                thread::sleep(pause);
                let _ = stream.write_all(second);
                if hangs {
                    open.push(stream);
                }
            }
        });
        Self { port, asked }
    }

    /// Gives a package.
    fn of(content: &[u8]) -> Self {
        Self::start(&head(content.len(), "attachment; filename=\"package.zip.age\""), content.to_vec(), false)
    }

    fn link(&self) -> Reply {
        // The header's text is a constant of the test process.
        let location = format!("location: http://127.0.0.1:{}/{ID}?{SIGNED}", self.port);
        Reply::Answer(303, location.leak(), String::new())
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("the requests").clone()
    }
}

fn head(length: usize, disposition: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\ncontent-disposition: \
         {disposition}\r\n\r\n"
    )
}

fn of(number: u32, content: &[u8]) -> PackageView {
    let sha256 = hex::encode(digest(&SHA256, content));
    PackageView { sha256, ..package(number, u64::try_from(content.len()).expect("a length")) }
}

fn view(packages: Vec<PackageView>) -> RequestView {
    access(Status::Ready, {
        // The process has the machine's own clock.
        let mut export = ready(packages);
        export.expires_at = Some("2226-11-07T09:00:10Z".parse().expect("a time"));
        export
    })
}

fn api(view: &RequestView, store: &Store) -> Server {
    Server::start([json(200, &body(view)), store.link()])
}

/// The same, where the machine's clock is seen in what is left.
fn steady(mut ran: Ran) -> Ran {
    let left = ran.out.find(" days left").expect("what is left");
    let from = ran.out[..left].rfind('(').expect("what is left") + 1;
    ran.out.replace_range(from..left, "…");
    ran
}

fn run(folder: &Folder, server: &Server, more: &str) -> Ran {
    let ran = folder.run(Some(server), &format!("request fetch {ID} {more}"), b"").text();
    let printed = format!("{}{}", ran.out, ran.err);
    assert!(!printed.contains(SIGNED) && !printed.contains("X-Amz"), "it prints the link: {printed}");
    ran
}

#[test]
fn a_package_is_fetched_and_the_token_stays_with_the_api() {
    let folder = Folder::new("fetch");
    let content = plaintext(300_000);
    let mut view = view(vec![of(1, &content), of(2, b"two")]);
    view.export.as_mut().expect("an export").encrypted = Some("age".to_owned());
    let store = Store::of(&content);
    let server = api(&view, &store);
    check("fetch", &steady(run(&folder, &server, "")));
    assert_eq!(folder.names(), ["package.zip.age"]);
    assert_eq!((folder.read("package.zip.age"), folder.mode("package.zip.age")), (content, 0o600));
    let lines =
        [format!("GET /live/v1/requests/{ID}"), format!("GET /live/v1/requests/{ID}/export?package=1")];
    assert_eq!(server.lines(), lines);
    assert!(server.sent().iter().all(|sent| sent.header("authorization") == Some("Bearer t")));
    let asked = store.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with(&format!("GET /{ID}?{SIGNED} HTTP/1.1\r\n")), "{asked:?}");
    let lower = asked[0].to_lowercase();
    for never in ["authorization", "bearer", "cookie", "referer"] {
        assert!(!lower.contains(never), "{never} was sent on: {lower}");
    }
}

#[test]
fn somebody_says_where_to_and_which() {
    let folder = Folder::new("fetch-out");
    let content = plaintext(20);
    let mut view = view(vec![of(1, b"one"), of(2, &content)]);
    view.export.as_mut().expect("an export").encrypted = Some("passphrase".to_owned());
    let store = Store::of(&content);
    check("fetch-out", &steady(run(&folder, &api(&view, &store), "-o mine.zip.age --package 2")));
    assert_eq!((folder.names(), folder.read("mine.zip.age")), (vec!["mine.zip.age".to_owned()], content));
    view.export.as_mut().expect("an export").encrypted = None;
    let ran = run(&folder, &api(&view, &store), "-o mine.zip --package 2 --json");
    let said: Value = serde_json::from_str(&ran.out).expect("JSON");
    let sha256 = &view.export.as_ref().expect("an export").packages[1].sha256;
    assert_eq!(
        said,
        json!({"out": "mine.zip", "package": 2, "bytes": 20, "sha256": sha256, "encrypted": null})
    );
    check("fetch-plain", &steady(run(&folder, &api(&view, &store), "-o mine.zip --package 2 --force")));
}

#[test]
fn a_name_from_elsewhere_stays_in_this_folder() {
    let folder = Folder::new("fetch-name");
    for (disposition, name) in [
        ("attachment; filename=\"../../../tmp/evil.zip\"", "evil.zip"),
        ("attachment; filename=\".profile\"", "profile"),
        ("attachment", &format!("{ID}.zip")),
    ] {
        let store = Store::start(&head(3, disposition), b"abc".to_vec(), false);
        let ran = run(&folder, &api(&view(vec![of(1, b"abc")]), &store), "");
        assert_eq!((ran.code, folder.names()), (0, vec![name.to_owned()]), "{}", ran.err);
        std::fs::remove_file(folder.path(name)).expect("a file");
    }
}

#[test]
fn what_is_there_is_left_as_it_is() {
    let folder = Folder::new("fetch-there");
    let store = Store::of(b"abc");
    let view = view(vec![of(1, b"abc")]);
    folder.write("mine", b"old");
    let server = api(&view, &store);
    check("fetch-there", &run(&folder, &server, "-o mine"));
    assert_eq!(server.lines(), [""; 0]);
    // The name that it will have is known before a link is used up.
    folder.write(&format!("{ID}.zip"), b"old");
    let server = api(&view, &store);
    check("fetch-there-expected", &run(&folder, &server, ""));
    assert_eq!(server.sent().len(), 1);
    // Or not.
    std::fs::remove_file(folder.path(&format!("{ID}.zip"))).expect("a file");
    folder.write("package.zip.age", b"old");
    check("fetch-there-late", &run(&folder, &api(&view, &store), ""));
    assert_eq!(folder.names(), ["mine", "package.zip.age"]);
    assert_eq!((folder.read("mine"), folder.read("package.zip.age")), (b"old".to_vec(), b"old".to_vec()));
    assert_eq!(run(&folder, &api(&view, &store), "-o mine --force").code, 0);
    assert_eq!(folder.read("mine"), b"abc");
    let server = api(&view, &store);
    check("fetch-nowhere", &run(&folder, &server, "-o no/such/folder/x"));
    assert!(server.sent().is_empty(), "no link was used up");
    check("fetch-stdout", &run(&folder, &server, "-o -"));
}

#[test]
fn what_is_not_the_package_leaves_no_file() {
    let folder = Folder::new("fetch-wrong");
    let content = plaintext(70_000);
    let right = view(vec![of(1, &content)]);
    let mut other = content.clone();
    other[69_999] ^= 1;
    let whole = head(content.len(), "attachment");
    let check = |name: &str, view: &RequestView, store: Store| {
        let ran = run(&folder, &api(view, &store), "-o x");
        assert_eq!(ran.code, 1, "{}", ran.out);
        check(name, &ran);
        assert_eq!(folder.names(), [""; 0], "{name} leaves something");
    };
    check("fetch-sha", &right, Store::of(&other));
    check("fetch-length", &right, Store::of(&content[1..]));
    check("fetch-broken", &right, Store::start(&whole, content[..50_000].to_vec(), false));
    let endless = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    let mut more = content.clone();
    more.extend(b"more");
    check("fetch-more", &right, Store::start(endless, more, false));
    check("fetch-less", &right, Store::start(endless, content[..50_000].to_vec(), false));
    let refused = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 6\r\n\r\n";
    check("fetch-refused", &right, Store::start(refused, b"marked".to_vec(), false));
    let onward =
        "HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    check("fetch-onward", &right, Store::start(onward, Vec::new(), false));
}

#[test]
fn a_store_in_trouble_is_asked_again_without_another_link() {
    let folder = Folder::new("fetch-trouble");
    let store =
        Store::start("HTTP/1.1 503 x\r\nconnection: close\r\nretry-after: 0\r\n\r\n", Vec::new(), false);
    let server = api(&view(vec![of(1, b"abc")]), &store);
    check("fetch-trouble", &run(&folder, &server, ""));
    assert_eq!((store.asked().len(), server.sent().len(), folder.names().len()), (5, 2, 0));
}

#[test]
fn what_cannot_be_fetched_uses_up_no_link() {
    let folder = Folder::new("fetch-none");
    let check = |name: &str, view: &RequestView, more: &str| {
        let server = Server::start([json(200, &body(view)), text(500, "")]);
        let ran = run(&folder, &server, more);
        assert_eq!((ran.code, server.sent().len(), folder.names().len()), (1, 1, 0), "{name}: {}", ran.err);
        check(name, &ran);
    };
    check("fetch-early", &access(Status::Collecting, unready()), "");
    check("fetch-nothing", &fulfilled(), "");
    check("fetch-number", &view(vec![of(1, b"a"), of(2, b"b")]), "--package 3");
    let changed = |change: &dyn Fn(&mut contract::export::ExportView)| {
        let mut view = view(vec![of(1, b"a")]);
        change(view.export.as_mut().expect("an export"));
        view
    };
    check("fetch-destroyed", &changed(&|export| export.destroyed_at = export.ready_at), "");
    check("fetch-expired", &changed(&|export| export.expires_at = export.ready_at), "");
    let used = changed(&|export| (export.downloads, export.downloads_left) = (20, 0));
    check("fetch-used-up", &used, "");
    check("fetch-withdrawn", &access(Status::Cancelled, unready()), "");
}

#[test]
fn the_api_can_say_no() {
    let folder = Folder::new("fetch-no");
    let check = |name: &str, reply: Reply| {
        let server = Server::start([json(200, &body(&view(vec![of(1, b"abc")]))), reply]);
        check(name, &run(&folder, &server, ""));
        assert_eq!((server.sent().len(), folder.names().len()), (2, 0), "{name}");
    };
    let forbidden = json!({
        "type": "urn:lacuna:problem:forbidden", "title": "This role may not do that", "status": 403,
        "detail": "Nothing was done. Roles that may do this: subject.",
    });
    check("fetch-403", json(403, &forbidden));
    let gone = json!({
        "type": "urn:lacuna:problem:gone", "title": "It is destroyed", "status": 410,
        "detail": "The package is destroyed, since its time was over or the request was withdrawn. A new request makes a new one.",
    });
    check("fetch-410", json(410, &gone));
    // It may have been counted: nothing uses up links by itself.
    check("fetch-unsure", Reply::Drop);
    check("fetch-503", text(503, ""));
    check("fetch-no-link", json(200, &json!({})));
    check(
        "fetch-open-line",
        Reply::Answer(303, "location: http://example.com/x?X-Amz-Signature=5ecre7", String::new()),
    );
}

#[test]
fn the_last_link_is_said_to_be_the_last() {
    let folder = Folder::new("fetch-last");
    let mut view = view(vec![of(1, b"abc")]);
    view.export.as_mut().expect("an export").downloads_left = 1;
    check("fetch-last", &run(&folder, &api(&view, &Store::of(b"abd")), ""));
}

#[test]
fn somebody_who_waits_sees_how_far_it_is() {
    let folder = Folder::new("fetch-progress");
    let content = plaintext(100_000);
    let head = head(content.len(), "attachment");
    let store = Store::pausing(&head, content.clone(), false, Duration::from_millis(400));
    let server = api(&view(vec![of(1, &content)]), &store);
    let machine = Machine { terminal: true, no_color: true, ..Machine::at(&server) };
    let out = folder.path("x");
    let words = ["lacuna", "request", "fetch", ID, "-o"].map(Into::into);
    let ran = machine.run_words(words.into_iter().chain([out.into_os_string()]));
    assert_eq!((ran.code, folder.read("x")), (0, content), "{}", ran.err);
    assert!(ran.err.contains("\r\x1b[K50.0 kB of 100.0 kB  50 %"), "{:?}", ran.err);
    assert!(ran.err.ends_with("\r\x1b[K"), "it was left there: {:?}", ran.err);
}

#[test]
fn whoever_stops_it_finds_no_half_of_a_file() {
    let folder = Folder::new("fetch-stopped");
    let content = plaintext(100_000);
    let store = Store::start(&head(content.len(), "attachment"), content[..60_000].to_vec(), true);
    let server = api(&view(vec![of(1, &content)]), &store);
    let child = folder.lacuna(Some(&server), &format!("request fetch {ID} -o x")).spawn().expect("a run");
    let began = Instant::now();
    let partial = |folder: &Folder| folder.names().first().is_some_and(|name| !folder.read(name).is_empty());
    while !partial(&folder) && began.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(5));
    }
    let names = folder.names();
    assert!(names[0].starts_with(".lacuna-") && names[0].ends_with(".partial"), "{names:?}");
    assert_eq!(folder.mode(&names[0]), 0o600);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a signal");
    assert!(sent.success());
    check("fetch-interrupted", &ended(child).text());
    assert_eq!(folder.names(), [""; 0]);
}

/// Of any length in constant memory. The kernel counts: the highest resident set, read while it waits for more.
#[cfg(target_os = "linux")]
#[test]
fn a_large_package_passes_through_little_memory() {
    const LENGTH: usize = 128 << 20;
    let folder = Folder::new("fetch-large");
    let mut content = plaintext(1 << 20).repeat(LENGTH >> 20);
    let right = of(1, &content);
    content.pop();
    let store = Store::start(&head(LENGTH, "attachment"), content, true);
    let server = api(&view(vec![right]), &store);
    let mut child = folder.lacuna(Some(&server), &format!("request fetch {ID} -o x")).spawn().expect("a run");
    let began = Instant::now();
    let arrived = |folder: &Folder| {
        let names = folder.names();
        let found = names.first().and_then(|name| std::fs::metadata(folder.path(name)).ok());
        found.is_some_and(|found| found.len() == LENGTH as u64 - 1)
    };
    while !arrived(&folder) && began.elapsed() < Duration::from_mins(1) {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(arrived(&folder), "it did not arrive");
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its highest");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    child.kill().expect("its end");
    child.wait().expect("its end");
    // What a killed process cannot remove.
    for name in folder.names() {
        std::fs::remove_file(folder.path(&name)).expect("a file");
    }
    assert!(kib < 64 * 1024, "{kib} KiB resident");
}
