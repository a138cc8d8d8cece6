//! What a sanction source is asked over HTTP, and what it answers.
//!
//! ```text
//! POST {url}
//! {"tenant":"demo","request_id":"req_…","type":"erasure","jurisdiction":"EU",
//!  "identities":[{"type":"email","value":"…"}],"store":null}
//!
//! 200 {"verdict":"clear"}
//! 200 {"verdict":"deny","reason":"fraud-investigation"}
//! 200 {"verdict":"hold","reason":"litigation","review_at":"2027-01-31T00:00:00Z"}
//! 200 {"verdict":"retain","stores":["shop"],"categories":[],"reason":"warranty","until":null}
//! ```

use domain::clock::Jurisdiction;
use domain::hold::Verdict;
use domain::request::{RequestType, Retention};
use domain::{Identity, RequestId, StoreId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The question. It names the person to the tenant's own source, and travels nowhere else.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    /// Whose request.
    pub tenant: TenantId,
    /// The request.
    pub request_id: RequestId,
    /// What is asked for.
    #[serde(rename = "type")]
    pub kind: RequestType,
    /// The law it is asked under.
    pub jurisdiction: Jurisdiction,
    /// The person.
    pub identities: Vec<Identity>,
    /// The store that is about to be erased, or to become unreadable because keys are destroyed; `None` when
    /// the request as a whole is asked about.
    pub store: Option<StoreId>,
}

/// The answer as it arrives.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase", deny_unknown_fields)]
pub enum Answer {
    /// Nothing speaks against it.
    Clear {},
    /// No.
    Deny {
        /// A reason code.
        reason: String,
    },
    /// Not now.
    Hold {
        /// A reason code.
        reason: String,
        /// When to ask again.
        review_at: Timestamp,
    },
    /// Keep some of it.
    Retain {
        /// The stores to keep.
        #[serde(default)]
        stores: Vec<StoreId>,
        /// The data categories to keep.
        #[serde(default)]
        categories: Vec<String>,
        /// A reason code.
        reason: String,
        /// Until when.
        until: Option<Timestamp>,
    },
}

/// Why an answer is not one. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not JSON of one of the four forms.
    #[error("the answer is not one of clear, deny, hold, retain in their documented form")]
    Form,
    /// A reason that is not a short code.
    #[error("a reason must be a code of 1 to 64 of a-z, 0-9, `-` and `_`")]
    Reason,
    /// A `retain` that keeps nothing.
    #[error("a retain must name stores or categories")]
    Nothing,
}

/// A reason code is a code, so that it cannot carry a person's data into the audit.
pub fn is_reason_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// Reads an answer. Anything unexpected is an error: no answer is not `clear`.
pub fn read(source: &str, body: &[u8]) -> Result<Verdict, AnswerError> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| AnswerError::Form)?;
    let code = |reason: String| {
        if is_reason_code(&reason) { Ok(reason) } else { Err(AnswerError::Reason) }
    };
    Ok(match answer {
        Answer::Clear {} => Verdict::Clear,
        Answer::Deny { reason } => Verdict::Deny { reason: code(reason)? },
        Answer::Hold { reason, review_at } => Verdict::Hold { reason: code(reason)?, review_at },
        Answer::Retain { stores, categories, .. } if stores.is_empty() && categories.is_empty() => {
            return Err(AnswerError::Nothing);
        }
        Answer::Retain { stores, categories, reason, until } => Verdict::Retain(Retention {
            source: source.to_owned(),
            stores,
            categories,
            reason: code(reason)?,
            until,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expect: &Result<Verdict, AnswerError>) {
        assert_eq!(&read("legal", body.as_bytes()), expect, "{body}");
    }

    #[test]
    fn only_the_documented_answers_are_answers() {
        check(r#"{"verdict":"clear"}"#, &Ok(Verdict::Clear));
        check(r#"{"verdict":"deny","reason":"fraud"}"#, &Ok(Verdict::Deny { reason: "fraud".into() }));
        check(r#"{"verdict":"clear","but":1}"#, &Err(AnswerError::Form));
        check(r#"{"verdict":"Clear"}"#, &Err(AnswerError::Form));
        check(r#"{"verdict":"hold","reason":"x"}"#, &Err(AnswerError::Form));
        check(r#"{"verdict":"deny","reason":"Mr Example said so"}"#, &Err(AnswerError::Reason));
        check(r#"{"verdict":"retain","reason":"tax"}"#, &Err(AnswerError::Nothing));
        check("", &Err(AnswerError::Form));
        check("true", &Err(AnswerError::Form));
        check("[]", &Err(AnswerError::Form));
    }
}
