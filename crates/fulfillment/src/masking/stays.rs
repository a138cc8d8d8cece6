//! Which texts of an answer hold it together, whatever a tenant's own rules find in them.
//!
//! A rule for dates finds every instant, a broad one every id and cursor. Changed, they lead nowhere, and they name nobody. Each is told by
//! the form of the whole text and not by its place, so that it does not matter where the next operation puts one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{HoldId, ReplayId, RequestId};
use jiff::Timestamp;

use crate::api::cursor::CHECKED;

/// The longest of them, in bytes. It is asked at each finding, so a long text must cost nothing.
const LONGEST: usize = 512;

/// The longest instant, in bytes: with nanoseconds and an offset in seconds.
const LONGEST_INSTANT: usize = 40;

/// Digits of a SHA-256, or of what is as long: pseudonyms and codes.
const HASH: usize = 64;

/// Whether it is an instant, an id of Lacuna's own, a hash or a cursor, and nothing else beside it.
pub(super) fn stays(text: &[u8]) -> bool {
    text.len() <= LONGEST
        && std::str::from_utf8(text)
            .is_ok_and(|text| is_hash(text) || is_id(text) || is_instant(text) || is_cursor(text))
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH && is_hexadecimal(text.as_bytes())
}

fn is_hexadecimal(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A tenant's own ids are none of these, so its rules find them.
fn is_id(text: &str) -> bool {
    text.parse::<RequestId>().is_ok() || text.parse::<HoldId>().is_ok() || text.parse::<ReplayId>().is_ok()
}

/// A date by itself is none: it can be somebody's.
fn is_instant(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_digit() || b"T:.+-Z".contains(&byte);
    text.len() <= LONGEST_INSTANT && text.bytes().all(plain) && text.parse::<Timestamp>().is_ok()
}

/// As `api::cursor` writes them: some digits of a hash and a list. Whether it is right is for whoever reads it.
fn is_cursor(text: &str) -> bool {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    bytes
        .split_at_checked(CHECKED)
        .is_some_and(|(hash, list)| is_hexadecimal(hash) && list.starts_with(b"[\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_an_answer_together_stays_and_nothing_that_only_has_it_in_it() {
        let hash = "0123456789abcdef".repeat(4);
        let cursor = URL_SAFE_NO_PAD.encode(r#"0123456789abcdef01234567["req_01arz3ndektsv4rrffq69g5fav"]"#);
        let ids = [
            "req_01arz3ndektsv4rrffq69g5fav",
            "hold_01arz3ndektsv4rrffq69g5fav",
            "rpl_01arz3ndektsv4rrffq69g5fav",
        ];
        let instants =
            ["2026-03-02T09:00:00Z", "2026-03-02T09:00:00.123456789Z", "2026-03-02T09:00:00+01:00"];
        for text in ids.into_iter().chain(instants).chain([hash.as_str(), &cursor]) {
            assert!(stays(text.as_bytes()), "{text}");
            for other in [format!("{text} x"), format!("at {text}"), format!("{text}\n"), format!("<{text}>")]
            {
                assert!(!stays(other.as_bytes()), "{other}");
            }
        }
        let badly = URL_SAFE_NO_PAD.encode("john@example.com, 212-555-0123 [");
        let others = [
            "",
            "2026-03-02",
            "1980-07-01 09:00:00Z",
            "2026-03-02T25:00:00Z",
            "cus_01arz3ndektsv4rrffq69g5fav",
        ];
        for text in others.into_iter().chain(["01arz3ndektsv4rrffq69g5fav", &hash[1..], &badly]) {
            assert!(!stays(text.as_bytes()), "{text}");
        }
        assert!(!stays(b"\xff"));
    }
}
