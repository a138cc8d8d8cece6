//! Cursors: the sort key of the last item, and nothing else. The partition is built from the
//! caller's own tenant each time, so a forged cursor moves within it and never out of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{HoldId, RequestId};
use jiff::Timestamp;
use ports::{Class, Code, Fault};

use super::keys;

/// Hides a sort key, so that nobody comes to rely on its form.
pub(super) fn encode(sort: &str) -> String {
    URL_SAFE_NO_PAD.encode(sort)
}

/// The sort key of a request in an index.
pub(super) fn request(table: &str, cursor: &str) -> Result<String, Fault> {
    decode(cursor).filter(|sort| is_received(sort)).ok_or_else(|| malformed(table))
}

/// The sort key of a hold.
pub(super) fn hold(table: &str, cursor: &str) -> Result<String, Fault> {
    decode(cursor).filter(|sort| sort.parse::<HoldId>().is_ok()).ok_or_else(|| malformed(table))
}

fn decode(cursor: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    String::from_utf8(bytes).ok()
}

fn is_received(sort: &str) -> bool {
    let Some((at, id)) = sort.split_once('#') else {
        return false;
    };
    let at: Result<Timestamp, _> = at.parse();
    let id: Result<RequestId, _> = id.parse();
    matches!((at, id), (Ok(at), Ok(id)) if keys::received(at, &id) == sort)
}

fn malformed(table: &str) -> Fault {
    Fault::new(Class::Permanent, Code::ControlUnavailable, "dynamodb:Query", table, "cursor")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_sort_keys_are_cursors() {
        let at = Timestamp::from_second(1_700_000_000).expect("an instant");
        let id = RequestId::new(at, 9);
        let sort = keys::received(at, &id);
        assert_eq!(request("t", &encode(&sort)), Ok(sort.clone()));
        let other_form = format!("{at}#{id}");
        for bad in ["", "!", &sort, &encode("x"), &encode(&other_form)] {
            assert_eq!(request("t", bad), Err(malformed("t")), "{bad}");
        }
        let hold_id = HoldId::new(at, 9);
        assert_eq!(hold("t", &encode(hold_id.as_str())), Ok(hold_id.to_string()));
        assert_eq!(hold("t", &encode(&sort)), Err(malformed("t")));
    }
}
