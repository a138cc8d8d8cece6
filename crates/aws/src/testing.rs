//! What the tests of this crate share.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
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

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    /// As it was written, without the question mark.
    pub(crate) query: String,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// A header, by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Whether the query has a parameter of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.query.split('&').any(|pair| pair.split('=').next() == Some(name))
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    after: Duration,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new(status, body).with("content-type", "application/x-amz-json-1.1")
    }

    pub(crate) fn xml(status: u16, body: &str) -> Self {
        Self::new(status, body).with("content-type", "application/xml")
    }

    fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned(), after: Duration::ZERO }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same, later.
    pub(crate) fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let (status, length, body) = (self.status, self.body.len(), &self.body);
        format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
            .into_bytes()
    }
}

/// A server that answers as a function of what it is asked, for any of the AWS APIs.
pub(crate) struct Canned {
    address: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Canned {
    /// All that it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a lock").clone()
    }

    /// What points a client at it. Nothing is tried twice.
    pub(crate) fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(format!("http://{}", self.address))
            .retry_config(RetryConfig::disabled())
            .build()
    }
}

/// Starts a server that answers like this.
pub(crate) async fn canned(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Canned {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
            tokio::spawn(async move {
                let Some(one) = read_whole(&mut stream).await else { return };
                seen.lock().expect("a lock").push(one.clone());
                let answer = answer(&one);
                tokio::time::sleep(answer.after).await;
                let _ = stream.write_all(&answer.bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    Canned { address, asked }
}

async fn read_whole(stream: &mut tokio::net::TcpStream) -> Option<Asked> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 65_536]);
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut first = head.lines().next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut asked = Asked {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        head,
        body: bytes.split_off(end + 4),
    };
    let length = asked.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    while asked.body.len() < length {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        asked.body.extend_from_slice(&buffer[..read]);
    }
    Some(asked)
}
