//! Events as they come: one erasure after another, each as the saga of the tests runs it.

use ::audit::Entry;
use domain::RequestId;
use domain::event::{About, Event};
use jiff::{SignedDuration, Timestamp};
use vault::sha256_hex;

use crate::Failure;

/// Whose log it is.
pub const TENANT: &str = "demo";
/// What `write-audit` says of these events.
pub const LEGAL_BASIS: &str = "GDPR Art. 5(2)";

/// The events of one erasure of a person in three stores, with a wait of 30 days: an event a line.
const ERASURE: &str = include_str!("erasure.jsonl");
/// Hashes are this long, in hex.
const HASH: usize = 64;

/// Events without end, the same each time. Each request has its own id, instants and hashes.
pub fn all() -> Result<impl Iterator<Item = Event>, Failure> {
    let erasure = ERASURE.lines().map(serde_json::from_str).collect::<Result<Vec<Event>, _>>()?;
    Ok((1_u32..)
        .flat_map(move |number| erasure.clone().into_iter().map(move |event| of_request(event, number))))
}

/// The event of another request. It has nanoseconds, as it has from a system's clock.
fn of_request(mut event: Event, number: u32) -> Event {
    let nanos = 1_000_000_007 * i64::from(number) + 1_000_003 * i64::from(event.n);
    event.at += SignedDuration::from_nanos(nanos);
    let begun = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::from(number));
    event.about = About::Request(RequestId::new(begun, u128::from(number)));
    let name = Entry::event_key(&event);
    for value in event.detail.values_mut().filter(|value| value.len() == HASH) {
        *value = sha256_hex(format!("{name} {value}").as_bytes());
    }
    event
}
