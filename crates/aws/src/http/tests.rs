//! The guard against a real server on this machine.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::net::TcpListener;

use super::*;
use crate::testing::{ok, serve};

/// Of time more than the slowest machine takes for an answer that comes.
fn small() -> Limits {
    Limits { connect: Duration::from_mins(1), total: Duration::from_mins(1), bytes: 1024 }
}

fn guard(allow_loopback: bool) -> Guard {
    Guard::with(allow_loopback, small(), Arc::new(SystemLookup))
}

/// For a server that falls silent.
fn hurried() -> Guard {
    let half = Duration::from_millis(500);
    Guard::with(true, Limits { connect: half, total: half, bytes: 1024 }, Arc::new(SystemLookup))
}

fn hosts() -> Vec<String> {
    ["127.0.0.1", "localhost", "named.example"].map(str::to_owned).to_vec()
}

async fn get(guard: &Guard, url: &str) -> Result<Answer, CallError> {
    guard.call(Call::get(url, &hosts())).await
}

/// A lookup that says the same every time, and counts.
struct Fixed(Vec<IpAddr>, AtomicUsize);

#[async_trait]
impl Lookup for Fixed {
    async fn addresses(&self, _name: &str) -> Vec<IpAddr> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.clone()
    }
}

fn fixed(addresses: &[&str]) -> Arc<Fixed> {
    let addresses = addresses.iter().map(|ip| ip.parse().expect("an address"));
    Arc::new(Fixed(addresses.collect(), AtomicUsize::new(0)))
}

#[tokio::test]
async fn an_answer_is_read() {
    let (port, _) = serve(ok("hello"), false).await;
    let answer = get(&guard(true), &format!("http://127.0.0.1:{port}/")).await;
    let expect = Answer { status: 200, body: b"hello".to_vec() };
    assert_eq!(answer, Ok(expect));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (to, followed) = serve(ok("secret"), false).await;
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{to}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let (port, _) = serve(redirect.into_bytes(), false).await;
    let answer = get(&guard(true), &format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(answer.map(|a| a.status), Ok(302));
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_slow_answer_times_out() {
    let silent = serve(Vec::new(), true).await.0;
    let url = format!("http://127.0.0.1:{silent}/");
    assert_eq!(get(&hurried(), &url).await, Err(CallError::TimedOut));

    // The limit is over the whole answer: one that begins in time must also end in time.
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec();
    let dripping = serve(head, true).await.0;
    let url = format!("http://127.0.0.1:{dripping}/");
    assert_eq!(get(&hurried(), &url).await, Err(CallError::TimedOut));

    let slow = Guard::with(true, Limits::default(), Arc::new(SystemLookup));
    let mut call = Call::get(&url, &[]);
    let allowed = hosts();
    call.allowed = &allowed;
    call.within = Some(Duration::from_millis(200));
    assert_eq!(slow.call(call).await, Err(CallError::TimedOut));
}

#[tokio::test]
async fn an_oversized_answer_is_refused_whether_it_says_so_or_not() {
    let (port, _) = serve(ok(&"x".repeat(1025)), false).await;
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(get(&guard(true), &url).await, Err(CallError::TooLarge));

    let body = "x".repeat(1025);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n401\r\n{body}\r\n0\r\n\r\n"
    );
    let (port, _) = serve(chunked.into_bytes(), false).await;
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(get(&guard(true), &url).await, Err(CallError::TooLarge));

    let (port, _) = serve(ok(&"x".repeat(1024)), false).await;
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(get(&guard(true), &url).await.map(|a| a.body.len()), Ok(1024));
}

#[tokio::test]
async fn the_status_alone_does_not_care_how_large_the_answer_is() {
    let (port, _) = serve(ok(&"x".repeat(5000)), false).await;
    let url = format!("http://127.0.0.1:{port}/");
    let allowed = hosts();
    let status = guard(true).status(Call::post(&url, &allowed, b"{}".to_vec())).await;
    assert_eq!(status, Ok(200));
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_and_nothing_is_sent() {
    let (port, seen) = serve(ok("secret"), false).await;
    let refused = Err(CallError::Refused(Rule::Address));
    let url = format!("https://localhost:{port}/");
    assert_eq!(get(&guard(false), &url).await, refused);

    for addresses in [&["127.0.0.1"][..], &["1.1.1.1", "127.0.0.1"], &["::1"]] {
        let guard = Guard::with(false, small(), fixed(addresses));
        let url = format!("https://named.example:{port}/");
        assert_eq!(get(&guard, &url).await, refused, "{addresses:?}");
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_is_resolved_once_and_the_connection_goes_there() {
    let (port, seen) = serve(ok("hello"), false).await;
    let lookup = fixed(&["127.0.0.1"]);
    let guard = Guard::with(true, small(), Arc::clone(&lookup) as Arc<dyn Lookup>);
    let answer = get(&guard, &format!("http://localhost:{port}/")).await;
    assert_eq!(answer.map(|a| a.status), Ok(200));
    assert_eq!(lookup.1.load(Ordering::SeqCst), 1);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_cannot_be_reached_says_why() {
    let nobody = Guard::with(false, small(), fixed(&[]));
    let url = "https://named.example/";
    assert_eq!(get(&nobody, url).await, Err(CallError::Unresolved));

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    drop(listener);
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(get(&guard(true), &url).await, Err(CallError::Unreachable));

    let (port, _) = serve(b"not http at all".to_vec(), false).await;
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(get(&guard(true), &url).await, Err(CallError::Broken));

    let (port, _) = serve(ok("plain"), false).await;
    let url = format!("https://127.0.0.1:{port}/");
    assert_eq!(get(&guard(true), &url).await, Err(CallError::Unreachable));
}

#[test]
fn an_answer_does_not_print_its_body() {
    let answer = Answer { status: 200, body: b"marked@example.com".to_vec() };
    assert_eq!(format!("{answer:?}"), "Answer { status: 200, .. }");
}
