//! A server that gives prepared answers, for those that an engine does not give, and one that loses
//! the answers of an engine.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One call: the operation and the body.
pub type Call = (String, serde_json::Value);

/// The calls that were made.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<Vec<Call>>>);

impl Calls {
    /// All of them, in order.
    pub fn all(&self) -> Vec<Call> {
        self.0.lock().expect("calls").clone()
    }

    /// Their operations, in order.
    pub fn operations(&self) -> Vec<String> {
        let all = self.all().into_iter();
        all.map(|(operation, _)| operation).collect()
    }
}

/// A client to a server that gives these answers, each a status and a body, one after another.
pub async fn answering(answers: Vec<(u16, String)>) -> (Client, Calls) {
    let (address, calls) = serving(answers).await;
    (client(address, RetryConfig::disabled()), calls)
}

/// The same, for DynamoDB and the key service together.
pub async fn answering_both(answers: Vec<(u16, String)>) -> (Client, aws_sdk_kms::Client, Calls) {
    let (address, calls) = serving(answers).await;
    let (dynamodb, kms) = both(address);
    (dynamodb, kms, calls)
}

/// The same, for as many calls as there are: each is answered by what it asks.
pub async fn answering_each(
    mut answer_to: impl FnMut(&Call) -> (u16, String) + Send + 'static,
) -> (Client, aws_sdk_kms::Client, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let calls = Calls::default();
    let seen = calls.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (_, call) = read_call(&mut stream).await;
            let (status, body) = answer_to(&call);
            seen.0.lock().expect("calls").push(call);
            send(stream, status, &body).await;
        }
    });
    let (dynamodb, kms) = both(address);
    (dynamodb, kms, calls)
}

fn both(address: SocketAddr) -> (Client, aws_sdk_kms::Client) {
    let kms = aws_sdk_kms::Config::builder()
        .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
        .region(aws_sdk_kms::config::Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .retry_config(aws_sdk_kms::config::retry::RetryConfig::disabled())
        .build();
    (client(address, RetryConfig::disabled()), aws_sdk_kms::Client::from_conf(kms))
}

async fn serving(answers: Vec<(u16, String)>) -> (SocketAddr, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let calls = Calls::default();
    let seen = calls.clone();
    tokio::spawn(async move {
        for (status, body) in answers {
            let Ok((stream, _)) = listener.accept().await else {
                return;
            };
            let call = answer(stream, status, &body).await;
            seen.0.lock().expect("calls").push(call);
        }
    });
    (address, calls)
}

/// A client whose calls reach the engine, and whose first answer to each write is lost on the way
/// back: the client calls again, as the SDK does by itself. The engine takes the second call for a
/// new one, as it would ten minutes later, when it has forgotten the token of the first.
pub async fn losing_answers(engine: &str) -> (Client, Calls) {
    let engine = engine.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let calls = Calls::default();
    let seen = calls.clone();
    tokio::spawn(async move {
        let mut lost = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let (bytes, call) = read_call(&mut stream).await;
            seen.0.lock().expect("calls").push(call.clone());
            let mut upstream = TcpStream::connect(&engine).await.expect("the engine");
            let forwarded = closing(&another_token(bytes, seen.all().len()));
            upstream.write_all(&forwarded).await.expect("forwarded");
            let mut answer = Vec::new();
            upstream.read_to_end(&mut answer).await.expect("an answer");
            let writes = call.0.starts_with("transact");
            if writes && !lost.contains(&call) {
                lost.push(call);
                continue;
            }
            stream.write_all(&answer).await.expect("answered");
            stream.shutdown().await.ok();
        }
    });
    (client(address, RetryConfig::standard()), calls)
}

/// The same request, with a token of the same length that was not used before.
fn another_token(mut request: Vec<u8>, number: usize) -> Vec<u8> {
    const NAME: &[u8] = b"\"ClientRequestToken\":\"";
    if let Some(at) = request.windows(NAME.len()).position(|w| w == NAME) {
        let token = format!("{number:08}");
        request[at + NAME.len()..][..token.len()].copy_from_slice(token.as_bytes());
    }
    request
}

/// The same request, after whose answer the engine closes the connection.
fn closing(request: &[u8]) -> Vec<u8> {
    let line = request.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    [&request[..line], b"connection: close\r\n", &request[line..]].concat()
}

fn client(address: SocketAddr, retries: RetryConfig) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .retry_config(retries)
        .build();
    Client::from_conf(config)
}

async fn answer(mut stream: TcpStream, status: u16, body: &str) -> Call {
    let (_, call) = read_call(&mut stream).await;
    send(stream, status, body).await;
    call
}

async fn send(mut stream: TcpStream, status: u16, body: &str) {
    let answer = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.expect("answered");
    stream.shutdown().await.ok();
}

async fn read_call(stream: &mut TcpStream) -> (Vec<u8>, Call) {
    let mut bytes = Vec::new();
    let head = loop {
        let mut buffer = [0; 4_096];
        let read = stream.read(&mut buffer).await.expect("a request");
        bytes.extend_from_slice(&buffer[..read]);
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
        if let Some(end) = end.filter(|end| bytes.len() >= end + 4 + length(&bytes[..*end])) {
            break end;
        }
        assert!(read > 0, "an incomplete request");
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let target = header(&text, "x-amz-target").expect("a target");
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = serde_json::from_slice(&bytes[head + 4..]).expect("a body");
    (bytes, (operation, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(key, _)| *key == name).map(|(_, value)| value.trim()).next()
}

fn length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_lowercase();
    let length = header(&text, "content-length").and_then(|n| n.parse().ok());
    length.unwrap_or(0)
}
