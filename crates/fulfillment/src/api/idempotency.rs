//! Idempotency keys: the same call again is the same answer again.
//!
//! A key is one caller's and one operation's, so that two callers who count from 1 never meet. It
//! is remembered by pseudonym, and so is the body that came with it, in its canonical form: white
//! space and the order of fields do not make another body.

use contract::problem::{Invalid, Problem};
use domain::Pseudonym;
use jiff::{SignedDuration, Timestamp};
use ports::control::Remembered;

use super::refusal::invalid;
use super::{Answer, Call, Endpoint, Ports, Refusal};
use crate::change::later;
use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// The header's name.
const HEADER: &str = "Idempotency-Key";

/// How long a key is remembered: longer than a client goes on trying, a long weekend included.
/// After that an open request for the same person is still found, and no second one is made.
pub(super) const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The key of a call, with the body it came with.
pub(super) struct Key {
    key: Pseudonym,
    body: Pseudonym,
}

/// Reads the header, which is there or not.
fn header(call: &Call) -> Result<Option<&str>, Problem> {
    let Some(text) = call.header(HEADER) else {
        return Ok(None);
    };
    let visible = text.bytes().all(|b| b.is_ascii_graphic());
    if visible && (1..=255).contains(&text.len()) {
        Ok(Some(text))
    } else {
        Err(wrong("this must be 1 to 255 visible ASCII characters"))
    }
}

fn wrong(detail: &str) -> Problem {
    invalid(vec![Invalid::new(format!("header:{HEADER}"), detail)])
}

/// The header of a call that must have one.
pub(super) fn required(call: &Call) -> Result<&str, Problem> {
    header(call)?.ok_or_else(|| {
        wrong("this is missing: send a value of your own, such as a UUID, and the same with each repetition")
    })
}

/// The header of a call that may have one.
pub(super) fn optional(call: &Call) -> Result<Option<&str>, Problem> {
    header(call)
}

impl Key {
    /// The key of this caller for this operation.
    pub(super) fn new(
        call: &Call,
        names: &Pseudonymiser,
        endpoint: Endpoint,
        header: &str,
        canonical: &str,
    ) -> Result<Self, StepError> {
        let (role, sub) = (call.principal.role.as_str(), call.principal.sub.expose());
        Ok(Self {
            key: names.idempotency(&["key", endpoint.as_str(), role, sub, header])?,
            body: names.idempotency(&["body", endpoint.as_str(), canonical])?,
        })
    }

    /// What was answered when the key came first; a problem if it came with another body.
    pub(super) async fn remembered(
        &self,
        ports: &Ports,
        call: &Call,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Refusal> {
        let found = ports.requests.remembered(call.tenant(), &self.key, now).await?;
        match found {
            Some(remembered) if remembered.body != self.body => Err(Problem::key_reused(
                "Nothing was done. A new Idempotency-Key makes this a call of its own.",
            )
            .into()),
            found => Ok(found),
        }
    }

    /// The answer to be given again.
    pub(super) fn remember(&self, status: u16, answer: String, now: Timestamp) -> Remembered {
        Remembered {
            key: self.key.clone(),
            body: self.body.clone(),
            status,
            answer,
            expires_at: later(now, REMEMBERED_FOR).unwrap_or(now),
        }
    }
}

/// The answer again, byte for byte.
pub(super) fn again(remembered: Remembered) -> Answer {
    Answer::text(remembered.status, remembered.answer)
}
