//! Problem documents (RFC 9457): what the API says when it says no.

use serde::Serialize;

/// A problem document. `title` is the same for every occurrence, `detail` says what to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A URI reference that names the problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is called.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, what was not done, and what to do.
    pub detail: String,
    /// Which of the problem's causes it is, where programs tell them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The parts of the input that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Invalid>,
}

/// One wrong part of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invalid {
    /// Where: a JSON pointer (RFC 6901) into the body, `header:<name>` or `query:<name>`.
    pub at: String,
    /// What is wrong, and what to write instead. Never quotes the value.
    pub detail: String,
}

impl Invalid {
    /// One wrong part.
    pub fn new(at: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { at: at.into(), detail: detail.into() }
    }
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident($status:literal, $slug:literal, $title:literal);)*) => {
        impl Problem {
            $($(#[$doc])*
            pub fn $name(detail: impl Into<String>) -> Self {
                Self {
                    kind: concat!("urn:lacuna:problem:", $slug).to_owned(),
                    title: $title,
                    status: $status,
                    detail: detail.into(),
                    code: None,
                    errors: Vec::new(),
                }
            })*
        }
    };
}

problems! {
    /// The input does not have the documented form.
    invalid(400, "invalid", "The request is not valid");
    /// What should be opened does not open; `code` says why.
    sealed_data(400, "sealed-data", "The sealed data does not open");
    /// No valid token.
    unauthenticated(401, "unauthenticated", "A valid token is needed");
    /// The token's role may not do this.
    forbidden(403, "forbidden", "This role may not do that");
    /// Nothing here that the caller may see.
    not_found(404, "not-found", "Not found");
    /// It is not there, and cannot be made; `code` says why.
    no_receipt(404, "no-receipt", "The receipt cannot be issued");
    /// The method is not one of the resource's.
    method_not_allowed(405, "method-not-allowed", "The method is not allowed here");
    /// The state of the thing does not allow it.
    conflict(409, "conflict", "The state does not allow it");
    /// The same key with another body.
    key_reused(409, "idempotency-key-reused", "The Idempotency-Key was used with another body");
    /// A person's key that is not there any more.
    key_destroyed(410, "key-destroyed", "The key is not there any more");
    /// It was there, and is destroyed: its time was over, or it was withdrawn.
    gone(410, "gone", "It is destroyed");
    /// The body is larger than allowed.
    too_large(413, "too-large", "The body is too large");
    /// Something on our side; nothing was done, or it can be done again.
    unavailable(503, "unavailable", "Temporarily unavailable");
}

impl Problem {
    /// Adds the wrong parts.
    #[must_use]
    pub fn with(mut self, errors: Vec<Invalid>) -> Self {
        self.errors = errors;
        self
    }

    /// Says which of its causes it is.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }
}
