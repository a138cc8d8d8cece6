//! When the API says no, or nothing.

use serde::Deserialize;

/// The API answered, and did not do it.
#[derive(Debug, thiserror::Error)]
#[error("{} ({status})", self.title())]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The body as it came.
    pub body: String,
    /// What the body says, if it is a problem document.
    pub problem: Option<Problem>,
    /// What a repetition would do.
    pub repeat: Repeat,
}

/// What it would do to send the same call again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing: the call only reads, or what it takes away is gone.
    Harmless,
    /// Nothing, with this key.
    Key(String),
    /// Perhaps the same thing twice.
    Twice,
}

/// A problem document (RFC 9457) as it is read: every member may be missing, because what stands
/// before the API (a gateway, a proxy) writes its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// What it is called.
    #[serde(default)]
    pub title: Option<String>,
    /// What happened, and what to do.
    #[serde(default)]
    pub detail: Option<String>,
    /// Which of its causes it is, where programs tell them apart.
    #[serde(default)]
    pub code: Option<String>,
    /// The wrong parts of the input.
    #[serde(default)]
    pub errors: Vec<Part>,
}

/// One wrong part of the input.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Part {
    /// Where.
    pub at: String,
    /// What to write instead.
    pub detail: String,
}

/// Whether the API itself wrote this document, and not what stands before it.
pub fn is_ours(body: &str) -> bool {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    serde_json::from_str(body).is_ok_and(|Kind { kind }| kind.starts_with("urn:lacuna:problem:"))
}

impl Refusal {
    /// Reads an answer that is not a success.
    pub fn read(status: u16, body: String, repeat: Repeat) -> Self {
        let problem = serde_json::from_str::<Problem>(&body).ok();
        let problem = problem.filter(|p| *p != Problem::default());
        Self { status, body, problem, repeat }
    }

    /// What it is called.
    pub fn title(&self) -> &str {
        let given = self.problem.as_ref().and_then(|p| p.title.as_deref());
        given.unwrap_or(match self.status {
            300..=399 => "The API is somewhere else",
            401 => "A valid token is needed",
            403 => "This role may not do that",
            404 => "Not found",
            429 => "Too many requests",
            500.. => "The API is in trouble",
            _ => "The API did not do it",
        })
    }

    /// Which of the problem's causes it is, if it says so.
    pub fn code(&self) -> Option<&str> {
        self.problem.as_ref().and_then(|problem| problem.code.as_deref())
    }

    /// Whether it can be expected to pass by itself.
    pub fn passes(&self) -> bool {
        matches!(self.status, 429 | 500..)
    }
}

/// The API did not answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer from {host} ({}): {cause}", crate::text::count(u64::from(*tries), "attempt"))]
pub struct Unanswered {
    /// Who did not answer.
    pub host: String,
    /// How often it was tried.
    pub tries: u32,
    /// Why, as far as this side knows.
    pub cause: String,
    /// Whether the call never left this machine.
    pub unsent: bool,
    /// What a repetition would do.
    pub repeat: Repeat,
}
