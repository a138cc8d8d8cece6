//! Everything that happened to a request.

use contract::api::TimelineEntry;
use domain::Tally;
use domain::event::EventKind;

use super::request::tone;
use crate::text::table::{Table, cell, numbers, toned, words};
use crate::text::time::{exact, second};
use crate::text::{Line, Tone};

/// The whole timeline.
pub fn table(items: &[TimelineEntry], width: usize) -> Vec<Line> {
    if items.is_empty() {
        return vec![Line::plain("nothing happened yet")];
    }
    let mut table = Table::new(&[
        numbers("n"),
        words("at (UTC)"),
        words("event"),
        words("store"),
        words("status"),
        words("who"),
    ]);
    let mut before = None;
    for item in items {
        // A status is shown where it changed.
        let status = item.status.filter(|status| before != Some(*status));
        before = item.status.or(before);
        let store = item.store.as_ref().map_or("", |store| store.as_str());
        table.row([
            toned(Tone::Quiet, item.n.to_string()),
            cell(second(item.at)),
            cell(&item.event),
            cell(store),
            status.map_or(cell(""), |status| toned(tone(status), status.as_str())),
            cell(short(&item.who)),
        ]);
        let why = why(item);
        if !why.is_empty() {
            table.note(toned(Tone::Quiet, why));
        }
    }
    table.lines(width, 0)
}

/// A pseudonym by its beginning; `--json` has all of it.
fn short(who: &str) -> String {
    let parts = who.split(':').map(|part| {
        let long = part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit());
        let head = part.get(..8).filter(|_| long);
        head.map_or(part.to_owned(), |head| format!("{head}…"))
    });
    parts.collect::<Vec<_>>().join(":")
}

/// How many records, where there are any; and what was there when it was read again, even if that is nothing.
fn counts(tally: &Tally) -> impl Iterator<Item = String> {
    let Tally { located, collected, erased, anonymised, retained, residue } = *tally;
    let named = [
        ("found", located),
        ("read", collected),
        ("erased", erased),
        ("anonymised", anonymised),
        ("retained", retained),
    ];
    let some = named.into_iter().filter(|(_, count)| *count > 0);
    some.chain(residue.map(|count| ("residue", count))).map(|(name, count)| format!("{name} {count}"))
}

fn why(item: &TimelineEntry) -> String {
    let said = |(name, value): (&String, &String)| match value.parse() {
        Ok(at) => format!("{name} {}", exact(at)),
        Err(_) => format!("{name} {}", short(value)),
    };
    // A hold wakes the request, which is held once everybody was asked again.
    let placed = item.detail.get("why").is_some_and(|why| why == EventKind::HoldPlaced.as_str());
    let hold = item.detail.get("hold").filter(|_| placed && item.event == EventKind::Resumed.as_str());
    let first = hold.map(|hold| format!("{hold} was placed: held as soon as the sources are asked again"));
    let hidden = |name: &str| hold.is_some() && (name == "why" || name == "hold");
    let detail = item.detail.iter().filter(|(name, _)| !hidden(name)).map(said);
    let why = first.into_iter().chain(item.why.iter().cloned());
    let parts: Vec<String> = why.chain(item.tally.iter().flat_map(counts)).chain(detail).collect();
    parts.join(", ")
}
