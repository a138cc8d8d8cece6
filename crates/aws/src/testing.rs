//! What the tests of this crate share.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use ports::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A clock that is set by hand.
#[derive(Debug, Default)]
pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn at(second: i64) -> Arc<Self> {
        let clock = Self::default();
        clock.set(second);
        Arc::new(clock)
    }

    pub(crate) fn set(&self, second: i64) {
        self.0.store(second, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).expect("a time")
    }
}

/// An answer of 200 with a body.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    status("200 OK", body)
}

/// An answer.
pub(crate) fn status(line: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {line}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

/// Answers every connection with these bytes, after reading a request's head, and counts them.
/// `stall` keeps the connection open without a further word.
pub(crate) async fn serve(answer: Vec<u8>, stall: bool) -> (u16, Arc<AtomicUsize>) {
    let (port, server) = listen(answer, stall).await;
    (port, Arc::clone(&server.seen))
}

/// A server whose answer can be changed, and which remembers what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Server {
    pub(crate) answer: Mutex<Vec<u8>>,
    pub(crate) asked: Mutex<Vec<String>>,
    pub(crate) seen: Arc<AtomicUsize>,
}

/// Starts a server on a free port of this machine.
pub(crate) async fn listen(answer: Vec<u8>, stall: bool) -> (u16, Arc<Server>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let server = Arc::new(Server { answer: Mutex::new(answer), ..Server::default() });
    let serving = Arc::clone(&server);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            serving.seen.fetch_add(1, Ordering::SeqCst);
            let serving = Arc::clone(&serving);
            tokio::spawn(async move {
                let mut request = vec![0; 16_384];
                let mut read = 0;
                // The head, and as much of a body as its length says.
                while let Ok(n @ 1..) = stream.read(&mut request[read..]).await {
                    read += n;
                    if is_whole(&request[..read]) {
                        break;
                    }
                }
                let asked = String::from_utf8_lossy(&request[..read]).into_owned();
                serving.asked.lock().expect("a lock").push(asked);
                let answer = serving.answer.lock().expect("a lock").clone();
                let _ = stream.write_all(&answer).await;
                if stall {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                }
            });
        }
    });
    (port, server)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return !text.starts_with("GET") && !text.starts_with("POST");
    };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse::<usize>().ok())
        .unwrap_or(0);
    body.len() >= length
}
