//! `GET /v1/requests/{id}/timeline`: what happened to a request, in order.

use std::collections::BTreeMap;

use contract::api::{List, TimelineEntry};
use domain::RequestId;
use domain::event::Event;

use super::query::wrong_cursor;
use super::reader::{Reader, find};
use super::{Answer, Call, Ports, Refusal, cursor, names, query};

/// Answers the call.
pub(super) async fn timeline(ports: &Ports, call: &Call) -> Result<Answer, Refusal> {
    let query = query::read(call, &["cursor", "limit"])?;
    let (request, reader) = find(ports, call).await?;
    let names = names(ports, call).await?;
    let of = name(&request.id);
    let after = match query.cursor {
        None => 0,
        Some(text) => {
            let position = cursor::read(&names, &of, text)?;
            let number = position.and_then(|position| position.first()?.parse().ok());
            number.ok_or_else(wrong_cursor)?
        }
    };
    // One more than asked for tells whether there is a next page.
    let events = ports.requests.events(call.tenant(), &request.id, after, query.limit + 1).await?;
    let page: Vec<&Event> = events.iter().take(query.limit).collect();
    let last = page.last().filter(|_| events.len() > page.len());
    let next = last.map(|last| cursor::write(&names, &of, &[last.n.to_string()]));
    let items = page.into_iter().map(|event| entry(event, &reader)).collect();
    Ok(Answer::json(200, &List::<TimelineEntry> { items, cursor: next.transpose()? })?)
}

fn name(id: &RequestId) -> String {
    format!("timeline:{id}")
}

fn entry(event: &Event, reader: &Reader) -> TimelineEntry {
    TimelineEntry {
        n: event.n,
        at: event.at,
        event: event.kind.as_str().to_owned(),
        who: event.who.clone(),
        status: event.status,
        store: event.store.clone(),
        tally: event.tally,
        why: event.why.clone(),
        // Errors, rounds and hashes are the operator's.
        detail: if reader.is_person() { BTreeMap::new() } else { event.detail.clone() },
    }
}
