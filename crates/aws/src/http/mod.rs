//! The guarded way out: webhooks, sanction sources and key sets.
//!
//! Their URLs come from tenants, so a URL is never trusted. It is https to a host that is listed;
//! its name is resolved once, by the connection itself, every address that comes back must be
//! public, and the connection goes to one of those. No proxy, no redirect, no cookie, a time limit
//! over everything, and a limit on what is read.

mod address;
mod lookup;
mod target;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, Response, redirect};

pub use lookup::{Lookup, SystemLookup};
pub use target::Rule;
pub(crate) use target::host_of;

/// How long and how much.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To resolve, connect and shake hands.
    pub connect: Duration,
    /// From the beginning to the last byte of the answer.
    pub total: Duration,
    /// Bytes of an answer.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), total: Duration::from_secs(10), bytes: 64 << 10 }
    }
}

/// Why a call gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The URL, or the address behind its name, breaks a rule. Nothing was sent.
    #[error("the URL may not be called: {0}")]
    Refused(Rule),
    /// The name has no address.
    #[error("the name cannot be resolved")]
    Unresolved,
    /// No connection, or no handshake.
    #[error("no connection")]
    Unreachable,
    /// The time is up.
    #[error("timed out")]
    TimedOut,
    /// The answer is larger than allowed.
    #[error("the answer is too large")]
    TooLarge,
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// The client cannot be built: this machine has no certificates to trust.
    #[error("no client can be built")]
    Unusable,
}

impl CallError {
    /// As it is written in a fault.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused(rule) => rule.as_str(),
            Self::Unresolved => "not-resolved",
            Self::Unreachable => "not-connected",
            Self::TimedOut => "timed-out",
            Self::TooLarge => "answer-too-large",
            Self::Broken => "connection-broke",
            Self::Unusable => "no-client",
        }
    }
}

/// One call. Cannot be printed: its body may name a person, and its headers may be secret.
pub struct Call<'a> {
    /// Where.
    pub url: &'a str,
    /// The hosts that it may be on.
    pub allowed: &'a [String],
    /// The headers, beside those of a JSON body.
    pub headers: &'a [(&'static str, String)],
    /// A JSON body makes it a POST; without one it is a GET.
    pub json: Option<Vec<u8>>,
    /// A shorter time limit than the guard's.
    pub within: Option<Duration>,
}

impl<'a> Call<'a> {
    /// A GET.
    pub fn get(url: &'a str, allowed: &'a [String]) -> Self {
        Self { url, allowed, headers: &[], json: None, within: None }
    }

    /// A POST of JSON.
    pub fn post(url: &'a str, allowed: &'a [String], json: Vec<u8>) -> Self {
        Self { json: Some(json), ..Self::get(url, allowed) }
    }
}

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status. A redirect is an answer like any other: it is not followed.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// Only the status: a body may be about a person.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The guarded client.
#[derive(Debug, Clone)]
pub struct Guard {
    client: Option<Client>,
    limits: Limits,
    allow_loopback: bool,
}

impl Guard {
    /// A guard with the usual limits. `allow_loopback` is for a local engine, never for an account.
    pub fn new(allow_loopback: bool) -> Self {
        Self::with(allow_loopback, Limits::default(), Arc::new(SystemLookup))
    }

    /// A guard with other limits and another way to resolve names.
    pub fn with(allow_loopback: bool, limits: Limits, lookup: Arc<dyn Lookup>) -> Self {
        let client = Client::builder()
            .user_agent("Lacuna")
            .dns_resolver(lookup::Checked { lookup, allow_loopback })
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            // A connection that was kept would outlive the check of its address, and a Lambda that
            // was frozen would find it dead.
            .pool_max_idle_per_host(0)
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .build();
        Self { client: client.ok(), limits, allow_loopback }
    }

    /// Calls, and reads the whole answer.
    pub async fn call(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let response = self.send(call).await?;
        let status = response.status().as_u16();
        let body = self.read(response).await?;
        Ok(Answer { status, body })
    }

    /// Calls, and looks at nothing but the status.
    pub async fn status(&self, call: Call<'_>) -> Result<u16, CallError> {
        Ok(self.send(call).await?.status().as_u16())
    }

    async fn send(&self, call: Call<'_>) -> Result<Response, CallError> {
        let url = target::check(call.url, call.allowed, self.allow_loopback).map_err(CallError::Refused)?;
        let client = self.client.as_ref().ok_or(CallError::Unusable)?;
        let mut request = match call.json {
            None => client.request(Method::GET, url),
            Some(json) => {
                client.request(Method::POST, url).header("content-type", "application/json").body(json)
            }
        };
        request = request.header("accept", "application/json");
        for (name, value) in call.headers {
            request = request.header(*name, value);
        }
        if let Some(within) = call.within {
            request = request.timeout(within.min(self.limits.total));
        }
        request.send().await.map_err(|error| reduce(&error))
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, CallError> {
        let most = u64::try_from(self.limits.bytes).unwrap_or(u64::MAX);
        if response.content_length().is_some_and(|length| length > most) {
            return Err(CallError::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| reduce(&error))? {
            if body.len() + chunk.len() > self.limits.bytes {
                return Err(CallError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// What went wrong, without the URL and the words of whoever failed.
fn reduce(error: &reqwest::Error) -> CallError {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if let Some(own) = inner.downcast_ref::<CallError>() {
            return *own;
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        CallError::TimedOut
    } else if error.is_connect() {
        CallError::Unreachable
    } else {
        CallError::Broken
    }
}

#[cfg(test)]
mod tests;
