//! Cursors: where a list goes on.
//!
//! A cursor carries a short keyed hash of itself and of the list that it belongs to, so that one
//! that was made up, cut off or taken from another list is told apart before it reaches a table.
//! It protects nobody's data: whatever a cursor says, a list never leaves its tenant.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::StepError;
use crate::subject::Pseudonymiser;

/// Hexadecimal digits of the hash.
pub(crate) const CHECKED: usize = 24;

/// Writes a cursor of a list.
pub(super) fn write(names: &Pseudonymiser, list: &str, parts: &[String]) -> Result<String, StepError> {
    let payload = super::encoded(&parts)?;
    let check = check(names, list, &payload)?;
    Ok(URL_SAFE_NO_PAD.encode(format!("{check}{payload}")))
}

/// Reads what [`write`] wrote for the same list; `None` for anything else.
pub(super) fn read(
    names: &Pseudonymiser,
    list: &str,
    cursor: &str,
) -> Result<Option<Vec<String>>, StepError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Ok(None);
    };
    let Some((given, payload)) = text.split_at_checked(CHECKED) else {
        return Ok(None);
    };
    if !vault::same(given.as_bytes(), check(names, list, payload)?.as_bytes()) {
        return Ok(None);
    }
    Ok(serde_json::from_str(payload).ok())
}

fn check(names: &Pseudonymiser, list: &str, payload: &str) -> Result<String, StepError> {
    let whole = names.idempotency(&["cursor", list, payload])?;
    Ok(whole.as_str().chars().take(CHECKED).collect())
}
