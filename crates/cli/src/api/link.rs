//! What a link leads to: another host, which learns nothing of the caller but the link itself.

use std::time::Duration;

use domain::Personal;
use reqwest::header::{CONTENT_DISPOSITION, RETRY_AFTER};
use reqwest::{Response, Url};

use super::connect::{client, is_loopback};
use super::{Api, cause};

/// A link to one package. Whoever has it can fetch that: it cannot be printed.
pub struct Link(Url);

impl Link {
    /// The link that the API at `base` gave, if a package can come over it without others reading along.
    pub fn new(location: &Personal, base: &Url) -> anyhow::Result<Self> {
        let url = base.join(location.expose());
        let safe = |url: &Url| match url.scheme() {
            "https" => true,
            // Both on this machine, or neither.
            "http" => is_loopback(url) && base.scheme() == "http",
            _ => false,
        };
        let plain = |url: &Url| url.username().is_empty() && url.password().is_none();
        url.ok().filter(|url| url.has_host() && safe(url) && plain(url)).map(Self).ok_or_else(|| {
            anyhow::anyhow!(
                "the API's link was not followed: it does not begin with https://.\nNothing was fetched. Whoever \
                 runs Lacuna must mend that."
            )
        })
    }
}

/// A link that does not lead to its package.
#[derive(Debug, thiserror::Error)]
#[error("the package cannot be had from {host}: {what}")]
pub struct Unopened {
    /// Whose answer it was. The link has secrets only behind that.
    pub host: String,
    /// What happened.
    pub what: String,
    /// Whether the link is refused, not its host in trouble.
    pub refused: bool,
}

/// A package on its way here.
pub struct Incoming(Response);

impl Incoming {
    /// How long it is, if that was said.
    pub fn length(&self) -> Option<u64> {
        self.0.content_length()
    }

    /// How it is described: what `Content-Disposition` says.
    pub fn disposition(&self) -> Option<&str> {
        self.0.headers().get(CONTENT_DISPOSITION)?.to_str().ok()
    }

    /// The next piece of it; `None` at the end. An error says why it broke off, and not from where.
    pub async fn piece(&mut self) -> Result<Option<impl AsRef<[u8]>>, String> {
        self.0.chunk().await.map_err(|error| cause(&error.without_url()))
    }
}

impl Api {
    /// Follows a link. Neither the token nor anything else of the caller goes with it.
    pub async fn open(&self, link: &Link) -> anyhow::Result<Incoming> {
        // The whole may take as long as it takes; no part of it may.
        let http = client(&link.0, &self.pace).read_timeout(self.pace.answer_within);
        let http = http.build().map_err(|error| anyhow::anyhow!(cause(&error.without_url())))?;
        let mut tries = 0;
        loop {
            tries += 1;
            let (what, after, refused) = match http.get(link.0.clone()).send().await {
                Ok(response) if response.status() == 200 => return Ok(Incoming(response)),
                Ok(response) => {
                    let status = response.status().as_u16();
                    let after = response.headers().get(RETRY_AFTER);
                    let after = after.and_then(|after| after.to_str().ok()?.parse().ok());
                    let refused = !matches!(status, 429 | 500..);
                    (format!("it answered {status}"), after.map(Duration::from_secs), refused)
                }
                Err(error) => (cause(&error.without_url()), None, false),
            };
            if refused || tries >= self.pace.attempts {
                let host = link.0.host_str().unwrap_or_default().to_owned();
                return Err(Unopened { host, what, refused }.into());
            }
            self.wait(tries, after, &what).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_comes_over_no_open_line() {
        fn check(location: &str, base: &str, good: bool) {
            let base = base.parse().expect("an address");
            assert_eq!(Link::new(&Personal::new(location), &base).is_ok(), good, "{location}");
        }
        let (api, here) = ("https://api.example.com/live", "http://127.0.0.1:4566/live");
        check("https://bucket.s3.eu-central-1.amazonaws.com/a?b=c", api, true);
        check("https://bucket.s3.eu-central-1.amazonaws.com/a?b=c", here, true);
        check("http://bucket.s3.localhost:4566/a", here, true);
        check("http://localhost:4566/a", api, false);
        check("http://bucket.s3.eu-central-1.amazonaws.com/a", api, false);
        check("http://bucket.s3.eu-central-1.amazonaws.com/a", here, false);
        check("https://user:word@example.com/a", api, false);
        check("file:///etc/passwd", api, false);
        check("/v1/other", api, true);
        check("http://[", api, false);
    }
}
