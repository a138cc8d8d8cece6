//! A server that answers what it is told to, right or wrong.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::engine;

/// An answer as it goes over the wire.
pub struct Raw {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether the connection stays open after them, in silence.
    pub stays: bool,
}

/// What is answered to a request, given its head and body; `None` for silence.
type Script = dyn Fn(&str) -> Option<Raw> + Send + Sync;

/// How long an answer is waited for that will come: longer than the slowest machine takes for it.
pub const PATIENT: Duration = Duration::from_mins(1);

/// How long one is waited for that will not.
pub const HURRIED: Duration = Duration::from_millis(300);

/// A configuration that reaches a server with this script, asks once, and waits for as long as it takes.
pub async fn serving(script: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static) -> SdkConfig {
    serving_raw(move |request| {
        let (status, answer) = script(request)?;
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
        Some(Raw { bytes: (head + &answer).into_bytes(), stays: false })
    })
    .await
}

/// The same, byte for byte.
pub async fn serving_raw(script: impl Fn(&str) -> Option<Raw> + Send + Sync + 'static) -> SdkConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let script: Arc<Script> = Arc::new(script);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(one(stream, script.clone()));
        }
    });
    reaching(&format!("http://{at}")).await
}

/// A configuration that reaches whatever is there, or nothing.
pub async fn reaching(endpoint: &str) -> SdkConfig {
    let config = engine::at(endpoint).await.into_builder();
    waiting(config.retry_config(RetryConfig::disabled()).build(), PATIENT)
}

/// The same configuration with another patience.
pub fn waiting(config: SdkConfig, patience: Duration) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_timeout(patience).build();
    config.into_builder().timeout_config(timeouts).build()
}

async fn one(mut stream: TcpStream, script: Arc<Script>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let Ok(read) = stream.read(&mut buffer).await else {
            return;
        };
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if read == 0 {
                return;
            }
            continue;
        };
        let length = head.to_lowercase().lines().find_map(|line| {
            let length = line.strip_prefix("content-length:")?;
            length.trim().parse::<usize>().ok()
        });
        if read > 0 && body.len() < length.unwrap_or(0) {
            continue;
        }
        let Some(answer) = script(&text) else {
            std::future::pending::<()>().await;
            return;
        };
        let _ = stream.write_all(&answer.bytes).await;
        if answer.stays {
            std::future::pending::<()>().await;
        }
        return;
    }
}
