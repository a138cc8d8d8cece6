//! An API on loopback that answers what a test tells it to, and keeps what it was sent.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// What is done with one request.
#[derive(Clone)]
pub enum Reply {
    /// An answer: status, a header line or nothing, body.
    Answer(u16, &'static str, String),
    /// The connection is closed without a word.
    Drop,
    /// Nothing, for longer than any test waits.
    Hang,
}

/// A JSON answer.
pub fn json(status: u16, body: &Value) -> Reply {
    Reply::Answer(status, "", body.to_string())
}

/// An answer with a text body.
pub fn text(status: u16, body: &str) -> Reply {
    Reply::Answer(status, "", body.to_owned())
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Sent {
    /// `POST /live/v1/requests`
    pub line: String,
    /// `name: value`, names in lower case.
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
}

impl Sent {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.headers.iter().find_map(|h| h.strip_prefix(&prefix))
    }
}

/// The server. Its thread ends with the test process.
pub struct Server {
    port: u16,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Server {
    /// Answers the requests in turn; the last reply again and again.
    pub fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut replies) = (Arc::clone(&sent), replies.into_iter().collect());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serve(stream, &kept, &mut replies);
            }
        });
        Self { port, sent }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/live", self.port)
    }

    /// What it was sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("the requests").clone()
    }

    /// The request lines it was sent so far.
    pub fn lines(&self) -> Vec<String> {
        self.sent().into_iter().map(|sent| sent.line).collect()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Sent>>, replies: &mut VecDeque<Reply>) {
    let Some(sent) = read(&stream) else { return };
    kept.lock().expect("the requests").push(sent);
    let next = match replies.len() {
        1 => replies.front().cloned(),
        _ => replies.pop_front(),
    };
    match next {
        Some(Reply::Answer(status, header, body)) => {
            let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} x\r\nconnection: close\r\n{header}content-length: {length}\r\n\r\n{body}"
            );
        }
        Some(Reply::Hang) => {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_mins(2));
                drop(stream);
            });
        }
        Some(Reply::Drop) | None => {}
    }
}

fn read(stream: &TcpStream) -> Option<Sent> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let lower = |line: &String| {
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        format!("{}: {value}", name.to_lowercase())
    };
    let line = lines.first()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<String> = lines.iter().skip(1).map(lower).collect();
    let length = headers.iter().find_map(|h| h.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|n| n.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Sent { line, headers, body })
}
