//! The API from the caller's side: one call, tried again where that can do no harm.

mod bodies;
mod connect;
mod link;
mod trouble;

use std::rc::Rc;
use std::time::Duration;

use contract::api::RequestView;
use domain::{Personal, RequestId};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use serde::de::DeserializeOwned;

pub use bodies::{PlaceHold, Recipient, Rotate, Subject, Submit, UnwrapKey, Verification, WrapKey};
pub use connect::connect;
pub use link::{Incoming, Link, Unopened};
pub use trouble::{Refusal, Repeat, Unanswered};

use crate::world::Pace;

/// The most that an answer may have: far above any page of a list.
const LARGEST: usize = 64 << 20;
/// The longest that a `Retry-After` is obeyed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// The API of one deployment, with one token.
pub struct Api {
    http: reqwest::Client,
    base: reqwest::Url,
    token: HeaderValue,
    pace: Pace,
    random: Rc<dyn Fn() -> anyhow::Result<u128>>,
    notice: Box<dyn Fn(&str)>,
}

/// One call.
pub struct Call<'a> {
    method: Method,
    path: Vec<&'a str>,
    query: Vec<(&'static str, &'a str)>,
    body: Option<Vec<u8>>,
    key: Option<&'a str>,
    repeatable: bool,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: impl IntoIterator<Item = &'a str>) -> Self {
        let repeatable = method != Method::POST;
        Self {
            method,
            path: path.into_iter().collect(),
            query: Vec::new(),
            body: None,
            key: None,
            repeatable,
        }
    }

    /// Reads.
    pub fn get(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Takes away.
    pub fn delete(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// Sends.
    pub fn post(path: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(Method::POST, path)
    }

    /// With a JSON body.
    pub fn with(mut self, body: &impl serde::Serialize) -> anyhow::Result<Self> {
        self.body = Some(serde_json::to_vec(body)?);
        Ok(self)
    }

    /// With a key by which the API knows a repetition.
    #[must_use]
    pub fn named(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    /// What the API does once, however often it is sent.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// What the API counts, though it only reads.
    #[must_use]
    pub fn counted(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// With a parameter, if there is one.
    #[must_use]
    pub fn asking(mut self, name: &'static str, value: Option<&'a str>) -> Self {
        self.query.extend(value.map(|value| (name, value)));
        self
    }

    fn repeat(&self) -> Repeat {
        match self.key {
            Some(key) => Repeat::Key(key.to_owned()),
            None if self.repeatable => Repeat::Harmless,
            None => Repeat::Twice,
        }
    }

    /// Whether doing it twice is doing it once.
    fn is_idempotent(&self) -> bool {
        self.repeat() != Repeat::Twice
    }
}

/// An answer that did what was asked. It may hold a key, so it cannot be printed.
pub struct Answer {
    /// The body as it came.
    pub body: String,
}

impl Answer {
    /// The body's shape.
    pub fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_str(&self.body).map_err(|e| {
            // Serde quotes what it stumbles over; the position is enough to find it.
            let (line, column) = (e.line(), e.column());
            anyhow::anyhow!(
                "the API's answer is not of the form that this version of lacuna knows (line \
                 {line}, column {column}); `--json` prints it as it is"
            )
        })
    }
}

/// What one attempt came to.
enum Attempt {
    Answered(Reply),
    Failed { cause: String, unsent: bool },
}

/// What the API said, yes or no.
struct Reply {
    status: u16,
    /// Asking again would not help: the API says so by not saying when.
    hopeless: bool,
    retry_after: Option<Duration>,
    /// Where it sends the caller on to. A link is a credential.
    location: Option<Personal>,
    body: String,
}

impl Reply {
    fn refusal(self, call: &Call<'_>) -> Refusal {
        let repeat = if self.hopeless { Repeat::Harmless } else { call.repeat() };
        Refusal::read(self.status, self.body, repeat)
    }
}

impl Api {
    /// Tells `notice` about every attempt that is made again.
    pub fn set_notice(&mut self, notice: Box<dyn Fn(&str)>) {
        self.notice = notice;
    }

    /// Makes a call. An answer that says no is a [`Refusal`], no answer at all [`Unanswered`].
    pub async fn call(&self, call: Call<'_>) -> anyhow::Result<Answer> {
        match self.ask(&call).await? {
            Reply { status: 200..300, body, .. } => Ok(Answer { body }),
            no => Err(no.refusal(&call).into()),
        }
    }

    /// Makes a call that is answered with a link. It is not followed.
    pub async fn link(&self, call: Call<'_>) -> anyhow::Result<Link> {
        match self.ask(&call).await? {
            Reply { status: 303, location: Some(location), .. } => Ok(Link::new(&location, &self.base)?),
            Reply { status: 200..300 | 303, .. } => {
                anyhow::bail!(
                    "the API gave no link, and nothing was fetched.\nIs LACUNA_URL the API's address?"
                )
            }
            no => Err(no.refusal(&call).into()),
        }
    }

    async fn ask(&self, call: &Call<'_>) -> anyhow::Result<Reply> {
        let mut tries = 0;
        loop {
            tries += 1;
            let attempt = self.attempt(call).await?;
            let again = tries < self.pace.attempts && may_try_again(call, &attempt);
            match attempt {
                Attempt::Answered(reply) if again => {
                    self.wait(tries, reply.retry_after, &what_happened(&reply)).await;
                }
                Attempt::Failed { cause, .. } if again => {
                    self.wait(tries, None, &format!("no answer: {cause}")).await;
                }
                Attempt::Answered(reply) => return Ok(reply),
                Attempt::Failed { cause, unsent } => {
                    let host = self.base.host_str().unwrap_or_default().to_owned();
                    return Err(Unanswered { host, tries, cause, unsent, repeat: call.repeat() }.into());
                }
            }
        }
    }

    /// A request as it stands, and the body that says so.
    pub async fn request(&self, id: &RequestId) -> anyhow::Result<(RequestView, String)> {
        let answer = self.call(Call::get(["requests", id.as_str()])).await?;
        Ok((answer.read()?, answer.body))
    }

    async fn attempt(&self, call: &Call<'_>) -> anyhow::Result<Attempt> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow::anyhow!("LACUNA_URL has no path"))?
            .pop_if_empty()
            .push("v1")
            .extend(&call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .header("Authorization", self.token.clone())
            .header("Accept", "application/json, application/problem+json");
        if let Some(key) = call.key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        Ok(match read(request).await {
            Ok(attempt) => attempt,
            Err(error) => {
                Attempt::Failed { unsent: error.is_connect() || error.is_builder(), cause: cause(&error) }
            }
        })
    }

    /// Waits before the next attempt, and says why.
    async fn wait(&self, tries: u32, retry_after: Option<Duration>, what: &str) {
        let pause = self.pause(tries, retry_after);
        (self.notice)(&format!("{what}; trying again in {:.1} s", pause.as_secs_f64()));
        tokio::time::sleep(pause).await;
    }

    /// Full jitter: any length up to the longest of this attempt, so that many callers who were
    /// turned away together do not come back together.
    fn pause(&self, tries: u32, retry_after: Option<Duration>) -> Duration {
        if let Some(after) = retry_after {
            return after.min(LONGEST_RETRY_AFTER);
        }
        let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
        let longest = self.pace.first_pause.saturating_mul(doubled).min(self.pace.longest_pause);
        let random = (self.random)().map_or(1_000, |bits| bits % 1_001);
        longest.mul_f64(f64::from(u32::try_from(random).unwrap_or(1_000)) / 1_000.0)
    }
}

fn may_try_again(call: &Call<'_>, attempt: &Attempt) -> bool {
    match attempt {
        // Turned away before anything was done.
        Attempt::Answered(Reply { status: 429, .. }) => true,
        Attempt::Answered(Reply { status: 502..=504, hopeless, .. }) => call.is_idempotent() && !hopeless,
        Attempt::Answered(_) => false,
        Attempt::Failed { unsent, .. } => *unsent || call.is_idempotent(),
    }
}

fn what_happened(reply: &Reply) -> String {
    match reply.status {
        429 => "the API has too much to do (429)".to_owned(),
        status => format!("the API answered {status}"),
    }
}

async fn read(request: reqwest::RequestBuilder) -> reqwest::Result<Attempt> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after =
        retry_after.and_then(|after| after.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok()).map(Personal::new);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Ok(Attempt::Failed {
                cause: "the answer is larger than any the API gives".to_owned(),
                unsent: false,
            });
        }
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    // Lacuna's own documents say when to come back, if that can help. A gateway's never do.
    let hopeless = status == 503 && retry_after.is_none() && trouble::is_ours(&body);
    Ok(Attempt::Answered(Reply { status, hopeless, retry_after, location, body }))
}

/// The innermost cause: the layers above it only say that a request was not sent. Of a link's error the URL
/// was taken away before.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
